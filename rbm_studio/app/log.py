"""The log: what the program did and what went wrong, for whoever is to mend it."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import sys
import time
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, BinaryIO, TextIO

from platformdirs import user_log_path
from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from rbm_studio.app.log_lines import LineFormatter, Repeats
from rbm_studio.app.private_names import of_a_crash, of_another
from rbm_studio.untrusted import open_ordinary

_SIZE = 1_000_000
_KEPT = 2
_LOCKED_FOR_S = 60.0
_MOST_SHOWN = 256_000
_MOST_TRACE = 20_000
_MOST_TRACE_LINES = 60
_log = logging.getLogger("rbm_studio")
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.INFO,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
# Kept open: the operating system writes to it when the program is already broken.
_trace: BinaryIO | None = None


def log_path() -> Path:
    """Return where the log is."""
    return user_log_path("rbm-studio", appauthor=False) / "rbm-studio.log"


def trace_path() -> Path:
    """Return where the last moments of a program that broke off are written."""
    return log_path().with_suffix(".crash.txt")


class _Quiet(logging.Handler):
    """A handler by which a log that cannot be written, or a record without words, disturbs nobody."""

    def handle(self, record: logging.LogRecord) -> bool:
        """Write a record, if that can be; return whether it was let pass."""
        self.acquire()
        try:
            return bool(super().handle(record))
        except Exception:  # whatever it is, there is no place to tell it
            return False
        finally:
            self.release()

    def handleError(self, record: logging.LogRecord) -> None:
        """Do without."""


class _Aloud(_Quiet, logging.StreamHandler[TextIO]):
    """The terminal, where there is no file."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(LineFormatter())


class LogFile(_Quiet, RotatingFileHandler):
    """A file that is kept small, and that two programs at once may write to."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=_SIZE, backupCount=_KEPT, encoding="utf-8", errors="backslashreplace")
        self.setFormatter(LineFormatter())
        self.repeats = Repeats()
        self.addFilter(self.repeats)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; into the new file, where another program has put the old one away."""
        self._follow()
        super().emit(record)

    def _follow(self) -> None:
        if self.stream is not None and self._was_put_away(self.stream):
            with contextlib.suppress(OSError):
                self.stream.close()
            self.stream = self._open()

    def _open(self) -> TextIOWrapper:
        path = Path(self.baseFilename)
        # Its folder may have been removed.
        path.parent.mkdir(parents=True, exist_ok=True)
        return TextIOWrapper(open_ordinary(path, "ab"), self.encoding, self.errors)

    def _was_put_away(self, stream: IO[str]) -> bool:
        try:
            return not os.path.samestat(os.stat(self.baseFilename), os.fstat(stream.fileno()))
        except (OSError, ValueError):  # it could not be opened again the last time, and is closed
            return True

    def doRollover(self) -> None:
        """Put the file away and begin another one, unless another program is just doing that: then go on with this."""
        lock = Path(f"{self.baseFilename}.lock")
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            self._lift_if_left(lock)
            return
        except OSError:
            return
        try:
            self._follow()
            if os.path.getsize(self.baseFilename) >= self.maxBytes // 2:
                super().doRollover()
        finally:
            lock.unlink(missing_ok=True)

    def _lift_if_left(self, lock: Path) -> None:
        """Take away a lock whose program ended before it could."""
        with contextlib.suppress(OSError):
            if abs(time.time() - lock.stat().st_mtime) > _LOCKED_FOR_S:
                lock.unlink()

    def rotate(self, source: str, dest: str) -> None:
        """Put a file away; go on with it where that cannot be, as on Windows while another program has it open."""
        with contextlib.suppress(OSError):
            super().rotate(source, dest)

    def tell_repeats(self) -> None:
        """Write how often it was the same again."""
        self.acquire()
        try:
            for words in self.repeats.pending():
                self.handle(_log.makeRecord(_log.name, logging.INFO, "", 0, words, (), None))
        finally:
            self.release()

    def close(self) -> None:
        """Tell what was counted, and close the file."""
        with contextlib.suppress(OSError, ValueError):
            self.tell_repeats()
            super().close()


def start_log() -> None:
    """Write the program's log to a file that is kept small; do without one where it cannot be written."""
    _log.setLevel(logging.INFO)
    try:
        handler = LogFile(log_path())
    except OSError:
        _log.addHandler(_Aloud())
        return
    _log.addHandler(handler)
    qInstallMessageHandler(_log_qt)


def trace_crashes() -> str:
    """Have the last moments written to a file, should the program break off.

    Returns
    -------
    str
        What is there of the last time; empty if it ended as it should. The log has it too.
    """
    global _trace
    last = ""
    with contextlib.suppress(OSError), open_ordinary(trace_path()) as file:
        last = file.read(_MOST_TRACE).decode(errors="backslashreplace").strip()
    if last:
        for line in ("The program broke off the last time:", *last.splitlines()[:_MOST_TRACE_LINES]):
            _log.info("%s", of_a_crash(line))
    with contextlib.suppress(OSError):
        _trace = open_ordinary(trace_path(), "ab")
        _trace.truncate(0)
        faulthandler.enable(_trace)
    return last


def last_lines(count: int) -> list[str]:
    """Return the newest lines of the log, the oldest first; none if there is no log."""
    for handler in _log.handlers:
        if isinstance(handler, LogFile):
            handler.tell_repeats()
    text = b""
    for path in (log_path().with_name(f"{log_path().name}.1"), log_path()):
        with contextlib.suppress(OSError), open_ordinary(path) as file:
            file.seek(0, 2)
            size = file.tell()
            file.seek(max(0, size - _MOST_SHOWN))
            # A line of which the beginning is missing might be in the middle of a name.
            _ = file.readline() if size > _MOST_SHOWN else b""
            text += file.read(_MOST_SHOWN)
    return text.decode("utf-8", errors="backslashreplace").replace("\r", "").split("\n")[:-1][-count:]


def _log_qt(kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
    _log.getChild("qt").log(_LEVELS.get(kind, logging.WARNING), "%s", of_another(message))
