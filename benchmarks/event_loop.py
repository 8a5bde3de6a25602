"""How late the window's event loop is while it trains 784×512.

Against the same window idle; and, to tell what the training costs from what the drawing costs, against the same window
when it does not train and yet redraws its panels as often.
"""

from __future__ import annotations

import json
import sys
import time

from PySide6.QtCore import QObject, Qt, QTimer

from benchmarks.driven_window import DrivenWindow, spend
from benchmarks.isolation import measure, screens
from benchmarks.table import Row, milliseconds, verdict
from benchmarks.timing import percentile

HIDDEN_NUM = 512
BATCH_SIZES = (100, 1000)
INTERVAL_MS = 16
AT_MOST = 2.0
"""How many times the idle window's lateness it may have while training."""

_PERCENT = 99
_ROUNDS, _QUICK_ROUNDS = 2, 1
_PHASE_S = 4.0


def run(quick: bool) -> list[Row]:
    """Measure on each screen that there is."""
    rows = []
    for screen, environment in screens().items():
        figures = measure("event_loop", str(_QUICK_ROUNDS if quick else _ROUNDS), environment=environment)
        rows += [row for batch_size in BATCH_SIZES for row in _rows(figures, screen, batch_size)]
    return rows


def _rows(figures: dict[str, float], screen: str, batch_size: int) -> list[Row]:
    name = (
        f"lateness of a {INTERVAL_MS} ms timer, {_PERCENT}th percentile, training in batches of {batch_size}, {screen}"
    )
    idle, redrawing, training = figures["idle"], figures["redrawing"], figures[str(batch_size)]
    ratio = training / idle
    return [
        Row(
            name,
            milliseconds(training),
            f"same window idle: {milliseconds(idle)}",
            f"{ratio:.1f} × as late",
            f"≤ {AT_MOST:g} ×",
            verdict(ratio <= AT_MOST),
        ),
        Row(
            name,
            milliseconds(training),
            f"same window only redrawing: {milliseconds(redrawing)}",
            f"{training / redrawing:.1f} × as late",
        ),
    ]


class Ticker(QObject):
    """A repeating timer that notes how much later than its interval each tick came after the one before."""

    def __init__(self) -> None:
        super().__init__()
        self.lateness: list[float] = []
        self._last = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Tick from now on."""
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> None:
        """Tick no more."""
        self._timer.stop()

    def run_for(self, seconds: float) -> None:
        """Tick for a time."""
        self.start()
        spend(seconds)
        self.stop()

    def _tick(self) -> None:
        now = time.perf_counter()
        self.lateness.append(max(0.0, now - self._last - INTERVAL_MS / 1000))
        self._last = now


def main(rounds: int) -> None:
    """Measure in this process: idle, training and redrawing in turns, in one window; print the figures."""
    driven = DrivenWindow(HIDDEN_NUM)
    tickers = {name: Ticker() for name in ("idle", *map(str, BATCH_SIZES), "redrawing")}
    for _ in range(rounds):
        tickers["idle"].run_for(_PHASE_S)
        for batch_size in BATCH_SIZES:
            with driven.training(batch_size):
                tickers[str(batch_size)].run_for(_PHASE_S)
        with driven.redrawing():
            tickers["redrawing"].run_for(_PHASE_S)
    driven.end()
    print(json.dumps({name: percentile(ticker.lateness, _PERCENT) for name, ticker in tickers.items()}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
