from __future__ import annotations

import numpy as np
import pytest

from rbm_studio.core.metric_data import ROWS, MetricData
from rbm_studio.core.parameters import Parameters
from rbm_studio.core.unit_activity import BINS, measure_activity

from .enumeration import random_parameters


def grey_images(count: int, pixels: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, pixels)).astype(np.uint8)


def probabilities(p: Parameters, images: np.ndarray) -> np.ndarray:
    z = images.astype(np.float64) / 255 @ p.w.astype(np.float64) + p.hidden_bias
    return 1 / (1 + np.exp(-z))


def test_it_is_what_one_pass_over_all_images_at_once_gives() -> None:
    p = random_parameters(6, 5)
    # More than two blocks, the last one short.
    images, test = grey_images(2 * ROWS + 17, 6), grey_images(ROWS + 3, 6, seed=1)
    activity = measure_activity(p, MetricData(images), MetricData(test))
    h = probabilities(p, images)
    np.testing.assert_allclose(activity.mean_activity, h.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(activity.mean_visible, images.mean(axis=0) / 255, rtol=1e-5)
    restored = 1 / (1 + np.exp(-(h @ p.w.T.astype(np.float64) + p.visible_bias)))
    np.testing.assert_allclose(activity.mean_reconstruction, restored.mean(axis=0), rtol=1e-5)
    for unit in range(5):
        counts, _ = np.histogram(h[:, unit].astype(np.float32), bins=BINS, range=(0, 1))
        # A probability on the edge of two bins may round to either.
        assert np.abs(activity.counts[unit] - counts).sum() <= 2
    assert (activity.counts.sum(axis=1) == len(images)).all()
    assert (activity.images, activity.test_images) == (len(images), len(test))


def test_the_extremes_are_test_images_in_order() -> None:
    p = random_parameters(6, 5)
    test = grey_images(2 * ROWS + 3, 6, seed=1)
    activity = measure_activity(p, MetricData(grey_images(3, 6)), MetricData(test), extremes=4)
    h = probabilities(p, test)
    for unit in range(5):
        ranked = np.argsort(-h[:, unit])
        assert activity.most.images[unit].tolist() == ranked[:4].tolist()
        assert activity.least.images[unit].tolist() == ranked[::-1][:4].tolist()
        np.testing.assert_allclose(activity.most.probabilities[unit], h[ranked[:4], unit], rtol=1e-5)
        np.testing.assert_allclose(activity.least.probabilities[unit], h[ranked[::-1][:4], unit], rtol=1e-5)


def test_of_images_that_are_alike_the_earlier_ones_are_taken() -> None:
    p = random_parameters(2, 3)
    test = np.zeros((ROWS + 50, 2), dtype=np.uint8)
    activity = measure_activity(p, MetricData(test), MetricData(test), extremes=5)
    assert activity.most.images.tolist() == [[0, 1, 2, 3, 4]] * 3
    assert activity.least.images.tolist() == [[0, 1, 2, 3, 4]] * 3


def test_with_few_test_images_all_are_taken() -> None:
    p = random_parameters(6, 5)
    activity = measure_activity(p, MetricData(grey_images(4, 6)), MetricData(grey_images(3, 6)))
    assert sorted(activity.most.images[0].tolist()) == [0, 1, 2]
    assert activity.most.images[0].tolist() == activity.least.images[0].tolist()[::-1]


def test_dead_and_stuck_units_fill_the_outermost_bins() -> None:
    w = np.zeros((4, 2), dtype=np.float32)
    p = Parameters(w, np.zeros(4, dtype=np.float32), np.array([-1e6, 1e6], dtype=np.float32))
    activity = measure_activity(p, MetricData(grey_images(10, 4)), MetricData(grey_images(3, 4)))
    assert activity.counts[0].tolist() == [10, *[0] * (BINS - 1)]
    assert activity.counts[1].tolist() == [*[0] * (BINS - 1), 10]


def test_label_units_are_summed_out() -> None:
    p = random_parameters(3, 2)
    rng = np.random.default_rng(5)
    u, c = rng.normal(size=(3, 2)).astype(np.float32), rng.normal(size=3).astype(np.float32)
    p = Parameters(p.w, p.visible_bias, p.hidden_bias, u, c)
    images = grey_images(20, 3)
    activity = measure_activity(p, MetricData(images), MetricData(images))
    v = np.divide(images, 255, dtype=np.float32)
    weights = p.label_probabilities(v)
    expected = sum(weights[:, [y]] / (1 + np.exp(-(v @ p.w + p.hidden_bias + u[y]))) for y in range(3))
    np.testing.assert_allclose(activity.mean_activity, np.mean(expected, axis=0), rtol=1e-5)


def test_the_images_are_shown_as_the_training_shows_them() -> None:
    p = random_parameters(3, 2)
    images = np.array([[0, 100, 200]], dtype=np.uint8)
    data = MetricData(images, binarisation="threshold", threshold=0.5)
    activity = measure_activity(p, data, data)
    assert activity.mean_visible.tolist() == [0, 0, 1]
    np.testing.assert_allclose(activity.most.probabilities[:, 0], probabilities(p, np.array([[0, 0, 255]]))[0], 1e-5)


def test_parameters_without_numbers_are_no_error() -> None:
    w = np.full((4, 2), np.nan, dtype=np.float32)
    p = Parameters(w, np.zeros(4, dtype=np.float32), np.zeros(2, dtype=np.float32))
    activity = measure_activity(p, MetricData(grey_images(10, 4)), MetricData(grey_images(3, 4)))
    assert activity.counts.sum() == 20
    assert np.isnan(activity.mean_activity).all()
    assert (activity.most.images < 3).all()


class _EnoughError(Exception):
    pass


def test_whoever_watches_can_end_it() -> None:
    def watch(done: int, total: int) -> None:
        seen.append((done, total))
        raise _EnoughError

    seen: list[tuple[int, int]] = []
    images = grey_images(2 * ROWS, 6)
    with pytest.raises(_EnoughError):
        measure_activity(random_parameters(6, 5), MetricData(images, watch=watch), MetricData(images))
    assert seen == [(ROWS, 2 * ROWS)]
