"""Filters as one picture: some rows and columns of a mosaic, at the size that a layout gives its tiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.app.images import diverging_levels
from rbm_studio.data.resampling import averaging_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rbm_studio.app.mosaic_layout import Cells


@dataclass(frozen=True, eq=False)
class Filters:
    """What a mosaic shows.

    Attributes
    ----------
    weights : float32 ndarray of shape (height, width, n)
        As they lie in an RBM's w: one unit beside the other.
    order : intp ndarray of shape (n,), or None
        Which unit stands at each place; None for the order of their indices.
    limit : float or None
        The magnitude that has the last colours; None gives each filter its own, its largest weight.
    """

    weights: NDArray[np.float32]
    order: NDArray[np.intp] | None
    limit: float | None

    @property
    def count(self) -> int:
        """How many units there are."""
        return int(self.weights.shape[2])

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of a filter."""
        height, width, _ = self.weights.shape
        return height, width

    def alone(self, unit: int) -> Filters:
        """Return one of the filters, in the colours that it has here."""
        return Filters(self.weights[:, :, unit : unit + 1], None, self.limit)

    def units_at(self, cells: Cells, columns: int) -> NDArray[np.intp]:
        """Return the units that stand in some cells of a mosaic of so many columns, row by row."""
        rows = np.arange(cells.first_row, cells.first_row + cells.rows, dtype=np.intp)
        places = rows[:, None] * columns + np.arange(cells.first_column, cells.first_column + cells.columns)
        # Only the last row has places without a unit, at its end.
        places = places[places < self.count]
        return places if self.order is None else self.order[places]


def mosaic_levels(filters: Filters, columns: int, cells: Cells, shape: tuple[int, int], gap: int) -> NDArray[np.uint8]:
    """Return levels of the diverging colours for some cells of a mosaic.

    Parameters
    ----------
    filters : Filters
    columns : int
        Of the whole mosaic.
    cells : Cells
        Some of it, at least one.
    shape : (height, width)
        Of a tile; filters of another shape are resampled by area averaging.
    gap : int
        Pixels between neighbours; none at the edges.

    Returns
    -------
    ndarray of shape (cells.rows * (height + gap) - gap, cells.columns * (width + gap) - gap), uint8
        See `rbm_studio.app.images.diverging_levels`; 0 in the gaps and where there is no unit.
    """
    height, width = shape
    units = filters.units_at(cells, columns)
    levels = np.zeros((height, width, cells.rows * cells.columns), dtype=np.uint8)
    levels[:, :, : len(units)] = _tile_levels(filters, units, shape)
    mosaic = np.zeros((cells.rows, height + gap, cells.columns, width + gap), dtype=np.uint8)
    tiles = levels.reshape(height, width, cells.rows, cells.columns).transpose(2, 0, 3, 1)
    mosaic[:, :height, :, :width] = tiles
    joined = mosaic.reshape(cells.rows * (height + gap), cells.columns * (width + gap))
    return joined[: joined.shape[0] - gap, : joined.shape[1] - gap]


def own_limits(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each filter's largest |w|, of shape (n,), for weights of shape (height, width, n); 1 where all are 0."""
    magnitudes = np.abs(weights)
    largest: NDArray[np.float32] = magnitudes.max(axis=(0, 1), where=np.isfinite(magnitudes), initial=0)
    largest[largest == 0] = 1
    return largest


def _tile_levels(filters: Filters, units: NDArray[np.intp], shape: tuple[int, int]) -> NDArray[np.uint8]:
    every = filters.order is None and len(units) == filters.weights.shape[2]
    weights = filters.weights if every else filters.weights.take(units, axis=2)
    limit = own_limits(weights) if filters.limit is None else filters.limit
    return diverging_levels(weights if weights.shape[:2] == shape else _resampled(weights, shape), limit)


def _resampled(weights: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Average over areas, as `rbm_studio.data.resampling.resample` does, without another order of the memory."""
    height, width, count = weights.shape
    # A filter with NaN or infinite weights is all NaN then: its neighbours must not be.
    with np.errstate(over="ignore", invalid="ignore"):
        fewer_rows = averaging_matrix(height, shape[0]) @ weights.reshape(height, width * count)
        resampled: NDArray[np.float32] = averaging_matrix(width, shape[1]) @ fewer_rows.reshape(shape[0], width, count)
    return resampled
