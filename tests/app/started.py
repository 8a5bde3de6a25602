"""A program of its own that starts the window, trains on bars in it, and says what it found, as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BEGIN = """
import json, sys
from pathlib import Path
from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from rbm_studio.app.faults import Faults
from rbm_studio.app.main import create_application
from rbm_studio.app.session import Session
from rbm_studio.app.state import RunState
from rbm_studio.app.window import MainWindow
from tests.app.conftest import bars_dataset
from tests.app.driving import drag, labels, named

def wait_until(condition, seconds=30):
    loop, timer = QEventLoop(), QTimer()
    timer.timeout.connect(lambda: loop.quit() if condition() else None)
    timer.start(10)
    QTimer.singleShot(seconds * 1000, loop.quit)
    loop.exec()
    assert condition()

application = create_application()
faults = Faults()
faults.watch()
session = Session()
faults.reported.connect(session.failed)
failures = []
session.failed.connect(lambda error: failures.append(str(error)))
window = MainWindow(session)
window.restore_layout()
window.show()
session.load("Loading", lambda _task: bars_dataset())
wait_until(lambda: session.images is not None and session.task is None)
session.change_settings(hidden_num=12, batch_size=20, epochs=3, device="cpu")

def train(epochs):
    session.change_settings(epochs=epochs)
    session.train()
    wait_until(lambda: session.run_state is RunState.IDLE)

def end(**found):
    window.discard()
    print(json.dumps({**found, "failures": failures, "epochs": session.epochs_trained}))
"""


def environment(folder: Path, **changes: str) -> dict[str, str]:
    """Return an environment with folders of its own."""
    own = {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CONFIG", "CACHE", "DATA", "STATE")}
    return os.environ | {"PYTHONPATH": str(ROOT)} | own | changes


def start(folder: Path, program: str, *, before: str = "", **changes: str) -> subprocess.Popen[str]:
    """Start a program that goes on after `BEGIN`, in a folder; another part of it may come before."""
    return subprocess.Popen(
        [sys.executable, "-c", before + BEGIN + program],
        env=environment(folder, **changes),
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def found_by(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for a program, and return what it found."""
    out, error = process.communicate(timeout=90)
    assert process.returncode == 0, error
    assert "Traceback" not in error, error
    found = json.loads(out.splitlines()[-1])
    assert isinstance(found, dict)
    assert found["failures"] == []
    return found
