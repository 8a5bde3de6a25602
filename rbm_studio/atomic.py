"""Files that are there whole, or not at all."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import secrets
import stat
import sys
import time
import zlib
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from _typeshed import ReadableBuffer

if sys.platform != "win32":  # where an open file cannot be deleted anyway
    import fcntl

LEAST_AGE_S = 60.0
"""A half file that was written to more recently may still be on its way."""

HELD_ELSEWHERE = (5, 32, 33)
"""Windows' numbers for a file that another program has open: a virus scanner, most often, and for a moment."""

_PATIENCE_S = (0.05, 0.1, 0.2, 0.4)
_NAME = re.compile(r"\..+\.[0-9a-f]{12}\.part")
_NAME_LENGTH = 32
_CHUNK_BYTES = 1 << 20
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
# File systems of other makes have no permissions to set.
_NO_PERMISSIONS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS)


def write_whole(path: Path, write: Callable[[BinaryIO], object], *, waits_for_disk: bool = True) -> None:
    """Write a file under another name, and put it in its place once it is on the disk and reads as it was written.

    Parameters
    ----------
    path : Path
        The file, in a folder that exists.
    write : callable
        Gets the open temporary file, which lies in the same folder.
    waits_for_disk : bool
        False of what is no loss after a power cut, and is not worth that a window waits for a slow disk.

    Raises
    ------
    OSError
        If it cannot be written; a file that was there before is unchanged, and nothing of the new one stays.
    """
    mode = _mode_of(path)
    temporary = path.with_name(f".{path.name[:_NAME_LENGTH]}.{secrets.token_hex(6)}.part")
    descriptor = os.open(temporary, _FLAGS, 0o666 if mode is None else mode | stat.S_IWUSR)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            _claim(descriptor)
            written = _Written(file)
            # It writes like any binary file, and is asked no more, but is none by the type checker's rules.
            write(cast("BinaryIO", written))
            file.flush()
            if waits_for_disk:
                os.fsync(descriptor)
            written.check()
        if mode is not None:
            _set_mode(temporary, mode)
        _replace(temporary, path)
    except BaseException:
        # Of a drive that is gone nothing can be removed either, and why it is gone is what counts.
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    if waits_for_disk:
        _sync_folder(path.parent)


class _Written(io.BufferedIOBase):
    """A file that is written from its start to its end, and remembers a checksum of what it was given."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._sum, self._size = file, 0, 0

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer) -> int:
        self._sum = zlib.crc32(data, self._sum)
        self._size += memoryview(data).nbytes
        return self._file.write(data)

    def check(self) -> None:
        """Raise OSError unless the file reads as it was written."""
        self._file.seek(0)
        found, size = 0, 0
        while chunk := self._file.read(_CHUNK_BYTES):
            found, size = zlib.crc32(chunk, found), size + len(chunk)
        if (found, size) != (self._sum, self._size):
            raise OSError("what was written there reads differently")


def _mode_of(path: Path) -> int | None:
    try:
        return stat.S_IMODE(os.stat(path).st_mode) & 0o777
    except FileNotFoundError:
        return None


def _claim(descriptor: int) -> None:
    """Show others that the file is being written; the claim ends with the process, however that ends."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _set_mode(path: Path, mode: int) -> None:
    try:
        os.chmod(path, mode)
    except OSError as error:
        if error.errno not in _NO_PERMISSIONS:
            raise


def _replace(temporary: Path, path: Path) -> None:
    for pause in (*_PATIENCE_S, None):
        try:
            os.replace(temporary, path)
        except PermissionError as error:
            if pause is None or getattr(error, "winerror", None) not in HELD_ELSEWHERE:
                raise
            time.sleep(pause)
        else:
            return


def _sync_folder(folder: Path) -> None:
    """Let the new name outlive a power cut; where a system cannot do so, either file is there after one, and whole."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_leftovers(folder: Path, name: str | None = None) -> list[str]:
    """Remove half files that programs left which were killed while they wrote, and return their names.

    Known by their names, by nobody writing them, and by their age. What cannot be removed stays; no error is raised.

    Parameters
    ----------
    folder : Path
    name : str, optional
        Only those of this file; of any in the folder without it.
    """
    removed = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            is_ours = _NAME.fullmatch(entry.name) and (name is None or entry.name[1:-18] == name[:_NAME_LENGTH])
            if not is_ours:
                continue
            with contextlib.suppress(OSError):
                if _is_abandoned(entry):
                    os.unlink(entry.path)
                    removed.append(entry.name)
    return removed


def _is_abandoned(entry: os.DirEntry[str]) -> bool:
    about = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(about.st_mode) or time.time() - about.st_mtime < LEAST_AGE_S:
        return False
    if sys.platform == "win32":
        return True
    # What it is now may be another thing than what it was: a pipe would be waited for.
    descriptor = os.open(entry.path, os.O_RDWR | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
