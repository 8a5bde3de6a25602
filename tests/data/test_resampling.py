from __future__ import annotations

import numpy as np
import pytest

from rbm_studio.data.resampling import resample


def test_halving_takes_the_mean_of_each_square() -> None:
    images = np.random.default_rng(0).random((3, 28, 28), np.float32)
    means = images.reshape(3, 14, 2, 14, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(resample(images, (14, 14)), means, rtol=1e-5)


def test_a_pixel_on_a_border_counts_by_the_part_inside() -> None:
    row = np.array([[0.0, 0.3, 0.9]], np.float32)
    # Each new pixel is 1.5 old ones wide, so the middle one is shared by halves.
    np.testing.assert_allclose(resample(row, (1, 2)), [[0.15 / 1.5, (0.15 + 0.9) / 1.5]], rtol=1e-6)


@pytest.mark.parametrize("shape", [(20, 20), (10, 10), (7, 7), (5, 9), (56, 40)])
def test_mean_ink_is_kept(shape: tuple[int, int]) -> None:
    images = np.random.default_rng(1).random((4, 28, 28), np.float32)
    resized = resample(images, shape)
    np.testing.assert_allclose(resized.mean(axis=(1, 2)), images.mean(axis=(1, 2)), rtol=1e-5)
    assert resized.dtype == np.float32


def test_bytes_are_rounded_to_the_nearest() -> None:
    images = np.array([[10, 11], [11, 11]], np.uint8)
    resized = resample(images, (1, 1))
    assert resized.dtype == np.uint8
    assert resized.item() == 11


@pytest.mark.parametrize("value", [0, 255])
def test_values_never_leave_the_range(value: int) -> None:
    grey = np.full((28, 28), value / 255, np.float32)
    assert (resample(grey, (9, 11)) == np.float32(value / 255)).all()
    assert (resample(np.full((28, 28), value, np.uint8), (9, 11)) == value).all()


def test_leading_axes_are_free_and_many_images_are_right() -> None:
    images = np.random.default_rng(2).integers(0, 256, (3, 1500, 8, 6), np.uint8)
    resized = resample(images, (4, 3))
    assert resized.shape == (3, 1500, 4, 3)
    np.testing.assert_array_equal(resized[2, 1499], resample(images[2, 1499], (4, 3)))


def test_a_size_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        resample(np.zeros((2, 2), np.float32), (0, 2))
