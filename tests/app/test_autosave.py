from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QObject

from rbm_studio.app.autosave import INTERVAL_S, Autosave
from rbm_studio.app.drawings import Kept
from rbm_studio.app.recovery import find_leftovers
from rbm_studio.app.state import RunState
from rbm_studio.storage.experiment_file import load_experiment

from .driving import model_of, wait_until_idle
from .test_drawings import drawing

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.session import Session


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "recovery"


@pytest.fixture
def autosave(session: Session, root: Path) -> Autosave:
    return Autosave(session, root, 0.05)


def written(root: Path) -> Path | None:
    found = list(root.glob("*/experiment.rbmx"))
    assert len(found) <= 1
    return found[0] if found else None


def at_work() -> bool:
    return any(thread.name == "Autosave" for thread in threading.enumerate())


def test_the_interval_leaves_room_within_a_minute() -> None:
    assert 20 <= INTERVAL_S <= 30


def test_a_run_is_written_down_while_it_goes_on(qtbot: QtBot, session: Session, autosave: Autosave, root: Path) -> None:
    session.change_settings(epochs=100_000)
    session.train()
    with qtbot.waitSignals([autosave.written] * 3, timeout=20_000):
        pass
    with qtbot.waitSignal(autosave.written, timeout=20_000) as told:
        pass
    assert session.run_state is RunState.RUNNING
    session.pause()
    path = written(root)
    assert path is not None
    saved = load_experiment(path)
    assert saved.model is not None
    assert saved.model.state is not None
    assert saved.model.state.epochs_trained >= told.args[0]
    about = json.loads((path.parent / "about.json").read_text())
    assert (about["path"], about["attempts"]) == (None, 0)
    assert (path.parent / "lock").exists()


def test_the_end_of_a_run_is_written_down_at_once(qtbot: QtBot, session: Session, root: Path) -> None:
    Autosave(session, root, 3600.0)
    session.train()
    wait_until_idle(qtbot, session)
    qtbot.waitUntil(lambda: bool(list(root.glob("*/about.json"))) and not at_work())
    path = written(root)
    assert path is not None
    saved = load_experiment(path)
    assert saved.model is not None
    assert saved.model.parameters.w.tobytes() == model_of(session).parameters.w.tobytes()
    assert saved.model.state is not None


def test_a_run_that_has_just_ended_is_saved_to_its_end(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    session.change_settings(epochs=100_000)
    session.train()
    qtbot.waitUntil(lambda: session.epochs_trained > 1)
    session.stop()
    for thread in threading.enumerate():
        if thread.name == "training":
            thread.join()  # and nothing has been told of it yet
    assert session.save_experiment(tmp_path / "lesson.rbmx")
    saved = load_experiment(tmp_path / "lesson.rbmx").model
    assert saved is not None
    assert saved.state is not None
    assert saved.state.epochs_trained == session.epochs_trained
    assert session.run_state is RunState.IDLE


def test_what_is_saved_is_not_kept_twice(
    qtbot: QtBot, session: Session, autosave: Autosave, root: Path, tmp_path: Path
) -> None:
    with qtbot.waitSignal(autosave.written, timeout=20_000):
        session.train()
    wait_until_idle(qtbot, session)
    assert session.save_experiment(tmp_path / "lesson.rbmx")
    qtbot.waitUntil(lambda: list(root.iterdir()) == [])
    with qtbot.waitSignal(autosave.written):
        session.experiment.write_notes("Look at unit 3.")
    path = written(root)
    assert path is not None
    assert load_experiment(path).facts["notes"] == "Look at unit 3."
    assert json.loads((path.parent / "about.json").read_text())["path"] == str(tmp_path / "lesson.rbmx")
    assert load_experiment(tmp_path / "lesson.rbmx").facts["notes"] == ""


def test_an_untouched_session_writes_nothing(qtbot: QtBot, session: Session, autosave: Autosave, root: Path) -> None:
    autosave.write_soon()
    session.change_settings(epochs=7)
    qtbot.waitUntil(lambda: not at_work())
    assert not root.exists()


def test_a_clean_end_leaves_nothing(qtbot: QtBot, session: Session, autosave: Autosave, root: Path) -> None:
    session.change_settings(epochs=100_000)
    with qtbot.waitSignal(autosave.written, timeout=20_000):
        session.train()
    session.shut_down()
    qtbot.waitUntil(lambda: not at_work())
    assert list(root.iterdir()) == []
    assert find_leftovers(root).leftovers == []


def test_an_end_from_outside_leaves_everything(qtbot: QtBot, session: Session, autosave: Autosave, root: Path) -> None:
    session.change_settings(epochs=100_000)
    session.train()
    qtbot.waitUntil(lambda: session.epochs_trained > 1)
    session.halt()
    autosave.keep()
    session.shut_down()
    (left,) = find_leftovers(root).leftovers
    assert left.about.epochs == session.epochs_trained
    model = left.read().model
    assert model is not None
    assert model.parameters.w.tobytes() == model_of(session).parameters.w.tobytes()
    left.remove()
    assert list(root.iterdir()) == []


def test_a_full_disk_is_told_once_and_tried_again(qtbot: QtBot, session: Session, tiny_disk: Path) -> None:
    filler = tiny_disk / "filler"
    filler.write_bytes(bytes(60_000))
    notices: list[str] = []
    session.noticed.connect(notices.append)
    autosave = Autosave(session, tiny_disk / "recovery", 0.02)
    session.train()
    wait_until_idle(qtbot, session)
    qtbot.waitUntil(lambda: bool(notices))
    session.experiment.touch()
    qtbot.waitUntil(lambda: not at_work())
    assert not list(tiny_disk.rglob("*.part"))
    session.moments.restore(session.moments.kept[:1])
    filler.unlink()
    with qtbot.waitSignal(autosave.written, timeout=20_000):
        session.experiment.touch()
    assert len(notices) == 1
    assert "could not be written, and is tried again" in notices[0]
    assert "the disk is full" in notices[0]


def test_a_folder_that_is_taken_away_is_made_again(
    qtbot: QtBot, session: Session, autosave: Autosave, root: Path
) -> None:
    with qtbot.waitSignal(autosave.written, timeout=20_000):
        session.train()
    wait_until_idle(qtbot, session)
    qtbot.waitUntil(lambda: not at_work())
    (folder,) = root.iterdir()
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    with qtbot.waitSignal(autosave.written, timeout=20_000):
        session.experiment.touch()
    assert written(root) is not None


def test_many_drawings_are_turned_to_text_on_the_thread_that_writes(
    qtbot: QtBot, session: Session, autosave: Autosave, root: Path
) -> None:
    session.drawings.add([Kept(drawing(0.1 + place / 100)) for place in range(60)])
    with qtbot.waitSignal(autosave.written, timeout=20_000):
        session.train()
    path = written(root)
    assert path is not None
    assert len(load_experiment(path).drawings["kept"]) == 60
    assert isinstance(autosave, QObject)
    assert os.listdir(path.parent)
