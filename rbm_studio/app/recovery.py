"""What a program that ended in the middle of something leaves for the next start to bring back."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import re
import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_state_path

from rbm_studio.app.document_file import remove_traces
from rbm_studio.app.locks import CannotLock, Holder, take_lock
from rbm_studio.app.opened_experiment import Opened, opened
from rbm_studio.atomic import remove_leftovers
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.atomic import write_atomically, writing_error
from rbm_studio.storage.experiment_file import FORMAT_VERSION, load_experiment, save_experiment
from rbm_studio.untrusted import open_ordinary

if TYPE_CHECKING:
    from PySide6.QtCore import QLockFile

    from rbm_studio.storage.experiment_file import SavedExperiment

MOST_OFFERED = 50
"""So many are offered at once; what is older stays, and its turn comes when these are gone."""

_EXPERIMENT, _ABOUT, _LOCK, _BROKEN = "experiment.rbmx", "about.json", "lock", ".broken"
_HALF = re.compile(rf"\.({re.escape(_EXPERIMENT)}|{re.escape(_ABOUT)})\.[0-9a-f]+\.part")
_MOST_BYTES = 64_000
# No copy is older than the first version, nor newer than today, but by time zones that were set wrong.
_FIRST, _SLACK = datetime(2020, 1, 1, tzinfo=UTC), timedelta(days=1)
_log = logging.getLogger(__name__)


def recovery_path() -> Path:
    """Return the folder in which each running program keeps what it has not saved."""
    return user_state_path("rbm-studio", appauthor=False) / "recovery"


@dataclass(frozen=True)
class About:
    """What is known of an experiment without opening it.

    Attributes
    ----------
    name : str
        What the user knows it by; empty if it has no name yet.
    path : Path or None
        The file that it was opened from, or saved in last.
    epochs : float
        Passes through the data that its model has behind it.
    saved : datetime
        When it was written down by itself, with a time zone.
    attempts : int
        How often a program has begun to bring it back.
    """

    name: str = ""
    path: Path | None = None
    epochs: float = 0.0
    saved: datetime = field(default_factory=lambda: datetime.now(UTC))
    attempts: int = 0

    def write(self, folder: Path) -> None:
        """Write it to a folder, whole or not at all; raises `FileError`."""
        facts = {
            "format_version": FORMAT_VERSION,
            "name": self.name,
            "path": None if self.path is None else str(self.path),
            "epochs": self.epochs,
            "saved": self.saved.isoformat(),
            "attempts": self.attempts,
        }
        write_atomically(folder / _ABOUT, lambda file: file.write(json.dumps(facts).encode()))

    @property
    def is_date_odd(self) -> bool:
        """Whether it cannot have been written down then: the clock was wrong, or is now."""
        return not _FIRST < self.saved < datetime.now(UTC) + _SLACK

    @classmethod
    def read(cls, folder: Path) -> About:
        """Read it; of a folder without one as much as can be known."""
        try:
            with open_ordinary(folder / _ABOUT) as file:
                return cls._checked(json.loads(file.read(_MOST_BYTES)))
        except (OSError, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            _log.warning("%s: it is not known what was written down there: %s", folder, error)
        with contextlib.suppress(OSError, ValueError, OverflowError):
            return cls(saved=datetime.fromtimestamp((folder / _EXPERIMENT).stat().st_mtime, UTC))
        return cls()

    @classmethod
    def _checked(cls, facts: dict[str, Any]) -> About:
        path = None if facts["path"] is None else Path(str(facts["path"]))
        saved, epochs = datetime.fromisoformat(facts["saved"]), float(facts["epochs"])
        is_path = path is None or (path.name and b"\0" not in os.fsencode(path))
        if not (is_path and math.isfinite(epochs) and epochs >= 0):
            raise ValueError(facts)
        return cls(
            str(facts["name"]),
            path,
            epochs,
            saved if saved.tzinfo else saved.replace(tzinfo=UTC),
            int(facts["attempts"]),
        )


class OwnFolder:
    """Where this program writes down its experiment: a folder with a lock, made when there is something to write.

    Parameters
    ----------
    root : Path
        See `recovery_path`.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder: Path | None = None
        self._lock: QLockFile | None = None
        self._written: About | None = None

    def write(self, experiment: SavedExperiment, about: About) -> None:
        """Write an experiment in the place of the one before; the old one stays if that fails.

        Raises
        ------
        FileError
            If it cannot be written.
        """
        folder = self._folder
        if folder is None or not os.path.isdir(folder):
            folder = self._make()
        # First: without it nobody would know afterwards which file the experiment was of; but its figures are those of
        # what is there until the other one is.
        written = self._written
        before = about if written is None else replace(about, epochs=written.epochs, saved=written.saved)
        if before != written:
            before.write(folder)
        save_experiment(folder / _EXPERIMENT, experiment)
        if about != before:
            about.write(folder)
        self._written = about

    def _make(self) -> Path:
        self.clear()
        folder = self._root / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
        try:
            folder.mkdir(parents=True)
            lock = take_lock(folder / _LOCK)
            if isinstance(lock, Holder):
                raise CannotLock(str(folder))
        except OSError as error:
            with contextlib.suppress(OSError):
                folder.rmdir()
            raise writing_error(folder / _EXPERIMENT, error) from error
        self._folder, self._lock, self._written = folder, lock, None
        return folder

    def clear(self) -> None:
        """Remove it: nothing is unsaved any more."""
        if self._folder is not None and self._lock is not None:
            _remove(self._folder, self._lock)
        self._folder = self._lock = None

    def leave(self) -> None:
        """Leave what was written for the next start."""
        if self._lock is not None:
            self._lock.unlock()
        self._folder = self._lock = None


