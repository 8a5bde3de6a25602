"""What a person at a terminal sees of a long command, and how they end it."""

from __future__ import annotations

import contextlib
import io
import shutil
import signal
import sys
import time
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from types import FrameType, TracebackType

INTERRUPTED, UNREAD = 130, 141
"""The exit status that shells give a program that Ctrl+C ended, or that found nobody to read its output."""
_SECONDS_BETWEEN = 0.1
_CELLS = 24
_SECONDS_BETWEEN_LINES = 15.0
"""Where there is no terminal: what is over sooner needs no line."""


class ProgressBar:
    """A bar on the standard error, below what is printed meanwhile; where that is no terminal, nothing or lines.

    Parameters
    ----------
    wanted : bool
        Whether to show one at all.
    stream : file
        Instead of the standard error.
    lines : bool
        Whether to say how far it is, a line now and then, where there is no terminal.
    """

    def __init__(self, wanted: bool = True, stream: TextIO | None = None, *, lines: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._is_shown = wanted and self._stream.isatty()
        self._has_lines = wanted and lines and not self._is_shown
        self._above = contextlib.redirect_stdout(_AboveTheBar(self, sys.stdout))
        self._width = 0
        self._began = time.monotonic()
        self._next = self._began + _SECONDS_BETWEEN_LINES if self._has_lines else 0.0

    def __enter__(self) -> Self:
        if self._is_shown:
            self._above.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._is_shown:
            self.clear()
            self._above.__exit__(kind, error, traceback)

    def show(self, part: float, text: str = "") -> None:
        """Show that a part in 0..1 is done, ten times a second at most, or as a line; with 0 something new begins."""
        now = time.monotonic()
        if part == 0:
            self._began = now
        if not (self._is_shown or self._has_lines) or now < self._next:
            return
        left = f" {_minutes((now - self._began) * (1 - part) / part)} left" if part > 0 else ""
        if self._has_lines:
            self._next = now + _SECONDS_BETWEEN_LINES
            print(f"# {100 * part:3.0f} %{left}  {text}", file=self._stream, flush=True)
            return
        self._next = now + _SECONDS_BETWEEN
        filled = round(part * _CELLS)
        line = f"{100 * part:3.0f} % [{'#' * filled}{'-' * (_CELLS - filled)}]{left}  {text}"
        self.clear()
        line = line[: shutil.get_terminal_size().columns - 1]
        self._width = len(line)
        self._stream.write(line)
        self._stream.flush()

    def clear(self) -> None:
        """Take the bar away until it is next shown."""
        if self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()
            self._width = 0


class _AboveTheBar(io.TextIOBase):
    """The standard output, with the bar out of the way before a line is written."""

    def __init__(self, bar: ProgressBar, output: TextIO) -> None:
        self._bar = bar
        self._output = output

    def write(self, text: str) -> int:
        self._bar.clear()
        return self._output.write(text)

    def flush(self) -> None:
        # When this is thrown away it is flushed once more, and the output may be closed by then.
        if not self._output.closed:
            self._output.flush()


class Interruption:
    """Ctrl+C as a wish, to be granted where it does no harm; a second Ctrl+C ends the program at once.

    Attributes
    ----------
    is_wanted : bool
        Whether Ctrl+C was pressed.
    """

    def __init__(self) -> None:
        self.is_wanted = False

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        if self.is_wanted:
            raise KeyboardInterrupt
        self.is_wanted = True


def _minutes(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
