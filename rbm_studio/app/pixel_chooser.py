"""A picture whose pixels can be chosen, by pointer and keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPalette, QPen

from rbm_studio.app.image_view import ImageView
from rbm_studio.app.items_view import CLICK_KEYS
from rbm_studio.app.painting import draw_outline

if TYPE_CHECKING:
    from PySide6.QtCore import QSize
    from PySide6.QtGui import QFocusEvent, QImage, QKeyEvent, QMouseEvent, QPaintEvent
    from PySide6.QtWidgets import QWidget

_STEPS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class PixelChooser(ImageView):
    """A picture in which a pixel is marked; the arrow keys move a cursor over it, and Enter or Space click there.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._marked: tuple[int, int] | None = None
        self._cursor: tuple[int, int] | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def marked(self) -> tuple[int, int] | None:
        """Return the row and column of the marked pixel."""
        return self._marked

    def set_marked(self, pixel: tuple[int, int] | None) -> None:
        """Outline a pixel; None outlines none."""
        if pixel != self._marked:
            self._marked = pixel
            self.update()

    def set_image(self, image: QImage | None) -> None:
        """Show another image; a cursor that it has no room for goes."""
        super().set_image(image)
        if self._cursor is not None and not self._holds(self._cursor):
            self._cursor = None

    def printed(self, palette: QPalette, size: QSize) -> PixelChooser:
        """Return the same picture with the pixel that is marked, to be rendered on paper."""
        printed = PixelChooser()
        printed.setPalette(palette)
        printed.set_image(self.image())
        printed.set_marked(self._marked)
        printed.resize(size)
        return printed

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the image, the marked pixel and the cursor."""
        super().paintEvent(event)
        painter = QPainter(self)
        if self._marked is not None and self._holds(self._marked):
            draw_outline(painter, self.pixel_rect(self._marked).adjusted(-1, -1, 1, 1), 2, self.palette())
        if self.hasFocus():
            accent = self.palette().color(QPalette.ColorRole.Accent)
            painter.setPen(QPen(accent, 1))
            painter.drawRect(self.image_rect().adjusted(-1, -1, 1, 1))
            if self._cursor is not None:
                draw_outline(painter, self.pixel_rect(self._cursor).adjusted(-1, -1, 1, 1), 2, self.palette())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the cursor, or click at it."""
        image, key = self.image(), event.key()
        if image is None or (key not in _STEPS and (key not in CLICK_KEYS or self._cursor is None)):
            super().keyPressEvent(event)
        elif key in _STEPS:
            down, across = _STEPS[Qt.Key(key)]
            if self._cursor is None:
                self._move_cursor(self._marked or (image.height() // 2, image.width() // 2))
            else:
                row, column = self._cursor[0] + down, self._cursor[1] + across
                self._move_cursor((min(max(row, 0), image.height() - 1), min(max(column, 0), image.width() - 1)))
        elif self._cursor is not None:
            self.clicked.emit(*self._cursor)

    def _move_cursor(self, pixel: tuple[int, int]) -> None:
        self._cursor = pixel
        self._hover(pixel)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click, which leaves the keyboard's cursor."""
        super().mousePressEvent(event)
        self._cursor = None
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show that the keys go here."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that the keys go elsewhere."""
        super().focusOutEvent(event)
        if self._cursor is not None:
            self._cursor = None
            self._hover(None)
        self.update()
