"""Pen strokes made into a 28x28 image as MNIST's digits were made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.data.dataset import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SIDE = 28
"""Pixels on a side of the image."""

INK_SIDE = 20
"""Pixels of the longest side of the ink in a normalised image, as in MNIST."""

CENTRE = 14
"""Where MNIST has the centre of mass, as a pixel index; whole-pixel shifts bring it to within half a pixel."""

DEFAULT_PEN_WIDTH = 2.7
"""In pixels of the image: with it, written digits have MNIST's mean ink."""

LARGEST_PEN_WIDTH = 10.0

_FINE = 4  # sub-pixels on a side of a pixel
_DENSE = 0.25  # pixels between points that are close enough to follow any stroke
_MANY_DISCS = 3000
# Symmetric strokes lie on the edge between two shifts: a little bias lets them fall to one side, wherever drawn.
_TIE = 1e-3
_DOT_FRACTION = 0.05

Points = np.ndarray[tuple[int, int], np.dtype[np.float64]]


@dataclass(frozen=True, eq=False)
class Stroke:
    """The path of the pen from touching the paper to leaving it.

    Parameters
    ----------
    points : ndarray of shape (n, 2), float32
        x and y of each point, in any unit, y downwards. A single point is a dot.

    Raises
    ------
    DataError
        If the shape is another, or a coordinate is not finite.
    """

    points: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.points.ndim != 2 or self.points.shape[1] != 2 or not np.isfinite(self.points).all():
            raise DataError(
                "A stroke's points are an array of shape {shape}, or are not all finite.",
                "They must be finite numbers, of the shape (count, 2).",
                shape=self.points.shape,
            )


def render(
    strokes: Sequence[Stroke],
    *,
    pen_width: float = DEFAULT_PEN_WIDTH,
    normalize: bool = True,
    canvas_size: float | tuple[float, float] | None = None,
) -> NDArray[np.float32]:
    """Render strokes with a round pen, anti-aliased by area averaging.

    Parameters
    ----------
    strokes : sequence of Stroke
        All in the same unit.
    pen_width : float
        In pixels of the 28x28 image, above 0 and at most 10: set after scaling, so that it does not depend on how
        large one draws.
    normalize : bool
        True: as MNIST was made. The ink is scaled until its longest side is 20 pixels, and moved by whole pixels
        until its centre of mass lies at index 14 (13.5..14.5), so that a drawing moved or scaled gives the same
        image. False: the canvas as it is, its longer side scaled to 28 pixels.
    canvas_size : float or (width, height), optional
        Size of the canvas in the strokes' unit; by default that unit is a pixel of the image. A drawing smaller than
        a twentieth of a canvas named here is not blown up to 20 pixels: a dot stays a dot.

    Returns
    -------
    ndarray of shape (28, 28), float32
        Ink, from 0 to 1; zeros where there are no strokes.

    Raises
    ------
    DataError
        If `pen_width` or `canvas_size` is out of range.
    """
    if not 0 < pen_width <= LARGEST_PEN_WIDTH:
        raise DataError(
            "The pen is {width} pixels wide.",
            "It must be more than 0 and at most {most}.",
            width=pen_width,
            most=LARGEST_PEN_WIDTH,
        )
    width, height = _canvas(canvas_size)
    paths = [stroke.points for stroke in strokes if len(stroke.points)]
    if not paths:
        return np.zeros((SIDE, SIDE), np.float32)
    points: Points = np.concatenate(paths, dtype=np.float64)
    last = np.cumsum([len(path) for path in paths]) - 1
    if not normalize:
        scale = SIDE / max(width, height)
        margin = (SIDE - scale * np.array([width, height])) / 2
        return _ink(points * scale + margin, last, pen_width)
    smallest = 0.0 if canvas_size is None else _DOT_FRACTION * max(width, height)
    return _centred(_ink(_fitted(points, pen_width, smallest), last, pen_width))


def _canvas(size: float | tuple[float, float] | None) -> tuple[float, float]:
    sides = SIDE if size is None else size
    width, height = sides if isinstance(sides, tuple) else (sides, sides)
    if not (0 < width < np.inf and 0 < height < np.inf):
        raise DataError("The canvas is {size} in size.", "Its sides must be more than 0.", size=size)
    return width, height


