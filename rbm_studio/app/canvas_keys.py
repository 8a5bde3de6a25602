"""Which keys do what on the drawing canvas."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence

from rbm_studio.app.tools import PEN_WIDTH_RANGE, PEN_WIDTH_STEP, Tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QKeyEvent

_BRACKETS = {"[": -PEN_WIDTH_STEP, "]": PEN_WIDTH_STEP}


class KeyDriven(Protocol):
    """What keys can do to a canvas."""

    @property
    def pen_width(self) -> float:
        """Width of the pen."""

    def undo(self) -> None:
        """Take back the last step."""

    def redo(self) -> None:
        """Bring it back."""

    def clear(self) -> None:
        """Take everything away."""

    def paste(self) -> None:
        """Put the clipboard's picture there."""

    def set_tool(self, tool: Tool) -> None:
        """Choose the pen or the eraser."""

    def set_pen_width(self, width: float) -> None:
        """Make the pen as wide as that."""


def key_action(canvas: KeyDriven, event: QKeyEvent) -> Callable[[], None] | None:
    """Return what a key does on a canvas, or None.

    P and E choose the pen and the eraser, [ and ] make the pen narrower and wider, Ctrl+Z undoes, Ctrl+Shift+Z and
    Ctrl+Y redo, Delete and Backspace clear, Ctrl+V pastes; undo, redo and paste have the system's other keys too.
    """
    if event.matches(QKeySequence.StandardKey.Undo):
        return canvas.undo
    redo_keys = (QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y"))
    if event.matches(QKeySequence.StandardKey.Redo) or QKeySequence(event.keyCombination()) in redo_keys:
        return canvas.redo
    if event.matches(QKeySequence.StandardKey.Paste):
        return canvas.paste
    # By what is typed: on many keyboards the brackets need AltGr.
    if event.text() in _BRACKETS:
        return partial(_step_pen_width, canvas, _BRACKETS[event.text()])
    if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier != Qt.KeyboardModifier.NoModifier:
        return None
    plain: dict[int, Callable[[], None]] = {
        Qt.Key.Key_P: partial(canvas.set_tool, Tool.PEN),
        Qt.Key.Key_E: partial(canvas.set_tool, Tool.ERASER),
        Qt.Key.Key_Delete: canvas.clear,
        Qt.Key.Key_Backspace: canvas.clear,
    }
    return plain.get(event.key())


def _step_pen_width(canvas: KeyDriven, step: float) -> None:
    least, most = PEN_WIDTH_RANGE
    canvas.set_pen_width(round(min(max(canvas.pen_width + step, least), most), 2))
