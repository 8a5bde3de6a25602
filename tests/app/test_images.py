from __future__ import annotations

import gc
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage

from rbm_studio.app.images import (
    best_grid,
    diverging_colours,
    diverging_image,
    grey_image,
    grey_values,
    lay_out,
    tile,
    tile_columns,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Full deuteranopia and protanopia in linear RGB: Machado, Oliveira & Fernandes, IEEE TVCG 15 (2009).
DEUTERANOPIA = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
PROTANOPIA = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]


def colour_at(image: QImage, row: int, column: int) -> tuple[int, int, int, int]:
    colour = QColor(image.pixelColor(column, row))
    return colour.red(), colour.green(), colour.blue(), colour.alpha()


def greys(image: QImage) -> list[list[int]]:
    return [[image.pixelColor(x, y).red() for x in range(image.width())] for y in range(image.height())]


def test_grey_image_of_floats() -> None:
    values = np.array([[0.0, 0.5, 1.0], [-3.0, 7.0, np.nan]], dtype=np.float32)
    assert greys(grey_image(values)) == [[0, 128, 255], [0, 255, 0]]


def test_grey_image_of_bytes_with_rows_that_qt_pads() -> None:
    values = np.arange(35, dtype=np.uint8).reshape(5, 7)
    assert greys(grey_image(values)) == values.tolist()
    assert greys(grey_image(values.T)) == values.T.tolist()


def test_grey_values_are_what_the_image_was_made_of() -> None:
    values = np.arange(35, dtype=np.uint8).reshape(5, 7)
    read = grey_values(grey_image(values))
    assert read.dtype == np.float32
    assert (read * 255).round().tolist() == values.tolist()
    assert grey_values(diverging_image(np.zeros((2, 3), dtype=np.float32), 1.0)).min() > 0.9
    assert grey_values(QImage()).shape == (0, 0)


def test_an_image_outlives_its_array_and_does_not_change_it() -> None:
    values = np.full((64, 64), 200, dtype=np.uint8)
    weights = np.full((64, 64), 0.5, dtype=np.float32)
    grey, coloured = grey_image(values), diverging_image(weights, 1.0)
    before = colour_at(coloured, 63, 63)
    assert (weights == 0.5).all()
    values[:] = 0
    weights[:] = -1
    del values, weights
    gc.collect()
    assert greys(grey) == [[200] * 64] * 64
    assert colour_at(coloured, 63, 63) == before


def test_images_of_nothing_are_null() -> None:
    nothing = np.empty((0, 0), dtype=np.float32)
    assert grey_image(nothing).isNull()
    assert diverging_image(nothing, 1.0).isNull()


def test_diverging_image_is_blue_below_zero_and_orange_above() -> None:
    image = diverging_image(np.array([[-2.0, -1.0, 0.0, 1.0, 2.0, np.nan]], dtype=np.float32), 2.0)
    colours = diverging_colours()
    assert colour_at(image, 0, 0) == (*colours[1], 255)
    assert colour_at(image, 0, 4) == (*colours[255], 255)
    assert colour_at(image, 0, 5)[3] == 0
    red, green, blue, _ = colour_at(image, 0, 2)
    assert red == green == blue > 240
    red, _, blue, _ = colour_at(image, 0, 1)
    assert blue > red + 60
    red, _, blue, _ = colour_at(image, 0, 3)
    assert red > blue + 60


def test_diverging_image_saturates_whatever_the_size_of_the_weights() -> None:
    values = np.array([[-np.inf, -3e38, -1.0, 0.0, 1.0, 3e38, np.inf]], dtype=np.float32)
    image = diverging_image(values, 1e-40)
    colours = diverging_colours()
    assert [colour_at(image, 0, x)[:3] for x in (0, 1, 2)] == [tuple(colours[1])] * 3
    assert colour_at(image, 0, 3)[:3] == tuple(colours[128])
    assert [colour_at(image, 0, x)[:3] for x in (4, 5, 6)] == [tuple(colours[255])] * 3


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan")])
def test_diverging_image_refuses_a_limit_that_is_none(limit: float) -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        diverging_image(np.zeros((2, 2), dtype=np.float32), limit)


def linear(colours: NDArray[np.uint8]) -> NDArray[np.float64]:
    values = colours / 255
    return np.asarray(np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4))


def test_equal_sizes_look_equally_bright_and_greater_ones_darker() -> None:
    brightness = np.cbrt(linear(diverging_colours()) @ [0.2126, 0.7152, 0.0722])
    positive, negative = brightness[128:256], brightness[128:0:-1]
    assert np.abs(positive - negative).max() < 0.06
    assert (np.diff(positive) < 0.003).all()
    assert (np.diff(negative) < 0.003).all()
    assert positive[-1] < 0.4 < 0.9 < positive[0]


@pytest.mark.parametrize("vision", [DEUTERANOPIA, PROTANOPIA])
def test_colour_blind_people_can_tell_the_signs(vision: list[list[float]]) -> None:
    seen = np.clip(linear(diverging_colours()) @ np.array(vision).T, 0, 1) ** (1 / 2.2)
    # From a third of the limit on, the two signs differ by far more than neighbouring steps do.
    apart = np.linalg.norm(seen[170:256] - seen[86:0:-1], axis=1)
    assert apart.min() > 0.2


def test_the_colours_cannot_be_changed_by_accident() -> None:
    assert diverging_colours().shape == (256, 3)
    with pytest.raises(ValueError, match="read-only"):
        diverging_colours()[0] = 0


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
