"""Ends from outside: programs of their own get real signals, alone and together, and something to hang on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rbm_studio.app.recovery import find_leftovers, recovery_path
from rbm_studio.app.start_marker import StartMarker, starts_path
from tests.signals import heeded

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows ends programs without such signals"),
    pytest.mark.usefixtures("application"),
]
HANGING = """
import sys, threading
from pathlib import Path
from PySide6.QtCore import QTimer
from rbm_studio.app.main import Program, create_application
from tests.app.conftest import bars_dataset
import rbm_studio.app.main as main

how = sys.argv[1]
application = create_application()

class Hanging(Program):
    def __init__(self, *arguments):
        super().__init__(*arguments, autosave_s=3600)
        self.session = self.window.session
        self.timer = QTimer(self)
        self.timer.timeout.connect(self.begin)
        self.timer.start(10)

    def begin(self):
        session = self.session
        if session.task is not None or session.run_state.name != "IDLE":
            return
        if session.images is None or session.images.dataset.name != "Bars":
            session.load("Loading", lambda _task: bars_dataset())
        elif session.epochs_trained == 0 and how != "quit":
            session.change_settings(hidden_num=12, batch_size=20, epochs=3, device="cpu")
            session.train()
        else:
            self.timer.stop()
            self.hang()

    def hang(self):
        if how == "pipe":
            self.window.open_path(Path(sys.argv[2]))
        elif how == "picture":
            self.window.panel("draw").canvas.open_picture(Path(sys.argv[2]))
        else:
            self.session.load("Loading", lambda _task: threading.Event().wait())
        print("hangs", flush=True)
        if how == "quit":
            QTimer.singleShot(0, self.window, self.window.close)

main.Program = Hanging
sys.exit(main.run())
"""


def start(*arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    with heeded():
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def training(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A program that trains, and never writes anything down before its end."""
    with start("-m", "tests.app.killed", str(tmp_path / "a.rbmx"), "3600", "-1") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("trained")
        yield process
        process.kill()


def what_is_left() -> float:
    """Return how far what was left had trained."""
    (found,) = find_leftovers(recovery_path()).leftovers
    found.remove()
    assert StartMarker(starts_path()).crashes == 0
    return found.about.epochs


TERM, INT, HUP, QUIT = (getattr(signal, name, signal.SIGTERM) for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"))


@pytest.mark.parametrize(
    ("signals", "apart"),
    [
        ([HUP], 0.0),
        ([QUIT], 0.0),
        ([TERM, TERM], 0.0),
        ([TERM, TERM], 0.05),
        ([TERM, TERM], 0.15),
        ([TERM, TERM], 0.3),
        ([TERM, HUP], 0.02),
        ([HUP, TERM, INT, HUP, QUIT, TERM, INT], 0.02),
        ([INT, INT, INT, INT, INT], 0.1),
    ],
)
def test_however_the_program_is_asked_to_end_its_work_is_kept(
    training: subprocess.Popen[str], signals: list[signal.Signals], apart: float
) -> None:
    for number in signals:
        training.send_signal(number)
        try:
            # It may have gone before they all came.
            training.wait(apart)
            break
        except subprocess.TimeoutExpired:
            pass
    said, error = training.communicate(timeout=60)
    assert training.returncode == 0
    assert "Traceback" not in error
    trained = [float(line.split()[1]) for line in said.splitlines() if line.startswith("trained")]
    assert what_is_left() >= max(trained, default=0.01)


def test_a_terminal_whose_end_was_to_be_ignored_ends_nothing(tmp_path: Path) -> None:
    code = "import signal, runpy, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); sys.argv = sys.argv[1:];"
    code += "runpy.run_module('tests.app.killed', run_name='__main__')"
    with start("-c", code, "killed", str(tmp_path / "a.rbmx"), "3600", "-1") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("trained")
        process.send_signal(HUP)
        for _ in range(20):
            assert process.stdout.readline().startswith("trained")
        process.send_signal(TERM)
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert what_is_left() > 0


@pytest.mark.parametrize("how", ["pipe", "picture", "load"])
def test_a_signal_does_not_wait_for_what_hangs(tmp_path: Path, how: str) -> None:
    pipe = tmp_path / ("images.png" if how == "picture" else "images.npz")
    os.mkfifo(pipe)
    with start("-c", HANGING, how, str(pipe)) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "hangs\n"
            process.send_signal(TERM)
            _, error = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0, error
    assert "Traceback" not in error
    assert what_is_left() == 3


def test_to_quit_does_not_wait_for_what_hangs() -> None:
    with start("-c", HANGING, "quit") as process:
        try:
            _, error = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, error
    assert "Traceback" not in error
    assert find_leftovers(recovery_path()).leftovers == []
