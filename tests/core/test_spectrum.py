from __future__ import annotations

import numpy as np
import pytest

from rbm_studio.core.spectrum import singular_values, stable_rank


def test_they_are_the_roots_of_the_eigenvalues_of_the_products() -> None:
    w = np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)
    expected = np.sqrt(np.linalg.eigvalsh(w.T.astype(np.float64) @ w))[::-1]
    values = singular_values(w)
    assert values.dtype == np.float64
    np.testing.assert_allclose(values, expected, rtol=1e-5)
    np.testing.assert_allclose(singular_values(w.T), expected, rtol=1e-5)


def test_nothing_is_subtracted_before() -> None:
    w = np.ones((5, 3), dtype=np.float32)
    np.testing.assert_allclose(singular_values(w), [np.sqrt(15), 0, 0], atol=1e-6)


def test_weights_that_are_not_finite_have_none() -> None:
    w = np.ones((3, 2), dtype=np.float32)
    w[1, 1] = np.inf
    assert np.isnan(singular_values(w)).tolist() == [True, True]


def test_the_stable_rank_counts_directions() -> None:
    assert stable_rank(np.array([2.0, 2.0, 2.0])) == pytest.approx(3)
    assert stable_rank(np.array([2.0, 1.0])) == pytest.approx(1.25)
    assert stable_rank(np.zeros(3)) == 0


def test_untrained_weights_keep_within_the_bounds_of_chance() -> None:
    w = np.random.default_rng(1).normal(0, 0.01, size=(784, 64)).astype(np.float32)
    values = singular_values(w)
    assert values[0] == pytest.approx(0.01 * (28 + 8), rel=0.05)
    assert values[-1] == pytest.approx(0.01 * (28 - 8), rel=0.05)
