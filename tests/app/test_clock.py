"""A computer that sleeps and wakes, and a clock that is set back."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from rbm_studio.app.state import Speed
from rbm_studio.app.throttle import Throttle
from rbm_studio.storage.experiment_file import load_experiment
from rbm_studio.storage.model_file import load_model

from .driving import press, status, wait_until_idle
from .started import found_by, start

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtCore import QObject
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow

HOURS = 8 * 3600.0

# Before anything of the program's is imported: the clocks that can be set are then another's.
SET_CLOCK = """
import datetime, time
class Clock:
    now = 1_700_000_000.0
    real_localtime, real_gmtime, real_datetime = time.localtime, time.gmtime, datetime.datetime
class SetDatetime(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(Clock.now, tz)
    @classmethod
    def today(cls):
        return cls.now()
time.time = lambda: Clock.now
time.time_ns = lambda: int(Clock.now * 1e9)
time.localtime = lambda seconds=None: Clock.real_localtime(Clock.now if seconds is None else seconds)
time.gmtime = lambda seconds=None: Clock.real_gmtime(Clock.now if seconds is None else seconds)
datetime.datetime = SetDatetime
"""
SET_BACK = """
for year, name in ((2023, "now"), (2022, "a year back"), (1970, "the beginning"), (1969, "before it")):
    Clock.now = (year - 1970) * 31_556_952.0 + (40 * 86_400 if year > 1969 else 0)
    session.reset()
    train(2)
    assert session.save_experiment(Path(f"{name}.rbmx")) and session.save_model(Path(f"{name}.safetensors"))
    # In the midst of a run, too.
    session.change_settings(epochs=100_000)
    session.train()
    wait_until(lambda: session.progress is not None and session.progress.epoch > 3)
    Clock.now -= 31_556_952.0
    at = session.progress.images
    wait_until(lambda: session.progress.images > at and session.images_per_second > 0)
    left = session.seconds_left
    session.stop()
    wait_until(lambda: session.run_state is RunState.IDLE)
    assert left is not None and left > 0
assert session.open_experiment(Path("before it.rbmx"))
runs = [run.began.year for run in session.book.runs]
end(runs=runs)
"""


def test_a_clock_that_is_set_back_a_year_or_to_its_beginning_does_no_harm(tmp_path: Path) -> None:
    found = found_by(start(tmp_path, SET_BACK, before=SET_CLOCK, TZ="UTC"))
    assert {2023, 2022, 1970, 1968} <= set(found["runs"])
    for name in ("now", "a year back", "the beginning", "before it"):
        assert load_model(tmp_path / f"{name}.safetensors").parameters.is_finite
        assert load_experiment(tmp_path / f"{name}.rbmx").model is not None


SLEEP = """
print("ready", flush=True)
session.change_settings(epochs=100_000)
session.train()
beats = []
def beat():
    beats.append(session.progress.images if session.progress is not None else 0)
timer = QTimer()
timer.timeout.connect(beat)
timer.start(10)
wait_until(lambda: session.progress is not None and session.progress.epoch > 10)
print("training", flush=True)
before = session.progress.images
sys.stdin.readline()
woken = len(beats)
application.processEvents()
# What was missed is not made up for, one after the other.
caught_up = len(beats) - woken
wait_until(lambda: session.progress.images > before and session.images_per_second > 0)
speed, left = session.images_per_second, session.seconds_left
session.stop()
wait_until(lambda: session.run_state is RunState.IDLE)
end(caught_up=caught_up, speed=speed, left=left, finite=session.model.parameters.is_finite)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs signals that stop a program and let it go on")
def test_a_program_that_was_stopped_in_mid_run_goes_on(tmp_path: Path) -> None:
    process = start(tmp_path, SLEEP)
    assert process.stdout is not None
    assert process.stdin is not None
    while process.stdout.readline().strip() != "training":
        assert process.poll() is None, process.stderr and process.stderr.read()
    os.kill(process.pid, signal.SIGSTOP)
    stopped, how = os.waitpid(process.pid, os.WUNTRACED)
    assert stopped == process.pid
    assert os.WIFSTOPPED(how)
    # As long as the machine sleeps.
    threading.Event().wait(1.0)
    os.kill(process.pid, signal.SIGCONT)
    process.stdin.write("awake\n")
    process.stdin.flush()
    found = found_by(process)
    assert found["caught_up"] <= 2
    assert found["speed"] > 0
    assert found["left"] > 0
    assert found["finite"]


@pytest.fixture
def hours_later(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """By how much the clock that cannot be set has jumped, as it does on some systems while they sleep."""
    jumped = [0.0]
    clock = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: clock() + jumped[0])
    return jumped


def test_the_speed_is_that_of_the_last_seconds_and_not_of_the_night(hours_later: list[float]) -> None:
    speed = Speed()
    for images in (0, 1000, 2000):
        speed.add(images)
        hours_later[0] += 0.1
    assert speed.images_per_second == pytest.approx(10_000, rel=0.2)
    hours_later[0] += HOURS
    speed.add(2100)
    assert speed.images_per_second == 0
    hours_later[0] += 0.1
    speed.add(3100)
    assert speed.images_per_second == pytest.approx(10_000, rel=0.2)


@pytest.mark.parametrize("jump", [HOURS, -HOURS])
def test_what_is_throttled_goes_on(qtbot: QtBot, qapp: QObject, monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    calls: list[float] = []
    throttle = Throttle(20, lambda: calls.append(0), qapp)
    throttle.request()
    assert len(calls) == 1
    clock = time.monotonic
    # A clock that goes back is not one that Python calls monotonic; but a computer's may be broken.
    monkeypatch.setattr(time, "monotonic", lambda: clock() + jump)
    throttle.request()
    qtbot.waitUntil(lambda: len(calls) == 2, timeout=2000)
    throttle.deleteLater()


def test_a_window_that_slept_over_a_run_goes_on(qtbot: QtBot, window: MainWindow, hours_later: list[float]) -> None:
    session = window.session
    session.change_settings(epochs=100_000)
    window.docks["dream"].raise_()
    press(window, "Train")
    qtbot.waitUntil(lambda: session.progress is not None and session.progress.epoch > 3)
    hours_later[0] += HOURS
    at = session.epochs_trained
    qtbot.waitUntil(lambda: session.epochs_trained > at + 2 and session.images_per_second > 0)
    left = session.seconds_left
    assert left is not None
    assert left < HOURS
    session.stop()
    wait_until_idle(qtbot, session)
    assert "again" not in status(window)
