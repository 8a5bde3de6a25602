"""The key to the colours of signed numbers, and limits for them that rest while the numbers move."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from rbm_studio.app.images import diverging_image
from rbm_studio.app.numbers import short
from rbm_studio.app.theme import GRID

_BAR = 1.5 * GRID
_GAP = GRID // 2
_USUAL_LABEL = "+0.00"
# A limit stays while the numbers fill so much of it; a new one leaves them some room to grow.
_LEAST_FILLED = 0.6
_ROOM = 1.1
_EDGE = 1.0
_MOST_HEIGHT = 32 * GRID


class ColourKey(QWidget):
    """An upright bar of the colours from −limit to +limit, named at its ends.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._limit = 1.0
        levels = np.linspace(1, -1, 255, dtype=np.float32)[:, np.newaxis]
        self._colours = diverging_image(levels, 1.0)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setMaximumHeight(_MOST_HEIGHT)
        self.setAccessibleName(self.tr("Colours"))
        self.setToolTip(self.tr("Blue: below zero; orange: above; what lies beyond has the last colour"))

    def limit(self) -> float:
        """Return the magnitude that has the last colours."""
        return self._limit

    def set_limit(self, limit: float) -> None:
        """Name another limit."""
        if limit != self._limit:
            self._limit = limit
            self.setAccessibleDescription(" … ".join(self._labels()[::-2]))
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        """Return the width of the bar with its names."""
        metrics = QFontMetricsF(self.font())
        text = max(metrics.horizontalAdvance(label) for label in (_USUAL_LABEL, *self._labels()))
        return QSize(math.ceil(_BAR + _GAP + text), 8 * GRID)

    def minimumSizeHint(self) -> QSize:
        """Return the least height at which the names do not meet."""
        return QSize(self.sizeHint().width(), math.ceil(3 * QFontMetricsF(self.font()).height()))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the bar and its names."""
        painter = QPainter(self)
        bar = QRectF(self.rect()).adjusted(_EDGE, _EDGE, 0, -_EDGE)
        bar.setWidth(_BAR)
        painter.drawImage(bar, self._colours)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
        painter.drawRect(bar)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        text = QRectF(bar.right() + _GAP, 0, self.width() - bar.right() - _GAP, self.height())
        places = (Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignBottom)
        for place, label in zip(places, self._labels(), strict=True):
            painter.drawText(text, int(place), label)

    def _labels(self) -> tuple[str, str, str]:
        number = short(self._limit)
        return f"+{number}", "0", f"\N{MINUS SIGN}{number}"


def calm_limit(reach: float, previous: float | None = None) -> float:
    """Return a limit for colours that numbers up to `reach` need, of two digits; the previous one while it suits.

    Parameters
    ----------
    reach : float
        The greatest magnitude; where it is 0 or no number, the limit is 1.
    previous : float, optional
        The limit before.
    """
    if not math.isfinite(reach) or reach <= 0:
        return 1.0
    if previous is not None and _LEAST_FILLED * previous <= reach <= previous:
        return previous
    step = 10.0 ** (math.floor(math.log10(_ROOM * reach)) - 1)
    return math.ceil(_ROOM * reach / step) * step


def reach_of(values: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> float:
    """Return the greatest magnitude of some numbers; those that are not finite are left out."""
    magnitudes = np.abs(values[np.isfinite(values)])
    return float(magnitudes.max(initial=0.0))
