"""A digest of the images that a model learns from, the same for grey levels and for the numbers that they are."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.core.batches import as_levels

if TYPE_CHECKING:
    import numpy.typing as npt

SAMPLED_FROM = 1 << 28
"""Of so many values on, 256 MiB of grey levels, only some rows are read."""
SAMPLE = 1 << 24
"""About how many values of them."""

GREY, BINARY, REAL = "grey levels 0..255", "binary", "numbers in 0..1"

# It is part of the digest: a block is of levels, or of numbers.
_ROWS = 4096


def image_digest(images: npt.NDArray[Any]) -> tuple[str, str]:
    """Return the digest of images, and the range of their values.

    Parameters
    ----------
    images : ndarray of shape (n, D)
        As `rbm_studio.core.images.as_training_images` returns them: uint8 grey levels 0..255, float32 in 0..1, or bool.
        Numbers that are grey levels divided by 255 have the digest of the grey levels.

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
    for start in range(0, count if rows is None else len(rows), _ROWS):
        block = np.asarray(images[start : start + _ROWS] if rows is None else images[rows[start : start + _ROWS]])
        levels = block.view(np.uint8) * np.uint8(255) if block.dtype == np.bool_ else as_levels(block)
        if levels.dtype == np.uint8:
            are_binary = are_binary and not ((levels != 0) & (levels != 255)).any()
        else:
            are_levels = are_binary = False
            levels = levels.astype("<f4", copy=False)
        found.update(levels.dtype.str.encode())
        found.update(np.ascontiguousarray(levels).data)
    return found.hexdigest(), BINARY if are_binary else GREY if are_levels else REAL
