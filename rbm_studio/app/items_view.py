"""Items side by side, of which one can be pointed at and clicked, and the way of the keys between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSizePolicy, QWidget

if TYPE_CHECKING:
    from PySide6.QtCore import QEvent, QPointF
    from PySide6.QtGui import QMouseEvent

CLICK_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
"""What clicks the item that the keys have come to."""


class ItemsView(QWidget):
    """What the pointer does on a widget that shows items; each kind of items says where they lie.

    Parameters
    ----------
    parent : QWidget, optional

    Attributes
    ----------
    hovered : Signal(int)
        Index of the item that the pointer, or the keyboard, has come upon; -1 when it has left them all.
    clicked : Signal(int)
        Index of the item that was clicked with the left button or the keyboard.
    """

    hovered = Signal(int)
    clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hovered = -1
        self._pressed = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def item_at(self, pos: QPointF) -> int:
        """Return the index of the item at a place of the widget, or -1 beside them."""
        # Qt's classes cannot be abstract: who forgets it hears of it so.
        raise NotImplementedError

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell which item the pointer is on, when it has changed."""
        self._hover(self.item_at(event.position()))

    def leaveEvent(self, _event: QEvent) -> None:
        """Tell that the pointer has left."""
        self._hover(-1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click."""
        self._pressed = self.item_at(event.position()) if event.button() == Qt.MouseButton.LeftButton else -1

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a click on the item where it began."""
        if event.button() == Qt.MouseButton.LeftButton and self._pressed >= 0:
            if self.item_at(event.position()) == self._pressed:
                self._click(self._pressed)
            self._pressed = -1

    def _click(self, index: int) -> None:
        self.clicked.emit(index)

    def _hover(self, index: int) -> None:
        if index != self._hovered:
            self._hovered = index
            self.update()
            self.hovered.emit(index)


def keys_step(key: int, place: int, count: int, columns: int) -> int | None:
    """Return the place that a key leads to.

    Parameters
    ----------
    key : int
        A `Qt.Key`.
    place : int
        Where the way begins; -1 for nowhere yet.
    count, columns : int
        Of the items.

    Returns
    -------
    int or None
        None if the key leads nowhere, or there are no items.
    """
    last = count - 1
    steps: dict[int, int] = {
        Qt.Key.Key_Left: -1,
        Qt.Key.Key_Right: 1,
        Qt.Key.Key_Up: -columns,
        Qt.Key.Key_Down: columns,
        Qt.Key.Key_Home: -last,
        Qt.Key.Key_End: last,
    }
    if not count or key not in steps:
        return None
    if place < 0:
        return last if key == Qt.Key.Key_End else 0
    target = place + steps[key]
    if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
        return target if 0 <= target <= last else place
    return min(max(target, 0), last)
