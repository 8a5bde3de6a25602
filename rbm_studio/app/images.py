"""Arrays of numbers as pictures: grey images, and signed weights in colour."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtGui import QImage

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Position from 0 (zero) to 1 (the limit), lightness and chroma of OKLCh. Both arms share them, so that equal sizes look
# equally dark whatever their sign, and the map still reads when printed in grey.
_ARM_POSITIONS = (0.0, 0.25, 0.55, 1.0)
_ARM_LIGHTNESS = (0.97, 0.84, 0.62, 0.32)
_ARM_CHROMA = (0.0, 0.07, 0.13, 0.085)
# Blue and orange differ to people with any of the usual colour deficiencies, red and green do not.
_NEGATIVE_HUE = np.deg2rad(250.0)
_POSITIVE_HUE = np.deg2rad(50.0)

_ZERO = 128
_STEPS = 127
# Keeps the factor of float32 finite; no weights are that small.
_SMALLEST_LIMIT = 1e-30

# OKLab to linear sRGB: Björn Ottosson, "A perceptual color space for image processing", 2020.
_LAB_TO_LMS = np.array(
    [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.291485548]]
)
_LMS_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.707614701],
    ]
)


def grey_image(values: NDArray[np.floating[Any]] | NDArray[np.uint8]) -> QImage:
    """Picture of brightnesses: 0 is black, the greatest is white.

    Parameters
    ----------
    values : ndarray of shape (height, width)
        Floats in 0..1, clipped to it, where NaN counts as 0; or uint8 in 0..255.

    Returns
    -------
    QImage
        Of 8-bit grey, owning its memory; a null image where `values` is empty.
    """
    levels = values if values.dtype == np.uint8 else _levels(values * np.float32(255), 0, 255)
    return _byte_image(levels, QImage.Format.Format_Grayscale8)


def grey_values(image: QImage) -> NDArray[np.float32]:
    """Brightnesses of a picture: the reverse of `grey_image`.

    Parameters
    ----------
    image : QImage
        Of any format; colours become grey.

    Returns
    -------
    ndarray of shape (height, width), float32
        In 0..1; of shape (0, 0) for a null image.
    """
    if image.isNull():
        return np.empty((0, 0), dtype=np.float32)
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(grey.constBits(), dtype=np.uint8).reshape(grey.height(), grey.bytesPerLine())
    values: NDArray[np.float32] = np.divide(rows[:, : grey.width()], 255, dtype=np.float32)
    return values


def diverging_image(values: NDArray[np.float32], limit: float) -> QImage:
    """Picture of signed numbers: blue below zero, orange above it, near white at zero.

    Parameters
    ----------
    values : ndarray of shape (height, width), float32
        NaN becomes transparent.
    limit : float
        Greater than 0. From ±limit on, the colour is the map's last.

    Returns
    -------
    QImage
        Of 32-bit colour with transparency, owning its memory; a null image where `values` is empty.

    Raises
    ------
    ValueError
        If `limit` is not greater than 0.
    """
    return levels_image(diverging_levels(values, limit))


def diverging_levels(values: NDArray[np.float32], limit: float | NDArray[np.float32]) -> NDArray[np.uint8]:
    """Rows of `diverging_colours` for signed numbers.

    Parameters
    ----------
    values : ndarray, float32
        Of any shape.
    limit : float or ndarray
        Greater than 0; an array is broadcast against `values`. From ±limit on, the colour is the map's last.

    Returns
    -------
    ndarray of the shape of `values`, uint8
        1..255, 128 for zero; 0 for NaN.

    Raises
    ------
    ValueError
        If a limit is not greater than 0.
    """
    if not np.all(np.greater(limit, 0)):
        raise ValueError(f"limit must be greater than 0, and is {np.min(limit)}")
    # Weights that training has blown up may overflow here; the infinity is then clipped to the last colour.
    with np.errstate(over="ignore"):
        scaled = values * (_STEPS / np.maximum(limit, _SMALLEST_LIMIT)).astype(np.float32)
    np.add(scaled, _ZERO, out=scaled)
    return _levels(scaled, 1, 255)


def levels_image(levels: NDArray[np.uint8]) -> QImage:
    """Picture of what `diverging_levels` returns, of shape (height, width): level 0 becomes transparent.

    Returns
    -------
    QImage
        Of 32-bit colour with transparency, owning its memory; a null image where `levels` is empty.
    """
    image = indexed_image(levels, _colour_table())
    # Converted once here rather than by the painter at each paint.
    return image if image.isNull() else image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def indexed_image(levels: NDArray[np.uint8], colours: list[int]) -> QImage:
    """Picture of levels, of shape (height, width), in the colours that stand in a table as Qt's 0xAARRGGBB."""
    image = _byte_image(levels, QImage.Format.Format_Indexed8)
    if not image.isNull():
        image.setColorTable(colours)
    return image


@cache
def diverging_colours() -> NDArray[np.uint8]:
    """Colours of `diverging_image`, from the negative limit over zero to the positive one.

    Returns
    -------
    ndarray of shape (256, 3), uint8, read-only
        Red, green and blue. Row 128 is zero; rows 1 and 255 are the ends, and row 0 repeats row 1.
    """
    position = np.clip((np.arange(256) - _ZERO) / _STEPS, -1, 1)
    lightness = np.interp(np.abs(position), _ARM_POSITIONS, _ARM_LIGHTNESS)
    chroma = np.interp(np.abs(position), _ARM_POSITIONS, _ARM_CHROMA)
    hue = np.where(position < 0, _NEGATIVE_HUE, _POSITIVE_HUE)
    lab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1)
    colours = np.rint(_srgb(lab) * 255).astype(np.uint8)
    colours.flags.writeable = False
    return colours


def _levels(scaled: NDArray[Any], lowest: int, highest: int) -> NDArray[np.uint8]:
    """Round to whole numbers in lowest..highest, in place as far as it goes; NaN becomes 0."""
    np.add(scaled, 0.5, out=scaled)
    np.clip(scaled, lowest, highest, out=scaled)
    np.copyto(scaled, 0, where=np.isnan(scaled))
    return scaled.astype(np.uint8)


def _srgb(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    linear: NDArray[np.float64] = np.clip((lab @ _LAB_TO_LMS.T) ** 3 @ _LMS_TO_RGB.T, 0, 1)
    # The transfer function of IEC 61966-2-1.
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def _byte_image(levels: NDArray[Any], image_format: QImage.Format) -> QImage:
    height, width = levels.shape
    image = QImage(width, height, image_format)
    if not image.isNull():
        rows = np.frombuffer(image.bits(), dtype=np.uint8).reshape(height, image.bytesPerLine())
        rows[:, :width] = levels
    return image


@cache
def _colour_table() -> list[int]:
    """Return the colours as Qt's 0xAARRGGBB: level 0 is transparent, the others are opaque."""
    red, green, blue = diverging_colours().astype(np.uint32).T
    opaque = np.uint32(0xFF000000) | red << 16 | green << 8 | blue
    return [0, *opaque[1:].tolist()]
