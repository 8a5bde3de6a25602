"""The log is taken away while the program runs: whoever writes to it hears nothing of that."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtWidgets import QMessageBox

from rbm_studio.app.autosave import Autosave
from rbm_studio.app.faults import Faults
from rbm_studio.app.journal import Journal
from rbm_studio.app.log import last_lines, log_path, start_log, trace_crashes, trace_path
from rbm_studio.app.recovery import find_leftovers, recovery_path
from rbm_studio.app.task import Task
from rbm_studio.app.training_runner import TrainingRunner
from rbm_studio.core.divergence import TrainingDivergedError
from rbm_studio.core.gradients import GRADIENTS
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.experiment_file import load_experiment

from .driving import message, shown, train, wait_until_idle
from .test_faults import FailingLater

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow

pytestmark = pytest.mark.usefixtures("log")


def remove(folder: Path) -> None:
    shutil.rmtree(folder)


def put_a_file_there(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.touch()


def put_a_folder_there(_folder: Path) -> None:
    log_path().unlink()
    log_path().mkdir()


def put_a_pipe_there(_folder: Path) -> None:
    log_path().unlink()
    os.mkfifo(log_path())


def fill_the_disk(_folder: Path) -> None:
    log_path().unlink()
    log_path().symlink_to("/dev/full")


def lock(folder: Path) -> None:
    log_path().unlink()
    folder.chmod(0o500)


@pytest.mark.skipif(os.name == "nt", reason="a file that is open is not taken away")
@pytest.mark.parametrize("harm", [remove, put_a_file_there, put_a_folder_there, put_a_pipe_there, fill_the_disk, lock])
def test_a_log_that_is_lost_disturbs_nobody(
    qtbot: QtBot,
    window: MainWindow,
    harm: Callable[[Path], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    start_log()
    session = window.session
    Journal(session)
    autosave = Autosave(session, recovery_path())
    faults = Faults(window)
    put_back = faults.watch()
    train(qtbot, window)
    harm(log_path().parent)
    try:
        with monkeypatch.context() as patch:
            patch.setitem(GRADIENTS, "pcd", FailingLater(ArithmeticError("in mid run")))
            window.training_bar.training_actions()[0].trigger()
            wait_until_idle(qtbot, session)
        assert "ArithmeticError" in message(qtbot)
        session.load("Loading", lambda _task: _fail())
        assert "KeyError" in message(qtbot)
        assert session.task is None
        assert session.save_experiment(tmp_path / "bars.rbmx")
        assert load_experiment(tmp_path / "bars.rbmx").model is not None
        train(qtbot, window)
        threading.excepthook(threading.ExceptHookArgs((ValueError, ValueError("nothing caught"), None, None)))
        last_lines(20)
        autosave.keep()
        assert not shown(QMessageBox)
    finally:
        put_back()
        log_path().parent.chmod(0o700) if harm is lock else None
    session.shut_down()
    (leftover,) = find_leftovers(recovery_path()).leftovers
    assert leftover.about.epochs == session.epochs_trained
    leftover.remove()
    assert "Traceback" not in capfd.readouterr().err


def _fail() -> None:
    raise KeyError("there is no such thing")


def test_a_log_whose_folder_was_removed_is_begun_anew() -> None:
    start_log()
    log = logging.getLogger("rbm_studio")
    shutil.rmtree(log_path().parent)
    log.info("from here on")
    assert "from here on" in log_path().read_text()
    # It may be in the way for a while only.
    shutil.rmtree(log_path().parent)
    log_path().parent.touch()
    log.info("nowhere")
    log_path().parent.unlink()
    log.info("and from here on")
    assert "nowhere" not in log_path().read_text()
    assert "and from here on" in log_path().read_text()


@pytest.mark.skipif(os.name == "nt", reason="there are no such pipes")
def test_pipes_in_the_place_of_the_logs_do_not_keep_the_program_from_its_start(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log_path().parent.mkdir(parents=True)
    os.mkfifo(log_path())
    os.mkfifo(trace_path())
    start_log()
    assert trace_crashes() == ""
    logging.getLogger("rbm_studio").warning("said aloud")
    assert "said aloud" in capsys.readouterr().err
    assert last_lines(10) == []


class Unspeakable:
    def __str__(self) -> str:
        raise ValueError("no words")


def test_a_record_that_has_no_words_disturbs_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    start_log()
    log = logging.getLogger("rbm_studio")
    # pytest has handlers of its own, which do mind.
    monkeypatch.setattr(log, "propagate", False)
    log.warning("%s", Unspeakable())
    log.info("%d %d", 1)
    log.info("what comes after it")
    assert last_lines(1)[0].endswith("what comes after it")


def test_many_threads_may_write_the_same_while_it_is_told() -> None:
    start_log()
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for count in range(2_000):
                logging.getLogger("rbm_studio").warning("%d", count * number % 300)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        last_lines(1)
    assert failures == []


class Raising(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise LookupError(record)


@pytest.mark.parametrize(
    "error", [TrainingDivergedError("It diverged."), RBMStudioError("{name:.3f}", name=0.5), ValueError("x")]
)
def test_work_ends_whatever_comes_of_its_being_logged(qtbot: QtBot, error: Exception) -> None:
    start_log()
    raising = Raising()
    logging.getLogger("rbm_studio").addHandler(raising)

    def fail(*_: object) -> Any:
        raise error

    try:
        task = Task("Opening", fail)
        with qtbot.waitSignal(task.failed) as failed:
            task.start()
        task.join()
        runner = TrainingRunner()
        with qtbot.waitSignal(runner.ended) as ended:
            runner.start(fail)
    finally:
        logging.getLogger("rbm_studio").removeHandler(raising)
    assert failed.args == [error]
    assert ended.args is not None
    assert ended.args[0].error is error
    assert not runner.running
