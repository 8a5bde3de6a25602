"""Paper to draw a digit on, with mouse, finger or pen, and to drop or paste a picture on."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QEventPoint,
    QGuiApplication,
    QHideEvent,
    QInputDevice,
    QKeyEvent,
    QMouseEvent,
    QPointerEvent,
    QPointingDevice,
    QResizeEvent,
    QTabletEvent,
    QTouchEvent,
)

from rbm_studio.app.canvas_keys import key_action
from rbm_studio.app.drawing import Drawing
from rbm_studio.app.paper import Paper
from rbm_studio.app.picture_import import PictureImport, has_picture, is_for_the_window, local_file
from rbm_studio.app.tools import Tool, tool_cursor
from rbm_studio.data.handwriting import ERASER_WIDTH
from rbm_studio.data.pen import SIDE
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtCore import QMimeData
    from PySide6.QtGui import QImage
    from PySide6.QtWidgets import QWidget


class _Source(Enum):
    MOUSE = auto()
    TOUCH = auto()
    PEN = auto()


class DrawingCanvas(Paper):
    """Square black paper on which mouse, finger and pen leave white strokes, as in MNIST, or take them away.

    A pointer that leaves the paper while it draws goes on along the paper's edge. A pen or finger whose pressure is
    measured draws wider lines the harder it is pressed. The other end of a tablet's pen erases.

    While the canvas has the keyboard's focus, P chooses the pen and E the eraser, [ and ] make the pen narrower and
    wider, Ctrl+Z undoes, Ctrl+Shift+Z and Ctrl+Y redo, Delete and Backspace clear, and Ctrl+V pastes a picture.

    A picture, dropped or pasted, takes the place of what lay on the paper. It becomes a grey square of at most 512 px,
    light on black whichever way round it was, and `picture_is_imported` tells it from the data set's own images. Files
    that are models or data sets by their names are left to the window.

    Parameters
    ----------
    parent : QWidget, optional

    Attributes
    ----------
    strokes_changed, history_changed, tool_changed, pen_width_changed
        As `Paper` has them.
    failed : Signal(Exception)
        Why a picture could not be used.
    noticed : Signal(str)
        What was done to a picture that was used.
    """

    failed = Signal(object)
    noticed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source: _Source | None = None
        self._touch_id = -1
        self._has_direct_input = False
        self._shown_width: tuple[float, float] | None = None
        self._import = PictureImport(self)
        self._import.imported.connect(self._use_imported)
        self._import.failed.connect(self.failed)
        self.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        # A move without a button is how a release that went elsewhere is noticed.
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setAccessibleName(self.tr("Drawing paper"))
        self.setToolTip(
            self.tr(
                "Draw a digit here, or drop or paste (Ctrl+V) a picture of one; dark on light is inverted.\n"
                "P: pen. E: eraser, as is the other end of a tablet's pen. [ and ]: width.\n"
                "Undo: Ctrl+Z. Redo: Ctrl+Shift+Z or Ctrl+Y. Clear: Delete."
            )
        )
        self.tool_changed.connect(self._show_tool)
        self.pen_width_changed.connect(self._show_tool)
        self._show_tool()

    # --- pictures

    def open_picture(self, path: Path) -> None:
        """Put a picture from a file on the paper; it comes a little later, or `failed` says why not."""
        self._import.take_file(path)

    def paste(self) -> None:
        """Put the clipboard's picture, or picture file, on the paper; it comes a little later, or `failed`."""
        mime = QGuiApplication.clipboard().mimeData()
        path = local_file(mime)
        if path is not None:
            self.open_picture(path)
        elif has_picture(mime):
            self._import.take_copied(mime)
        else:
            self.failed.emit(
                RBMStudioError(
                    "The clipboard holds no picture.",
                    "Copy a picture, or an image file such as a PNG or JPEG, and paste again.",
                )
            )

    def shut_down(self) -> None:
        """Wait for a picture that is being read, and take none any more."""
        self._import.shut_down()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take pictures; models and data sets go to the window."""
        if _is_picture(event.mimeData()):
            # The file stays where it is, whatever the file manager proposes.
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        else:
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:
        """Put the picture that was dropped on the paper."""
        mime = event.mimeData()
        if not _is_picture(mime):
            event.ignore()
            return
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        path = local_file(mime)
        if path is not None:
            self.open_picture(path)
        else:
            self._import.take_copied(mime)

    def _use_imported(self, picture: QImage, inverted: bool) -> None:
        self._replace(Drawing(picture=picture, is_imported=True))
        if inverted:
            self.noticed.emit(self.tr("The picture was dark on light: it is shown inverted, as MNIST's digits are."))

    # --- keys

    def event(self, event: QEvent) -> bool:
        """Take touches, and keep the canvas's keys from shortcuts of the window."""
        # A touch pad moves the mouse; its own touches lie nowhere on the paper.
        if isinstance(event, QTouchEvent) and event.device().type() != QInputDevice.DeviceType.TouchPad:
            self._touch(event)
            return True
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and key_action(self, event):
            event.accept()
            return True
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._show_tool()
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Do what the key stands for."""
        action = key_action(self, event)
        if action is None:
            super().keyPressEvent(event)
        else:
            action()

    # --- pointers

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a stroke with the left button."""
        if event.button() == Qt.MouseButton.LeftButton and not self._is_echo(event):
            self._begin(_Source.MOUSE, event.position(), None, erases=self.tool is Tool.ERASER)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Draw on."""
        if self._source is not _Source.MOUSE:
            self._show_tool()
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
        """Draw or erase with a tablet's pen; an accepted event brings no mouse event with it."""
        event.accept()
        erases = self.tool is Tool.ERASER or event.pointerType() == QPointingDevice.PointerType.Eraser
        self._show_width(erases=erases)
        left = Qt.MouseButton.LeftButton
        if event.type() == QEvent.Type.TabletPress and event.button() == left:
            self._has_direct_input = True
            self._begin(_Source.PEN, event.position(), _pressure(event, event.pressure()), erases=erases)
        elif self._source is _Source.PEN:
            # A pen that leaves the paper presses no more; that is no part of the line.
            ends = event.type() == QEvent.Type.TabletRelease and event.button() == left
            self._add_point(event.position(), None if ends else _pressure(event, event.pressure()))
            if ends:
                self._end_stroke()

    def hideEvent(self, event: QHideEvent) -> None:
        """End the stroke: its release would not come."""
        self._end_stroke()
        super().hideEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show the tool as wide as it is on paper of this size."""
        super().resizeEvent(event)
        self._show_tool()

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
            pressure = _pressure(event, point.pressure())
            if point.state() == QEventPoint.State.Pressed and self._source is None:
                self._touch_id = point.id()
                self._begin(_Source.TOUCH, point.position(), pressure, erases=self.tool is Tool.ERASER)
            elif self._is_followed(point):
                ends = point.state() == QEventPoint.State.Released
                self._add_point(point.position(), None if ends else pressure)
                if ends:
                    self._end_stroke()

    def _is_followed(self, point: QEventPoint) -> bool:
        is_moving = point.state() in (QEventPoint.State.Updated, QEventPoint.State.Released)
        return self._source is _Source.TOUCH and point.id() == self._touch_id and is_moving

    def _begin(self, source: _Source, pos: QPointF, pressure: float | None, *, erases: bool) -> None:
        if self._source is not None or not self.paper_rect().contains(pos):
            return
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if self._begin_stroke(pos, pressure, erases=erases):
            self._source = source

    def _end_stroke(self) -> None:
        self._source = None
        super()._end_stroke()

    def _drop_stroke(self) -> None:
        """Forget a finger's stroke: the system took the touch for a gesture of its own."""
        if self._source is _Source.TOUCH:
            self._source = None
            super()._drop_stroke()

    # --- the pointer's look

    def _show_tool(self) -> None:
        self._show_width(erases=self.tool is Tool.ERASER)

    def _show_width(self, *, erases: bool) -> None:
        width = self.pen_width / SIDE * self.paper_rect().width() * (ERASER_WIDTH if erases else 1)
        look = (width, self.devicePixelRatioF())
        if look != self._shown_width:
            self._shown_width = look
            self.setCursor(tool_cursor(*look))


def _pressure(event: QPointerEvent, pressure: float) -> float | None:
    """Return a pressure from 0 to 1, or None where the device does not measure it, whatever it says."""
    measured = QInputDevice.Capability.Pressure in event.pointingDevice().capabilities()
    return min(max(pressure, 0.0), 1.0) if measured else None


def _is_picture(mime: QMimeData) -> bool:
    path = local_file(mime)
    return has_picture(mime) if path is None else not is_for_the_window(path)
