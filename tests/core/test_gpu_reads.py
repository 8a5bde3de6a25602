"""When the host waits for the GPU, and what it finds then."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from rbm_studio.core.gpu_operations import GPUOperations
from rbm_studio.core.presets import settings_for
from rbm_studio.core.training import GOOD_EVERY, Training, TrainingDivergedError
from tests.core.runs import D, flat, initial, run
from tests.core.stand_in import DeviceArray, stand_in_gpu

EVERY = GPUOperations.reads_every
BATCH = 4
CHOICES: list[dict[str, Any]] = [
    {},
    {"gradient": "pcd", "centred": True},
    {"gradient": "tempering", "temperatures": 3},
    {"sparsity_cost": 0.1, "clip_norm": 0.5, "max_norm": 1.0, "l1": 1e-4, "l2": 1e-4, "update": "adam"},
    {"binarisation": "stochastic", "k": 2, "visible_units": "sampled"},
    {"preset": "article"},
]


def training(batches: int, **settings: Any) -> Training:
    images = np.random.default_rng(0).integers(0, 256, (batches * BATCH, D), dtype=np.uint8)
    chosen: dict[str, Any] = {"preset": "cd-1", "batch_size": BATCH} | settings
    wanted = settings_for(**chosen)
    return Training(initial(wanted.preset), images, wanted, held_out=images[:10], backend=stand_in_gpu())


def run_watching(training: Training, steps: int) -> None:
    """See that a person could stop after any batch."""
    for _ in range(steps):
        training.step()
        assert training.snapshot().is_finite


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_the_host_waits_once_in_a_number_of_batches(choice: dict[str, Any]) -> None:
    ours = training(2 * EVERY + 5, epochs=2, **choice)
    waited, sent = [], []
    for _ in range(ours.batches + 1):
        before = DeviceArray.waits, DeviceArray.sent
        ours.step()
        waited.append(DeviceArray.waits - before[0])
        sent.append(DeviceArray.sent - before[1])
    reads = [0, EVERY, 2 * EVERY, ours.batches - 1]
    assert [place for place, count in enumerate(waited) if count] == reads
    assert set(waited) == {0, 1}
    # Each epoch's order, and nothing else.
    assert [place for place, count in enumerate(sent) if count] == [0, ours.batches]


def test_progress_tells_the_newest_kl_that_was_read() -> None:
    ours = training(2 * EVERY, epochs=2)
    steps = run(ours)
    changes = [place for place, (one, next_one) in enumerate(pairwise(steps), 1) if one.kl != next_one.kl]
    first = [EVERY, 2 * EVERY - 1]
    # The second epoch starts with nothing unread.
    assert changes == [*first, first[-1] + EVERY, 4 * EVERY - 1]
    ends = [step for step in steps if step.epoch_kl is not None]
    assert [step.batch for step in ends] == [ours.batches] * 2
    assert all(step.held_out_kl is not None for step in ends)
    assert np.isfinite([step.kl for step in steps]).all()


def test_the_epochs_mean_is_of_all_batches_also_of_those_read_in_between() -> None:
    whole, watched = (training(2 * EVERY, epochs=1) for _ in range(2))
    expected = run(whole)[-1]
    while not watched.finished:
        last = watched.step()
        # As when a person pauses and saves after each batch.
        assert np.isfinite(watched.state.position.total)
    assert last.epoch_kl == pytest.approx(expected.epoch_kl, abs=1e-12)
    np.testing.assert_array_equal(flat(watched.snapshot()), flat(whole.snapshot()))


@pytest.mark.parametrize("rate", [1e3, 1e6, 1e8])
def test_a_run_that_explodes_is_halted_at_the_next_read(rate: float) -> None:
    ours = training(3 * EVERY, learning_rate=rate, epochs=2)
    with pytest.raises(TrainingDivergedError, match="halted in epoch 1"):
        run_watching(ours, EVERY + 1)
    assert ours.snapshot().is_finite
    assert not any(array.any() for slots in ours.state.kept for array in slots)


@pytest.mark.parametrize("place", [0, 1, 2], ids=["w", "visible_bias", "hidden_bias"])
def test_the_last_good_parameters_come_back(place: int) -> None:
    ours = training(3 * EVERY, epochs=2)
    seen = []
    for _ in range(EVERY + 3):
        ours.step()
        seen.append(flat(ours.snapshot()))
    ours.state.kept[place][0][...] = np.inf
    with pytest.raises(TrainingDivergedError):
        run(ours)
    assert any(np.array_equal(flat(ours.snapshot()), good) for good in seen)
    # They are not those of the start: what was read since then was sound.
    assert not np.array_equal(flat(ours.snapshot()), flat(initial()))


def test_to_save_a_run_that_has_exploded_saves_good_parameters() -> None:
    ours = training(3 * EVERY, epochs=2)
    for _ in range(2):
        ours.step()
    ours.state.kept[1][0][...] = np.inf
    ours.step()
    assert ours.state.is_finite
    assert ours.snapshot().is_finite


def test_parameters_are_put_by_less_often_than_the_cpu_would_if_reads_are_rarer() -> None:
    assert EVERY >= GOOD_EVERY
