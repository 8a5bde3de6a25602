"""Which arrays can be shown to an RBM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray


_ROWS = 8192


def as_images(data: npt.ArrayLike, visible_num: int) -> FloatArray:
    """Return data as float32 images, one a row, after checking them.

    Parameters
    ----------
    data : array_like of shape (n, visible_num) or (visible_num,)
        Numbers in 0..1; one image may come without its first axis.
    visible_num : int
        The number of visible units.

    Returns
    -------
    float32 ndarray of shape (n, visible_num)
        The data itself where it has this type already.

    Raises
    ------
    RBMStudioError
        If there is no image, the width is another, or a value is not a number in 0..1.
    """
    array = _as_rows(data)
    check_shape(array, visible_num)
    return _as_probabilities(array)


def as_training_images(data: npt.ArrayLike, visible_num: int) -> npt.NDArray[Any]:
    """Return data to train on, after checking it: as `as_images` does, but bytes stay bytes, and large files files.

    Parameters
    ----------
    data : array_like of shape (n, visible_num)
        Numbers in 0..1; or uint8 grey levels 0..255, of which one at least exceeds 1. A `numpy.memmap` of bool, uint8
        or float32 is read in blocks for the check, and not copied.
    visible_num : int
        The number of visible units.

    Returns
    -------
    float32, uint8 or bool ndarray of shape (n, visible_num)
        uint8 are grey levels 0..255; bool are the ones and zeros of a `numpy.memmap`.

    Raises
    ------
    RBMStudioError
        As `as_images`.
    """
    array = data if isinstance(data, np.memmap) else _as_rows(data)
    if array.dtype == np.uint8 and array.ndim == 2 and array.size and array.max() > 1:
        check_shape(array, visible_num)
        return array
    if isinstance(array, np.memmap) and array.dtype == np.float32:
        check_shape(array, visible_num)
        for start in range(0, len(array), _ROWS):
            _check_range(array[start : start + _ROWS])
        return array
    if isinstance(array, np.memmap) and array.dtype in (np.uint8, np.bool_):
        check_shape(array, visible_num)
        ones: npt.NDArray[Any] = array.view(np.bool_)
        return ones
    return as_images(data, visible_num)


def check_one_scale(images: npt.NDArray[Any], held_out: npt.NDArray[Any]) -> None:
    """Raise `RBMStudioError` if of two arrays of uint8, one holds grey levels and the other ones.

    Parameters
    ----------
    images, held_out : ndarray of shape (n, D)
        As they were given to `as_training_images`.
    """
    both = (images, held_out)
    if any(array.dtype != np.uint8 or isinstance(array, np.memmap) or not array.size for array in both):
        return
    highest = [int(array.max()) for array in both]
    if max(highest) > 1 and 1 in highest:
        raise RBMStudioError(
            "The images have values up to {images}, and the held-out images up to {held_out}: which scale is meant "
            "cannot be told.",
            "Bring both to one scale: where 1 is full ink, multiply by 255.",
            images=highest[0],
            held_out=highest[1],
        )


def mean_image(images: npt.NDArray[Any]) -> FloatArray:
    """Return the mean of images, float32 in 0..1 or uint8 grey levels, of shape (D,), in 0..1."""
    scale = 255.0 if images.dtype == np.uint8 else 1.0
    total = sum(images[start : start + _ROWS].sum(axis=0, dtype=np.float64) for start in range(0, len(images), _ROWS))
    mean: FloatArray = (total / len(images) / scale).astype(np.float32)
    return mean


def as_hidden_values(data: npt.ArrayLike, hidden_num: int) -> FloatArray:
    """Return values of hidden units as float32, a state a row, after checking them as `as_images` checks images."""
    array = _as_rows(data)
    if array.ndim != 2 or array.shape[1] != hidden_num or array.size == 0:
        raise RBMStudioError(
            "The hidden values have the shape {shape}, but the RBM has {hidden} hidden units.",
            "Give an array of shape (number of states, {hidden}), with at least one state.",
            shape=array.shape,
            hidden=hidden_num,
        )
    return _as_probabilities(array)


def check_shape(array: npt.NDArray[Any], visible_num: int) -> None:
    """Raise `RBMStudioError` unless an array has the shape (n, visible_num) with n of at least 1."""
    if array.size == 0:
        raise RBMStudioError("There are no images in the data.", "Give at least one image.")
    if array.ndim != 2 or array.shape[1] != visible_num:
        raise RBMStudioError(
            "The images have the shape {shape}, but the RBM has {visible} visible units.",
            "Give an array of shape (number of images, {visible}), or an RBM with as many visible units as pixels.",
            shape=array.shape,
            visible=visible_num,
        )


def _as_rows(data: npt.ArrayLike) -> npt.NDArray[Any]:
    try:
        array: npt.NDArray[Any] = np.asarray(data)
    except ValueError as error:
        raise RBMStudioError("The rows of the data differ in length.", "Give rows of the same length.") from error
    is_number = array.dtype == np.bool_ or np.issubdtype(array.dtype, np.integer)
    if not (is_number or np.issubdtype(array.dtype, np.floating)):
        raise RBMStudioError("The data are an array of {kind}.", "Give an array of numbers in 0..1.", kind=array.dtype)
    return array.reshape(1, -1) if array.ndim == 1 and array.size else array


def _as_probabilities(array: npt.NDArray[Any]) -> FloatArray:
    # In float32, so that a float64 whose rounding lies just above 1 is let through.
    with np.errstate(over="ignore"):
        values: FloatArray = array.astype(np.float32, copy=False)
    _check_range(values)
    return values


def _check_range(array: npt.NDArray[Any]) -> None:
    lowest, highest = array.min(), array.max()
    if np.isnan(lowest) or np.isnan(highest):
        raise RBMStudioError("The data hold NaN (not a number).", "Replace missing values, for instance by 0.")
    if lowest < 0 or highest > 1:
        raise RBMStudioError(
            "The data's values lie in {lowest:.4g}..{highest:.4g}, but must lie in 0..1.",
            "Divide grey levels of 0..255 by 255." if lowest >= 0 and highest <= 255 else "Scale them to 0..1.",
            lowest=float(lowest),
            highest=float(highest),
        )
