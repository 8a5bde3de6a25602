"""What of a drawing is covered: halves, the middle, or what a brush has been over."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BRUSHES_ACROSS = 10
"""A brush is as wide as a tenth of the picture: 3 pixels of 28."""


class Part(Enum):
    """A part of the picture to cover."""

    NOTHING = auto()
    RIGHT = auto()
    LEFT = auto()
    TOP = auto()
    BOTTOM = auto()
    MIDDLE = auto()
    BRUSH = auto()


def covered_by(part: Part, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which pixels a part covers, of shape (height, width); none of a brush that has not been used yet."""
    height, width = shape
    places: dict[Part, tuple[slice, slice]] = {
        Part.RIGHT: (slice(None), slice(width // 2, None)),
        Part.LEFT: (slice(None), slice(None, width // 2)),
        Part.TOP: (slice(None, height // 2), slice(None)),
        Part.BOTTOM: (slice(height // 2, None), slice(None)),
        # A quarter of the sides is left on each side.
        Part.MIDDLE: (slice(height // 4, height - height // 4), slice(width // 4, width - width // 4)),
    }
    covered = np.zeros(shape, dtype=np.bool_)
    if part in places:
        covered[places[part]] = True
    return covered


def brush(
    covered: NDArray[np.bool_], begin: tuple[int, int], end: tuple[int, int], *, covers: bool
) -> NDArray[np.bool_]:
    """Return what is covered when a brush has gone from one pixel to another.

    Parameters
    ----------
    covered : ndarray of shape (height, width)
        What was covered before.
    begin, end : tuple of int
        Row and column of the brush's middle.
    covers : bool
        Whether the brush covers pixels, or uncovers them.
    """
    brushed = covered.copy()
    rows, columns = covered.shape
    size = max(1, round(min(rows, columns) / _BRUSHES_ACROSS))
    steps = max(abs(end[0] - begin[0]), abs(end[1] - begin[1]), 1)
    for step in range(steps + 1):
        top, left = (
            round(first + (last - first) * step / steps) - (size - 1) // 2
            for first, last in zip(begin, end, strict=True)
        )
        brushed[max(top, 0) : max(top + size, 0), max(left, 0) : max(left + size, 0)] = covers
    return brushed
