"""The log: what went wrong, for whoever is to mend it."""

from __future__ import annotations

import logging
import sys
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

from platformdirs import user_log_path
from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

_SIZE = 1_000_000
_KEPT = 2
_log = logging.getLogger("rbm_studio")


def log_path() -> Path:
    """Return where the log is."""
    return user_log_path("rbm-studio", appauthor=False) / "rbm-studio.log"


def start_log() -> None:
    """Write the program's log to a file that is kept small; do without one where it cannot be written."""
    _log.setLevel(logging.INFO)
    try:
        log_path().parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(log_path(), maxBytes=_SIZE, backupCount=_KEPT, encoding="utf-8")
    except OSError:
        _log.addHandler(logging.StreamHandler(sys.stderr))
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    _log.addHandler(handler)
    qInstallMessageHandler(_log_qt)


def _log_qt(kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
    level = logging.INFO if kind in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg) else logging.WARNING
    _log.getChild("qt").log(level, message)


def report_exceptions(report: Callable[[Exception], None]) -> None:
    """Log exceptions that nothing caught, and report them in words; the program goes on."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not isinstance(error, Exception):
            sys.__excepthook__(kind, error, trace)
            return
        _log.error("An exception that nothing caught", exc_info=(kind, error, trace))
        report(error)

    sys.excepthook = hook
