from __future__ import annotations

import numpy as np
import pytest

from rbm_studio.app.images import diverging_levels
from rbm_studio.app.mosaic_image import Filters, mosaic_levels, own_limits
from rbm_studio.app.mosaic_layout import Cells, tile
from rbm_studio.data.resampling import resample

COUNT, COLUMNS, ROWS = 10, 4, 3
ALL = Cells(0, 0, COLUMNS, ROWS)


def weights(height: int = 6, width: int = 5) -> np.ndarray:
    return np.random.default_rng(2).normal(size=(height, width, COUNT)).astype(np.float32)


def as_tiles(w: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(w.transpose(2, 0, 1))


@pytest.mark.parametrize("order", [None, np.random.default_rng(0).permutation(COUNT)])
@pytest.mark.parametrize("gap", [0, 1, 2])
def test_all_filters_stand_row_after_row_in_their_order(order: np.ndarray | None, gap: int) -> None:
    w = weights()
    shown = as_tiles(w) if order is None else as_tiles(w)[order]
    expected = diverging_levels(tile(shown, COLUMNS, gap), 1.5)
    assert (mosaic_levels(Filters(w, order, 1.5), COLUMNS, ALL, (6, 5), gap) == expected).all()


@pytest.mark.parametrize("cells", [Cells(0, 0, 1, 1), Cells(1, 1, 2, 2), Cells(2, 1, 2, 2), Cells(3, 2, 1, 1)])
def test_some_cells_are_a_part_of_the_whole(cells: Cells) -> None:
    filters = Filters(weights(), np.random.default_rng(0).permutation(COUNT), None)
    whole = mosaic_levels(filters, COLUMNS, ALL, (6, 5), 1)
    top, left = cells.first_row * 7, cells.first_column * 6
    part = whole[top : top + cells.rows * 7 - 1, left : left + cells.columns * 6 - 1]
    assert (mosaic_levels(filters, COLUMNS, cells, (6, 5), 1) == part).all()


@pytest.mark.parametrize("shape", [(3, 2), (1, 1), (9, 10)])
def test_another_size_is_averaged_over_areas(shape: tuple[int, int]) -> None:
    w = weights()
    expected = diverging_levels(tile(resample(as_tiles(w), shape), COLUMNS, 1), 1.5)
    levels = mosaic_levels(Filters(w, None, 1.5), COLUMNS, ALL, shape, 1)
    assert np.abs(levels.astype(int) - expected.astype(int)).max() <= 1


def test_with_scales_of_their_own_each_filter_reaches_the_last_colour() -> None:
    w = weights() * np.logspace(-6, 3, COUNT, dtype=np.float32)
    w[..., 3] = 0
    levels = mosaic_levels(Filters(w, None, None), COLUMNS, ALL, (6, 5), 0)
    for unit in range(COUNT):
        row, column = divmod(unit, COLUMNS)
        own = levels[row * 6 : row * 6 + 6, column * 5 : column * 5 + 5].astype(int)
        assert np.abs(own - 128).max() == (0 if unit == 3 else 127)


def test_own_limits_ignore_what_is_not_finite() -> None:
    w = weights()
    w[0, 0], w[1, 1] = np.nan, np.inf
    w[..., 4] = np.nan
    expected = [np.abs(w[..., unit][np.isfinite(w[..., unit])]).max(initial=0) or 1 for unit in range(COUNT)]
    assert own_limits(w) == pytest.approx(expected)


def test_weights_that_are_not_numbers_spoil_their_own_filter_only() -> None:
    w = weights()
    good = mosaic_levels(Filters(w, None, 1.5), COLUMNS, ALL, (3, 3), 0)
    spoiled = w.copy()
    spoiled[2, 2, 5], spoiled[1, 1, 6] = np.nan, np.inf
    levels = mosaic_levels(Filters(spoiled, None, 1.5), COLUMNS, ALL, (3, 3), 0)
    same = np.ones_like(levels, dtype=bool)
    same[3:6, 3:9] = False
    assert (levels == good)[same].all()
    assert (levels != good).any()


def test_one_filter_alone_keeps_its_colours() -> None:
    filters = Filters(weights(), np.random.default_rng(0).permutation(COUNT), 1.5)
    alone = filters.alone(7)
    assert alone.count == 1
    expected = diverging_levels(weights()[..., 7], 1.5)
    assert (mosaic_levels(alone, 1, Cells(0, 0, 1, 1), (6, 5), 1) == expected).all()
