from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rbm_studio.app.drawings_file import read_drawings
from rbm_studio.app.recovery import find_leftovers, recovery_path
from rbm_studio.app.session import Session
from rbm_studio.app.shared_drawings import drawings_path
from rbm_studio.app.start_marker import StartMarker, starts_path
from tests.sizes import sized

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QCoreApplication
    from pytestqt.qtbot import QtBot

ROOT = Path(__file__).parents[2]
INTERVAL_S = 0.2
MOST_LOST_S = 60.0


@dataclass
class Killed:
    """What a program had told before it was killed, with the times."""

    safe: float
    trained: list[tuple[float, float]]
    at: float


def run_and_kill(file: Path, seed: int) -> Killed:
    rng = random.Random(seed)
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.app.killed", str(file), str(INTERVAL_S), str(seed)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        # Now and then it is killed as it starts, else at work.
        first = process.stdout.readline() if seed % 8 else ""
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(rng.uniform(0.0, 1.5))
    finally:
        at = time.monotonic()
        process.kill()
        rest, _ = process.communicate()
    lines = [line.split() for line in (first + rest).splitlines()]
    told = [(what, float(epochs), float(when)) for what, epochs, when in lines]
    assert {what for what, _epochs, _when in told} <= {"trained", "written", "saved"}
    safe = [epochs for what, epochs, _when in told if what in ("written", "saved")]
    return Killed(max(safe, default=0.0), [(e, when) for what, e, when in told if what == "trained"], at)


def age_all_parts(*folders: Path) -> None:
    for folder in folders:
        for part in folder.rglob("*.part"):
            os.utime(part, (time.time() - 3600, time.time() - 3600))


def wait_until_shown(qtbot: QtBot, session: Session) -> None:
    """Wait until the images of an experiment have been looked for."""
    qtbot.waitUntil(lambda: session.task is None)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


@pytest.mark.soak
def test_after_a_kill_every_file_opens_and_little_is_lost(
    qtbot: QtBot, application: QCoreApplication, tmp_path: Path, figure: Callable[[str, object], None]
) -> None:
    assert application is not None
    folder = tmp_path / "lessons"
    folder.mkdir()
    file = folder / "lesson.rbmx"
    worst = 0.0
    recovered = 0
    for seed in range(sized(6, 200)):
        killed = run_and_kill(file, seed)
        starts = StartMarker(starts_path())
        assert starts.crashes == 1 or not killed.trained
        starts.settle()
        age_all_parts(folder, recovery_path(), drawings_path().parent)

        found = find_leftovers(recovery_path())
        assert len(found.leftovers) <= 1
        have = 0.0
        session = Session()
        if file.exists():
            assert session.open_experiment(file)
            wait_until_shown(qtbot, session)
            assert session.experiment.path == file
            assert not session.experiment.is_modified
            have = session.epochs_trained
        else:
            # Killed as it wrote the file for the first time: whoever writes there next removes what is left of it.
            assert session.save_experiment(file)
        assert names(folder) == {"lesson.rbmx", ".lesson.rbmx.lock"}
        for leftover in found.leftovers:
            recovered += 1
            assert leftover.about.path in (None, file)
            assert session.documents.recover(leftover.read(), leftover.about.path, leftover.about.name)
            wait_until_shown(qtbot, session)
            assert session.experiment.is_modified
            assert session.epochs_trained == leftover.about.epochs
            have = max(have, session.epochs_trained)
            leftover.remove()
        session.shut_down()
        session.deleteLater()
        assert names(folder) == {"lesson.rbmx"}
        assert names(recovery_path()) == set()
        if drawings_path().exists():
            read_drawings(drawings_path())

        assert have >= killed.safe
        lost_since = [when for epochs, when in killed.trained if epochs > have]
        worst = max(worst, killed.at - min(lost_since, default=killed.at))
        file.unlink()
    assert recovered
    assert worst < MOST_LOST_S
    figure("kills survived", sized(6, 200))
    figure("recoveries", recovered)
    figure("seconds of training lost at most", f"{worst:.2f}")
