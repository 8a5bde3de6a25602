"""Pairs of pictures, input and restored, as in the article."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from rbm_studio.app.images import grey_image
from rbm_studio.app.mosaic_layout import best_grid
from rbm_studio.app.painting import draw_outline, draw_placeholder
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

_GAP = GRID // 2
# In pixels of the pictures, where all pairs are put into one image.
_PRINTED_COLUMNS, _PRINTED_GAP, _BETWEEN_PAIRS = 5, 1, 3
_MARK = 2.0
_KEYS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_CELL_ASPECT = 2.2  # two squares, the gap between them and the one to the next pair


class PairsView(QWidget):
    """Shows n images and their reconstructions side by side, as large as the widget allows.

    A pair is chosen with a click, or with the arrow keys and Enter.

    Parameters
    ----------
    parent : QWidget, optional

    Signals
    -------
    chosen : int
        A pair was, from 0.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Which pair is pointed at, and which the keyboard is at; -1 for none.
        self._hovered, self._current = -1, 0
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
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
        self._hover(-1)
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
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        for number, pair in enumerate(self._pairs):
            box = self.pair_rect(number)
            for place, picture in enumerate(pair):
                self._draw(painter, picture, box.left() + place * (box.height() + _GAP), box.top(), box.height())
        marked = self._current if self._hovered < 0 and self.hasFocus() else self._hovered
        if 0 <= marked < len(self._pairs):
            draw_outline(painter, self.pair_rect(marked), _MARK, self.palette())

    def pair_rect(self, number: int) -> QRectF:
        """Return where a pair is shown."""
        columns, side = self._grid()
        rows = -(-len(self._pairs) // columns)
        row, column = divmod(number, columns)
        cell_width = self.width() / columns
        top = (self.height() - rows * (side + _GAP) + _GAP) / 2
        left = column * cell_width + (cell_width - 2 * side - _GAP) / 2
        return QRectF(left, top + row * (side + _GAP), 2 * side + _GAP, side)

    def _grid(self) -> tuple[int, float]:
        """Return in how many columns the pairs stand, and how large a picture is."""
        columns, rows = best_grid(len(self._pairs), self.width(), self.height(), _CELL_ASPECT)
        return columns, min((self.width() / columns - 3 * _GAP) / 2, self.height() / rows - _GAP)

    def _pair_at(self, place: QPointF) -> int:
        return next((number for number in range(len(self._pairs)) if self.pair_rect(number).contains(place)), -1)

    # --- choosing

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Outline the pair that is pointed at."""
        self._hover(self._pair_at(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose the pair that was clicked."""
        number = self._pair_at(event.position())
        if event.button() is Qt.MouseButton.LeftButton and number >= 0:
            self._current = number
            self.chosen.emit(number)

    def leaveEvent(self, event: QEvent) -> None:
        """Outline no pair any longer."""
        super().leaveEvent(event)
        self._hover(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go from pair to pair, and choose one."""
        key = Qt.Key(event.key())
        if self._pairs and key in _KEYS:
            across, down = _KEYS[key]
            current = min(self._current, len(self._pairs) - 1)
            target = current + across + down * self._grid()[0]
            self._current = target if 0 <= target < len(self._pairs) else current
            self._hover(-1)
            self.update()
        elif self._pairs and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(min(self._current, len(self._pairs) - 1))
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard is."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that it is elsewhere."""
        super().focusOutEvent(event)
        self.update()

    def _hover(self, number: int) -> None:
        if number != self._hovered:
            self._hovered = number
            # An arrow where nothing happens.
            self.setCursor(Qt.CursorShape.PointingHandCursor if number >= 0 else Qt.CursorShape.ArrowCursor)
            self.update()

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
