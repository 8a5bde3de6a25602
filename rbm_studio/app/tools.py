"""What one draws with: the pen and the eraser, how wide they may be, and their cursor."""

from __future__ import annotations

from enum import Enum, auto

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QCursor, QPainter, QPen, QPixmap

PEN_WIDTH_RANGE = (1.0, 4.5)
"""Least and greatest width of the pen that the keys and a slider offer, in pixels of a 28-pixel image."""

PEN_WIDTH_STEP = 0.5
"""By which the keys change the width, in the same unit."""

_CROSS = 4.0  # half its height, in px
_LARGEST_CURSOR = 128  # px; some systems cut larger ones


class Tool(Enum):
    """What a stroke does to the paper."""

    PEN = auto()
    ERASER = auto()


def tool_cursor(diameter: float, ratio: float) -> QCursor:
    """Return a cursor that shows how wide a tool is.

    Parameters
    ----------
    diameter : float
        Width of the tool, in px.
    ratio : float
        Screen pixels per px.

    Returns
    -------
    QCursor
        A circle around a small cross; the cross alone where the circle would be larger than systems allow.
    """
    side = int(max(diameter, 2 * _CROSS)) + 6
    if side > _LARGEST_CURSOR:
        return QCursor(Qt.CursorShape.CrossCursor)
    # An odd number of pixels has one in the middle, which the pointer points with.
    pixels = int(side * ratio) // 2 * 2 + 1
    pixmap = QPixmap(pixels, pixels)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(pixels / 2, pixels / 2)
    painter.scale(ratio, ratio)
    # Dark around light: it has to be seen on ink and on paper.
    for colour, width in ((QColor(0, 0, 0), 3.0), (QColor(255, 255, 255), 1.0)):
        painter.setPen(QPen(colour, width))
        painter.drawEllipse(QPointF(0, 0), diameter / 2, diameter / 2)
        painter.drawLine(QPointF(-_CROSS, 0), QPointF(_CROSS, 0))
        painter.drawLine(QPointF(0, -_CROSS), QPointF(0, _CROSS))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return QCursor(pixmap)
