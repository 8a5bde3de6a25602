"""Autocorrelations against their definition, and against processes whose own are known exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.core.gibbs import GibbsChains
from rbm_studio.core.mixing import CAPACITY, ChainRecord, ClassVisits, Mixing, autocorrelation, integrated_time
from tests.core.gibbs import Gibbs, draw, two_modes
from tests.core.joint_enumeration import random_model

if TYPE_CHECKING:
    from rbm_studio.core.parameters import Parameters
    from tests.core.enumeration import Array


def autoregressive(moments: int, chains: int, phi: float, seed: int = 0) -> Array:
    """Return an AR(1) process that starts where it stays: ρ(t) = φᵗ."""
    rng = np.random.default_rng(seed)
    series = np.empty((moments, chains, 1))
    series[0] = rng.normal(0, 1 / np.sqrt(1 - phi**2), (chains, 1))
    for moment in range(1, moments):
        series[moment] = phi * series[moment - 1] + rng.normal(0, 1, (chains, 1))
    return series


def by_definition(series: Array, lag: int) -> float:
    moments, chains, units = series.shape
    mean = series.mean(axis=(0, 1))

    def covariance(t: int) -> float:
        products = [
            (series[s, n, i] - mean[i]) * (series[s + t, n, i] - mean[i])
            for s in range(moments - t)
            for n in range(chains)
            for i in range(units)
        ]
        return float(sum(products) / (moments - t))

    return covariance(lag) / covariance(0)


def exact(p: Parameters, beta: float, lags: int) -> Array:
    """Return ρ of p(v = 1 | h) over the steps of a chain in equilibrium, from its transition matrix."""
    gibbs = Gibbs(p, beta)
    step, weights = gibbs.step(sampled=True), gibbs.joint().sum(axis=0)
    shown = gibbs.expect_visible(gibbs.hidden_states)[:, : p.visible_num]
    shown = shown - weights @ shown
    covariances = []
    later = shown
    for _ in range(lags):
        covariances.append(float((weights[:, None] * shown * later).sum()))
        later = step @ later
    return np.array(covariances) / covariances[0]


def test_the_definition() -> None:
    series = np.random.default_rng(0).random((9, 3, 2))
    found = autocorrelation(series, 5)
    np.testing.assert_allclose(found, [by_definition(series, lag) for lag in range(6)], rtol=1e-12)
    assert found[0] == 1


def test_whole_numbers_are_taken_as_they_are() -> None:
    levels = np.random.default_rng(0).integers(0, 256, (20, 3, 4)).astype(np.uint8)
    np.testing.assert_allclose(autocorrelation(levels, 7), autocorrelation(levels.astype(np.float64), 7), rtol=1e-4)


@pytest.mark.parametrize("phi", [0.2, 0.5, 0.9])
def test_an_autoregressive_process(phi: float) -> None:
    correlations = autocorrelation(autoregressive(4000, 50, phi), 200)
    np.testing.assert_allclose(correlations[:20], phi ** np.arange(20), atol=0.02)
    # The window cuts off a little: φᴹ of the whole.
    assert integrated_time(correlations) == pytest.approx(0.5 * (1 + phi) / (1 - phi), rel=0.1)


def test_the_window_is_the_first_that_is_long_enough() -> None:
    # ρ = 2⁻ᵗ: τ of the first M lags is 1.5 − 2⁻ᴹ, and 5 τ is at most M from M = 8 on.
    correlations = 0.5 ** np.arange(40, dtype=np.float64)
    assert integrated_time(correlations) == pytest.approx(1.5 - 2.0**-8)
    assert integrated_time(correlations[:9]) == pytest.approx(1.5 - 2.0**-8)
    assert integrated_time(correlations[:8]) is None


@pytest.mark.parametrize("beta", [1.0, 0.5])
def test_chains_of_a_small_model(beta: float) -> None:
    p = random_model(4, 3, seed=4, scale=1.5)
    gibbs, n, moments = Gibbs(p, beta), 200, 600
    start = draw(gibbs.joint().sum(axis=1), gibbs.visible_states, n).astype(np.float32)
    chains = GibbsChains(p, start, np.random.default_rng(1))
    chains.temperature = 1 / beta
    series = []
    for _ in range(moments):
        chains.step()
        series.append(chains.visible_probabilities.copy())
    found, true = autocorrelation(np.array(series), 30), exact(p, beta, 31)
    np.testing.assert_allclose(found, true, atol=0.02)
    assert integrated_time(found) == pytest.approx(float(true.sum() - 0.5), rel=0.1)


def test_stuck_chains_are_seen_to_be_stuck() -> None:
    """Each is at rest in a place of its own: about means of their own they would seem to forget at once."""
    series = np.repeat(np.random.default_rng(0).random((1, 5, 3)), 50, axis=0)
    correlations = autocorrelation(series, 20)
    np.testing.assert_allclose(correlations, 1.0)
    assert integrated_time(correlations) is None


def test_what_never_changes_has_no_correlation() -> None:
    correlations = autocorrelation(np.ones((20, 4, 3), dtype=np.float32), 5)
    assert np.isnan(correlations).all()
    assert integrated_time(correlations) is None


def record_of(series: Array) -> ChainRecord:
    record = ChainRecord(*series.shape[1:])
    for values in series:
        record.add(values.astype(np.float32))
    return record


def measured(record: ChainRecord) -> Mixing:
    mixing = record.measure()
    assert mixing is not None
    return mixing


def test_a_record_that_is_too_short_says_nothing() -> None:
    series = np.random.default_rng(0).random((21, 4, 3))
    assert record_of(series[:20]).measure() is None
    mixing = record_of(series).measure()
    assert mixing is not None
    assert mixing.chains == 4
    # Of 21 moments the first five are left out, and the lags are a third of the rest.
    assert mixing.lags.tolist() == [0, 1, 2, 3, 4, 5]
    np.testing.assert_allclose(mixing.correlations, autocorrelation(series[5:], 5), atol=0.01)


def test_chains_that_forget_are_followed_step_by_step() -> None:
    series = np.random.default_rng(0).random((5 * CAPACITY, 3, 4))
    record = record_of(series)
    assert record.stride == 1
    kept = len(record)
    used = series[-kept:][kept // 4 :]
    np.testing.assert_allclose(measured(record).correlations, autocorrelation(used, len(used) // 3), atol=0.01)
    assert measured(record).time == pytest.approx(0.5, abs=0.2)
    assert measured(record).spacing == pytest.approx(1.0, abs=0.2)


def test_chains_that_do_not_forget_are_followed_with_longer_strides() -> None:
    slow = np.linspace(0, 1, 5 * CAPACITY)[:, None, None] * np.array([1, -1])[None, :, None] / 2 + 0.5
    record = record_of(slow)
    assert record.stride == 8
    mixing = measured(record)
    assert mixing.time is None
    assert mixing.spacing is None
    assert np.diff(mixing.lags).tolist() == [8] * (len(mixing.lags) - 1)
    assert mixing.least_spacing == 2 * mixing.lags[-1] / 5
    taken = slow[::8]
    assert len(record) == len(taken)
    used = taken[len(taken) // 4 :]
    np.testing.assert_allclose(mixing.correlations, autocorrelation(used, len(used) // 3), atol=0.01)


def test_times_are_in_steps_whatever_the_stride() -> None:
    """A model with two modes forgets slowly: the record learns to look further, and tells the exact time."""
    p = two_modes(4, 3)
    gibbs, n = Gibbs(p, 2.0), 200
    start = draw(gibbs.joint().sum(axis=1), gibbs.visible_states, n).astype(np.float32)
    chains = GibbsChains(p, start, np.random.default_rng(1))
    chains.temperature = 0.5
    record = ChainRecord(n, 4)
    for _ in range(4 * CAPACITY):
        chains.step()
        record.add(chains.visible_probabilities)
    true = exact(p, 2.0, 50_000)
    time = float(true.sum() - 0.5)
    mixing = measured(record)
    assert mixing.time == pytest.approx(time, rel=0.3)
    assert time > CAPACITY / 16
    assert record.stride > 1
    np.testing.assert_allclose(mixing.correlations, true[mixing.lags], atol=0.1)


def test_as_many_chains_are_followed_as_are_cheap() -> None:
    record = ChainRecord(100, 784)
    for _ in range(30):
        record.add(np.full((100, 784), 0.4, dtype=np.float32))
    assert measured(record).chains == 25
    assert measured(record).still
    assert ChainRecord(3, 50_000).measure() is None


def test_visits_are_counted_and_switches_too() -> None:
    visits = ClassVisits(3)
    for classes in ([0, 1], [0, 2], [1, 2], [1, 2]):
        visits.add(np.eye(3)[classes])
    assert visits.counts.tolist() == [2, 3, 3]
    assert visits.switches == 2
    assert visits.chances == 6


def test_visits_come_as_often_as_the_model_likes_each_class() -> None:
    p = random_model(3, 3, 4, seed=1)
    gibbs = Gibbs(p)
    chains = GibbsChains(p, np.zeros((500, 3), dtype=np.float32), np.random.default_rng(0))
    chains.step(50)
    visits = ClassVisits(4)
    for _ in range(400):
        chains.step()
        visits.add(chains.labels)
    likes = gibbs.joint().sum(axis=1) @ gibbs.visible_states[:, 3:]
    np.testing.assert_allclose(visits.counts / visits.counts.sum(), likes, atol=0.01)
