"""From a pointer move on the canvas to the painted reconstruction, 784×512: idle, in training, with chains running."""

from __future__ import annotations

import json
import math
import sys
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from benchmarks.driven_window import DrivenWindow, spend
from benchmarks.isolation import measure, screens
from benchmarks.table import Row, milliseconds, verdict
from benchmarks.timing import percentile
from rbm_studio.app.chain_controls import SPEEDS
from rbm_studio.app.cover import Part
from rbm_studio.app.panels.draw_panel import DrawPanel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rbm_studio.app.canvas import DrawingCanvas
    from rbm_studio.app.drawings import Drawings
    from rbm_studio.app.image_view import ImageView
    from rbm_studio.app.lab_chain import LabChain

HIDDEN_NUM = 512
BATCH_SIZES = (100, 1000)
MOVE_INTERVAL_S = 0.008
"""Between pointer moves: 125 a second, as a usual mouse sends."""
IDLE_LIMIT_S, TRAINING_LIMIT_S = 0.016, 0.033
CHAIN_NUM = 16
"""Chains with the right half of the pixels free, run as fast as the panel lets them."""

_PERCENT = 95
_ROUNDS, _QUICK_ROUNDS = 2, 1
_PHASE_S = 4.0
_DRAIN_S = 0.3
_WITH_CHAINS = "+chains"
_MOVES_A_STROKE = 90
_STROKES_A_DRAWING = 2


def run(quick: bool) -> list[Row]:
    """Measure on each screen that there is."""
    rows = []
    for screen, environment in screens().items():
        rounds = str(_QUICK_ROUNDS if quick else _ROUNDS)
        figures = measure("reconstruction_latency", rounds, environment=environment)
        for chains, beside in (("", ""), (_WITH_CHAINS, f" beside {CHAIN_NUM} clamped chains")):
            rows.append(_row(f"idle{beside}, {screen}", figures["idle" + chains], IDLE_LIMIT_S))
            for batch_size in BATCH_SIZES:
                name = f"training in batches of {batch_size}{beside}, {screen}"
                rows.append(_row(name, figures[f"{batch_size}{chains}"], TRAINING_LIMIT_S))
    return rows


def _row(name: str, seconds: float, limit: float) -> Row:
    return Row(
        f"stroke to painted reconstruction, {_PERCENT}th percentile, {name}",
        milliseconds(seconds),
        target=f"< {1e3 * limit:.0f} ms",
        verdict=verdict(seconds < limit),
    )


class _PaintWatch(QObject):
    """Tells when a picture that knows of a move has been painted."""

    def __init__(self, view: ImageView, drawings: Drawings) -> None:
        super().__init__()
        self.latencies: list[float] = []
        self._waiting: deque[float] = deque()
        self._seen: deque[float] = deque()
        view.installEventFilter(self)
        # In the same breath the panel reconstructs it: what is painted from then on knows it. Other pictures do not
        # count: running chains bring some that a move has no part in.
        drawings.changed.connect(self._see)

    def expect(self, moved_at: float) -> None:
        """Wait for the first painting after the network has seen the move."""
        self._waiting.append(moved_at)

    def _see(self) -> None:
        self._seen += self._waiting
        self._waiting.clear()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the view paint, and look at the clock when it has."""
        if event.type() != QEvent.Type.Paint:
            return False
        watched.event(event)
        now = time.perf_counter()
        self.latencies += [now - moved_at for moved_at in self._seen]
        self._seen.clear()
        return True


class _Hand(QObject):
    """Draws one figure of eight after the other, at the speed of a mouse."""

    def __init__(self, canvas: DrawingCanvas, watch: _PaintWatch) -> None:
        super().__init__()
        self._canvas = canvas
        self._watch = watch
        self._moves = 0
        self._due = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(round(1000 * MOVE_INTERVAL_S))
        self._timer.timeout.connect(self._catch_up)

    def draw_for(self, seconds: float) -> None:
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
            self._watch.expect(self._due)
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


@contextmanager
def _chains(lab: LabChain) -> Iterator[None]:
    lab.set_count(CHAIN_NUM)
    lab.cover(Part.RIGHT)
    lab.set_speed(SPEEDS[-1])
    lab.run()
    yield
    lab.pause()
    lab.cover(Part.NOTHING)


def main(rounds: int) -> None:
    """Measure in this process: idle and training in turns, in one window; print the figures."""
    driven = DrivenWindow(HIDDEN_NUM)
    panel = driven.window.panel("draw")
    if not isinstance(panel, DrawPanel):
        raise TypeError("the window has no panel to draw on")
    watch = _PaintWatch(panel.reconstruction, driven.session.drawings)
    hand = _Hand(panel.canvas, watch)
    names = ["idle", *map(str, BATCH_SIZES)]
    found: dict[str, list[float]] = {name + chains: [] for name in names for chains in ("", _WITH_CHAINS)}

    def draw(name: str) -> None:
        draw_alone(name)
        with _chains(panel.lab):
            draw_alone(name + _WITH_CHAINS)

    def draw_alone(name: str) -> None:
        hand.draw_for(_PHASE_S)
        found[name] += watch.latencies
        watch.latencies.clear()

    for _ in range(rounds):
        draw("idle")
        for batch_size in BATCH_SIZES:
            with driven.training(batch_size):
                draw(str(batch_size))
    driven.end()
    print(json.dumps({name: percentile(latencies, _PERCENT) for name, latencies in found.items()}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
