from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from rbm_studio.app.gap_view import GapPoint, GapView
from rbm_studio.app.theme import plot_colours

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def view(qtbot: QtBot) -> GapView:
    view = GapView()
    qtbot.addWidget(view)
    view.resize(300, 200)
    view.show()
    qtbot.waitExposed(view)
    return view


def grow(view: GapView, *gaps: float, error: float = 1.0) -> None:
    first = len(view.points())
    for number, gap in enumerate(gaps):
        view.append(GapPoint(float(first + number), gap, error))


def curve_heights(view: GapView) -> list[int]:
    """Return the rows in which the newest point is drawn."""
    image = view.grab().toImage()
    colour = plot_colours(view.palette()).held_out
    return [y for y in range(image.height()) if any(image.pixelColor(x, y) == colour for x in range(image.width()))]


def test_the_axis_holds_the_band_and_zero(view: GapView) -> None:
    grow(view, 10.0)
    assert view.value_range()[0] == 0
    assert 12 <= view.value_range()[1] <= 15
    grow(view, -3.0)
    assert view.value_range()[0] <= -5


def test_the_axis_rests_while_the_curve_fits_it(view: GapView) -> None:
    grow(view, 10.0, 17.0)
    before = view.value_range()
    grow(view, 16.0, 3.0, 12.0)
    assert view.value_range() == before
    grow(view, 100.0)
    assert view.value_range()[1] > 100


def test_the_curve_rises_with_the_gap(view: GapView) -> None:
    grow(view, 0.0, error=0.0)
    low = min(curve_heights(view))
    grow(view, 8.0, 9.0, error=0.0)
    assert min(curve_heights(view)) < low - 50


def test_a_measurement_of_the_same_epoch_takes_the_place_of_the_last(view: GapView) -> None:
    view.append(GapPoint(1.0, 2.0, 1.0))
    view.append(GapPoint(2.0, 5.0, 1.0))
    view.append(GapPoint(2.0, 4.0, 1.0))
    assert [(point.epoch, point.gap) for point in view.points()] == [(1, 2), (2, 4)]
    view.append(GapPoint(0.5, 1.0, 1.0))
    assert [point.epoch for point in view.points()] == [0.5]


def test_what_is_not_a_number_is_left_out(view: GapView) -> None:
    view.append(GapPoint(1.0, float("nan"), 1.0))
    view.append(GapPoint(1.0, 1.0, float("inf")))
    assert view.points() == []


def test_a_long_run_is_thinned_out_and_keeps_its_ends(view: GapView) -> None:
    grow(view, *(float(number % 7) for number in range(400)))
    for number in range(1000):
        view.append(GapPoint(400.0 + number, 3.0, 1.0))
    epochs = [point.epoch for point in view.points()]
    assert len(epochs) <= 512
    assert (epochs[0], epochs[-1]) == (0, 1399)
    assert epochs == sorted(set(epochs))


def test_of_a_very_long_run_the_points_stay_evenly_spaced(view: GapView) -> None:
    for number in range(5000):
        view.append(GapPoint(float(number), 3.0, 1.0))
    gaps = [after.epoch - before.epoch for before, after in itertools.pairwise(view.points())]
    assert max(gaps) <= 2 * 5000 / len(gaps)


def test_another_model_begins_anew(view: GapView) -> None:
    view.set_placeholder("Nothing yet")
    empty = view.grab().toImage()
    grow(view, 500.0)
    assert view.grab().toImage() != empty
    view.clear()
    assert view.points() == []
    assert view.grab().toImage() == empty
    assert view.value_range() == (0, 1)
