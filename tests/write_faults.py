"""Faults of the operating system, one at a time: each call that a write makes fails in its turn."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from rbm_studio import atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ERRORS = {name: getattr(errno, name) for name in ("ENOSPC", "EIO", "EACCES", "ESTALE", "EROFS", "EDQUOT", "ENOTCONN")}
CALLS = ("open", "fdopen", "fsync", "chmod", "replace")


class Faults:
    """Counts the calls that can fail, and lets one of them fail.

    Parameters
    ----------
    number : int
        Of the call that fails, from 0; none with -1.
    code : int
        Of the error.
    """

    def __init__(self, number: int, code: int) -> None:
        self.number, self.code, self.made = number, code, 0
        self.failed = ""

    def next(self, name: str) -> None:
        at, self.made = self.made, self.made + 1
        if at == self.number:
            self.failed = name
            raise OSError(self.code, os.strerror(self.code))


class _File:
    """An open file whose writes, flush and close can fail."""

    def __init__(self, file: Any, faults: Faults) -> None:
        self._file, self._faults = file, faults

    def write(self, data: Any) -> int:
        self._faults.next("write")
        written: int = self._file.write(data)
        return written

    def flush(self) -> None:
        self._faults.next("flush")
        self._file.flush()

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._faults.next("close")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class _System:
    """The module `os` as `rbm_studio.atomic` sees it."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in CALLS:
            return real

        def call(*arguments: Any, **options: Any) -> Any:
            # What follows once the new file is in its place must not fail the write.
            self._faults.next(name)
            result = real(*arguments, **options)
            return _File(result, self._faults) if name == "fdopen" else result

        return call


@contextmanager
def fault(number: int, code: int = errno.EIO) -> Iterator[Faults]:
    """Let a call of `rbm_studio.atomic` to the system fail."""
    faults = Faults(number, code)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(atomic, "os", _System(faults))
        yield faults


def calls_of(write: Callable[[], object]) -> int:
    """Return how many calls a write makes that can fail."""
    with fault(-1) as faults:
        write()
    return faults.made
