"""What a mosaic shows: tiles, the order that they stand in, and the scale of their colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.app.mosaic_image import Filters
from rbm_studio.app.mosaic_scale import next_limit, robust_limit

if TYPE_CHECKING:
    from numpy.typing import NDArray


class MosaicContent:
    """Keeps order and scale while the tiles change; knows no widget.

    Attributes
    ----------
    filters : Filters or None
        What is to be drawn.
    has_own_scales : bool
        Whether each tile has a colour scale of its own.
    """

    def __init__(self) -> None:
        self.filters: Filters | None = None
        self.has_own_scales = False
        self._limit: float | None = None
        self._places: NDArray[np.intp] | None = None

    @property
    def count(self) -> int:
        """How many tiles there are."""
        return 0 if self.filters is None else self.filters.count

    @property
    def limit(self) -> float:
        """The magnitude that has the common scale's last colours."""
        return 1.0 if self._limit is None else self._limit

    @property
    def shown_limit(self) -> float | None:
        """The same, or None if each tile has its own."""
        return None if self.has_own_scales else self.limit

    def place(self, index: int) -> int:
        """Return where a tile stands."""
        return index if self._places is None else int(self._places[index])

    def index(self, place: int) -> int:
        """Return which tile stands at a place; -1 where none does."""
        if self.filters is None or not 0 <= place < self.filters.count:
            return -1
        return place if self.filters.order is None else int(self.filters.order[place])

    def set_tiles(self, tiles: NDArray[np.float32] | None) -> bool:
        """Take tiles, of shape (n, height, width); return whether their number or shape is another.

        Then they stand in the order of their indices, and the scale begins anew.
        """
        before = self.filters
        if tiles is None or tiles.size == 0:
            self.filters = self._limit = self._places = None
            return before is not None
        # As an RBM's weights lie in memory, one unit beside the other, they need no copy.
        weights = np.ascontiguousarray(tiles.transpose(1, 2, 0))
        is_alike = before is not None and before.weights.shape == weights.shape
        if not is_alike:
            self._limit = self._places = None
        self._limit = next_limit(self._limit, robust_limit(weights))
        self.filters = Filters(weights, before.order if before is not None and is_alike else None, self.shown_limit)
        return not is_alike

    def set_order(self, order: NDArray[np.intp] | None) -> None:
        """Say which tile stands at each place; None for the order of the indices.

        Raises
        ------
        ValueError
            If it is no permutation of the tiles.
        """
        if order is not None and not np.array_equal(np.sort(order), np.arange(self.count)):
            raise ValueError(f"the order is no permutation of the {self.count} tiles")
        self._places = None if order is None else np.argsort(order)
        if self.filters is not None:
            self.filters = Filters(self.filters.weights, order, self.shown_limit)

    def set_own_scales(self, own: bool) -> None:
        """Colour each tile by its own largest magnitude, or all by one limit."""
        self.has_own_scales = own
        if self.filters is not None:
            self.filters = Filters(self.filters.weights, self.filters.order, self.shown_limit)
