"""Exceptions wherever they can come up, caused in the real window; afterwards it trains, draws and saves as before."""

from __future__ import annotations

import gc
import logging
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QObject, QRunnable, QThreadPool, QTimer
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QMessageBox, QPlainTextEdit, QWidget

from rbm_studio.app.background import Background
from rbm_studio.app.canvas import DrawingCanvas
from rbm_studio.app.faults import Faults
from rbm_studio.app.frames import forget_frames
from rbm_studio.app.log import LogFile, last_lines, log_path, start_log
from rbm_studio.app.text_window import TextWindow
from rbm_studio.core.gradients import GRADIENTS, ContrastiveDivergence
from rbm_studio.storage.model_file import load_model

from .driving import answer, button, click, drag, message, model_of, named, process_deletions, shown, status, train

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtGui import QPaintEvent
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.gradients import Phase
    from rbm_studio.core.workspace import Part


@pytest.fixture
def watched(window: MainWindow, log: None) -> Iterator[MainWindow]:
    """A window as the program starts it: with its log, and every exception watched for."""
    assert log is None
    start_log()
    faults = Faults()
    put_back = faults.watch()
    faults.reported.connect(window.session.failed)
    yield window
    put_back()


def logged() -> str:
    return log_path().read_text(encoding="utf-8")


