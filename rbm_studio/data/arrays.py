"""Arrays as people have them, made into images and labels as `Dataset` has them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rbm_studio.data.dataset import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_GREY = "Grey values must be numbers from 0 to 1, or whole numbers from 0 to 255."
_SHAPES = "Images must have the shape (count, height, width), or (count, height * width) if they are square."

SCALED_NOTE = "Its values lie in 0 to 1: 1 is taken for full ink, the grey level 255."

# Floats are rounded piece by piece: full MNIST in float64 takes 376 MB as it is.
_CHUNK = 2048


class Grey(NamedTuple):
    """Grey images, and the scale that they were on.

    Attributes
    ----------
    images : ndarray of shape (n, height, width), uint8
    highest : float
        The highest value that there was; 0 where it is no question what 1 means, as with booleans.
    """

    images: NDArray[np.uint8]
    highest: float


def scale_note(train: Grey, test: Grey | None, origin: Path | str) -> str:
    """Return what was assumed about the scale of a data set's values; "" if nothing had to be.

    Raises
    ------
    DataError
        If its two parts are on two scales, so that it cannot be told what 1 means.
    """
    highest = train.highest, 0.0 if test is None else test.highest
    if max(highest) > 1 and any(0 < value <= 1 for value in highest):
        raise DataError(
            "In {origin} the training images have values up to {train:g}, and the test images up to {test:g}: "
            "which scale is meant cannot be told.",
            "Bring both to one scale: where 1 is full ink, multiply by 255.",
            origin=origin,
            train=highest[0],
            test=highest[1],
        )
    return SCALED_NOTE if max(highest) > 0 and max(highest) <= 1 else ""


def as_grey(array: NDArray[Any], origin: Path | str) -> Grey:
    """Return an array of numbers as grey images.

    Parameters
    ----------
    array : ndarray of shape (n, h, w), (n, h, w, 1), (n, 1, h, w) or (n, side²)
        Real numbers in 0..1, or whole numbers in 0..255. Booleans, and whole numbers none of which is above 1, are
        black and white.
    origin : Path or str
        Where it came from, for the messages.

    Returns
    -------
    Grey
        Of at least 1 image. A `numpy.memmap` of grey levels stays one. Whether two parts of one data set are on one
        scale, `scale_note` tells.

    Raises
    ------
    DataError
        If there are no images, or the array has another shape, or values out of range, or NaN.
    """
    images = _as_stack(array, origin)
    if images.size == 0:
        raise DataError("{origin} holds no images.", "Choose a file with at least one image.", origin=origin)
    grey = _as_grey(images, origin)
    # NumPy's own function would take from a memmap that it is one.
    return grey if grey.images.flags.c_contiguous else Grey(np.ascontiguousarray(grey.images), grey.highest)


def as_labels(array: NDArray[Any], count: int, origin: Path | str) -> NDArray[np.uint8]:
    """Return an array of numbers as labels.

    Parameters
    ----------
    array : ndarray of shape (n,) or (n, 1)
        Whole numbers in 0..255.
    count : int
        The number of images that the labels belong to.
    origin : Path or str
        Where it came from, for the messages.

    Returns
    -------
    ndarray of shape (count,), uint8

    Raises
    ------
    DataError
        If the shape is another, the count differs, or a value is no whole number in 0..255.
    """
    if array.ndim == 0 or array.size != len(array):
        raise DataError(
            "The labels in {origin} have the shape {shape}.",
            "There must be one whole number for each image.",
            origin=origin,
            shape=array.shape,
        )
    if len(array) != count:
        raise DataError(
            "{origin} holds {labels:,} labels, but there are {images:,} images.",
            "Take the label file that belongs to the images, or move it elsewhere to open them without labels.",
            origin=origin,
            labels=len(array),
            images=count,
        )
    with np.errstate(invalid="ignore"):  # NaN, infinity and -1 have no uint8, and are told by the comparison
        labels = array.reshape(count).astype(np.uint8)
    wrong = labels != array.reshape(count)
    if wrong.any():
        raise DataError(
            "{origin} holds the label {value}.",
            "Labels must be whole numbers from 0 to 255.",
            origin=origin,
            value=array.reshape(count)[wrong][0],
        )
    return labels


def _as_stack(array: NDArray[Any], origin: Path | str) -> NDArray[Any]:
    """Return the array with the axes (n, height, width)."""
    if array.ndim == 4 and array.shape[3] == 1:
        return array[..., 0]
    if array.ndim == 4 and array.shape[1] == 1:
        return array[:, 0]
    if array.ndim == 4 and 3 in (array.shape[1], array.shape[3]):
        raise DataError("The images in {origin} are in colour.", "Save them in grey: one value a pixel.", origin=origin)
    if array.ndim == 3:
        return array
    if array.ndim == 2:
        return _unflattened(array, origin)
    if array.ndim == 1:
        raise DataError(
            "{origin} holds labels ({count:,} single values), where images were meant.",
            "Choose the file with the images instead: MNIST's have “images” in their name.",
            origin=origin,
            count=len(array),
        )
    raise DataError("{origin} holds an array of shape {shape}.", _SHAPES, origin=origin, shape=array.shape)


def _unflattened(array: NDArray[Any], origin: Path | str) -> NDArray[Any]:
    width = array.shape[1]
    side = math.isqrt(width)
    if side * side != width:
        raise DataError(
            "{origin} holds rows of {width:,} values, which make no square image.",
            _SHAPES + " An image of 28 by 28 pixels has 784 values.",
            origin=origin,
            width=width,
        )
    return array.reshape(-1, side, side) if width else array.reshape(len(array), 0, 0)


def _as_grey(images: NDArray[Any], origin: Path | str) -> Grey:
    if images.dtype.kind == "b":
        return Grey(images * np.uint8(255), 0.0)
    low, high = images.min(), images.max()  # both are NaN as soon as one value is
    if not 0 <= low <= high <= 255:
        value = "NaN (not a number)" if np.isnan(high) else low if low < 0 else high
        raise DataError("{origin} holds the value {value}.", _GREY, origin=origin, value=value)
    if high <= 1:
        return Grey(_rounded(images, 255), float(high))
    if images.dtype.kind == "f" and not _all_whole(images):
        raise DataError(
            "{origin} holds fractions, and values up to {high}.",
            _GREY + " Divide them by the largest value that they can have.",
            origin=origin,
            high=high,
        )
    return Grey(_rounded(images, 1), float(high))


def _all_whole(images: NDArray[Any]) -> bool:
    chunks = (images[start : start + _CHUNK] for start in range(0, len(images), _CHUNK))
    return all(bool((chunk == np.rint(chunk)).all()) for chunk in chunks)


def _rounded(images: NDArray[Any], factor: int) -> NDArray[np.uint8]:
    if images.dtype == np.uint8 and factor == 1:
        return images
    grey = np.empty(images.shape, np.uint8)
    for start in range(0, len(images), _CHUNK):
        grey[start : start + _CHUNK] = np.rint(images[start : start + _CHUNK].astype(np.float64) * factor)
    return grey
