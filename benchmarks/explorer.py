"""The explorers: how long a mosaic and a unit's page take, and what the open docks cost the training."""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QEventLoop, QObject, QTimer

from benchmarks.driven_window import DrivenWindow, spend
from benchmarks.isolation import measure, screens
from benchmarks.table import Row, milliseconds, verdict
from benchmarks.timing import percentile
from rbm_studio.app.mosaic_picture import MosaicPicture
from rbm_studio.app.mosaic_view import MosaicView
from rbm_studio.app.panels.unit_panel import UnitPanel

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

FILTERS = 1024
HIDDEN_NUM = 512
BATCH_SIZE = 100
MOSAIC_LIMIT_S, UNIT_LIMIT_S = 0.030, 0.100
MOST_REDRAWS = 10.0
MOST_SLOWED = 1.10
SIZES = ((430, 230), (1500, 1000))
"""Of a mosaic in px: in the window at 1280×800, and nearly alone on a projector."""

_BOTTOM_DOCKS = ("draw", "drawings", "dream", "unit", "compare", "health")
_TIMES, _QUICK_TIMES = 30, 8
_ROUNDS, _QUICK_ROUNDS = 3, 1
_PHASE_S = 3.0
_MEASURED_WITHIN_S = 90.0


def run(quick: bool) -> list[Row]:
    """Measure offscreen, and on the screen where there is one."""
    rows = []
    for screen, environment in screens().items():
        figures = measure("explorer", str(int(quick)), environment=environment)
        for width, height in SIZES:
            seconds = figures[f"mosaic {width}"]
            name = f"mosaic of {FILTERS} filters, {width}×{height} px, from new weights to painted, {screen}"
            reference = f"of it in the window's way: {milliseconds(figures[f'paint {width}'])}"
            rows.append(_row(name, seconds, MOSAIC_LIMIT_S, reference))
        name = f"unit of {HIDDEN_NUM} selected to its page painted, 60,000 images, 95th percentile, {screen}"
        rows.append(_row(name, figures["unit"], UNIT_LIMIT_S))
        rows.append(
            Row(
                f"redraws of the mosaic in training, {screen}",
                f"{figures['redraws']:.1f} a second",
                target=f"≤ {MOST_REDRAWS:g}",
                verdict=verdict(figures["redraws"] <= MOST_REDRAWS),
            )
        )
        for dock in _BOTTOM_DOCKS:
            slowed = figures[f"slowed {dock}"]
            rows.append(
                Row(
                    f"training in batches of {BATCH_SIZE}, all docks open, {dock} in front, {screen}",
                    f"{slowed:.2f} × its time",
                    "all docks closed",
                    target=f"≤ {MOST_SLOWED:g} ×",
                    verdict=verdict(slowed <= MOST_SLOWED),
                )
            )
    return rows


def _row(name: str, seconds: float, limit: float, reference: str = "") -> Row:
    return Row(name, milliseconds(seconds), reference, "", f"< {1e3 * limit:.0f} ms", verdict(seconds < limit))


class _Paints(QObject):
    """Tells when a widget has been painted, and how long each painting took."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self._loop: QEventLoop | None = None
        widget.installEventFilter(self)

    def wait(self) -> None:
        """Let the window live until the next painting."""
        self._loop = QEventLoop()
        QTimer.singleShot(2000, self._loop.quit)
        self._loop.exec()
        self._loop = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the widget paint, and look at the clock."""
        if event.type() != QEvent.Type.Paint:
            return False
        begin = time.perf_counter()
        watched.event(event)
        self.seconds.append(time.perf_counter() - begin)
        if self._loop is not None:
            self._loop.quit()
        return True


def _mosaic(times: int, size: tuple[int, int]) -> tuple[float, float]:
    """Return how long new weights take until they are painted, and the time of that on the window's thread."""
    rng = np.random.default_rng(0)
    view = MosaicView()
    view.resize(*size)
    view.show()
    paints = _Paints(view)
    picture = view.findChild(MosaicPicture)
    assert picture is not None
    whole, own = [], []
    for _ in range(times):
        tiles = rng.normal(0, 1, (28, 28, FILTERS)).astype(np.float32).transpose(2, 0, 1)
        loop = QEventLoop()
        picture.ready.connect(loop.quit)
        QTimer.singleShot(2000, loop.quit)
        paints.seconds.clear()
        begin = time.perf_counter()
        view.set_tiles(tiles)
        set_in = time.perf_counter() - begin
        loop.exec()
        paints.wait()
        whole.append(time.perf_counter() - begin)
        own.append(set_in + sum(paints.seconds))
        spend(0.15)  # as long as training leaves it alone
    view.shut_down()
    view.deleteLater()
    return statistics.median(whole), statistics.median(own)


def _unit(driven: DrivenWindow, times: int) -> float:
    panel = driven.window.panel("unit")
    if not isinstance(panel, UnitPanel):
        raise TypeError("the window has no page for a unit")
    driven.window.docks["unit"].raise_()
    driven.session.selection.select_units((0,))
    end = time.monotonic() + _MEASURED_WITHIN_S
    images = driven.session.images
    assert images is not None
    while time.monotonic() < end:
        spend(0.2)
        measured = panel.measuring.measured
        if measured is not None and measured.activity.images == len(images.train):
            break
    else:
        raise RuntimeError("the units were not measured on all images in time")
    paints = _Paints(panel)
    seconds = []
    for unit in range(1, times + 1):
        begin = time.perf_counter()
        driven.session.selection.select_units((unit,))
        panel.update()
        paints.wait()
        seconds.append(time.perf_counter() - begin)
        spend(0.1)
    return percentile(seconds, 95)


def _slowed(driven: DrivenWindow, rounds: int) -> dict[str, float]:
    """Return, for each bottom dock in front, how much longer an image takes than with all docks closed."""
    window, session = driven.window, driven.session
    ratios: dict[str, list[float]] = {name: [] for name in _BOTTOM_DOCKS}

    def seconds_an_image() -> float:
        spend(0.5)
        before, begin = session.progress, time.perf_counter()
        spend(_PHASE_S)
        after = session.progress
        assert before is not None
        assert after is not None
        return (time.perf_counter() - begin) / (after.images - before.images)

    with driven.training(BATCH_SIZE):
        for _ in range(rounds):
            for name in _BOTTOM_DOCKS:
                for dock in window.docks.values():
                    dock.hide()
                closed = seconds_an_image()
                for dock in window.docks.values():
                    dock.show()
                window.docks[name].raise_()
                ratios[name].append(seconds_an_image() / closed)
    return {f"slowed {name}": statistics.median(found) for name, found in ratios.items()}


def _redraws(driven: DrivenWindow) -> float:
    mosaic = driven.window.panel("weights").findChild(MosaicView)
    assert mosaic is not None
    paints = _Paints(mosaic)
    with driven.training(BATCH_SIZE):
        paints.seconds.clear()
        spend(_PHASE_S)
        return len(paints.seconds) / _PHASE_S


def main(quick: bool) -> None:
    """Measure in this process, and print the figures."""
    driven = DrivenWindow(HIDDEN_NUM)
    times, rounds = (_QUICK_TIMES, _QUICK_ROUNDS) if quick else (_TIMES, _ROUNDS)
    figures = {"redraws": _redraws(driven)}
    figures["unit"] = _unit(driven, times)
    figures |= _slowed(driven, rounds)
    for size in SIZES:
        figures[f"mosaic {size[0]}"], figures[f"paint {size[0]}"] = _mosaic(times, size)
    driven.end()
    print(json.dumps(figures))


if __name__ == "__main__":
    main(bool(int(sys.argv[1])))
