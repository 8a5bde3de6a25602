from __future__ import annotations

import logging
import re
import threading
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import numpy as np
import pytest
from PySide6.QtCore import qVersion, qWarning
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit

from rbm_studio import __version__
from rbm_studio.app.experiment_files import gather
from rbm_studio.app.faults import Faults
from rbm_studio.app.journal import Journal
from rbm_studio.app.log import LogFile, log_path, start_log
from rbm_studio.app.log_lines import traceback_of
from rbm_studio.app.preferences import APPEARANCE, preferences
from rbm_studio.app.private_names import message_of
from rbm_studio.app.recovery import About, OwnFolder, find_leftovers
from rbm_studio.app.report import LOG_LINES, report
from rbm_studio.app.session import Session
from rbm_studio.app.shared_drawings import DrawingsFile
from rbm_studio.app.text_window import TextWindow
from rbm_studio.app.theme import Appearance
from rbm_studio.core.parameters import uniform_parameters
from rbm_studio.data import Dataset, open_dataset
from rbm_studio.errors import RBMStudioError

from .conftest import bars, load
from .driving import button, choose, click, labels, named, process_deletions, train, wait_until_idle

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow


def text_window(window: MainWindow, title: str) -> tuple[TextWindow, QPlainTextEdit]:
    found = [each for each in window.findChildren(TextWindow) if each.windowTitle() == title and each.isVisible()]
    assert len(found) == 1
    return found[0], named(found[0], QPlainTextEdit, title)


def test_the_report_says_what_whoever_mends_it_needs(qtbot: QtBot, window: MainWindow, log: None) -> None:
    assert log is None
    start_log()
    Journal(window.session)
    preferences.keep(APPEARANCE, Appearance.DARK)
    train(qtbot, window)
    for number in range(2 * LOG_LINES):
        logging.getLogger("rbm_studio").info("line %d", number)
    choose(window, "Help", "Copy report…")
    shown, text = text_window(window, "Report")
    told = text.toPlainText()
    for expected in (
        f"RBM Studio {__version__}",
        f"Qt {qVersion()}",
        f"NumPy {np.__version__}",
        "pyqtgraph ",
        "CuPy ",
        "scale 1",
        "learning_rate: 1.0",
        "seed: 0",
        "Model: 64 visible, 12 hidden, 0 label units",
        "Dataset: <name>, 200 + 20 images of 8×8, 0 classes",
        "appearance: dark",
        f"The last {LOG_LINES} lines of the log",
    ):
        assert expected in told, expected
    assert told.count(": line ") == LOG_LINES
    assert told.rstrip().endswith(f"line {2 * LOG_LINES - 1}")
    clipboard = QGuiApplication.clipboard()
    click(button(shown, "Copy all"))
    assert clipboard.text() == told
    assert button(shown, "Copied").isEnabled()
    click(button(shown, "Close"))
    assert not shown.isVisible()


def test_the_report_names_no_file_of_the_users(qtbot: QtBot, window: MainWindow, log: None, tmp_path: Path) -> None:
    assert log is None
    start_log()
    session = window.session
    Journal(session)
    folder = tmp_path / "Geheimer Ordner"
    folder.mkdir()
    images = bars(200)
    load(qtbot, session, Dataset("Geheime Ziffern", str(folder / "Geheime Ziffern"), images, None, images[:20], None))
    train(qtbot, window)
    assert session.save_model(folder / "Geheimes Modell.safetensors")
    assert session.save_experiment(folder / "Geheimer Versuch.rbmx")
    assert not session.save_model(tmp_path / "Geheim gibt es nicht" / "x.safetensors")
    assert "Geheimer Versuch" in log_path().read_text(encoding="utf-8")
    told = report(session)
    assert "Opened or saved" in told
    assert "was not saved" in told
    assert "Geheim" not in told
    assert str(tmp_path) not in told


SECRETS = (
    "Zauberlehrling",
    "Zauberlehrling.npz",
    "der Zauberlehrling im Schrank",
    "Žaubeřlehrling 数字 🎩",
    "q",
    "epochs",
    "None",
    "it's ⟨mine⟩, is “it”?",
    "0.5",
)


def start_log_anew() -> None:
    logger = logging.getLogger("rbm_studio")
    for handler in logger.handlers:
        if isinstance(handler, LogFile):
            handler.close()
            logger.removeHandler(handler)
            log_path().unlink()
    start_log()


