"""A slider along a run: it stops at the moments that are kept, and at now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPalette, QPen
from PySide6.QtWidgets import QSlider, QWidget

from rbm_studio.app.theme import GRID, plot_colours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent, QWheelEvent

_PER_EPOCH = 100
"""Steps of the value that a screen reader is told."""
_RADIUS, _TICK, _GROOVE = 7.0, 5.0, 4.0
_LEAST_WIDTH = 16 * GRID
_WHEEL_CLICK = 120


class EpochSlider(QSlider):
    """Shows a run's epochs, the moments to stop at, and which of them is looked at.

    Left and Right go from one moment to the next, Home to the first, End to now; so do the wheel, a click, and a drag.

    Parameters
    ----------
    parent : QWidget, optional

    Attributes
    ----------
    chosen : Signal(int)
        A person wants to look at the stop of this number; that after the last is now.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._stops: tuple[float, ...] = ()
        self._now, self._end = 0.0, 1.0
        self._at: int | None = None
        self._turned = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumWidth(_LEAST_WIDTH)

    def show_run(self, stops: Sequence[float], now: float, end: float, at: float | None) -> None:
        """Show a run.

        Parameters
        ----------
        stops : sequence of float
            The epochs of the moments before now, in their order.
        now, end : float
            How far the run has come, and how far it will.
        at : float or None
            Which of the stops is looked at; now with None.
        """
        place = None if at is None else list(stops).index(at)
        shown = (tuple(stops), now, max(end, now) or 1.0, place)
        if shown != (self._stops, self._now, self._end, self._at):
            self._stops, self._now, self._end, self._at = shown
            self.setRange(0, round(self._end * _PER_EPOCH))
            self.setValue(round(self._epoch() * _PER_EPOCH))
            self.update()

    @property
    def place(self) -> int:
        """The number of the stop that is looked at; as many as there are: now."""
        return len(self._stops) if self._at is None else self._at

    def x_of(self, place: int) -> float:
        """Return where a stop is, in px from the left."""
        epoch = self._stops[place] if place < len(self._stops) else self._now
        return _RADIUS + epoch / self._end * (self.width() - 2 * _RADIUS)

    def sizeHint(self) -> QSize:
        """Return room for the ticks, and as much width as there is."""
        return QSize(60 * GRID, 3 * GRID)

    def minimumSizeHint(self) -> QSize:
        """Return the least room."""
        return QSize(_LEAST_WIDTH, 3 * GRID)

    def _epoch(self) -> float:
        return self._now if self._at is None else self._stops[self._at]

    def _go(self, place: int) -> None:
        place = min(max(place, 0), len(self._stops))
        if place != self.place:
            self.chosen.emit(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go along the moments; other keys are not the slider's."""
        key = event.key()
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Down: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: 1,
            Qt.Key.Key_PageDown: -5,
            Qt.Key.Key_PageUp: 5,
        }
        if key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self._go(0 if key == Qt.Key.Key_Home else len(self._stops))
        elif key in steps:
            self._go(self.place + steps[Qt.Key(key)])
        else:
            event.ignore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the moment nearest to the pointer."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._go_to(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the pointer."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go_to(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Stay where the pointer was."""
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Go along the moments, one with each click of the wheel."""
        self._turned += event.angleDelta().y() or event.angleDelta().x()
        clicks = int(self._turned / _WHEEL_CLICK)
        self._turned -= clicks * _WHEEL_CLICK
        if clicks:
            self._go(self.place + clicks)
        event.accept()

    def _go_to(self, position: QPointF) -> None:
        self._go(min(range(len(self._stops) + 1), key=lambda place: abs(self.x_of(place) - position.x())))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the run as a line, its moments as ticks, and what is looked at as a knob."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, middle = self.palette(), self.height() / 2
        colours = plot_colours(palette)
        text = palette.color(QPalette.ColorRole.WindowText)
        now, knob = self.x_of(len(self._stops)), self.x_of(self.place)
        painter.setPen(Qt.PenStyle.NoPen)

        def line(until: float, colour: QColor) -> None:
            painter.setBrush(colour)
            left = _RADIUS - _GROOVE / 2
            rectangle = QRectF(left, middle - _GROOVE / 2, until - left + _GROOVE / 2, _GROOVE)
            painter.drawRoundedRect(rectangle, _GROOVE / 2, _GROOVE / 2)

        line(self.width() - _RADIUS, palette.color(QPalette.ColorRole.PlaceholderText))
        if self.isEnabled():
            line(now, palette.color(QPalette.ColorRole.Accent))
        painter.setPen(QPen(text, 1.5))
        for place in range(len(self._stops)):
            x = self.x_of(place)
            painter.drawLine(QPointF(x, middle - _TICK), QPointF(x, middle + _TICK))
        looks_back = self._at is not None
        if looks_back:
            # Where the training is meanwhile.
            painter.setBrush(palette.color(QPalette.ColorRole.Base))
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Accent), 2))
            painter.drawEllipse(QPointF(now, middle), _RADIUS - 3, _RADIUS - 3)
        fill = colours.held_out if looks_back else palette.color(QPalette.ColorRole.Accent)
        painter.setBrush(fill)
        painter.setPen(QPen(palette.color(QPalette.ColorRole.Base), 1.5))
        painter.drawEllipse(QPointF(knob, middle), _RADIUS - 0.75, _RADIUS - 0.75)
