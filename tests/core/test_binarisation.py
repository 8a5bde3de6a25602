from __future__ import annotations

import numpy as np
import pytest

from rbm_studio.core.backend import CPU
from rbm_studio.core.binarisation import BINARISATIONS


def binarised(name: str, values: list[float], count: int = 1, threshold: float = 0.5) -> np.ndarray:
    images = np.tile(np.array(values, dtype=np.float32), (count, 1))
    rng = CPU.generator(np.random.SeedSequence(0))
    BINARISATIONS[name].apply(images, rng, threshold, np.empty_like(images))
    assert images.dtype == np.float32
    return images


def test_grey_values_stay() -> None:
    np.testing.assert_allclose(binarised("grey", [0.0, 0.3, 1.0]), [[0.0, 0.3, 1.0]])
    assert not BINARISATIONS["grey"].is_binary


@pytest.mark.parametrize(("threshold", "expected"), [(0.5, [0, 0, 0, 1, 1]), (0.0, [0, 1, 1, 1, 1]), (1.0, [0] * 5)])
def test_a_pixel_above_the_threshold_is_on(threshold: float, expected: list[int]) -> None:
    values = binarised("threshold", [0.0, 0.25, 0.5, 0.75, 1.0], threshold=threshold)
    np.testing.assert_array_equal(values, [expected])
    assert BINARISATIONS["threshold"].is_binary


def test_a_pixel_is_on_as_often_as_it_is_bright() -> None:
    count = 20_000
    states = binarised("stochastic", [0.0, 0.1, 0.5, 0.9, 1.0], count)
    assert set(np.unique(states)) == {0.0, 1.0}
    mean = states.mean(axis=0)
    assert (mean[0], mean[-1]) == (0.0, 1.0)
    np.testing.assert_allclose(mean[1:-1], [0.1, 0.5, 0.9], atol=4 * 0.5 / count**0.5)
    assert BINARISATIONS["stochastic"].is_binary


def test_words_name_the_threshold() -> None:
    assert BINARISATIONS["threshold"].words(0.25) == "thresholded at 0.25"
    assert BINARISATIONS["grey"].words(0.25) == "grey values"
    assert BINARISATIONS["stochastic"].words(0.25) == "made binary at random"
