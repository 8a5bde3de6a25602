"""Files of unknown origin: opened without waiting, and believed no further than their size bears out."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import stat
import struct
import zipfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Literal, NoReturn, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_DIRECTORY_BYTES = 1_000_000
"""Of the list of a zip's entries, some 10,000 of them: in memory it grows tenfold."""

BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError)
"""What reading a damaged zip raises, once it is open."""

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_LOCKED = 0x1
# A gzip header with a long name, and what Python reads ahead.
_SPARE_BYTES = 400_000
_BASE_MEMORY = 64 * 1024**2
_GROWTH = 4


class NotAnOrdinaryFileError(OSError):
    """It is a device, a pipe or a socket."""


def open_ordinary(path: str | os.PathLike[str], mode: Literal["rb", "ab"] = "rb") -> BinaryIO:
    """Open a file to read, or to go on with; never wait for whoever may do the other thing one day, as with a pipe.

    Raises
    ------
    NotAnOrdinaryFileError
        If it is something else, also by a link.
    OSError
        If it cannot be opened.
    """

    def opener(name: str, flags: int) -> int:
        # What it is, is asked of what was opened: the name may lead elsewhere a moment later.
        return os.open(name, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0), 0o666)

    try:
        file = open(path, mode, opener=opener)  # noqa: SIM115
    except ValueError as error:
        # A name with a NUL in it.
        raise FileNotFoundError(str(error)) from error
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise NotAnOrdinaryFileError("not an ordinary file")


@contextmanager
def open_zip(path: str | os.PathLike[str]) -> Iterator[zipfile.ZipFile]:
    """Open a zip to read, after a look at what it says of itself; `open_entry` opens what is in it.

    Raises
    ------
    zipfile.BadZipFile
        If it is damaged, its entries claim the same bytes more than once, two have one name, one leads out of the
        folder that it would be unpacked in, or there are too many.
    OSError
        If it cannot be opened.
    """
    with open_ordinary(path) as file, read_zip(file) as archive:
        yield archive


@contextmanager
def read_zip(file: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """Read a zip in a file that is open; see `open_zip`."""
    size = file.seek(0, os.SEEK_END)
    bounded = _Bounded(file)
    try:
        archive = zipfile.ZipFile(bounded)
    except (ValueError, OverflowError, NotImplementedError, struct.error) as error:
        # The system's own errors are no sign of damage; these are, whatever they are called.
        raise zipfile.BadZipFile(_reason(error)) from error
    bounded.is_open = True
    with archive:
        _check_directory(archive.infolist(), size)
        yield archive


def open_entry(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """Open an entry of a zip to read.

    Raises
    ------
    zipfile.BadZipFile
        If there is none of that name, it is locked, or packed in a way whose size cannot be foreseen.
    """
    try:
        entry = archive.getinfo(name)
    except KeyError as error:
        raise zipfile.BadZipFile(f"it has no part “{name}”") from error
    if entry.flag_bits & _LOCKED:
        raise zipfile.BadZipFile("it is locked with a password")
    # A kilobyte of bzip2 can hold gigabytes, and lzma takes the memory that its header asks for.
    if entry.compress_type not in _METHODS:
        raise zipfile.BadZipFile("it is packed by an uncommon method")
    try:
        return archive.open(entry)
    except (ValueError, OverflowError, RuntimeError, struct.error) as error:
        raise zipfile.BadZipFile(_reason(error)) from error


def read_entry(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Return the content of an entry of at most so many bytes.

    Raises
    ------
    zipfile.BadZipFile and others of BROKEN_ZIP
        If it is larger, damaged, or cannot be opened.
    """
    with open_entry(archive, name) as stream:
        # One byte more: zipfile compares the checksum when it comes to the end.
        content = stream.read(most + 1)
    if len(content) > most:
        raise zipfile.BadZipFile(f"its part “{name}” is too large")
    return content


class Gunzip(gzip.GzipFile):
    """A gzip file to read, of which no more is read than what is wanted can be packed in.

    Python's own reads on for as long as zeros or empty parts follow, and to a lie of 100 GB that takes hours.

    Parameters
    ----------
    file : binary file
        Stands at the beginning.
    wanted : int
        How many bytes are to come out of it; `want` tells another number later.
    """

    def __init__(self, file: BinaryIO, wanted: int = 0) -> None:
        self._packed = _Budgeted(file)
        # GzipFile reads like any binary file, and asks no more of one, but is none by the type checker's rules.
        super().__init__(fileobj=cast("BinaryIO", self._packed), mode="rb")
        self.want(wanted)

    def want(self, wanted: int) -> None:
        """Expect so many bytes to come out, all in all."""
        self._packed.left = wanted + wanted // 100 + _SPARE_BYTES


class _Budgeted:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.left = 0
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if self.left <= 0:
            raise gzip.BadGzipFile("it goes on after its end")
        chunk = self._file.read(size)
        self.left -= len(chunk)
        return chunk


def parse_json(text: bytes) -> Any:
    """Return what JSON holds, if that takes no more memory than four times the text, and a little.

    Raises
    ------
    ValueError
        If it is no JSON, holds NaN or Infinity, or many tiny things.
    RecursionError
        If it is nested deeply.
    """
    if _memory_for(text) > _GROWTH * len(text) + _BASE_MEMORY:
        raise ValueError("too many values")
    return json.loads(text, parse_constant=_refuse_constant)


def _memory_for(text: bytes) -> int:
    """Return about the most that Python takes for JSON: lists, dicts, what stands in them, and strings."""
    keys, dicts = text.count(b":"), text.count(b"{")
    strings = max(text.count(b'"') // 2 - keys, 0)
    # The same few keys in many dicts are kept once; many keys in one are all different.
    own_keys = max(keys - 4 * dicts, 0)
    return 88 * text.count(b"[") + 184 * dicts + 32 * text.count(b",") + 16 * keys + 140 * own_keys + 56 * strings


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def with_characters(text: str) -> str:
    """Return a text with a mark where a character is none, as in the name of a file that is no UTF-8."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class _Bounded:
    """A file to read of which a zip's directory, which zipfile reads at once, is not more than is good."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.is_open = False
        self.seek, self.tell, self.seekable, self.close = file.seek, file.tell, file.seekable, file.close

    def read(self, size: int = -1) -> bytes:
        if not self.is_open and size > MOST_DIRECTORY_BYTES:
            raise zipfile.BadZipFile("it has too many parts")
        return self._file.read(size)


def _check_directory(entries: list[zipfile.ZipInfo], size: int) -> None:
    if len({entry.filename for entry in entries}) < len(entries):
        raise zipfile.BadZipFile("two of its parts have one name")
    if sum(entry.compress_size for entry in entries) > size:
        raise zipfile.BadZipFile("its parts overlap")
    if any(_leads_out(entry.filename) for entry in entries):
        raise zipfile.BadZipFile("one of its parts would lie outside it")


def _leads_out(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or not parts[0] or ":" in parts[0]


def _reason(error: Exception) -> str:
    text = str(error)
    return text if text.isprintable() and 0 < len(text) < 100 else "its list of parts makes no sense"
