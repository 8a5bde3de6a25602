from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.core.chains import Path
from rbm_studio.core.parameters import Parameters
from rbm_studio.errors import RBMStudioError
from tests.core.enumeration import Array, all_states
from tests.core.joint_enumeration import enumerate_joint, random_model

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray

BASE = np.array([0.7, -1.2, 0.3, 2.0], dtype=np.float32)


def at(p: Parameters, beta: float, base: FloatArray = BASE) -> Parameters:
    """Return the model whose Σ_h exp(−E) is f_β."""
    labels = (None, None) if p.label_w is None or p.label_bias is None else (beta * p.label_w, beta * p.label_bias)
    return Parameters(beta * p.w, beta * p.visible_bias + (1 - beta) * base, beta * p.hidden_bias, *labels)


def log_f(p: Parameters, beta: float) -> Array:
    """Return ln f_β of each state of the visible and label units, rows as in `states`."""
    joint = enumerate_joint(at(p, beta))
    of_hidden = joint.p.reshape(-1, 1 << p.hidden_num).sum(axis=1)
    logarithms: Array = np.log(of_hidden) + joint.log_partition
    return logarithms


def states(p: Parameters) -> FloatArray:
    joint = enumerate_joint(p)
    visible = np.concatenate([joint.v, joint.y], axis=1)
    return visible[:: 1 << p.hidden_num].astype(np.float32)


@pytest.mark.parametrize("classes", [0, 3])
def test_the_base_has_a_known_partition_function(classes: int) -> None:
    p = random_model(4, 3, classes)
    assert Path(p, BASE).base_log_partition == pytest.approx(enumerate_joint(at(p, 0.0)).log_partition)


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize(("start", "before", "after"), [(0.0, 0.0, 0.3), (0.3, 0.3, 1.0), (1.0, 1.0, 0.6)])
def test_a_step_keeps_the_distribution_and_weighs_its_states(
    classes: int, start: float, before: float, after: float
) -> None:
    p = random_model(4, 3, classes, seed=10)
    rng = np.random.default_rng(0)
    probabilities = np.exp(log_f(p, start))
    probabilities /= probabilities.sum()
    ratios = log_f(p, after) - log_f(p, before)
    order = np.argsort(ratios)
    assert np.diff(ratios[order]).min() > 5e-4  # so that a ratio tells the state
    drawn = states(p)[rng.choice(len(probabilities), 200_000, p=probabilities)]
    (found,) = Path(p, BASE).walk(drawn, np.array([before, after]), rng)
    nearest = order[np.searchsorted((ratios[order][1:] + ratios[order][:-1]) / 2, found)]
    np.testing.assert_allclose(found, ratios[nearest], atol=2e-5)
    counts = np.bincount(nearest, minlength=len(ratios))
    expected = 200_000 * probabilities
    common = expected > 5
    chi_square = ((counts - expected)[common] ** 2 / expected[common]).sum()
    # The mean of a chi-square is its degrees of freedom, and twice that its variance.
    assert chi_square < common.sum() + 4.0 * np.sqrt(2.0 * common.sum())


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_rare_states_are_drawn_as_often_as_they_should_be(sign: float) -> None:
    # Without weights, and biases that differ by 1 in size, a ratio shows the only pixel.
    base = np.array([sign * 12.0], dtype=np.float32)
    p = Parameters(np.zeros((1, 1), dtype=np.float32), base - np.float32(sign), np.zeros(1, dtype=np.float32))
    betas = np.tile([0.0, 1.0], 2000)
    chains = 2000
    walk = Path(p, base).walk(np.zeros((chains, 1), dtype=np.float32), betas, np.random.default_rng(0))
    rare = sum(np.count_nonzero((ratio != 0) == (sign < 0)) for ratio in list(walk)[::2])
    expected = chains * 2000 / (1 + np.exp(12.0))  # 24.6; every 2¹⁶th would be 61
    assert abs(rare - expected) < 4.0 * np.sqrt(expected)


def test_images_get_a_class_each_from_its_probability() -> None:
    p = random_model(4, 3, 3, seed=2)
    image = all_states(4)[6].astype(np.float32)
    drawn = Path(p, BASE).states(np.tile(image, (50_000, 1)), np.random.default_rng(0))
    assert drawn.dtype == np.float32
    assert (drawn[:, :4] == image).all()
    assert (drawn[:, 4:].sum(axis=1) == 1).all()
    expected = p.label_probabilities(image[None])[0]
    np.testing.assert_allclose(drawn[:, 4:].mean(axis=0), expected, atol=4.0 * np.sqrt(0.25 / 50_000))


def test_a_base_of_another_size_is_told() -> None:
    with pytest.raises(RBMStudioError, match=r"shape \(3,\), but the RBM has 4 visible units"):
        Path(random_model(4, 3), BASE[:3])
