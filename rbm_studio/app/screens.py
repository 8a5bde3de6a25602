"""Windows stay where a screen is, though screens come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication, QRegion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QScreen
    from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget


class ScreenWatch(QObject):
    """Brings a window and its floating docks back into view whenever a screen goes.

    Parameters
    ----------
    window : QMainWindow
        Also its parent.
    docks : mapping
        The window's docks.
    """

    def __init__(self, window: QMainWindow, docks: Mapping[str, QDockWidget]) -> None:
        super().__init__(window)
        # At the next turn of the loop: Qt itself moves windows away from a screen that goes.
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(lambda: bring_into_view(window, docks))
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.screenRemoved.connect(self._look)
            application.primaryScreenChanged.connect(self._look)

    def _look(self, _screen: QScreen | None) -> None:
        self._later.start()


def bring_into_view(window: QMainWindow, docks: Mapping[str, QDockWidget]) -> None:
    """Move windows that lie, in whole or in part, where no screen is; make smaller what is larger than its screen."""
    for widget in (window, *(dock for dock in docks.values() if dock.isFloating() and not dock.isHidden())):
        if not (widget.isMaximized() or widget.isFullScreen() or widget.isMinimized()):
            _bring_into_view(widget)


def _bring_into_view(widget: QWidget) -> None:
    seen = QRegion()
    for screen in QGuiApplication.screens():
        seen = seen.united(QRegion(screen.availableGeometry()))
    frame = widget.frameGeometry()
    if seen.isEmpty() or QRegion(frame).subtracted(seen).isEmpty():
        return
    space = (QGuiApplication.screenAt(frame.center()) or QGuiApplication.primaryScreen()).availableGeometry()
    around = frame.size() - widget.size()
    widget.resize(frame.size().boundedTo(space.size()) - around)
    frame = widget.frameGeometry()
    # The left and the top edge last, where the title and the menu are.
    widget.move(
        max(min(frame.left(), space.right() + 1 - frame.width()), space.left()),
        max(min(frame.top(), space.bottom() + 1 - frame.height()), space.top()),
    )
