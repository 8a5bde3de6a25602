"""Ten thousand epochs in the window: all of it is kept, and neither memory nor what is drawn grows with it."""

from __future__ import annotations

import gc
import threading
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from rbm_studio.app.curve_plot import CurvePlot
from rbm_studio.app.gap_view import GapView
from rbm_studio.app.panels.curve_panel import CurvePanel
from rbm_studio.app.quantities import LIVE
from rbm_studio.app.session import Session
from rbm_studio.app.state import RunState
from rbm_studio.app.window import PANELS
from tests.large_file import STATUS, megabytes
from tests.sizes import sized

from .conftest import bars_dataset, load
from .driving import press, process_deletions, settle, state, wait_until_idle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow

EPOCHS = sized(300, 10_000)
WARM = 100
EPOCHS_A_PANEL = sized(8, 50)
GROWTH_MB = 20.0
POINTS_PER_PX = 4


class Grown:
    """What would grow, if anything did."""

    def __init__(self, window: MainWindow) -> None:
        process_deletions()
        gc.collect()
        self.megabytes = megabytes("RssAnon", "RssShmem") if STATUS.exists() else 0.0
        self.threads = threading.active_count()
        self.timers = len(window.findChildren(QTimer))
        self.widgets = len(QApplication.allWidgets())
        self.objects = len(window.session.findChildren(QObject))


def epochs_done(session: Session) -> int:
    return len(session.model.history) if session.model is not None else 0


def wait_for_epochs(qtbot: QtBot, session: Session, count: int) -> None:
    qtbot.waitUntil(lambda: epochs_done(session) >= count or state(session) is RunState.IDLE, timeout=60_000)


def live_until(qtbot: QtBot, window: MainWindow, epochs: int) -> None:
    """Look at one panel after the other until so many epochs are done, and at the curve then."""
    names = [*PANELS]
    while epochs_done(window.session) < epochs and state(window.session) is RunState.RUNNING:
        window.docks[names[0]].raise_()
        names = [*names[1:], names[0]]
        end = min(epochs_done(window.session) + EPOCHS_A_PANEL, epochs)
        wait_for_epochs(qtbot, window.session, end)
    window.docks["curve"].raise_()


@pytest.mark.soak
def test_a_long_run_keeps_its_history_and_little_else(
    qtbot: QtBot, window: MainWindow, session: Session, tmp_path: Path, figure: Callable[[str, object], None]
) -> None:
    session.change_settings(epochs=EPOCHS)
    window.docks["draw"].raise_()
    press(window, "Train")
    live_until(qtbot, window, WARM)
    before = Grown(window)
    live_until(qtbot, window, EPOCHS)
    after = Grown(window)
    wait_until_idle(qtbot, session)
    growth = after.megabytes - before.megabytes
    figure("epochs", EPOCHS)
    figure("MB more than after 100", f"{growth:.1f}")
    assert growth < GROWTH_MB
    assert after.threads <= before.threads + 1
    # A panel that measures has a task under way, or has none.
    assert abs(after.timers - before.timers) <= len(PANELS)
    assert abs(after.widgets - before.widgets) <= len(PANELS)
    assert abs(after.objects - before.objects) <= len(PANELS)

    model = session.model
    assert model is not None
    assert [record.epoch for record in model.history] == list(range(1, EPOCHS + 1))
    measured = session.book.history(LIVE).current
    assert measured is not None
    assert set(range(1, EPOCHS + 1)) <= set(measured.values("epoch").tolist())
    panel = window.panel("curve")
    assert isinstance(panel, CurvePanel)
    settle(qtbot, panel)
    assert drawn_points(panel.plot) <= POINTS_PER_PX * panel.plot.width()
    assert len(panel.plot.runs()[-1][1]) == len(measured)
    for view in window.panel("health").findChildren(GapView):
        assert len(view.points()) <= 512

    for path in (tmp_path / "long.safetensors", tmp_path / "long.rbmx"):
        assert (session.save_model if path.suffix == ".safetensors" else session.save_experiment)(path)
        other = Session()
        load(qtbot, other, bars_dataset())
        assert (other.open_model if path.suffix == ".safetensors" else other.open_experiment)(path)
        assert other.model is not None
        assert tuple(other.model.history) == tuple(model.history)
        other.shut_down()


def drawn(plot: CurvePlot) -> list[NDArray[np.float64]]:
    """Return the values that each line is drawn of."""
    items = [item for item in plot.view.scene().items() if isinstance(item, pg.PlotCurveItem)]
    return [values for item in items if (values := item.getData()[1]) is not None and len(values)]


def drawn_points(plot: CurvePlot) -> int:
    """Return of how many points the longest line is drawn."""
    return max(len(values) for values in drawn(plot))


@pytest.mark.parametrize("count", [1_000, 200_000])
def test_a_long_curve_is_drawn_of_few_points_and_keeps_its_peak(qtbot: QtBot, count: int) -> None:
    plot = CurvePlot()
    qtbot.addWidget(plot)
    plot.resize(640, 400)
    with qtbot.waitExposed(plot):
        plot.show()
    epochs = np.arange(1, count + 1) / 20
    values = 0.1 + 0.4 / (1 + epochs)
    values[count // 2] = 3.0
    plot.history.start_run("Long")
    run = plot.history.current
    assert run is not None
    run.extend(np.stack([epochs, values, values + 0.01, np.full(count, np.nan)], axis=1))
    plot.set_expected_epochs(float(epochs[-1]))
    plot.history.grew.emit()
    plot.grab()
    assert drawn_points(plot) <= POINTS_PER_PX * plot.width()
    assert max(values.max() for values in drawn(plot)) == 3.0
    plot.read_epoch(float(epochs[count // 2]))
    assert "training" in plot.reading()
    assert len(plot.runs()[0][1]) == count
