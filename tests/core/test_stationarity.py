"""Each sampler leaves the distribution that it samples from as it is, and comes to it from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.core.backend import CPU
from rbm_studio.core.gradients import GRADIENTS, Phase
from rbm_studio.core.parameters import Parameters
from rbm_studio.core.presets import settings_for
from rbm_studio.core.training import Training
from rbm_studio.core.workspace import Joint, Part, Workspace
from tests.core.gibbs import Gibbs, draw, excess, places, two_modes
from tests.core.joint_enumeration import random_model
from tests.core.runs import force_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rbm_studio.core.backend import FloatArray

N = 10_000
MODELS = pytest.mark.parametrize(
    "p",
    [two_modes(4, 3), two_modes(4, 3, 3), random_model(3, 3, 4, seed=1, scale=1.5), random_model(5, 1, seed=2)],
    ids=["two modes", "two modes and labels", "labels", "one hidden unit"],
)
UNLIKELY = 4.0
"""Standard deviations: more than that once in thirty thousand."""


def part_of(p: Parameters, images: int, chains: int) -> Part:
    joint = Joint(p, np.ones(p.visible_num, dtype=np.bool_), 1, CPU)
    return Workspace(joint, images, chains, CPU, np.random.SeedSequence(3)).parts(images)[0]


def assert_joint(visible: NDArray[Any], hidden: NDArray[Any], gibbs: Gibbs) -> None:
    """Compare pairs of rows with p(v, y, h)."""
    joint = gibbs.joint()
    pairs = places(visible, gibbs.visible_states) * len(gibbs.hidden_states) + places(hidden, gibbs.hidden_states)
    assert excess(pairs, joint.ravel()) < UNLIKELY


def test_chi_square_sees_small_faults_and_forgives_chance() -> None:
    p = np.array([0.1, 0.2, 0.3, 0.4, 1e-6])
    rng = np.random.default_rng(0)
    chance = [excess(rng.choice(5, N, p=p / p.sum()), p / p.sum()) for _ in range(200)]
    assert abs(np.mean(chance)) < 0.25
    assert np.std(chance) == pytest.approx(1.0, abs=0.2)
    wrong = p + np.array([0.02, -0.02, 0, 0, 0])
    assert excess(rng.choice(5, N, p=wrong / wrong.sum()), p / p.sum()) > UNLIKELY


@MODELS
def test_gibbs_steps_from_data_of_the_model(p: Parameters) -> None:
    gibbs = Gibbs(p)
    part = part_of(p, N, 0)
    part.data[...] = draw(gibbs.joint().sum(axis=1), gibbs.visible_states, N)
    part.expect_hidden(part.data, part.hidden_data)
    GRADIENTS["cd"].run(part, np.empty((0, 0), dtype=np.float32), Phase(k=5, sampled_visible=True), 0)
    assert excess(places(part.model, gibbs.visible_states), gibbs.joint().sum(axis=1)) < UNLIKELY


@MODELS
@pytest.mark.parametrize("k", [1, 10])
def test_persistent_chains(p: Parameters, k: int) -> None:
    gibbs = Gibbs(p)
    part = part_of(p, 1, N)
    chains = draw(gibbs.joint().sum(axis=0), gibbs.hidden_states, N).astype(np.float32)
    before = chains.copy()
    GRADIENTS["pcd"].run(part, chains, Phase(k=k, sampled_visible=True), 0)
    assert_joint(part.model, chains, gibbs)
    assert not np.array_equal(chains, before)


@MODELS
def test_tempered_chains_all_of_them(p: Parameters) -> None:
    replicas = [Gibbs(p, beta) for beta in np.linspace(0.0, 1.0, 4)]
    hidden = p.hidden_num
    states = [draw(g.joint().sum(axis=0), g.hidden_states, N, seed) for seed, g in enumerate(replicas)]
    chains = np.concatenate(states, axis=1).astype(np.float32)
    part = part_of(p, 1, N)
    GRADIENTS["tempering"].run(part, chains, Phase(k=5), 0)
    for place, gibbs in enumerate(replicas):
        own = chains[:, place * hidden : (place + 1) * hidden]
        assert excess(places(own, gibbs.hidden_states), gibbs.joint().sum(axis=0)) < UNLIKELY
    assert_joint(part.model, chains[:, -hidden:], replicas[-1])


def frozen_run(p: Parameters, gradient: str, steps: int) -> list[FloatArray]:
    """Return the hidden states of a run's chains, after one step and at its end, of a model that hardly learns."""
    images = np.zeros((steps, p.visible_num), dtype=np.float32)
    images[:, 0] = 1
    labels = np.zeros(steps, dtype=np.int64) if p.label_num else None
    settings = settings_for(
        "cd-1",
        gradient=gradient, learning_rate=1e-9, batch_size=1, epochs=1, chains=N, temperatures=4,
        visible_units="sampled",
    )  # fmt: skip
    training = Training(p, images, settings, labels=labels)
    found = []
    while not training.finished:
        step = training.step()
        if step.batch in (1, steps):
            found.append(training.state.chains[:, -p.hidden_num :].copy())
    return found


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("gradient", ["pcd", "tempering"])
def test_the_chains_of_a_run_find_the_model(
    gradient: str, classes: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    force_threads(monkeypatch, threads)
    p = two_modes(4, 3, classes)
    gibbs = Gibbs(p)
    p_h = gibbs.joint().sum(axis=0)
    first, last = frozen_run(p, gradient, 30)
    assert excess(places(last, gibbs.hidden_states), p_h) < UNLIKELY
    # One step does not do: the chains go on from update to update.
    assert excess(places(first, gibbs.hidden_states), p_h) > 2 * UNLIKELY


def test_tempering_finds_a_mode_that_gibbs_steps_do_not() -> None:
    # All off and all on are alike, and all between them is improbable.
    p = Parameters(*(np.full(shape, value, dtype=np.float32) for shape, value in (((4, 3), 5), (4, -7.5), (3, -10))))
    p_h = Gibbs(p).joint().sum(axis=0)
    start = np.zeros((4000, 3), dtype=np.float32)
    reached = []
    for name, replicas in (("pcd", 1), ("tempering", 6)):
        chains = np.tile(start, (1, replicas))
        GRADIENTS[name].run(part_of(p, 1, len(start)), chains, Phase(k=60, sampled_visible=True), 0)
        reached.append(float(chains[:, -3:].all(axis=1).mean()))
    assert p_h[-1] == pytest.approx(0.5, abs=0.01)
    assert reached[0] < 0.02
    assert reached[1] == pytest.approx(p_h[-1], abs=0.05)
