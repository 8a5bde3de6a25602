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
    requests: list[int] = []
    throttle = Throttle(INTERVAL_MS, lambda: calls.append((len(requests), time.monotonic())), parent)
    for number in range(100):
        requests.append(number)
        throttle.request()
    assert [count for count, _ in calls] == [1]
    qtbot.waitUntil(lambda: len(calls) == 2)
    (_, first), (count, last) = calls
    assert count == 100
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


def test_one_that_takes_its_turn_waits_for_the_end_of_the_interval(qtbot: QtBot) -> None:
    parent, calls = QObject(), []
    throttle = Throttle(INTERVAL_MS, lambda: calls.append(time.monotonic()), parent, at_once=False)
    asked = time.monotonic()
    for _ in range(10):
        throttle.request()
    assert calls == []
    qtbot.waitUntil(lambda: len(calls) == 1)
    assert calls[0] - asked >= 0.8 * INTERVAL_MS / 1000
    throttle.request()
    assert len(calls) == 1
    qtbot.waitUntil(lambda: len(calls) == 2)
