"""Paper to draw on: what lies on it, what it is drawn with, and how it looks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from rbm_studio.app.drawing import Drawing, DrawingHistory
from rbm_studio.app.ink import InkedPaper, draw_hint, draw_paper, place_on_paper
from rbm_studio.app.pictures import DrawnPicture
from rbm_studio.app.tools import Tool
from rbm_studio.data.pen import SIDE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rbm_studio.data.handwriting import Stroke

_FRAME = 2
_PRINTED_SIDE = 10 * SIDE


class Paper(QWidget):
    """Square black paper with white strokes or a picture on it, as in MNIST; what draws on it is up to a subclass.

    Parameters
    ----------
    parent : QWidget, optional

    Attributes
    ----------
    strokes_changed : Signal()
        What lies on the paper looks different: a point was added, strokes or the picture came or went, or the pen's
        width is another.
    history_changed : Signal()
        `can_undo` or `can_redo` may have changed.
    tool_changed : Signal(Tool)
        `tool` is another.
    pen_width_changed : Signal(float)
        `pen_width` is another.
    """

    strokes_changed = Signal()
    history_changed = Signal()
    tool_changed = Signal(Tool)
    pen_width_changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._history = DrawingHistory()
        self._ink = InkedPaper()
        self._tool = Tool.PEN
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def can_undo(self) -> bool:
        """Whether `undo` would change anything."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether `redo` would change anything."""
        return self._history.can_redo

    @property
    def tool(self) -> Tool:
        """What the next stroke does; the eraser's end of a tablet's pen erases whatever this is."""
        return self._tool

    def set_tool(self, tool: Tool) -> None:
        """Choose what the next stroke does; one in progress goes on as it began."""
        if tool is not self._tool:
            self._tool = tool
            self.tool_changed.emit(tool)

    @property
    def pen_width(self) -> float:
        """Width of the pen in pixels of a 28-pixel image; the eraser is twice as wide."""
        return self._ink.pen_width

    def set_pen_width(self, width: float) -> None:
        """Set the pen's width, of strokes drawn already too; `InkedPaper.set_pen_width` tells its unit and errors."""
        if width == self._ink.pen_width:
            return
        self._ink.set_pen_width(width)
        self.update()
        self.pen_width_changed.emit(width)
        if self._history.strokes():
            self.strokes_changed.emit()

    def strokes(self) -> list[Stroke]:
        """Return the strokes, the one being drawn included, their points in 0..1 of the paper, y down.

        They are the pen's and the eraser's; on a picture the eraser's alone, which `picture` has applied already.
        """
        return self._history.strokes()

    def set_strokes(self, strokes: Iterable[Stroke]) -> None:
        """Replace what lies on the paper by strokes with points in 0..1; can be undone."""
        self._replace(Drawing(strokes=tuple(stroke for stroke in strokes if len(stroke.points))))

    def picture(self) -> QImage | None:
        """Return the picture that lies on the paper instead of strokes, without what was erased of it, or None."""
        return self._ink.picture(self._history)

    def sheet(self, name: str) -> DrawnPicture:
        """Return the paper as it is now, without its frame, to be copied or saved under a name."""
        drawing, pen_width = replace(self._history.current, strokes=tuple(self.strokes())), self.pen_width
        size = QSize(_PRINTED_SIDE, _PRINTED_SIDE)
        return DrawnPicture(name, size, lambda painter: draw_paper(painter, drawing, pen_width, _PRINTED_SIDE))

    @property
    def picture_is_imported(self) -> bool:
        """Whether there is a picture and it came from outside, so that it is not made as the data set's images are."""
        return self._history.current.is_imported

    def set_picture(self, image: QImage | None, *, imported: bool = False) -> None:
        """Put a picture on the paper instead of the strokes; None takes a picture away. Can be undone."""
        if image is not None and not image.isNull():
            self._replace(Drawing(picture=QImage(image), is_imported=imported))
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

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame, the paper and the stroke in progress."""
        painter = QPainter(self)
        rect = self.paper_rect()
        role = QPalette.ColorRole.Accent if self.hasFocus() else QPalette.ColorRole.PlaceholderText
        painter.fillRect(rect.adjusted(-_FRAME, -_FRAME, _FRAME, _FRAME), self.palette().color(role))
        self._ink.paint(painter, rect, self._history, self.devicePixelRatioF(), event.rect().toRectF())
        if self._history.is_empty():
            draw_hint(painter, rect, self.tr("Draw a digit here"))

    def _begin_stroke(self, pos: QPointF, pressure: float | None, *, erases: bool) -> bool:
        """Begin a stroke at a place on the paper, and tell whether one began: on bare paper there is none to erase."""
        if erases and self._history.current.is_empty():
            return False
        if self._history.current.picture is not None and not erases:
            self._ink.forget()
        self._history.begin_stroke(*place_on_paper(pos, self.paper_rect()), pressure, erases=erases)
        self.update()
        self.strokes_changed.emit()
        self.history_changed.emit()
        return True

    def _add_point(self, pos: QPointF, pressure: float | None = None) -> None:
        rect = self.paper_rect()
        last, place = self._history.points[-1], place_on_paper(pos, rect)
        if self._history.extend_stroke(*place, pressure):
            inked = self._ink.inked_rect(last, place, rect.width())
            self.update(inked.translated(rect.topLeft()).toAlignedRect())
            self.strokes_changed.emit()

    def _end_stroke(self) -> None:
        stroke = self._history.in_progress
        if stroke is not None:
            self._ink.add_stroke(stroke, self.paper_rect().width())
            self._history.end_stroke()
            self.history_changed.emit()

    def _drop_stroke(self) -> None:
        """Forget the stroke in progress."""
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
