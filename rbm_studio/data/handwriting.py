"""Pen strokes and pictures made into a 28x28 image as MNIST's digits were made."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.data.dataset import DataError
from rbm_studio.data.erasing import Layer, LeftOver, inked
from rbm_studio.data.pen import SIDE, Path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

INK_SIDE = 20
"""Pixels of the longest side of the ink in a normalised image, as in MNIST."""

CENTRE = 14
"""Where MNIST has the centre of mass, as a pixel index; whole-pixel shifts bring it to within half a pixel."""

DEFAULT_PEN_WIDTH = 2.7
"""In pixels of the image: with it, written digits have MNIST's mean ink."""

LARGEST_PEN_WIDTH = 10.0

ERASER_WIDTH = 2.0
"""Width of the eraser beside the pen's: it is wider than any line, however hard the pen was pressed."""

# Symmetric strokes lie on the edge between two shifts: a little bias lets them fall to one side, wherever drawn.
_TIE = 1e-3
_DOT_FRACTION = 0.05
_CUT_ROUNDS = 3
_FAINTEST = 0.1  # of the darkest ink: what is fainter does not count as ink where a picture's is measured


@dataclass(frozen=True, eq=False)
class Stroke:
    """The path of the pen, or of the eraser, from touching the paper to leaving it.

    Parameters
    ----------
    points : ndarray of shape (n, 2), float32
        x and y of each point, in any unit, y downwards. A single point is a dot.
    pressure : ndarray of shape (n,), float32, optional
        How hard the pen was pressed at each point, from 0 to 1; by default its device does not tell.
    erases : bool
        Whether it takes away what was drawn before it.

    Raises
    ------
    DataError
        If a shape is another, or a number is not finite or out of range.
    """

    points: NDArray[np.float32]
    pressure: NDArray[np.float32] | None = None
    erases: bool = False

    def __post_init__(self) -> None:
        if self.points.ndim != 2 or self.points.shape[1] != 2 or not np.isfinite(self.points).all():
            raise DataError(
                "A stroke's points are an array of shape {shape}, or are not all finite.",
                "They must be finite numbers, of the shape (count, 2).",
                shape=self.points.shape,
            )
        pressure = self.pressure
        if pressure is None:
            return
        if pressure.shape != self.points.shape[:1] or not ((pressure >= 0) & (pressure <= 1)).all():
            raise DataError(
                "A stroke's pressures are an array of shape {shape}, or are not all from 0 to 1.",
                "They must be numbers from 0 to 1, one for each of the {count} points.",
                shape=pressure.shape,
                count=len(self.points),
            )

    def widths(self) -> NDArray[np.float32]:
        """Return how wide the stroke is at each point, beside a pen that is held with medium pressure.

        Returns
        -------
        ndarray of shape (n,), float32
            The pen: 0.5 + pressure, so from half to one and a half; 1 where the device does not tell. The eraser: 2,
            whatever the pressure, so that it takes away what the circle at the pointer covers.
        """
        if self.erases:
            return np.full(len(self.points), ERASER_WIDTH, np.float32)
        if self.pressure is None:
            return np.ones(len(self.points), np.float32)
        return self.pressure + np.float32(0.5)


