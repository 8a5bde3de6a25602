"""The composition root: builds the application from its parts, and nothing else."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QApplication

from rbm_studio import __version__
from rbm_studio.app.drawings_file import DrawingsFile, drawings_path
from rbm_studio.app.icons import icon
from rbm_studio.app.log import report_exceptions, start_log
from rbm_studio.app.menus import saved_appearance
from rbm_studio.app.session import Session
from rbm_studio.app.settings_safety import set_unsafe_settings_aside
from rbm_studio.app.theme import apply_appearance
from rbm_studio.app.training_runner import leave_a_core_to_the_window
from rbm_studio.app.window import MainWindow

if TYPE_CHECKING:
    from pathlib import Path


def create_application() -> QApplication:
    """Return the application, with its name, look and log."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(application, QApplication):
        raise TypeError("there is an application without a window system already")
    if QLocale().language() is QLocale.Language.C:
        # A terminal without a language: digits still want to be grouped.
        QLocale.setDefault(QLocale(QLocale.Language.English))
    application.setApplicationName("RBM Studio")
    application.setOrganizationName("RBM Studio")
    application.setApplicationVersion(__version__)
    application.setDesktopFileName("rbm-studio")
    application.setWindowIcon(icon("rbm-studio"))
    start_log()
    set_unsafe_settings_aside()
    apply_appearance(application, saved_appearance())
    return application


def create_window() -> MainWindow:
    """Return the main window, which looks for MNIST as its first act."""
    leave_a_core_to_the_window()
    window = MainWindow(Session())
    window.session.setParent(window)
    window.dataset_panel.load_mnist()
    return window


def run(path: Path | None = None) -> int:
    """Open the window and stay until it is closed.

    Parameters
    ----------
    path : Path, optional
        A model or images to open.

    Returns
    -------
    int
        The exit status.
    """
    application = create_application()
    # Ctrl+C in the terminal ends the program; Qt's loop would not see it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    window = create_window()
    report_exceptions(window.session.failed.emit)
    window.restore_layout()
    window.show()
    DrawingsFile(window.session, drawings_path())
    if path is not None:
        window.open_when_ready(path)
    return application.exec()
