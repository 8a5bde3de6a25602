from __future__ import annotations

import math

import numpy as np
import pytest

from rbm_studio.core.chain_weights import effective_number, log_mean, mean_of_logs
from rbm_studio.core.likelihood import Estimate


def test_the_mean_and_the_effective_number_are_what_they_are_defined_as() -> None:
    weights = np.array([0.5, 1.0, 4.0, 0.25])
    found = log_mean(np.log(weights))
    assert found.value == pytest.approx(math.log(weights.mean()))
    assert found.effective_chains == pytest.approx(weights.sum() ** 2 / (weights**2).sum())


def test_weights_beyond_the_range_of_floats_are_no_matter() -> None:
    logs = np.array([0.0, 1.0, 2.0, 0.5])
    near = log_mean(logs)
    for shift in (-5000.0, 5000.0):
        far = log_mean(logs + shift)
        assert far.value - shift == pytest.approx(near.value, abs=1e-9)
        assert far.standard_error == pytest.approx(near.standard_error)
        assert far.effective_chains == pytest.approx(near.effective_chains)


@pytest.mark.parametrize("estimate", [log_mean, mean_of_logs])
def test_equal_weights_leave_an_error_of_one_in_their_number(estimate: object) -> None:
    assert callable(estimate)
    for count in (2, 100):
        found = estimate(np.full(count, -7.0))
        assert isinstance(found, Estimate)
        assert found.value == pytest.approx(-7.0)
        assert found.effective_chains == pytest.approx(count)
        assert found.standard_error == pytest.approx(1.0 / count)
    alone = estimate(np.array([3.0]))
    assert (alone.value, alone.standard_error, alone.effective_chains) == (3.0, math.inf, 1.0)


def test_one_chain_that_carries_all_says_so() -> None:
    found = log_mean(np.concatenate([np.zeros(99), [50.0]]))
    assert found.effective_chains == pytest.approx(1.0)
    # To first order it is 1, and would be so whatever that weight is.
    assert found.standard_error > 1.9


def test_the_effective_number_stays_in_its_bounds() -> None:
    rng = np.random.default_rng(0)
    for spread in (0.0, 1e-9, 1e-3, 1.0, 1e3):
        assert 1.0 <= effective_number(rng.normal(0.0, spread, 37)) <= 37.0


@pytest.mark.parametrize("spread", [0.3, 1.0, 2.0, 4.0, 8.0])
def test_the_mean_of_log_normal_weights_is_within_two_errors(spread: float) -> None:
    rng = np.random.default_rng(1)
    found = [log_mean(rng.normal(0.0, spread, 100)) for _ in range(300)]
    within = [abs(one.value - spread**2 / 2.0) < 2.0 * one.standard_error for one in found]
    assert np.mean(within) > 0.8
    # Of use, too: where the weights are near alike, it is hardly more than the first order's.
    if spread < 1.0:
        first_order = math.sqrt(math.expm1(spread**2) / 100)
        assert np.median([one.standard_error for one in found]) < 1.5 * first_order


def test_the_mean_of_logarithms_has_the_means_error() -> None:
    rng = np.random.default_rng(2)
    found = [mean_of_logs(rng.normal(5.0, 3.0, 50)) for _ in range(300)]
    assert np.mean([abs(one.value - 5.0) < 2.0 * one.standard_error for one in found]) > 0.92
    assert np.median([one.standard_error for one in found]) == pytest.approx(3.0 / math.sqrt(50), rel=0.1)
