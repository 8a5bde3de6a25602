"""Thousands of dots as an image, in a time in which a painter draws a few hundred."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QColor, QImage

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_LAYERS = 16


def dots_image(
    x: NDArray[np.float64], y: NDArray[np.float64], size: tuple[int, int], diameter: float, colour: QColor
) -> QImage:
    """Return round dots on nothing; where they lie on one another their colour is denser.

    Parameters
    ----------
    x, y : float64 ndarrays of shape (n,)
        Their middles, in pixels; what lies outside the image is cut off.
    size : tuple of int
        The image's width and height.
    diameter : float
        In pixels.
    colour : QColor
        Of a single dot; its alpha is the part of the ground that it covers.
    """
    width, height = size
    half = np.arange(np.ceil(diameter)) + 0.5 - np.ceil(diameter) / 2
    rows, columns = np.nonzero(np.hypot(*np.meshgrid(half, half)) <= diameter / 2)
    shift = int(np.ceil(diameter)) // 2
    px = np.rint(x).astype(np.intp)[:, None] + columns - shift
    py = np.rint(y).astype(np.intp)[:, None] + rows - shift
    inside = (px >= 0) & (px < width) & (py >= 0) & (py < height)
    places = (py * width + px)[inside]
    layers = np.bincount(places, minlength=width * height)
    covered = 1 - (1 - colour.alphaF()) ** np.arange(_MOST_LAYERS + 1)
    alpha, red, green, blue = (
        np.rint(255 * covered * part).astype(np.uint32)
        for part in (1.0, colour.redF(), colour.greenF(), colour.blueF())
    )
    table = alpha << 24 | red << 16 | green << 8 | blue
    pixels = np.zeros(width * height, dtype=np.uint32)
    pixels[places] = table[np.minimum(layers[places], _MOST_LAYERS)]
    # A copy: the image does not keep the array that it reads.
    return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied).copy()
