from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.core.parameters import Parameters
from rbm_studio.core.sampling import bernoulli, one_of, reconstruct, sample_hidden, sample_visible
from tests.core.enumeration import all_states, hidden_given_visible, random_parameters
from tests.core.joint_enumeration import enumerate_joint, random_model

if TYPE_CHECKING:
    from tests.core.enumeration import Array

N = 20_000


def tolerance(p: Array) -> Array:
    """Return five standard errors of a mean of N samples."""
    return 5.0 * np.sqrt(p * (1.0 - p) / N) + 1e-12


def test_bernoulli_keeps_the_shape_and_draws_from_its_generator() -> None:
    p = np.full((7, 5), 0.5, dtype=np.float32)
    first, again = bernoulli(p, np.random.default_rng(3)), bernoulli(p, np.random.default_rng(3))
    assert first.shape == p.shape
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, bernoulli(p, np.random.default_rng(4)))


def test_hidden_states_come_as_often_as_their_probabilities() -> None:
    p = random_parameters(4, 3)
    v = all_states(4)[11]
    samples = sample_hidden(p, np.tile(v, (N, 1)).astype(np.float32), np.random.default_rng(0))
    counts = np.bincount(samples.astype(int) @ [4, 2, 1], minlength=8)
    expected = hidden_given_visible(p)[11]
    assert np.all(np.abs(counts / N - expected) < tolerance(expected))


def test_of_a_group_one_is_on_as_often_as_its_probability() -> None:
    expected = np.array([0.5, 0.0, 0.2, 0.3])
    samples = one_of(np.tile(expected, (N, 1)), np.random.default_rng(0))
    assert samples.dtype == np.float32
    np.testing.assert_array_equal(samples.sum(axis=1), 1)
    assert np.all(np.abs(samples.mean(axis=0) - expected) < tolerance(expected))


def test_hidden_states_of_a_model_with_classes_come_as_often_as_their_probabilities() -> None:
    # One whose hidden units depend much on each other, given these pixels.
    p = random_model(4, 3, 2, scale=2.0, seed=32)
    v = all_states(4)[3]
    samples = sample_hidden(p, np.tile(v, (N, 1)).astype(np.float32), np.random.default_rng(0))
    joint = enumerate_joint(p)
    together = joint.of(v)
    expected = np.array([together[(joint.h == h).all(axis=1)].sum() for h in all_states(3)]) / together.sum()
    counts = np.bincount(samples.astype(int) @ [4, 2, 1], minlength=8)
    assert np.all(np.abs(counts / N - expected) < tolerance(expected))


def test_visible_samples_have_their_expectation() -> None:
    p = random_parameters(4, 3)
    h = np.array([[1, 0, 1]], dtype=np.float32)
    expected = p.expect_visible(h)[0].astype(np.float64)
    samples = sample_visible(p, np.repeat(h, N, axis=0), np.random.default_rng(0))
    assert np.all(np.abs(samples.mean(axis=0) - expected) < tolerance(expected))


def test_mean_field_reconstruction_is_certain() -> None:
    p = random_parameters(4, 3)
    v = all_states(4).astype(np.float32)
    np.testing.assert_array_equal(reconstruct(p, v, None), p.expect_visible(p.expect_hidden(v)))


def test_sampled_reconstruction_averages_over_hidden_states() -> None:
    p = random_parameters(4, 3)
    v = all_states(4)[6]
    expected = hidden_given_visible(p)[6] @ p.expect_visible(all_states(3).astype(np.float32))
    found = reconstruct(p, np.tile(v, (N, 1)).astype(np.float32), np.random.default_rng(0))
    possible = p.expect_visible(all_states(3).astype(np.float32))
    assert np.abs(found[:, None] - possible[None]).max(axis=2).min(axis=1).max() < 1e-6
    np.testing.assert_allclose(found.mean(axis=0), expected, atol=5.0 * 0.5 / np.sqrt(N))


def test_sampled_reconstruction_of_a_model_with_classes_is_that_of_one_class() -> None:
    # The class, one as probable as the other, switches both hidden units; only both together light the pixel.
    arrays = ([[20, 20]], [-30], [0, 0], [[40, 40], [-40, -40]], [-80, 0])
    p = Parameters(*(np.array(array, dtype=np.float32) for array in arrays))
    found = reconstruct(p, np.zeros((N, 1), dtype=np.float32), np.random.default_rng(0))
    assert abs(float(found.mean()) - 0.5) < 5.0 * 0.5 / np.sqrt(N)
