"""Many images as one mosaic: the columns that fill a room best, and where each tile lies on the screen."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from PySide6.QtCore import QPointF, QRectF

if TYPE_CHECKING:
    from numpy.typing import NDArray

Pixel = TypeVar("Pixel", np.uint8, np.float32)

# Up to here, whole-number scales would leave too much of the room empty.
_LEAST_WHOLE_SCALE = 4
# Tiles of fewer screen pixels than this need their room more than a gap.
_LEAST_TILE_WITH_GAP = 4


def tile(images: NDArray[Pixel], columns: int, gap: int = 1, fill: float = np.nan) -> NDArray[Pixel]:
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
class Cells:
    """Some neighbouring rows and columns of a mosaic."""

    first_column: int
    first_row: int
    columns: int
    rows: int


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

    @property
    def pitch(self) -> tuple[int, int]:
        """From one tile to the next, across and down, in screen pixels."""
        return (self.tile_width + self.gap) * self.scale, (self.tile_height + self.gap) * self.scale

    def cells_in(self, rect: QRectF) -> Cells:
        """Return the rows and columns that can be seen through a window of the mosaic; none beside it."""
        seen = rect.intersected(self.mosaic_rect())
        across, down = self.pitch
        first_column = min(int(max(seen.left() * self.ratio - self.left, 0) / across), self.columns - 1)
        first_row = min(int(max(seen.top() * self.ratio - self.top, 0) / down), self.rows - 1)
        last_column = min(math.ceil((seen.right() * self.ratio - self.left) / across), self.columns)
        last_row = min(math.ceil((seen.bottom() * self.ratio - self.top) / down), self.rows)
        if seen.isEmpty():
            return Cells(0, 0, 0, 0)
        return Cells(first_column, first_row, last_column - first_column, last_row - first_row)

    def cells_rect(self, cells: Cells) -> QRectF:
        """Return the place of some rows and columns in the widget's units, without a gap around them."""
        first = cells.first_row * self.columns + cells.first_column
        last = (cells.first_row + cells.rows - 1) * self.columns + cells.first_column + cells.columns - 1
        return self.tile_rect(first).united(self.tile_rect(last))

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
        gap = _gap_between(cell * min(tile_width, tile_height), ratio)
        fit = min(((box_width + gap) / columns - gap) / tile_width, ((box_height + gap) / rows - gap) / tile_height)
        tile_width, tile_height = max(int(tile_width * fit), 1), max(int(tile_height * fit), 1)
    unplaced = MosaicLayout(count, columns, rows, tile_width, tile_height, gap, scale, ratio, 0, 0)
    size = unplaced.mosaic_rect().size()
    left = box.left() + max(box.width() - size.width(), 0) / 2
    top = box.top() + max(box.height() - size.height(), 0) / 2
    return replace(unplaced, left=round(left * ratio), top=round(top * ratio))


def enlarge(fit: MosaicLayout, shape: tuple[int, ...], factor: float) -> MosaicLayout:
    """Make the tiles of a layout larger, in the same rows and columns; where they lie is still open.

    Parameters
    ----------
    fit : MosaicLayout
        Which `lay_out` returned.
    shape : (n, height, width)
        Of the array of tiles.
    factor : float
        At least 1. The tiles become that much larger, to whole screen pixels, or whole ones of each of their pixels.
    """
    if factor <= 1:
        return fit
    _, height, width = shape
    tile_height, tile_width = (size * fit.scale * factor for size in (fit.tile_height, fit.tile_width))
    # A last bit too little would cost a whole step.
    scale = int(tile_height / height + 1e-6)
    if scale >= _LEAST_WHOLE_SCALE:
        return replace(fit, tile_width=width, tile_height=height, gap=1, scale=scale)
    gap = _gap_between(min(tile_width, tile_height), fit.ratio)
    return replace(fit, tile_width=round(tile_width), tile_height=round(tile_height), gap=gap, scale=1)


def _gap_between(tile_size: float, ratio: float) -> int:
    """Return the gap between tiles of so many screen pixels, in screen pixels."""
    return max(round(ratio), 1) if tile_size >= _LEAST_TILE_WITH_GAP + ratio else 0
