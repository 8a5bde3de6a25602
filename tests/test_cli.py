from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rbm_studio import __version__
from rbm_studio.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent


def python(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, timeout=50, check=False
    )


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_status:
        main(["--version"])
    assert exit_status.value.code == 0
    assert capsys.readouterr().out == f"RBM Studio {__version__}\n"


@pytest.mark.parametrize("arguments", [["trian"], ["demo", "--outpt", "x"], ["window", "a", "b"], ["a.npz", "b"]])
def test_a_wrong_command_line_is_told(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_status:
        main(arguments)
    assert exit_status.value.code == 2
    assert "usage: rbm-studio" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["train", "evaluate", "demo"])
def test_a_command_is_one_also_beside_a_folder_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    (tmp_path / command).mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert f"usage: rbm-studio {command}" in capsys.readouterr().out


def test_what_is_too_long_for_a_files_name_is_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_status:
        main(["x" * 5000])
    assert exit_status.value.code == 2
    assert "usage: rbm-studio" in capsys.readouterr().err


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    printed = capsys.readouterr().out
    assert all(command in printed for command in ("window", "train", "evaluate", "reconstruct", "demo", "FILE"))


def test_an_error_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = python("-m", "rbm_studio", "demo", "--output", str(tmp_path / "file" / "pictures"))
    assert ended.returncode == 1
    assert ended.stderr.startswith("rbm-studio: pictures was not saved: there is no folder")
    assert ended.stderr.count("\n") == 1
    assert ended.stdout == ""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a screen")
def test_without_a_screen_the_demo_needs_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert main(["demo", "--output", str(tmp_path / "file" / "pictures")]) == 1
    # The platform is set before the window system is loaded, which this folder keeps from happening.
    assert os.environ.pop("QT_QPA_PLATFORM") == "offscreen"


def test_the_command_line_alone_loads_no_window_system() -> None:
    ended = python("-c", "import sys, rbm_studio.cli; print('PySide6' in sys.modules, 'cupy' in sys.modules)")
    assert ended.stdout == "False False\n"


START = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox
from rbm_studio.app import main as program

def look():
    window, = (w for w in QApplication.topLevelWidgets() if w.objectName() == "main_window")
    boxes = [w for w in QApplication.topLevelWidgets() if isinstance(w, QMessageBox) and w.isVisible()]
    if window.session.task is None and boxes:
        print(boxes[0].text())
        boxes[0].accept()
        print(window.isVisible())
        window.close()

make = program.create_application
def create_application():
    application = make()
    application.timer = QTimer(application)
    application.timer.timeout.connect(look)
    application.timer.start(20)
    return application
program.create_application = create_application

from rbm_studio.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def missing(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "missing.npz"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", [["window"], []])
def test_an_unknown_file_is_told_in_the_window_that_opens(missing: Path, command: list[str]) -> None:
    ended = python("-c", START, *command, str(missing))
    assert ended.returncode == 0, ended.stderr
    told, visible = ended.stdout.splitlines()
    assert "missing.npz" in told
    assert visible == "True"
