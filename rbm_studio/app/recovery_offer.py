"""The offer, at a start, to bring back what an earlier program did not come to save."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

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

from rbm_studio.app.recovery import Leftover, find_leftovers
from rbm_studio.app.standing import epoch_text
from rbm_studio.app.task import Task
from rbm_studio.app.theme import GRID
from rbm_studio.errors import RBMStudioError
from rbm_studio.plain import LONGEST, folded, plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rbm_studio.app.autosave import Autosave
    from rbm_studio.app.opened_experiment import Opened
    from rbm_studio.app.recovery import About, Found
    from rbm_studio.app.session import Session
    from rbm_studio.app.window import MainWindow

_PATIENCE_S = 20.0
"""At the end: what is being looked at counts as an attempt that ended the program, unless that comes to an end."""
_log = logging.getLogger(__name__)
_WIDTH = 520


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
        self._window = window
        self._leftovers: list[Leftover] = []
        self._chosen: Leftover | None = None
        self._opened: Leftover | None = None
        self._is_shown = False
        self._has_ended = False
        self._task: Task | None = Task("Looking for unsaved experiments", lambda _task: find_leftovers(root), self)
        self._task.succeeded.connect(self._take)
        self._task.failed.connect(self._end_task)
        session.ending.connect(self._shut_down)
        session.task_changed.connect(self._open_chosen)
        session.experiment.changed.connect(self._note_change)
        session.documents.recovered.connect(self._note_recovered)
        autosave.written.connect(self._drop_opened)
        self._task.start()

    def _take(self, found: Found) -> None:
        self._end_task()
        self._leftovers = list(found.leftovers)
        if self._has_ended:
            self._leave()
            return
        for about, folder in found.broken:
            self._session.failed.emit(
                RBMStudioError(
                    self.tr("What was written down of {name} before the program ended cannot be read."),
                    self.tr("It was set aside as {folder}. What you had saved yourself is not touched."),
                    name=self._name(about),
                    folder=folder,
                )
            )
        if self._leftovers:
            self._ask()

    def _ask(self) -> None:
        dialog = RecoveryDialog([self._words(each.about) for each in self._leftovers], self._window)
        tried = [each.about.attempts > 0 for each in self._leftovers]
        dialog.choose(tried.index(False) if False in tried else None)
        dialog.recover.connect(lambda place: self._choose(self._leftovers[place]))
        dialog.remove.connect(lambda place: self._remove(self._leftovers[place]))
        dialog.open()

    def _choose(self, leftover: Leftover) -> None:
        self._chosen = leftover
        self._open_chosen()

    def _remove(self, leftover: Leftover) -> None:
        leftover.remove()
        self._leftovers.remove(leftover)
        if self._leftovers:
            self._ask()

    def _open_chosen(self) -> None:
        leftover = self._chosen
        # The images that are being loaded come first: the model shall be shown with them.
        if leftover is None or self._session.task is not None:
            return
        self._chosen = None
        self._window.documents.ask_to_keep(self.tr("Recover unsaved work?"), lambda: self._open(leftover))

    def _open(self, leftover: Leftover) -> None:
        try:
            leftover.note_attempt()
        except RBMStudioError as error:
            self._session.failed.emit(error)
            return
        about = leftover.about
        _log.info("Bringing back %s, written down at %s", about.name, about.saved)
        self._opened = leftover
        # Its own file may be newer than what was left of it: Save asks for another one then.
        path = None if _is_older(about) else about.path
        if not self._session.documents.recover(leftover.content, path, about.name):
            self._opened = None

    def _note_recovered(self, found: Opened) -> None:
        if self._opened is not None and found is self._opened.content:
            self._is_shown = True
            self._autosave.write_soon()

    def _drop_opened(self) -> None:
        if self._opened is not None and self._is_shown:
            self._leftovers.remove(self._opened)
            self._opened.remove()
            self._opened, self._is_shown = None, False

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
        for leftover in self._leftovers:
            leftover.leave()

    def _end_task(self) -> None:
        if self._task is not None:
            self._task.join()
            self._task.deleteLater()
            self._task = None

    def _name(self, about: About) -> str:
        return about.name or self.tr("an experiment without a name")

    def _words(self, about: About) -> tuple[str, str, str]:
        time = QDateTime.fromSecsSinceEpoch(round(about.saved.timestamp()))
        facts = self.tr("{epochs} epochs trained, as of {time}").format(
            epochs=epoch_text(about.epochs), time=QLocale().toString(time, QLocale.FormatType.ShortFormat)
        )
        where = self.tr("Never saved.") if about.path is None else self.tr("Of {path}.").format(path=about.path)
        if _is_older(about):
            where = self.tr(
                "{where} That file was saved later than this, and stays as it is: Save asks for another."
            ).format(where=where)
        if about.attempts:
            where = self.tr("{where} The program ended when it was recovered before.").format(where=where)
        return self._name(about), facts, where


def _is_older(about: About) -> bool:
    """Tell whether the user's own file is newer."""
    try:
        return about.path is not None and about.path.stat().st_mtime > about.saved.timestamp()
    except OSError:
        return False


class RecoveryDialog(QDialog):
    """Names what was left, and asks what shall become of it; the program goes on behind it.

    Parameters
    ----------
    entries : list of (str, str, str)
        Of each: its name, facts, and where it is from.
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

    def __init__(self, entries: list[tuple[str, str, str]], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Recover unsaved work"))
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        words = QLabel(
            self.tr("RBM Studio ended before this was saved. Recover opens it, still unsaved; nothing is written over.")
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
