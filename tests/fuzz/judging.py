"""What a reader may do with a file: open it rightly, or refuse it in one sentence, soon and without much memory."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rbm_studio.errors import RBMStudioError
from rbm_studio.plain import plain

from .seeds import CANARY

if TYPE_CHECKING:
    from .readers import Reader

LONGEST_S, LONGEST_WAIT_S = 2.0, 60.0
"""Of the processor's time, which other programs do not take, and of the clock's."""
MOST_BYTES = 64 * 1024**2
GROWTH = 4
"""Memory above that of the program: so many times the file's size, and `MOST_BYTES`."""

_LONGEST_MESSAGE = 1500
_MEASURES = sys.platform.startswith("linux")


class Verdict:
    """How a reader dealt with a file.

    Attributes
    ----------
    opened : bool
    fault : str
        What is wrong with that; empty if nothing.
    """

    def __init__(self, reader: Reader, path: Path) -> None:
        self.opened = False
        self.fault = ""
        before = _forget_peak()
        began, worked = time.perf_counter(), time.process_time()
        try:
            found = reader.open(path)
        except RBMStudioError as error:
            self.fault = _fault_of(error, reader, path)
        except BaseException as error:
            # Whatever else it is, it is a fault.
            if not (isinstance(error, OSError) and isinstance(error, reader.refusals)):
                self.fault = f"{type(error).__name__}: {error}"
        else:
            self.opened = True
        self.seconds, waited = time.process_time() - worked, time.perf_counter() - began
        self.memory = _peak() - before
        if self.opened and not self.fault:
            self._check(reader, found)
        if not self.fault and (self.seconds > LONGEST_S or waited > LONGEST_WAIT_S):
            self.fault = f"took {self.seconds:.1f} s, in {waited:.1f} s of the clock"
        if not self.fault and self.memory > GROWTH * _size(path) + MOST_BYTES:
            self.fault = f"took {self.memory / 1e6:.0f} MB"
        if Path(os.environ[CANARY]).exists():
            self.fault = "a pickle was executed"

    def _check(self, reader: Reader, found: object) -> None:
        try:
            reader.check(found)
        except Exception as error:
            self.fault = f"what was opened makes no sense: {type(error).__name__}: {error}"


def _fault_of(error: RBMStudioError, reader: Reader, path: Path) -> str:
    if not isinstance(error, reader.refusals):
        return f"refused with {type(error).__name__}"
    if isinstance(error.__cause__, MemoryError):
        return "memory ran out"
    if not error.remedy:
        return f"no remedy: {error}"
    # The name is the test's own.
    text = str(error).replace(str(path), "it").replace(path.name or "/", "it")
    if len(text) > _LONGEST_MESSAGE or plain(text) != text or not re.search(r"\w.*[.?!)”\"]$", text):
        return f"not in a sentence: {text!r}"
    return ""


def _size(path: Path) -> int:
    try:
        # Of a file with holes, what there is of it.
        return path.stat().st_blocks * 512
    except (OSError, ValueError):
        return 0


def _forget_peak() -> int:
    """Begin to measure; return the memory that the program has now, in bytes."""
    if not _MEASURES:
        return 0
    Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> int:
    if not _MEASURES:
        return 0
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024  # type: ignore[index]
