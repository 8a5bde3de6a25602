"""784 visible and 4096 hidden units: the window trains them, and answers meanwhile."""

from __future__ import annotations

import itertools
import os
import threading
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from rbm_studio.app.state import RunState
from rbm_studio.app.window import PANELS
from rbm_studio.data import Dataset
from tests.sizes import sized

from .conftest import bars, load
from .driving import drag, press, state
from .test_draw_panel import RESTORED, panel_of, picture, wait_until_other

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.session import Session
    from rbm_studio.app.window import MainWindow

BATCH = 100
BATCHES = sized(2, 100)
"""That are waited for with each panel in front."""

UNSEEN = 8
"""Batches that may pass between two turns of the window; another program on the machine can hold it up, too."""

LIMIT_MS = 60_000


@pytest.fixture
def heavy(qtbot: QtBot, show: Callable[[Session], MainWindow], session: Session) -> Iterator[MainWindow]:
    """A window that trains 784×4096."""
    load(qtbot, session, Dataset("Bars", "made up", bars(1000, 28), None, bars(200, 28, seed=1), None))
    session.change_settings(hidden_num=4096, batch_size=BATCH, epochs=100_000)
    window = show(session)
    # As the program has it, which leaves a core to the window.
    with threadpool_limits(max(1, (os.cpu_count() or 2) - 1), user_api="blas"):
        press(window, "Train")
        wait_for_batches(qtbot, session, 1)
        yield window
        session.halt()


def batches(session: Session) -> int:
    return session.progress.images // BATCH if session.progress is not None else 0


def note_batches(session: Session, seen: list[int]) -> None:
    seen.append(batches(session))


def wait_for_batches(qtbot: QtBot, session: Session, count: int) -> None:
    end = batches(session) + count
    qtbot.waitUntil(lambda: batches(session) >= end, timeout=LIMIT_MS + 1000 * count)


@pytest.mark.soak
def test_the_window_has_its_turn_while_it_trains(
    qtbot: QtBot, heavy: MainWindow, figure: Callable[[str, object], None]
) -> None:
    session = heavy.session
    most = 0
    for name in PANELS:
        heavy.docks[name].show()
        heavy.docks[name].raise_()
        seen = [batches(session)]
        connection = session.progressed.connect(partial(note_batches, session, seen))
        wait_for_batches(qtbot, session, BATCHES)
        session.progressed.disconnect(connection)
        most = max(most, *(after - before for before, after in itertools.pairwise(seen)))
        assert most <= UNSEEN, name
    figure("batches", batches(session))
    figure("most batches between two turns of the window", most)


def test_what_is_drawn_meanwhile_is_answered(qtbot: QtBot, heavy: MainWindow) -> None:
    heavy.docks["draw"].raise_()
    for stroke in ([(0.3, 0.2), (0.3, 0.8)], [(0.2, 0.5), (0.8, 0.5)], [(0.7, 0.2), (0.7, 0.8)]):
        before = picture(heavy, RESTORED)
        drag(panel_of(heavy).canvas, *stroke)
        wait_until_other(qtbot, heavy, RESTORED, before)
    assert state(heavy.session) is RunState.RUNNING


def test_pause_and_stop_take_effect_after_the_batch_under_way(qtbot: QtBot, heavy: MainWindow, tmp_path: Path) -> None:
    session = heavy.session
    seen = batches(session)
    press(heavy, "Pause")
    # To save waits for the batch under way, and tells of it.
    assert session.save_model(tmp_path / "paused.safetensors")
    paused = batches(session)
    assert paused <= seen + UNSEEN
    press(heavy, "Step")
    qtbot.waitUntil(lambda: batches(session) == paused + 1, timeout=LIMIT_MS)
    press(heavy, "Resume")
    wait_for_batches(qtbot, session, 2)
    seen = batches(session)
    press(heavy, "Stop")
    qtbot.waitUntil(lambda: state(session) is RunState.IDLE, timeout=LIMIT_MS)
    assert batches(session) <= seen + UNSEEN
    model = session.model
    assert model is not None
    assert np.isfinite(model.parameters.w).all()


@pytest.mark.parametrize("panel", ["unit", "compare", "health"])
def test_it_closes_while_it_trains_and_is_measured(qtbot: QtBot, heavy: MainWindow, panel: str) -> None:
    others = {thread.name for thread in threading.enumerate()} - {"training"}
    heavy.docks[panel].show()
    heavy.docks[panel].raise_()
    qtbot.waitUntil(lambda: {thread.name for thread in threading.enumerate()} > others | {"training"})
    heavy.discard()
    assert not heavy.isVisible()
    assert state(heavy.session) is RunState.IDLE
    assert {thread.name for thread in threading.enumerate()} <= {"MainThread", "gpu"}
