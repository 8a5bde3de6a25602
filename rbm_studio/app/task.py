"""Work that takes longer than a frame and is not training: loading, resampling, downloading."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)


class Task(QObject):
    """A function called once on a thread of its own.

    Parameters
    ----------
    title : str
        What it does, for people.
    function : callable
        Gets the task; may call `report`, and should look at `cancelled` where it can take long.
    parent : QObject, optional

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

    def report(self, done: int, total: int) -> None:
        """Tell how far the work is; called by the function."""
        self.progressed.emit(done, total)

    def _work(self) -> None:
        try:
            result = self._function(self)
        except Exception as error:
            _log.info("%s: %s", self.title, error)
            self.failed.emit(error)
        else:
            self.succeeded.emit(result)
