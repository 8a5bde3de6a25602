"""The composition root: builds the application from its parts, and nothing else."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QObject, QTimer
from PySide6.QtWidgets import QApplication

from rbm_studio import __version__
from rbm_studio.app import layout
from rbm_studio.app.autosave import INTERVAL_S, Autosave
from rbm_studio.app.ending import Ending
from rbm_studio.app.faults import Faults
from rbm_studio.app.garbage import Collector
from rbm_studio.app.icons import icon
from rbm_studio.app.journal import Journal
from rbm_studio.app.log import start_log, trace_crashes
from rbm_studio.app.preferences import APPEARANCE, preferences
from rbm_studio.app.private_names import Own
from rbm_studio.app.qt_settings import make_qt_settings_harmless
from rbm_studio.app.recovery import recovery_path
from rbm_studio.app.recovery_offer import RecoveryOffer
from rbm_studio.app.report import screens, versions
from rbm_studio.app.session import Session
from rbm_studio.app.shared_drawings import DrawingsFile, drawings_path
from rbm_studio.app.start_marker import SETTLED_S, StartMarker, starts_path
from rbm_studio.app.task import is_left_at_work
from rbm_studio.app.theme import apply_appearance
from rbm_studio.app.training_runner import leave_a_core_to_the_window
from rbm_studio.app.window import MainWindow
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger(__name__)

_LOGOUT_MS = 10_000
"""Within so long after the system has asked whether it may log the user out, it closes the window."""


def create_application() -> QApplication:
    """Return the application, with its name, look and log."""
    # First: Qt ends the program where it finds no screen, and the log is what is left of that.
    start_log()
    # Before the application: it reads the desktop's settings.
    make_qt_settings_harmless()
    application = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(application, QApplication):
        raise TypeError("there is an application without a window system already")
    if QLocale().language() is QLocale.Language.C or QLocale().zeroDigit() != "0":
        # A terminal without a language: digits still want to be grouped. And where a language has digits of its own,
        # half the numbers would come in these, and half in those of the formulas and fields.
        QLocale.setDefault(QLocale(QLocale.Language.English))
    application.setApplicationName("RBM Studio")
    application.setOrganizationName("RBM Studio")
    application.setApplicationVersion(__version__)
    application.setDesktopFileName("rbm-studio")
    application.setWindowIcon(icon("rbm-studio"))
    if application.findChild(Collector) is None:
        Collector(application)
    apply_appearance(application, preferences.value(APPEARANCE))
    for line in (*versions(), *screens()):
        _log.info("%s", Own(line))
    return application


def create_window() -> MainWindow:
    """Return the main window, which looks for MNIST as its first act."""
    leave_a_core_to_the_window()
    window = MainWindow(Session())
    window.session.setParent(window)
    Journal(window.session)
    window.dataset_panel.load_mnist()
    return window


class Program(QObject):
    """The program as it runs: the window, and what keeps its work safe.

    Parameters
    ----------
    application : QApplication
    path : Path, optional
        A file to open.
    autosave_s : float
        Seconds from one autosave to the next.

    Attributes
    ----------
    window : MainWindow
    autosave : Autosave
    offer : RecoveryOffer or None
        None at a plain start.
    """

    def __init__(self, application: QApplication, path: Path | None = None, autosave_s: float = INTERVAL_S) -> None:
        super().__init__(application)
        faults = Faults(application)
        faults.watch()
        self._starts = StartMarker(starts_path())
        self._ending = Ending(self)
        self._ending.asked.connect(self.end)
        self.window = create_window()
        session = self.window.session
        faults.reported.connect(session.failed)
        preferences.failed.connect(session.failed)
        self.autosave = Autosave(session, recovery_path(), autosave_s)
        self.offer: RecoveryOffer | None = None
        application.commitDataRequest.connect(self._prepare_for_logout)
        self._logout = QTimer(self)
        self._logout.setSingleShot(True)
        self._logout.setInterval(_LOGOUT_MS)
        self._logout.timeout.connect(self._go_on)
        session.ending.connect(self._note_end)
        # Until then a signal more is not to keep the end from coming to its end.
        session.ended.connect(self._ending.close)
        QTimer.singleShot(SETTLED_S * 1000, self, self._starts.settle)
        if self._starts.is_plain:
            self._start_plainly()
        else:
            self._start(path)

    def _start(self, path: Path | None) -> None:
        self.window.restore_layout()
        self.window.show()
        preferences.check()
        DrawingsFile(self.window.session, drawings_path())
        self.offer = RecoveryOffer(self.window.session, self.autosave, recovery_path(), self.window)
        if path is not None:
            self.window.open_when_ready(path)

    def _start_plainly(self) -> None:
        self.window.resize(layout.first_size(self.window.screen().availableSize()))
        self.window.restore_default_layout()
        self.window.show()
        self.window.session.failed.emit(
            RBMStudioError(
                self.tr("RBM Studio ended soon after each of its last starts, so it has now started plainly."),
                self.tr(
                    "No file was opened, and the window's layout, the kept drawings and unsaved work were left where "
                    "they are: the next start brings them back. Drawings that are kept now are not written down."
                ),
            )
        )

    def end(self) -> None:
        """End without asking; what is not saved is written down, and offered at the next start."""
        self.window.session.give_up_run()
        self.autosave.keep()
        self.window.discard()

    def _prepare_for_logout(self) -> None:
        self.autosave.keep()
        self.window.let_close(unasked=True)
        self._logout.start()

    def _go_on(self) -> None:
        """Ask before closing once more: the user has stayed."""
        self.autosave.go_on()
        self.window.let_close(unasked=False)

    def _note_end(self) -> None:
        self._logout.stop()
        self._starts.settle()


def run(path: Path | None = None) -> int:
    """Open the window and stay until it is closed.

    Parameters
    ----------
    path : Path, optional
        An experiment, a model or images to open.

    Returns
    -------
    int
        The exit status.
    """
    application = create_application()
    trace_crashes()
    _program = Program(application, path)  # lives as long as the loop
    status = application.exec()
    if is_left_at_work():
        # Python would wait for it, or take away what it works with. All that is to stay has been written.
        logging.shutdown()
        os._exit(status)
    return status
