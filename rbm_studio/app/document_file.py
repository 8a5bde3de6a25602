"""The file of the experiment that is open: no other window writes it meanwhile, and none is written over unseen."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_state_path
from PySide6.QtCore import QDateTime, QLocale, QObject, Signal

from rbm_studio.app.locks import CannotLock, Holder, take_lock
from rbm_studio.atomic import remove_leftovers
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.experiment_file import EXPERIMENT_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtCore import QLockFile

    from rbm_studio.app.experiment import Experiment

_Stamp = tuple[int, int]


class DocumentFile(QObject):
    """Holds the experiment's file as long as it is open; an experiment that another window holds becomes a copy.

    A lock lies beside the file, under the name ``.name.rbmx.lock``, so that other computers see it too; where nothing
    can be written, among the user's own files. That of a program that was killed does not count.

    Parameters
    ----------
    experiment : Experiment
        Whose path it follows.
    parent : QObject, optional

    Signals
    -------
    refused : RBMStudioError
        The file is another window's, and what is open here is a copy of it.
    """

    refused = Signal(object)

    def __init__(self, experiment: Experiment, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._experiment = experiment
        self._path: Path | None = None
        self._lock: QLockFile | None = None
        self._next: tuple[Path, QLockFile | None] | None = None
        self._stamp: _Stamp | None = None
        self._told: _Stamp | None = None
        experiment.changed.connect(self._follow)

    @contextmanager
    def writing(self, path: Path) -> Iterator[None]:
        """Hold another file while the experiment is saved there; `Experiment.note_saved` within makes it its own.

        Raises
        ------
        RBMStudioError
            If another window has it open; or, the first time, if another program has changed it since it was opened.
        """
        path = _real(path)
        if path == self._path:
            self._check_unchanged(path)
        else:
            lock = _lock_for(path)
            if isinstance(lock, Holder):
                raise RBMStudioError(
                    self.tr("{name} was not saved: it is open in another window of RBM Studio ({who})."),
                    self.tr("Close it there, or save this under another name."),
                    name=path.name,
                    who=self._in_words(lock),
                )
            self._next = path, lock
        try:
            yield
        finally:
            self._next = None

    def note_written(self) -> None:
        """Note that the file is as it was written here."""
        if self._path is not None:
            self._stamp, self._told = _stamp(self._path), None

    def release(self) -> None:
        """Let others have the file."""
        if self._lock is not None:
            self._lock.unlock()
        self._path = self._lock = self._stamp = self._told = None

    def _check_unchanged(self, path: Path) -> None:
        now = _stamp(path)
        if now is None or now == self._stamp or now == self._told:
            return
        self._told = now
        raise RBMStudioError(
            self.tr("{name} was not saved: another program has changed the file since it was opened or saved here."),
            self.tr("Save this under another name; or save once more to write over the other version."),
            name=path.name,
        )

    def _follow(self) -> None:
        path = self._experiment.path
        if path is None or path.suffix.lower() != EXPERIMENT_SUFFIX:
            self.release()
            return
        path = _real(path)
        if path != self._path:
            taken = self._next[1] if self._next is not None and self._next[0] == path else _lock_for(path)
            self.release()
            if isinstance(taken, Holder):
                self._become_copy(path, taken)
                return
            self._path, self._lock, self._stamp = path, taken, _stamp(path)
            remove_leftovers(path.parent, path.name)
        if not self._experiment.is_modified:
            # It has just been opened or saved.
            self.note_written()

    def _become_copy(self, path: Path, holder: Holder) -> None:
        experiment = self._experiment
        experiment.begin("", None, experiment.notes, self.tr("{name} (copy)").format(name=path.stem))
        experiment.touch()
        self.refused.emit(
            RBMStudioError(
                self.tr("{name} is open in another window of RBM Studio already ({who})."),
                self.tr("What you see here is a copy of it; Save asks for a name of its own."),
                name=path.name,
                who=self._in_words(holder),
            )
        )

    def _in_words(self, holder: Holder) -> str:
        words = self.tr("process {pid} on {host}").format(pid=holder.pid, host=holder.host or "?")
        if holder.since is None:
            return words
        since = QDateTime.fromSecsSinceEpoch(round(holder.since.timestamp()))
        return self.tr("{process}, since {time}").format(
            process=words, time=QLocale().toString(since, QLocale.FormatType.ShortFormat)
        )


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _stamp(path: Path) -> _Stamp | None:
    try:
        about = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(about.st_mode):
        return None  # who writes there says what it is
    return about.st_size, about.st_mtime_ns


def _lock_for(path: Path) -> QLockFile | Holder | None:
    """Return the lock of a file, or who has it; None where no lock can be anywhere: better without one than not."""
    for place in _places(path):
        with suppress(CannotLock):
            return take_lock(place)
    return None


def _places(path: Path) -> Iterator[Path]:
    yield path.with_name(f".{path.name}.lock")
    folder = user_state_path("rbm-studio", appauthor=False) / "locks"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    yield folder / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:32]}.lock"


def remove_traces(path: Path) -> None:
    """Remove the half files and the lock that a program left beside an experiment's file when it was killed."""
    path = _real(path)
    remove_leftovers(path.parent, path.name)
    for place in _places(path):
        with suppress(CannotLock):
            taken = take_lock(place) if os.path.lexists(place) else None
            if taken is not None and not isinstance(taken, Holder):
                taken.unlock()
