from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import qInfo, qWarning

from rbm_studio.app.log import log_path, report_exceptions, start_log

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("log")


def test_the_log_is_a_file_of_the_user(tmp_path: Path) -> None:
    start_log()
    logging.getLogger("rbm_studio.app.task").info("Opening x.npz: it is empty")
    assert log_path().is_relative_to(tmp_path)
    assert "INFO rbm_studio.app.task: Opening x.npz: it is empty" in log_path().read_text()


def test_qt_writes_there_too() -> None:
    start_log()
    qWarning("a style that is not known")
    qInfo("for your information")
    text = log_path().read_text()
    assert "WARNING rbm_studio.qt: a style that is not known" in text
    assert "INFO rbm_studio.qt: for your information" in text


def test_a_log_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "file"))
    start_log()
    logging.getLogger("rbm_studio").warning("said aloud")
    assert "said aloud" in capsys.readouterr().err


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    reported: list[Exception] = []
    report_exceptions(reported.append)
    return reported


def throw(error: BaseException) -> None:
    try:
        raise error
    except BaseException as caught:
        sys.excepthook(type(caught), caught, caught.__traceback__)


def test_what_nothing_caught_is_logged_and_reported(reported: list[Exception]) -> None:
    start_log()
    error = ZeroDivisionError("in a slot")
    throw(error)
    assert reported == [error]
    text = log_path().read_text()
    assert "Traceback" in text
    assert "ZeroDivisionError: in a slot" in text


def test_ctrl_c_is_no_error_to_report(reported: list[Exception], capsys: pytest.CaptureFixture[str]) -> None:
    throw(KeyboardInterrupt())
    assert reported == []
    assert "KeyboardInterrupt" in capsys.readouterr().err
