from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMessageBox

from rbm_studio.app.state import RunState
from rbm_studio.storage.experiment_file import load_experiment

from .driving import answer, choose, message, pick, press, process_deletions, shown, wait_for, wait_until_idle

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow

    from .conftest import Mirror


def workers() -> list[str]:
    return [
        thread.name
        for thread in threading.enumerate()
        if thread.name in ("training", "Downloading MNIST") or thread.name.startswith("Saving")
    ]


def begin(qtbot: QtBot, window: MainWindow) -> None:
    window.session.change_settings(epochs=100_000)
    press(window, "Train")
    qtbot.waitUntil(lambda: window.session.progress is not None)


def leave(window: MainWindow) -> None:
    choose(window, "File", "Quit")


def test_an_untouched_window_closes_at_once(window: MainWindow) -> None:
    leave(window)
    assert not window.isVisible()
    assert not shown(QMessageBox)
    assert workers() == []


def test_drawing_alone_is_nothing_to_ask_about(window: MainWindow) -> None:
    QTest.keyClick(window, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    leave(window)
    assert not window.isVisible()


@pytest.mark.parametrize("state", ["running", "paused"])
def test_cancel_leaves_everything_as_it_is(qtbot: QtBot, window: MainWindow, state: str) -> None:
    begin(qtbot, window)
    if state == "paused":
        press(window, "Pause")
    before = window.session.run_state
    leave(window)
    box = wait_for(qtbot, QMessageBox)
    assert box.text() == "Close RBM Studio?"
    assert "not saved yet" in box.informativeText()
    assert window.isVisible()
    answer(qtbot, "Cancel")
    assert window.isVisible()
    assert window.session.run_state is before
    assert workers() == ["training"]


def test_escape_is_cancel(qtbot: QtBot, window: MainWindow) -> None:
    begin(qtbot, window)
    leave(window)
    QTest.keyClick(wait_for(qtbot, QMessageBox), Qt.Key.Key_Escape)
    process_deletions()
    assert window.isVisible()
    assert window.session.run_state is RunState.RUNNING


@pytest.mark.parametrize("state", ["running", "paused", "over"])
def test_not_saving_stops_and_closes(qtbot: QtBot, window: MainWindow, tmp_path: Path, state: str) -> None:
    begin(qtbot, window)
    if state == "paused":
        press(window, "Pause")
    if state == "over":
        press(window, "Stop")
        wait_until_idle(qtbot, window.session)
    leave(window)
    text = wait_for(qtbot, QMessageBox).informativeText()
    assert ("will be stopped" in text) == (state != "over")
    answer(qtbot, "Don't save")
    assert not window.isVisible()
    assert workers() == []
    assert not list(tmp_path.rglob("*.rbmx"))


@pytest.mark.parametrize("state", ["running", "paused"])
def test_saving_stops_saves_and_closes(qtbot: QtBot, window: MainWindow, tmp_path: Path, state: str) -> None:
    begin(qtbot, window)
    if state == "paused":
        press(window, "Pause")
    leave(window)
    answer(qtbot, "Save…")
    path = tmp_path / "kept.rbmx"
    pick(qtbot, path)
    qtbot.waitUntil(lambda: not window.isVisible())
    assert workers() == []
    saved = load_experiment(path).model
    assert window.session.model is not None
    assert saved is not None
    assert saved.parameters.w.tobytes() == window.session.model.parameters.w.tobytes()


def test_saving_that_fails_does_not_close(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    begin(qtbot, window)
    leave(window)
    answer(qtbot, "Save…")
    folder = tmp_path / "folder"
    folder.mkdir()
    dialog = wait_for(qtbot, QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "gone" / "kept.rbmx"))
    dialog.reject()
    assert "was not saved: there is no folder" in message(qtbot)
    assert window.isVisible()
    assert window.session.experiment.is_modified


def test_leaving_the_file_dialog_does_not_close(qtbot: QtBot, window: MainWindow) -> None:
    begin(qtbot, window)
    leave(window)
    answer(qtbot, "Save…")
    wait_for(qtbot, QFileDialog).reject()
    process_deletions()
    assert window.isVisible()
    assert window.session.experiment.is_modified
    # It asks again.
    leave(window)
    answer(qtbot, "Cancel")


def test_what_is_saved_is_not_asked_about(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    press(window, "Train")
    wait_until_idle(qtbot, window.session)
    choose(window, "File", "Save as…")
    pick(qtbot, tmp_path / "kept.rbmx")
    leave(window)
    assert not window.isVisible()


@pytest.mark.parametrize("behaviour", ["hanging", "stalling"])
def test_closing_ends_a_download_that_hangs(
    qtbot: QtBot, window: MainWindow, mirror: Mirror, tmp_path: Path, behaviour: str
) -> None:
    mirror.behaviour = behaviour
    choose(window, "File", "Download full MNIST (11 MB)…")
    qtbot.waitUntil(mirror.reached.is_set)
    assert workers() == ["Downloading MNIST"]
    leave(window)
    assert not window.isVisible()
    assert not shown(QMessageBox)
    assert workers() == []
    assert not list((tmp_path / "cache").rglob("*.part"))
    # What the worker still had to say comes too late, and does no harm.
    process_deletions()
    assert not shown(QMessageBox)


def test_the_run_may_end_while_the_question_stands(qtbot: QtBot, window: MainWindow) -> None:
    window.session.change_settings(epochs=300)
    press(window, "Train")
    leave(window)
    wait_for(qtbot, QMessageBox)
    wait_until_idle(qtbot, window.session)
    answer(qtbot, "Don't save")
    assert not window.isVisible()