def render(
    strokes: Sequence[Stroke],
    *,
    pen_width: float = DEFAULT_PEN_WIDTH,
    normalize: bool = True,
    canvas_size: float | tuple[float, float] | None = None,
) -> NDArray[np.float32]:
    """Render strokes with a round pen, anti-aliased by area averaging.

    Erased ink is gone, as on the paper: what is left decides how the drawing is scaled and centred, so an outlier that
    was erased changes nothing. The eraser takes the parts that it covered on the paper, twice the pen's width there,
    however large the drawing becomes in the image.

    Parameters
    ----------
    strokes : sequence of Stroke
        All in the same unit.
    pen_width : float
        In pixels of the 28x28 image, above 0 and at most 10: set after scaling, so that it does not depend on how
        large one draws.
    normalize : bool
        True: as MNIST was made. The ink is scaled until its longest side is 20 pixels, and moved by whole pixels
        until its centre of mass lies at index 14 (13.5..14.5), so that a drawing moved or scaled gives the same
        image. False: the canvas as it is, its longer side scaled to 28 pixels.
    canvas_size : float or (width, height), optional
        Size of the canvas in the strokes' unit; by default that unit is a pixel of the image. A drawing smaller than
        a twentieth of a canvas named here is not blown up to 20 pixels: a dot stays a dot.

    Returns
    -------
    ndarray of shape (28, 28), float32
        Ink, from 0 to 1; zeros where there are no strokes.

    Raises
    ------
    DataError
        If `pen_width` or `canvas_size` is out of range.
    """
    if not 0 < pen_width <= LARGEST_PEN_WIDTH:
        raise DataError(
            "The pen is {width} pixels wide.",
            "It must be more than 0 and at most {most}.",
            width=pen_width,
            most=LARGEST_PEN_WIDTH,
        )
    width, height = _canvas(canvas_size)
    scale = SIDE / max(width, height)
    margin = np.zeros(2) if normalize else (SIDE - scale * np.array([width, height])) / 2
    layers = _layers(strokes, scale, margin, pen_width)
    if not layers:
        return np.zeros((SIDE, SIDE), np.float32)
    if not normalize:
        return inked(layers)
    left = LeftOver(layers)
    largest = np.inf if canvas_size is None else (INK_SIDE - pen_width) / (_DOT_FRACTION * SIDE)
    placement = _placement(left, largest)
    return _centred(inked([layer.moved(*placement) for layer in left.layers]), _TIE)


