"""A mark on a dock's tab: something behind it is to be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QTabBar, QWidget

from rbm_studio.app.theme import GRID, alarm_colours

if TYPE_CHECKING:
    from PySide6.QtWidgets import QDockWidget, QMainWindow

_SIDE = 12
_EDGE = 2


class TabBadge(QWidget):
    """A dot with an exclamation mark on the corner of a dock's tab, wherever that is; it takes no clicks and no room.

    Parameters
    ----------
    window : QMainWindow
    dock : QDockWidget
    """

    def __init__(self, window: QMainWindow, dock: QDockWidget) -> None:
        super().__init__(window)
        self._window, self._dock = window, dock
        self._tip = ""
        self.setObjectName("badge")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.resize(_SIDE, _SIDE)
        self.hide()
        # Docks tell of a change before their tabs have followed it.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._follow)
        for changed in (dock.visibilityChanged, dock.dockLocationChanged, dock.topLevelChanged):
            changed.connect(self._follow_soon)

    def set_tip(self, tip: str) -> None:
        """Mark the tab, and say why in its tooltip; no longer, if empty."""
        if tip != self._tip:
            self._tip = tip
            self._follow()

    @property
    def tip(self) -> str:
        """Why the tab is marked; empty where it is not."""
        return self._tip

    @Slot()
    def _follow_soon(self) -> None:
        self._soon.start()

    @Slot()
    def _follow(self) -> None:
        """Go to the tab, which Qt makes anew when docks are moved."""
        # Qt deletes bars as it likes, and tells Python nothing of it: none is kept, here or in `eventFilter`.
        bar, place = self._tab()
        if bar is None:
            self.hide()
            return
        bar.installEventFilter(self)
        title = self._dock.windowTitle()
        bar.setTabToolTip(place, f"{title}: {self._tip}" if self._tip else title)
        bar.setAccessibleTabName(place, f"{title}: {self._tip}" if self._tip else "")
        self._fit(bar, place)
        self.raise_()

    def _fit(self, bar: QTabBar, place: int) -> None:
        tab = bar.tabRect(place)
        corner = QPoint(tab.right() - _SIDE - _EDGE, tab.top() + _EDGE)
        # A tab may be scrolled out of its bar.
        self.setVisible(bool(self._tip) and bar.rect().contains(corner))
        # Not the bar's own child, which would go with it.
        if self.pos() != (at := bar.mapTo(self._window, corner)):
            self.move(at)

    def _tab(self) -> tuple[QTabBar | None, int]:
        for bar in self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
            for place in range(bar.count()):
                if bar.tabText(place) == self._dock.windowTitle() and bar.isVisible():
                    return bar, place
        return None, -1

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay at the tab's corner while tabs are moved, scrolled and made wider."""
        if self._tip and event.type() == QEvent.Type.Paint:
            bar, place = self._tab()
            if bar is watched and bar is not None:
                self._fit(bar, place)
        return super().eventFilter(watched, event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the dot."""
        fill, ink = alarm_colours(self.palette())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawEllipse(self.rect())
        painter.setBrush(ink)
        middle = _SIDE // 2
        painter.drawRect(QRect(middle - 1, GRID // 2 - 1, 2, 4))
        painter.drawRect(QRect(middle - 1, GRID, 2, 2))