def _fitted(points: Points, pen_width: float, smallest: float) -> Points:
    """Scale points so that the longest side of their ink is 20 pixels, and begin the ink on a whole pixel."""
    corner = points.min(axis=0)
    sides = points.max(axis=0) - corner
    extent = max(sides.max(), smallest)
    scale = (INK_SIDE - pen_width) / extent if extent > 0 else 1.0
    start = np.floor((SIDE - sides * scale - pen_width) / 2 + _TIE) + pen_width / 2
    fitted: Points = (points - corner) * scale + start
    return fitted


def _centred(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shift by whole pixels until the centre of mass lies nearest to index 14, short of pushing ink out."""
    for axis in (0, 1):
        ink = image.sum(axis=1 - axis, dtype=np.float64)
        inked = np.flatnonzero(ink)
        centre = ink @ np.arange(SIDE) / ink.sum()
        shift = int(np.floor(CENTRE - centre + 0.5 + _TIE))
        shift = int(np.clip(shift, -inked[0], SIDE - 1 - inked[-1]))
        image = np.roll(image, shift, axis)
    return image


def _ink(points: Points, last: NDArray[np.intp], pen_width: float) -> NDArray[np.float32]:
    """Return the part of each pixel that a round pen covers.

    `points` are those of all strokes in pixel units, and `last` the index of each stroke's last one.
    """
    radius = pen_width / 2
    ends = np.zeros(len(points), bool)
    ends[last] = True
    kept = _outlining(points, ends)
    discs = _along(points[kept], ends[kept], min(_DENSE, pen_width / 6))
    inside = ((discs > -radius) & (discs < SIDE + radius)).all(axis=1)
    return _discs(_one_a_cell(discs[inside]), radius)


def _outlining(points: Points, ends: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which points to keep: not those close behind others, but the ends, and those that bound the drawing."""
    travelled = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    keep: NDArray[np.bool_] = np.diff(np.floor(travelled / _DENSE), prepend=-1) > 0
    keep |= ends
    keep[1:] |= ends[:-1]
    keep[[*points.argmin(axis=0), *points.argmax(axis=0)]] = True
    return keep


def _along(points: Points, ends: NDArray[np.bool_], spacing: float) -> Points:
    """Return points at most `spacing` apart along the strokes, their own among them."""
    steps = np.diff(points, axis=0, append=points[-1:])
    steps[ends] = 0  # the pen is up on its way to the next stroke
    pieces = np.maximum(np.ceil(np.hypot(*steps.T) / spacing), 1).astype(np.intp)
    start = np.repeat(np.arange(len(points)), pieces)
    fraction = (np.arange(len(start)) - (np.cumsum(pieces) - pieces)[start]) / pieces[start]
    along: Points = points[start] + fraction[:, None] * steps[start]
    return along


def _one_a_cell(discs: Points) -> Points:
    """Of very many discs keep one a sub-pixel: a scribble that dense has no edges for it to roughen."""
    if len(discs) <= _MANY_DISCS:
        return discs
    cell = np.floor(discs * _FINE).astype(np.intp) + _FINE * SIDE
    representative = np.full((3 * _FINE * SIDE,) * 2, -1, np.intp)
    representative[cell[:, 1], cell[:, 0]] = np.arange(len(discs))
    return discs[representative[representative >= 0]]


def _discs(centres: Points, radius: float) -> NDArray[np.float32]:
    """Cover a fine grid with discs, and average it over pixels."""
    reach = int(np.ceil(radius * _FINE)) + 1
    side = SIDE * _FINE + 4 * reach
    fine = centres * _FINE + (2 * reach - 0.5)
    nearest = np.rint(fine).astype(np.intp)
    window = np.arange(-reach, reach + 1)
    squares = np.square(nearest + window[:, None, None] - fine, dtype=np.float32)
    distance = np.full(side * side, np.inf, np.float32)
    flat = nearest[:, 1] * side + nearest[:, 0]
    offsets = window[:, None] * side + window
    np.minimum.at(
        distance,
        (flat[:, None, None] + offsets).ravel(),
        (squares[:, :, 1].T[:, :, None] + squares[:, :, 0].T[:, None, :]).ravel(),
    )
    # Within a sub-pixel the edge is taken for straight, which gives it a part between none and all.
    covered = np.clip(radius * _FINE - np.sqrt(distance) + 0.5, 0, 1).reshape(side, side)
    shown = covered[2 * reach : -2 * reach, 2 * reach : -2 * reach]
    pixels: NDArray[np.float64] = shown.reshape(SIDE, _FINE, SIDE, _FINE).mean(axis=(1, 3))
    return pixels.astype(np.float32)
