"""Ink and what was erased of it later."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rbm_studio.data.pen import FINE, SIDE, Path, averaged, covered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rbm_studio.data.pen import Points

_CIRCLE = np.stack([function(np.arange(16) * (np.pi / 8)) for function in (np.cos, np.sin)], axis=1)
# Ink that was never erased is bounded by the pen at its own points; of the rest, what is left of discs decides.
_SIDES: Points = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]])
_DISC: Points = np.concatenate([np.zeros((1, 2)), _CIRCLE[::2] / 2, _CIRCLE])


class Layer(NamedTuple):
    """Ink, and the eraser's path over it and all ink before, if there is one."""

    ink: Path
    eraser: Path | None = None

    def moved(self, scale: float, shift: NDArray[np.float64]) -> Layer:
        """Return the layer scaled and shifted: the eraser is as large as before beside the drawing, the pen is not."""
        return Layer(self.ink.moved(scale, shift), self.eraser and self.eraser.moved(scale, shift, widen=True))


class Rims(NamedTuple):
    """Points at the edge of ink: scaled by s they lie at s · centres + offsets, in pixels."""

    centres: Points
    offsets: Points


def inked(layers: Sequence[Layer]) -> NDArray[np.float32]:
    """Return the part of each pixel that holds ink which no later eraser covers, of shape (28, 28)."""
    ink = np.zeros((SIDE * FINE,) * 2, np.float32)
    left = np.ones_like(ink)
    for layer in reversed(layers):
        if layer.eraser is not None:
            np.minimum(left, 1 - covered(layer.eraser), out=left)
        np.maximum(ink, covered(layer.ink) * left, out=ink)
    return averaged(ink)


class LeftOver:
    """What is left of ink on the paper: of some of it the whole disc of the pen was erased.

    Parameters
    ----------
    layers : sequence of Layer
        As they lie on the paper, whose longer side is 28.

    Attributes
    ----------
    layers : list of Layer
        Without the ink of which nothing is left; where a part of a disc is, `inked` cuts it.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._erased: list[NDArray[np.float32]] = []
        self._frame = _frame(layers)
        self.is_cut = any(layer.eraser is not None for layer in layers)
        self.layers = self._without_the_erased(layers) if self.is_cut else list(layers)

    def rims(self, scale: float) -> Rims:
        """Return the ink's edge where the drawing, but not the pen, is scaled; empty where no ink is left."""
        if not self.is_cut:
            return _merged([_rims(layer.ink, _SIDES) for layer in self.layers])
        rims = [_rims(layer.ink, _DISC) for layer in self.layers]
        left = [self._is_left(rim, scale, erased) for rim, erased in zip(rims, self._erased, strict=True)]
        return _merged([Rims(rim.centres[kept], rim.offsets[kept]) for rim, kept in zip(rims, left, strict=True)])

    def _without_the_erased(self, layers: Sequence[Layer]) -> list[Layer]:
        erased = np.zeros((SIDE * FINE,) * 2, np.float32)
        kept = []
        for layer in reversed(layers):
            if layer.eraser is not None:
                erased = np.maximum(erased, covered(layer.eraser.moved(*self._frame, widen=True)))
            ink = layer.ink.dense()
            left = self._is_left(_rims(ink, _DISC), 1.0, erased).reshape(-1, len(_DISC))
            kept.append(Layer(ink.part(np.any(left, axis=1)), layer.eraser))
            self._erased.append(erased)
        self._erased.reverse()
        return kept[::-1]

    def _is_left(self, rims: Rims, scale: float, erased: NDArray[np.float32]) -> NDArray[np.bool_]:
        # Not the very edge: what the eraser leaves of a disc there is no more than the grid's error.
        places = rims.centres + rims.offsets * (0.96 / scale)
        cells = np.floor((places * self._frame[0] + self._frame[1]) * FINE).astype(np.intp)
        columns, rows = np.clip(cells, 0, SIDE * FINE - 1).T
        left: NDArray[np.bool_] = erased[rows, columns] < 0.5
        return left


def _frame(layers: Sequence[Layer]) -> tuple[float, NDArray[np.float64]]:
    """Return a scale and a shift that bring all ink into the image, also ink that reaches beyond the paper."""
    low = np.min([(layer.ink.points - layer.ink.radii[:, None]).min(axis=0) for layer in layers], axis=0)
    high = np.max([(layer.ink.points + layer.ink.radii[:, None]).max(axis=0) for layer in layers], axis=0)
    scale = min(1.0, SIDE / float((high - low).max()))
    return scale, -low * scale


def _rims(ink: Path, directions: Points) -> Rims:
    offsets = ink.radii[:, None, None] * directions
    return Rims(np.repeat(ink.points, len(directions), axis=0), offsets.reshape(-1, 2))


def _merged(rims: Sequence[Rims]) -> Rims:
    return Rims(np.concatenate([rim.centres for rim in rims]), np.concatenate([rim.offsets for rim in rims]))
