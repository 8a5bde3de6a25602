"""Exact area averaging between image sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Pixel = TypeVar("Pixel", np.uint8, np.float32)

# Images in float32 take four times the memory of uint8: a full MNIST at once would cost 190 MB.
_CHUNK = 2048


def resample(images: NDArray[Pixel], shape: tuple[int, int]) -> NDArray[Pixel]:
    """Resize images by area averaging, so that ink is neither lost nor made.

    Each new pixel is the mean of the area that it covers in the old image, pixels on its border counted by the part
    that lies inside: new = R · old · Cᵀ, with one small matrix for the rows and one for the columns.

    Parameters
    ----------
    images : ndarray of shape (..., height, width), uint8 or float32
        The images; leading axes are free, and may be absent.
    shape : (new_height, new_width)
        The size wanted, each at least 1; it may also be larger.

    Returns
    -------
    ndarray of shape (..., new_height, new_width)
        Of the same dtype; uint8 is rounded to the nearest. Values never leave the range of `images`.

    Raises
    ------
    ValueError
        If a side of `shape` is less than 1, or `images` has fewer than two axes.
    """
    if images.ndim < 2 or min(shape) < 1:
        raise ValueError(f"cannot resample an array of shape {images.shape} to {shape}: sides must be at least 1")
    height, width = images.shape[-2:]
    rows = averaging_matrix(height, shape[0])
    columns = averaging_matrix(width, shape[1]).T
    flat = images.reshape(-1, height, width)
    resized = np.empty((len(flat), *shape), images.dtype)
    for start in range(0, len(flat), _CHUNK):
        chunk = flat[start : start + _CHUNK]
        averages = rows @ (chunk.astype(np.float32) @ columns)
        if images.dtype == np.uint8:
            np.rint(averages, out=averages)
        # Weights that add up to 1 within float32 may still leave 0..1 by a last bit, which nothing downstream expects.
        resized[start : start + _CHUNK] = np.clip(averages, chunk.min(), chunk.max())
    return resized.reshape(*images.shape[:-2], *shape)


def averaging_matrix(old: int, new: int) -> NDArray[np.float32]:
    """Return the float32 matrix of shape (new, old) whose row i averages the old pixels that new pixel i covers."""
    edges = np.arange(new + 1) * (old / new)
    left, right = edges[:-1, None], edges[1:, None]
    pixel = np.arange(old)
    overlap = np.clip(np.minimum(right, pixel + 1) - np.maximum(left, pixel), 0, None)
    return np.asarray(overlap / overlap.sum(axis=1, keepdims=True), np.float32)
