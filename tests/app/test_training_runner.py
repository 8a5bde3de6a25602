from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.app.run_messages import Outcome, Update
from rbm_studio.app.training_runner import (
    IMAGES_PER_POINT,
    MOST_UNTAKEN,
    POINTS_PER_EPOCH,
    TrainingRunner,
)
from rbm_studio.core.parameters import Parameters, gaussian_parameters
from rbm_studio.core.presets import settings_for
from rbm_studio.core.training import Training
from rbm_studio.errors import RBMStudioError

from .conftest import SIDE, bars

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from rbm_studio.core.metrics import EpochRecord
    from rbm_studio.core.training import Progress

IMAGES = bars(200).reshape(200, -1)
BATCHES = 50


@dataclass
class Received:
    """What the runner delivered."""

    updates: list[Update] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    threads: set[threading.Thread] = field(default_factory=set)

    def update(self, update: Update) -> None:
        self.updates.append(update)
        self.threads.add(threading.current_thread())

    def points(self) -> list[tuple[float, float | None, float | None]]:
        return [(point.epoch, point.training, point.held_out) for update in self.updates for point in update.points]

    def records(self) -> list[EpochRecord]:
        return [record for update in self.updates for record in update.records]

    def has_images(self, count: int) -> bool:
        return self.images() == count

    def images(self) -> int:
        progress = self.updates[-1].progress if self.updates else None
        return progress.images if progress else 0


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[TrainingRunner]:
    assert qtbot is not None
    runner = TrainingRunner()
    yield runner
    runner.join()


@pytest.fixture
def received(runner: TrainingRunner) -> Received:
    received = Received()
    runner.updated.connect(received.update)
    runner.ended.connect(received.outcomes.append)
    return received


def training(epochs: int = 3, learning_rate: float = 0.1) -> Training:
    parameters = gaussian_parameters(SIDE * SIDE, 12, np.random.default_rng(0))
    settings = settings_for("cd-1", epochs=epochs, batch_size=4, learning_rate=learning_rate)
    return Training(parameters, IMAGES, settings, held_out=IMAGES[:20])


def parameters_of(outcome: Outcome) -> Parameters:
    assert outcome.snapshot is not None
    return outcome.snapshot.parameters


def values(parameters: Parameters) -> bytes:
    return b"".join(array.tobytes() for array in (parameters.w, parameters.visible_bias, parameters.hidden_bias))


def run(qtbot: QtBot, runner: TrainingRunner, epochs: int = 3) -> Outcome:
    with qtbot.waitSignal(runner.ended, timeout=20_000) as ended:
        runner.start(lambda: training(epochs))
    assert ended.args is not None
    outcome = ended.args[0]
    assert isinstance(outcome, Outcome)
    return outcome


def test_what_came_until_a_checkpoint_is_told_of_with_it(runner: TrainingRunner, received: Received) -> None:
    runner.start(lambda: training(epochs=1000))
    # The window has no turn meanwhile.
    records: tuple[EpochRecord, ...] = ()
    while len(records) < 2:
        checkpoint = runner.checkpoint()
        assert checkpoint is not None
        records = checkpoint.records
    runner.deliver()
    assert tuple(received.records())[: len(records)] == records
    assert received.points()[-1][0] >= records[-1].epoch


def test_a_run_goes_to_its_end(qtbot: QtBot, runner: TrainingRunner, received: Received) -> None:
    outcome = run(qtbot, runner)
    assert outcome.finished
    assert outcome.error is None
    assert not runner.running
    assert received.threads == {threading.current_thread()}
    assert [record.epoch for record in received.records()] == [1, 2, 3]
    assert received.images() == 600

    alone = training()
    while not alone.finished:
        alone.step()
    assert values(parameters_of(outcome)) == values(alone.snapshot())


