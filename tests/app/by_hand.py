"""What a hand does to the drawing canvas: mouse, fingers and pens, and what is then seen there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QInputDevice, QMouseEvent, QPointingDevice, QTabletEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from rbm_studio.app.images import grey_image
from rbm_studio.data.handwriting import Stroke, render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rbm_studio.app.canvas import DrawingCanvas

LEFT, RIGHT, NO_BUTTON = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.NoButton
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
NO_MODIFIER = Qt.KeyboardModifier.NoModifier
Place = tuple[float, float]


def at(canvas: DrawingCanvas, place: Place) -> QPoint:
    """Return the widget's point for a place in 0..1 of the paper."""
    rect = canvas.paper_rect()
    return QPointF(rect.left() + place[0] * rect.width(), rect.top() + place[1] * rect.height()).toPoint()


def drag(canvas: DrawingCanvas, *places: Place) -> None:
    QTest.mousePress(canvas, LEFT, pos=at(canvas, places[0]))
    for place in places[1:]:
        move(canvas, at(canvas, place))
    QTest.mouseRelease(canvas, LEFT, pos=at(canvas, places[-1]))


def move(canvas: DrawingCanvas, pos: QPoint, buttons: Qt.MouseButton = LEFT) -> None:
    send_mouse(canvas, QEvent.Type.MouseMove, pos, NO_BUTTON, buttons)


def send_mouse(
    canvas: DrawingCanvas,
    kind: QEvent.Type,
    pos: QPoint,
    button: Qt.MouseButton,
    buttons: Qt.MouseButton,
    source: Qt.MouseEventSource = Qt.MouseEventSource.MouseEventNotSynthesized,
) -> None:
    local, everywhere = QPointF(pos), QPointF(canvas.mapToGlobal(pos))
    QApplication.sendEvent(canvas, QMouseEvent(kind, local, local, everywhere, button, buttons, NO_MODIFIER, source))


def echo(canvas: DrawingCanvas, *places: Place) -> None:
    """Send the mouse events that a system makes up after a touch or pen."""
    made_up = Qt.MouseEventSource.MouseEventSynthesizedBySystem
    send_mouse(canvas, QEvent.Type.MouseButtonPress, at(canvas, places[0]), LEFT, LEFT, made_up)
    for place in places[1:]:
        send_mouse(canvas, QEvent.Type.MouseMove, at(canvas, place), NO_BUTTON, LEFT, made_up)
    send_mouse(canvas, QEvent.Type.MouseButtonRelease, at(canvas, places[-1]), LEFT, NO_BUTTON, made_up)


def stylus(
    end: QPointingDevice.PointerType = QPointingDevice.PointerType.Pen, *, measures_pressure: bool = True
) -> QPointingDevice:
    """Return one end of a tablet's pen."""
    capability = QInputDevice.Capability
    capabilities = capability.Position | capability.Pressure if measures_pressure else capability.Position
    return QPointingDevice("pen", end.value, QInputDevice.DeviceType.Stylus, end, capabilities, 1, 3)


def pen(
    canvas: DrawingCanvas,
    kind: QEvent.Type,
    place: Place,
    button: Qt.MouseButton = LEFT,
    *,
    pressure: float = 0.5,
    device: QPointingDevice | None = None,
) -> None:
    """Send an event of a tablet's pen, by default of one that measures no pressure."""
    pos = QPointF(at(canvas, place))
    changed = NO_BUTTON if kind == QEvent.Type.TabletMove else button
    held = NO_BUTTON if kind == QEvent.Type.TabletRelease else button
    device = device or QPointingDevice.primaryPointingDevice()
    everywhere = canvas.mapToGlobal(pos)
    event = QTabletEvent(kind, device, pos, everywhere, pressure, 0, 0, 0, 0, 0, NO_MODIFIER, changed, held)
    QApplication.sendEvent(canvas, event)


def pen_stroke(canvas: DrawingCanvas, device: QPointingDevice, *samples: tuple[float, float, float]) -> None:
    """Draw with a tablet's pen through x, y and pressure; it is lifted where the last one is, without pressure."""
    kinds = [QEvent.Type.TabletPress, *[QEvent.Type.TabletMove] * (len(samples) - 1)]
    for kind, (x, y, pressure) in zip(kinds, samples, strict=True):
        pen(canvas, kind, (x, y), pressure=pressure, device=device)
    pen(canvas, QEvent.Type.TabletRelease, samples[-1][:2], pressure=0.0, device=device)


def points(canvas: DrawingCanvas) -> list[list[list[float]]]:
    return [np.round(stroke.points.astype(float), 2).tolist() for stroke in canvas.strokes()]


def is_ink(canvas: DrawingCanvas, *places: Place) -> bool:
    shown = canvas.grab().toImage()
    return all(shown.pixelColor(at(canvas, place)).lightness() > 250 for place in places)


def is_bare(canvas: DrawingCanvas, *places: Place) -> bool:
    shown = canvas.grab().toImage()
    return all(shown.pixelColor(at(canvas, place)) == QColor("black") for place in places)


def picture() -> QImage:
    return grey_image(np.full((28, 28), 255, dtype=np.uint8))


def stroke(*places: Place) -> Stroke:
    return Stroke(np.array(places, dtype=np.float32))


def touch_stroke(canvas: DrawingCanvas, screen: QPointingDevice, places: Sequence[Place], finger: int = 0) -> None:
    QTest.touchEvent(canvas, screen).press(finger, at(canvas, places[0]), canvas).commit()
    for place in places[1:]:
        QTest.touchEvent(canvas, screen).move(finger, at(canvas, place), canvas).commit()
    QTest.touchEvent(canvas, screen).release(finger, at(canvas, places[-1]), canvas).commit()


def thickness(canvas: DrawingCanvas, x: float) -> int:
    """Return how many px of ink there are in a column of the paper."""
    shown = canvas.grab().toImage()
    top, bottom = at(canvas, (x, 0.0)), at(canvas, (x, 1.0))
    return sum(shown.pixelColor(top.x(), y).lightness() > 128 for y in range(top.y(), bottom.y()))


def seen(canvas: DrawingCanvas, *, normalize: bool = True) -> NDArray[np.float32]:
    """Return what a network would see of the strokes."""
    return render(canvas.strokes(), pen_width=canvas.pen_width, normalize=normalize, canvas_size=1.0)
