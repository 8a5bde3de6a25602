from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.app.histogram_view import HistogramView
from rbm_studio.app.theme import plot_colours
from rbm_studio.core.histogram import BINS, Histogram

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def view(qtbot: QtBot) -> HistogramView:
    view = HistogramView("values")
    qtbot.addWidget(view)
    view.resize(410, 200)
    view.show()
    qtbot.waitExposed(view)
    return view


def histogram(**counts: int) -> Histogram:
    found = np.zeros(BINS, dtype=np.int64)
    for place, count in counts.items():
        found[int(place.removeprefix("bin"))] = count
    return Histogram(found, np.linspace(-0.05, 0.05, BINS + 1))


def heights(view: HistogramView) -> list[int]:
    """Return how high the bars are, in px, one for each bin."""
    image, colour = view.grab().toImage(), plot_colours(view.palette()).training
    middles = [int((number + 0.5) * view.width() / BINS) for number in range(BINS)]
    return [sum(image.pixelColor(x, y) == colour for y in range(view.height())) for x in middles]


def test_the_fullest_bin_fills_the_height_and_a_rare_value_is_seen(view: HistogramView) -> None:
    view.set_histogram(histogram(bin3=100_000, bin20=50_000, bin40=1))
    found = heights(view)
    assert [place for place, height in enumerate(found) if height] == [3, 20, 40]
    assert found[3] > 100
    assert found[20] / found[3] == pytest.approx(0.5, abs=0.02)
    assert found[40] >= 1


def test_the_ends_of_the_axis_are_named(view: HistogramView) -> None:
    view.set_histogram(histogram(bin3=1))
    assert view.accessibleDescription() == "−0.05 … 0.05"
    named = view.grab().toImage()
    # The same bars on another axis.
    view.set_histogram(Histogram(histogram(bin3=1).counts, np.linspace(-2, 2, BINS + 1)))
    assert view.grab().toImage() != named


def test_without_values_there_is_a_word(view: HistogramView) -> None:
    view.set_histogram(histogram(bin3=1))
    view.set_histogram(None, "none yet")
    assert view.histogram() is None
    assert sum(heights(view)) == 0
    assert view.accessibleDescription() == "none yet"
