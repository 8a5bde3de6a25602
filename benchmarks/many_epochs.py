"""Ten thousand epochs of a small data set in the window: whether the last are as light as the first.

The lateness of a timer in the run's last tenth against its first, and the memory at its end against that after its
first hundred epochs.
"""

from __future__ import annotations

import gc
import json
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.driven_window import DrivenWindow
from benchmarks.event_loop import INTERVAL_MS, Ticker
from benchmarks.isolation import measure
from benchmarks.memory import STATUS, megabytes
from benchmarks.table import Row, milliseconds, verdict
from benchmarks.timing import percentile

if TYPE_CHECKING:
    from rbm_studio.data import Dataset

EPOCHS, QUICK_EPOCHS = 10_000, 2_000
IMAGES, HELD_OUT = 200, 20
HIDDEN_NUM, BATCH_SIZE = 16, 20
WARM_EPOCHS = 100
AT_MOST = 1.5
"""How many times the first tenth's lateness the last one's may be."""
LIMIT_MB = 20.0

_PERCENT = 99
_PARTS = 10


def run(quick: bool) -> list[Row]:
    """Measure in a process of its own."""
    epochs = QUICK_EPOCHS if quick else EPOCHS
    found = measure("many_epochs", str(epochs), environment={"QT_QPA_PLATFORM": "offscreen"})
    first, last = found["first"], found["last"]
    rows = [
        Row(
            f"lateness of a {INTERVAL_MS} ms timer, {_PERCENT}th percentile, last tenth of {epochs:,} epochs",
            milliseconds(last),
            f"same run's first tenth: {milliseconds(first)}",
            f"{last / first:.1f} × as late",
            f"≤ {AT_MOST:g} ×",
            verdict(last <= AT_MOST * first),
        )
    ]
    if STATUS.exists():
        growth = found["end_mb"] - found["warm_mb"]
        rows.append(
            Row(
                f"memory after {epochs:,} epochs",
                f"{found['end_mb']:.0f} MB",
                f"after {WARM_EPOCHS}: {found['warm_mb']:.0f} MB",
                f"{growth:+.1f} MB",
                f"< {LIMIT_MB:g} MB more",
                verdict(growth < LIMIT_MB),
            )
        )
    return rows


def _part(dataset: Dataset) -> Dataset:
    train, test = dataset.train_images[:IMAGES], dataset.test_images[:HELD_OUT]
    return replace(dataset, train_images=train, train_labels=None, test_images=test, test_labels=None)


def main(epochs: int) -> None:
    """Train so many epochs in this process, looking at one panel after the other, and print what was measured."""
    driven = DrivenWindow(HIDDEN_NUM)
    session, docks = driven.session, list(driven.window.docks.values())
    images = session.images
    if images is None:
        raise RuntimeError("there is no MNIST on this computer")
    session.load("A part of it", lambda _task: _part(images.original))
    driven.wait_for(session.task_changed, lambda: session.task is None)
    session.change_settings(epochs=epochs, batch_size=BATCH_SIZE, device="cpu")

    def has(count: int) -> bool:
        return session.model is not None and len(session.model.history) >= count

    session.train()
    driven.wait_for(session.progressed, lambda: has(WARM_EPOCHS))
    gc.collect()
    warm = megabytes("VmRSS") if STATUS.exists() else 0.0
    tickers = []
    for part in range(_PARTS):
        ticker = Ticker()
        ticker.start()
        # Each tenth looks at all panels alike.
        for number, dock in enumerate(docks, start=1):
            dock.raise_()
            end = int(epochs * (part + number / len(docks)) / _PARTS)
            driven.wait_for(session.progressed, partial(has, end))
        ticker.stop()
        tickers.append(ticker)
    gc.collect()
    end_mb = megabytes("VmRSS") if STATUS.exists() else 0.0
    driven.end()
    first, last = (percentile(ticker.lateness, _PERCENT) for ticker in (tickers[0], tickers[-1]))
    print(json.dumps({"first": first, "last": last, "warm_mb": warm, "end_mb": end_mb}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
