"""Files written: the session's experiment in the background, one after the other, and its model alone."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from rbm_studio.app.experiment_files import gather
from rbm_studio.app.model_files import saved_model
from rbm_studio.app.state import RunState
from rbm_studio.app.task import Task
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.experiment_file import save_experiment
from rbm_studio.storage.model_file import save_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rbm_studio.app.document_file import DocumentFile
    from rbm_studio.app.run_messages import Checkpoint
    from rbm_studio.app.session import Session
    from rbm_studio.app.training_runner import TrainingRunner
    from rbm_studio.storage.model_file import SavedModel


@dataclass(eq=False)
class _Wish:
    """A file that is to be written, or is being written.

    Attributes
    ----------
    path : Path
    then : callable or None
        To be called once it is written.
    revision : int
        Of the experiment, that is in the file.
    identity : str
        What the file says that it is.
    marks : dict
        How its runs are in the file.
    held : ExitStack
        What keeps others from the file meanwhile.
    task : Task or None
    """

    path: Path
    then: Callable[[], object] | None
    revision: int = 0
    identity: str = ""
    marks: dict[str, tuple[object, ...]] = field(default_factory=dict)
    held: ExitStack = field(default_factory=ExitStack)
    task: Task | None = None


class Saving(QObject):
    """Writes what a session holds; what goes wrong is told by the session's `failed`.

    Parameters
    ----------
    session : Session
    file : DocumentFile
        Keeps others from the file.
    runner : TrainingRunner
        Tells how far a run under way has come.
    parent : QObject, optional

    Signals
    -------
    saved : Path
        The experiment is in this file now.
    """

    saved = Signal(object)

    def __init__(
        self, session: Session, file: DocumentFile, runner: TrainingRunner, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._file, self._runner = session, file, runner
        self._saving: _Wish | None = None
        self._next: list[_Wish] = []

    def save(self, path: Path, then: Callable[[], object] | None = None) -> None:
        """Save all there is, also while it trains: in the background, and `saved` follows.

        Parameters
        ----------
        path : Path
        then : callable, optional
            Called once it is saved; not where that fails.
        """
        wish = _Wish(path, then)
        if self._saving is not None:
            again = [each for each in self._next if each.path == path and each.then is None]
            self._next = [*(each for each in self._next if each not in again), wish]
        else:
            self._begin_saving(wish)

    def save_and_wait(self, path: Path) -> bool:
        """Save all there is, and return whether that was done."""
        done: list[bool] = []
        self.wait()
        self.save(path, lambda: done.append(True))
        self.wait()
        return bool(done)

    @property
    def is_saving(self) -> bool:
        """Whether a file is being written."""
        return self._saving is not None

    def wait(self) -> bool:
        """Wait for the files that are being written; return whether none of them failed."""
        errors = []
        while (saving := self._saving) is not None and saving.task is not None:
            saving.task.join()
            self._finish()
            errors.append(saving.task.error)
        return not any(errors)

    def _begin_saving(self, saving: _Wish) -> None:
        session = self._session
        # Now: what the checkpoint brings may ask to save, too.
        self._saving = saving
        try:
            saving.held.enter_context(self._file.writing(saving.path))
            # Before the checkpoint: what comes with it or after it has not been saved yet.
            saving.revision = session.experiment.revision
            now = self._checkpoint()
        except RBMStudioError as error:
            saving.held.close()
            self._saving = None
            session.failed.emit(error)
            self._save_next()
            return
        saving.identity = session.experiment.identity_in(saving.path)
        saving.marks = session.book.marks(None if now is None else now.epochs_trained)
        content = gather(session, now, identity=saving.identity)

        title = self.tr("Saving {0}").format(saving.path.name)
        saving.task = Task(title, lambda _task: save_experiment(saving.path, content), self)
        saving.task.succeeded.connect(self._finish)
        saving.task.failed.connect(self._finish)
        saving.task.start()

    def _save_next(self) -> None:
        if self._next and not self.is_saving:
            self._begin_saving(self._next.pop(0))

    def _finish(self, _result: object = None) -> None:
        saving = self._saving
        # A task that was waited for tells it once more.
        if saving is None or saving.task is None or not saving.task.is_over:
            return
        saving.task.join()
        saving.task.deleteLater()
        error = saving.task.error
        self._saving = None
        session = self._session
        with saving.held:
            if error is None:
                session.book.note_saved(saving.marks)
                session.experiment.note_saved(saving.path, saving.revision, saving.identity)
                self._file.note_written()
        if error is None:
            session.noticed.emit(self.tr("Saved {0}").format(saving.path.name))
            self.saved.emit(saving.path)
        else:
            session.failed.emit(error)
        self._save_next()
        if error is None and saving.then is not None:
            saving.then()

    def _checkpoint(self) -> Checkpoint | None:
        """Return where the run under way stands, if there is one; the session has all that came before it then."""
        now = self._runner.checkpoint()
        self._runner.deliver()
        if now is None and self._session.run_state is not RunState.IDLE:
            raise RBMStudioError(
                self.tr("Nothing was saved: the training does not answer."), self.tr("Save it again in a moment.")
            )
        return now

    def saved_model(self) -> SavedModel | None:
        """Return what a file of the model alone would hold, as it is now, also while it trains."""
        session = self._session
        try:
            now, model = self._checkpoint(), session.newest
            if model is None:
                raise RBMStudioError(
                    self.tr("There is no model to save yet."), self.tr("Download MNIST, or open images.")
                )
        except RBMStudioError as error:
            session.failed.emit(error)
            return None
        state = session.training_state if session.run_state is RunState.IDLE else None
        return saved_model(model, state, session.history_before_run, now)

    def save_model(self, path: Path) -> bool:
        """Write the model alone; return whether that was done.

        The experiment keeps its file, and what was not saved of it is not saved yet.
        """
        saved = self.saved_model()
        if saved is None:
            return False
        try:
            save_model(path, saved)
        except RBMStudioError as error:
            self._session.failed.emit(error)
            return False
        self._session.noticed.emit(self.tr("Saved {0}").format(path.name))
        return True
