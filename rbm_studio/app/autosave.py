"""Autosave: what is not saved is written down by itself, never to the user's own file, so that a crash loses little."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from rbm_studio.app.experiment_files import drawings_as_json, gather
from rbm_studio.app.log_lines import log_failure
from rbm_studio.app.messages import in_words
from rbm_studio.app.recovery import About, OwnFolder
from rbm_studio.app.state import RunState
from rbm_studio.app.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rbm_studio.app.run_messages import Checkpoint
    from rbm_studio.app.session import Session
    from rbm_studio.storage.experiment_file import SavedExperiment

INTERVAL_S = 25.0
"""From one change that is not saved to its being written down, at most; with the writing itself well within 60 s."""

_AGAIN_MS = 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _Answer:
    run: int
    checkpoint: Checkpoint | None
    drawings: dict[str, Any]


class Autosave(QObject):
    """Writes the session's experiment down some seconds after it has changed, and at once when a run ends.

    On a thread the run is asked where it stands, on the window's the rest is gathered, and on a thread again it is
    written. As soon as the user has saved, or the session ends, it is removed.

    Parameters
    ----------
    session : Session
    root : Path
        See `recovery.recovery_path`.
    interval_s : float
        Seconds.

    Signals
    -------
    written : float
        The experiment is on the disk, as it was after so many epochs.
    """

    written = Signal(float)

    def __init__(self, session: Session, root: Path, interval_s: float = INTERVAL_S) -> None:
        super().__init__(session)
        self._session = session
        self._folder = OwnFolder(root)
        self._task: Task | None = None
        self._done: Callable[[Any], None] = self._note_written
        self._is_behind = False
        self._run = 0
        self._has_told = False
        self._stays = False
        self._is_outdated = False
        self._has_ended = False
        self._interval = round(interval_s * 1000)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._begin)
        session.experiment.touched.connect(self._note_change)
        session.experiment.changed.connect(self._note_saved)
        session.run_state_changed.connect(self._note_run)
        session.ending.connect(self._shut_down)

    def write_soon(self) -> None:
        """Write down now what is not saved, in the background."""
        self._is_behind = True
        self._timer.stop()
        self._begin()

    def keep(self) -> None:
        """Write down what is not saved, wait for it, and leave it to the next start if the session ends now."""
        self._finish_task()
        session = self._session
        if not session.experiment.is_modified:
            return
        self._stays = True
        try:
            checkpoint = session.checkpoint()
            session.deliver()
            if checkpoint is not None or session.run_state is RunState.IDLE:
                self.written.emit(self._write(gather(session, checkpoint), self._about(checkpoint)))
        except Exception as error:
            # There is nobody left to tell, and what was written before is still there.
            log_failure(_log, "Writing the experiment down at the end", error)

    def go_on(self) -> None:
        """Take back `keep`: the session did not end."""
        self._stays = False

    # --- when

    def _note_change(self) -> None:
        self._is_behind = True
        if not self._timer.isActive() and self._task is None:
            self._timer.start(self._interval)

    def _note_run(self) -> None:
        self._run += 1
        if self._session.run_state is RunState.IDLE and self._session.experiment.is_modified:
            self.write_soon()

    def _note_saved(self) -> None:
        if not self._session.experiment.is_modified:
            self._is_behind = False
            self._timer.stop()
            # What is being written is older than what was saved.
            self._is_outdated = self._task is not None
            if self._task is None:
                self._folder.clear()

    # --- how: on a thread, on the window's thread, on a thread

    def _begin(self) -> None:
        if self._task is not None or self._has_ended or not self._session.experiment.is_modified:
            return
        self._is_behind = False
        session, run = self._session, self._run

        def ask(_task: Task) -> object:
            images = session.images
            if images is not None:
                # Computed once, and here, since it takes a while.
                _ = images.original.digest
            return _Answer(run, session.checkpoint(), drawings_as_json(session))

        self._start(ask, self._gather)

    def _start(self, work: Callable[[Task], object], done: Callable[[Any], None]) -> None:
        self._done = done
        self._task = Task("Autosave", work, self)
        self._task.succeeded.connect(self._take)
        self._task.failed.connect(self._fail)
        self._task.start()

    def _take(self, result: object) -> None:
        # What a task that was given up still had on its way comes all the same.
        if self._task is not None and self.sender() is self._task:
            self._finish_task()
            self._done(result)

    def _gather(self, answer: _Answer) -> None:
        session, checkpoint = self._session, answer.checkpoint
        # The curve up to the checkpoint; it may end the run.
        session.deliver()
        if self._is_outdated or not session.experiment.is_modified:
            self._clear_outdated()
        elif answer.run != self._run or (checkpoint is None and session.run_state is not RunState.IDLE):
            # The run has begun, ended, or not answered meanwhile: what it said does not belong to what there is now.
            self._is_behind = True
            self._timer.start(_AGAIN_MS)
        else:
            saved = gather(session, checkpoint, drawings=answer.drawings)
            about = self._about(checkpoint)
            self._start(lambda _task: self._write(saved, about), self._note_written)

    def _about(self, checkpoint: Checkpoint | None) -> About:
        session = self._session
        # The newest model's: the window may show the past.
        newest = session.newest.epochs_trained if session.newest is not None else 0.0
        epochs = newest if checkpoint is None else checkpoint.epochs_trained
        return About(session.experiment.name, session.experiment.path, epochs)

    def _write(self, saved: SavedExperiment, about: About) -> float:
        self._folder.write(saved, about)
        return about.epochs

    def _note_written(self, epochs: float) -> None:
        self._has_told = False
        if self._is_outdated:
            self._clear_outdated()
            return
        self.written.emit(epochs)
        if self._is_behind:
            self._note_change()

    def _clear_outdated(self) -> None:
        self._is_outdated = False
        self._folder.clear()
        if self._is_behind:
            self._note_change()

    def _fail(self, error: Exception) -> None:
        if self._task is None or self.sender() is not self._task:
            return
        self._finish_task()
        if self._is_outdated:
            self._clear_outdated()
            return
        if not self._has_told:
            # Once: the user can do little about it, and has other things to do.
            self._has_told = True
            self._session.noticed.emit(
                self.tr("The automatic copy for a crash could not be written, and is tried again. {reason}").format(
                    reason=in_words(error)[0]
                )
            )
        self._note_change()

    def _finish_task(self) -> None:
        if self._task is not None:
            self._task.join()
            self._task.deleteLater()
            self._task = None

    # --- the end

    def _shut_down(self) -> None:
        self._has_ended = True
        self._timer.stop()
        self._finish_task()
        if self._stays:
            self._folder.leave()
        else:
            self._folder.clear()
