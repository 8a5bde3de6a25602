from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.app.dream import Dream, Frame, Wishes
from rbm_studio.app.dream_runner import DreamRunner, Pace
from rbm_studio.core.gibbs import noise
from tests.core.joint_enumeration import random_model

from .driving import process_deletions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

FASTEST = Pace(float("inf"))
P = random_model(4, 3)


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[DreamRunner]:
    assert qtbot is not None
    runner = DreamRunner()
    yield runner
    runner.shut_down()
    runner.deleteLater()
    process_deletions()


@pytest.fixture
def frames(runner: DreamRunner) -> list[Frame]:
    frames: list[Frame] = []
    runner.moved.connect(frames.append)
    return frames


def dream(visible: int = 4) -> Dream:
    rng = np.random.default_rng(0)
    return Dream(noise(3, visible, rng), Wishes(random_model(visible, 3)), rng)


def settle(qtbot: QtBot, runner: DreamRunner) -> None:
    qtbot.waitUntil(lambda: runner.idle)


def test_a_dream_is_shown_as_it_begins_and_rests(runner: DreamRunner, frames: list[Frame]) -> None:
    runner.begin(dream())
    assert [frame.moment.step for frame in frames] == [0]
    assert runner.idle
    assert not runner.running


def test_single_steps_are_each_made(qtbot: QtBot, runner: DreamRunner, frames: list[Frame]) -> None:
    runner.begin(dream())
    for _ in range(3):
        runner.step()
    qtbot.waitUntil(lambda: frames[-1].moment.step == 3)
    settle(qtbot, runner)
    assert frames[-1].moment.step == 3


@pytest.mark.parametrize("rate", [50.0, 500.0, float("inf")])
def test_it_runs_until_it_is_paused(qtbot: QtBot, runner: DreamRunner, frames: list[Frame], rate: float) -> None:
    runner.begin(dream())
    runner.run(Pace(rate))
    assert runner.running
    qtbot.waitUntil(lambda: frames[-1].moment.step >= 20)
    runner.pause()
    settle(qtbot, runner)
    last = frames[-1].moment.step
    runner.step()
    qtbot.waitUntil(lambda: frames[-1].moment.step > last)
    assert frames[-1].moment.step == last + 1


def test_what_a_pace_means() -> None:
    assert Pace(1.0).turn == (1, 1.0)
    assert Pace(10.0).turn == (1, 0.1)
    steps, seconds = Pace(300.0).turn
    assert steps == 10
    assert steps / seconds == pytest.approx(300)
    assert FASTEST.turn[1] == 0


def test_a_pause_measures_what_was_made(qtbot: QtBot, runner: DreamRunner, frames: list[Frame]) -> None:
    runner.begin(dream())
    # Less than a second: in between it is not yet measured again.
    runner.run(Pace(50.0))
    qtbot.waitUntil(lambda: frames[-1].moment.step >= 25)
    runner.pause()
    settle(qtbot, runner)
    mixing = frames[-1].mixing
    assert mixing is not None
    assert mixing.chains == 3


def test_another_dream_goes_on_at_the_same_pace(qtbot: QtBot, runner: DreamRunner, frames: list[Frame]) -> None:
    runner.begin(dream())
    runner.run(FASTEST)
    qtbot.waitUntil(lambda: frames[-1].moment.step > 0)
    runner.begin(dream(7))
    assert frames[-1].moment.step == 0
    count = len(frames)
    qtbot.waitUntil(lambda: frames[-1].moment.step > 0)
    assert all(frame.moment.states.shape == (3, 7) for frame in frames[count - 1 :])


def test_wishes_are_followed_while_it_runs(qtbot: QtBot, runner: DreamRunner, frames: list[Frame]) -> None:
    runner.begin(dream())
    runner.run(FASTEST)
    runner.follow(Wishes(replace(P, visible_bias=np.full(4, 50, dtype=np.float32))))
    qtbot.waitUntil(lambda: bool((frames[-1].moment.states == 255).all()))
    runner.follow(Wishes(replace(P, visible_bias=np.full(4, -50, dtype=np.float32))))
    qtbot.waitUntil(lambda: bool((frames[-1].moment.states == 0).all()))


def test_without_a_dream_nothing_runs(qtbot: QtBot, runner: DreamRunner, frames: list[Frame]) -> None:
    runner.run(FASTEST)
    runner.step()
    assert not runner.running
    runner.begin(dream())
    runner.run(FASTEST)
    qtbot.waitUntil(lambda: frames[-1].moment.step > 0)
    runner.begin(None)
    assert not runner.running
    count = len(frames)
    settle(qtbot, runner)
    assert len(frames) == count


def test_a_fault_is_told_and_ends_the_dream(
    qtbot: QtBot, runner: DreamRunner, caplog: pytest.LogCaptureFixture
) -> None:
    runner.begin(dream())
    runner.follow(Wishes(random_model(9, 3)))
    with qtbot.waitSignal(runner.failed) as signal:
        runner.run(FASTEST)
    assert signal.args is not None
    assert isinstance(signal.args[0], ValueError)
    assert not runner.running
    assert "Dreaming failed" in caplog.text
    with qtbot.waitSignal(runner.moved, check_params_cb=lambda frame: frame.moment.step > 0):
        runner.begin(dream())
        runner.run(FASTEST)


def test_its_thread_ends_with_it(qtbot: QtBot, runner: DreamRunner, frames: list[Frame]) -> None:
    runner.begin(dream())
    runner.run(FASTEST)
    qtbot.waitUntil(lambda: frames[-1].moment.step > 0)
    assert any(thread.name == "dreaming" for thread in threading.enumerate())
    runner.shut_down()
    assert not any(thread.name == "dreaming" for thread in threading.enumerate())
    runner.run(FASTEST)
    assert not any(thread.name == "dreaming" for thread in threading.enumerate())
