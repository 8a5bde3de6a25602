"""Many requests, few calls: the newest wins."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer

if TYPE_CHECKING:
    from collections.abc import Callable


class Throttle(QObject):
    """Calls a function at most once in an interval; what is asked for in between is called at its end.

    Parameters
    ----------
    interval_ms : int
        The least time between two calls.
    function : callable
        Called without arguments, on the thread of the parent.
    parent : QObject
    at_once : bool
        Whether the first call comes at once; without it each waits for the interval's end, so that several throttles
        that are asked by one signal can take turns instead of holding up the window all together.
    """

    def __init__(
        self, interval_ms: int, function: Callable[[], None], parent: QObject, *, at_once: bool = True
    ) -> None:
        super().__init__(parent)
        self._at_once = at_once
        self._interval = interval_ms / 1000
        self._function = function
        self._last_call = -self._interval
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._call)

    def request(self) -> None:
        """Call the function now, or at the end of the interval."""
        if self._timer.isActive():
            return
        begun = self._last_call if self._at_once else time.monotonic()
        wait = min(begun + self._interval - time.monotonic(), self._interval)
        if wait <= 0:
            self._call()
        else:
            self._timer.start(round(wait * 1000))

    def _call(self) -> None:
        self._last_call = time.monotonic()
        self._function()
