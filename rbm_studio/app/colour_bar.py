"""The colours of signed numbers, with the ends of their scale."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from rbm_studio.app.images import diverging_image
from rbm_studio.app.numbers import short
from rbm_studio.app.theme import GRID

_GAP = _INSET = GRID // 2


class ColourBar(QWidget):
    """The colours of a scale that is symmetric about zero, with its ends.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._limit: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_limit(self, limit: float | None) -> None:
        """Show the scale up to this magnitude; none with None."""
        if limit != self._limit:
            self._limit = limit
            self.setAccessibleDescription("" if limit is None else f"±{short(limit)}")
            self.update()

    def sizeHint(self) -> QSize:
        """Return the height of a line of text."""
        return QSize(20 * GRID, self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        """Return the same height, and the least width at which colours can be seen between the ends."""
        return QSize(12 * GRID, self.fontMetrics().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ends, and the colours between them."""
        if self._limit is None:
            return
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        whole, metrics = QRectF(self.rect()), QFontMetricsF(self.font())
        low, high = f"\N{MINUS SIGN}{short(self._limit)}", f"+{short(self._limit)}"
        painter.drawText(whole, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), low)
        painter.drawText(whole, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), high)
        left, right = (metrics.horizontalAdvance(text) + _GAP for text in (low, high))
        levels = np.linspace(-1, 1, 255, dtype=np.float32)[np.newaxis, :]
        painter.drawImage(whole.adjusted(left, _INSET, -right, -_INSET), diverging_image(levels, 1.0))
