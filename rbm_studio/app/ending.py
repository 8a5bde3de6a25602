"""Ends that come from outside: Ctrl+C in the terminal, a request to end, the end of the user's session."""

from __future__ import annotations

import contextlib
import signal
import socket
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSocketNotifier, Signal

if TYPE_CHECKING:
    from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PATIENCE = 3


class Ending(QObject):
    """Tells of the system's signals that ask the program to end; one more, once it is about to, ends it at once.

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
        self._patience = _PATIENCE
        self._ours, theirs = self._pair = socket.socketpair()
        for end in self._pair:
            end.setblocking(False)
        self._former = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        self._handlers = {number: signal.signal(number, self._count) for number in _SIGNALS}
        self._notifier = QSocketNotifier(self._ours.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._take)

    def close(self) -> None:
        """Let the signals do what they did before."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._former)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        for end in self._pair:
            end.close()

    def _take(self) -> None:
        with contextlib.suppress(BlockingIOError):
            numbers = self._ours.recv(64)
            if any(number in _SIGNALS for number in numbers):
                self._give_up()
                self.asked.emit()

    def _count(self, _number: int, _frame: FrameType | None) -> None:
        # Some programs send it twice at once; one that is hung must still go in the end.
        self._patience -= 1
        if not self._patience:
            self._give_up()

    def _give_up(self) -> None:
        for number in self._handlers:
            signal.signal(number, signal.SIG_DFL)
