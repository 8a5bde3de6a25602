"""What a program that ended in the middle of something leaves for the next start to bring back."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
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

if TYPE_CHECKING:
    from PySide6.QtCore import QLockFile

    from rbm_studio.storage.experiment_file import SavedExperiment

MOST_KEPT = 8
"""Of so many programs what they left is kept,"""
LONGEST_KEPT_S = 30 * 24 * 3600
"""and for so many seconds."""
MOST_ATTEMPTS = 2
"""What has ended the program so often as it was brought back is not touched again."""

_EXPERIMENT, _ABOUT, _LOCK, _BROKEN = "experiment.rbmx", "about.json", "lock", ".broken"
_MOST_BYTES = 64_000
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

    @classmethod
    def read(cls, folder: Path) -> About:
        """Read it; of a folder without one as much as can be known."""
        try:
            with (folder / _ABOUT).open("rb") as file:
                return cls._checked(json.loads(file.read(_MOST_BYTES)))
        except (OSError, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            _log.warning("%s: it is not known what was written down there: %s", folder, error)
        with contextlib.suppress(OSError, ValueError, OverflowError):
            return cls(saved=datetime.fromtimestamp((folder / _EXPERIMENT).stat().st_mtime, UTC))
        return cls()

    @classmethod
    def _checked(cls, facts: dict[str, Any]) -> About:
        path = facts["path"]
        saved = datetime.fromisoformat(facts["saved"])
        return cls(
            str(facts["name"]),
            None if path is None else Path(str(path)),
            float(facts["epochs"]),
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

    def write(self, experiment: SavedExperiment, about: About) -> None:
        """Write an experiment in the place of the one before; the old one stays if that fails.

        Raises
        ------
        FileError
            If it cannot be written.
        """
        folder = self._folder
        if folder is None or not folder.is_dir():
            folder = self._make()
        # First: without it nobody would know afterwards which file the experiment was of.
        about.write(folder)
        save_experiment(folder / _EXPERIMENT, experiment)

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
        self._folder, self._lock = folder, lock
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
    content : Opened
    """

    about: About
    content: Opened
    _folder: Path
    _lock: QLockFile

    def __post_init__(self) -> None:
        self._attempts = self.about.attempts

    def note_attempt(self) -> None:
        """Write down that it is about to be brought back: if that ends the program, the next start knows."""
        self.about = replace(self.about, attempts=self.about.attempts + 1)
        self.about.write(self._folder)

    def remove(self) -> None:
        """Remove it from the disk."""
        _remove(self._folder, self._lock)

    def leave(self) -> None:
        """Leave it to the next start; a program that comes to do so was not ended by it."""
        if self._attempts != self.about.attempts:
            with contextlib.suppress(RBMStudioError):
                replace(self.about, attempts=self._attempts).write(self._folder)
        self._lock.unlock()


@dataclass(frozen=True)
class Found:
    """What was found at a start.

    Attributes
    ----------
    leftovers : list of Leftover
        The newest first.
    broken : list of (About, Path)
        What cannot be read, and the folder that it was set aside as.
    """

    leftovers: list[Leftover]
    broken: list[tuple[About, Path]]


def find_leftovers(root: Path) -> Found:
    """Look after what programs left that are dead, and check that it can be opened; takes a while for large ones.

    What is older than `LONGEST_KEPT_S`, or more than `MOST_KEPT`, is removed; half files are, too.

    Parameters
    ----------
    root : Path
        See `recovery_path`.
    """
    found = Found([], [])
    for kept, folder in enumerate(_newest_first(root)):
        try:
            lock = take_lock(folder / _LOCK)
        except CannotLock:
            _log.warning("%s: it cannot be told whether a program uses it", folder)
            continue
        if isinstance(lock, Holder):
            continue
        remove_leftovers(folder)
        about = About.read(folder) if (folder / _EXPERIMENT).exists() else None
        if about is not None and about.path is not None:
            remove_traces(about.path)
        if about is None or kept >= MOST_KEPT or time.time() - about.saved.timestamp() > LONGEST_KEPT_S:
            _log.info("%s is removed: empty, old, or one of too many", folder)
            _remove(folder, lock)
            continue
        try:
            content = _checked(folder, about)
        except RBMStudioError as error:
            _log.warning("%s: %s", folder, error)
            lock.unlock()
            found.broken.append((about, _set_aside(folder)))
        except MemoryError:
            _log.warning("%s does not fit into the memory now", folder)
            lock.unlock()
        else:
            # Of a program that was killed between the two files, one is newer.
            epochs = content.model.epochs_trained if content.model is not None else 0.0
            found.leftovers.append(Leftover(replace(about, epochs=epochs), content, folder, lock))
    return found


def _checked(folder: Path, about: About) -> Opened:
    """Read an experiment; if that ends the program, the next start knows, and after some such ends it reads no more."""
    if about.attempts >= MOST_ATTEMPTS:
        raise RBMStudioError("The program has ended {count} times when it was opened.", count=about.attempts)
    with contextlib.suppress(RBMStudioError):
        replace(about, attempts=about.attempts + 1).write(folder)
    content = opened(load_experiment(folder / _EXPERIMENT))
    with contextlib.suppress(RBMStudioError):
        about.write(folder)
    return content


def _newest_first(root: Path) -> list[Path]:
    try:
        folders = [path for path in root.iterdir() if path.is_dir() and not path.is_symlink()]
    except OSError:
        return []
    kept = sorted(folders, key=lambda folder: folder.name, reverse=True)
    for old in [folder for folder in kept if folder.name.endswith(_BROKEN)][MOST_KEPT:]:
        _log.info("%s is removed: one of too many", old)
        _remove_files(old)
    return [folder for folder in kept if not folder.name.endswith(_BROKEN)]


def _set_aside(folder: Path) -> Path:
    aside = folder.with_name(folder.name + _BROKEN)
    with contextlib.suppress(OSError):
        folder.rename(aside)
        return aside
    return folder


def _remove(folder: Path, lock: QLockFile) -> None:
    """Remove a folder of ours, the lock last: until then nobody else takes it for a leftover."""
    for name in (_EXPERIMENT, _ABOUT):
        with contextlib.suppress(OSError):
            os.unlink(folder / name)
    lock.unlock()
    _remove_files(folder)


def _remove_files(folder: Path) -> None:
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            os.unlink(path)
        folder.rmdir()
