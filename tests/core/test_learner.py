from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.core.backend import CPU
from rbm_studio.core.batches import Batches
from rbm_studio.core.learner import Learner
from rbm_studio.core.state import TrainingState
from rbm_studio.core.threads import Threads
from rbm_studio.core.workspace import Joint
from tests.core.joint_enumeration import random_model
from tests.core.runs import RUNS, D, force_threads, settings_of

if TYPE_CHECKING:
    from rbm_studio.core.held_out import Measured

IMAGES = np.random.default_rng(0).random((50, D), dtype=np.float32)


def learner(name: str, threads: int = 1, **changes: Any) -> Learner:
    settings = settings_of(name, **({"batch_size": 40} | changes))
    joint = Joint(random_model(D, 6), np.ones(D, dtype=np.bool_), 50, CPU)
    batches = Batches(IMAGES, None, joint, settings, CPU)
    return Learner(joint, batches, settings, CPU, Threads(threads), TrainingState.start(settings, "CPU"))


def nats(measured: Measured) -> float:
    """Return the cross-entropy in nats an image."""
    return CPU.operations.read([measured.nats])[0] / measured.images


@pytest.mark.parametrize(
    ("name", "full", "short"),
    [("cd", 2, 1), ("cd of states", 2, 1), ("article", 40, 10), ("pcd", 2, 1), ("tempering", 2, 1), ("exact", 2, 1)],
)
def test_so_many_images_are_measured(name: str, full: int, short: int) -> None:
    own = learner(name)
    assert own.learn(np.arange(40), 0.0).images == full
    assert own.learn(np.arange(40, 50), 0.1).images == short


@pytest.mark.parametrize("preset", ["cd-1", "article"])
@pytest.mark.parametrize("changes", [{"gradient": "exact"}, {"gradient": "pcd", "chains": 1}], ids=str)
def test_fewer_chains_measure_no_less(preset: str, changes: dict[str, Any]) -> None:
    few = learner("cd", preset=preset, **changes)
    many = learner("cd", preset=preset)
    assert few.learn(np.arange(40), 0.0).images == many.learn(np.arange(40), 0.0).images
    assert few.measured_per_epoch == many.measured_per_epoch


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("threads", [2, 3, 7])
@pytest.mark.parametrize("rows", [40, 10, 2, 1])
def test_something_is_measured_however_the_rows_are_shared(
    name: str, threads: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    force_threads(monkeypatch, threads)
    own = learner(name, threads)
    for measured in (own.learn(np.arange(rows), 0.0), own.measure(), own.measure_one()):
        assert 1 <= measured.images <= rows
        assert 0 < nats(measured) < 100
    assert own.measure_one().images == 1


def test_the_images_measured_are_those_of_the_batch() -> None:
    # The model reconstructs darkness: what an image costs tells how bright it is.
    settings = settings_of("cd", batch_size=10)
    images = np.repeat([[0.0], [1.0], [0.5]], D, axis=1).astype(np.float32)
    joint = Joint(random_model(D, 6, scale=0.0), np.ones(D, dtype=np.bool_), 3, CPU)
    joint.visible_bias[...] = -20
    batches = Batches(images, None, joint, settings, CPU)
    own = Learner(joint, batches, settings, CPU, Threads(1), TrainingState.start(settings, "CPU"))
    for rows, brightness in (([0], 0.0), ([1], 1.0), ([2], 0.5)):
        assert nats(own.learn(np.array(rows), 0.0)) == pytest.approx(20 * brightness * D, abs=10)


def test_a_batch_is_at_most_the_data() -> None:
    assert learner("cd", batch_size=1000).batch_size == 50
    assert learner("pcd", batch_size=1000).learn(np.arange(50), 0.0).images == 3


@pytest.mark.parametrize("name", RUNS)
def test_measuring_moves_nothing_but_the_random_numbers(name: str) -> None:
    own = learner(name)
    own.learn(np.arange(40), 0.0)
    own.save_randomness()
    before = [array.copy() for array in own._joint.arrays], own._state.chains.copy(), own.particles(100).copy()
    first = nats(own.measure_one())
    own.restore_randomness()
    assert nats(own.measure_one()) == first
    for array, old in zip(own._joint.arrays, before[0], strict=True):
        np.testing.assert_array_equal(array, old)
    np.testing.assert_array_equal(own._state.chains, before[1])
    np.testing.assert_array_equal(own.particles(100), before[2])
