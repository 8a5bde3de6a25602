"""Locks between programs: files that say who holds something, and that count no more once their program is dead."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QLockFile

if TYPE_CHECKING:
    from pathlib import Path

# A lock file without a name in it: its program was killed before it had written it down.
_UNNAMED_MS = 2000
# The process, the program and the computer, by name.
_MOST_BYTES = 10_000


@dataclass(frozen=True)
class Holder:
    """A program that holds a lock.

    Attributes
    ----------
    pid : int
        Its process.
    host : str
        The computer that it runs on; empty if that is not known.
    since : datetime or None
    """

    pid: int
    host: str
    since: datetime | None


class CannotLock(OSError):
    """No lock file can be written there."""


def take_lock(path: Path, patience_ms: int = 0) -> QLockFile | Holder:
    """Take a lock, also from a program that was killed, or tell who holds it.

    Parameters
    ----------
    path : Path
        The lock file, in a folder that exists; it goes away when the lock is given back.
    patience_ms : int
        How long to wait for it.

    Raises
    ------
    CannotLock
        If the system lets no such file be.
    """
    _check_ordinary(path)
    lock = QLockFile(str(path))
    # A program that lives holds it for as long as it likes.
    lock.setStaleLockTime(0)
    if lock.tryLock(patience_ms):
        return lock
    if lock.error() is not QLockFile.LockError.LockFailedError:
        raise CannotLock(str(path))
    pid, host, _program = lock.getLockInfo()
    if not pid:
        lock.setStaleLockTime(_UNNAMED_MS)
        if lock.tryLock(0):
            return lock
    return Holder(pid, host, _since(path))


def _check_ordinary(path: Path) -> None:
    """Raise `CannotLock` for what Qt would wait for, or read to its end: a pipe, a device, or a file without end."""
    try:
        about = os.lstat(path)
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise CannotLock(str(path)) from error
    if not stat.S_ISREG(about.st_mode) or about.st_size > _MOST_BYTES:
        raise CannotLock(str(path))


def _since(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    except (OSError, ValueError, OverflowError):
        return None
