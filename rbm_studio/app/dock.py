"""A panel's dock: it knows whether it is in front, comes to the front, and says with which keys."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QDockWidget, QWidget


class Dock(QDockWidget):
    """A dock whose tooltip is its title's alone: what the panel shows has tooltips of its own."""

    @property
    def is_in_front(self) -> bool:
        """Whether it can be seen: it is neither closed nor behind another one's tab."""
        return not self.isHidden() and not self.visibleRegion().isEmpty()

    def bring_up(self) -> None:
        """Show it if it is closed, put it before others, and give its panel the keyboard."""
        self.show()
        self.raise_()
        if self.isFloating():
            self.activateWindow()
        first = self._first_control()
        if first is not None and not self.isAncestorOf(self.window().focusWidget() or self.window()):
            first.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _first_control(self) -> QWidget | None:
        panel = self.widget()
        each: QWidget | None = panel.nextInFocusChain()
        while each is not None and each is not panel and panel.isAncestorOf(each):
            if each.focusPolicy() & Qt.FocusPolicy.TabFocus and each.isEnabled() and each.isVisibleTo(panel):
                return each
            each = each.nextInFocusChain()
        return None

    def event(self, event: QEvent) -> bool:
        """Keep the tooltip to the title."""
        if isinstance(event, QHelpEvent) and self.widget().geometry().contains(event.pos()):
            return True
        return super().event(event)
