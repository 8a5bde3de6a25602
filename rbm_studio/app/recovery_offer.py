"""The offer, at a start, to bring back what an earlier program did not come to save."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QDateTime, QLocale, QObject, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from rbm_studio.app.recovery import Found, Leftover, find_leftovers
from rbm_studio.app.standing import epoch_text
from rbm_studio.app.task import Task
from rbm_studio.app.theme import GRID
from rbm_studio.errors import RBMStudioError
from rbm_studio.plain import LONGEST, folded, plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from rbm_studio.app.autosave import Autosave
    from rbm_studio.app.opened_experiment import Opened
    from rbm_studio.app.recovery import About
    from rbm_studio.app.session import Session
    from rbm_studio.app.window import MainWindow

_PATIENCE_S = 20.0
"""At the end: what is being looked at counts as an attempt that ended the program, unless that comes to an end."""
_log = logging.getLogger(__name__)
_WIDTH = 520
LARGE_BYTES = 1_000_000_000
"""From so many on it is told how much room the copies take."""


class RecoveryOffer(QObject):
    """Looks in the background for what was left, and asks in a dialog what shall become of it.

    Parameters
    ----------
    session : Session
    autosave : Autosave
        Once it has written down what was brought back, what was left goes away.
    root : Path
        See `recovery.recovery_path`.
    window : MainWindow
        Over which the dialog lies, and that asks about what is open.
    """

    def __init__(self, session: Session, autosave: Autosave, root: Path, window: MainWindow) -> None:
        super().__init__(window)
        self._session = session
        self._autosave = autosave
        self._root = root
        self._window = window
        self._found = Found()
        self._chosen: tuple[Leftover, Opened] | None = None
        self._opened: tuple[Leftover, Opened] | None = None
        self._is_shown = False
        self._has_ended = False
        self._task: Task | None = None
        session.ending.connect(self._shut_down)
        session.task_changed.connect(self._ask_to_keep)
        session.experiment.changed.connect(self._note_change)
        session.documents.recovered.connect(self._note_recovered)
        autosave.written.connect(self._drop_opened)
        self._start("Looking for unsaved experiments", lambda: find_leftovers(root), self._take, session.failed.emit)

    def _start(
        self, title: str, work: Callable[[], object], done: Callable[[Any], object], fail: Callable[[Any], object]
    ) -> None:
        self._done, self._fail = done, fail
        self._task = Task(title, lambda _task: work(), self)
        self._task.succeeded.connect(self._finish)
        self._task.failed.connect(self._finish_failed)
        self._task.start()

    def _finish(self, result: object) -> None:
        self._end_task()
        self._done(result)

    def _finish_failed(self, error: Exception) -> None:
        self._end_task()
        self._fail(error)

    def _end_task(self) -> None:
        if self._task is not None:
            self._task.join()
            self._task.deleteLater()
            self._task = None

    def _take(self, found: Found) -> None:
        self._found = found
        if self._has_ended:
            self._leave()
        else:
            self._ask()

    def _ask(self) -> None:
        leftovers = self._found.leftovers
        if not leftovers:
            return
        dialog = RecoveryDialog([self._words(each.about) for each in leftovers], self._note(), self._window)
        tried = [each.about.attempts > 0 for each in leftovers]
        dialog.choose(tried.index(False) if False in tried else None)
        dialog.recover.connect(lambda place: self._read(leftovers[place]))
        dialog.remove.connect(lambda place: self._remove(leftovers[place]))
        dialog.open()

    def _note(self) -> str:
        notes = []
        if self._found.more:
            notes.append(self.tr("{count} more are older: they are shown once these are gone."))
        if self._found.size > LARGE_BYTES:
            notes.append(self.tr("All copies together take {size} in {folder}."))
        size = QLocale().formattedDataSize(self._found.size)
        return " ".join(notes).format(count=self._found.more, size=size, folder=plain(str(self._root)))

    def _remove(self, leftover: Leftover) -> None:
        leftover.remove()
        self._drop(leftover)
        self._ask()

    def _drop(self, leftover: Leftover) -> None:
        others = [each for each in self._found.leftovers if each is not leftover]
        self._found = replace(self._found, leftovers=others, size=self._found.size - leftover.size)

    # --- one is chosen: read, then shown once nothing is in the way

    def _read(self, leftover: Leftover) -> None:
        self._start(
            "Reading an unsaved experiment",
            leftover.read,
            lambda found: self._choose(leftover, found),
            lambda error: self._tell_unreadable(leftover, error),
        )

    def _tell_unreadable(self, leftover: Leftover, error: Exception) -> None:
        if isinstance(error, RBMStudioError) and not isinstance(error.__cause__, OSError):
            self._drop(leftover)
            error = RBMStudioError(
                self.tr("What was written down of {name} before the program ended cannot be read."),
                self.tr("It was set aside as {folder}. What you had saved yourself is not touched."),
                name=self._name(leftover.about),
                folder=leftover.set_aside(),
            )
        # Else the disk does not answer, or the memory is full: another time it may be otherwise.
        self._session.failed.emit(error)
        self._ask()

    def _choose(self, leftover: Leftover, content: Opened) -> None:
        self._chosen = leftover, content
        self._ask_to_keep()

    def _ask_to_keep(self) -> None:
        chosen = self._chosen
        # The images that are being loaded come first: the model shall be shown with them.
        if chosen is None or self._session.task is not None or self._has_ended:
            return
        self._chosen = None
        self._window.documents.ask_to_keep(self.tr("Recover unsaved work?"), lambda: self._open(*chosen))

    def _open(self, leftover: Leftover, content: Opened) -> None:
        about = leftover.about
        _log.info("Bringing back %s, written down at %s", about.name, about.saved)
        self._opened = leftover, content
        # Its own file may be newer than what was left of it: Save asks for another one then.
        path = None if _may_be_older(about) else about.path
        if not self._session.documents.recover(content, path, about.name):
            self._opened = None

    def _note_recovered(self, found: Opened) -> None:
        if self._opened is not None and found is self._opened[1]:
            self._is_shown = True
            self._autosave.write_soon()

    def _drop_opened(self) -> None:
        if self._opened is not None and self._is_shown:
            leftover, _content = self._opened
            self._opened, self._is_shown = None, False
            self._drop(leftover)
            leftover.remove()

    def _note_change(self) -> None:
        if self._is_shown and not self._session.experiment.is_modified:
            # Saved, or given up for another one.
            self._drop_opened()

    def _shut_down(self) -> None:
        self._has_ended = True
        if self._task is not None:
            self._task.give_up(_PATIENCE_S)
        self._leave()

    def _leave(self) -> None:
        for leftover in self._found.leftovers:
            leftover.leave()

    def _name(self, about: About) -> str:
        return about.name or self.tr("an experiment without a name")

    def _words(self, about: About) -> tuple[str, str, str]:
        facts = self.tr("{epochs} epochs trained, as of {time}").format(
            epochs=epoch_text(about.epochs), time=_time_in_words(about.saved)
        )
        if about.is_date_odd:
            facts = self.tr("{facts}: the clock was wrong then, or is wrong now").format(facts=facts)
        where = self.tr("Never saved.") if about.path is None else self.tr("Of {path}.").format(path=about.path)
        if _may_be_older(about):
            where = self.tr(
                "{where} That file may have been saved later than this, and stays as it is: Save asks for another."
            ).format(where=where)
        if about.attempts:
            where = self.tr("{where} The program ended when it was recovered before.").format(where=where)
        return self._name(about), facts, where


def _time_in_words(time: datetime) -> str:
    """Return a time in short, but with its whole year: 1970 and 2070 are told apart."""
    style = QLocale().dateTimeFormat(QLocale.FormatType.ShortFormat)
    whole = style if "yyyy" in style else style.replace("yy", "yyyy")
    return QLocale().toString(QDateTime.fromSecsSinceEpoch(round(time.timestamp())), whole)


def _may_be_older(about: About) -> bool:
    """Tell whether the user's own file is newer, as far as the clock can be trusted."""
    try:
        return about.path is not None and (about.path.stat().st_mtime > about.saved.timestamp() or about.is_date_odd)
    except OSError:
        return False


