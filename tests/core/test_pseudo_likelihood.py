from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.core.parameters import Parameters
from rbm_studio.core.pseudo_likelihood import PseudoLikelihood
from tests.core.enumeration import all_states
from tests.core.joint_enumeration import log_probability, random_model

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray
    from tests.core.enumeration import Array


def free_energy(p: Parameters, v: Array) -> Array:
    """Return F(v), all of it in float64."""
    z = v @ p.w.astype(float) + p.hidden_bias
    if p.label_w is None or p.label_bias is None:
        shares = np.logaddexp(0.0, z).sum(axis=1)
    else:
        inputs = z[:, None, :] + p.label_w.astype(float)
        shares = np.logaddexp.reduce(np.logaddexp(0.0, inputs).sum(axis=2) + p.label_bias, axis=1)
    free: Array = -v @ p.visible_bias.astype(float) - shares
    return free


def by_flipping(p: Parameters, images: FloatArray) -> Array:
    """Return the logarithm from D whole free energies an image, which is the definition."""
    pixels = np.eye(p.visible_num)
    found = []
    for v in images.astype(np.float64):
        change = free_energy(p, v[None]) - free_energy(p, np.abs(v - pixels))
        found.append(-np.logaddexp(0.0, change).sum())
    return np.array(found)


def rounding(p: Parameters, images: FloatArray) -> float:
    """Return what float32 may add up to: of each pixel's change, the last digit of the energies."""
    size = np.abs(free_energy(p, images.astype(float))).max()
    return float(p.visible_num * size * np.finfo(np.float32).eps)


@pytest.mark.parametrize(
    "p",
    [
        random_model(4, 3),
        random_model(3, 5, seed=1),
        random_model(1, 1, seed=2),
        random_model(4, 3, 3, seed=3),
        random_model(2, 6, 2, seed=4, scale=3.0),
    ],
    ids=lambda p: f"{p.visible_num}-{p.hidden_num}-{p.label_num}",
)
def test_each_pixel_given_the_others_by_enumeration(p: Parameters) -> None:
    states = all_states(p.visible_num)
    log_p = log_probability(p, states)
    expected = []
    for v, own in zip(states, log_p, strict=True):
        others = [log_p[(states == np.abs(v - pixel)).all(axis=1)][0] for pixel in np.eye(p.visible_num)]
        expected.append(sum(own - np.logaddexp(own, other) for other in others))
    np.testing.assert_allclose(PseudoLikelihood(p).of(states.astype(np.float32)), expected, atol=1e-5)


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("scale", [0.1, 2.0, 12.0, 300.0])
def test_blocks_of_images_and_groups_of_units_that_do_not_come_out_even(classes: int, scale: float) -> None:
    p = random_model(30, 13, classes, scale=scale)
    images = (np.random.default_rng(0).random((131, 30)) < 0.3).astype(np.float32)
    expected = by_flipping(p, images)
    np.testing.assert_allclose(PseudoLikelihood(p).of(images), expected, rtol=0, atol=rounding(p, images))


def test_many_hidden_units_do_not_overflow() -> None:
    p = Parameters(*(np.full(shape, 5.0, dtype=np.float32) for shape in ((6, 100), (6,), (100,))))
    images = all_states(6).astype(np.float32)
    np.testing.assert_allclose(PseudoLikelihood(p).of(images), by_flipping(p, images), rtol=1e-5)


@pytest.mark.parametrize("classes", [0, 3])
def test_extreme_weights_stay_finite_and_right(classes: int) -> None:
    p = random_model(6, 9, classes, scale=1e4)
    images = all_states(6).astype(np.float32)
    found = PseudoLikelihood(p).of(images)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, by_flipping(p, images), rtol=1e-5)


def test_a_saturated_unit_still_counts_where_a_pixel_frees_it() -> None:
    # p(h = 1 | v) is exp(-28), and the pixel that flips adds 28 to the input: half of the sum comes from it.
    p = Parameters(*(np.array(x, dtype=np.float32) for x in ([[28.0]], [0.0], [-28.0])))
    found = PseudoLikelihood(p).of(np.zeros((1, 1), dtype=np.float32))
    assert found[0] == pytest.approx(-np.log1p(2.0), abs=1e-6)


def test_independent_pixels_have_their_likelihood() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=50).astype(np.float32)
    p = Parameters(np.zeros((50, 3), dtype=np.float32), a, np.ones(3, dtype=np.float32))
    images = (rng.random((5, 50)) < 0.5).astype(np.float32)
    likelihood = images @ a - np.logaddexp(0.0, a.astype(float)).sum()
    np.testing.assert_allclose(PseudoLikelihood(p).of(images), likelihood, rtol=1e-6)
