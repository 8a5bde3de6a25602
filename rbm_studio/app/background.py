"""Measurements in the background, often asked for and seldom made: the newest wins."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from rbm_studio.app.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable

# For so many times as long as the work kept a core busy it rests: so it takes at most 6 % of one from the training.
_REST = 15


class Background(QObject):
    """Does one piece of work at a time, on a thread of its own; of those asked for meanwhile, only the newest.

    Parameters
    ----------
    title : str
        What it does, for the log.
    interval_ms : int
        The least time from the end of one to the beginning of the next.
    parent : QObject, optional

    Signals
    -------
    done : object
        What the work returned.
    failed : Exception
        What it raised; the log has it too.
    """

    done = Signal(object)
    failed = Signal(object)

    def __init__(self, title: str, interval_ms: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._interval = interval_ms
        self._task: Task | None = None
        self._waiting: Callable[[], object] | None = None
        self._is_urgent = False
        self._busy = 0.0
        self._closed = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self._begin)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way, and nothing waits."""
        return self._task is None and self._waiting is None

    def request(self, work: Callable[[], object], *, urgent: bool = False) -> None:
        """Do this work as soon as its turn comes, in place of what waits; without a rest before if it is urgent."""
        if self._closed:
            return
        self._waiting = work
        self._is_urgent |= urgent
        if self._task is None and (self._is_urgent or not self._rest.isActive()):
            self._begin()

    def forget(self) -> None:
        """Drop what waits."""
        self._waiting, self._is_urgent = None, False

    def shut_down(self) -> None:
        """Give up what is under way, and do nothing more."""
        self._close()
        if self._task is not None:
            self._task.give_up()

    def finish(self) -> None:
        """Wait for what is under way, however long it takes, and do nothing more."""
        self._close()
        if self._task is not None:
            self._task.join()

    def _close(self) -> None:
        self._closed = True
        self.forget()
        # A timer that runs on would outlive the thread that it belongs to.
        self._rest.stop()

    def _begin(self) -> None:
        self._rest.stop()
        self._is_urgent = False
        work, self._waiting = self._waiting, None
        if work is None:
            return

        def timed(_task: Task) -> object:
            begun = time.thread_time()
            try:
                return work()
            finally:
                self._busy = time.thread_time() - begun

        self._task = Task(self._title, timed, self)
        self._task.succeeded.connect(self._finish)
        self._task.failed.connect(self._fail)
        self._task.start()

    def _finish(self, result: object) -> None:
        self._end()
        self.done.emit(result)

    def _fail(self, error: Exception) -> None:
        self._end()
        self.failed.emit(error)

    def _end(self) -> None:
        if self._task is not None:
            self._task.join()
            self._task.deleteLater()
            self._task = None
        if not self._closed:
            rest = max(self._interval, round(_REST * self._busy * 1000))
            self._rest.start(0 if self._is_urgent else rest)
