"""A GPU that fails in the window: it asks whether to go on on the CPU, and does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtWidgets import QComboBox, QMessageBox

from rbm_studio.app import training_runner
from rbm_studio.core import backend as backend_module
from rbm_studio.core.gpu_errors import GPUMemoryError
from tests.core.failing_gpu import FULL, GONE, FailingGPU, failing_gpu

from .driving import answer, message, model_of, named, press, shown, wait_for, wait_until_idle

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> FailingGPU:
    """The one GPU of this computer."""
    xp, backend = failing_gpu(monkeypatch)
    monkeypatch.setattr(backend_module, "_find_gpu", lambda: (backend, ""))
    return xp


def question(qtbot: QtBot) -> str:
    box = wait_for(qtbot, QMessageBox)
    return f"{box.text()} {box.informativeText()}"


def epochs(window: MainWindow) -> list[int]:
    return [round(record.epoch) for record in model_of(window.session).history]


def begin(qtbot: QtBot, window: MainWindow) -> None:
    window.session.change_settings(device="auto", epochs=6, hidden_num=12)
    press(window, "Train")
    wait_until_idle(qtbot, window.session)


@pytest.mark.parametrize("put_by_every", [0.0, 1000.0])
@pytest.mark.parametrize("error", [FULL, GONE], ids=["full", "gone"])
def test_a_run_that_the_gpu_breaks_off_goes_on_on_the_cpu(
    qtbot: QtBot,
    window: MainWindow,
    gpu: FailingGPU,
    error: Exception,
    put_by_every: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training_runner, "PUT_BY_INTERVAL_S", put_by_every)
    gpu.fail_after(150, error)
    begin(qtbot, window)
    asked = question(qtbot)
    assert ("The GPU's memory is full." if error is FULL else "The GPU stopped working") in asked
    assert "Go on with the training on the CPU?" in asked
    session = window.session
    at = session.epochs_trained
    assert at == pytest.approx(model_of(session).epochs_trained, abs=0.11)
    # What was put by last is not older than it may be.
    assert at > 1 or (error is GONE and put_by_every > 0 and at == 0)
    assert epochs(window) == list(range(1, int(at) + 1))
    assert model_of(session).parameters.is_finite
    assert gpu.pool.freed == 1 or error is GONE
    # Nothing of it lies on the GPU any more.
    assert session.training_state is not None
    assert session.training_state.device == "CPU"
    answer(qtbot, "Go on on the CPU")
    wait_until_idle(qtbot, session)
    assert session.settings.device == "cpu"
    assert epochs(window) == [1, 2, 3, 4, 5, 6]
    assert model_of(session).epochs_trained == pytest.approx(6.0)
    assert model_of(session).parameters.is_finite
    assert session.training_state is not None
    assert session.training_state.device == "CPU"
    assert not shown(QMessageBox)
    assert named(window.panel("model"), QComboBox, "Compute on").currentText() == "CPU"


def test_no_leaves_it_stopped_and_whole(qtbot: QtBot, window: MainWindow, gpu: FailingGPU) -> None:
    gpu.fail_after(150, FULL)
    begin(qtbot, window)
    answer(qtbot, "Stop here")
    session = window.session
    at = model_of(session).epochs_trained
    assert 1 < at < 6
    assert session.settings.device == "auto"
    gpu.fail_after(10**9, FULL)
    # There is room again, and the run is brought to its end.
    press(window, "Train")
    wait_until_idle(qtbot, session)
    assert epochs(window) == [1, 2, 3, 4, 5, 6]


def test_a_gpu_without_room_for_the_model_is_asked_about_too(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise GPUMemoryError("The GPU's memory is full.")

    monkeypatch.setattr(backend_module, "_find_gpu", full)
    before = model_of(window.session).parameters
    begin(qtbot, window)
    assert np.array_equal(model_of(window.session).parameters.w, before.w)
    answer(qtbot, "Go on on the CPU")
    wait_until_idle(qtbot, window.session)
    assert epochs(window) == [1, 2, 3, 4, 5, 6]


def test_a_run_that_was_stopped_anyway_is_not_asked_about(qtbot: QtBot, window: MainWindow, gpu: FailingGPU) -> None:
    session = window.session
    session.change_settings(device="gpu", epochs=100_000)
    press(window, "Train")
    qtbot.waitUntil(lambda: session.progress is not None)
    press(window, "Pause")
    with qtbot.waitSignal(session.failed):
        gpu.fail_after(0, GONE)
        press(window, "Stop")
    assert "stopped working" in message(qtbot)
    wait_until_idle(qtbot, session)