def measured_in_full(images: int) -> Training:
    """Return a training of two epochs of 20 batches, each image of which is measured."""
    many = np.tile(IMAGES, (images // len(IMAGES), 1))
    parameters = gaussian_parameters(SIDE * SIDE, 12, np.random.default_rng(0))
    settings = settings_for("article", epochs=2, batch_size=images // 20, learning_rate=1e-4)
    return Training(parameters, many, settings, held_out=IMAGES[:20])


def run_measured(qtbot: QtBot, runner: TrainingRunner, images: int) -> None:
    with qtbot.waitSignal(runner.ended, timeout=20_000):
        runner.start(lambda: measured_in_full(images))


def test_the_curve_has_several_points_an_epoch_the_same_ones_in_each_run(
    qtbot: QtBot, runner: TrainingRunner, received: Received
) -> None:
    images = POINTS_PER_EPOCH * IMAGES_PER_POINT
    run_measured(qtbot, runner, images)
    first = received.points()
    assert [point[0] for point in first] == pytest.approx([(n + 1) / POINTS_PER_EPOCH for n in range(40)])
    assert {1, 2} <= {epoch for epoch, _, held_out in first if held_out is not None}
    received.updates.clear()
    run_measured(qtbot, runner, images)
    assert received.points() == first


def test_an_epoch_of_which_few_images_are_measured_has_fewer_points(
    qtbot: QtBot, runner: TrainingRunner, received: Received
) -> None:
    run_measured(qtbot, runner, 5 * IMAGES_PER_POINT + IMAGES_PER_POINT // 2 + 50)
    assert [point[0] for point in received.points()] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 2])
    received.updates.clear()
    run(qtbot, runner)  # measures 12 of its 200 images
    assert [point[0] for point in received.points()] == [1, 2, 3]


def test_a_point_is_the_mean_of_its_batches(qtbot: QtBot, runner: TrainingRunner, received: Received) -> None:
    images = 4 * IMAGES_PER_POINT
    run_measured(qtbot, runner, images)
    alone = measured_in_full(images)
    kls = [alone.step().kl for _ in range(40)]
    means = [sum(kls[at : at + 5]) / 5 for at in range(0, 40, 5)]
    values = np.array([point[1] for point in received.points()], dtype=np.float64)
    np.testing.assert_allclose(values, means, rtol=1e-12)


def test_pause_step_and_resume(qtbot: QtBot, runner: TrainingRunner, received: Received) -> None:
    runner.start(lambda: training(epochs=2), paused=True)
    for batches in (1, 2, 3):
        qtbot.waitUntil(partial(received.has_images, 4 * batches))
        # A step brings its own parameters, so that one can see what it did.
        assert received.updates[-1].snapshot is not None
        assert runner.running
        runner.step()
    with qtbot.waitSignal(runner.ended):
        runner.resume()
    alone = training(epochs=2)
    while not alone.finished:
        alone.step()
    assert values(parameters_of(received.outcomes[0])) == values(alone.snapshot())


def test_a_pause_brings_the_parameters_where_the_run_stands(
    qtbot: QtBot, runner: TrainingRunner, received: Received
) -> None:
    with qtbot.waitSignal(runner.updated):
        runner.start(lambda: training(epochs=100_000))
    runner.pause()

    def is_shown() -> bool:
        snapshots = [update.snapshot for update in received.updates if update.snapshot is not None]
        at = received.updates[-1].progress
        return at is not None and snapshots[-1].epochs_trained == at.epochs_trained

    qtbot.waitUntil(is_shown)


def test_a_paused_run_stands_still_and_can_be_stopped(qtbot: QtBot, runner: TrainingRunner, received: Received) -> None:
    with qtbot.waitSignal(runner.updated):
        runner.start(lambda: training(epochs=100_000))
    runner.pause()
    thread = next(thread for thread in threading.enumerate() if thread.name == "training")
    with qtbot.assertNotEmitted(runner.ended, wait=200):
        pass
    at = received.images()
    with qtbot.assertNotEmitted(runner.updated, wait=100):
        pass
    with qtbot.waitSignal(runner.ended):
        runner.stop()
    assert received.images() == at
    assert not received.outcomes[0].finished
    assert not thread.is_alive()


def test_a_step_that_is_asked_for_during_another_is_taken_too(
    qtbot: QtBot, runner: TrainingRunner, received: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = training(epochs=100_000)
    begun, goes_on, step = threading.Event(), threading.Event(), held.step

    def wait_and_step() -> Progress:
        begun.set()
        assert goes_on.wait(20)
        return step()

    monkeypatch.setattr(held, "step", wait_and_step)
    runner.start(lambda: held, paused=True)
    assert begun.wait(20)
    runner.step()
    goes_on.set()
    qtbot.waitUntil(lambda: received.has_images(2 * 4))


def test_a_stop_is_not_taken_back(qtbot: QtBot, runner: TrainingRunner, received: Received) -> None:
    runner.start(lambda: training(epochs=100_000))
    runner.stop()
    with qtbot.waitSignal(runner.ended):
        runner.resume()
    assert not received.outcomes[0].finished


def test_a_second_start_changes_nothing(qtbot: QtBot, runner: TrainingRunner, received: Received) -> None:
    runner.start(lambda: training(epochs=2))
    with qtbot.waitSignal(runner.ended):
        runner.start(lambda: training(epochs=50))
    assert len(received.records()) == 2
    assert len(received.outcomes) == 1


def test_join_delivers_what_was_left(qtbot: QtBot, runner: TrainingRunner, received: Received) -> None:
    with qtbot.waitSignal(runner.updated):
        runner.start(lambda: training(epochs=100_000))
    runner.join()
    assert not runner.running
    assert len(received.outcomes) == 1
    assert received.outcomes[0].state is not None
    assert received.images() == round(received.outcomes[0].state.epochs_trained * 200)
    assert not [thread for thread in threading.enumerate() if thread.name == "training"]
    runner.join()
    assert len(received.outcomes) == 1


def test_a_training_that_cannot_be_built_is_told(
    qtbot: QtBot, runner: TrainingRunner, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> Training:
        raise RBMStudioError("There is no GPU.", "Choose the CPU.")

    with qtbot.waitSignal(runner.ended) as ended:
        runner.start(fail)
    assert ended.args is not None
    outcome = ended.args[0]
    assert str(outcome.error) == "There is no GPU. Choose the CPU."
    assert (outcome.finished, outcome.snapshot, outcome.state) == (False, None, None)
    assert not [record for record in caplog.records if record.exc_info]


def test_a_fault_is_logged_with_its_traceback(
    qtbot: QtBot, runner: TrainingRunner, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> Training:
        raise MemoryError("no room for the workspace")

    with qtbot.waitSignal(runner.ended) as ended:
        runner.start(fail)
    assert ended.args is not None
    assert isinstance(ended.args[0].error, MemoryError)
    assert "Traceback" in caplog.text
    assert "no room for the workspace" in caplog.text


def test_a_snapshot_holds_the_last_update_and_the_particles(
    qtbot: QtBot, runner: TrainingRunner, received: Received
) -> None:
    runner.start(training, paused=True)
    qtbot.waitUntil(lambda: received.images() == 4)
    first = received.updates[-1].snapshot
    runner.step()
    qtbot.waitUntil(lambda: received.images() == 8)
    second = received.updates[-1].snapshot
    assert first is not None
    assert second is not None
    np.testing.assert_allclose(second.parameters.w - first.parameters.w, second.update.w, atol=1e-6)
    assert np.abs(second.update.w).max() > 0
    assert second.particles.shape == (4, SIDE * SIDE)
    # Copies: a later step does not change what was delivered.
    kept = first.update.w.copy(), first.particles.copy()
    runner.step()
    qtbot.waitUntil(lambda: received.images() == 12)
    np.testing.assert_array_equal(first.update.w, kept[0])
    np.testing.assert_array_equal(first.particles, kept[1])


def test_an_exploding_run_keeps_the_last_good_parameters(qtbot: QtBot, runner: TrainingRunner) -> None:
    with qtbot.waitSignal(runner.ended) as ended:
        runner.start(lambda: training(learning_rate=1e6))
    assert ended.args is not None
    outcome = ended.args[0]
    assert "exploded" in str(outcome.error)
    assert parameters_of(outcome).is_finite
    assert np.abs(parameters_of(outcome).w).max() < 1


def test_checkpoints_are_kept_along_the_run_but_few_wait_for_a_window_that_is_busy(
    qtbot: QtBot, runner: TrainingRunner, received: Received
) -> None:
    runner.keep_every(0.1)
    runner.start(lambda: training(2000))
    with qtbot.waitSignal(runner.updated):
        pass
    # Nobody takes what the worker makes.
    threading.Event().wait(0.3)
    seen = len(received.updates)
    qtbot.waitUntil(lambda: len(received.updates) > seen)
    runner.join()
    kept = [update.checkpoints for update in received.updates]
    assert sum(map(len, kept)) > 1
    assert max(map(len, kept)) <= MOST_UNTAKEN
    first = next(checkpoint for checkpoints in kept for checkpoint in checkpoints)
    assert first.state.epochs_trained == first.epochs_trained >= 0.1
