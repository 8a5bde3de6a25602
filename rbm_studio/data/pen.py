"""What a round pen covers of a 28x28 image, by area."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 28
"""Pixels on a side of the image."""

FINE = 4
"""Sub-pixels on a side of a pixel."""

_DENSE = 0.25  # pixels between points that are close enough to follow any stroke
_FLATNESS = 0.006  # pixels by which the edge of a row of discs may fall short of the line's
_MANY_DISCS = 3000
_LARGE_REACH = 40  # sub-pixels; from here on the whole grid is less work than the square around each disc

Points = np.ndarray[tuple[int, int], np.dtype[np.float64]]


class Path(NamedTuple):
    """Where a round pen went: straight from point to point, its radius changing evenly between them.

    Attributes
    ----------
    points : ndarray of shape (n, 2), float64
        x and y, in pixels of the image.
    radii : ndarray of shape (n,), float64
        Half the pen's width at each point, in pixels.
    ends : ndarray of shape (n,), bool
        Whether the pen leaves the paper after that point.
    """

    points: Points
    radii: NDArray[np.float64]
    ends: NDArray[np.bool_]

    def moved(self, scale: float, shift: NDArray[np.float64], *, widen: bool = False) -> Path:
        """Return the path scaled and then shifted; its radii are scaled too where `widen` says so."""
        return Path(self.points * scale + shift, self.radii * scale if widen else self.radii, self.ends)

    def dense(self) -> Path:
        """Return the path with points so close together that discs at them have nearly straight edges."""
        kept = _outlining(self)
        points, radii, ends = self.points[kept], self.radii[kept], self.ends[kept]
        # A row of discs of radius r, d apart, falls short of the line's edge by d²/8r.
        spacing = np.sqrt(8 * _FLATNESS * radii.min())
        steps = np.diff(points, axis=0, append=points[-1:])
        widening = np.diff(radii, append=radii[-1:])
        steps[ends], widening[ends] = 0, 0  # the pen is up on its way to the next stroke
        pieces = np.maximum(np.ceil(np.hypot(*steps.T) / spacing), 1).astype(np.intp)
        start = np.repeat(np.arange(len(points)), pieces)
        last = np.cumsum(pieces)
        fraction = (np.arange(len(start)) - (last - pieces)[start]) / pieces[start]
        is_end = np.zeros(len(start), bool)
        is_end[last[ends] - 1] = True
        along: Points = points[start] + fraction[:, None] * steps[start]
        return Path(along, radii[start] + fraction * widening[start], is_end)

    def part(self, kept: NDArray[np.bool_]) -> Path:
        """Return the path without some of its points; the pen is up where they were."""
        ends = self.ends | ~np.append(kept[1:], True)
        return Path(self.points[kept], self.radii[kept], ends[kept])


def covered(path: Path) -> NDArray[np.float32]:
    """Return which part of each sub-pixel the pen covers, of shape (112, 112): each pixel has 4x4 of them."""
    if not len(path.points):
        return np.zeros((SIDE * FINE,) * 2, np.float32)
    dense = path.dense()
    radius = dense.radii.max()
    inside = ((dense.points > -radius) & (dense.points < SIDE + radius)).all(axis=1)
    points, radii = _one_a_cell(dense.points[inside], dense.radii[inside])
    reach = int(np.ceil(radius * FINE)) + 1
    distance = _far_reaching(points, radii) if reach > _LARGE_REACH else _short_reaching(points, radii, reach)
    # Within a sub-pixel the edge is taken for straight, which gives it a part between none and all.
    part: NDArray[np.float32] = np.clip(0.5 - distance, 0, 1)
    return part


def averaged(fine: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the means over pixels, of shape (28, 28), of what sub-pixels hold."""
    pixels: NDArray[np.float64] = fine.reshape(SIDE, FINE, SIDE, FINE).mean(axis=(1, 3))
    return pixels.astype(np.float32)


def _outlining(path: Path) -> NDArray[np.bool_]:
    """Tell which points to keep: not those close behind others, but the ends, and those that bound the drawing."""
    points, radii, ends = path
    travelled = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    keep: NDArray[np.bool_] = np.diff(np.floor(travelled / _DENSE), prepend=-1) > 0
    keep |= ends
    keep[1:] |= ends[:-1]
    keep[[*(points - radii[:, None]).argmin(axis=0), *(points + radii[:, None]).argmax(axis=0)]] = True
    return keep


def _one_a_cell(points: Points, radii: NDArray[np.float64]) -> tuple[Points, NDArray[np.float64]]:
    """Of very many discs keep the widest of each sub-pixel: a scribble that dense has no edges for it to roughen."""
    if len(points) <= _MANY_DISCS:
        return points, radii
    cell = np.floor(points * FINE).astype(np.intp)
    cell -= cell.min(axis=0)
    width = int(cell[:, 0].max()) + 1
    order = np.argsort(radii, kind="stable")[::-1]
    _, first = np.unique((cell[:, 1] * width + cell[:, 0])[order], return_index=True)
    kept = order[first]
    return points[kept], radii[kept]


def _short_reaching(points: Points, radii: NDArray[np.float64], reach: int) -> NDArray[np.float32]:
    """Return each sub-pixel's distance from the nearest disc's edge, below 0 within; infinite beyond its reach."""
    side = SIDE * FINE + 4 * reach
    fine = points * FINE + (2 * reach - 0.5)
    nearest = np.rint(fine).astype(np.intp)
    window = np.arange(-reach, reach + 1)
    squares = np.square(nearest + window[:, None, None] - fine, dtype=np.float32)
    distance = np.full(side * side, np.inf, np.float32)
    flat = nearest[:, 1] * side + nearest[:, 0]
    from_centre = np.sqrt(squares[:, :, 1].T[:, :, None] + squares[:, :, 0].T[:, None, :])
    np.minimum.at(
        distance,
        (flat[:, None, None] + (window[:, None] * side + window)).ravel(),
        (from_centre - np.float32(FINE) * radii.astype(np.float32)[:, None, None]).ravel(),
    )
    return distance.reshape(side, side)[2 * reach : -2 * reach, 2 * reach : -2 * reach]


def _far_reaching(points: Points, radii: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the same for large discs, each of which reaches most of the image."""
    middle = np.arange(SIDE * FINE, dtype=np.float32)
    distance = np.full((SIDE * FINE, SIDE * FINE), np.inf, np.float32)
    for (x, y), radius in zip((points * FINE - 0.5).astype(np.float32), (radii * FINE).astype(np.float32), strict=True):
        np.minimum(distance, np.hypot((middle - y)[:, None], middle - x) - radius, out=distance)
    return distance
