"""Screens that go: between two starts, each a program of its own with the screens of a file, and while it runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QByteArray, QDataStream, QIODevice, QRect, QSize
from PySide6.QtGui import QGuiApplication, QRegion
from PySide6.QtWidgets import QDockWidget, QMessageBox

from rbm_studio.app.layout import first_size
from rbm_studio.app.preferences import GEOMETRY, preferences
from rbm_studio.app.session import Session
from rbm_studio.errors import RBMStudioError

from .driving import message, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow

ROOT = Path(__file__).parents[2]
LAPTOP = (0, 0, 1366, 768)
PROJECTOR = (1366, 0, 3840, 2160)
START = """
import json, sys
from PySide6.QtCore import QRect
from rbm_studio.app.main import create_application
from rbm_studio.app.session import Session
from rbm_studio.app.window import MainWindow
application = create_application()
window = MainWindow(Session())
window.restore_layout()
window.show()
application.processEvents()
dock = window.docks["curve"]
if sys.argv[1:]:
    window.setGeometry(1500, 200, 3000, 1500)
    dock.setFloating(True)
    dock.setGeometry(3000, 300, 2000, 1000)
    application.processEvents()
print(json.dumps([each.frameGeometry().getRect() for each in (window, dock)] + [dock.isFloating()]))
window.close()
"""


def start(folder: Path, *arguments: str, screens: tuple[tuple[int, int, int, int], ...]) -> list[object]:
    """Start the program with some screens; return where its window and the learning curve's dock came up."""
    keys = ("x", "y", "width", "height")
    common = {"logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}
    file = folder / "screens.json"
    file.write_text(
        json.dumps(
            {
                "screens": [
                    {"name": str(number), **dict(zip(keys, screen, strict=True)), **common}
                    for number, screen in enumerate(screens)
                ]
            }
        )
    )
    changes = {
        "QT_QPA_PLATFORM": f"offscreen:configfile={file}",
        "XDG_CONFIG_HOME": str(folder),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", START, *arguments],
        env=os.environ | changes,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, list)
    return found


def test_a_window_that_was_left_on_a_screen_that_is_gone_comes_up_in_sight(tmp_path: Path) -> None:
    window, dock, floats = start(tmp_path, "place", screens=(LAPTOP, PROJECTOR))
    assert floats
    for place in (window, dock):
        assert isinstance(place, list)
        assert QRect(*PROJECTOR).contains(QRect(*place))
    window, dock, floats = start(tmp_path, screens=(LAPTOP,))
    assert floats
    for place in (window, dock):
        assert isinstance(place, list)
        assert QRect(*LAPTOP).contains(QRect(*place))


def in_sight(widget: QWidget) -> bool:
    seen = QRegion()
    for screen in QGuiApplication.screens():
        seen = seen.united(QRegion(screen.availableGeometry()))
    return seen.contains(widget.geometry().topLeft()) and seen.contains(widget.frameGeometry().center())


@pytest.mark.parametrize(
    "rect",
    [(10**6, 10**6, 900, 700), (-(10**6), 40, 900, 700), (0, 0, 2**30, 2**30), (50, 50, -7, 0), (-20, -20, 1, 1)],
)
def test_absurd_places_in_the_settings_do_no_harm(
    show: Callable[[Session], MainWindow], rect: tuple[int, int, int, int]
) -> None:
    preferences.keep(GEOMETRY, bytes(geometry(QRect(*rect)).data()))
    window = show(Session())
    window.restore_layout()
    window.show()
    assert in_sight(window)
    assert window.width() >= window.minimumSizeHint().width()


def geometry(rect: QRect) -> QByteArray:
    """Return what `QWidget.saveGeometry` writes, of a place where no window would be."""
    data = QByteArray()
    stream = QDataStream(data, QIODevice.OpenModeFlag.WriteOnly)
    stream.setVersion(QDataStream.Version.Qt_4_0)
    stream.writeUInt32(0x1D9D0CB)
    stream.writeUInt16(3)
    stream.writeUInt16(0)
    for _ in range(2):
        stream << rect
    stream.writeInt32(7)
    stream.writeUInt8(0)
    stream.writeUInt8(0)
    stream.writeInt32(1920)
    stream << rect
    return data


def test_a_window_and_a_dock_come_back_when_their_screen_is_unplugged(qtbot: QtBot, window: MainWindow) -> None:
    dock = window.docks["curve"]
    assert isinstance(dock, QDockWidget)
    dock.setFloating(True)
    dock.setGeometry(9000, 9000, 400, 300)
    window.move(5000, 5000)
    assert not in_sight(window)
    # The offscreen platform's screens cannot go while it runs: this is what Qt says when one does.
    application = QGuiApplication.instance()
    assert isinstance(application, QGuiApplication)
    application.screenRemoved.emit(QGuiApplication.primaryScreen())
    qtbot.waitUntil(lambda: in_sight(window) and in_sight(dock))
    window.session.failed.emit(RBMStudioError("The disk is full."))
    qtbot.waitUntil(lambda: bool(shown(QMessageBox)))
    assert window.frameGeometry().intersects(shown(QMessageBox)[0].frameGeometry())
    message(qtbot)


@pytest.mark.parametrize(
    ("space", "size"),
    [((1920, 1080), (1280, 800)), ((1280, 800), (1264, 752)), ((1024, 700), (1008, 652))],
)
def test_the_first_size_leaves_room_for_a_frame(space: tuple[int, int], size: tuple[int, int]) -> None:
    assert first_size(QSize(*space)) == QSize(*size)


def test_the_window_can_be_as_small_as_its_first_size_on_a_small_screen(
    show: Callable[[Session], MainWindow], session: Session
) -> None:
    size = first_size(QSize(1024, 700))
    # Without images, too, when other words stand in the panels.
    for each in (session, Session()):
        window = show(each)
        window.resize(size)
        window.restore_default_layout()
        assert window.size() == size


def test_a_program_that_starts_for_the_first_time_fits_on_its_screen_within_a_frame(tmp_path: Path) -> None:
    window, _, _ = start(tmp_path, screens=((0, 0, 1280, 800),))
    assert isinstance(window, list)
    _, _, width, height = window
    assert width <= 1280 - 8
    assert height <= 800 - 40
