"""Work that takes longer than a frame and is not training: loading, resampling, downloading."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from rbm_studio.app.log_lines import log_failure

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)

PATIENCE_S = 2.5
"""For so long the program's end waits for work that nobody needs any more: a file that is read may never answer."""

_given_up: list[threading.Thread] = []


def is_left_at_work() -> bool:
    """Return whether something that was given up still works."""
    return any(thread.is_alive() for thread in _given_up)


def give_up(thread: threading.Thread, seconds: float = PATIENCE_S) -> bool:
    """Wait for a thread for a while, and then go on without it; return whether it has ended.

    Only at the program's end, which asks `is_left_at_work`.
    """
    thread.join(seconds)
    if thread.is_alive():
        _given_up.append(thread)
    return not thread.is_alive()


class Task(QObject):
    """A function called once on a thread of its own.

    Parameters
    ----------
    title : str
        What it does, for people.
    function : callable
        Gets the task; may call `report`, and should look at `cancelled` where it can take long.
    parent : QObject, optional

    Attributes
    ----------
    error : Exception or None
        What the function raised.
    is_over : bool
        Whether the function has ended, which is known before a signal tells of it.

    Signals
    -------
    progressed : int, int
        Done and total, in units of the function's own.
    succeeded : object
        What the function returned.
    failed : Exception
        What it raised; also when it was cancelled, if it says so by raising.
    """

    progressed = Signal(int, int)
    succeeded = Signal(object)
    failed = Signal(object)

    def __init__(self, title: str, function: Callable[[Task], object], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.title = title
        self.cancelled = threading.Event()
        self.error: Exception | None = None
        self.is_over = False
        self._function = function
        self._thread = threading.Thread(target=self._work, name=title, daemon=True)

    def start(self) -> None:
        """Call the function; the signals arrive on the thread that the task was made on."""
        self._thread.start()

    def cancel(self) -> None:
        """Ask the function to end."""
        self.cancelled.set()

    def join(self) -> None:
        """Wait for the function to end."""
        if self._thread.ident is not None:
            self._thread.join()

    def give_up(self, seconds: float = PATIENCE_S) -> None:
        """Ask the function to end, and wait for that for a while: at the program's end."""
        self.cancel()
        if self._thread.ident is not None:
            give_up(self._thread, seconds)

    def report(self, done: int, total: int) -> None:
        """Tell how far the work is; called by the function."""
        self.progressed.emit(done, total)

    def _work(self) -> None:
        result = None
        try:
            result = self._function(self)
        except Exception as error:
            log_failure(_log, repr(self.title), error)
            self.error = error
        self.is_over = True
        if self.error is None:
            self.succeeded.emit(result)
        else:
            self.failed.emit(self.error)


class TaskSlot(QObject):
    """Holds the one task that may be under way.

    Parameters
    ----------
    parent : QObject, optional

    Signals
    -------
    changed
        A task started or ended.
    failed : Exception
        The task raised this, and was not cancelled.
    noticed : str
        A short message: cancelled, or busy.
    """

    changed = Signal()
    failed = Signal(object)
    noticed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._task: Task | None = None
        self._done: Callable[[Any], object] | None = None

    @property
    def task(self) -> Task | None:
        """The task under way."""
        return self._task

    def start(self, title: str, work: Callable[[Task], Any], done: Callable[[Any], object]) -> bool:
        """Start a task, if none is under way; ``done`` gets its result. Return whether it was started."""
        if self._task is not None:
            self.noticed.emit(self.tr("Please wait: {0}…").format(self._task.title))
            return False
        self._task = Task(title, work, self)
        self._done = done
        self._task.succeeded.connect(self._finish)
        self._task.failed.connect(self._fail)
        self._task.start()
        self.changed.emit()
        return True

    def shut_down(self) -> None:
        """Give up the task."""
        if self._task is not None:
            self._task.give_up()

    def _finish(self, result: object) -> None:
        # What cannot be cut short, such as reading a file, comes to its end all the same.
        cancelled = self._task is not None and self._task.cancelled.is_set()
        done = self._done
        self._end()
        if cancelled:
            self.noticed.emit(self.tr("Cancelled."))
        elif done is not None:
            done(result)
        self.changed.emit()

    def _fail(self, error: Exception) -> None:
        cancelled = self._task is not None and self._task.cancelled.is_set()
        self._end()
        self.changed.emit()
        if cancelled:
            self.noticed.emit(self.tr("Cancelled."))
        else:
            self.failed.emit(error)

    def _end(self) -> None:
        if self._task is not None:
            self._task.join()
            self._task.deleteLater()
        self._task, self._done = None, None
