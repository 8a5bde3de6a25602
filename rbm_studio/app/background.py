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
        self._at_once = False
        self._owes_rest = True
        self._busy = 0.0
        self._closed = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self._begin)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way, and nothing waits."""
        return self._task is None and self._waiting is None

    def request(self, work: Callable[[], object], *, at_once: bool = False) -> None:
        """Do this work as soon as its turn comes, in place of what waits; at once where no training needs the rest."""
        if self._closed:
            return
        self._waiting, self._at_once = work, at_once
        if self._task is None and (at_once or not self._rest.isActive()):
            self._rest.stop()
            self._begin()

    def forget(self) -> None:
        """Drop what waits."""
        self._waiting = None

    def shut_down(self) -> None:
        """Wait for what is under way, and do nothing more."""
        self._closed = True
        self.forget()
        self._rest.stop()
        if self._task is not None:
            self._task.join()

    def _begin(self) -> None:
        work, self._waiting = self._waiting, None
        if work is None:
            return
        self._owes_rest = not self._at_once

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
        if self._waiting is not None and self._at_once:
            self._rest.start(0)
        elif not self._closed:
            rest = round(_REST * self._busy * 1000) if self._owes_rest else 0
            self._rest.start(max(self._interval, rest))
