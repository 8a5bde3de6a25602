"""One picture of a few pixels, shown large and sharp."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from rbm_studio.app.painting import draw_placeholder

# A picture is shown at a whole number of screen pixels per image pixel, so that all look alike in size, unless that
# made it smaller than this share of the room that there is.
_LEAST_SHARE = 0.8
_FRAME = 1.0


class ImageView(QWidget):
    """Shows a `QImage`, its pixels as sharp squares, in its own aspect, centred, in a thin frame.

    Parameters
    ----------
    parent : QWidget, optional

    Attributes
    ----------
    hovered : Signal(int, int)
        Row and column of the image pixel that the pointer has come upon.
    left : Signal()
        The pointer has left the image, or the image has gone.
    clicked : Signal(int, int)
        Row and column of the image pixel that was clicked with the left button.
    """

    hovered = Signal(int, int)
    left = Signal()
    clicked = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: QImage | None = None
        self._placeholder = ""
        self._hovered: tuple[int, int] | None = None
        self._pressed = False
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Picture"))

    def image(self) -> QImage | None:
        """Return the image that is shown, or None."""
        return self._image

    def picture(self) -> QImage:
        """Return the image to copy or save; a null image where there is none."""
        return QImage() if self._image is None else self._image

    def set_image(self, image: QImage | None) -> None:
        """Show another image; None or a null image brings the placeholder back."""
        self._image = None if image is None or image.isNull() else image
        if self._hovered is not None and not self._holds(self._hovered):
            self._hover(None)
        self.update()

    def set_placeholder(self, text: str) -> None:
        """Set the text that stands where there is no image."""
        self._placeholder = text
        self.update()

    def image_rect(self) -> QRectF:
        """Return where the image lies in the widget, its edges on screen pixels; empty where there is none."""
        if self._image is None:
            return QRectF()
        ratio = self.devicePixelRatioF()
        width, height = self._image.width(), self._image.height()
        room_width = max(self.width() - 2 * _FRAME, 1) * ratio
        room_height = max(self.height() - 2 * _FRAME, 1) * ratio
        scale = min(room_width / width, room_height / height)
        if math.floor(scale) >= _LEAST_SHARE * scale:
            scale = math.floor(scale)
        shown_width, shown_height = max(round(width * scale), 1), max(round(height * scale), 1)
        left = round((self.width() * ratio - shown_width) / 2)
        top = round((self.height() * ratio - shown_height) / 2)
        return QRectF(left / ratio, top / ratio, shown_width / ratio, shown_height / ratio)

    def pixel_at(self, pos: QPointF) -> tuple[int, int] | None:
        """Return the row and column of the image pixel at a place of the widget, or None beside the image."""
        rect = self.image_rect()
        if self._image is None or not rect.contains(pos):
            return None
        row = int((pos.y() - rect.top()) / rect.height() * self._image.height())
        column = int((pos.x() - rect.left()) / rect.width() * self._image.width())
        return min(row, self._image.height() - 1), min(column, self._image.width() - 1)

    def pixel_rect(self, pixel: tuple[int, int]) -> QRectF:
        """Return where an image pixel, of a row and column, lies in the widget; empty where there is no such one."""
        rect = self.image_rect()
        if self._image is None or not self._holds(pixel):
            return QRectF()
        width, height = rect.width() / self._image.width(), rect.height() / self._image.height()
        return QRectF(rect.left() + pixel[1] * width, rect.top() + pixel[0] * height, width, height)

    def sizeHint(self) -> QSize:
        """Return a size at which 28 pixels are shown threefold."""
        return QSize(96, 96)

    def minimumSizeHint(self) -> QSize:
        """Return the least size at which a digit can still be read."""
        return QSize(48, 48)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the image or the placeholder, and the frame."""
        painter = QPainter(self)
        half = _FRAME / 2
        if self._image is None:
            framed = QRectF(self.rect()).adjusted(half, half, -half, -half)
            draw_placeholder(painter, framed, self._placeholder, self.palette())
        else:
            target = self.image_rect()
            shrinks = target.width() * self.devicePixelRatioF() < self._image.width()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, shrinks)
            painter.drawImage(target, self._image)
            framed = target.adjusted(-half, -half, half, half)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), _FRAME))
        painter.drawRect(framed)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell which pixel the pointer is on, when it has changed."""
        self._hover(self.pixel_at(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click."""
        self._pressed = event.button() == Qt.MouseButton.LeftButton and self.pixel_at(event.position()) is not None

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a click on the pixel under the pointer."""
        pixel = self.pixel_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and self._pressed and pixel is not None:
            self.clicked.emit(*pixel)
        self._pressed = False

    def leaveEvent(self, _event: QEvent) -> None:
        """Tell that the pointer has left."""
        self._hover(None)

    def _hover(self, pixel: tuple[int, int] | None) -> None:
        if pixel == self._hovered:
            return
        self._hovered = pixel
        if pixel is None:
            self.left.emit()
        else:
            self.hovered.emit(*pixel)

    def _holds(self, pixel: tuple[int, int]) -> bool:
        return self._image is not None and pixel[0] < self._image.height() and pixel[1] < self._image.width()
