"""Paper to draw a digit on, with mouse, finger or pen."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QEventPoint,
    QHideEvent,
    QImage,
    QInputDevice,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QTabletEvent,
    QTouchEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from rbm_studio.app.drawing import Drawing, DrawingHistory
from rbm_studio.app.ink import InkedPaper, draw_hint, place_on_paper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rbm_studio.data.handwriting import Stroke

_FRAME = 2


class _Source(Enum):
    MOUSE = auto()
    TOUCH = auto()
    PEN = auto()


class DrawingCanvas(QWidget):
    """Square black paper on which mouse, finger and pen leave white strokes, as in MNIST.

    A pointer that leaves the paper while it draws goes on along the paper's edge. While the canvas has the keyboard's
    focus, Ctrl+Z undoes, Ctrl+Shift+Z and Ctrl+Y redo, Delete and Backspace clear.

    Parameters
    ----------
    parent : QWidget, optional

    Attributes
    ----------
    strokes_changed : Signal()
        What lies on the paper has changed: a point was added, or strokes or the picture came or went.
    history_changed : Signal()
        `can_undo` or `can_redo` may have changed.
    """

    strokes_changed = Signal()
    history_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._history = DrawingHistory()
        self._ink = InkedPaper()
        self._source: _Source | None = None
        self._touch_id = -1
        self._has_direct_input = False
        self.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        # A move without a button is how a release that went elsewhere is noticed.
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Drawing paper"))
        self.setToolTip(self.tr("Draw a digit here. Undo: Ctrl+Z. Redo: Ctrl+Shift+Z or Ctrl+Y. Clear: Delete."))

    @property
    def can_undo(self) -> bool:
        """Whether `undo` would change anything."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether `redo` would change anything."""
        return self._history.can_redo

    @property
    def pen_width(self) -> float:
        """Width of the pen in pixels of a 28-pixel image."""
        return self._ink.pen_width

    def set_pen_width(self, width: float) -> None:
        """Set the pen's width, of strokes drawn already too; `InkedPaper.set_pen_width` tells its unit and errors."""
        self._ink.set_pen_width(width)
        self.update()

    def strokes(self) -> list[Stroke]:
        """Return the strokes, the one being drawn included, their points in 0..1 of the paper, y down."""
        return self._history.strokes()

    def set_strokes(self, strokes: Iterable[Stroke]) -> None:
        """Replace what lies on the paper by strokes with points in 0..1; can be undone."""
        self._replace(Drawing(strokes=tuple(stroke for stroke in strokes if len(stroke.points))))

    def picture(self) -> QImage | None:
        """Return the picture that lies on the paper instead of strokes, or None."""
        return self._history.current.picture

    def set_picture(self, image: QImage | None) -> None:
        """Put a picture on the paper instead of the strokes; None takes a picture away. Can be undone."""
        if image is not None and not image.isNull():
            self._replace(Drawing(picture=QImage(image)))
        elif self._history.current.picture is not None:
            self._replace(Drawing())

    def clear(self) -> None:
        """Take everything from the paper; can be undone."""
        self._replace(Drawing())

    def undo(self) -> None:
        """Take back the last stroke, clearing or picture; a stroke that is being drawn ends and goes."""
        self._end_stroke()
        if self._history.undo():
            self._show_current()

    def redo(self) -> None:
        """Bring back what `undo` took."""
        self._end_stroke()
        if self._history.redo():
            self._show_current()

    def paper_rect(self) -> QRectF:
        """Return where the paper lies in the widget: a centred square, its edges on screen pixels."""
        ratio = self.devicePixelRatioF()
        side = max(int((min(self.width(), self.height()) - 2 * _FRAME) * ratio), 1)
        left = int((self.width() * ratio - side) / 2)
        top = int((self.height() * ratio - side) / 2)
        return QRectF(left / ratio, top / ratio, side / ratio, side / ratio)

    def sizeHint(self) -> QSize:
        """Return a size that is comfortable for a mouse."""
        return QSize(280, 280)

    def minimumSizeHint(self) -> QSize:
        """Return the least size on which a digit can be drawn."""
        return QSize(112, 112)

    def event(self, event: QEvent) -> bool:
        """Take touches, and keep the canvas's keys from shortcuts of the window."""
        # A touch pad moves the mouse; its own touches lie nowhere on the paper.
        if isinstance(event, QTouchEvent) and event.device().type() != QInputDevice.DeviceType.TouchPad:
            self._touch(event)
            return True
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._key_action(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Undo, redo or clear."""
        action = self._key_action(event)
        if action is None:
            super().keyPressEvent(event)
        else:
            action()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a stroke with the left button."""
        if event.button() == Qt.MouseButton.LeftButton and not self._is_echo(event):
            self._begin_stroke(_Source.MOUSE, event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Draw on."""
        if self._source is not _Source.MOUSE:
            return
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._add_point(event.position())
        else:
            self._end_stroke()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the stroke."""
        if event.button() == Qt.MouseButton.LeftButton and self._source is _Source.MOUSE:
            self._add_point(event.position())
            self._end_stroke()

    def tabletEvent(self, event: QTabletEvent) -> None:
        """Draw with a pen's tip; an accepted event brings no mouse event with it."""
        event.accept()
        if event.type() == QEvent.Type.TabletPress and event.button() == Qt.MouseButton.LeftButton:
            self._has_direct_input = True
            self._begin_stroke(_Source.PEN, event.position())
        elif self._source is _Source.PEN:
            self._add_point(event.position())
            if event.type() == QEvent.Type.TabletRelease and event.button() == Qt.MouseButton.LeftButton:
                self._end_stroke()

    def hideEvent(self, event: QHideEvent) -> None:
        """End the stroke: its release would not come."""
        self._end_stroke()
        super().hideEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the frame, the paper and the stroke in progress."""
        painter = QPainter(self)
        rect = self.paper_rect()
        role = QPalette.ColorRole.Accent if self.hasFocus() else QPalette.ColorRole.Mid
        painter.fillRect(rect.adjusted(-_FRAME, -_FRAME, _FRAME, _FRAME), self.palette().color(role))
        self._ink.paint(painter, rect, self._history, self.devicePixelRatioF())
        if self._history.is_empty():
            draw_hint(painter, rect, self.tr("Draw a digit here"))

    def _key_action(self, event: QKeyEvent) -> Callable[[], None] | None:
        if event.matches(QKeySequence.StandardKey.Undo):
            return self.undo
        redo_keys = (QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y"))
        if event.matches(QKeySequence.StandardKey.Redo) or QKeySequence(event.keyCombination()) in redo_keys:
            return self.redo
        plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == Qt.KeyboardModifier.NoModifier
        return self.clear if plain and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) else None

    def _is_echo(self, event: QMouseEvent) -> bool:
        """Tell whether a mouse event only repeats a touch or pen event, which has drawn already."""
        is_made_up = event.source() != Qt.MouseEventSource.MouseEventNotSynthesized
        direct = (QInputDevice.DeviceType.TouchScreen, QInputDevice.DeviceType.Stylus)
        return self._has_direct_input and (is_made_up or event.device().type() in direct)

    def _touch(self, event: QTouchEvent) -> None:
        event.accept()
        self._has_direct_input = True
        if event.type() == QEvent.Type.TouchCancel:
            self._drop_stroke()
            return
        for point in event.points():
            if point.state() == QEventPoint.State.Pressed and self._source is None:
                self._touch_id = point.id()
                self._begin_stroke(_Source.TOUCH, point.position())
            elif self._is_followed(point):
                self._add_point(point.position())
                if point.state() == QEventPoint.State.Released:
                    self._end_stroke()

    def _is_followed(self, point: QEventPoint) -> bool:
        is_moving = point.state() in (QEventPoint.State.Updated, QEventPoint.State.Released)
        return self._source is _Source.TOUCH and point.id() == self._touch_id and is_moving

    def _begin_stroke(self, source: _Source, pos: QPointF) -> None:
        if self._source is not None or not self.paper_rect().contains(pos):
            return
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._source = source
        if self._history.current.picture is not None:
            self._ink.forget()
        self._history.begin_stroke(*place_on_paper(pos, self.paper_rect()))
        self.update()
        self.strokes_changed.emit()
        self.history_changed.emit()

    def _add_point(self, pos: QPointF) -> None:
        rect = self.paper_rect()
        last, place = self._history.points[-1], place_on_paper(pos, rect)
        if self._history.extend_stroke(*place):
            inked = self._ink.inked_rect(last, place, rect.width())
            self.update(inked.translated(rect.topLeft()).toAlignedRect())
            self.strokes_changed.emit()

    def _end_stroke(self) -> None:
        if self._source is not None:
            self._source = None
            self._ink.add_stroke(self._history.points, self.paper_rect().width())
            self._history.end_stroke()
            self.history_changed.emit()

    def _drop_stroke(self) -> None:
        """Forget the stroke in progress: the system took the touch for a gesture of its own."""
        if self._source is _Source.TOUCH:
            self._source = None
            self._history.drop_stroke()
            self._show_current()

    def _replace(self, drawing: Drawing) -> None:
        self._end_stroke()
        if self._history.replace(drawing):
            self._show_current()

    def _show_current(self) -> None:
        self._ink.forget()
        self.update()
        self.strokes_changed.emit()
        self.history_changed.emit()
