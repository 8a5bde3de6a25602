"""A few lines on axes with round names: values over epochs, or over ranks."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from rbm_studio.app.curve_axes import linear_ticks, log_ticks, nice_log_range, nice_range, nice_step, number_text
from rbm_studio.app.painting import draw_placeholder, dress_for_paper
from rbm_studio.app.theme import GRID, plot_colours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rbm_studio.app.theme import PlotColours

_GAP = GRID // 2
_DOT = 2.5
_ROWS_APART = 1.4
# Values that are zero but for rounding would stretch a logarithmic axis beyond all use.
_LEAST_PART = 1e-4


@dataclass(frozen=True, eq=False)
class Line:
    """A line of a plot.

    Attributes
    ----------
    x, y : ndarrays of shape (n,)
    pen : QPen
    name : str
        Written at its right end; empty for none.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    pen: QPen
    name: str = ""


class LinesPlot(QWidget):
    """Plots lines of values that are not negative.

    Parameters
    ----------
    x_name : str
        What the horizontal axis is.
    x_begin : float
        Where it begins.
    parent : QWidget, optional
    """

    def __init__(self, x_name: str, x_begin: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._x_name = x_name
        self._x_begin = x_begin
        self._lines: list[Line] = []
        self._log = False
        self._notice = ""
        self._range = (0.0, 1.0)
        self._x_end = x_begin + 1.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def lines(self) -> list[Line]:
        """Return what is plotted."""
        return list(self._lines)

    def is_log(self) -> bool:
        """Return whether the upright axis is logarithmic."""
        return self._log

    def value_range(self) -> tuple[float, float]:
        """Return the ends of the upright axis; their decimal logarithms where it is logarithmic."""
        return self._range

    def show_lines(self, lines: Sequence[Line], *, log: bool, x_end: float, notice: str = "") -> None:
        """Plot these lines, the last one on top.

        Parameters
        ----------
        lines : sequence of Line
            What is not finite, or not positive on a logarithmic axis, is left out.
        log : bool
            Whether the upright axis is logarithmic, down to a ten-thousandth of the largest value at most.
        x_end : float
            Where the horizontal axis ends.
        notice : str
            What stands in the place of no lines.
        """
        self._lines, self._log, self._notice = list(lines), log, notice
        self._x_end = max(x_end, self._x_begin + 1.0)
        values = np.concatenate([line.y for line in lines]) if lines else np.empty(0)
        values = values[np.isfinite(values) & (values > 0)]
        highest = float(values.max(initial=0.0)) or 1.0
        if log:
            least = float(values[values >= highest * _LEAST_PART].min(initial=highest))
            self._range = nice_log_range(math.log10(least), math.log10(highest))
        else:
            self._range = (0.0, nice_range(0.0, highest)[1])
        self.update()

    def printed(self, palette: QPalette, size: QSize) -> LinesPlot:
        """Return a plot of the same lines, to be rendered on paper."""
        printed = LinesPlot(self._x_name, self._x_begin)
        dress_for_paper(printed, self, palette, size)
        old, new = plot_colours(self.palette()), plot_colours(palette)
        lines = [replace(line, pen=_recoloured(line.pen, old, new)) for line in self._lines]
        printed.show_lines(lines, log=self._log, x_end=self._x_end, notice=self._notice)
        return printed

    def sizeHint(self) -> QSize:
        """Return a size at which lines can be told apart."""
        return QSize(32 * GRID, 20 * GRID)

    def minimumSizeHint(self) -> QSize:
        """Return the least size at which one sees whether they rise."""
        return QSize(20 * GRID, 9 * GRID)

    # --- painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the axes and the lines."""
        painter = QPainter(self)
        if not self._lines:
            draw_placeholder(painter, self.rect(), self._notice, self.palette())
            return
        metrics = QFontMetricsF(self.font())
        row = metrics.height()
        ticks = self._ticks(self.height() - 2 * row, row)
        left = max((metrics.horizontalAdvance(text) for _, text in ticks), default=0.0) + GRID
        right = max(metrics.horizontalAdvance(line.name) for line in self._lines) + GRID
        plot = QRectF(left, row / 2, self.width() - left - right, self.height() - 1.5 * row - _GAP)
        self._draw_axes(painter, plot, ticks)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for line in self._lines:
            self._draw_line(painter, plot, line)

    def _ticks(self, height: float, row: float) -> list[tuple[float, str]]:
        """Return the ticks, in the axis's own numbers, and their names."""
        low, high = self._range
        if self._log:
            named, _ = log_ticks(low, high, _ROWS_APART * row * (high - low) / max(height, 1.0))
            return [(tick, number_text(10.0**tick, 10.0 ** math.floor(tick + 1e-9))) for tick in named]
        most = max(int(height / (_ROWS_APART * row)), 2)
        step = nice_step((high - low) / most)
        return [(tick, number_text(tick, step)) for tick in linear_ticks(low, high, most)]

    def _draw_axes(self, painter: QPainter, plot: QRectF, ticks: list[tuple[float, str]]) -> None:
        colours, row = plot_colours(self.palette()), QFontMetricsF(self.font()).height()
        for tick, text in ticks:
            y = self._height(plot, tick)
            painter.setPen(QPen(colours.grid, 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(colours.text)
            box = QRectF(0, y - row / 2, plot.left() - _GAP, row)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), text)
        names = QRectF(plot.left(), plot.bottom() + _GAP, plot.width(), row)
        painter.drawText(names, int(Qt.AlignmentFlag.AlignLeft), number_text(self._x_begin, 1.0))
        painter.drawText(names, int(Qt.AlignmentFlag.AlignRight), number_text(self._x_end, 1.0))
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        painter.drawText(names, int(Qt.AlignmentFlag.AlignHCenter), self._x_name)

    def _draw_line(self, painter: QPainter, plot: QRectF, line: Line) -> None:
        drawable = np.isfinite(line.y) & ((line.y > 0) if self._log else True)
        y = np.log10(line.y[drawable]) if self._log else line.y[drawable]
        across = plot.left() + plot.width() * (line.x[drawable] - self._x_begin) / (self._x_end - self._x_begin)
        points = [QPointF(px, self._height(plot, py)) for px, py in zip(across.tolist(), y.tolist(), strict=True)]
        if not points:
            return
        # On a logarithmic axis a line may end below it.
        painter.setClipRect(plot.adjusted(-_DOT, -_DOT, _DOT, _DOT))
        painter.setPen(line.pen)
        painter.drawPolyline(QPolygonF(points))
        if len(points) == 1:
            painter.setBrush(line.pen.color())
            painter.drawEllipse(points[0], _DOT, _DOT)
        painter.setClipping(False)
        if line.name and plot.top() - 1 <= points[-1].y() <= plot.bottom() + 1:
            row = QFontMetricsF(self.font()).height()
            painter.setPen(plot_colours(self.palette()).text)
            box = QRectF(points[-1].x() + _GAP, points[-1].y() - row / 2, self.width(), row)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), line.name)

    def _height(self, plot: QRectF, value: float) -> float:
        low, high = self._range
        return plot.bottom() - plot.height() * (value - low) / (high - low)


def _recoloured(pen: QPen, old: PlotColours, new: PlotColours) -> QPen:
    """Return a pen in a colour of a plot as one in the other plot's, as opaque as it was."""
    others = {getattr(old, name).rgb(): getattr(new, name) for name in ("training", "held_out", "earlier")}
    colour = QColor(others.get(pen.color().rgb(), pen.color()))
    colour.setAlpha(pen.color().alpha())
    recoloured = QPen(pen)
    recoloured.setColor(colour)
    return recoloured
