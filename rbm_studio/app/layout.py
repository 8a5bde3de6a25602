"""Where the docks are: at the first start, and where they were left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtWidgets import QToolBar

from rbm_studio.app.layout_state import is_geometry, is_state
from rbm_studio.app.preferences import GEOMETRY, STATE, preferences
from rbm_studio.app.screens import bring_into_view
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtWidgets import QDockWidget, QMainWindow

VERSION = 4
"""Of the docks and bars that there are."""
FIRST_SIZE = (1280, 800)
_FRAME = (2 * GRID, 6 * GRID)
"""What a window manager's title and borders take, at most: how much is not known before the window is shown."""

_LEFT_WIDTH = 272


def arrange(window: QMainWindow, docks: Mapping[str, QDockWidget]) -> None:
    """Show every dock in its place of the first start."""
    left = Qt.DockWidgetArea.LeftDockWidgetArea
    across, down = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
    for dock in docks.values():
        dock.setFloating(False)
        # All at once: docks that wait in their old places would make the window grow meanwhile.
        window.removeDockWidget(dock)
    window.addDockWidget(left, docks["dataset"])
    window.splitDockWidget(docks["dataset"], docks["curve"], across)
    window.splitDockWidget(docks["dataset"], docks["model"], down)
    window.splitDockWidget(docks["curve"], docks["draw"], down)
    window.splitDockWidget(docks["draw"], docks["reconstructions"], down)
    window.splitDockWidget(docks["curve"], docks["weights"], across)
    # Behind the drawing: the weights, where the units of a finding are outlined, stay in view.
    for name in ("drawings", "dream", "unit", "compare", "health", "runs", "notes"):
        window.tabifyDockWidget(docks["draw"], docks[name])
    for dock in docks.values():
        dock.show()
    docks["draw"].raise_()
    wide = max(window.width() - _LEFT_WIDTH, 2)
    high = max(window.height(), 8)
    window.resizeDocks(
        [docks["dataset"], docks["curve"], docks["weights"]], [_LEFT_WIDTH, wide * 11 // 20, wide * 9 // 20], across
    )
    window.resizeDocks([docks["dataset"], docks["model"]], [high * 3 // 10, high * 7 // 10], down)
    window.resizeDocks(
        [docks["curve"], docks["draw"], docks["reconstructions"]], [high * 15 // 36, high * 17 // 36, high // 9], down
    )


def first_size(space: QSize) -> QSize:
    """Return the size of a window that was never shown: within its frame it fits on a screen with so much space."""
    return QSize(*FIRST_SIZE).boundedTo(space - QSize(*_FRAME))


def restore(window: QMainWindow, docks: Mapping[str, QDockWidget]) -> None:
    """Put the window and its docks where `remember` found them; as at the first start where that is not known."""
    geometry, state = preferences.value(GEOMETRY), preferences.value(STATE)
    bars = [
        bar.objectName() for bar in window.findChildren(QToolBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
    ]
    if not (is_geometry(geometry) and window.restoreGeometry(geometry)):
        window.resize(first_size(window.screen().availableSize()))
    if not (is_state(state, VERSION, docks, bars) and window.restoreState(state, VERSION)):
        arrange(window, docks)
    # The screen where it was left may be gone, and the one that there is may be small.
    bring_into_view(window, docks)


def remember(window: QMainWindow) -> None:
    """Keep in the user's settings where the window and its docks are."""
    # Whoever closes a window has no use for a message in it.
    with QSignalBlocker(preferences):
        preferences.keep(GEOMETRY, bytes(window.saveGeometry().data()))
        preferences.keep(STATE, bytes(window.saveState(VERSION).data()))
