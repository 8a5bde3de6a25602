from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.core import layer_sum
from rbm_studio.core.exact import MAX_UNITS, data_statistics, exact_gradient, model_moments, model_statistics, moments
from rbm_studio.core.parameters import Parameters
from rbm_studio.errors import RBMStudioError
from tests.core.joint_enumeration import enumerate_joint, random_model

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray

MODELS = pytest.mark.parametrize(
    "p",
    [
        random_model(5, 4),
        random_model(10, 3, seed=1),  # not a multiple of the units taken together
        random_model(3, 6, seed=2),  # the visible layer is the smaller one
        random_model(1, 1, seed=3),
        random_model(5, 4, 3, seed=4),
        random_model(3, 6, 3, seed=5),
        random_model(6, 2, 5, seed=6, scale=4.0),
        random_model(6, 4, seed=7, scale=60.0),  # beyond what a product in float32 holds
        random_model(6, 4, 3, seed=8, scale=60.0),
        random_model(3, 5, 3, seed=9, scale=60.0),
        random_model(5, 4, seed=10, scale=1e4),
    ],
    ids=lambda p: f"{p.visible_num}-{p.hidden_num}-{p.label_num}",
)


@MODELS
def test_the_models_statistics_by_enumeration(p: Parameters) -> None:
    truth, found = enumerate_joint(p), moments(p)
    visible = np.concatenate([truth.v, truth.y], axis=1)
    assert found.log_partition == pytest.approx(truth.log_partition, rel=1e-6, abs=2e-6)
    np.testing.assert_allclose(found.both, (visible * truth.p[:, None]).T @ truth.h, atol=1e-6)
    np.testing.assert_allclose(found.other, truth.p @ visible, atol=1e-6)
    np.testing.assert_allclose(found.own, truth.p @ truth.h, atol=1e-6)


def test_the_statistics_do_not_depend_on_how_the_states_are_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    p = random_model(9, 7, 3)
    whole = moments(p)
    monkeypatch.setattr(layer_sum, "_STATES", 48)  # three rows of the first half at a time, of eight
    divided = moments(p)
    # In float32 each of four groups of units is a sum of up to 16 terms, which another shape adds in another order.
    rounding = 4 * 16 * float(np.finfo(np.float32).eps)
    assert divided.log_partition == pytest.approx(whole.log_partition, abs=rounding)
    np.testing.assert_allclose(divided.both, whole.both, atol=rounding)


def test_many_factors_keep_their_digits() -> None:
    # Without weights the units are independent, and no enumeration is needed.
    rng = np.random.default_rng(0)
    a, b = rng.normal(-3.0, 4.0, 800).astype(np.float32), rng.normal(size=12).astype(np.float32)
    p = Parameters(np.zeros((800, 12), dtype=np.float32), a, b)
    found = moments(p)
    on = [1 / (1 + np.exp(-bias.astype(float))) for bias in (a, b)]
    expected = np.logaddexp(0.0, a.astype(float)).sum() + np.logaddexp(0.0, b.astype(float)).sum()
    assert found.log_partition == pytest.approx(expected, abs=2e-5)
    np.testing.assert_allclose(found.both, np.outer(*on), atol=1e-6)


def test_the_moments_are_float32_with_the_label_units_below() -> None:
    p = random_model(4, 3, 2)
    both, visible, hidden = model_moments(p)
    assert (both.shape, visible.shape, hidden.shape) == ((6, 3), (6,), (3,))
    assert {array.dtype for array in (both, visible, hidden)} == {np.dtype(np.float32)}
    statistics = model_statistics(p).arrays()
    np.testing.assert_array_equal(np.concatenate([statistics["w"], statistics["label_w"]]), both)
    np.testing.assert_array_equal(np.concatenate([statistics["visible_bias"], statistics["label_bias"]]), visible)
    np.testing.assert_array_equal(statistics["hidden_bias"], hidden)


