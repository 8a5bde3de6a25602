"""What lies on the drawing paper, and the way back to what lay there before."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.data.handwriting import Stroke

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QImage

# In sides of the paper: what is nearer to the last point than this adds nothing to the drawing.
_LEAST_STEP = 1 / 1024
_MOST_STEPS = 100  # that can be undone: pictures take memory


@dataclass(frozen=True)
class Drawing:
    """What lies on the paper: strokes with points in 0..1 of it, y down, or a picture that is erased in places.

    Attributes
    ----------
    strokes : tuple of Stroke
        Of the pen and of the eraser; on a picture, of the eraser alone.
    picture : QImage or None
    is_imported : bool
        Whether the picture came from outside, and so was not made as the data set's images were.
    """

    strokes: tuple[Stroke, ...] = ()
    picture: QImage | None = None
    is_imported: bool = False

    def is_empty(self) -> bool:
        """Tell whether the paper is bare."""
        return not self.strokes and self.picture is None


@dataclass
class _Growing:
    """A stroke in progress; `pressures` stays empty where the device does not measure them."""

    erases: bool
    points: list[tuple[float, float]] = field(default_factory=list)
    pressures: list[float] = field(default_factory=list)

    def stroke(self) -> Stroke:
        pressure = np.array(self.pressures, dtype=np.float32) if self.pressures else None
        return Stroke(np.array(self.points, dtype=np.float32), pressure, self.erases)


class DrawingHistory:
    """A drawing, the stroke that is being added to it, and what undo and redo bring back.

    Replacing, undoing and redoing end the stroke in progress first. The last 100 steps can be undone.
    """

    def __init__(self) -> None:
        self._current = Drawing()
        self._before_stroke = Drawing()
        self._growing: _Growing | None = None
        self._undo: deque[Drawing] = deque(maxlen=_MOST_STEPS)
        self._redo: deque[Drawing] = deque(maxlen=_MOST_STEPS)

    @property
    def current(self) -> Drawing:
        """What lies on the paper, without the stroke in progress."""
        return self._current

    @property
    def points(self) -> Sequence[tuple[float, float]]:
        """Points of the stroke in progress; empty where there is none."""
        return self._growing.points if self._growing else []

    @property
    def in_progress(self) -> Stroke | None:
        """The stroke in progress."""
        return self._growing.stroke() if self._growing else None

    @property
    def can_undo(self) -> bool:
        """Whether `undo` would change anything."""
        return bool(self._undo) or self._growing is not None

    @property
    def can_redo(self) -> bool:
        """Whether `redo` would change anything."""
        return bool(self._redo) and self._growing is None

    def is_empty(self) -> bool:
        """Tell whether the paper is bare, and no stroke in progress either."""
        return self._current.is_empty() and self._growing is None

    def strokes(self) -> list[Stroke]:
        """Return the strokes, the one in progress included."""
        in_progress = [self._growing.stroke()] if self._growing else []
        return [*self._current.strokes, *in_progress]

    def begin_stroke(self, x: float, y: float, pressure: float | None = None, *, erases: bool = False) -> None:
        """Begin a stroke at a place in 0..1 of the paper; a picture makes room for the pen, and lies under the eraser.

        Parameters
        ----------
        x, y : float
            In 0..1 of the paper.
        pressure : float, optional
            From 0 to 1, where the device measures it.
        erases : bool
            Whether it is the eraser's.
        """
        self.end_stroke()
        self._before_stroke = self._current
        if self._current.picture is not None and not erases:
            self._current = Drawing()
        self._growing = _Growing(erases, [(x, y)], [] if pressure is None else [pressure])

    def extend_stroke(self, x: float, y: float, pressure: float | None = None) -> bool:
        """Draw on to a place in 0..1 of the paper, and tell whether that changes the stroke.

        It does where the place is far enough to add a point, or where the pen is pressed harder on the spot. A pressure
        that is not told is the last one.

        Raises
        ------
        IndexError
            If no stroke is in progress.
        """
        last_x, last_y = self.points[-1]
        if self._growing is None:
            return False
        pressures = self._growing.pressures
        if max(abs(x - last_x), abs(y - last_y)) >= _LEAST_STEP:
            self._growing.points.append((x, y))
            if pressures:
                pressures.append(pressures[-1] if pressure is None else pressure)
            return True
        if pressures and pressure is not None and pressure > pressures[-1]:
            pressures[-1] = pressure
            return True
        return False

    def end_stroke(self) -> None:
        """Make the stroke in progress, if there is one, a part of the drawing."""
        if self._growing is not None:
            self._current = replace(self._current, strokes=(*self._current.strokes, self._growing.stroke()))
            self._undo.append(self._before_stroke)
            self._redo.clear()
            self._growing = None

    def drop_stroke(self) -> None:
        """Forget the stroke in progress, if there is one, as if it had never begun."""
        if self._growing is not None:
            self._current = self._before_stroke
            self._growing = None

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

    def _travel(self, origin: deque[Drawing], destination: deque[Drawing]) -> bool:
        if not origin:
            return False
        destination.append(self._current)
        self._current = origin.pop()
        return True
