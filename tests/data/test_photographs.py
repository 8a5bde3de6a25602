from __future__ import annotations

import numpy as np
import pytest

from rbm_studio.data import DataError
from rbm_studio.data.handwriting import normalize_image, render
from rbm_studio.data.photographs import ink_of

from .test_handwriting import DIGITS, EVERY_DIGIT


def photograph(digit: int, seed: int = 0) -> np.ndarray:
    """Return a grainy picture of a digit in dark ink, on paper that the light falls on from one side."""
    ink = np.kron(render(DIGITS[digit]), np.ones((8, 8), np.float32))
    y, x = np.indices(ink.shape) / len(ink)
    paper = 0.55 + 0.3 * x - 0.1 * y
    grain = np.random.default_rng(seed).normal(0, 0.015, ink.shape)
    taken: np.ndarray = np.clip(paper * (1 - 0.75 * ink) + grain, 0, 1).astype(np.float32)
    return taken


@EVERY_DIGIT
def test_light_ink_on_black_is_left_alone(digit: int) -> None:
    drawn = render(DIGITS[digit])
    ink, inverted = ink_of(drawn)
    assert not inverted
    assert np.array_equal(ink, drawn)


@EVERY_DIGIT
def test_dark_ink_on_white_is_inverted(digit: int) -> None:
    drawn = render(DIGITS[digit])
    ink, inverted = ink_of(1 - drawn)
    assert inverted
    np.testing.assert_allclose(ink, drawn, atol=1e-6)


@EVERY_DIGIT
@pytest.mark.parametrize("negative", [False, True])
def test_of_a_photograph_the_ink_is_left(digit: int, negative: bool) -> None:
    taken = 1 - photograph(digit) if negative else photograph(digit)
    ink, inverted = ink_of(taken)
    assert inverted is not negative
    drawn = np.kron(render(DIGITS[digit]), np.ones((8, 8)))
    assert ink[drawn == 0].max() < 0.1
    assert ink[drawn == 1].min() > 0.6
    assert ink.max() == 1
    assert max(np.ptp(np.argwhere(normalize_image(ink) > 0.1), axis=0)) == 19


@pytest.mark.parametrize("shade", [0.0, 0.4, 0.8, 1.0])
def test_an_empty_page_holds_no_ink(shade: float) -> None:
    ink, inverted = ink_of(np.full((40, 30), shade, np.float32))
    assert inverted is (shade > 0.5)
    assert not ink.any()


def test_pale_ink_on_dark_paper_is_not_inverted_though_the_paper_is_no_black() -> None:
    page = np.full((60, 60), 0.6, np.float32)
    page[20:40, 28:32] = 0.95
    ink, inverted = ink_of(page)
    assert not inverted
    assert ink[30, 30] == 1
    assert ink[5, 5] == 0


def test_a_picture_of_one_pixel_is_a_picture() -> None:
    assert ink_of(np.ones((1, 1), np.float32))[0].shape == (1, 1)


def test_a_picture_without_pixels_is_refused() -> None:
    with pytest.raises(DataError, match="no pixels"):
        ink_of(np.zeros((0, 5), np.float32))