@dataclass(eq=False)
class Leftover:
    """An experiment that a program left which ended before it was saved; nobody else offers it meanwhile.

    Attributes
    ----------
    about : About
    size : int
        Bytes.
    """

    about: About
    size: int
    _folder: Path
    _lock: QLockFile

    def __post_init__(self) -> None:
        self._attempts = self.about.attempts

    def read(self) -> Opened:
        """Read it; if that, or showing it, ends the program, the next start knows.

        Raises
        ------
        RBMStudioError
            If it is damaged; or if it cannot be read now, and then an `OSError` is the cause.
        """
        self._note_attempts(self._attempts + 1)
        try:
            content = opened(load_experiment(self._folder / _EXPERIMENT))
        except Exception:
            self._note_attempts(self._attempts)
            raise
        # Of a program that was killed between the two files, one is newer.
        epochs = content.model.epochs_trained if content.model is not None else 0.0
        self.about = replace(self.about, epochs=epochs)
        return content

    def _note_attempts(self, attempts: int) -> None:
        if attempts != self.about.attempts:
            self.about = replace(self.about, attempts=attempts)
            # On a full disk it can be read all the same.
            with contextlib.suppress(RBMStudioError):
                self.about.write(self._folder)

    def remove(self) -> None:
        """Remove it from the disk, and what its program left beside the experiment's own file."""
        _remove(self._folder, self._lock)
        if self.about.path is not None:
            remove_traces(self.about.path)

    def leave(self) -> None:
        """Leave it to the next start; a program that comes to do so was not ended by it."""
        self._note_attempts(self._attempts)
        self._lock.unlock()

    def set_aside(self) -> Path:
        """Leave it where no start looks for it again, and return the folder."""
        self._lock.unlock()
        aside = self._folder.with_name(self._folder.name + _BROKEN)
        try:
            self._folder.rename(aside)
        except OSError as error:
            _log.warning("%s cannot be set aside: %s", self._folder, error)
            return self._folder
        return aside


@dataclass(frozen=True)
class Found:
    """What was found at a start.

    Attributes
    ----------
    leftovers : list of Leftover
        The newest first; those of which the date cannot be right come last.
    size : int
        Bytes of all copies, also of those that were set aside.
    more : int
        How many there are beside, older than these.
    """

    leftovers: list[Leftover] = field(default_factory=list)
    size: int = 0
    more: int = 0


def find_leftovers(root: Path) -> Found:
    """Look after what programs left that are dead; nothing that could be unsaved work is removed, however old.

    Each entry is looked at for itself: one that cannot be looked at, or is something else, stands in nobody's way.

    Parameters
    ----------
    root : Path
        See `recovery_path`.
    """
    copies, size = [], 0
    for folder in _folders(root):
        try:
            bytes_ = os.lstat(folder / _EXPERIMENT).st_size
        except FileNotFoundError:
            _remove_if_dead(folder)
        except OSError as error:
            _log.warning("%s cannot be looked at: %s", folder, error)
        else:
            size += bytes_
            if not folder.name.endswith(_BROKEN):
                copies.append((About.read(folder), bytes_, folder))
    copies.sort(key=lambda copy: (not copy[0].is_date_odd, copy[0].saved), reverse=True)
    found: list[Leftover] = []
    for place, (about, bytes_, folder) in enumerate(copies):
        if len(found) == MOST_OFFERED:
            return Found(found, size, len(copies) - place)
        lock = _lock_of_the_dead(folder)
        if lock is not None:
            remove_leftovers(folder)
            found.append(Leftover(about, bytes_, folder, lock))
    return Found(found, size)


def _folders(root: Path) -> list[Path]:
    folders = []
    with contextlib.suppress(OSError), os.scandir(root) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    folders.append(root / entry.name)
    return folders


def _lock_of_the_dead(folder: Path) -> QLockFile | None:
    try:
        lock = take_lock(folder / _LOCK)
    except CannotLock:
        _log.warning("%s: it cannot be told whether a program uses it", folder)
        return None
    return None if isinstance(lock, Holder) else lock


def _remove_if_dead(folder: Path) -> None:
    """Remove a folder of ours in which nothing has been written down yet, if its program is dead."""
    with contextlib.suppress(OSError):
        is_ours = all(name in (_ABOUT, _LOCK) or _HALF.fullmatch(name) for name in os.listdir(folder))
        lock = _lock_of_the_dead(folder) if is_ours else None
        # Its program may have written it down meanwhile, and ended.
        if lock is not None and _is_missing(folder / _EXPERIMENT):
            _remove(folder, lock)
        elif lock is not None:
            lock.unlock()


def _is_missing(path: Path) -> bool:
    try:
        os.lstat(path)
    except FileNotFoundError:
        return True
    return False


def _remove(folder: Path, lock: QLockFile) -> None:
    """Remove a folder of ours, the lock last: until then nobody else takes it for a leftover."""
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if name in (_EXPERIMENT, _ABOUT) or _HALF.fullmatch(name):
                with contextlib.suppress(OSError):
                    os.unlink(folder / name)
    lock.unlock()
    with contextlib.suppress(OSError):
        folder.rmdir()
