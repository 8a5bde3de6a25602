"""The window starts, whatever stands in the user's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QByteArray, QSettings

from rbm_studio.app.main import create_application
from rbm_studio.app.session import Session
from rbm_studio.app.window import MainWindow
from tests.app.conftest import _as_on_a_new_computer, application, log  # noqa: F401
from tests.app.conftest import end as end_window

from .formats import generator
from .mutation import mutated

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

KEYS = ("appearance", "window/geometry", "window/state", "files/recent", "files/folder", "curve/shown", "curve/beside")
VALUES: tuple[Any, ...] = (7, -1.5, True, "", "nothing", "\0", "x" * 9000, ["a", "b"], [], {"a": 1}, QByteArray(b""),
                           QByteArray(b"\xff" * 99), QByteArray(bytes(4000)), ["\0", "n" * 9000])  # fmt: skip

pytestmark = [pytest.mark.no_qt_log, pytest.mark.usefixtures("log", "_as_on_a_new_computer")]


def started(qtbot: QtBot) -> None:
    """Start the program, open its menus, and end it, which writes its settings."""
    create_application()
    window = MainWindow(Session())
    window.restore_layout()
    window.show()
    qtbot.waitExposed(window)
    window.documents.recent.paths()
    assert window.width() < 10_000
    end_window(qtbot, window)


@pytest.mark.parametrize("which", range(4))
def test_values_of_every_other_kind(qtbot: QtBot, which: int) -> None:
    rng = generator(which, "settings", 0)
    for key in KEYS:
        QSettings().setValue(key, rng.choice(VALUES))
    started(qtbot)


@pytest.mark.parametrize("which", range(4))
def test_layouts_that_are_broken(qtbot: QtBot, which: int) -> None:
    rng = generator(which, "layout", 0)
    started(qtbot)
    window = MainWindow(Session())
    for key, saved in (("window/geometry", window.saveGeometry()), ("window/state", window.saveState(3))):
        data = bytes(saved.data())
        QSettings().setValue(key, QByteArray(mutated(rng, data, data)))
    end_window(qtbot, window)
    started(qtbot)
