"""From a pointer move on the canvas to the painted reconstruction, 784×512, idle and while training."""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject

from benchmarks.driven_window import DrivenWindow
from benchmarks.hand import Hand
from benchmarks.isolation import measure, screens
from benchmarks.table import Row, milliseconds, verdict
from benchmarks.timing import percentile
from rbm_studio.app.panels.draw_panel import DrawPanel

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from rbm_studio.app.image_view import ImageView

HIDDEN_NUM = 512
BATCH_SIZES = (100, 1000)
IDLE_LIMIT_S, TRAINING_LIMIT_S = 0.016, 0.033

_PERCENT = 95
_ROUNDS, _QUICK_ROUNDS = 2, 1
_PHASE_S = 4.0


def run(quick: bool) -> list[Row]:
    """Measure on each screen that there is."""
    rows = []
    for screen, environment in screens().items():
        rounds = str(_QUICK_ROUNDS if quick else _ROUNDS)
        figures = measure("reconstruction_latency", rounds, environment=environment)
        rows.append(_row(f"idle, {screen}", figures["idle"], IDLE_LIMIT_S))
        for batch_size in BATCH_SIZES:
            name = f"training in batches of {batch_size}, {screen}"
            rows.append(_row(name, figures[f"{batch_size}"], TRAINING_LIMIT_S))
    return rows


def _row(name: str, seconds: float, limit: float) -> Row:
    return Row(
        f"stroke to painted reconstruction, {_PERCENT}th percentile, {name}",
        milliseconds(seconds),
        target=f"< {1e3 * limit:.0f} ms",
        verdict=verdict(seconds < limit),
    )


class _PaintWatch(QObject):
    """Tells when a picture that is newer than a move has been painted."""

    def __init__(self, view: ImageView) -> None:
        super().__init__()
        self.latencies: list[float] = []
        self._view = view
        self._waiting: deque[tuple[float, QImage | None]] = deque()
        view.installEventFilter(self)

    def expect(self, moved_at: float) -> None:
        """Wait for the first painting of another picture than the present one, which does not know the move yet."""
        self._waiting.append((moved_at, self._view.image()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the view paint, and look at the clock when it has."""
        if event.type() != QEvent.Type.Paint:
            return False
        watched.event(event)
        now, painted = time.perf_counter(), self._view.image()
        while self._waiting and self._waiting[0][1] is not painted:
            moved_at, _ = self._waiting.popleft()
            self.latencies.append(now - moved_at)
        return True


def main(rounds: int) -> None:
    """Measure in this process: idle and training in turns, in one window; print the figures."""
    driven = DrivenWindow(HIDDEN_NUM)
    panel = driven.window.panel("draw")
    if not isinstance(panel, DrawPanel):
        raise TypeError("the window has no panel to draw on")
    watch = _PaintWatch(panel.reconstruction)
    hand = Hand(panel.canvas, watch.expect)
    found: dict[str, list[float]] = {"idle": [], **{str(batch_size): [] for batch_size in BATCH_SIZES}}

    def draw(name: str) -> None:
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
