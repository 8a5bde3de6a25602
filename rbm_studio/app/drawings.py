"""The drawing that the network sees, and those that were kept, for the panels that work with them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal

from rbm_studio.app.drawing import Drawing
from rbm_studio.app.images import grey_values
from rbm_studio.data.handwriting import DEFAULT_PEN_WIDTH, normalize_image, render
from rbm_studio.data.resampling import resample
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.drawing_format import LARGEST_SIDE as LARGEST_SIDE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PySide6.QtGui import QImage

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.data.handwriting import Stroke

MOST_KEPT = 60
"""So many are measured in a few milliseconds, and can still be looked at."""

_REMOVALS = 20
"""So many can be taken back."""


_NEAR, _AS_HARD = 1e-5, 1e-3
"""Places and pressures that a file wrote down differ by less from those that they were."""

_CANVAS_SIZE = 1.0  # strokes have their points as fractions of its side


@dataclass(frozen=True, eq=False)
class Kept:
    """A drawing that is kept.

    Attributes
    ----------
    drawing : Drawing
        Strokes with points in 0..1 of the paper, or a picture.
    pen_width : float
        In pixels of a 28-pixel image.
    normalize : bool
        Whether strokes, and pictures from outside, are centred and scaled as MNIST's digits were.
    visible : float32 ndarray of shape (height, width), or None
        In 0..1, as the network saw it when it was kept; None where it has not been seen.
    """

    drawing: Drawing
    pen_width: float = DEFAULT_PEN_WIDTH
    normalize: bool = True
    visible: FloatArray | None = None

    def seen(self, shape: tuple[int, int]) -> FloatArray:
        """Return it at an image size, float32 of that shape in 0..1; takes milliseconds where it must be rendered."""
        if self.visible is not None and self.visible.shape == shape:
            return self.visible
        return as_seen(self.drawing, shape, pen_width=self.pen_width, normalize=self.normalize)

    def is_same(self, other: Kept) -> bool:
        """Tell whether another one is no other drawing: this one, or what a file made of it."""
        how, other_how = ((each.pen_width, each.normalize, each.drawing.is_imported) for each in (self, other))
        return how == other_how and _are_alike(self.drawing, other.drawing)


def _are_alike(one: Drawing, other: Drawing) -> bool:
    if one.picture is not None and other.picture is not None:
        return one.picture == other.picture or np.array_equal(_levels(one.picture), _levels(other.picture))
    return (
        one.picture is other.picture
        and len(one.strokes) == len(other.strokes)
        and all(map(_are_alike_strokes, one.strokes, other.strokes))
    )


def _levels(picture: QImage) -> FloatArray:
    levels: FloatArray = np.rint(grey_values(bounded(picture)) * np.float32(255))
    return levels


def _are_alike_strokes(one: Stroke, other: Stroke) -> bool:
    def same(mine: FloatArray | None, its: FloatArray | None, nearer_than: float) -> bool:
        if mine is None or its is None:
            return mine is its
        return mine.shape == its.shape and bool(np.abs(mine - its).max(initial=0) < nearer_than)

    return (
        one.erases == other.erases
        and same(one.points, other.points, _NEAR)
        and same(one.pressure, other.pressure, _AS_HARD)
    )


def as_seen(drawing: Drawing, shape: tuple[int, int], *, pen_width: float, normalize: bool) -> FloatArray:
    """Return a drawing as the network sees it.

    Parameters
    ----------
    drawing : Drawing
        Strokes, or a picture from which the eraser took what it should.
    shape : tuple of int
        (height, width) of the model's images.
    pen_width : float
        In pixels of a 28-pixel image.
    normalize : bool
        Whether to make it as MNIST's digits were made; a data set's own image stays as it is.

    Returns
    -------
    float32 ndarray of that shape
        In 0..1.
    """
    if drawing.picture is None:
        image = render(drawing.strokes, pen_width=pen_width, normalize=normalize, canvas_size=_CANVAS_SIZE)
    else:
        image = grey_values(drawing.picture)
        if normalize and drawing.is_imported:
            image = normalize_image(image)
    return resample(image, shape)


class Drawings(QObject):
    """The drawing on the canvas, as the visible units have it, and those that are kept, in the order of their coming.

    Signals
    -------
    changed
        `visible` is another; at most once a frame.
    offered
        `can_keep` may have changed.
    kept_changed
        Another drawing is kept, or one less.
    wanted : Kept
        A kept drawing should go back on the canvas.
    came : Kept
        A drawing of a file goes on the canvas.
    failed : RBMStudioError
        A drawing was not kept.
    noticed : str
        A short message: a drawing was kept.
    """

    changed = Signal()
    offered = Signal()
    kept_changed = Signal()
    wanted = Signal(object)
    came = Signal(object)
    failed = Signal(object)
    noticed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._visible: FloatArray | None = None
        self._current = Kept(Drawing())
        self._kept: tuple[Kept, ...] = ()
        # All that were kept before each removal, and those that it took.
        self._removals: list[tuple[tuple[Kept, ...], tuple[Kept, ...]]] = []

    # --- on the canvas

    @property
    def visible(self) -> FloatArray | None:
        """The drawing at the image size of the model, float32 of shape (height, width) in 0..1; None before the first.

        Of bare paper it is all zeros.
        """
        return self._visible

    def show(self, visible: FloatArray) -> None:
        """Take what the network sees now."""
        before = self._visible
        if before is None or before.shape != visible.shape or not (before == visible).all():
            self._visible = visible
            self.changed.emit()

    def offer(self, drawing: Drawing, *, pen_width: float = DEFAULT_PEN_WIDTH, normalize: bool = True) -> None:
        """Take what lies on the canvas now, so that it can be kept; `show` is told of its pixels."""
        could = self.can_keep
        self._current = Kept(drawing, pen_width, normalize)
        if could != self.can_keep:
            self.offered.emit()

    @property
    def current(self) -> Kept:
        """What lies on the canvas, as it would be kept."""
        return self._current

    @property
    def can_keep(self) -> bool:
        """Whether there is something on the canvas."""
        return not self._current.drawing.is_empty()

    def want(self, kept: Kept) -> None:
        """Ask for a kept drawing to be put on the canvas."""
        self.wanted.emit(kept)

    def bring(self, kept: Kept) -> None:
        """Put a drawing of a file on the canvas, unless it lies there already."""
        if not kept.is_same(self._current):
            self.came.emit(kept)

    # --- kept

    @property
    def kept(self) -> tuple[Kept, ...]:
        """The drawings that are kept, the oldest first."""
        return self._kept

    def keep(self) -> None:
        """Keep what lies on the canvas; one that is kept already is not kept twice."""
        current = self._current
        if not self.can_keep:
            self.noticed.emit(self.tr("There is nothing on the canvas to keep."))
        elif any(current.is_same(kept) for kept in self._kept):
            self.noticed.emit(self.tr("This drawing is kept already."))
        elif self.add([Kept(_bounded(current.drawing), current.pen_width, current.normalize, self._visible)]):
            self.noticed.emit(self.tr("Kept. “Drawings” shows how surprising it is to the model."))

    def add(self, drawings: Iterable[Kept]) -> bool:
        """Keep drawings from elsewhere, and tell whether there was room for them all; `failed` tells of it if not."""
        new = list(drawings)
        room = MOST_KEPT - len(self._kept)
        self._set((*self._kept, *new[:room]))
        if len(new) > room:
            self.failed.emit(
                RBMStudioError(
                    self.tr("Not all was kept: there is room for {most} drawings."),
                    self.tr("Remove some of “Drawings” first."),
                    most=MOST_KEPT,
                )
            )
        return len(new) <= room

    def add_missing(self, drawings: Iterable[Kept]) -> tuple[Kept, ...]:
        """Keep those of some drawings that are not kept yet, and return those that found no room."""
        new = [each for each in drawings if not any(each.is_same(kept) for kept in self._kept)]
        room = MOST_KEPT - len(self._kept)
        self._set((*self._kept, *new[:room]))
        return tuple(new[room:])

    def remove(self, drawings: Iterable[Kept]) -> None:
        """Keep some drawings no longer; `bring_back` takes it back."""
        leaving = set(drawings)
        before = self._kept
        staying = tuple(kept for kept in before if kept not in leaving)
        if len(staying) < len(before):
            taken = tuple(kept for kept in before if kept in leaving)
            self._removals = [*self._removals[1 - _REMOVALS :], (before, taken)]
            self._set(staying)

    def clear(self) -> None:
        """Keep no drawing any longer; `bring_back` takes it back."""
        self.remove(self._kept)

    @property
    def can_bring_back(self) -> bool:
        """Whether something was removed that can be kept again."""
        return bool(self._removals) and len(self._kept) + len(self._removals[-1][1]) <= MOST_KEPT

    def bring_back(self) -> tuple[Kept, ...]:
        """Keep again what was removed last, in its old place, and return it."""
        if not self.can_bring_back:
            return ()
        before, back = self._removals.pop()
        there = {*self._kept, *back}
        newer = (kept for kept in self._kept if kept not in before)
        self._set((*(kept for kept in before if kept in there), *newer))
        return back

    def _set(self, kept: tuple[Kept, ...]) -> None:
        if kept != self._kept:
            self._kept = kept
            self.kept_changed.emit()


def _bounded(drawing: Drawing) -> Drawing:
    picture = drawing.picture
    return drawing if picture is None else replace(drawing, picture=bounded(picture))


def bounded(picture: QImage) -> QImage:
    """Return a picture no larger than `LARGEST_SIDE`."""
    if max(picture.width(), picture.height()) <= LARGEST_SIDE:
        return picture
    return picture.scaled(
        LARGEST_SIDE, LARGEST_SIDE, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
