"""Large arrays left in their file: mapped into memory, which holds of them what is being read, and gives it back."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from rbm_studio.data.reading import LARGEST_ARRAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAPPED_FROM = 256 * 1024**2
"""Bytes from which an array is left in its file. A smaller one is read: it outlives its file."""


def mapped(file: BinaryIO, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any] | None:
    """Return the rest of a file as an array that stays in the file, if it is large and can be used as it is.

    Parameters
    ----------
    file : binary file
        Not packed; stands after the header.
    shape : tuple of int
        That the header promised; the last axis is the fastest.
    dtype : numpy.dtype
        That the header promised.

    Returns
    -------
    numpy.memmap or None
        Read-only. None where the array is small, in another byte order, or not what follows in the file; or where it
        cannot be mapped, as on some network drives: then it must be read.
    """
    start, size = file.tell(), os.fstat(file.fileno()).st_size
    promised = math.prod(shape) * dtype.itemsize
    if not (MAPPED_FROM <= promised <= LARGEST_ARRAY and dtype.isnative and start + promised == size):
        return None
    try:
        return np.memmap(file, dtype, "r", start, shape)
    except (OSError, ValueError):
        # NumPy's arrays have at most 64 axes.
        return None
