"""A hand that draws on the canvas with the mouse."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from benchmarks.driven_window import spend

if TYPE_CHECKING:
    from collections.abc import Callable

    from rbm_studio.app.canvas import DrawingCanvas

MOVE_INTERVAL_S = 0.008
"""Between pointer moves: 125 a second, as a usual mouse sends."""

_DRAIN_S = 0.3
_MOVES_A_STROKE = 90
_STROKES_A_DRAWING = 2


class Hand(QObject):
    """Draws one figure of eight after the other, at the speed of a mouse.

    Parameters
    ----------
    canvas : DrawingCanvas
    moved : callable, optional
        Called before each move, with the time at which it was due.
    """

    def __init__(self, canvas: DrawingCanvas, moved: Callable[[float], None] | None = None) -> None:
        super().__init__()
        self._canvas = canvas
        self._moved = moved
        self._moves = 0
        self._due = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(round(1000 * MOVE_INTERVAL_S))
        self._timer.timeout.connect(self._catch_up)

    def draw_for(self, seconds: float) -> None:
        """Draw for a time, and clear the canvas."""
        self._due = time.perf_counter()
        self._timer.start()
        spend(seconds)
        self._timer.stop()
        self._send(QEvent.Type.MouseButtonRelease, Qt.MouseButton.LeftButton)
        self._moves = 0
        self._canvas.clear()
        spend(_DRAIN_S)

    def _catch_up(self) -> None:
        # A hand does not wait for a late window: each move counts from when it was due.
        while self._due <= time.perf_counter():
            self._move()
            self._due += MOVE_INTERVAL_S

    def _move(self) -> None:
        step = self._moves % _MOVES_A_STROKE
        if step == 0:
            if self._moves % (_STROKES_A_DRAWING * _MOVES_A_STROKE) == 0:
                self._canvas.clear()
            self._send(QEvent.Type.MouseButtonPress, Qt.MouseButton.LeftButton)
        else:
            if self._moved is not None:
                self._moved(self._due)
            self._send(QEvent.Type.MouseMove, Qt.MouseButton.NoButton)
        if step == _MOVES_A_STROKE - 1:
            self._send(QEvent.Type.MouseButtonRelease, Qt.MouseButton.LeftButton)
        self._moves += 1

    def _send(self, kind: QEvent.Type, button: Qt.MouseButton) -> None:
        held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else Qt.MouseButton.LeftButton
        place = self._place()
        everywhere = self._canvas.mapToGlobal(place)
        event = QMouseEvent(kind, place, place, everywhere, button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self._canvas, event)

    def _place(self) -> QPointF:
        stroke, step = divmod(self._moves, _MOVES_A_STROKE)
        angle = 2 * math.pi * step / _MOVES_A_STROKE + stroke
        paper = self._canvas.paper_rect()
        across, down = 0.5 + 0.2 * math.sin(2 * angle), 0.5 - 0.32 * math.cos(angle)
        return QPointF(paper.left() + across * paper.width(), paper.top() + down * paper.height())