def test_too_many_units_are_told() -> None:
    p = Parameters(*(np.zeros(shape, dtype=np.float32) for shape in ((22, 21), (22,), (21,))))
    with pytest.raises(RBMStudioError, match=rf"at most {MAX_UNITS} units; the smaller one has 21"):
        model_moments(p)


@pytest.mark.parametrize("classes", [0, 3])
def test_the_datas_statistics_by_enumeration(classes: int) -> None:
    p = random_model(4, 3, classes)
    truth = enumerate_joint(p)
    images = truth.v[[5, 40, 40, 100]]
    rows = [truth.of(v) / truth.of(v).sum() for v in images]
    found = data_statistics(p, images.astype(np.float32))
    np.testing.assert_allclose(found.w, np.mean([(truth.v * q[:, None]).T @ truth.h for q in rows], axis=0), atol=1e-6)
    np.testing.assert_allclose(found.hidden_bias, np.mean([q @ truth.h for q in rows], axis=0), atol=1e-6)
    np.testing.assert_allclose(found.visible_bias, images.mean(axis=0), atol=1e-6)
    if classes:
        assert found.label_w is not None
        assert found.label_bias is not None
        of_classes = np.mean([(truth.y * q[:, None]).T @ truth.h for q in rows], axis=0)
        np.testing.assert_allclose(found.label_w, of_classes, atol=1e-6)
        np.testing.assert_allclose(found.label_bias, np.mean([q @ truth.y for q in rows], axis=0), atol=1e-6)


def mean_log_likelihood(p: Parameters, images: FloatArray, labels: FloatArray | None) -> float:
    truth = enumerate_joint(p)
    with_class = np.ones((len(images), len(truth.p)), dtype=bool)
    if labels is not None:
        with_class = (labels[:, None, :] == truth.y).all(axis=2)
    return float(np.mean([np.log((truth.of(v) * chosen).sum()) for v, chosen in zip(images, with_class, strict=True)]))


@pytest.mark.parametrize(
    ("visible", "hidden", "classes", "with_labels"),
    [(4, 3, 0, False), (3, 4, 0, False), (4, 3, 3, False), (4, 3, 3, True), (3, 4, 3, True)],
)
def test_the_exact_gradient_against_finite_differences(
    visible: int, hidden: int, classes: int, with_labels: bool
) -> None:
    p = random_model(visible, hidden, classes)
    rng = np.random.default_rng(1)
    images = (rng.random((7, visible)) < 0.5).astype(np.float32)
    labels = np.eye(classes, dtype=np.float32)[rng.integers(classes, size=7)] if with_labels else None
    gradient = exact_gradient(p, images, labels).arrays()
    assert gradient.keys() == p.arrays().keys()
    for name, array in p.arrays().items():
        for index in np.ndindex(array.shape):
            sides = []
            for step in (-0.01, 0.01):
                moved = p.copy()
                moved.arrays()[name][index] += step
                sides.append((float(moved.arrays()[name][index]), mean_log_likelihood(moved, images, labels)))
            (low, below), (high, above) = sides
            assert gradient[name][index] == pytest.approx((above - below) / (high - low), abs=1e-4), (name, index)


def test_the_exact_gradient_takes_images_in_blocks() -> None:
    p = random_model(6, 3, 2)
    rng = np.random.default_rng(0)
    images = (rng.random((5001, 6)) < 0.3).astype(np.float32)
    halves = [exact_gradient(p, part) for part in (images[:2500], images[2500:])]
    whole = exact_gradient(p, images)
    for name, array in whole.arrays().items():
        parts = [half.arrays()[name] for half in halves]
        # Means of 1024 values of at most 1, added in float32: their roundings add up as a walk does.
        rounding = np.sqrt(1024) * np.finfo(np.float32).eps
        np.testing.assert_allclose(array, (2500 * parts[0] + 2501 * parts[1]) / 5001, atol=rounding)
