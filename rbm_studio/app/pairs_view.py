"""Pairs of pictures, input and restored, as in the article."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from rbm_studio.app.images import grey_image
from rbm_studio.app.mosaic_layout import best_grid
from rbm_studio.app.painting import draw_placeholder
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

_GAP = GRID // 2
# In pixels of the pictures, where all pairs are put into one image.
_PRINTED_COLUMNS, _PRINTED_GAP, _BETWEEN_PAIRS = 5, 1, 3
_CELL_ASPECT = 2.2  # two squares, the gap between them and the one to the next pair


class PairsView(QWidget):
    """Shows n images and their reconstructions side by side, as large as the widget allows.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pairs: list[tuple[QImage, QImage]] = []
        self._placeholder = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_pairs(self, inputs: npt.NDArray[np.float32], restored: npt.NDArray[np.float32]) -> None:
        """Show images of shape (n, height, width) with values in 0..1, and as many reconstructions."""
        self._pairs = [(grey_image(left), grey_image(right)) for left, right in zip(inputs, restored, strict=True)]
        self.update()

    def set_placeholder(self, text: str) -> None:
        """Show a text instead of pairs."""
        self._pairs = []
        self._placeholder = text
        self.update()

    def pairs(self) -> list[tuple[QImage, QImage]]:
        """Return the pictures that are shown."""
        return list(self._pairs)

    def picture(self) -> QImage:
        """Return all pairs in one image to copy or save; a null image where there are none."""
        return pairs_picture(self._pairs)

    def sizeHint(self) -> QSize:
        """Return a size at which ten digits can be read."""
        return QSize(640, 96)

    def minimumSizeHint(self) -> QSize:
        """Return a size at which ten digits can be told apart."""
        return QSize(240, 56)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the pairs in the grid that makes them largest."""
        painter = QPainter(self)
        if not self._pairs:
            draw_placeholder(painter, self.rect(), self._placeholder, self.palette())
            return
        columns, rows = best_grid(len(self._pairs), self.width(), self.height(), _CELL_ASPECT)
        side = min((self.width() / columns - 3 * _GAP) / 2, self.height() / rows - _GAP)
        cell_width = self.width() / columns
        top = (self.height() - rows * (side + _GAP) + _GAP) / 2
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        for number, pair in enumerate(self._pairs):
            row, column = divmod(number, columns)
            left = column * cell_width + (cell_width - 2 * side - _GAP) / 2
            for place, picture in enumerate(pair):
                self._draw(painter, picture, left + place * (side + _GAP), top + row * (side + _GAP), side)

    def _draw(self, painter: QPainter, picture: QImage, x: float, y: float, side: float) -> None:
        longest = max(picture.width(), picture.height())
        width, height = side * picture.width() / longest, side * picture.height() / longest
        ratio = self.devicePixelRatioF()
        # On whole screen pixels, so that neighbouring pictures look alike.
        box = QRectF(*(round(length * ratio) / ratio for length in (x, y, width, height)))
        painter.drawImage(box, picture)
        painter.drawRect(box)


def pairs_picture(pairs: Sequence[tuple[QImage, QImage]]) -> QImage:
    """Return pairs of pictures in one image, pixel by pixel, on white; a null image where there are none."""
    if not pairs:
        return QImage()
    sizes = [picture.size() for pair in pairs for picture in pair]
    width, height = max(size.width() for size in sizes), max(size.height() for size in sizes)
    columns = min(_PRINTED_COLUMNS, len(pairs))
    rows = -(-len(pairs) // columns)
    across, down = 2 * width + _PRINTED_GAP + _BETWEEN_PAIRS, height + _BETWEEN_PAIRS
    sheet = QImage(columns * across + _BETWEEN_PAIRS, rows * down + _BETWEEN_PAIRS, QImage.Format.Format_Grayscale8)
    sheet.fill(Qt.GlobalColor.white)
    painter = QPainter(sheet)
    for number, (left, right) in enumerate(pairs):
        row, column = divmod(number, columns)
        x, y = _BETWEEN_PAIRS + column * across, _BETWEEN_PAIRS + row * down
        painter.drawImage(x, y, left)
        painter.drawImage(x + width + _PRINTED_GAP, y, right)
    painter.end()
    return sheet
