"""The bar beside or below a mosaic that says which weight has which colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF

from rbm_studio.app.colour_scale import draw_scale

if TYPE_CHECKING:
    from PySide6.QtGui import QFontMetrics, QPainter

_BAR = 16
_BAR_GAP = 8
_LABEL_GAP = 4
# Room for the usual labels, so that the mosaic does not jump when a digit comes or goes.
_USUAL_LABEL = "+0.0000"


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
        if self.upright:
            length = min(max(mosaic.height(), 4.0 * self.metrics.height()), room.height())
            top = mosaic.center().y() - length / 2
            bar = QRectF(mosaic.right() + _BAR_GAP, top, _BAR, length)
            text = QRectF(bar.right() + _LABEL_GAP, top, self._label_width, length)
        else:
            length = min(max(mosaic.width(), 3.0 * self._label_width), room.width())
            left = mosaic.center().x() - length / 2
            bar = QRectF(left, mosaic.bottom() + _BAR_GAP, length, _BAR)
            text = QRectF(left, bar.bottom() + _LABEL_GAP, length, self.metrics.height())
        draw_scale(painter, bar, text, self.labels, upright=self.upright)