def told_of(qtbot: QtBot, folder: Path, secret: str, recovery: Path) -> list[str]:
    """Do everything that logs with a name, and return the report without times, in alphabetical order."""
    start_log_anew()
    session = Session()
    Journal(session)
    put_back = Faults(session).watch()
    folder = folder / secret
    folder.mkdir()
    images = bars(40)
    load(qtbot, session, Dataset(secret, str(folder / secret), images, None, images[:20], None))
    session.change_settings(hidden_num=4, batch_size=20, epochs=1, device="cpu")
    session.train()
    wait_until_idle(qtbot, session)
    session.book.rename(session.book.runs[0], secret)
    path = folder / f"{secret}.rbmx"
    assert session.save_experiment(path)
    assert session.save_model(folder / f"{secret}.safetensors")
    assert not session.save_model(folder / secret / "x.safetensors")
    assert not session.open_experiment(folder / f"no {secret}.rbmx")
    (folder / f"bad {secret}.npz").write_bytes(b"7" * 100)
    assert not session.import_model(folder / f"bad {secret}.npz")
    another = Session()
    Journal(another)
    assert another.open_experiment(path)  # as a copy; the reason names the computer
    another.shut_down()
    another.deleteLater()
    for place in (folder / f"bad {secret}.npz", folder / f"no {secret}"):
        with qtbot.waitSignal(session.failed):
            session.load(f"Opening {place.name}", partial(opened, place))
    # What nobody foresaw.
    error: Exception = ValueError(f"{secret} is not in {folder}")
    error.__cause__ = KeyError(secret)
    for kind in (error, FileNotFoundError(2, "No such file or directory", secret), LookupError(secret, 7)):
        with qtbot.waitSignal(session.failed):
            session.load(f"Opening {secret}", partial(fail, kind))
        thread = threading.Thread(target=fail, args=(kind,), name="of a test")
        thread.start()
        thread.join()
    qWarning(f"QFile::remove: cannot remove {path}")
    # What is recovered, and what is kept.
    left = OwnFolder(recovery)
    left.write(gather(session, None), About(secret, path, 1.0))
    left.leave()
    (broken,) = find_leftovers(recovery).leftovers
    (next(recovery.iterdir()) / "experiment.rbmx").write_bytes(b"7" * 100)
    with pytest.raises(RBMStudioError) as damaged:
        broken.read()
    session.failed.emit(damaged.value)
    broken.set_aside().rename(folder / "aside")
    (folder / "drawings").mkdir()
    DrawingsFile(session, folder / "drawings")
    told = report(session, error)
    put_back()
    session.shut_down()
    session.deleteLater()
    process_deletions()
    return sorted(re.sub(r"\d{4}-\d\d-\d\d[T ][\d:,.]+(\+00:00)?", "", line) for line in told.splitlines())


def opened(path: Path, _task: object) -> Dataset:
    return open_dataset(path)


def fail(error: Exception, _task: object = None) -> NoReturn:
    raise error


def test_the_report_is_the_same_whatever_is_called_how(qtbot: QtBot, log: None, tmp_path: Path) -> None:
    assert log is None
    first = told_of(qtbot, tmp_path, "a", tmp_path / "recovery")
    text = "\n".join(first)
    for expected in (
        "ValueError: <name>",
        "KeyError: <name>",
        "Opened or saved <name>",
        "nothing caught in the thread",
        "Images: <name>",
    ):
        assert expected in text, text
    for secret in SECRETS:
        assert told_of(qtbot, tmp_path, secret, tmp_path / "recovery") == first, secret


def test_what_an_earlier_version_logged_is_not_told(session: Session, log: None) -> None:
    assert log is None
    start_log()
    logging.getLogger("rbm_studio").info("new")
    new = log_path().read_text(encoding="utf-8")
    old = "2026-01-01 00:00:00,000 INFO rbm_studio.app.journal: Images: 'Zauberlehrling', 2 + 2 of (8, 8)\n    more\n"
    log_path().write_text(old + new, encoding="utf-8")
    told = report(session)
    assert "Zauber" not in told
    assert "more" not in told
    assert told.rstrip().endswith("INFO rbm_studio: new")


def test_a_name_that_is_cut_off_is_not_told(session: Session, log: None) -> None:
    assert log is None
    start_log()
    logging.getLogger("rbm_studio").info("Opened %s", "Zauberlehrling " * 100_000)
    logging.getLogger("rbm_studio").info("new")
    assert "Zauber" not in report(session)
    # Killed as it wrote.
    with log_path().open("a", encoding="utf-8") as file:
        file.write("2026-01-01T00:00:00,000 INFO rbm_studio: Opened ⟨Zauberlehr\n")
    assert "Zauber" not in report(session)


def test_what_python_and_the_core_say_of_numbers_is_told() -> None:
    p = uniform_parameters(4, 3, np.random.default_rng(0))
    with pytest.raises(ValueError, match="size 4") as caught:
        p.free_energy(np.zeros((2, 5), np.float32))
    assert "size 4 is different from 5" in traceback_of(caught.value)
    assert message_of(IndexError("index 5 is out of bounds for axis 0 with size 3")).endswith("axis 0 with size 3")
    assert message_of(PermissionError(13, "Permission denied", "x")) == "PermissionError 13: Permission denied: ⟨'x'⟩"


def test_the_journal_says_what_was_done(qtbot: QtBot, session: Session, log: None) -> None:
    assert log is None
    start_log()
    Journal(session)
    session.train()
    qtbot.waitUntil(lambda: session.progress is not None and session.progress.epoch_kl is not None)
    session.stop()
    qtbot.waitUntil(lambda: session.can_bring_back or session.run_state.name == "IDLE")
    told = log_path().read_text(encoding="utf-8")
    assert "Training begins: units (64, 12, 0), cpu, TrainingSettings(preset='recommended'" in told
    assert "Training ends: " in told


def test_the_log_is_shown_and_read_anew(window: MainWindow, log: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert log is None
    choose(window, "Help", "Show log")
    shown, text = text_window(window, "Log")
    assert text.toPlainText() == "There is no log, or nothing in it yet."
    start_log()
    logging.getLogger("rbm_studio").info("something new")
    click(button(shown, "Refresh"))
    assert text.toPlainText().endswith("INFO rbm_studio: something new")
    assert text.isReadOnly()
    # A system without a program for folders.
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _url: False)
    click(button(shown, "Open folder"))
    assert labels(shown) == [f"No program opened the folder. The log is {log_path()}"]
