"""One chain's past as a film: a picture every so many steps, the newest at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from rbm_studio.app.images import grey_image
from rbm_studio.app.mosaic_layout import tile
from rbm_studio.app.theme import GRID
from rbm_studio.data.resampling import resample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_GAP = GRID // 2
# With so many pictures one can see where a chain goes; more room makes them larger.
_ENOUGH = 24
# As many rows as there are, pictures are no smaller than this.
_LEAST_SIDE = 5.5 * GRID
# Where all pictures are put into one image; between them it is neither ink nor paper.
_PRINTED_COLUMNS, _BETWEEN = 10, 128


class FilmStrip(QWidget):
    """Shows pictures in a row, or in some where there is room; the newest that fit, each with a caption below.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures: NDArray[np.uint8] = np.empty((0, 1, 1), dtype=np.uint8)
        self._captions: list[str] = []
        self._names: list[str] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_film(self, pictures: NDArray[np.uint8], names: Sequence[str], captions: Sequence[str]) -> None:
        """Show another film.

        Parameters
        ----------
        pictures : uint8 ndarray of shape (n, height, width)
            Grey levels, the oldest first.
        names : sequence of n str
            When each was taken; the first and the last are shown where there are no captions.
        captions : sequence of n str
            What stands below each, such as its class; all empty, where there is nothing to say.
        """
        self._pictures, self._names, self._captions = pictures, list(names), list(captions)
        self.setAccessibleDescription(" … ".join(self._names[:: max(len(self._names) - 1, 1)]))
        self.update()

    def pictures(self) -> NDArray[np.uint8]:
        """Return the film, of shape (n, height, width), the oldest first; those that find no room are among it."""
        return self._pictures

    def picture(self) -> QImage:
        """Return the whole film as one image, the oldest at the top left; a null image where there is none."""
        return grey_image(tile(self._pictures, _PRINTED_COLUMNS, fill=_BETWEEN))

    def names(self) -> list[str]:
        """Return when each picture of the film was taken."""
        return self._names

    def captions(self) -> list[str]:
        """Return what stands below each picture of the film."""
        return self._captions

    def sizeHint(self) -> QSize:
        """Return a size for some rows of pictures."""
        return QSize(24 * GRID, 16 * GRID)

    def minimumSizeHint(self) -> QSize:
        """Return the least size at which some digits can be read."""
        return QSize(15 * GRID, 6 * GRID)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the newest pictures that there is room for."""
        if not len(self._pictures):
            return
        painter = QPainter(self)
        side, columns, rows = self._grid()
        shown = min(columns * rows, len(self._pictures))
        ratio = self.devicePixelRatioF()
        height, width = self._pictures.shape[1:]
        unit = side * ratio / max(height, width)
        shape = (max(round(height * unit), 1), max(round(width * unit), 1))
        pictures = resample(self._pictures[-shown:], shape)
        strip = grey_image(pictures.reshape(shown * shape[0], shape[1]))
        text = QFontMetricsF(self.font()).height()
        pen = self.palette().color(QPalette.ColorRole.Mid)
        for place in range(shown):
            row, column = divmod(place, columns)
            left, top = round(column * (side + _GAP) * ratio) / ratio + 1, row * (side + text + _GAP) + 1
            target = QRectF(left, top, shape[1] / ratio, shape[0] / ratio)
            painter.drawImage(target, strip, QRectF(0, place * shape[0], shape[1], shape[0]))
            painter.setPen(pen)
            painter.drawRect(target.adjusted(-0.5, -0.5, 0.5, 0.5))
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        self._draw_captions(painter, shown, side, columns, text)

    def _draw_captions(self, painter: QPainter, shown: int, side: float, columns: int, text: float) -> None:
        metrics = QFontMetricsF(self.font())
        if any(self._captions):
            for place, caption in enumerate(self._captions[-shown:]):
                row, column = divmod(place, columns)
                box = QRectF(column * (side + _GAP) + 1, row * (side + text + _GAP) + side + 2, side, text)
                painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), caption)
            return
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        names = self._names[-shown:]
        for row in range(-(-shown // columns)):
            first, last = row * columns, min((row + 1) * columns, shown) - 1
            line = QRectF(1, row * (side + text + _GAP) + side + 2, self.width() - 2, text)
            painter.drawText(line, int(Qt.AlignmentFlag.AlignLeft), names[first])
            line.setWidth((last - first + 1) * (side + _GAP) - _GAP)
            if metrics.horizontalAdvance(names[first] + names[last]) + 2 * GRID < line.width():
                painter.drawText(line, int(Qt.AlignmentFlag.AlignRight), names[last])

    def _grid(self) -> tuple[float, int, int]:
        """Return the side of a picture, and how many columns and rows of them there are."""
        text = QFontMetricsF(self.font()).height() + _GAP
        rows = max(1, int(self.height() / (_LEAST_SIDE + text)))
        high = max(self.height() / rows - text, GRID)
        width = self.width() - 2 + _GAP
        columns = max(1, int(width / (min(high, _LEAST_SIDE) + _GAP)))
        if columns * rows > _ENOUGH:
            columns = max(-(-_ENOUGH // rows), int(width / (high + _GAP)))
        return min(high, width / columns - _GAP), columns, rows