class RecoveryDialog(QDialog):
    """Names what was left, and asks what shall become of it; the program goes on behind it.

    Parameters
    ----------
    entries : list of (str, str, str)
        Of each: its name, facts, and where it is from.
    note : str
        What is to be said of them all; may be empty.
    parent : QWidget

    Signals
    -------
    recover : int
        Bring the entry of this place back.
    remove : int
        Remove it from the disk.
    """

    recover = Signal(int)
    remove = Signal(int)

    def __init__(self, entries: list[tuple[str, str, str]], note: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Recover unsaved work"))
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        words = QLabel(
            self.tr(
                "RBM Studio ended before this was saved. Recover opens it, still unsaved; nothing is written over, and "
                "what you neither recover nor delete is kept."
            )
        )
        words.setWordWrap(True)
        self._list = QListWidget()
        self._list.setAccessibleName(self.tr("Unsaved experiments"))
        self._list.setToolTip(self.tr("What was written down by itself before the program ended"))
        self._list.setWordWrap(True)
        self._list.setSpacing(GRID // 4)
        for name, facts, where in entries:
            item = QListWidgetItem("\n".join(plain(text, 3 * LONGEST) for text in (name, facts, where)))
            item.setToolTip(folded(where))
            self._list.addItem(item)
        self._buttons = QDialogButtonBox()
        self._recover = self._button(self.tr("&Recover"), self.tr("Open it as it was, unsaved"), self._accept_chosen)
        self._later = self._button(self.tr("&Not now"), self.tr("Ask again at the next start"), self.reject)
        self._delete = self._button(
            self.tr("&Delete"), self.tr("Remove it from the disk for good"), self._delete_chosen
        )
        self._list.currentRowChanged.connect(self._show_state)
        self._list.itemDoubleClicked.connect(self._accept_chosen)
        box = QVBoxLayout(self)
        box.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        box.setSpacing(GRID)
        box.addWidget(words)
        box.addWidget(self._list)
        if note:
            more = QLabel(note)
            more.setWordWrap(True)
            box.addWidget(more)
        box.addWidget(self._buttons)
        self.resize(_WIDTH, self.sizeHint().height())
        self._show_state()

    def choose(self, place: int | None) -> None:
        """Mark an entry, so that Enter recovers it; with None Enter does nothing that could do harm."""
        self._list.setCurrentRow(-1 if place is None else place)
        # A list that has the focus marks its first entry by itself.
        (self._later if place is None else self._list).setFocus()
        (self._later if place is None else self._recover).setDefault(True)

    def _button(self, text: str, tip: str, slot: Callable[[], object]) -> QPushButton:
        button = self._buttons.addButton(text, QDialogButtonBox.ButtonRole.ActionRole)
        button.setToolTip(tip)
        button.clicked.connect(slot)
        return button

    def _show_state(self) -> None:
        for button in (self._recover, self._delete):
            button.setEnabled(self._list.currentRow() >= 0)

    def _accept_chosen(self) -> None:
        place = self._list.currentRow()
        self.accept()
        self.recover.emit(place)

    def _delete_chosen(self) -> None:
        place = self._list.currentRow()
        self.accept()
        self.remove.emit(place)
