"""Gibbs chains with held units, against enumeration."""

from __future__ import annotations

import numpy as np
import pytest

from rbm_studio.core.gibbs import Clamp, GibbsChains, Stage, noise
from rbm_studio.core.parameters import Parameters
from rbm_studio.errors import RBMStudioError
from tests.core.joint_enumeration import enumerate_joint


def model(labels: int = 0) -> Parameters:
    rng = np.random.default_rng(3)
    arrays = [rng.normal(0, 1.0, shape).astype(np.float32) for shape in ((5, 4), (5,), (4,))]
    own = [rng.normal(0, 1.0, shape).astype(np.float32) for shape in ((labels, 4), (labels,))] if labels else []
    return Parameters(*arrays, *own)


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
        assert chains.hidden[0, [1, 2]].tolist() == [1, 0]
        assert chains.labels.tolist() == [[0, 0, 1]]


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
