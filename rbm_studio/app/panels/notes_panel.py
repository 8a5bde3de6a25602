"""The Notes panel: what a teacher wants to say about the experiment, kept in its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QSignalBlocker, Signal
from PySide6.QtGui import QFontInfo, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from rbm_studio.app.experiment import MOST_NOTES
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from rbm_studio.app.session import Session

_LARGER = 1.25
"""Beside the program's own letters."""


class _Editor(QPlainTextEdit):
    """Takes no more from the clipboard than there is room for: Qt lays out a line of a million letters for minutes."""

    overfilled = Signal()

    def insertFromMimeData(self, source: QMimeData) -> None:
        text = source.text().replace("\r\n", "\n")
        room = MOST_NOTES - len(self.toPlainText()) + len(self.textCursor().selectedText())
        if len(text) > room:
            self.overfilled.emit()
        fitting = QMimeData()
        fitting.setText(text[:room])
        super().insertFromMimeData(fitting)


class NotesPanel(QWidget):
    """A plain text that belongs to the experiment.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        # Where the last change was, and how many characters it brought.
        self._place, self._added = 0, 0
        self._shown = ""
        self._editor = _Editor()
        self._editor.setPlaceholderText(
            self.tr("What is this experiment to show? What should the class look at?\nNotes are saved with it.")
        )
        self._editor.setAccessibleName(self.tr("Notes"))
        self._editor.setToolTip(self.tr("Notes on this experiment, saved in its file"))
        # What a class reads too, from the last row.
        font = self._editor.font()
        font.setPointSizeF(_LARGER * QFontInfo(font).pointSizeF())
        self._editor.setFont(font)
        # So that the keyboard gets out of it again.
        self._editor.setTabChangesFocus(True)
        # A file that is dropped here is for the window.
        self._editor.setAcceptDrops(False)
        self._editor.document().setDocumentMargin(GRID)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID, GRID, GRID, GRID)
        layout.addWidget(self._editor)
        self.setFocusProxy(self._editor)
        self._editor.document().contentsChange.connect(self._note_change)
        self._editor.textChanged.connect(self._write)
        self._editor.overfilled.connect(self._tell_of_room)
        session.experiment.changed.connect(self._show_notes)
        self._show_notes()

    def _show_notes(self) -> None:
        notes = self._session.experiment.notes
        # To set what is there would take the cursor to the beginning, and the way back with it.
        if notes != self._shown:
            self._shown = notes
            # A letter that the document writes in another way is no change of a person's.
            with QSignalBlocker(self._editor):
                self._editor.setPlainText(notes)

    def _note_change(self, place: int, _removed: int, added: int) -> None:
        self._place, self._added = place, added

    def _write(self) -> None:
        notes = self._editor.toPlainText()
        if len(notes) > MOST_NOTES:
            self._take_back(len(notes) - MOST_NOTES)
            notes = self._editor.toPlainText()
        self._shown = notes
        self._session.experiment.write_notes(notes)

    def _take_back(self, excess: int) -> None:
        """Take the end of what was put in last: what was there before stays."""
        document = self._editor.document()
        # Qt also counts the end of the last paragraph, where no cursor can be.
        end = min(self._place + self._added, document.characterCount() - 1)
        cursor = QTextCursor(document)
        cursor.setPosition(self._place)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        # Its places are those of UTF-16, and no letter is to be cut in two.
        staying = len(cursor.selectedText()[:-excess].encode("utf-16-le")) // 2
        cursor.setPosition(self._place + staying)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        with QSignalBlocker(self._editor):
            cursor.joinPreviousEditBlock()
            cursor.removeSelectedText()
            cursor.endEditBlock()
        self._tell_of_room()

    def _tell_of_room(self) -> None:
        self._session.noticed.emit(self.tr("There is room for {0:,} characters of notes.").format(MOST_NOTES))
