"""The pictures of several chains, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from rbm_studio.app.images import grey_image
from rbm_studio.app.mosaic_layout import best_grid, tile, tile_columns
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray

_GAP = GRID // 2
_BETWEEN = 0.5  # neither ink nor paper


class CompletionView(QWidget):
    """Shows n equally large pictures in the grid that makes them largest.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values: FloatArray = np.zeros((0, 1, 1), dtype=np.float32)
        self._pictures: list[QImage] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_pictures(self, pictures: FloatArray) -> None:
        """Show pictures of shape (n, height, width) with values in 0..1."""
        self._values = pictures
        self._pictures = [grey_image(picture) for picture in pictures]
        self.update()

    def pictures(self) -> list[QImage]:
        """Return what is shown."""
        return list(self._pictures)

    def picture(self) -> QImage:
        """Return all of them as one image, a grey line between neighbours; a null image where there is none."""
        if not self._pictures:
            return QImage()
        return grey_image(tile(self._values, tile_columns(len(self._values), 1.0), fill=_BETWEEN))

    def sizeHint(self) -> QSize:
        """Return a size at which four digits can be read."""
        return QSize(120, 120)

    def minimumSizeHint(self) -> QSize:
        """Return the least size at which four digits can be told apart."""
        return QSize(64, 64)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the pictures, each in a thin frame."""
        if not self._pictures:
            return
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        ratio = self.devicePixelRatioF()
        aspect = self._pictures[0].width() / self._pictures[0].height()
        columns, rows = best_grid(len(self._pictures), self.width(), self.height(), aspect)
        width = min((self.width() - 1) / columns - _GAP, ((self.height() - 1) / rows - _GAP) * aspect)
        height = width / aspect
        left = (self.width() - columns * (width + _GAP) + _GAP) / 2
        top = (self.height() - rows * (height + _GAP) + _GAP) / 2
        for number, picture in enumerate(self._pictures):
            row, column = divmod(number, columns)
            places = (left + column * (width + _GAP), top + row * (height + _GAP), width, height)
            # On whole screen pixels, so that neighbouring pictures look alike.
            box = QRectF(*(int(place * ratio) / ratio for place in places))
            painter.drawImage(box, picture)
            painter.drawRect(box)
