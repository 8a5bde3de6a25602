from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit

from rbm_studio.app.experiment import MOST_NOTES, Experiment
from rbm_studio.errors import RBMStudioError

from .driving import named, status

if TYPE_CHECKING:
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
    assert notes.document().characterCount() - 1 <= MOST_NOTES
    assert window.session.experiment.notes == notes.toPlainText()
    assert status(window) == "There is room for 20,000 characters of notes."
    QTest.keyClicks(notes, "yy")
    assert notes.document().characterCount() - 1 <= MOST_NOTES
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