def normalize_image(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Make a picture of ink as MNIST was made, as `render` makes strokes.

    The ink's bounding box is scaled by area averaging until its longest side is 20 pixels, and moved by whole pixels
    until its centre of mass lies at index 14 (13.5..14.5). Fainter than a tenth of the darkest ink does not count as
    ink for the box, but stays in it. Ink that is smaller than a twentieth of the picture is not blown up to 20 pixels.

    An image that was made so comes back as it is: measured on MNIST, the first 1,000 test digits do not change at all,
    and of all 10,000 only the 4 whose longest side is 19 pixels do (mean absolute difference below 1e-6 and 1e-4 per
    pixel).

    Parameters
    ----------
    image : ndarray of shape (height, width)
        Ink, from 0 (paper) to 1.

    Returns
    -------
    ndarray of shape (28, 28), float32
        From 0 to 1; zeros where there is no ink.

    Raises
    ------
    DataError
        If the shape has not two axes, or a value is not from 0 to 1.
    """
    if image.ndim != 2 or not ((image >= 0) & (image <= 1)).all():
        raise DataError(
            "A picture is an array of shape {shape}, or its values are not all from 0 to 1.",
            "It must have the shape (height, width), with values from 0 for paper to 1 for ink.",
            shape=image.shape,
        )
    if image.size == 0 or not image.any():
        return np.zeros((SIDE, SIDE), np.float32)
    is_ink = image > _FAINTEST * image.max()
    boxes = [np.flatnonzero(is_ink.any(axis=1 - axis))[[0, -1]] + (0, 1) for axis in (0, 1)]
    longest = max(max(high - low for low, high in boxes), _DOT_FRACTION * max(image.shape))
    rows, columns = (
        _onto(side, low, high, longest / INK_SIDE) for side, (low, high) in zip(image.shape, boxes, strict=True)
    )
    scaled = rows @ image.astype(np.float32) @ columns.T
    return _centred(scaled.clip(0, 1), 0.0)


def _onto(count: int, low: int, high: int, step: float) -> NDArray[np.float32]:
    """Return the (28, count) matrix that averages a box of old pixels, `step` of them to a new one, amid the image."""
    first = np.floor((SIDE - (high - low) / step) / 2 + _TIE)
    start = low + (np.arange(SIDE)[:, None] - first) * step
    pixel = np.arange(count)
    overlap = np.clip(np.minimum(start + step, pixel + 1) - np.maximum(start, pixel), 0, None)
    part: NDArray[np.float32] = (overlap / step).astype(np.float32)
    return part


def _layers(strokes: Sequence[Stroke], scale: float, margin: NDArray[np.float64], pen_width: float) -> list[Layer]:
    """Return the strokes in pixels of the image, those that follow each other with the same tool as one path."""
    layers: list[Layer] = []
    drawn = (stroke for stroke in strokes if len(stroke.points))
    for erases, group in groupby(drawn, key=lambda stroke: stroke.erases):
        path = _path(list(group), scale, margin, pen_width)
        if not erases:
            layers.append(Layer(path))
        elif layers:
            layers[-1] = Layer(layers[-1].ink, path)
    return layers


def _path(strokes: list[Stroke], scale: float, margin: NDArray[np.float64], pen_width: float) -> Path:
    points = np.concatenate([stroke.points for stroke in strokes], dtype=np.float64)
    widths = np.concatenate([stroke.widths() for stroke in strokes], dtype=np.float64)
    ends = np.zeros(len(points), bool)
    ends[np.cumsum([len(stroke.points) for stroke in strokes]) - 1] = True
    return Path(points * scale + margin, widths * (pen_width / 2), ends)


def _canvas(size: float | tuple[float, float] | None) -> tuple[float, float]:
    sides = SIDE if size is None else size
    width, height = sides if isinstance(sides, tuple) else (sides, sides)
    if not (0 < width < np.inf and 0 < height < np.inf):
        raise DataError("The canvas is {size} in size.", "Its sides must be more than 0.", size=size)
    return width, height


def _placement(left: LeftOver, largest: float) -> tuple[float, NDArray[np.float64]]:
    """Return the scale at which the ink's longest side is 20 pixels, and the shift that begins it on a whole pixel."""
    scale, shift = 1.0, np.zeros(2)
    # Where ink was cut, its edge depends on how wide the pen is beside the drawing, and so on the scale.
    for _ in range(_CUT_ROUNDS if left.is_cut else 1):
        rims = left.rims(scale)
        if not len(rims.centres):
            break
        fitting = min(*(_fitting_scale(*axis) for axis in zip(rims.centres.T, rims.offsets.T, strict=True)), largest)
        scale = fitting if np.isfinite(fitting) else 1.0
        edges = scale * rims.centres + rims.offsets
        low, high = edges.min(axis=0), edges.max(axis=0)
        shift = np.floor((SIDE - (high - low)) / 2 + _TIE) - low
    return scale, shift


def _fitting_scale(centres: NDArray[np.float64], offsets: NDArray[np.float64]) -> float:
    """Return the scale s at which s · centres + offsets takes 20 pixels; infinite where the centres are all one.

    What it takes is convex and piecewise linear in s, so that Newton's steps from a large s soon arrive.
    """
    scale, before = np.inf, np.inf
    first, last = centres.argmin(), centres.argmax()
    while centres[last] > centres[first]:
        scale = float((INK_SIDE - (offsets[last] - offsets[first])) / (centres[last] - centres[first]))
        if not scale < before:
            break
        before = scale
        edges = scale * centres + offsets
        first, last = edges.argmin(), edges.argmax()
    return scale


def _centred(image: NDArray[np.float32], bias: float) -> NDArray[np.float32]:
    """Shift by whole pixels until the centre of mass lies nearest to index 14, short of pushing ink out."""
    if not image.any():
        return image
    for axis in (0, 1):
        ink = image.sum(axis=1 - axis, dtype=np.float64)
        inked = np.flatnonzero(ink)
        centre = ink @ np.arange(SIDE) / ink.sum()
        shift = int(np.floor(CENTRE - centre + 0.5 + bias))
        shift = int(np.clip(shift, -inked[0], SIDE - 1 - inked[-1]))
        image = np.roll(image, shift, axis)
    return image
