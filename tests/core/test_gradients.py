"""The expectation of each estimator, by summing over all that it might sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.core.gradients import GRADIENTS, MAX_UNITS
from rbm_studio.core.presets import settings_for
from rbm_studio.core.training import Training
from rbm_studio.errors import RBMStudioError
from tests.core.enumeration import all_states
from tests.core.gibbs import Gibbs, draw, excess, places, two_modes
from tests.core.joint_enumeration import enumerate_joint, log_probability, random_model
from tests.core.reference import stacked
from tests.core.runs import force_threads, run

if TYPE_CHECKING:
    from rbm_studio.core.parameters import Parameters
    from rbm_studio.core.settings import TrainingSettings
    from tests.core.enumeration import Array

D, H, C = 4, 3, 3
PATTERNS = all_states(D)[[3, 5, 12, 15]]
"""The data: these images, each as often as the others."""
LABELS = np.array([0, 2, 2, 1])
BATCH = 40_000
NOISE = 5 * 0.5 / np.sqrt(BATCH)
"""Five standard errors of a mean of values in 0..1, at most."""
MODELS = pytest.mark.parametrize("p", [two_modes(D, H, c) for c in (0, C)], ids=["", "labels"])
SAMPLED = pytest.mark.parametrize("sampled", [False, True], ids=["mean-field", "sampled"])


def shown(p: Parameters) -> Array:
    """Return the patterns as visible rows."""
    return np.concatenate([PATTERNS, np.eye(C)[LABELS]], axis=1) if p.label_num else PATTERNS


def training_on_patterns(p: Parameters, settings: TrainingSettings) -> Training:
    times = settings.batch_size // len(PATTERNS)
    images = np.tile(PATTERNS, (times, 1)).astype(np.float32)
    return Training(p, images, settings, labels=np.tile(LABELS, times) if p.label_num else None)


def once(**changes: Any) -> TrainingSettings:
    """Return settings whose only update is the gradient itself."""
    own: dict[str, Any] = {"learning_rate": 1.0, "momentum": 0.0, "batch_size": BATCH, "epochs": 1}
    return settings_for(changes.pop("preset", "cd-1"), **(own | changes))


def estimated(p: Parameters, **changes: Any) -> list[Array]:
    training = training_on_patterns(p, once(**changes))
    run(training)
    return stacked(training.last_update())


def difference(gibbs: Gibbs, p: Parameters, model: list[Array]) -> list[Array]:
    """Return the data's statistics less the model's."""
    weights = np.full(len(PATTERNS), 1 / len(PATTERNS))
    return [data - other for data, other in zip(gibbs.statistics(weights, shown(p)), model, strict=True)]


def expected_cd(p: Parameters, k: int, *, sampled: bool) -> list[Array]:
    gibbs = Gibbs(p)
    p_h = gibbs.hidden_given(shown(p)).mean(axis=0)
    return difference(gibbs, p, gibbs.after(p_h, k, sampled=sampled))


def exact(p: Parameters) -> list[Array]:
    gibbs = Gibbs(p)
    return difference(gibbs, p, gibbs.statistics(gibbs.joint().sum(axis=1), gibbs.visible_states))


def assert_close(found: list[Array], expected: list[Array], atol: float) -> None:
    for name, array, other in zip(("w", "visible_bias", "hidden_bias"), found, expected, strict=True):
        np.testing.assert_allclose(array, other, atol=atol, err_msg=name)


def distance(first: list[Array], second: list[Array]) -> float:
    return max(float(np.abs(one - other).max()) for one, other in zip(first, second, strict=True))


@MODELS
def test_the_tables_are_those_of_the_energy(p: Parameters) -> None:
    gibbs, truth = Gibbs(p), enumerate_joint(p)
    joint = gibbs.joint()
    np.testing.assert_allclose(joint.ravel(), truth.p, atol=1e-12)
    np.testing.assert_allclose(joint / joint.sum(axis=1, keepdims=True), gibbs.hidden_given(gibbs.visible_states))
    np.testing.assert_allclose((joint / joint.sum(axis=0)).T, gibbs.visible_given_hidden())


@MODELS
def test_what_is_told_apart_differs_by_more_than_the_noise(p: Parameters) -> None:
    kinds = [expected_cd(p, k, sampled=sampled) for k in (1, 2, 5) for sampled in (False, True)] + [exact(p)]
    for place, kind in enumerate(kinds):
        assert all(distance(kind, other) > 2 * NOISE for other in kinds[:place])


@MODELS
@SAMPLED
@pytest.mark.parametrize("k", [1, 2, 5])
def test_cd_has_its_expectation(p: Parameters, k: int, sampled: bool) -> None:
    found = estimated(p, k=k, visible_units="sampled" if sampled else "mean-field")
    assert_close(found, expected_cd(p, k, sampled=sampled), NOISE)


@MODELS
@SAMPLED
def test_cd_has_its_expectation_with_three_threads(
    p: Parameters, sampled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    force_threads(monkeypatch, 3)
    found = estimated(p, k=2, visible_units="sampled" if sampled else "mean-field")
    assert_close(found, expected_cd(p, 2, sampled=sampled), NOISE)


@MODELS
@pytest.mark.parametrize("gradient", ["cd", "pcd"])
def test_the_articles_statistics_are_of_states(p: Parameters, gradient: str) -> None:
    rate = 2.0**-14
    training = training_on_patterns(p, once(preset="article", gradient=gradient, k=2, learning_rate=rate))
    if gradient == "pcd":
        training.state.chains[...] = 1.0
    training.step()
    # The weights get the sum over the batch. Counts of states are whole numbers.
    w, a, b = (array / rate for array in stacked(training.last_update()))
    np.testing.assert_array_equal(w, np.round(w))
    np.testing.assert_allclose(BATCH * b, np.round(BATCH * b), atol=1e-2)
    expected = expected_cd(p, 2, sampled=True) if gradient == "cd" else expected_pcd(p, np.ones(H), 2, sampled=True)
    # Both phases have noise here, of data and model each.
    assert_close([w / BATCH, a, b], expected, np.sqrt(2) * NOISE)


def expected_pcd(p: Parameters, start: Array, k: int, *, sampled: bool) -> list[Array]:
    gibbs = Gibbs(p)
    p_h = (gibbs.hidden_states == start).all(axis=1).astype(np.float64)
    return difference(gibbs, p, gibbs.after(p_h, k, sampled=sampled))


@MODELS
@SAMPLED
@pytest.mark.parametrize("k", [1, 3])
def test_pcd_goes_on_from_its_chains(p: Parameters, k: int, sampled: bool) -> None:
    start = np.array([1.0, 0.0, 1.0])
    kind = "sampled" if sampled else "mean-field"
    # Three fifths as many chains as images.
    training = training_on_patterns(p, once(gradient="pcd", k=k, visible_units=kind, chains=24_000))
    assert training.state.chains.shape == (24_000, H)
    training.state.chains[...] = start
    training.step()
    expected = expected_pcd(p, start, k, sampled=sampled)
    assert distance(expected, expected_cd(p, k, sampled=sampled)) > 2 * NOISE
    assert_close(stacked(training.last_update()), expected, 5 * 0.5 / np.sqrt(24_000))
    # And its chains are where k steps lead.
    gibbs = Gibbs(p)
    p_h = (gibbs.hidden_states == start).all(axis=1) @ np.linalg.matrix_power(gibbs.step(sampled=sampled), k)
    assert excess(places(training.state.chains, gibbs.hidden_states), p_h) < 4


def test_the_chains_of_a_new_model_follow_from_independent_pixels() -> None:
    p = two_modes(D, H)
    gibbs = Gibbs(p)
    training = training_on_patterns(p, once(gradient="pcd"))
    on = 1 / (1 + np.exp(-gibbs.a))
    p_v = np.where(gibbs.visible_states == 1, on, 1 - on).prod(axis=1)
    assert training.state.chains.shape == (BATCH, H)
    p_h = p_v @ gibbs.hidden_given(gibbs.visible_states)
    assert excess(places(training.state.chains, gibbs.hidden_states), p_h) < 4


@MODELS
def test_tempering_at_equilibrium_gives_the_gradient(p: Parameters) -> None:
    training = training_on_patterns(p, once(gradient="tempering", temperatures=4))
    replicas = [Gibbs(p, beta) for beta in np.linspace(0, 1, 4)]
    chains = [draw(g.joint().sum(axis=0), g.hidden_states, BATCH, seed) for seed, g in enumerate(replicas)]
    training.state.chains[...] = np.concatenate(chains, axis=1)
    training.step()
    assert_close(stacked(training.last_update()), exact(p), NOISE)


@MODELS
@pytest.mark.parametrize("centred", [False, True])
def test_many_steps_of_cd_give_the_gradient(p: Parameters, centred: bool) -> None:
    found = estimated(p, k=200, visible_units="sampled", centred=centred, batch_size=BATCH // 4)
    expected = estimated(p, gradient="exact", centred=centred, batch_size=4)
    # A quarter of the images has twice the noise.
    assert_close(found, expected, 2 * NOISE)


@pytest.mark.parametrize("classes", [0, C])
@pytest.mark.parametrize("hidden", [2, 6], ids=["fewer hidden", "fewer visible"])
def test_the_exact_gradient_is_the_slope_of_the_log_likelihood(hidden: int, classes: int) -> None:
    p = random_model(D, hidden, classes, seed=5)

    def log_likelihood() -> float:
        if not classes:
            return float(log_probability(p, PATTERNS).mean())
        truth = enumerate_joint(p)
        shares = [truth.of(v)[truth.y[:, label] == 1].sum() for v, label in zip(PATTERNS, LABELS, strict=True)]
        return float(np.log(shares).mean())

    training = Training(
        p, PATTERNS.astype(np.float32), once(gradient="exact", batch_size=4), labels=LABELS if classes else None
    )
    training.step()
    for name, slope in training.last_update().arrays().items():
        array = p.arrays()[name]
        for place in np.ndindex(array.shape):
            middle, step = array[place], np.float32(2.0**-6)
            array[place] = middle + step
            above = log_likelihood()
            array[place] = middle - step
            numeric = (above - log_likelihood()) / (2 * float(step))
            array[place] = middle
            assert slope[place] == pytest.approx(numeric, abs=2e-4), (name, place)


@MODELS
def test_the_exact_gradient_has_no_noise(p: Parameters) -> None:
    assert_close(estimated(p, gradient="exact", batch_size=4), exact(p), 1e-6)


def test_a_model_too_large_for_the_exact_gradient_is_refused() -> None:
    images = np.ones((3, MAX_UNITS + 1), dtype=np.float32)
    p = random_model(MAX_UNITS + 1, MAX_UNITS + 1)
    with pytest.raises(RBMStudioError, match=rf"at most {MAX_UNITS} units; the smaller one has {MAX_UNITS + 1}\. Take"):
        Training(p, images, settings_for("cd-1", gradient="exact"))


@MODELS
@pytest.mark.parametrize("gradient", GRADIENTS)
def test_a_model_that_is_the_data_is_not_moved(p: Parameters, gradient: str) -> None:
    gibbs, count = Gibbs(p), BATCH // 16
    rows = draw(gibbs.joint().sum(axis=1), gibbs.visible_states, count)
    labels = rows[:, D:].argmax(axis=1) if p.label_num else None
    settings = once(gradient=gradient, visible_units="sampled", k=50, temperatures=3, batch_size=count)
    training = Training(p, rows[:, :D].astype(np.float32), settings, labels=labels)
    run(training)
    # So few images have four times the noise, and that of the data is added to that of the estimate.
    assert_close(stacked(training.last_update()), [np.zeros_like(a) for a in stacked(p)], 4 * np.sqrt(2) * NOISE)
