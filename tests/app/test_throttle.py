from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from rbm_studio.app.throttle import Throttle

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

INTERVAL_MS = 40


def test_the_first_request_is_served_at_once_and_the_last_one_at_the_end(qtbot: QtBot) -> None:
    parent, calls = QObject(), []
    wanted = 0
    throttle = Throttle(INTERVAL_MS, lambda: calls.append((wanted, time.monotonic())), parent)
    for wanted in range(100):
        throttle.request()
    assert [value for value, _ in calls] == [0]
    qtbot.waitUntil(lambda: len(calls) == 2)
    (_, first), (value, last) = calls
    assert value == 99
    assert last - first >= 0.8 * INTERVAL_MS / 1000


def test_after_the_interval_a_request_is_served_at_once_again(qtbot: QtBot) -> None:
    parent, calls = QObject(), []
    throttle = Throttle(INTERVAL_MS, lambda: calls.append(time.monotonic()), parent)
    throttle.request()
    qtbot.waitUntil(lambda: time.monotonic() - calls[0] > INTERVAL_MS / 1000)
    throttle.request()
    assert len(calls) == 2


def test_nothing_is_called_that_nobody_asked_for(qtbot: QtBot) -> None:
    parent, calls = QObject(), []
    throttle = Throttle(1, lambda: calls.append(time.monotonic()), parent)
    throttle.request()
    throttle.request()
    qtbot.waitUntil(lambda: len(calls) == 2)
    qtbot.waitUntil(lambda: time.monotonic() - calls[-1] > 0.02)
    assert len(calls) == 2
