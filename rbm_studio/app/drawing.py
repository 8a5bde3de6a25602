"""What lies on the drawing paper, and the way back to what lay there before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.data.handwriting import Stroke

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QImage

# In sides of the paper: what is nearer to the last point than this adds nothing to the drawing.
_LEAST_STEP = 1 / 1024


@dataclass(frozen=True)
class Drawing:
    """What lies on the paper: strokes with points in 0..1 of it, y down, or a picture instead of them."""

    strokes: tuple[Stroke, ...] = ()
    picture: QImage | None = None

    def is_empty(self) -> bool:
        """Tell whether the paper is bare."""
        return not self.strokes and self.picture is None


class DrawingHistory:
    """A drawing, the stroke that is being added to it, and what undo and redo bring back.

    Replacing, undoing and redoing end the stroke in progress first.
    """

    def __init__(self) -> None:
        self._current = Drawing()
        self._before_stroke = Drawing()
        self._points: list[tuple[float, float]] = []
        self._undo: list[Drawing] = []
        self._redo: list[Drawing] = []

    @property
    def current(self) -> Drawing:
        """What lies on the paper, without the stroke in progress."""
        return self._current

    @property
    def points(self) -> Sequence[tuple[float, float]]:
        """Points of the stroke in progress; empty where there is none."""
        return self._points

    @property
    def can_undo(self) -> bool:
        """Whether `undo` would change anything."""
        return bool(self._undo or self._points)

    @property
    def can_redo(self) -> bool:
        """Whether `redo` would change anything."""
        return bool(self._redo) and not self._points

    def is_empty(self) -> bool:
        """Tell whether the paper is bare, and no stroke in progress either."""
        return self._current.is_empty() and not self._points

    def strokes(self) -> list[Stroke]:
        """Return the strokes, the one in progress included."""
        in_progress = [_stroke(self._points)] if self._points else []
        return [*self._current.strokes, *in_progress]

    def begin_stroke(self, x: float, y: float) -> None:
        """Begin a stroke at a place in 0..1 of the paper; a picture makes room for it."""
        self.end_stroke()
        self._before_stroke = self._current
        if self._current.picture is not None:
            self._current = Drawing()
        self._points = [(x, y)]

    def extend_stroke(self, x: float, y: float) -> bool:
        """Draw on to a place in 0..1 of the paper, and tell whether that is far enough to add a point.

        Raises
        ------
        IndexError
            If no stroke is in progress.
        """
        last_x, last_y = self._points[-1]
        is_far = max(abs(x - last_x), abs(y - last_y)) >= _LEAST_STEP
        if is_far:
            self._points.append((x, y))
        return is_far

    def end_stroke(self) -> None:
        """Make the stroke in progress, if there is one, a part of the drawing."""
        if self._points:
            self._current = Drawing(strokes=(*self._current.strokes, _stroke(self._points)))
            self._undo.append(self._before_stroke)
            self._redo.clear()
            self._points = []

    def drop_stroke(self) -> None:
        """Forget the stroke in progress, if there is one, as if it had never begun."""
        if self._points:
            self._current = self._before_stroke
            self._points = []

    def replace(self, drawing: Drawing) -> bool:
        """Put another drawing on the paper, and tell whether that changed anything: bare paper stays as it is."""
        self.end_stroke()
        if drawing.is_empty() and self._current.is_empty():
            return False
        self._undo.append(self._current)
        self._redo.clear()
        self._current = drawing
        return True

    def undo(self) -> bool:
        """Go back by one stroke or replacement, and tell whether there was one."""
        self.end_stroke()
        return self._travel(self._undo, self._redo)

    def redo(self) -> bool:
        """Bring back what `undo` took, and tell whether there was anything."""
        self.end_stroke()
        return self._travel(self._redo, self._undo)

    def _travel(self, origin: list[Drawing], destination: list[Drawing]) -> bool:
        if not origin:
            return False
        destination.append(self._current)
        self._current = origin.pop()
        return True


def _stroke(points: list[tuple[float, float]]) -> Stroke:
    return Stroke(np.array(points, dtype=np.float32))
