"""Gibbs chains with held units and at other temperatures, against enumeration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.core.gibbs import Clamp, GibbsChains, Stage, noise
from rbm_studio.core.parameters import Parameters
from rbm_studio.errors import RBMStudioError
from tests.core.gibbs import Gibbs, excess, places
from tests.core.joint_enumeration import enumerate_joint, random_model

if TYPE_CHECKING:
    from tests.core.enumeration import Array

N = 10_000
STEPS = 60
UNLIKELY = 4.0
"""Standard deviations: more than that once in thirty thousand."""
MODELS = pytest.mark.parametrize(
    "p", [random_model(4, 3, seed=4), random_model(3, 3, 4, seed=1)], ids=["pixels", "labels"]
)
TEMPERATURES = pytest.mark.parametrize("temperature", [0.7, 1.0, 2.0])


def model(labels: int = 0) -> Parameters:
    rng = np.random.default_rng(3)
    arrays = [rng.normal(0, 1.0, shape).astype(np.float32) for shape in ((5, 4), (5,), (4,))]
    own = [rng.normal(0, 1.0, shape).astype(np.float32) for shape in ((labels, 4), (labels,))] if labels else []
    return Parameters(*arrays, *own)


def run(p: Parameters, temperature: float, clamp: Clamp | None = None, start: list[float] | None = None) -> GibbsChains:
    """Return many chains, long after they have started from one place."""
    first = np.tile(np.array(start or [0.0] * p.visible_num, dtype=np.float32), (N, 1))
    chains = GibbsChains(p, first, np.random.default_rng(5))
    chains.temperature = temperature
    chains.clamp = clamp or Clamp()
    chains.step(STEPS)
    return chains


def visible_of(chains: GibbsChains) -> Array:
    rows: Array = np.concatenate([chains.visible, chains.labels], axis=1).astype(np.float64)
    return rows


def assert_joint(chains: GibbsChains, gibbs: Gibbs, allowed: Array | None = None) -> None:
    """Compare with p(v, y, h), or with it given the states that are allowed, of the shape of the joint."""
    joint = gibbs.joint() if allowed is None else gibbs.joint() * allowed
    pairs = places(visible_of(chains), gibbs.visible_states) * len(gibbs.hidden_states)
    pairs += places(chains.hidden, gibbs.hidden_states)
    assert excess(pairs, (joint / joint.sum()).ravel()) < UNLIKELY


def test_the_stages_follow_each_other() -> None:
    chains = GibbsChains(model(), np.zeros((2, 5), dtype=np.float32), np.random.default_rng(0))
    seen = [chains.stage]
    for _ in range(4):
        chains.half_step()
        seen.append(chains.stage)
    assert seen == [*Stage, Stage.VISIBLE]


def test_a_start_of_another_width_is_refused() -> None:
    with pytest.raises(RBMStudioError, match="5 visible units"):
        GibbsChains(model(), np.zeros((2, 4), dtype=np.float32), np.random.default_rng(0))


def test_noise_is_even() -> None:
    states = noise(200, 50, np.random.default_rng(0))
    assert set(np.unique(states)) == {0, 1}
    assert states.mean() == pytest.approx(0.5, abs=0.02)


def test_clamped_units_keep_their_values() -> None:
    start = np.array([[0.3, 1, 0, 0, 0.7]], dtype=np.float32)
    chains = GibbsChains(model(3), start, np.random.default_rng(0))
    chains.clamp = Clamp(np.array([True, False, False, False, True]), {1: 1, 2: 0}, 2)
    for _ in range(20):
        chains.step()
        assert chains.visible[0, [0, 4]].tolist() == start[0, [0, 4]].tolist()
        assert chains.visible_probabilities[0, [0, 4]].tolist() == start[0, [0, 4]].tolist()
        assert chains.hidden[0, [1, 2]].tolist() == [1, 0]
        assert chains.labels.tolist() == [[0, 0, 1]]


@MODELS
@TEMPERATURES
def test_free_chains_sample_the_model(p: Parameters, temperature: float) -> None:
    assert_joint(run(p, temperature), Gibbs(p, 1 / temperature))


@MODELS
@TEMPERATURES
def test_with_pixels_held_the_rest_is_sampled_given_these(p: Parameters, temperature: float) -> None:
    gibbs = Gibbs(p, 1 / temperature)
    held = np.zeros(p.visible_num, dtype=np.bool_)
    held[[0, 2]] = True
    chains = run(p, temperature, Clamp(pixels=held), [1.0, 0.0, 0.0, 1.0][: p.visible_num])
    states = gibbs.visible_states
    allowed = (states[:, 0] == 1) & (states[:, 2] == 0)
    assert_joint(chains, gibbs, allowed[:, None].astype(np.float64))


@TEMPERATURES
def test_a_held_grey_pixel_counts_with_its_grey(temperature: float) -> None:
    p = random_model(4, 3, seed=4)
    gibbs = Gibbs(p, 1 / temperature)
    held = np.array([True, False, False, False])
    chains = run(p, temperature, Clamp(pixels=held), [0.3, 0, 0, 0])
    seen = visible_of(chains)
    assert (seen[:, 0] == np.float32(0.3)).all()
    # The states that are left are those with the pixel off, with the energy that they have at its grey.
    left = gibbs.visible_states[:, 0] == 0
    gibbs.visible_states = gibbs.visible_states[left]
    gibbs.visible_states[:, 0] = 0.3
    joint = gibbs.joint()
    gibbs.visible_states[:, 0] = seen[:, 0] = 0
    pairs = places(seen, gibbs.visible_states) * len(gibbs.hidden_states) + places(chains.hidden, gibbs.hidden_states)
    assert excess(pairs, joint.ravel()) < UNLIKELY


@MODELS
@TEMPERATURES
def test_with_hidden_units_held_the_rest_is_sampled_given_these(p: Parameters, temperature: float) -> None:
    gibbs = Gibbs(p, 1 / temperature)
    chains = run(p, temperature, Clamp(hidden={0: 1, 2: 0}))
    states = gibbs.hidden_states
    assert_joint(chains, gibbs, ((states[:, 0] == 1) & (states[:, 2] == 0))[None, :].astype(np.float64))


@TEMPERATURES
def test_with_a_class_held_the_rest_is_sampled_given_it(temperature: float) -> None:
    p = random_model(3, 3, 4, seed=1)
    gibbs = Gibbs(p, 1 / temperature)
    chains = run(p, temperature, Clamp(label=2))
    assert_joint(chains, gibbs, (gibbs.visible_states[:, 3 + 2] == 1)[:, None].astype(np.float64))


def test_all_three_kinds_of_units_held_together() -> None:
    p = random_model(3, 3, 4, seed=1)
    gibbs = Gibbs(p, 1 / 1.5)
    held = np.array([False, True, False])
    chains = run(p, 1.5, Clamp(held, {1: 1}, 0), [0, 1, 0])
    v, h = gibbs.visible_states, gibbs.hidden_states
    assert_joint(chains, gibbs, np.outer((v[:, 1] == 1) & (v[:, 3] == 1), h[:, 1] == 1).astype(np.float64))


def test_what_is_let_go_moves_again() -> None:
    p = random_model(3, 3, 4, seed=1)
    chains = run(p, 1.0, Clamp(np.array([True, True, True]), {0: 1}, 3), [1, 1, 1])
    chains.clamp = Clamp()
    chains.step(STEPS)
    assert_joint(chains, Gibbs(p))


def test_other_parameters_are_followed() -> None:
    chains = run(random_model(3, 3, 4, seed=1), 1.0)
    chains.parameters = random_model(3, 3, 4, seed=2)
    chains.step(STEPS)
    assert_joint(chains, Gibbs(chains.parameters))


@TEMPERATURES
def test_probabilities_are_for_show_and_states_are_what_goes_on(temperature: float) -> None:
    p = random_model(4, 3, seed=4)
    gibbs, chains = Gibbs(p, 1 / temperature), run(p, temperature)
    np.testing.assert_allclose(chains.visible_probabilities, gibbs.expect_visible(chains.hidden), atol=1e-6)
    assert set(np.unique(chains.visible)) == {0, 1}
    chains.half_step()
    np.testing.assert_allclose(chains.hidden_probabilities, gibbs.expect_hidden(chains.visible), atol=1e-6)


def test_without_sampling_the_probabilities_go_on() -> None:
    p = random_model(4, 3, seed=4)
    chains = GibbsChains(p, np.zeros((5, 4), dtype=np.float32), np.random.default_rng(0))
    chains.mean_field = True
    chains.step()
    np.testing.assert_array_equal(chains.visible, chains.visible_probabilities)
    np.testing.assert_allclose(chains.visible, Gibbs(p).expect_visible(chains.hidden), atol=1e-6)


@pytest.mark.parametrize("temperature", [1.0, 2.5])
@pytest.mark.parametrize(
    "clamp", [Clamp(), Clamp(np.arange(5) < 2, {3: 0}), Clamp(hidden={0: 1}, label=1)], ids=["free", "pixels", "class"]
)
@pytest.mark.parametrize("labels", [0, 3])
def test_the_chains_sample_what_is_left_given_what_is_held(labels: int, clamp: Clamp, temperature: float) -> None:
    p, count = model(labels), 10_000
    start = np.tile(np.array([[1, 0, 0, 1, 1]], dtype=np.float32), (count, 1))
    chains = GibbsChains(p, start, np.random.default_rng(0))
    chains.clamp, chains.temperature = clamp, temperature
    chains.step(30)
    joint = enumerate_joint(p)
    together = joint.p ** (1 / temperature)
    if clamp.pixels is not None:
        together *= (joint.v[:, clamp.pixels] == start[0, clamp.pixels]).all(axis=1)
    for unit, state in (clamp.hidden or {}).items():
        together *= joint.h[:, unit] == state
    if labels and clamp.label is not None:
        together *= joint.y[:, clamp.label]
    together /= together.sum()
    for states, found in ((joint.v, chains.visible), (joint.y, chains.labels), (joint.h, chains.hidden)):
        expected = together @ states
        np.testing.assert_allclose(found.mean(axis=0), expected, atol=5 * 0.5 / np.sqrt(count))
    expected = (together[:, None] * joint.v).T @ joint.h
    np.testing.assert_allclose(chains.visible.T @ chains.hidden / count, expected, atol=5 * 0.5 / np.sqrt(count))
