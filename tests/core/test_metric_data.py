from __future__ import annotations

import math

import numpy as np
import pytest

from rbm_studio.core.metric_data import ROWS, MetricData, entropy_of_images


def test_grey_levels_become_values_in_order_in_blocks() -> None:
    images = np.arange(2 * ROWS + 1, dtype=np.uint8)[:, None] * np.ones(3, dtype=np.uint8)
    labels = np.arange(2 * ROWS + 1)
    blocks = list(MetricData(images, labels).blocks())
    assert [len(block.visible) for block in blocks] == [ROWS, ROWS, 1]
    np.testing.assert_allclose(np.concatenate([block.visible for block in blocks]), images / 255, rtol=1e-6)
    assert {block.visible.dtype for block in blocks} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(np.concatenate([b.labels for b in blocks if b.labels is not None]), labels)


def test_the_images_themselves_are_not_changed() -> None:
    images = np.full((4, 3), 0.4, dtype=np.float32)
    (block,) = MetricData(images, binarisation="threshold", threshold=0.3).blocks()
    np.testing.assert_array_equal(block.visible, 1)
    np.testing.assert_array_equal(images, np.float32(0.4))


def test_random_states_are_the_same_each_time() -> None:
    data = MetricData(np.full((ROWS + 5, 7), 128, dtype=np.uint8), binarisation="stochastic", seed=1)
    first, again = (np.concatenate([block.visible for block in data.blocks()]) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    other = MetricData(data.images, binarisation="stochastic", seed=2)
    assert (np.concatenate([block.visible for block in other.blocks()]) != first).any()


def test_who_watches_can_end_it() -> None:
    seen: list[tuple[int, int]] = []

    def watch(done: int, total: int) -> None:
        seen.append((done, total))
        if done > ROWS:
            raise KeyboardInterrupt

    data = MetricData(np.zeros((3 * ROWS, 2), dtype=np.uint8), watch=watch)
    with pytest.raises(KeyboardInterrupt):
        list(data.blocks())
    assert seen == [(ROWS, 3 * ROWS), (2 * ROWS, 3 * ROWS)]


@pytest.mark.parametrize("pixels", [1, 8, 9, 30])
def test_the_entropy_counts_images_that_are_there_twice(pixels: int) -> None:
    images = np.zeros((8, pixels), dtype=np.uint8)
    images[4:6, -1] = 255
    images[6:, 0] = 200
    images[7, 0] = 129  # the same once it is binary
    expected = math.log(2) if pixels == 1 else 0.5 * math.log(2) + 0.5 * math.log(4)
    data = MetricData(images, binarisation="threshold")
    assert entropy_of_images(data) == pytest.approx(expected, abs=1e-12)


def test_the_entropy_of_different_images_is_that_of_their_number() -> None:
    images = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1) * np.uint8(255)
    assert entropy_of_images(MetricData(images, binarisation="threshold")) == pytest.approx(math.log(256))


def test_the_binarisation_is_named() -> None:
    data = MetricData(np.zeros((1, 1), dtype=np.uint8), binarisation="threshold", threshold=0.4)
    assert data.binarisation_in_words == "thresholded at 0.4"
    assert data.is_binary
    assert not MetricData(data.images).is_binary


def test_grey_values_become_states_by_the_threshold_and_states_stay() -> None:
    training = MetricData(np.array([[10, 200]], dtype=np.uint8), threshold=0.4)
    data = MetricData(np.array([[90, 110]], dtype=np.uint8), threshold=0.4, training=training, name="two pixels")
    [block] = data.as_states().blocks()
    assert block.visible.tolist() == [[0.0, 1.0]]
    assert data.as_states().name == "two pixels"
    compared = data.as_states().training
    assert compared is not None
    assert compared.is_binary
    assert not data.is_binary
    for binarisation in ("stochastic", "threshold"):
        assert MetricData(data.images, binarisation=binarisation).as_states().binarisation == binarisation
