"""The Notes panel: what a teacher wants to say about the experiment, kept in its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QFontInfo, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from rbm_studio.app.experiment import MOST_NOTES
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from rbm_studio.app.session import Session

_LARGER = 1.25
"""Beside the program's own letters."""


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
        self._editor = QPlainTextEdit()
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
        session.experiment.changed.connect(self._show_notes)
        self._show_notes()

    def _show_notes(self) -> None:
        notes = self._session.experiment.notes
        # To set what is there would take the cursor to the beginning, and the way back with it.
        if notes != self._editor.toPlainText():
            self._editor.setPlainText(notes)

    def _note_change(self, place: int, _removed: int, added: int) -> None:
        self._place, self._added = place, added

    def _write(self) -> None:
        excess = self._editor.document().characterCount() - 1 - MOST_NOTES
        if excess > 0:
            self._take_back(min(excess, self._added))
            return
        self._session.experiment.write_notes(self._editor.toPlainText())

    def _take_back(self, excess: int) -> None:
        """Take the end of what was put in last: what was there before stays."""
        cursor = QTextCursor(self._editor.document())
        cursor.joinPreviousEditBlock()
        cursor.setPosition(self._place + self._added - excess)
        cursor.setPosition(self._place + self._added, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        cursor.endEditBlock()
        self._session.noticed.emit(self.tr("There is room for {0:,} characters of notes.").format(MOST_NOTES))
