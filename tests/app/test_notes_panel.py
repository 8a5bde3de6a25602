from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit

from rbm_studio.app.experiment import MOST_NOTES, Experiment
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.experiment_file import load_experiment, save_experiment

from .driving import named, status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow

CTRL = Qt.KeyboardModifier.ControlModifier


def editor(window: MainWindow) -> QPlainTextEdit:
    window.docks["notes"].raise_()
    found = named(window, QPlainTextEdit, "Notes")
    found.setFocus()
    return found


def paste(field: QPlainTextEdit, text: str) -> None:
    QGuiApplication.clipboard().setText(text)
    QTest.keyClick(field, Qt.Key.Key_V, CTRL)


def test_notes_are_written_undone_and_saved_with_the_experiment(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    notes, experiment = editor(window), window.session.experiment
    assert "class" in notes.placeholderText()
    QTest.keyClicks(notes, "Watch the stroke")
    assert experiment.notes == "Watch the stroke"
    assert window.isWindowModified()
    notes.undo()
    assert experiment.notes == ""
    notes.redo()
    assert window.session.save_experiment(tmp_path / "bars.rbmx")
    assert not window.isWindowModified()
    # The cursor stays where it was, and so does the way back.
    assert notes.textCursor().position() == len("Watch the stroke")
    assert notes.document().isUndoAvailable()
    window.session.documents.begin()
    assert notes.toPlainText() == ""
    assert not notes.document().isUndoAvailable()
    window.session.open_experiment(tmp_path / "bars.rbmx")
    assert notes.toPlainText() == "Watch the stroke"
    assert not window.isWindowModified()
    assert qtbot is not None


def test_the_keyboard_gets_into_the_notes_and_out_again(window: MainWindow) -> None:
    notes = editor(window)
    QTest.keyClicks(notes, "a")
    QTest.keyClick(notes, Qt.Key.Key_Tab)
    assert notes.toPlainText() == "a"
    assert not notes.hasFocus()


def commit(field: QPlainTextEdit, text: str) -> None:
    event = QInputMethodEvent()
    event.setCommitString(text)
    QApplication.sendEvent(field, event)


@pytest.mark.parametrize("put", [paste, commit])
@pytest.mark.parametrize("text", ["x" * 25_000, "a line\n" * 5_000, "a\r\nb" * 9_000, "\U0001d54f" * 25_000])
def test_too_much_is_cut_in_an_empty_editor(window: MainWindow, text: str, put: Callable[..., None]) -> None:
    notes, experiment = editor(window), window.session.experiment
    put(notes, text)
    kept = notes.toPlainText()
    assert MOST_NOTES - 2 <= len(kept) <= MOST_NOTES
    assert text.replace("\r\n", "\n").startswith(kept)
    assert experiment.notes == kept
    assert status(window) == "There is room for 20,000 characters of notes."
    for act, shown in ((notes.undo, ""), (notes.redo, kept), (notes.undo, "")):
        act()
        assert notes.toPlainText() == experiment.notes == shown
    QTest.keyClicks(notes, "later")
    assert notes.toPlainText() == experiment.notes == "later"


def test_what_is_chosen_makes_room(window: MainWindow) -> None:
    notes, experiment = editor(window), window.session.experiment
    paste(notes, "x" * MOST_NOTES)
    QTest.keyClick(notes, Qt.Key.Key_A, CTRL)
    paste(notes, "y" * MOST_NOTES)
    assert notes.toPlainText() == experiment.notes == "y" * MOST_NOTES
    assert "room" not in status(window)
    paste(notes, "z")
    assert notes.toPlainText() == experiment.notes == "y" * MOST_NOTES
    assert "room" in status(window)


def test_a_line_of_millions_of_letters_does_not_hang(window: MainWindow) -> None:
    notes = editor(window)
    paste(notes, "x" * 20_000_000)
    assert window.session.experiment.notes == notes.toPlainText() == "x" * MOST_NOTES


def test_notes_that_the_editor_writes_in_another_way_are_not_changed_by_showing_them(
    window: MainWindow, tmp_path: Path
) -> None:
    assert window.session.save_experiment(tmp_path / "bars.rbmx")
    saved = load_experiment(tmp_path / "bars.rbmx")
    foreign = "\U0001d54f" * MOST_NOTES
    for text in ("one\r\ntwo\u2028three\u00a0four", foreign):
        save_experiment(tmp_path / "other.rbmx", replace(saved, facts={**saved.facts, "notes": text}))
        assert window.session.open_experiment(tmp_path / "other.rbmx")
        assert window.session.experiment.notes == text
        assert not window.isWindowModified()
    notes = editor(window)
    assert notes.toPlainText() == foreign
    QTest.keyClicks(notes, "y")
    assert notes.toPlainText() == window.session.experiment.notes == foreign


@pytest.mark.parametrize("text", ["x", "\U0001d54f"])
def test_there_is_room_for_so_much(window: MainWindow, text: str) -> None:
    notes = editor(window)
    paste(notes, "first, last")
    cursor = notes.textCursor()
    cursor.setPosition(6)
    notes.setTextCursor(cursor)
    paste(notes, text * MOST_NOTES)
    # What was there before stays on both sides.
    assert notes.toPlainText().startswith(f"first,{text}")
    assert notes.toPlainText().endswith(f"{text} last")
    assert len(notes.toPlainText()) <= MOST_NOTES
    assert window.session.experiment.notes == notes.toPlainText()
    assert status(window) == "There is room for 20,000 characters of notes."
    QTest.keyClicks(notes, "yy")
    assert len(notes.toPlainText()) <= MOST_NOTES
    assert window.session.experiment.notes == notes.toPlainText()
    notes.undo()
    assert window.session.experiment.notes == notes.toPlainText()


def test_notes_that_are_too_long_change_nothing(qapp: object) -> None:
    assert qapp is not None
    experiment = Experiment()
    experiment.write_notes("short")
    with pytest.raises(RBMStudioError, match="too long"):
        experiment.write_notes("x" * (MOST_NOTES + 1))
    assert experiment.notes == "short"
