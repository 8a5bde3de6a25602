"""The scale of the colours of signed numbers, upright and lying, and limits for it that rest while the numbers move."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from rbm_studio.app.images import diverging_image
from rbm_studio.app.numbers import MINUS, short
from rbm_studio.app.theme import GRID

_BAR = 1.5 * GRID
_GAP = _INSET = GRID // 2
_USUAL_LABEL = "+0.00"
# A limit stays while the numbers fill so much of it; a new one leaves them some room to grow.
_LEAST_FILLED = 0.6
_ROOM = 1.1
_EDGE = 1.0
_MOST_HEIGHT = 32 * GRID


def scale_labels(number: str) -> tuple[str, str, str]:
    """Return what stands at the scale's negative end, its middle and its positive end."""
    return f"{MINUS}{number}", "0", f"+{number}"


def draw_scale(
    painter: QPainter, bar: QRectF, text: QRectF, labels: tuple[str, str, str], *, upright: bool = False
) -> None:
    """Draw the colours from below zero to above it, to the right or upwards, and the labels with the painter's pen.

    Parameters
    ----------
    painter : QPainter
    bar, text : QRectF
        Where the colours are, and where the labels stand: at both ends and in the middle.
    labels : tuple of str
        As `scale_labels` returns them.
    upright : bool
    """
    painter.drawImage(bar, _colours(upright))
    align = Qt.AlignmentFlag
    places = (align.AlignLeft | align.AlignVCenter, align.AlignCenter, align.AlignRight | align.AlignVCenter)
    if upright:
        places = (align.AlignBottom, align.AlignVCenter, align.AlignTop)
    for place, label in zip(places, labels, strict=True):
        painter.drawText(text, int(place), label)


@cache
def _colours(upright: bool) -> QImage:
    levels = np.linspace(-1, 1, 255, dtype=np.float32)
    return diverging_image(levels[::-1, np.newaxis] if upright else levels[np.newaxis, :], 1.0)


class ColourKey(QWidget):
    """An upright bar of the colours from −limit to +limit, named at its ends.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._limit = 1.0
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
            self.setAccessibleDescription(" … ".join(self._labels()[::2]))
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
        text = QRectF(bar.right() + _GAP, 0, self.width() - bar.right() - _GAP, self.height())
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        draw_scale(painter, bar, text, self._labels(), upright=True)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
        painter.drawRect(bar)

    def _labels(self) -> tuple[str, str, str]:
        return scale_labels(short(self._limit))


class ColourBar(QWidget):
    """A lying bar of the colours from −limit to +limit, between the names of its ends.

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
        low, _, high = scale_labels(short(self._limit))
        left, right = (metrics.horizontalAdvance(label) + _GAP for label in (low, high))
        draw_scale(painter, whole.adjusted(left, _INSET, -right, -_INSET), whole, (low, "", high))


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
