"""Paper to draw a digit on, with mouse, finger or pen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
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
    QPen,
    QPixmap,
    QPolygonF,
    QTabletEvent,
    QTouchEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from rbm_studio.data.handwriting import DEFAULT_PEN_WIDTH, SIDE, Stroke

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_INK = QColor(255, 255, 255)
_PAPER = QColor(0, 0, 0)
_HINT = QColor(128, 128, 128)
_FRAME = 2
# In sides of the paper: what is nearer to the last point than this adds nothing to the drawing.
_LEAST_STEP = 1 / 1024


class _Source(Enum):
    MOUSE = auto()
    TOUCH = auto()
    PEN = auto()


@dataclass(frozen=True)
class _Drawing:
    """What lies on the paper; the undo history is a list of these."""

    strokes: tuple[Stroke, ...] = ()
    picture: QImage | None = None

    def is_empty(self) -> bool:
        return not self.strokes and self.picture is None


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
        self._drawing = _Drawing()
        self._before_stroke = _Drawing()
        self._undo: list[_Drawing] = []
        self._redo: list[_Drawing] = []
        self._points: list[tuple[float, float]] = []
        self._source: _Source | None = None
        self._touch_id = -1
        self._has_direct_input = False
        self._pen_width = DEFAULT_PEN_WIDTH
        self._paper: QPixmap | None = None
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
        return bool(self._undo) or self._source is not None

    @property
    def can_redo(self) -> bool:
        """Whether `redo` would change anything."""
        return bool(self._redo) and self._source is None

    @property
    def pen_width(self) -> float:
        """Width of the pen in pixels of a 28-pixel image."""
        return self._pen_width

    def set_pen_width(self, width: float) -> None:
        """Set the pen's width, of strokes drawn already too.

        Parameters
        ----------
        width : float
            Greater than 0, in pixels of a 28-pixel image: on the screen it is width / 28 of the paper's side. The
            screen then looks like the raw image, and like the normalised one where the drawing's longest side takes
            20/28 of the paper, as digits do in MNIST.

        Raises
        ------
        ValueError
            If `width` is not greater than 0.
        """
        if not width > 0:
            raise ValueError(f"width must be greater than 0, and is {width}")
        self._pen_width = width
        self._repaint_paper()

    def strokes(self) -> list[Stroke]:
        """Return the strokes, the one being drawn included, their points in 0..1 of the paper, y down."""
        in_progress = [_stroke(self._points)] if self._points else []
        return [*self._drawing.strokes, *in_progress]

    def set_strokes(self, strokes: Iterable[Stroke]) -> None:
        """Replace what lies on the paper by strokes with points in 0..1; can be undone."""
        self._replace(_Drawing(strokes=tuple(stroke for stroke in strokes if len(stroke.points))))

    def picture(self) -> QImage | None:
        """Return the picture that lies on the paper instead of strokes, or None."""
        return self._drawing.picture

    def set_picture(self, image: QImage | None) -> None:
        """Put a picture on the paper instead of the strokes; None takes a picture away. Can be undone."""
        if image is not None and not image.isNull():
            self._replace(_Drawing(picture=QImage(image)))
        elif self._drawing.picture is not None:
            self._replace(_Drawing())

    def clear(self) -> None:
        """Take everything from the paper; can be undone."""
        self._replace(_Drawing())

    def undo(self) -> None:
        """Take back the last stroke, clearing or picture; a stroke that is being drawn ends and goes."""
        self._end_stroke()
        self._travel(self._undo, self._redo)

    def redo(self) -> None:
        """Bring back what `undo` took."""
        self._end_stroke()
        self._travel(self._redo, self._undo)

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
        painter.drawPixmap(rect.topLeft(), self._current_paper(rect))
        painter.setClipRect(rect)
        if self._points:
            painter.translate(rect.topLeft())
            self._ink(painter, self._points, rect.width())
        elif self._drawing.is_empty():
            _draw_hint(painter, rect, self.tr("Draw a digit here"))

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
        self._before_stroke = self._drawing
        if self._drawing.picture is not None:
            self._drawing = _Drawing()
            self._paper = None
        self.update()
        self._add_point(pos)
        self.history_changed.emit()

    def _add_point(self, pos: QPointF) -> None:
        rect = self.paper_rect()
        x = min(max((pos.x() - rect.left()) / rect.width(), 0.0), 1.0)
        y = min(max((pos.y() - rect.top()) / rect.height(), 0.0), 1.0)
        if self._points:
            last_x, last_y = self._points[-1]
            if max(abs(x - last_x), abs(y - last_y)) < _LEAST_STEP:
                return
            segment = QRectF(QPointF(last_x, last_y), QPointF(x, y)).normalized()
            self.update(self._inked_rect(rect, segment))
        self._points.append((x, y))
        self.strokes_changed.emit()

    def _end_stroke(self) -> None:
        if self._source is None:
            return
        if self._paper is not None:
            painter = QPainter(self._paper)
            self._ink(painter, self._points, self.paper_rect().width())
            painter.end()
        self._drawing = _Drawing(strokes=(*self._drawing.strokes, _stroke(self._points)))
        self._undo.append(self._before_stroke)
        self._redo.clear()
        self._source = None
        self._points = []
        self.history_changed.emit()

    def _drop_stroke(self) -> None:
        """Forget the stroke in progress: the system took the touch for a gesture of its own."""
        if self._source is _Source.TOUCH:
            self._source = None
            self._points = []
            self._show(self._before_stroke)

    def _replace(self, drawing: _Drawing) -> None:
        self._end_stroke()
        if not (drawing.is_empty() and self._drawing.is_empty()):
            self._undo.append(self._drawing)
            self._redo.clear()
            self._show(drawing)

    def _travel(self, origin: list[_Drawing], destination: list[_Drawing]) -> None:
        if origin:
            destination.append(self._drawing)
            self._show(origin.pop())

    def _show(self, drawing: _Drawing) -> None:
        self._drawing = drawing
        self._repaint_paper()
        self.strokes_changed.emit()
        self.history_changed.emit()

    def _repaint_paper(self) -> None:
        self._paper = None
        self.update()

    def _current_paper(self, rect: QRectF) -> QPixmap:
        """Return the paper with all but the stroke in progress, which alone is drawn anew for each point."""
        ratio = self.devicePixelRatioF()
        side = round(rect.width() * ratio)
        if self._paper is None or self._paper.width() != side or self._paper.devicePixelRatio() != ratio:
            self._paper = QPixmap(side, side)
            self._paper.setDevicePixelRatio(ratio)
            self._paper.fill(_PAPER)
            painter = QPainter(self._paper)
            if self._drawing.picture is not None:
                _draw_picture(painter, self._drawing.picture, rect.width())
            for stroke in self._drawing.strokes:
                self._ink(painter, stroke.points.tolist(), rect.width())
            painter.end()
        return self._paper

    def _ink(self, painter: QPainter, points: Sequence[Sequence[float]], side: float) -> None:
        width = self._pen_width / SIDE * side
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(_INK, width, c=Qt.PenCapStyle.RoundCap, j=Qt.PenJoinStyle.RoundJoin))
        places = [QPointF(x * side, y * side) for x, y in points]
        if all(place == places[0] for place in places):
            painter.drawPoint(places[0])
        else:
            painter.drawPolyline(QPolygonF(places))

    def _inked_rect(self, paper: QRectF, segment: QRectF) -> QRect:
        side, margin = paper.width(), self._pen_width / SIDE * paper.width() / 2 + 1
        on_paper = QRectF(segment.topLeft() * side, segment.bottomRight() * side).translated(paper.topLeft())
        return on_paper.adjusted(-margin, -margin, margin, margin).toAlignedRect()


def _stroke(points: list[tuple[float, float]]) -> Stroke:
    return Stroke(np.array(points, dtype=np.float32))


def _draw_picture(painter: QPainter, picture: QImage, side: float) -> None:
    size = picture.size().toSizeF().scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio)
    target = QRectF((side - size.width()) / 2, (side - size.height()) / 2, size.width(), size.height())
    painter.drawImage(target, picture)


def _draw_hint(painter: QPainter, rect: QRectF, text: str) -> None:
    font = painter.font()
    font.setPixelSize(max(round(rect.width() / 14), 12))
    painter.setFont(font)
    painter.setPen(_HINT)
    painter.drawText(rect.adjusted(8, 8, -8, -8), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, text)
