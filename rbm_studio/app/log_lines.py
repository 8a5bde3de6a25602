"""How the log is written: one record a line, whatever is in it, and the same again only counted."""

from __future__ import annotations

import contextlib
import logging
import time
import traceback
from collections import OrderedDict
from typing import TYPE_CHECKING

from rbm_studio.app.frames import forget_frames, place_of
from rbm_studio.app.private_names import ESCAPED, Own, filled, message_of, shown_file
from rbm_studio.core.gpu_errors import GPUError
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from types import TracebackType

SAME_FOR_S = 60.0
"""For so long the same record again is counted and not written."""
_MOST_KNOWN = 200


class LineFormatter(logging.Formatter):
    """Writes a record on one line, and its traceback on indented ones, so that no text can pose as another record."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of a record."""
        head = f"{self.formatTime(record)} {record.levelname} {record.name}: {filled(record)}"
        lines = [head.translate(ESCAPED)]
        if record.exc_info:
            lines += self.formatException(record.exc_info).splitlines()
        return "\n    ".join(lines)

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        """Return a traceback in which every message has one line."""
        return traceback_of(ei[1], ei[2])


def traceback_of(error: BaseException | None, trace: TracebackType | None = None) -> str:
    """Return an exception's traceback; its message, and those of its causes, have one line each, names in brackets."""
    parts: list[str] = []
    known: set[int] = set()
    while error is not None:
        known.add(id(error))
        calls = _calls(trace or error.__traceback__)
        words = message_of(error)
        last = f"{type(error).__name__}: {words}" if isinstance(error, RBMStudioError) else words
        head = "Traceback (most recent call last):\n" if calls else ""
        parts.insert(0, f"{head}{''.join(calls)}{last.translate(ESCAPED)}")
        trace, cause = None, error.__cause__
        link = "That was the cause of:"
        if cause is None and not error.__suppress_context__:
            link, cause = "While that was handled, there came:", error.__context__
        if cause is None or id(cause) in known:
            break
        parts.insert(0, link)
        error = cause
    return "\n".join(parts)


def _calls(trace: TracebackType | None) -> list[str]:
    summary = traceback.extract_tb(trace)
    for call in summary:
        _ = call.line  # read from the file, as long as its name is known
        call.filename = shown_file(call.filename)
    return summary.format()


class Repeats(logging.Filter):
    """Lets a record pass once, counts it when it comes again within `SAME_FOR_S`, and tells the count afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self._known: OrderedDict[tuple[object, ...], tuple[float, int]] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is to be written."""
        if record.levelno < logging.WARNING:
            return True
        error = record.exc_info[1] if record.exc_info else None
        same = (record.name, filled(record)) if error is None else (record.name, *place_of(error))
        now = time.monotonic()
        written, count = self._known.get(same, (None, 0))
        if written is not None and now - written < SAME_FOR_S:
            self._known[same] = (written, count + 1)
            return False
        self._known[same] = (now, 0)
        self._known.move_to_end(same)
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        if count:
            record.msg, record.args = "%s (the same again %d times since)", (Own(filled(record)), count)
        return True

    def pending(self) -> list[str]:
        """Return, in words, what was counted and not told yet, and count anew."""
        told = [f"The same again {count} times: {_named(same)}" for same, (_, count) in self._known.items() if count]
        self._known = OrderedDict((same, (written, 0)) for same, (written, _) in self._known.items())
        return told


def _named(same: tuple[object, ...]) -> str:
    kind, *rest = same[1:]
    if not isinstance(kind, type):
        return str(kind)
    lines = rest[0] if rest else ()
    at = f" in {shown_file(lines[-1][0])}, line {lines[-1][1]}" if isinstance(lines, tuple) and lines else ""
    return f"{kind.__name__}{at}"


def log_failure(log: logging.Logger, work: str, error: Exception) -> None:
    """Log what ended a piece of work, and forget what its calls held; a log that fails keeps nobody from that end."""
    with contextlib.suppress(Exception):
        if isinstance(error, RBMStudioError):
            log.info("%s: %s", work, error, exc_info=error if isinstance(error, GPUError) else None)
        else:
            log.error("%s failed", work, exc_info=error)
    # There may be no room for anything as long as they are kept.
    forget_frames(error)
