"""The gap between the free energies of held-out and training images, as it grows with the epochs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from rbm_studio.app.curve_axes import linear_ticks, nice_range, nice_step, number_text
from rbm_studio.app.painting import draw_placeholder, dress_for_paper
from rbm_studio.app.theme import GRID, plot_colours

_GAP = GRID // 2
_MOST_POINTS = 512
_BAND = 2.0
_BAND_ALPHA = 56


@dataclass(frozen=True)
class GapPoint:
    """One measurement: epochs trained, the gap in nats, and its standard error."""

    epoch: float
    gap: float
    error: float


class GapView(QWidget):
    """Plots the gap against epochs, in a band of two standard errors, with a line at 0.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._points: list[GapPoint] = []
        self._range = (0.0, 1.0)
        self._placeholder = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def points(self) -> list[GapPoint]:
        """Return what is plotted."""
        return list(self._points)

    def append(self, point: GapPoint) -> None:
        """Add a measurement; one of an epoch that is there already takes its place."""
        if not all(math.isfinite(value) for value in (point.epoch, point.gap, point.error)):
            return
        self._points = [old for old in self._points if old.epoch < point.epoch] + [point]
        if len(self._points) > _MOST_POINTS:
            self._thin()
        self._fit()
        self.update()

    def _thin(self) -> None:
        # The one that leaves the least gap: so they stay evenly spaced, to within a factor of two or so.
        epochs = [point.epoch for point in self._points]
        del self._points[min(range(1, len(epochs) - 1), key=lambda place: epochs[place + 1] - epochs[place - 1])]

    def clear(self) -> None:
        """Forget all points."""
        self._points = []
        self._range = (0.0, 1.0)
        self.update()

    def set_placeholder(self, text: str) -> None:
        """Set what stands where there are no points."""
        self._placeholder = text
        self.update()

    def value_range(self) -> tuple[float, float]:
        """Return the ends of the axis of gaps, in nats."""
        return self._range

    def _fit(self) -> None:
        low = min(0.0, *(point.gap - _BAND * point.error for point in self._points))
        high = max(0.0, *(point.gap + _BAND * point.error for point in self._points))
        self._range = nice_range(low, high)

    def printed(self, palette: QPalette, size: QSize) -> GapView:
        """Return a view of the same curve, to be rendered on paper."""
        printed = GapView()
        dress_for_paper(printed, self, palette, size)
        printed._points, printed._range = list(self._points), self._range
        printed._placeholder = self._placeholder
        return printed

    def sizeHint(self) -> QSize:
        """Return a size at which the curve can be read."""
        return QSize(24 * GRID, 16 * GRID)

    def minimumSizeHint(self) -> QSize:
        """Return the least size at which one can see whether it rises."""
        return QSize(16 * GRID, 10 * GRID)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the axes, the band and the curve."""
        painter = QPainter(self)
        if not self._points:
            draw_placeholder(painter, self.rect(), self._placeholder, self.palette())
            return
        metrics = QFontMetricsF(self.font())
        bottom, top = self._range
        most = max(int((self.height() - metrics.height()) / (1.3 * metrics.height())), 2)
        step = nice_step((top - bottom) / most)
        ticks = [
            (tick, number_text(tick, step).replace("-", "\N{MINUS SIGN}")) for tick in linear_ticks(bottom, top, most)
        ]
        left = max(metrics.horizontalAdvance(text) for _, text in ticks) + GRID
        plot = QRectF(
            left, metrics.height() / 2, self.width() - left - GRID, self.height() - 1.5 * metrics.height() - _GAP
        )
        self._draw_axes(painter, plot, ticks)
        self._draw_curve(painter, plot)

    def _draw_axes(self, painter: QPainter, plot: QRectF, ticks: list[tuple[float, str]]) -> None:
        colours, row = plot_colours(self.palette()), QFontMetricsF(self.font()).height()
        for tick, text in ticks:
            y = self._place(plot, 0.0, tick).y()
            painter.setPen(QPen(colours.text if tick == 0 else colours.grid, 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(colours.text)
            box = QRectF(0, y - row / 2, plot.left() - _GAP, row)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), text)
        names = QRectF(plot.left(), plot.bottom() + _GAP, plot.width(), row)
        painter.drawText(names, int(Qt.AlignmentFlag.AlignLeft), "0")
        painter.drawText(names, int(Qt.AlignmentFlag.AlignRight), number_text(self._last_epoch(), 1.0))
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        painter.drawText(names, int(Qt.AlignmentFlag.AlignHCenter), self.tr("epochs"))

    def _draw_curve(self, painter: QPainter, plot: QRectF) -> None:
        colour = plot_colours(self.palette()).held_out
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        above = [self._place(plot, p.epoch, p.gap + _BAND * p.error) for p in self._points]
        below = [self._place(plot, p.epoch, p.gap - _BAND * p.error) for p in self._points]
        line = [self._place(plot, p.epoch, p.gap) for p in self._points]
        band = QColor(colour)
        band.setAlpha(_BAND_ALPHA)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(band)
        painter.drawPolygon(QPolygonF(above + below[::-1]))
        painter.setPen(QPen(colour, 2))
        painter.drawPolyline(QPolygonF(line))
        painter.setBrush(colour)
        painter.drawEllipse(line[-1], 3, 3)
        if len(line) == 1:
            painter.drawLine(above[0], below[0])

    def _last_epoch(self) -> float:
        return max(nice_range(0.0, self._points[-1].epoch)[1], 1.0)

    def _place(self, plot: QRectF, epoch: float, value: float) -> QPointF:
        bottom, top = self._range
        x = plot.left() + plot.width() * epoch / self._last_epoch()
        return QPointF(x, plot.bottom() - plot.height() * (value - bottom) / (top - bottom))
