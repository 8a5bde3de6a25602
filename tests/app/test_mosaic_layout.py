from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF

from rbm_studio.app.mosaic_layout import Cells, best_grid, enlarge, lay_out, tile, tile_columns


def test_tile_puts_images_row_after_row() -> None:
    images = np.arange(5 * 2 * 3, dtype=np.float32).reshape(5, 2, 3)
    mosaic = tile(images, columns=2, gap=1)
    assert mosaic.shape == (3 * 3 - 1, 2 * 4 - 1)
    assert mosaic.dtype == np.float32
    for index, image in enumerate(images):
        row, column = divmod(index, 2)
        assert (mosaic[row * 3 : row * 3 + 2, column * 4 : column * 4 + 3] == image).all()
    assert np.isnan(mosaic[2]).all()
    assert np.isnan(mosaic[:, 3]).all()
    assert np.isnan(mosaic[6:, 4:]).all()
    assert np.isfinite(mosaic).sum() == images.size


def test_tile_without_gap_and_with_another_fill() -> None:
    images = np.ones((3, 2, 2), dtype=np.float32)
    assert tile(images, columns=2, gap=0, fill=0.0).tolist() == [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0]]
    assert tile(images[:0], columns=2).shape == (0, 0)


@pytest.mark.parametrize(
    ("count", "aspect", "columns"),
    [(64, 1.0, 8), (64, 4.0, 16), (64, 0.25, 4), (1, 3.0, 1), (10, 100.0, 10), (0, 1.0, 1)],
)
def test_tile_columns(count: int, aspect: float, columns: int) -> None:
    assert tile_columns(count, aspect) == columns


@pytest.mark.parametrize("count", [1, 2, 7, 60, 64, 100, 513])
@pytest.mark.parametrize(("width", "height"), [(300.0, 300.0), (800.0, 200.0), (100.0, 900.0)])
@pytest.mark.parametrize("aspect", [1.0, 2.5])
def test_best_grid_gives_the_largest_cells(count: int, width: float, height: float, aspect: float) -> None:
    def cell(columns: int, rows: int) -> float:
        return min(width / columns / aspect, height / rows)

    columns, rows = best_grid(count, width, height, aspect)
    assert columns * rows >= count
    grids = product(range(1, count + 1), repeat=2)
    assert cell(columns, rows) == pytest.approx(max(cell(c, r) for c, r in grids if c * r >= count))


@pytest.mark.parametrize("shape", [(1, 28, 28), (64, 28, 28), (100, 7, 7), (1024, 28, 28), (6, 10, 30), (4096, 28, 28)])
@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("box", [QRectF(4, 4, 300, 200), QRectF(4, 4, 160, 700), QRectF(0, 0, 1600, 1000)])
def test_a_layout_lies_in_its_box_and_finds_its_tiles(shape: tuple[int, int, int], ratio: float, box: QRectF) -> None:
    layout = lay_out(shape, box, ratio)
    half_a_pixel = 0.5 / ratio
    grown = box.adjusted(-half_a_pixel, -half_a_pixel, half_a_pixel, half_a_pixel)
    assert grown.contains(layout.mosaic_rect())
    for index in range(0, shape[0], max(shape[0] // 50, 1)):
        assert layout.index_at(layout.tile_rect(index).center()) == index
        assert layout.mosaic_rect().contains(layout.tile_rect(index).center())
    assert layout.index_at(QPointF(-1, -1)) == -1


def test_places_without_a_tile_have_no_index() -> None:
    layout = lay_out((5, 10, 10), QRectF(0, 0, 300, 200), 1.0)
    assert (layout.columns, layout.rows) == (3, 2)
    assert layout.index_at(layout.tile_rect(4).center()) == 4
    assert layout.index_at(layout.tile_rect(5).center()) == -1
    full, rest = layout.filled_rects()
    assert full.contains(layout.tile_rect(2))
    assert rest.contains(layout.tile_rect(4))
    assert not rest.intersects(layout.tile_rect(5).adjusted(2 * layout.scale, 0, 0, 0))


def test_large_tiles_are_magnified_by_a_whole_number() -> None:
    layout = lay_out((4, 28, 28), QRectF(0, 0, 600, 600), 2.0)
    assert (layout.tile_width, layout.tile_height) == (28, 28)
    assert layout.scale == 1200 // 57


@pytest.mark.parametrize("shape", [(10, 28, 28), (64, 28, 28), (1024, 28, 28), (4096, 28, 28), (7, 10, 30)])
@pytest.mark.parametrize("factor", [1.0, 1.3, 2.0, 5.7, 40.0])
@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_enlarged_tiles_keep_rows_and_columns_and_whole_pixels(
    shape: tuple[int, int, int], factor: float, ratio: float
) -> None:
    fit = lay_out(shape, QRectF(0, 0, 400, 300), ratio)
    large = enlarge(fit, shape, factor)
    assert (large.count, large.columns, large.rows) == (fit.count, fit.columns, fit.rows)
    wanted = fit.tile_height * fit.scale * factor
    # To a whole number of screen pixels, or of screen pixels for each of the tile's.
    assert abs(large.tile_height * large.scale - wanted) <= max(0.5, shape[1] if large.scale > 1 else 0)
    assert large.scale == 1 or (large.tile_height, large.tile_width) == shape[1:]
    assert large.tile_width / large.tile_height == pytest.approx(shape[2] / shape[1], abs=0.5 / large.tile_height + 0.1)
    if factor == 1:
        assert large == fit


def test_cells_are_those_that_a_window_shows() -> None:
    layout = lay_out((50, 10, 10), QRectF(0, 0, 500, 300), 1.0)
    assert layout.cells_in(layout.mosaic_rect()) == Cells(0, 0, layout.columns, layout.rows)
    one = layout.tile_rect(layout.columns + 2)
    assert layout.cells_in(one) == Cells(2, 1, 1, 1)
    assert layout.cells_rect(Cells(2, 1, 1, 1)) == one
    four = one.united(layout.tile_rect(2 * layout.columns + 3))
    assert layout.cells_in(four) == Cells(2, 1, 2, 2)
    assert layout.cells_rect(Cells(2, 1, 2, 2)) == four
    assert layout.cells_in(QRectF(-50, -50, 10, 10)) == Cells(0, 0, 0, 0)
