"""Exceptions that nothing caught, wherever they come up: logged, told in words, and the program goes on."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from rbm_studio.app.frames import forget_frames
from rbm_studio.app.private_names import Own

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_log = logging.getLogger(__name__)


class Faults(QObject):
    """Hears of every exception that nothing caught: in slots, events, painting, threads.

    Parameters
    ----------
    parent : QObject, optional

    Signals
    -------
    reported : Exception
        On the thread that this was made on, and never from within what failed: a message that is shown while a widget
        is painted would paint that widget.
    """

    reported = Signal(object)
    _met = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._met.connect(self.reported, Qt.ConnectionType.QueuedConnection)

    def watch(self) -> Callable[[], None]:
        """Take the place of Python's own hooks; return what puts these back."""
        before = sys.excepthook, threading.excepthook, sys.unraisablehook
        sys.excepthook = self._take
        threading.excepthook = self._take_from_thread
        sys.unraisablehook = _log_only

        def put_back() -> None:
            sys.excepthook, threading.excepthook, sys.unraisablehook = before

        return put_back

    def _take(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not isinstance(error, Exception):
            sys.__excepthook__(kind, error, trace)
            return
        thread = threading.current_thread()
        # What cannot be logged is told all the same.
        with contextlib.suppress(Exception):
            if thread is threading.main_thread():
                _log.error("An exception that nothing caught", exc_info=(kind, error, trace))
            else:
                _log.error(
                    "An exception that nothing caught in the thread %r", thread.name, exc_info=(kind, error, trace)
                )
        forget_frames(error)
        try:
            self._met.emit(error)
        except RuntimeError:
            _log.info("It was not told: the program is ending")

    def _take_from_thread(self, caught: threading.ExceptHookArgs) -> None:
        if caught.exc_value is not None and not isinstance(caught.exc_value, SystemExit):
            self._take(caught.exc_type, caught.exc_value, caught.exc_traceback)


def _log_only(caught: sys.UnraisableHookArgs) -> None:
    # While something is thrown away: nothing that a person did has failed.
    error = caught.exc_value or caught.exc_type()
    _log.error(
        "%s: %s",
        Own(caught.err_msg or "Exception ignored in"),
        Own(type(caught.object).__name__),
        exc_info=(caught.exc_type, error, caught.exc_traceback),
    )
    forget_frames(error)
