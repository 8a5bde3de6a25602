"""The bar beside or below a mosaic that says which weight has which colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLocale, QRectF, Qt

from rbm_studio.app.images import diverging_image
from rbm_studio.app.numbers import MINUS

if TYPE_CHECKING:
    from PySide6.QtGui import QFontMetrics, QPainter

_BAR = 16
_BAR_GAP = 8
_LABEL_GAP = 4
# Room for the usual labels, so that the mosaic does not jump when a digit comes or goes.
_USUAL_LABEL = "+0.0000"


def scale_labels(limit: float | None, most: str) -> tuple[str, str, str]:
    """Return what stands at the scale's ends and its middle.

    Parameters
    ----------
    limit : float or None
        The magnitude of the last colours; None if each filter has its own.
    most : str
        A word for each filter's largest weight.
    """
    number = most if limit is None else QLocale().toString(limit, "g", 2)
    return f"{MINUS}{number}", "0", f"+{number}"


@dataclass(frozen=True)
class MosaicBar:
    """Draws the bar of a mosaic, upright at its right or lying below it.

    Attributes
    ----------
    labels : tuple of str
        What stands at its negative end, at zero and at its positive end.
    metrics : QFontMetrics
        Of the labels' font.
    upright : bool
    """

    labels: tuple[str, str, str]
    metrics: QFontMetrics
    upright: bool

    @property
    def width(self) -> int:
        """What an upright bar takes from the mosaic's width."""
        return _BAR_GAP + _BAR + _LABEL_GAP + self._label_width

    @property
    def height(self) -> int:
        """What a lying bar takes from the mosaic's height."""
        return _BAR_GAP + _BAR + _LABEL_GAP + self.metrics.height()

    @property
    def _label_width(self) -> int:
        return max(self.metrics.horizontalAdvance(label) for label in (_USUAL_LABEL, *self.labels))

    def draw(self, painter: QPainter, mosaic: QRectF, room: QRectF) -> None:
        """Draw it at a mosaic, with the painter's pen for the labels; a small mosaic's bar may use more of the room."""
        levels = np.linspace(-1, 1, 255, dtype=np.float32)
        if self.upright:
            length = min(max(mosaic.height(), 4.0 * self.metrics.height()), room.height())
            top = mosaic.center().y() - length / 2
            bar = QRectF(mosaic.right() + _BAR_GAP, top, _BAR, length)
            painter.drawImage(bar, diverging_image(levels[::-1, np.newaxis], 1.0))
            text = QRectF(bar.right() + _LABEL_GAP, top, self._label_width, length)
            places = (Qt.AlignmentFlag.AlignBottom, Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignTop)
        else:
            length = min(max(mosaic.width(), 3.0 * self._label_width), room.width())
            left = mosaic.center().x() - length / 2
            bar = QRectF(left, mosaic.bottom() + _BAR_GAP, length, _BAR)
            painter.drawImage(bar, diverging_image(levels[np.newaxis, :], 1.0))
            text = QRectF(left, bar.bottom() + _LABEL_GAP, length, self.metrics.height())
            places = (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignRight)
        for place, label in zip(places, self.labels, strict=True):
            painter.drawText(text, int(place), label)
