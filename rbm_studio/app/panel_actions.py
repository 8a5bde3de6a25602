"""The entries that show, raise and close the panels, and the keys that raise them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QTabBar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QMainWindow

    from rbm_studio.app.dock import Dock

_MOST_KEYS = 9


class PanelActions(QObject):
    """An entry for each panel, in their order, with a tick where the panel can be seen.

    Choosing one that can be seen closes it; one that is closed, or behind another one's tab, comes to the front.
    Ctrl+1 to Ctrl+9 bring the first nine to the front, and close none.

    Parameters
    ----------
    window : QMainWindow
        Also its parent.
    docks : sequence of Dock
    """

    def __init__(self, window: QMainWindow, docks: Sequence[Dock]) -> None:
        super().__init__(window)
        self._window, self._docks = window, list(docks)
        self._tips: dict[str, str] = {}
        # Qt makes tabs after it has told that docks come and go.
        self._naming = QTimer(self)
        self._naming.setSingleShot(True)
        self._naming.timeout.connect(self._name_tabs)
        self.actions = [self._entry(number, dock) for number, dock in enumerate(self._docks, start=1)]

    def _entry(self, number: int, dock: Dock) -> QAction:
        action = QAction(dock.windowTitle(), self._window)
        action.setCheckable(True)
        action.triggered.connect(lambda: self._choose(dock, action))
        dock.visibilityChanged.connect(lambda visible: self._follow(action, visible))
        if number <= _MOST_KEYS:
            key = QKeySequence(f"Ctrl+{number}")
            # The entry shows the key, and nothing more: pressed twice, it is not to close what it has brought up.
            action.setShortcut(key)
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            QShortcut(key, self._window).activated.connect(dock.bring_up)
        self._name(dock, action)
        dock.windowTitleChanged.connect(lambda: self._name(dock, action))
        return action

    def _name(self, dock: Dock, action: QAction) -> None:
        """Name the entry as the panel, and the key in the tooltips of both and of the tab."""
        title, keys = dock.windowTitle(), action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setText(title)
        tip = self.tr("{panel} ({keys} brings it to the front)").format(panel=title, keys=keys) if keys else title
        self._tips[title] = tip
        for named in (dock, action):
            named.setToolTip(tip)
        self._naming.start(0)

    def _choose(self, dock: Dock, action: QAction) -> None:
        if dock.is_in_front:
            dock.close()
        else:
            dock.bring_up()
        action.setChecked(dock.is_in_front)

    def _follow(self, action: QAction, visible: bool) -> None:
        action.setChecked(visible)
        self._naming.start(0)

    def _name_tabs(self) -> None:
        bars = self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        for bar in bars:
            for place in range(bar.count()):
                bar.setTabToolTip(place, self._tips.get(bar.tabText(place), bar.tabText(place)))