def is_usable(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    """See that the window trains to the end, draws, and saves."""
    before = len(model_of(window.session).history)
    train(qtbot, window)
    assert len(model_of(window.session).history) == before + 3
    window.docks["draw"].raise_()
    canvas = window.panel("draw").findChild(DrawingCanvas)
    assert isinstance(canvas, DrawingCanvas)
    qtbot.waitUntil(lambda: not canvas.visibleRegion().isEmpty())
    with qtbot.waitSignal(canvas.strokes_changed):
        drag(canvas, (0.3, 0.3), (0.7, 0.7))
    assert window.session.save_model(folder / "afterwards.safetensors")
    assert load_model(folder / "afterwards.safetensors").parameters.is_finite
    assert not shown(QMessageBox)


class Broken(QWidget):
    """A widget that cannot be painted, from within a painter that is open."""

    def __init__(self) -> None:
        super().__init__()
        self.painted = 0
        self.is_broken = True

    def paintEvent(self, event: QPaintEvent) -> None:
        self.painted += 1
        painter = QPainter(self)
        painter.fillRect(event.rect(), "red")
        if self.is_broken:
            raise IndexError(f"painting {self.painted}")


def repaint(qtbot: QtBot, widget: Broken, times: int) -> None:
    until = widget.painted + times

    def again() -> bool:
        widget.update()
        return widget.painted >= until

    qtbot.waitUntil(again)


def test_a_widget_that_cannot_be_painted_is_told_once_however_often_it_is_tried(
    qtbot: QtBot, watched: MainWindow, tmp_path: Path
) -> None:
    broken = Broken()
    watched.docks["unit"].setWidget(broken)
    watched.docks["unit"].raise_()
    qtbot.waitUntil(lambda: bool(shown(QMessageBox)))
    repaint(qtbot, broken, 30)
    assert "did not foresee (IndexError)" in message(qtbot)
    repaint(qtbot, broken, 30)
    assert not shown(QMessageBox)
    qtbot.waitUntil(lambda: "The same fault again" in status(watched))
    text = logged()
    assert text.count("Traceback") == 1
    assert "painting 1" in text
    assert len(text) < 20_000
    told = [line for line in last_lines(50) if "The same again" in line]
    assert len(told) == 1
    # As often as it was painted, but for the first time.
    assert f"The same again {broken.painted - 1} times: IndexError in " in told[0]
    # No painter is left behind that is in the way of the next one, which Qt would warn of.
    broken.is_broken = False
    repaint(qtbot, broken, 3)
    is_usable(qtbot, watched, tmp_path)


class Deaf(QObject):
    """A listener that fails."""

    def hear(self, *_: object) -> None:
        raise KeyError("in a slot")


def test_a_slot_that_fails_keeps_nothing_from_those_after_it(qtbot: QtBot, watched: MainWindow, tmp_path: Path) -> None:
    session = watched.session
    deaf, heard = Deaf(), list[int]()
    for signal in (session.progressed, session.model_changed, session.run_state_changed):
        signal.connect(deaf.hear)
        signal.connect(lambda: heard.append(1))
    train(qtbot, watched)
    assert "did not foresee (KeyError)" in message(qtbot)
    assert len(heard) > 3
    assert logged().count("KeyError: ⟨'in a slot'⟩") == 1
    for signal in (session.progressed, session.model_changed, session.run_state_changed):
        signal.disconnect(deaf.hear)
    is_usable(qtbot, watched, tmp_path)


def test_a_timer_a_thread_and_a_pool_that_fail_are_told_one_after_the_other(
    qtbot: QtBot, watched: MainWindow, tmp_path: Path
) -> None:
    class Job(QRunnable):
        def run(self) -> None:
            raise LookupError("on a pool's thread")

    def fail_in_timer() -> None:
        raise ZeroDivisionError("in a timer")

    def fail_in_thread() -> None:
        raise OSError("on a thread")

    QTimer.singleShot(0, watched, fail_in_timer)
    qtbot.waitUntil(lambda: bool(shown(QMessageBox)))
    thread = threading.Thread(target=fail_in_thread, name="a bad one")
    thread.start()
    thread.join()
    QThreadPool.globalInstance().start(Job())
    QThreadPool.globalInstance().waitForDone()
    told = []
    for _ in range(3):
        qtbot.waitUntil(lambda: len(shown(QMessageBox)) == 1)
        told.append(shown(QMessageBox)[0].text())
        answer(qtbot, "OK")
    assert ["(ZeroDivisionError)" in told[0], "(OSError)" in told[1], "(LookupError)" in told[2]] == [True] * 3
    assert "nothing caught in the thread ⟨'a bad one'⟩" in logged()
    is_usable(qtbot, watched, tmp_path)


@pytest.mark.usefixtures("watched")
def test_what_fails_while_it_is_thrown_away_is_logged_and_troubles_nobody() -> None:
    class Careless:
        def __del__(self) -> None:
            raise RuntimeError("while it is thrown away")

    Careless()
    gc.collect()
    process_deletions()
    assert "RuntimeError: ⟨while it is thrown away⟩" in logged()
    assert not shown(QMessageBox)


class FailingLater(ContrastiveDivergence):
    """A gradient that fails at its third batch."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.batches = 0

    def run(self, part: Part, chains: FloatArray, phase: Phase, measured: int) -> Any:
        self.batches += 1
        if self.batches == 3:
            raise self.error
        return super().run(part, chains, phase, measured)


@pytest.mark.parametrize(
    ("error", "told"),
    [(MemoryError("no room"), "memory is full"), (ZeroDivisionError("0"), "did not foresee (ZeroDivisionError)")],
)
def test_the_training_thread_fails_in_mid_run(
    qtbot: QtBot, watched: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception, told: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(GRADIENTS, "pcd", FailingLater(error))
        train(qtbot, watched)
    assert told in message(qtbot)
    assert type(error).__name__ in logged()
    assert "Traceback" in logged()
    # What two batches of ten taught it is kept, and the run that broke off is brought to its end.
    assert watched.session.epochs_trained == pytest.approx(0.2)
    is_usable(qtbot, watched, tmp_path)


def test_what_an_error_came_through_does_not_keep_its_arrays() -> None:
    class Array:
        pass

    alive: list[bool] = []

    def fail() -> None:
        array = Array()
        import weakref

        weakref.finalize(array, lambda: alive.append(False))
        raise MemoryError

    try:
        try:
            fail()
        except MemoryError as error:
            raise ValueError from error
    except ValueError as error:
        kept = error
    assert alive == []
    forget_frames(kept)
    assert alive == [False]
    assert kept.__cause__ is not None
    assert kept.__cause__.__traceback__ is not None


def test_a_measurement_in_the_background_that_fails_is_told_and_made_again(
    qtbot: QtBot, watched: MainWindow, tmp_path: Path
) -> None:
    def fail() -> object:
        raise ArithmeticError("in the background")

    background = Background("A measurement", 0, watched)
    background.failed.connect(watched.session.failed)
    background.request(fail)
    assert "did not foresee (ArithmeticError)" in message(qtbot)
    with qtbot.waitSignal(background.done):
        background.request(lambda: 3)
    assert "⟨'A measurement'⟩ failed" in logged()
    background.shut_down()
    is_usable(qtbot, watched, tmp_path)


def test_the_report_of_a_fault_is_seen_before_it_is_copied(qtbot: QtBot, watched: MainWindow) -> None:
    def fail() -> None:
        raise ZeroDivisionError("in a timer")

    QTimer.singleShot(0, watched, fail)
    qtbot.waitUntil(lambda: bool(shown(QMessageBox)))
    answer(qtbot, "Details…")
    report = watched.findChild(TextWindow)
    assert isinstance(report, TextWindow)
    assert report.isVisible()
    text = named(report, QPlainTextEdit, "Report").toPlainText()
    assert text.startswith("What went wrong\n    Traceback")
    assert "ZeroDivisionError: in a timer" in text
    click(button(report, "Close"))


def test_a_fault_at_the_very_end_disturbs_nobody(log: None, caplog: pytest.LogCaptureFixture) -> None:
    assert log is None
    faults = Faults()
    put_back = faults.watch()
    try:
        hook = sys.excepthook
        faults.deleteLater()
        process_deletions()
        try:
            raise IndexError("too late")
        except IndexError as error:
            hook(type(error), error, error.__traceback__)
    finally:
        put_back()
    assert "too late" in caplog.text
    assert any(record.levelno == logging.ERROR for record in caplog.records)


def test_ctrl_c_is_no_fault(log: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert log is None
    faults = Faults()
    put_back = faults.watch()
    reported: list[Exception] = []
    faults.reported.connect(reported.append)
    try:
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    finally:
        put_back()
    process_deletions()
    assert reported == []
    assert "KeyboardInterrupt" in capsys.readouterr().err
    assert not any(isinstance(handler, LogFile) for handler in logging.getLogger("rbm_studio").handlers)
