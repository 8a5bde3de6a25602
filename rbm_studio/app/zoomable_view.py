"""What a hand does to a picture that can be enlarged: point, click, drag, turn the wheel, pinch, press keys."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import (
    QEventPoint,
    QInputDevice,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPointingDevice,
    QTouchEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

STEP = 1.5
"""What a key or a button enlarges by."""
_NOTCH = 1.25
_DEGREES = 120  # of one notch of a wheel, in eighths of a degree


class ZoomableView(QWidget):
    """Turns events of mouse, wheel, touch and keys into what they mean; what becomes of it is the subclass's.

    Wheel, pinch and the keys + and − zoom; a drag pans, with the mouse or a finger; a double click, or the key 0, shows
    the whole picture again, or enlarges a part of it.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pressed_at: QPointF | None = None
        self._last = QPointF()
        self._is_drag = False
        # Centre of two fingers, and how far apart they are.
        self._pinch: tuple[QPointF, float] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)

    # --- for the subclass; Qt's classes cannot be abstract: who forgets one hears of it so

    def zoom(self, by: float, at: QPointF | None = None) -> bool:
        """Enlarge by a factor, around a place of the widget; return whether that changed anything."""
        raise NotImplementedError

    def can_pan(self) -> bool:
        """Return whether there is more than is shown; where there is not, a drag is none."""
        raise NotImplementedError

    def pan(self, by: QPointF) -> None:
        """Move what is shown."""
        raise NotImplementedError

    def fit(self) -> None:
        """Show the whole picture."""
        raise NotImplementedError

    def _point_at(self, pos: QPointF | None) -> None:
        """Take note of where the pointer is; None when it has left."""
        raise NotImplementedError

    def _click_at(self, pressed: QPointF, released: QPointF) -> None:
        raise NotImplementedError

    def _double_click_at(self, pos: QPointF) -> None:
        raise NotImplementedError

    # --- mouse and wheel

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan while the left button is down, else point."""
        if not _repeats_a_touch(event):
            self._move(event.position())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click, or a drag."""
        if event.button() == Qt.MouseButton.LeftButton and not _repeats_a_touch(event):
            self._press(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a click, or a drag."""
        if event.button() == Qt.MouseButton.LeftButton and not _repeats_a_touch(event):
            self._release(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Zoom in or out; the release that follows is no click."""
        if event.button() == Qt.MouseButton.LeftButton and not _repeats_a_touch(event):
            self._double_click_at(event.position())

    def leaveEvent(self, _event: QEvent) -> None:
        """Point at nothing."""
        self._point_at(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the pointer."""
        turned = event.angleDelta().y() / _DEGREES
        event.setAccepted(self.zoom(_NOTCH**turned, event.position()))

    def _press(self, pos: QPointF) -> None:
        self._pressed_at = self._last = pos
        self._is_drag = False

    def _move(self, pos: QPointF) -> None:
        if self._pressed_at is None:
            self._point_at(pos)
            return
        far = (pos - self._pressed_at).manhattanLength() >= QApplication.startDragDistance()
        if self._is_drag or (far and self.can_pan()):
            self._is_drag = True
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self.pan(pos - self._last)
            self._last = pos
        self._point_at(pos)

    def _release(self, pos: QPointF) -> None:
        pressed, dragged = self._pressed_at, self._is_drag
        self._pressed_at, self._is_drag = None, False
        self.unsetCursor()
        if pressed is not None and not dragged:
            self._click_at(pressed, pos)
        self._point_at(pos)

    # --- touch

    def event(self, event: QEvent) -> bool:
        """Take touches and gestures of a touch pad."""
        # A touch pad moves the mouse; its own touches lie nowhere on the picture.
        if isinstance(event, QTouchEvent) and event.device().type() != QInputDevice.DeviceType.TouchPad:
            self._touch(event)
            event.accept()
            return True
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.zoom(1 + event.value(), event.position())
            return True
        return super().event(event)

    def _touch(self, event: QTouchEvent) -> None:
        down = [point.position() for point in event.points() if point.state() != QEventPoint.State.Released]
        if event.type() == QEvent.Type.TouchCancel or len(down) > 1:
            self._pressed_at, self._is_drag = None, False
        if len(down) > 1 and event.type() != QEvent.Type.TouchCancel:
            self._pinch_between(down[0], down[1])
            return
        was_pinch, self._pinch = self._pinch is not None, None
        first = event.points()[0]
        if event.type() == QEvent.Type.TouchBegin:
            self._press(first.position())
            self._point_at(first.position())
        elif self._pressed_at is not None and first.state() == QEventPoint.State.Released:
            self._release(first.position())
        elif self._pressed_at is not None:
            self._move(first.position())
        elif was_pinch and down:
            # The finger that stays goes on by dragging, and is no click.
            self._press(down[0])
            self._is_drag = True
        if not down:
            self._point_at(None)

    def _pinch_between(self, first: QPointF, second: QPointF) -> None:
        centre, apart = (first + second) / 2, math.hypot(*(first - second).toTuple())
        if self._pinch is not None:
            before, was_apart = self._pinch
            self.pan(centre - before)
            if apart > 0 and was_apart > 0:
                self.zoom(apart / was_apart, centre)
        self._pinch = centre, apart

    # --- keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Zoom with +, − and 0."""
        if event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(STEP)
        elif event.key() in (Qt.Key.Key_Minus, Qt.Key.Key_Underscore):
            self.zoom(1 / STEP)
        elif event.key() == Qt.Key.Key_0:
            self.fit()
        else:
            super().keyPressEvent(event)


def _repeats_a_touch(event: QMouseEvent) -> bool:
    """Tell whether a mouse event was made up after a touch, which was handled already."""
    device = event.device()
    return isinstance(device, QPointingDevice) and device.type() == QInputDevice.DeviceType.TouchScreen
