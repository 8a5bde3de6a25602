"""A small histogram on an axis symmetric about zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPalette

from rbm_studio.app.items_view import ItemsView
from rbm_studio.app.numbers import short
from rbm_studio.app.painting import dress_for_paper
from rbm_studio.app.theme import GRID, plot_colours

if TYPE_CHECKING:
    from PySide6.QtCore import QPointF
    from PySide6.QtWidgets import QWidget

    from rbm_studio.core.histogram import Histogram

_GAP = GRID // 2
# Rarer bars keep this height, so that a few values far out can be seen.
_LEAST_BAR = 1.5


class HistogramView(ItemsView):
    """Shows how many values lie where, the fullest bin as high as the widget; the axis is named at its ends.

    Parameters
    ----------
    title : str
        What the values are.
    second : bool
        Whether to draw in the plots' second colour.
    parent : QWidget, optional
    """

    def __init__(self, title: str, *, second: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._second = second
        self._histogram: Histogram | None = None
        self._notice = ""
        self.setMouseTracking(False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def histogram(self) -> Histogram | None:
        """Return what is shown."""
        return self._histogram

    def set_histogram(self, histogram: Histogram | None, notice: str = "") -> None:
        """Show another histogram; without one, a notice in its place."""
        self._histogram = histogram
        self._notice = notice
        self.setAccessibleDescription(notice if histogram is None else " … ".join(self._labels(histogram)[::2]))
        self.update()

    def item_at(self, _pos: QPointF) -> int:
        """Return -1: these values are of nothing that could be pointed at."""
        return -1

    def plot_rect(self) -> QRectF:
        """Return where the bars stand in the widget."""
        row = QFontMetricsF(self.font()).height()
        return QRectF(0, row + _GAP, self.width(), self.height() - 2 * row - 2 * _GAP)

    def column_rect(self, number: int) -> QRectF:
        """Return where a bin's bar may stand, as high as the highest; on whole screen pixels."""
        # Bars meet there: else there were seams of many widths.
        plot, ratio = self.plot_rect(), self.devicePixelRatioF()
        bins = 1 if self._histogram is None else len(self._histogram.counts)
        left, right = (round((plot.left() + plot.width() * n / bins) * ratio) / ratio for n in (number, number + 1))
        return QRectF(left, plot.top(), right - left, plot.height())

    def printed(self, palette: QPalette, size: QSize) -> HistogramView:
        """Return a view of the same histogram, to be rendered on paper."""
        printed = HistogramView(self._title, second=self._second)
        dress_for_paper(printed, self, palette, size)
        printed.set_histogram(self._histogram, self._notice)
        return printed

    def sizeHint(self) -> QSize:
        """Return a size at which bars can be told apart."""
        return QSize(18 * GRID, 15 * GRID)

    def minimumSizeHint(self) -> QSize:
        """Return the least size at which the shape can be seen."""
        return QSize(11 * GRID, 9 * GRID)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the title, the bars, and the axis with its ends."""
        painter = QPainter(self)
        colours = plot_colours(self.palette())
        row = QFontMetricsF(self.font()).height()
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        painter.drawText(QRectF(0, 0, self.width(), row), int(Qt.AlignmentFlag.AlignHCenter), self._title)
        plot = self.plot_rect()
        if self._histogram is None:
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(plot, int(flags), self._notice)
            return
        self._draw_ground(painter)
        self._draw_bars(painter, plot, self._histogram)
        painter.setPen(colours.grid)
        painter.drawLine(plot.bottomLeft(), plot.bottomRight())
        painter.setPen(colours.text)
        self._draw_labels(painter, QRectF(0, plot.bottom() + _GAP, self.width(), row), self._histogram)
        self._draw_marks(painter)

    def _draw_ground(self, painter: QPainter) -> None:
        """Draw what lies under the bars."""

    def _draw_marks(self, painter: QPainter) -> None:
        """Draw what lies over the bars."""

    def _draw_bars(self, painter: QPainter, plot: QRectF, histogram: Histogram) -> None:
        colours = plot_colours(self.palette())
        colour = colours.held_out if self._second else colours.training
        highest = max(int(histogram.counts.max()), 1)
        for number, count in enumerate(histogram.counts.tolist()):
            if count:
                column = self.column_rect(number)
                height = max(plot.height() * count / highest, _LEAST_BAR)
                painter.fillRect(QRectF(column.left(), plot.bottom() - height, column.width(), height), colour)

    def _draw_labels(self, painter: QPainter, row: QRectF, histogram: Histogram) -> None:
        metrics = QFontMetricsF(self.font())
        left, middle, right = self._labels(histogram)
        width = max(metrics.horizontalAdvance(left), metrics.horizontalAdvance(right))
        painter.drawText(row, int(Qt.AlignmentFlag.AlignLeft), left)
        painter.drawText(row, int(Qt.AlignmentFlag.AlignRight), right)
        if 2 * width + metrics.horizontalAdvance(middle) + 2 * GRID <= row.width():
            painter.drawText(row, int(Qt.AlignmentFlag.AlignHCenter), middle)

    def _labels(self, histogram: Histogram) -> tuple[str, str, str]:
        number = short(histogram.limit)
        return f"\N{MINUS SIGN}{number}", "0", number
