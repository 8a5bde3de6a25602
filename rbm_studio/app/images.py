"""Arrays of numbers as pictures: grey images, signed weights in colour, many images as one mosaic, and its layout."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF
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
# Up to here, whole-number scales would leave too much of the room empty.
_LEAST_WHOLE_SCALE = 4
# Tiles of fewer screen pixels than this need their room more than a gap.
_LEAST_TILE_WITH_GAP = 4
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
    if not limit > 0:
        raise ValueError(f"limit must be greater than 0, and is {limit}")
    # Weights that training has blown up may overflow here; the infinity is then clipped to the last colour.
    with np.errstate(over="ignore"):
        scaled = values * np.float32(_STEPS / max(limit, _SMALLEST_LIMIT))
    np.add(scaled, _ZERO, out=scaled)
    image = _byte_image(_levels(scaled, 1, 255), QImage.Format.Format_Indexed8)
    if image.isNull():
        return image
    image.setColorTable(_colour_table())
    # Converted once here rather than by the painter at each paint.
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


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


def tile(images: NDArray[np.float32], columns: int, gap: int = 1, fill: float = np.nan) -> NDArray[np.float32]:
    """Many images as one, row after row.

    Parameters
    ----------
    images : ndarray of shape (n, height, width)
    columns : int
        Images in a row, at least 1.
    gap : int
        Pixels between neighbours; none at the edges.
    fill : float
        Value of the gaps and of the places that are left over.

    Returns
    -------
    ndarray of shape (rows * (height + gap) - gap, columns * (width + gap) - gap)
        Of the dtype of `images`; of shape (0, 0) where there is no image.
    """
    count, height, width = images.shape
    if count == 0:
        return np.empty((0, 0), dtype=images.dtype)
    full_rows, remainder = divmod(count, columns)
    rows = full_rows + (remainder > 0)
    mosaic = np.full((rows, height + gap, columns, width + gap), fill, dtype=images.dtype)
    cells = mosaic.transpose(0, 2, 1, 3)[:, :, :height, :width]
    cells[:full_rows] = images[: full_rows * columns].reshape(full_rows, columns, height, width)
    if remainder:
        cells[full_rows, :remainder] = images[full_rows * columns :]
    joined = mosaic.reshape(rows * (height + gap), columns * (width + gap))
    return joined[: joined.shape[0] - gap, : joined.shape[1] - gap]


def tile_columns(count: int, aspect: float) -> int:
    """Columns with which `count` square tiles fill a box of the given width ÷ height best.

    Returns
    -------
    int
        In 1..count; 1 where there are no tiles.
    """
    columns, _ = best_grid(count, aspect, 1.0, 1.0)
    return columns


def best_grid(count: int, width: float, height: float, cell_aspect: float) -> tuple[int, int]:
    """Grid that gives `count` equal cells the greatest size in a box of `width` by `height`.

    Parameters
    ----------
    count : int
        Cells to place.
    width, height : float
        The box, in any unit.
    cell_aspect : float
        Width ÷ height of a cell, greater than 0.

    Returns
    -------
    columns, rows : int
        At least 1 each. Of grids with cells of one size, the one that leaves the fewest places empty.
    """
    columns = np.arange(1, max(count, 1) + 1)
    rows = -(-max(count, 1) // columns)
    cell_height = np.minimum(width / (columns * cell_aspect), height / rows)
    best = np.lexsort((columns * rows, -cell_height))[0]
    return int(columns[best]), int(rows[best])


@dataclass(frozen=True)
class MosaicLayout:
    """Where the tiles of a mosaic lie on the screen.

    Tiles and gaps are in pixels of the mosaic's image, of which each takes `scale` screen pixels; left and top are in
    screen pixels, of which each unit of the widget has `ratio`.
    """

    count: int
    columns: int
    rows: int
    tile_width: int
    tile_height: int
    gap: int
    scale: int
    ratio: float
    left: int
    top: int

    def mosaic_rect(self) -> QRectF:
        """Return the mosaic's place in the widget's units."""
        width = self.columns * (self.tile_width + self.gap) - self.gap
        height = self.rows * (self.tile_height + self.gap) - self.gap
        unit = self.scale / self.ratio
        return QRectF(self.left / self.ratio, self.top / self.ratio, width * unit, height * unit)

    def tile_rect(self, index: int) -> QRectF:
        """Return the place of tile `index` in the widget's units."""
        row, column = divmod(index, self.columns)
        unit = self.scale / self.ratio
        x = self.left / self.ratio + column * (self.tile_width + self.gap) * unit
        y = self.top / self.ratio + row * (self.tile_height + self.gap) * unit
        return QRectF(x, y, self.tile_width * unit, self.tile_height * unit)

    def filled_rects(self) -> list[QRectF]:
        """Return the full rows and the last, shorter one, with a gap around each, in the widget's units."""
        full_rows, remainder = divmod(self.count, self.columns)
        first = self.tile_rect(0).topLeft()
        corners = [self.tile_rect(full_rows * self.columns - 1).bottomRight()] if full_rows else []
        corners += [self.tile_rect(self.count - 1).bottomRight()] if remainder else []
        line = self.gap * self.scale / self.ratio
        return [QRectF(first, corner).adjusted(-line, -line, line, line) for corner in corners]

    def index_at(self, pos: QPointF) -> int:
        """Return the index of the tile at `pos`, a gap counting to the tile before it; -1 beside the tiles."""
        if not self.mosaic_rect().contains(pos):
            return -1
        across = (pos.x() * self.ratio - self.left) / self.scale
        down = (pos.y() * self.ratio - self.top) / self.scale
        column = min(int(across / (self.tile_width + self.gap)), self.columns - 1)
        row = min(int(down / (self.tile_height + self.gap)), self.rows - 1)
        index = row * self.columns + column
        return index if index < self.count else -1


def lay_out(shape: tuple[int, ...], box: QRectF, ratio: float) -> MosaicLayout:
    """Lay tiles out amid a box, as large as they fit, every tile of the same whole number of screen pixels.

    Large tiles are magnified by a whole number; others are meant to be resampled to the layout's size of a tile.

    Parameters
    ----------
    shape : (n, height, width)
        Of the array of tiles.
    box : QRectF
        In the widget's units.
    ratio : float
        Screen pixels per unit.
    """
    count, tile_height, tile_width = shape
    box_width, box_height = max(box.width() * ratio, 1.0), max(box.height() * ratio, 1.0)
    columns, rows = best_grid(count, box_width, box_height, tile_width / tile_height)
    gap = 1
    mosaic_width, mosaic_height = columns * (tile_width + gap) - gap, rows * (tile_height + gap) - gap
    scale = int(min(box_width / mosaic_width, box_height / mosaic_height))
    if scale < _LEAST_WHOLE_SCALE:
        scale = 1
        cell = min(box_width / (columns * tile_width), box_height / (rows * tile_height))
        gap = max(round(ratio), 1) if cell * min(tile_width, tile_height) >= _LEAST_TILE_WITH_GAP + ratio else 0
        fit = min(((box_width + gap) / columns - gap) / tile_width, ((box_height + gap) / rows - gap) / tile_height)
        tile_width, tile_height = max(int(tile_width * fit), 1), max(int(tile_height * fit), 1)
    unplaced = MosaicLayout(count, columns, rows, tile_width, tile_height, gap, scale, ratio, 0, 0)
    size = unplaced.mosaic_rect().size()
    left = box.left() + max(box.width() - size.width(), 0) / 2
    top = box.top() + max(box.height() - size.height(), 0) / 2
    return replace(unplaced, left=round(left * ratio), top=round(top * ratio))


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
