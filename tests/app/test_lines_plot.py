from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage, QPen

from rbm_studio.app.lines_plot import Line, LinesPlot

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

RED = QColor(255, 0, 0)


@pytest.fixture
def plot(qtbot: QtBot) -> LinesPlot:
    plot = LinesPlot("epochs", 0.0)
    qtbot.addWidget(plot)
    plot.resize(400, 300)
    plot.show()
    qtbot.waitExposed(plot)
    return plot


def line(*values: float, name: str = "") -> Line:
    pen = QPen(RED, 3)
    return Line(np.arange(len(values), dtype=np.float64), np.array(values, dtype=np.float64), pen, name)


def reds(image: QImage) -> list[tuple[int, int]]:
    return [(x, y) for x in range(image.width()) for y in range(image.height()) if image.pixelColor(x, y) == RED]


def test_a_rising_line_rises(plot: LinesPlot) -> None:
    plot.show_lines([line(1, 2, 4, name="1")], log=False, x_end=2)
    assert plot.value_range() == (0, 4)
    found = reds(plot.grab().toImage())
    left, right = min(found), max(found)
    assert right[0] - left[0] > 250
    assert left[1] - right[1] > 150


def test_on_a_logarithmic_axis_equal_factors_are_equal_steps(plot: LinesPlot) -> None:
    plot.show_lines([line(1, 10, 100)], log=True, x_end=2)
    assert plot.is_log()
    assert plot.value_range() == (0, 2)
    found = reds(plot.grab().toImage())
    xs = sorted({x for x, _ in found})
    heights = {x: np.mean([y for at, y in found if at == x]) for x in xs}
    first, middle, last = (heights[xs[round(share * (len(xs) - 1))]] for share in (0.02, 0.5, 0.98))
    assert first - middle == pytest.approx(middle - last, abs=3)


def test_what_is_zero_but_for_rounding_does_not_stretch_a_logarithmic_axis(plot: LinesPlot) -> None:
    plot.show_lines([line(50, 3, 1e-9, 0)], log=True, x_end=3)
    low, high = plot.value_range()
    assert 10**low == pytest.approx(2)
    assert 10**high == pytest.approx(50)
    assert reds(plot.grab().toImage())


def test_values_that_are_not_finite_are_left_out(plot: LinesPlot) -> None:
    plot.show_lines([line(math.nan, 2, math.inf, 4)], log=False, x_end=3)
    assert plot.value_range() == (0, 4)
    assert reds(plot.grab().toImage())
    plot.show_lines([line(math.nan)], log=True, x_end=3)
    assert not reds(plot.grab().toImage())


def test_a_single_value_is_a_dot(plot: LinesPlot) -> None:
    plot.show_lines([line(3)], log=False, x_end=1)
    assert reds(plot.grab().toImage())


def test_without_lines_there_is_a_notice(plot: LinesPlot) -> None:
    plot.show_lines([], log=False, x_end=1)
    blank = plot.grab().toImage()
    plot.show_lines([], log=False, x_end=1, notice="Measuring…")
    assert plot.grab().toImage() != blank
