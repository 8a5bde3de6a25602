"""A digest of the images that a model learns from, the same for grey levels and for the numbers that they are."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

SAMPLED_FROM = 1 << 28
"""Of so many values on, 256 MiB of grey levels, only some rows are read."""
SAMPLE = 1 << 24
"""About how many values of them."""

GREY, BINARY, REAL = "grey levels 0..255", "binary", "numbers in 0..1"
_ROWS = 4096


def image_digest(images: npt.NDArray[Any]) -> tuple[str, str]:
    """Return the digest of images, and the range of their values.

    Parameters
    ----------
    images : ndarray of shape (n, D)
        As `rbm_studio.core.images.as_training_images` returns them: uint8 grey levels 0..255, float32 in 0..1, or bool.
        Numbers have the digest of the nearest grey levels, as which a file of them is opened.

    Returns
    -------
    digest : str
        SHA-256, in hexadecimal digits, of the shape and of all values; from `SAMPLED_FROM` values on, where that would
        read a file larger than memory once more, of evenly spaced rows with about `SAMPLE` values.
    values : str
        `GREY`, `BINARY` (all are 0 or the highest) or `REAL`; of the rows that were read.
    """
    count, pixels = images.shape
    rows = None
    if count * pixels >= SAMPLED_FROM:
        rows = np.linspace(0, count - 1, min(count, max(SAMPLE // pixels, 1))).astype(np.intp)
    found = hashlib.sha256(repr((count, pixels)).encode())
    are_levels = are_binary = True
    highest = np.float32(255)
    for start in range(0, count if rows is None else len(rows), _ROWS):
        block = np.asarray(images[start : start + _ROWS] if rows is None else images[rows[start : start + _ROWS]])
        levels = block
        if block.dtype == np.bool_:
            levels = block.view(np.uint8) * np.uint8(255)
        elif block.dtype != np.uint8:
            levels = np.rint(block.astype(np.float64) * 255).astype(np.uint8)
            are_levels = are_levels and np.array_equal(levels / highest, block)
        are_binary = are_binary and are_levels and not ((levels != 0) & (levels != 255)).any()
        found.update(np.ascontiguousarray(levels).data)
    return found.hexdigest(), BINARY if are_binary else GREY if are_levels else REAL
