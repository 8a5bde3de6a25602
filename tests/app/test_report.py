from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import qVersion
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit

from rbm_studio import __version__
from rbm_studio.app.journal import Journal
from rbm_studio.app.log import log_path, start_log
from rbm_studio.app.preferences import APPEARANCE, preferences
from rbm_studio.app.report import LOG_LINES, report
from rbm_studio.app.text_window import TextWindow
from rbm_studio.app.theme import Appearance
from rbm_studio.data import Dataset

from .conftest import bars, load
from .driving import button, choose, click, labels, named, train

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.session import Session
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
        "Dataset: 'Bars', 200 + 20 images of 8×8, 0 classes",
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
