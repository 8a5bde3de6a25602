"""A ring around the control that the keyboard has come to."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QRegion
from PySide6.QtWidgets import QAbstractButton, QAbstractScrollArea, QAbstractSlider, QApplication, QComboBox, QWidget
from shiboken6 import isValid

_CONTROLS = (QAbstractButton, QAbstractSlider, QComboBox)
"""What the style marks in a colour too pale to be seen from afar; fields show their cursor, pictures their own mark."""
_WIDTH = 2
_MOVES = (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide)


class FocusRing(QWidget):
    """Follows the focus within a window, as soon as Tab has moved it: who uses the mouse knows where they are.

    Parameters
    ----------
    window : QWidget
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._control: QWidget | None = None
        self._watched: list[QWidget] = []
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._follow)

    @property
    def control(self) -> QWidget | None:
        """What it is around, or None."""
        return self._control

    def _follow(self, _before: QWidget | None, now: QWidget | None) -> None:
        if not isValid(self._window):  # its controls lose the focus one after another while it is deleted
            return
        by_keyboard = self._window.testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
        rings = by_keyboard and isinstance(now, _CONTROLS) and self._window.isAncestorOf(now)
        self._watch(now if rings else None)
        self._place()

    def _watch(self, control: QWidget | None) -> None:
        for each in self._watched:
            if isValid(each):
                each.removeEventFilter(self)
        self._control, self._watched = control, []
        # It moves with all that holds it.
        while control is not None and control is not self._window:
            control.installEventFilter(self)
            self._watched.append(control)
            control = control.parentWidget()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay around the control wherever it moves."""
        if event.type() in _MOVES:
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        control = self._control
        # A dock that floats is a window of its own.
        if control is None or not control.isVisible() or not self._window.isAncestorOf(control):
            self.hide()
            return
        room = QRect(control.mapTo(self._window, QPoint()), control.size())
        ring = room.adjusted(-_WIDTH, -_WIDTH, _WIDTH, _WIDTH)
        for each in self._watched:
            parent = each.parentWidget()
            if isinstance(parent, QAbstractScrollArea) and each is parent.viewport():
                ring &= QRect(each.mapTo(self._window, QPoint()), each.size())
        self.setVisible(not ring.isEmpty())
        self.setGeometry(ring)
        self.setMask(QRegion(self.rect()) - QRegion(room.translated(-ring.topLeft())))
        self.raise_()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Fill the ring."""
        QPainter(self).fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Accent))
