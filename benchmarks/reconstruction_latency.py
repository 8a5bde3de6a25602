"""From a pointer move on the canvas to the painted reconstruction, 784×512: idle, in training, with chains running."""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject

from benchmarks.driven_window import DrivenWindow
from benchmarks.hand import Hand
from benchmarks.isolation import measure, screens
from benchmarks.table import Row, milliseconds, verdict
from benchmarks.timing import percentile
from rbm_studio.app.chain_controls import SPEEDS
from rbm_studio.app.cover import Part
from rbm_studio.app.panels.draw_panel import DrawPanel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rbm_studio.app.drawings import Drawings
    from rbm_studio.app.image_view import ImageView
    from rbm_studio.app.lab_chain import LabChain

HIDDEN_NUM = 512
BATCH_SIZES = (100, 1000)
IDLE_LIMIT_S, TRAINING_LIMIT_S = 0.016, 0.033
CHAIN_NUM = 16
"""Chains with the right half of the pixels free, run as fast as the panel lets them."""

_PERCENT = 95
_ROUNDS, _QUICK_ROUNDS = 2, 1
_PHASE_S = 4.0
_WITH_CHAINS = "+chains"


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
    hand = Hand(panel.canvas, watch.expect)
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
