from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage

from rbm_studio.app.images import diverging_colours, diverging_image, diverging_levels, grey_image, grey_values

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


def test_levels_may_have_a_limit_for_each_column() -> None:
    values = np.array([[1, 1, 1], [-2, 0, np.nan]], dtype=np.float32)
    levels = diverging_levels(values, np.array([1, 2, 1], dtype=np.float32))
    assert levels.tolist() == [[255, 192, 255], [1, 128, 0]]
    with pytest.raises(ValueError, match="limit must be greater than 0"):
        diverging_levels(values, np.array([1, 0, 1], dtype=np.float32))
