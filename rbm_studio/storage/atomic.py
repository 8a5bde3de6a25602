"""Files of the user's, written whole or not at all, with a reason in words where that fails."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from rbm_studio.atomic import HELD_ELSEWHERE, write_whole
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FULL = (errno.ENOSPC, errno.EDQUOT)
# Not every system knows all of these.
_GONE = tuple(
    getattr(errno, name)
    for name in ("EIO", "ESTALE", "ENOTCONN", "ENXIO", "ENODEV", "EHOSTDOWN", "ETIMEDOUT", "EREMOTEIO", "ESHUTDOWN")
    if hasattr(errno, name)
)


class FileError(RBMStudioError):
    """A file cannot be written or read."""


def write_atomically(path: str | os.PathLike[str], write: Callable[[BinaryIO], object]) -> None:
    """Write a file so that a failure at any moment leaves the old one, or none, and no half of the new one.

    Parameters
    ----------
    path : path-like
        Where the file shall be; a link is written through.
    write : callable
        Gets the open temporary file, which lies in the same folder and takes the path's place at the end.

    Raises
    ------
    FileError
        If the system refuses, with its reason and what to do.
    """
    target = Path(os.path.realpath(path))
    try:
        _check_place(target)
        write_whole(target, write)
    except OSError as error:
        raise writing_error(target, error) from error


@contextmanager
def writing_what_can_be_read(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn what its reader raises of what is to be written into a `FileError`, before anything is written."""
    name = Path(path).name
    try:
        yield
    except MemoryError as error:
        raise FileError(
            "{name} was not saved: it does not fit into this computer's memory once more.",
            "Close other programs first.",
            name=name,
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        reason = error.problem.format(**error.fields) if isinstance(error, RBMStudioError) else str(error)
        raise FileError(
            "{name} was not saved, for it could not be opened again: {reason}.",
            "Change that, then save it again; the file that was there is as it was.",
            name=name,
            reason=reason.rstrip("."),
        ) from error


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise `FileError` if a file cannot be written there: before hours of work for it, and not after them."""
    target = Path(os.path.realpath(path))
    try:
        _check_place(target)
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise writing_error(target, error) from error


def _check_place(target: Path) -> None:
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        # A device such as /dev/null: renaming a file over it would take it away from the whole system.
        raise FileError("{name} is not an ordinary file.", "Give the file another name.", name=target.name)
    if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        # A rename does not ask whether the file that it replaces is protected.
        raise FileError(
            "{name} was not saved: the file is write-protected.",
            "Allow writing to it, or save it under another name.",
            name=target.name,
        )


def writing_error(path: Path, error: OSError) -> FileError:
    """Return a `FileError` that says in words why ``path`` cannot be written."""
    folder = path.parent
    if getattr(error, "winerror", None) in HELD_ELSEWHERE[1:]:
        return FileError(
            "{name} was not saved: another program has it open.",
            "Close it there, or save it under another name.",
            name=path.name,
        )
    if error.errno in _FULL:
        return FileError(
            "{name} was not saved: the disk is full.", "Free some space, or save it elsewhere.", name=path.name
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return FileError(
            "{name} was not saved: you may not write in {folder}.",
            "Save it in a folder of your own.",
            name=path.name,
            folder=folder,
        )
    if error.errno in (errno.ENOENT, errno.ENOTDIR) and not folder.is_dir():
        return FileError(
            "{name} was not saved: there is no folder {folder}.",
            "Save it in a folder that exists.",
            name=path.name,
            folder=folder,
        )
    # What had been there a moment before is not there any more.
    if error.errno in (*_GONE, errno.ENOENT):
        return FileError(
            "{name} was not saved: the drive of {folder} is gone or cannot be reached.",
            "Connect it again, or save it elsewhere.",
            name=path.name,
            folder=folder,
        )
    if error.errno == errno.EISDIR:
        return FileError("{name} is a folder.", "Give the file another name.", name=path.name)
    if error.errno == errno.ENAMETOOLONG:
        return FileError("The name {name} is too long for a file.", "Give the file a shorter name.", name=path.name)
    return FileError(
        "{name} was not saved: {reason}.", "Save it elsewhere.", name=path.name, reason=error.strerror or error
    )
