from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.core.backend import CPU
from rbm_studio.core.gradients import GRADIENTS, Workspace
from tests.core.enumeration import all_states, hidden_given_visible, joint, random_parameters, visible_given_hidden

if TYPE_CHECKING:
    from rbm_studio.core.parameters import Parameters
    from tests.core.enumeration import Array

D, H = 4, 3
PATTERNS = (3, 5, 12, 15)
"""The data: these states of the visible units, each as often as the others."""
BATCH = 40_000


@dataclass
class Gradient:
    """Of the log-likelihood, a mean over the data."""

    w: Array
    visible_bias: Array
    hidden_bias: Array

    @property
    def flat(self) -> Array:
        return np.concatenate([self.w.ravel(), self.visible_bias, self.hidden_bias])


def statistics(p_vh: Array, v: Array, h: Array) -> Gradient:
    """Return the means of v hᵀ, v and h under probabilities of pairs of rows."""
    return Gradient(v.T @ p_vh @ h, p_vh.sum(axis=1) @ v, p_vh.sum(axis=0) @ h)


def difference(data: Gradient, model: Gradient) -> Gradient:
    return Gradient(data.w - model.w, data.visible_bias - model.visible_bias, data.hidden_bias - model.hidden_bias)


def data_distribution() -> Array:
    p_v = np.zeros(2**D)
    p_v[list(PATTERNS)] = 1.0 / len(PATTERNS)
    return p_v


def data_statistics(p: Parameters) -> Gradient:
    return statistics(data_distribution()[:, None] * hidden_given_visible(p), all_states(D), all_states(H))


def exact_gradient(p: Parameters) -> Gradient:
    return difference(data_statistics(p), statistics(joint(p), all_states(D), all_states(H)))


def expected_cd1(p: Parameters, *, sampled: bool) -> Gradient:
    """Return the expectation of CD-1's estimate by summing over all that it might sample."""
    p_h = data_distribution() @ hidden_given_visible(p)
    if sampled:
        p_v = visible_given_hidden(p) @ p_h
        return difference(
            data_statistics(p), statistics(p_v[:, None] * hidden_given_visible(p), all_states(D), all_states(H))
        )
    v = p.expect_visible(all_states(H).astype(np.float32))
    h = p.expect_hidden(v)
    return difference(data_statistics(p), statistics(np.diag(p_h), v.astype(np.float64), h.astype(np.float64)))


def estimated(name: str, p: Parameters, seed: int) -> Gradient:
    workspace = Workspace(BATCH, D, H, CPU)
    workspace.data[...] = np.tile(all_states(D)[list(PATTERNS)], (BATCH // len(PATTERNS), 1))
    GRADIENTS[name].estimate(p, workspace, np.random.default_rng(seed))
    ws = workspace
    sums = (ws.w_gradient, ws.visible_gradient, ws.hidden_gradient)
    return Gradient(*(total.astype(np.float64) / BATCH for total in sums))


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", ["cd1", "cd1-sampled"])
def test_cd1_has_its_expectation(name: str, seed: int) -> None:
    p = random_parameters(D, H, seed)
    expected = expected_cd1(p, sampled=name == "cd1-sampled")
    # Each term of the mean lies in -1..1, so five standard errors are at most 5 / √BATCH.
    np.testing.assert_allclose(estimated(name, p, seed).flat, expected.flat, atol=5.0 / np.sqrt(BATCH))


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("name", ["cd1", "cd1-sampled"])
def test_cd1_points_along_the_gradient_of_the_log_likelihood(name: str, seed: int) -> None:
    p = random_parameters(D, H, seed)
    found, exact = estimated(name, p, seed).flat, exact_gradient(p).flat
    assert found @ exact / np.linalg.norm(found) / np.linalg.norm(exact) > 0.5


def test_the_enumerated_gradient_is_that_of_the_log_likelihood() -> None:
    p = random_parameters(D, H)

    def log_likelihood() -> float:
        return float(data_distribution() @ np.log(joint(p).sum(axis=1)))

    gradient = exact_gradient(p)
    for array, slope in ((p.w, gradient.w[1, 2]), (p.visible_bias, gradient.visible_bias[2])):
        place = (1, 2) if array.ndim == 2 else (2,)
        middle = array[place]
        array[place] = middle + np.float32(0.01)
        above = log_likelihood()
        array[place] = middle - np.float32(0.01)
        assert (above - log_likelihood()) / 0.02 == pytest.approx(slope, abs=1e-4)
        array[place] = middle


@pytest.mark.parametrize("size", [6, 4, 1])
def test_phases_are_subtracted_by_one_product(size: int) -> None:
    rng = np.random.default_rng(0)
    ws = Workspace(6, D, H, CPU)
    ws.resize(size)
    ws.data[...], ws.model[...] = rng.random((2, size, D))
    ws.hidden_data[...], ws.hidden_model[...] = rng.random((2, size, H))
    arrays = (ws.data, ws.model, ws.hidden_data, ws.hidden_model)
    v, v_model, h, h_model = (array.astype(np.float64) for array in arrays)
    ws.subtract_phases()
    np.testing.assert_allclose(ws.w_gradient, v.T @ h - v_model.T @ h_model, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ws.visible_gradient, (v - v_model).sum(axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ws.hidden_gradient, (h - h_model).sum(axis=0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["cd1", "cd1-sampled"])
def test_the_estimate_returns_the_cross_entropy_of_the_batch(name: str) -> None:
    # The hidden units are certain, whatever is shown: so is the reconstruction.
    p = random_parameters(D, H)
    p.hidden_bias[...] = (200.0, -200.0, 200.0)
    q = p.expect_visible(np.array([[1, 0, 1]], dtype=np.float32)).astype(np.float64)
    v = np.random.default_rng(0).random((10, D))
    ws = Workspace(10, D, H, CPU)
    ws.data[...] = v
    found = GRADIENTS[name].estimate(p, ws, np.random.default_rng(0))
    assert found == pytest.approx(-(v * np.log(q) + (1 - v) * np.log(1 - q)).sum(), rel=1e-5)


@pytest.mark.parametrize(("name", "whole"), [("cd1", False), ("cd1-sampled", True)])
def test_only_sampled_statistics_are_counts(name: str, whole: bool) -> None:
    p = random_parameters(D, H)
    ws = Workspace(8, D, H, CPU)
    ws.data[...] = all_states(D)[:8]
    GRADIENTS[name].estimate(p, ws, np.random.default_rng(0))
    for gradient in (ws.w_gradient, ws.visible_gradient, ws.hidden_gradient):
        assert np.array_equal(gradient, np.round(gradient)) == whole


@pytest.mark.parametrize("name", GRADIENTS)
def test_the_estimate_leaves_data_and_parameters_alone(name: str) -> None:
    p = random_parameters(D, H)
    before = p.copy()
    ws = Workspace(8, D, H, CPU)
    v = np.random.default_rng(0).random((8, D), dtype=np.float32)
    ws.data[...] = v
    GRADIENTS[name].estimate(p, ws, np.random.default_rng(0))
    np.testing.assert_array_equal(ws.data, v)
    for array, old in ((p.w, before.w), (p.visible_bias, before.visible_bias), (p.hidden_bias, before.hidden_bias)):
        np.testing.assert_array_equal(array, old)
