"""What a person does with documents: new, open, save; asked first where something would be lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from rbm_studio.app import files
from rbm_studio.app.questions import ask_to_keep
from rbm_studio.app.recent import RecentFiles
from rbm_studio.app.state import RunState
from rbm_studio.errors import RBMStudioError
from rbm_studio.model_import import holds_weights
from rbm_studio.plain import LONGEST, plain
from rbm_studio.storage.experiment_file import EXPERIMENT_SUFFIX
from rbm_studio.storage.model_file import SUFFIX as MODEL_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rbm_studio.app.window import MainWindow


class DocumentActions(QObject):
    """Asks for files and answers over a window, and shows in its title which experiment is open.

    Parameters
    ----------
    window : MainWindow

    Attributes
    ----------
    recent : RecentFiles
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._session = window, window.session
        self._documents, self._experiment = window.session.documents, window.session.experiment
        self._waiting: Path | None = None
        self.recent = RecentFiles()
        self._documents.opened.connect(self.recent.add)
        self._documents.saving.saved.connect(self.recent.add)
        self._experiment.changed.connect(self._show_title)
        self._session.task_changed.connect(self._open_waiting)
        self._show_title()

    # --- opening

    def begin(self) -> None:
        """Begin a new experiment."""
        self.ask_to_keep(self.tr("Begin a new experiment?"), self._documents.begin)

    def ask_to_open(self) -> None:
        """Ask for a file, and open it."""
        kinds = self.tr("Experiments and models (*{0} *{1})").format(EXPERIMENT_SUFFIX, MODEL_SUFFIX)
        files.ask_to_open(self._window, self.tr("Open an experiment or a model"), kinds, self.open)

    def open(self, path: Path) -> None:
        """Open an experiment or a model, or else images, as the file's name says."""
        if files.is_experiment(path):
            self.ask_to_keep(self.tr("Open another experiment?"), lambda: self._documents.open_experiment(path))
        elif files.is_model(path):
            self.ask_to_keep(self.tr("Open a model as a new experiment?"), lambda: self._documents.open_model(path))
        elif holds_weights(path):
            self.import_path(path)
        else:
            self._window.dataset_panel.open_path(path)

    def import_path(self, path: Path) -> None:
        """Open a model of another program as a new experiment."""
        self.ask_to_keep(self.tr("Open a model as a new experiment?"), lambda: self._documents.import_model(path))

    def open_when_ready(self, path: Path) -> None:
        """Open a file as soon as what is being loaded is there."""
        self._waiting = path
        self._open_waiting()

    def _open_waiting(self) -> None:
        path = self._waiting
        if path is not None and self._session.task is None:
            self._waiting = None
            self.open(path)

    # --- saving

    def save(self) -> None:
        """Save the experiment in its file; ask for one if it has none."""
        self._save_and(None)

    def save_as(self) -> None:
        """Ask for a file, and save the experiment there."""
        self._ask_where(None)

    def _save_and(self, then: Callable[[], object] | None) -> None:
        if self._experiment.path is None:
            self._ask_where(then)
        else:
            self._documents.saving.save(self._experiment.path, then)

    def _ask_where(self, then: Callable[[], object] | None) -> None:
        kind = self.tr("RBM Studio experiments (*{0})").format(EXPERIMENT_SUFFIX)
        name = (files.as_name(self._experiment.name) or self.tr("experiment")) + EXPERIMENT_SUFFIX
        files.ask_to_save(
            self._window, self.tr("Save the experiment"), kind, name, lambda path: self._save_to(path, then)
        )

    def _save_to(self, path: Path, then: Callable[[], object] | None) -> None:
        if files.is_experiment(path):
            self._documents.saving.save(path, then)
            return
        # What was asked to be written over may be a model, and would be one by its name for ever.
        self._session.failed.emit(
            RBMStudioError(
                self.tr("The name {name} is not that of an experiment."),
                self.tr("Let it end in {suffix}."),
                name=path.name,
                suffix=EXPERIMENT_SUFFIX,
            )
        )

    # --- what would be lost

    def would_lose(self) -> bool:
        """Whether another document, or the end of the program, would take something that is in no file."""
        # A file that was asked for and could not be written: who goes now would never hear of it.
        if not self._documents.saving.wait():
            return True
        return self._experiment.is_modified or self._session.run_state is not RunState.IDLE

    def ask_to_keep(self, question: str, then: Callable[[], object]) -> None:
        """Go on at once if nothing would be lost; else ask whether to save first, without blocking the program.

        Parameters
        ----------
        question : str
            What the user is about to do.
        then : callable
            Does it.
        """
        if not self.would_lose():
            then()
            return

        def save() -> None:
            self._session.halt()
            # Asked once more: while a large file was written, the class may have gone on.
            self._save_and(lambda: self.ask_to_keep(question, then))

        def discard() -> None:
            self._session.halt()
            then()

        ask_to_keep(
            self._window,
            question,
            training=self._session.run_state is not RunState.IDLE,
            asks_for_name=self._experiment.path is None,
            save=save,
            discard=discard,
        )

    # --- words

    def _show_title(self) -> None:
        path = self._experiment.path
        name = path.name if path is not None else self._experiment.name or self.tr("untitled experiment")
        name = plain(name, LONGEST)
        # Two of them stand for one, which is then no mark of changes.
        self._window.setWindowTitle(f"{name.replace('[*]', '[*][*]')}[*] – RBM Studio")
        self._window.setWindowModified(self._experiment.is_modified)
