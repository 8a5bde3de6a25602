"""The small plots of the sampling lab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.app.autocorrelation_view import AutocorrelationView
from rbm_studio.app.theme import plot_colours
from rbm_studio.app.visits_view import VisitsView
from rbm_studio.core.mixing import Mixing

if TYPE_CHECKING:
    from PySide6.QtGui import QColor, QImage
    from PySide6.QtWidgets import QWidget
    from pytestqt.qtbot import QtBot


def shown(qtbot: QtBot, widget: QWidget, width: int = 300, height: int = 200) -> QImage:
    qtbot.addWidget(widget)
    widget.resize(width, height)
    return widget.grab().toImage()


def column(image: QImage, x: int, colour: QColor) -> list[int]:
    """Return where a colour is in a column, from the top."""
    return [y for y in range(image.height()) if image.pixelColor(x, y) == colour]


def mixing(correlations: list[float]) -> Mixing:
    return Mixing(np.arange(len(correlations), dtype=np.int64) * 3, np.array(correlations), None, 5)


def test_the_curve_falls_from_the_left_to_the_right(qtbot: QtBot) -> None:
    view = AutocorrelationView()
    view.set_data(mixing([1.0, 0.5, 0.5, 0.5, 0.0]))
    image = shown(qtbot, view)
    blue = plot_colours(view.palette()).training
    heights = [column(image, x, blue) for x in (50, 160, 285)]
    assert all(heights), heights
    assert heights[0][0] < heights[1][0] < heights[2][0]


@pytest.mark.parametrize("correlations", [[1.0, -5.0, 0.0], [1.0]])
def test_whatever_is_measured_is_drawn(qtbot: QtBot, correlations: list[float]) -> None:
    view = AutocorrelationView()
    view.set_data(mixing(correlations))
    assert not shown(qtbot, view, 120, 48).isNull()


def test_without_a_curve_or_bars_there_is_a_word(qtbot: QtBot) -> None:
    view, bars = AutocorrelationView(), VisitsView()
    view.set_data(None, "Too early")
    bars.set_data(None, "No classes")
    assert (view.placeholder(), bars.placeholder()) == ("Too early", "No classes")
    assert not shown(qtbot, view).isNull()
    assert not shown(qtbot, bars).isNull()
    view.set_data(mixing([1.0, 0.0]))
    bars.set_data(np.array([1, 2]))
    assert (view.placeholder(), bars.placeholder()) == ("", "")


def test_bars_are_as_high_as_their_classes_are_often(qtbot: QtBot) -> None:
    bars = VisitsView()
    bars.set_data(np.array([30, 10, 0, 20]))
    image = shown(qtbot, bars)
    blue = plot_colours(bars.palette()).training
    left = bars.fontMetrics().horizontalAdvance("100%") + 8
    width = (image.width() - left) / 4
    heights = [len(column(image, round(left + (place + 0.5) * width), blue)) for place in range(4)]
    assert heights[2] == 0
    assert heights[0] > 100
    assert heights[1] == pytest.approx(heights[0] / 3, abs=2)
    assert heights[3] == pytest.approx(heights[0] * 2 / 3, abs=2)


def test_nothing_visited_yet_is_drawn(qtbot: QtBot) -> None:
    bars = VisitsView()
    bars.set_data(np.zeros(10, dtype=np.int64))
    assert not shown(qtbot, bars, 120, 48).isNull()
