"""How often chains visited each class, as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from rbm_studio.app.theme import GRID, plot_colours

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_GAP = GRID // 2


class VisitsView(QWidget):
    """Shows a bar a class, the class below it; the highest fills the widget.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts: npt.NDArray[np.int64] | None = None
        self._placeholder = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def counts(self) -> npt.NDArray[np.int64] | None:
        """Return what is shown, of shape (C,)."""
        return self._counts

    def set_counts(self, counts: npt.NDArray[np.int64] | None, placeholder: str = "") -> None:
        """Show how often each of C classes was visited, of shape (C,); without counts, say why."""
        self._counts, self._placeholder = counts, placeholder
        self.update()

    def placeholder(self) -> str:
        """Return what is said where there are no bars."""
        return self._placeholder if self._counts is None else ""

    def printed(self, palette: QPalette, size: QSize) -> VisitsView:
        """Return the same bars, to be rendered on paper."""
        printed = VisitsView()
        printed.setFont(self.font())
        printed.setPalette(palette)
        printed.set_counts(self._counts, self._placeholder)
        printed.resize(size)
        return printed

    def sizeHint(self) -> QSize:
        """Return a size for ten classes."""
        return QSize(24 * GRID, 12 * GRID)

    def minimumSizeHint(self) -> QSize:
        """Return the least size for ten classes."""
        return QSize(15 * GRID, 6 * GRID)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the bars, their classes and the end of their axis."""
        painter = QPainter(self)
        if self._counts is None:
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
            painter.drawText(QRectF(self.rect()), int(flags), self._placeholder)
            return
        metrics, colours = QFontMetricsF(self.font()), plot_colours(self.palette())
        shares = self._counts / max(int(self._counts.sum()), 1)
        highest = max(float(shares.max()), 1 / len(shares))
        end = self.tr("{0}%").format(round(100 * highest))
        left, row = metrics.horizontalAdvance("100%") + GRID, metrics.height()
        plot = QRectF(left, row / 2, self.width() - left, self.height() - 1.5 * row - _GAP)
        at_right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for y, text in ((plot.top(), end), (plot.bottom(), "0")):
            painter.setPen(colours.grid)
            painter.drawLine(QRectF(plot.left(), y, plot.width(), 0).topLeft(), QRectF(plot.right(), y, 0, 0).topLeft())
            painter.setPen(colours.text)
            painter.drawText(QRectF(0, y - row / 2, left - _GAP, row), at_right, text)
        width = plot.width() / len(shares)
        named = 1 + int(metrics.horizontalAdvance(str(len(shares) - 1)) / width)
        for place, share in enumerate(shares.tolist()):
            height = plot.height() * share / highest
            bar = QRectF(plot.left() + (place + 0.15) * width, plot.bottom() - height, 0.7 * width, height)
            painter.fillRect(bar, colours.training)
            if place % named == 0:
                painter.setPen(colours.text)
                name = QRectF(plot.left() + (place + 0.5) * width - row, self.height() - row, 2 * row, row)
                painter.drawText(name, int(Qt.AlignmentFlag.AlignCenter), str(place))
