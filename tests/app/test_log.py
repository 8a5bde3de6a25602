from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import qInfo, qWarning

from rbm_studio.app.log import last_lines, log_path, start_log, trace_path
from rbm_studio.app.log_lines import SAME_FOR_S
from rbm_studio.errors import RBMStudioError

ROOT = Path(__file__).parents[2]

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
    logging.getLogger("rbm_studio").warning("said aloud %s", "\x1b]0;title\x07")
    told = capsys.readouterr().err
    assert "said aloud" in told
    assert told.rstrip("\n").isprintable()


def lines() -> list[str]:
    return log_path().read_text(encoding="utf-8").splitlines()


def test_nothing_that_is_logged_can_pose_as_another_record() -> None:
    start_log()
    name = "x\n2026-01-01 00:00:00,000 ERROR rbm_studio: forged\r\x1b[2J\u2028y\udcff.npz"
    logging.getLogger("rbm_studio").info("Opened %s", name)
    try:
        raise RBMStudioError("{name} is empty.", name=name)
    except RBMStudioError:
        logging.getLogger("rbm_studio").exception("Reading failed")
    assert [line.split(" ")[1] for line in lines() if not line.startswith("    ")] == ["INFO", "ERROR"]
    assert not any(code in "".join(lines()) for code in "\r\x1b\u2028")
    assert "y\\udcff.npz" in lines()[0]
    assert lines()[1].endswith("Reading failed")
    assert lines()[2] == "    Traceback (most recent call last):"
    assert lines()[-1].startswith("    RBMStudioError: ⟨x")
    assert lines()[-1].endswith("⟩ is empty.")


def test_a_storm_is_counted_and_not_written() -> None:
    start_log()
    for _ in range(500):
        qWarning("QPainter::begin: Paint device returned engine == 0")
        logging.getLogger("rbm_studio").info("what is no trouble is always written")
    assert len(lines()) == 501
    assert sum("QPainter" in line for line in last_lines(10)) == 1
    assert last_lines(1)[0].endswith("The same again 499 times: QPainter::begin: Paint device returned engine == 0")
    assert not any("The same again" in line for line in last_lines(1000)[:-1])


def test_the_same_after_a_while_is_written_again_with_the_count(monkeypatch: pytest.MonkeyPatch) -> None:
    start_log()
    for _ in range(3):
        qWarning("again")
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + SAME_FOR_S + 1)
    qWarning("again")
    assert [line.partition("qt: ")[2] for line in lines()] == ["again", "again (the same again 2 times since)"]


FULL = """
import logging, resource
from rbm_studio.app.log import start_log
start_log()
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
for number in range(9):
    logging.getLogger("rbm_studio").warning("there is no room for this %d", number)
"""


@pytest.mark.skipif(os.name != "posix", reason="no other system limits the size of a file")
def test_a_full_disk_disturbs_nobody() -> None:
    run = subprocess.run([sys.executable, "-c", FULL], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert 0 < log_path().stat().st_size <= 100


WRITER = """
import logging, sys
from rbm_studio.app import log
log._SIZE = 20_000
log.start_log()
for number in range(1000):
    logging.getLogger("rbm_studio").info("%s %d %s", sys.argv[1], number, "x" * 20)
"""


def test_two_programs_may_write_to_one_log_while_it_rotates() -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    both = [
        subprocess.Popen([sys.executable, "-c", WRITER, name], env=environment, stderr=subprocess.PIPE)
        for name in ("first", "second")
    ]
    assert [process.communicate(timeout=60)[1] for process in both] == [b"", b""]
    files = sorted(log_path().parent.iterdir())
    assert [file.name for file in files] == ["rbm-studio.log", "rbm-studio.log.1", "rbm-studio.log.2"]
    written = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    assert all(re.fullmatch(r"\S+ INFO rbm_studio: ⟨(first|second)⟩ \d+ ⟨x{20}⟩", line) for line in written)
    # What is gone is the oldest: nothing is missing from there to the last line.
    for name in ("first", "second"):
        numbers = sorted(int(line.split()[4]) for line in written if line.split()[3] == f"⟨{name}⟩")
        assert numbers == list(range(1000))[1000 - len(numbers) :]
    assert len(written) > 300
    assert all(file.stat().st_size < 40_000 for file in files)


CRASHER = """
import ctypes, sys
from PySide6.QtCore import qFatal
from rbm_studio.app.log import start_log, trace_crashes
start_log()
print(repr(trace_crashes()[:40]), flush=True)
if sys.argv[1:] == ["crash"]:
    ctypes.string_at(0)
if sys.argv[1:] == ["fatal"]:
    qFatal("no plugin for this platform")
"""


@pytest.mark.parametrize("how", ["crash", "fatal"])
def test_a_program_that_broke_off_leaves_a_trace_which_the_next_one_tells(how: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}

    def start(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-c", CRASHER, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout

    status, said = start(how)
    assert status != 0
    assert said == "''\n"
    assert "Fatal Python error" in trace_path().read_text()
    assert how == "crash" or any("CRITICAL rbm_studio.qt:" in line for line in lines())
    status, said = start()
    assert status == 0
    assert "Fatal Python error" in said
    assert "The program broke off the last time:" in "".join(lines())
    assert start() == (0, "''\n")


def test_a_log_that_is_missing_has_no_lines() -> None:
    assert last_lines(200) == []
