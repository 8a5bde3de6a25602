"""Ends that come from outside: Ctrl+C in the terminal, a request to end, the end of the user's session."""

from __future__ import annotations

import contextlib
import signal
import socket
import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSocketNotifier, Signal

if TYPE_CHECKING:
    from types import FrameType

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK") if hasattr(signal, name)
)
_PATIENCE_S = 15.0


class Ending(QObject):
    """Tells once of the system's signals that ask the program to end.

    More of them while it ends change nothing: a terminal that is closed, or the end of the user's session, sends
    several, and what is not saved is being written down. But one that comes long after the first ends a program that is
    hung. One that was to be ignored from the start, as a terminal's end by nohup, is.

    Python would run its handlers only once Qt's loop calls Python again, which can take for ever: so the signal also
    writes to a socket that the loop watches.

    Signals
    -------
    asked
        The program shall end.
    """

    asked = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._first: float | None = None
        self._is_told = False
        self._ours, theirs = self._pair = socket.socketpair()
        for end in self._pair:
            end.setblocking(False)
        self._former = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        self._handlers = {
            number: signal.signal(number, self._count)
            for number in _SIGNALS
            if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN
        }
        self._notifier = QSocketNotifier(self._ours.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._take)

    def close(self) -> None:
        """Let the signals do what they did before; where one has asked for the end, which is near, nothing."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._former)
        for number, handler in self._handlers.items():
            signal.signal(number, signal.SIG_IGN if self._is_told else handler)
        for end in self._pair:
            end.close()

    def _take(self) -> None:
        with contextlib.suppress(BlockingIOError):
            numbers = self._ours.recv(64)
            if not self._is_told and any(number in self._handlers for number in numbers):
                self._is_told = True
                self.asked.emit()

    def _count(self, number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = now
        elif now - self._first > _PATIENCE_S:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
