from __future__ import annotations

import numpy as np
import pytest

from rbm_studio.data import DataError, Dataset


def dataset(height: int = 28, width: int = 28, *, labels: int = 3) -> Dataset:
    images = np.random.default_rng(0).integers(0, 256, (3, height, width), np.uint8)
    return Dataset("Drawn", "here", images, np.zeros(labels, np.uint8), images[:1], None, "a note")


@pytest.mark.parametrize(
    ("own", "offered"),
    [
        ((28, 28), ((28, 28), (20, 20), (14, 14), (10, 10), (7, 7))),
        ((8, 8), ((8, 8), (6, 6), (4, 4))),
        ((32, 16), ((32, 16), (23, 11), (16, 8))),
        ((1, 1), ((1, 1),)),
    ],
)
def test_sizes_begin_with_the_own_and_shrink(own: tuple[int, int], offered: tuple[tuple[int, int], ...]) -> None:
    assert dataset(*own).sizes() == offered


def test_resampling_keeps_everything_but_the_size() -> None:
    original = dataset()
    small = original.resampled((14, 10))
    assert small.image_shape == (14, 10)
    assert small.test_images.shape == (1, 14, 10)
    assert (small.name, small.source, small.note) == ("Drawn", "here", "a note")
    assert small.train_labels is original.train_labels
    assert original.resampled((28, 28)) is original


def test_labels_of_another_count_are_refused() -> None:
    with pytest.raises(DataError, match="3 training images but 5 labels"):
        dataset(labels=5)


def test_no_images_are_refused() -> None:
    nothing = np.zeros((0, 28, 28), np.uint8)
    with pytest.raises(DataError, match="no training images"):
        Dataset("Empty", "here", nothing, None, nothing, None)


def test_flat_images_are_refused() -> None:
    flat = np.zeros((1, 784), np.uint8)
    with pytest.raises(DataError, match=r"shape \(1, 784\)"):
        Dataset("Flat", "here", flat, None, flat, None)


def test_parts_of_different_sizes_are_refused() -> None:
    train, test = np.zeros((1, 28, 28), np.uint8), np.zeros((1, 20, 28), np.uint8)
    with pytest.raises(DataError, match="28 by 28 pixels in size, and the test images 20 by 28"):
        Dataset("Mixed", "here", train, None, test, None)
