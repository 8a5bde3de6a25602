"""What the network sees, with the covered pixels hatched, and a brush that covers more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QEventPoint,
    QImage,
    QInputDevice,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QTouchEvent,
)

from rbm_studio.app.cover import brush
from rbm_studio.app.stage_view import StageView, outline

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PySide6.QtWidgets import QWidget

# Orange: apart from black, grey and white to everybody, and from the accent's blue.
_TINT = QColor("#b35900")
_HATCH = QColor("#ffd28a")
_HATCH_STEP, _HATCH_WIDTH = 10.0, 1.5
_HIDING, _SHOWING = 0.85, 0.3
"""How opaque a cover is: over the drawing, and over what a chain has put there."""


class CoverView(StageView):
    """A picture whose pixels can be covered.

    While the brush is on, dragging with the left button or a finger covers pixels; with Shift, or from a covered pixel
    on, it uncovers them.

    Parameters
    ----------
    parent : QWidget, optional

    Attributes
    ----------
    brushed : Signal(object)
        The brush has covered or uncovered pixels: which are covered now, a bool ndarray of shape (height, width).
    """

    brushed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._covered: NDArray[np.bool_] = np.zeros((0, 0), dtype=np.bool_)
        self._hides = True
        self._has_brush = False
        self._outlined = -1
        self._last: tuple[int, int] | None = None
        self._covers = True
        self._touch_id = -1
        self._was_touched = False
        self._drawn, self._drawn_for = QPixmap(), tuple[object, ...]()
        self.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)

    @property
    def covered(self) -> NDArray[np.bool_]:
        """Which pixels are covered, of shape (height, width)."""
        return self._covered

    def set_covered(self, covered: NDArray[np.bool_]) -> None:
        """Hatch these pixels, of the picture's shape."""
        self._covered = covered
        self.update()

    def picture(self) -> QImage:
        """Return the image to copy or save; pixels that the cover hides have its colour."""
        image = super().picture()
        if self._hides and self._covered.any() and self._covered.shape == (image.height(), image.width()):
            image = image.convertToFormat(QImage.Format.Format_RGB32)
            for row, column in np.argwhere(self._covered).tolist():
                image.setPixelColor(column, row, _TINT)
        return image

    def set_hides(self, hides: bool) -> None:
        """Let the cover hide what lies under it, or let that be seen through."""
        if hides != self._hides:
            self._hides = hides
            self.update()

    def set_outlined(self, pixel: int) -> None:
        """Outline a pixel by its index, row after row; none with -1."""
        self._outlined = pixel
        self.update()

    def set_brush(self, on: bool) -> None:
        """Let the pointer cover pixels, or click on them as on any picture."""
        if on == self._has_brush:
            return
        self._has_brush = on
        self._last = None
        self.setCursor(Qt.CursorShape.CrossCursor if on else Qt.CursorShape.ArrowCursor)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, and the cover over it."""
        super().paintEvent(event)
        image = self.image()
        if image is None:
            return
        painter = QPainter(self)
        if self._covered.shape == (image.height(), image.width()) and self._covered.any():
            painter.drawPixmap(0, 0, self._cover())
        if 0 <= self._outlined < image.width() * image.height():
            outline(painter, self.pixel_rect(divmod(self._outlined, image.width())))

    def _cover(self) -> QPixmap:
        """Return the cover, as large as the widget; it is kept, since pictures change far more often below it."""
        ratio = self.devicePixelRatioF()
        drawn_for = (self._covered.tobytes(), self.size(), self.image_rect(), ratio, self._hides)
        if drawn_for != self._drawn_for:
            self._drawn_for = drawn_for
            self._drawn = QPixmap(self.size() * ratio)
            self._drawn.setDevicePixelRatio(ratio)
            self._drawn.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._drawn)
            self._paint_cover(painter)
            painter.end()
        return self._drawn

    def _paint_cover(self, painter: QPainter) -> None:
        covered = self._covered_area()
        tint = QColor(_TINT)
        tint.setAlphaF(_HIDING if self._hides else _SHOWING)
        painter.fillPath(covered, tint)
        painter.setClipPath(covered)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(_HATCH, _HATCH_WIDTH))
        # Not one of Qt's patterns: their lines are a screen pixel wide, which is nothing on a fine screen.
        rect = self.image_rect()
        left, bottom = rect.left(), rect.bottom()
        for line in range(int((rect.width() + rect.height()) / _HATCH_STEP) + 1):
            along = line * _HATCH_STEP
            painter.drawLine(QPointF(left + along, bottom), QPointF(left, bottom - along))

    def _covered_area(self) -> QPainterPath:
        """Return the covered pixels, their edges on screen pixels."""
        rect, ratio = self.image_rect(), self.devicePixelRatioF()
        rows, columns = self._covered.shape
        across = [round((rect.left() + rect.width() * each / columns) * ratio) / ratio for each in range(columns + 1)]
        down = [round((rect.top() + rect.height() * each / rows) * ratio) / ratio for each in range(rows + 1)]
        area = QPainterPath()
        for row in range(rows):
            edges = np.flatnonzero(np.diff(np.concatenate(([0], self._covered[row].view(np.int8), [0]))))
            for begin, end in edges.reshape(-1, 2):
                area.addRect(across[begin], down[row], across[end] - across[begin], down[row + 1] - down[row])
        return area

    # --- the brush

    def event(self, event: QEvent) -> bool:
        """Take a finger's touches for the brush; those of a touch pad lie nowhere on the picture."""
        if (
            isinstance(event, QTouchEvent)
            and self._has_brush
            and event.device().type() != QInputDevice.DeviceType.TouchPad
        ):
            self._touch(event)
            return True
        return super().event(event)

    def _touch(self, event: QTouchEvent) -> None:
        event.accept()
        self._was_touched = True
        for point in event.points():
            if point.state() == QEventPoint.State.Pressed and self._last is None:
                self._touch_id = point.id()
                self._begin(point.position(), event.modifiers())
            elif point.id() == self._touch_id:
                self._go_on(point.position())
                if point.state() == QEventPoint.State.Released:
                    self._last = None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to cover, or to uncover."""
        if not self._has_brush:
            super().mousePressEvent(event)
        elif event.button() == Qt.MouseButton.LeftButton and not self._is_echo(event):
            self._begin(event.position(), event.modifiers())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Cover or uncover what lies on the way."""
        super().mouseMoveEvent(event)
        if event.buttons() & Qt.MouseButton.LeftButton and not self._is_echo(event):
            self._go_on(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Take the brush away."""
        if not self._has_brush:
            super().mouseReleaseEvent(event)
        elif event.button() == Qt.MouseButton.LeftButton:
            self._last = None

    def _is_echo(self, event: QMouseEvent) -> bool:
        """Tell whether a mouse event only repeats a touch: it would uncover again what the finger has covered."""
        is_made_up = event.source() != Qt.MouseEventSource.MouseEventNotSynthesized
        return self._was_touched and (is_made_up or event.device().type() == QInputDevice.DeviceType.TouchScreen)

    def _begin(self, pos: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        pixel = self.pixel_at(pos)
        image = self.image()
        if pixel is None or image is None:
            return
        if self._covered.shape != (image.height(), image.width()):
            self._covered = np.zeros((image.height(), image.width()), dtype=np.bool_)
        self._covers = not (self._covered[pixel] or modifiers & Qt.KeyboardModifier.ShiftModifier)
        self._last = pixel
        self._brush_to(pixel)

    def _go_on(self, pos: QPointF) -> None:
        if self._last is None:
            return
        # Beside the picture it goes on along the edge.
        rect = self.image_rect()
        inside = QPointF(
            min(max(pos.x(), rect.left()), rect.right() - _SMALL), min(max(pos.y(), rect.top()), rect.bottom() - _SMALL)
        )
        pixel = self.pixel_at(inside)
        if pixel is not None and pixel != self._last:
            self._brush_to(pixel)

    def _brush_to(self, pixel: tuple[int, int]) -> None:
        begin = self._last or pixel
        self._last = pixel
        covered = brush(self._covered, begin, pixel, covers=self._covers)
        if not np.array_equal(covered, self._covered):
            self.set_covered(covered)
            self.brushed.emit(covered)


_SMALL = 0.01
