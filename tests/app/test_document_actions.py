from __future__ import annotations

import errno
import os
import struct
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QMenu, QMessageBox, QPlainTextEdit

from rbm_studio.app.canvas import DrawingCanvas
from rbm_studio.app.panels.curve_panel import CurvePanel
from rbm_studio.app.picture_import import is_for_the_window
from rbm_studio.app.session import Session
from rbm_studio.core.parameters import gaussian_parameters
from rbm_studio.storage.experiment_file import load_experiment
from rbm_studio.storage.model_file import SavedModel, save_model

from .conftest import bars_dataset, load
from .driving import (
    SlowDisk,
    answer,
    choose,
    drag,
    menu_action,
    message,
    named,
    pick,
    press,
    shown,
    status,
    train,
    wait_for,
    wait_until_idle,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow


def title(window: MainWindow) -> str:
    return window.windowTitle() + ("(modified)" if window.isWindowModified() else "")


def save_as(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    choose(window, "File", "Save as…")
    with qtbot.waitSignal(window.session.documents.saving.saved):
        pick(qtbot, path)


def save(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.session.documents.saving.saved):
        choose(window, "File", "Save")


def weights(window: MainWindow) -> bytes:
    assert window.session.model is not None
    return window.session.model.parameters.w.tobytes()


def recent_menu(window: MainWindow) -> QMenu:
    menu = menu_action(window, "File", "Open recent").menu()
    assert isinstance(menu, QMenu)
    menu.aboutToShow.emit()
    return menu


def recent(window: MainWindow) -> list[str]:
    return [action.text() for action in recent_menu(window).actions()]


def model_file(path: Path, side: int = 8, hidden_num: int = 6) -> Path:
    save_model(path, SavedModel(gaussian_parameters(side * side, hidden_num, np.random.default_rng(0))))
    return path


# --- saving and opening


def test_an_experiment_is_saved_and_opened_through_the_menus(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    assert title(window) == "untitled experiment[*] – RBM Studio"
    train(qtbot, window)
    assert title(window) == "untitled experiment[*] – RBM Studio(modified)"
    save_as(qtbot, window, tmp_path / "bars")
    path = tmp_path / "bars.rbmx"
    assert path.is_file()
    assert title(window) == "bars.rbmx[*] – RBM Studio"
    assert status(window) == "Saved bars.rbmx"
    saved = weights(window)

    choose(window, "File", "New experiment")
    assert not shown(QMessageBox)
    assert title(window) == "untitled experiment[*] – RBM Studio"
    assert weights(window) != saved
    choose(window, "File", "Open…")
    pick(qtbot, path)
    assert weights(window) == saved
    assert title(window) == "bars.rbmx[*] – RBM Studio"
    assert status(window) == "Opened bars.rbmx"
    curve = window.panel("curve")
    assert isinstance(curve, CurvePanel)
    np.testing.assert_array_equal(curve.plot.runs()[-1][1][:, 0], [1, 2, 3])


def test_saving_again_asks_for_no_name(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "bars.rbmx"
    train(qtbot, window)
    save_as(qtbot, window, path)
    before = path.read_bytes()
    train(qtbot, window)
    assert window.isWindowModified()
    # The offscreen platform does not make the window active again when a dialog closes.
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    with qtbot.waitSignal(window.session.documents.saving.saved):
        QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert path.read_bytes() != before
    assert not window.isWindowModified()


def test_saving_while_it_trains_leaves_the_rest_to_be_saved(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    window.session.change_settings(epochs=100_000)
    press(window, "Train")
    qtbot.waitUntil(lambda: window.session.progress is not None)
    save_as(qtbot, window, tmp_path / "bars.rbmx")
    qtbot.waitUntil(lambda: title(window) == "bars.rbmx[*] – RBM Studio(modified)")
    saved = load_experiment(tmp_path / "bars.rbmx").model
    assert saved is not None
    assert saved.state is not None
    assert saved.state.unfinished
    press(window, "Stop")
    wait_until_idle(qtbot, window.session)
    assert window.isWindowModified()


def test_reset_keeps_the_earlier_run_in_the_experiment(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    train(qtbot, window)
    save_as(qtbot, window, tmp_path / "bars.rbmx")
    press(window, "Reset")
    assert title(window) == "bars.rbmx[*] – RBM Studio(modified)"
    window.session.change_settings(hidden_num=5)
    train(qtbot, window)
    save(qtbot, window)
    choose(window, "File", "New experiment")
    window.open_path(tmp_path / "bars.rbmx")
    runs = window.session.book.runs
    assert [(run.epochs, run.settings.hidden_num) for run in runs] == [(3.0, 12), (3.0, 5)]
    assert window.session.model is not None
    assert window.session.model.parameters.hidden_num == 5


def test_opened_again_an_experiment_has_its_runs_once(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    train(qtbot, window)
    save_as(qtbot, window, tmp_path / "bars.rbmx")
    train(qtbot, window)
    for _ in range(2):
        window.open_path(tmp_path / "bars.rbmx")
        if shown(QMessageBox):
            answer(qtbot, "Don't save")
        # What went on after it was saved is gone.
        assert [run.epochs for run in window.session.book.runs] == [3.0]
        save(qtbot, window)
    assert len(load_experiment(tmp_path / "bars.rbmx").runs) == 1


def test_recent_files_are_offered(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    assert recent(window) == ["None yet"]
    train(qtbot, window)
    save_as(qtbot, window, tmp_path / "first.rbmx")
    first = weights(window)
    train(qtbot, window)
    save_as(qtbot, window, tmp_path / "second.rbmx")
    assert recent(window) == ["second.rbmx", "first.rbmx"]
    recent_menu(window).actions()[1].trigger()
    assert weights(window) == first
    window.open_path(model_file(tmp_path / "model.safetensors"))
    assert recent(window) == ["model.safetensors", "first.rbmx", "second.rbmx"]


def test_a_file_with_marks_in_its_name_is_named_as_it_is(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    save_as(qtbot, window, tmp_path / "a[*]b.rbmx")
    assert window.windowTitle() == "a[*][*]b.rbmx[*] – RBM Studio"


# --- models


def test_a_model_opens_as_a_new_experiment_and_is_not_written_over(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    path = model_file(tmp_path / "bars.safetensors")
    before = path.read_bytes()
    train(qtbot, window)
    save_as(qtbot, window, tmp_path / "first.rbmx")
    window.open_path(path)
    assert title(window) == "bars[*] – RBM Studio"
    assert status(window) == "Opened bars.safetensors"
    train(qtbot, window)
    choose(window, "File", "Save")
    with qtbot.waitSignal(window.session.documents.saving.saved):
        pick(qtbot, tmp_path / "bars.rbmx")
    assert path.read_bytes() == before
    assert title(window) == "bars.rbmx[*] – RBM Studio"


def test_an_experiment_is_not_given_the_name_of_a_model(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    choose(window, "File", "Save as…")
    pick(qtbot, tmp_path / "bars.safetensors")
    assert message(qtbot) == "The name bars.safetensors is not that of an experiment. Let it end in .rbmx."
    assert not list(tmp_path.glob("bars*"))


def test_a_model_of_other_images_brings_its_size(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    with qtbot.waitSignal(window.session.images_changed):
        window.open_path(model_file(tmp_path / "small.safetensors", side=4))
    qtbot.waitUntil(lambda: status(window) == "Opened small.safetensors")
    assert [box.currentText() for box in window.panel("model").findChildren(QComboBox)][1] == "4×4 = 16"
    train(qtbot, window)


def bad_files(folder: Path) -> dict[str, tuple[Path, str]]:
    whole = model_file(folder / "good.safetensors").read_bytes()
    files = {
        "cut": (whole[:-40], "cut short"),
        "newer": (whole.replace(b'"format_version":"2"', b'"format_version":"9"'), "newer version of RBM Studio"),
        "header": (struct.pack("<Q", 1 << 40) + whole[8:], "damaged"),
        "empty": (b"", "not a model file"),
    }
    found = {}
    for name, (content, problem) in files.items():
        found[name] = (folder / f"{name}.safetensors", problem)
        found[name][0].write_bytes(content)
    found["foreign"] = (model_file(folder / "foreign.safetensors", side=10), "100 visible units")
    found["missing"] = (folder / "missing.safetensors", "cannot be read")
    found["experiment"] = (folder / "experiment.rbmx", "not an experiment of RBM Studio")
    found["experiment"][0].write_bytes(whole)
    found["no experiment"] = (folder / "missing.rbmx", "cannot be read")
    return found


@pytest.mark.parametrize(
    "name", ["cut", "newer", "header", "empty", "foreign", "missing", "experiment", "no experiment"]
)
def test_bad_files_are_told_and_the_present_experiment_stays(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, name: str
) -> None:
    path, problem = bad_files(tmp_path)[name]
    before, named_before, identity = weights(window), title(window), window.session.experiment.identity
    window.open_path(path)
    told = message(qtbot)
    assert path.name in told
    assert problem in told
    assert weights(window) == before
    assert title(window) == named_before
    assert window.session.experiment.identity == identity
    assert recent(window) == ["None yet"]


# --- what would be lost


@pytest.mark.parametrize("how", ["new", "open", "recent", "drop"])
def test_what_is_not_saved_is_asked_about(qtbot: QtBot, window: MainWindow, tmp_path: Path, how: str) -> None:
    path = tmp_path / "bars.rbmx"
    train(qtbot, window)
    save_as(qtbot, window, path)
    saved = weights(window)

    def leave() -> None:
        if how == "new":
            choose(window, "File", "New experiment")
        elif how == "open":
            choose(window, "File", "Open…")
            pick(qtbot, path)
        elif how == "recent":
            recent_menu(window).actions()[0].trigger()
        else:
            drop(window, path)

    train(qtbot, window)
    trained = weights(window)
    leave()
    box = wait_for(qtbot, QMessageBox)
    assert box.text() == ("Begin a new experiment?" if how == "new" else "Open another experiment?")
    assert "not saved yet" in box.informativeText()
    answer(qtbot, "Cancel")
    assert weights(window) == trained
    assert window.isWindowModified()
    leave()
    # It has a file, so that no name is asked for.
    answer(qtbot, "Save")
    qtbot.waitUntil(lambda: not window.isWindowModified())
    assert not shown(QMessageBox)
    kept = load_experiment(path).model
    assert kept is not None
    assert kept.parameters.w.tobytes() == trained
    assert (weights(window) == trained) == (how != "new")
    window.session.train()
    wait_until_idle(qtbot, window.session)
    leave()
    answer(qtbot, "Don't save")
    assert not window.isWindowModified()
    assert weights(window) != saved


def test_the_question_asks_for_a_name_where_there_is_none(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    train(qtbot, window)
    trained = weights(window)
    choose(window, "File", "New experiment")
    answer(qtbot, "Save…")
    pick(qtbot, tmp_path / "kept.rbmx")
    qtbot.waitUntil(lambda: title(window) == "untitled experiment[*] – RBM Studio")
    assert weights(window) != trained
    window.open_path(tmp_path / "kept.rbmx")
    assert weights(window) == trained


def test_drawing_and_pointing_at_units_change_no_document(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    save_as(qtbot, window, tmp_path / "bars.rbmx")
    canvas = window.findChild(DrawingCanvas)
    assert isinstance(canvas, DrawingCanvas)
    drag(canvas, (0.3, 0.2), (0.6, 0.8))
    qtbot.waitUntil(lambda: window.session.drawings.can_keep)
    window.session.drawings.keep()
    window.session.selection.select_units((1,))
    assert not window.isWindowModified()
    choose(window, "File", "New experiment")
    assert not shown(QMessageBox)
    assert len(window.session.drawings.kept) == 1


@pytest.mark.parametrize("known", ["file", "training"])
def test_settings_are_a_change_once_there_is_something(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, known: str
) -> None:
    window.session.change_settings(hidden_num=9)
    assert not window.isWindowModified()
    if known == "training":
        train(qtbot, window)
    save_as(qtbot, window, tmp_path / "bars.rbmx")
    window.session.change_settings(learning_rate=0.07)
    assert window.isWindowModified()


def test_a_place_that_cannot_be_written_is_told_and_nothing_is_lost(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    train(qtbot, window)
    path = tmp_path / "bars.rbmx"
    save_as(qtbot, window, path)
    train(qtbot, window)
    path.unlink()
    path.mkdir()
    choose(window, "File", "Save")
    assert "bars.rbmx is a folder." in message(qtbot)
    assert window.isWindowModified()
    save_as(qtbot, window, tmp_path / "other.rbmx")
    assert title(window) == "other.rbmx[*] – RBM Studio"


def test_without_images_there_are_notes_to_save(
    qtbot: QtBot, show: Callable[[Session], MainWindow], tmp_path: Path
) -> None:
    window = show(Session())
    window.docks["notes"].raise_()
    QTest.keyClicks(named(window, QPlainTextEdit, "Notes"), "For Monday")
    save_as(qtbot, window, tmp_path / "notes.rbmx")
    window.session.documents.close()
    other = show(Session())
    other.open_path(tmp_path / "notes.rbmx")
    assert named(other, QPlainTextEdit, "Notes").toPlainText() == "For Monday"
    load(qtbot, other.session, bars_dataset())
    train(qtbot, other)
    # A model that is open does not slip into an experiment that has none.
    other.session.documents.close()
    third = show(Session())
    third.open_path(model_file(tmp_path / "model.safetensors"))
    third.open_path(tmp_path / "notes.rbmx")
    assert message(qtbot) == (
        "notes.rbmx holds no model yet, and there are no images to begin one with. Open images first."
    )
    assert third.session.experiment.path is None
    assert third.session.model is not None


# --- a window that goes on meanwhile


def test_a_slow_disk_does_not_hold_up_the_window(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(qtbot, window)
    gate = SlowDisk(monkeypatch)
    choose(window, "File", "Save as…")
    pick(qtbot, tmp_path / "bars.rbmx")
    qtbot.waitUntil(gate.reached.is_set)
    assert window.isWindowModified()
    # What comes after the click on Save is not in the file, and goes into the next.
    train(qtbot, window)
    choose(window, "File", "Save")
    gate.released.set()
    qtbot.waitUntil(lambda: title(window) == "bars.rbmx[*] – RBM Studio(modified)")
    saved = load_experiment(tmp_path / "bars.rbmx").model
    assert saved is not None
    assert saved.history[-1].epoch == 3.0
    save(qtbot, window)
    saved = load_experiment(tmp_path / "bars.rbmx").model
    assert saved is not None
    assert saved.history[-1].epoch == 6.0
    assert not window.isWindowModified()


def test_closing_waits_for_the_file(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(qtbot, window)
    gate = SlowDisk(monkeypatch)
    choose(window, "File", "Save as…")
    pick(qtbot, tmp_path / "bars.rbmx")
    qtbot.waitUntil(gate.reached.is_set)
    threading.Timer(0.2, gate.released.set).start()
    choose(window, "File", "Quit")
    # All of it is in the file, so that nothing is asked.
    assert not window.isVisible()
    assert not shown(QMessageBox)
    assert load_experiment(tmp_path / "bars.rbmx").model is not None


# --- dropped, and named at the start


def drop(window: MainWindow, path: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(5, 5), copy, mime, left, none)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(5, 5), copy, mime, left, none))


def test_an_experiment_is_dropped_on_the_window_even_over_the_canvas_and_the_notes(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "bars.rbmx"
    train(qtbot, window)
    save_as(qtbot, window, path)
    saved = weights(window)
    choose(window, "File", "New experiment")
    drop(window, path)
    assert weights(window) == saved
    assert is_for_the_window(path)
    assert not named(window, QPlainTextEdit, "Notes").acceptDrops()


@pytest.mark.parametrize("suffix", ["rbmx", "safetensors"])
def test_a_file_named_at_the_start_waits_for_the_images(
    qtbot: QtBot, show: Callable[[Session], MainWindow], session: Session, tmp_path: Path, suffix: str
) -> None:
    path = model_file(tmp_path / "bars.safetensors")
    if suffix == "rbmx":
        assert session.open_model(path)
        path = tmp_path / "bars.rbmx"
        assert session.save_experiment(path)
    other = Session()
    window = show(other)
    other.load("Looking", lambda _task: bars_dataset())
    window.open_when_ready(path)
    assert other.model is None
    qtbot.waitUntil(lambda: status(window) == f"Opened bars.{suffix}")
    assert other.model is not None
    assert other.model.parameters.hidden_num == 6


def test_a_copy_that_fails_at_the_close_keeps_the_window(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(qtbot, window)
    save_as(qtbot, window, tmp_path / "bars.rbmx")
    reached, released = threading.Event(), threading.Event()

    def fail(_descriptor: int) -> None:
        reached.set()
        assert released.wait(20)
        raise OSError(errno.EIO, "the stick is gone")

    monkeypatch.setattr(os, "fsync", fail)
    choose(window, "File", "Save as…")
    pick(qtbot, tmp_path / "copy.rbmx")
    qtbot.waitUntil(reached.is_set)
    threading.Timer(0.2, released.set).start()
    choose(window, "File", "Quit")
    assert window.isVisible()
    assert not (tmp_path / "copy.rbmx").exists()
    for box in shown(QMessageBox):
        box.reject()
