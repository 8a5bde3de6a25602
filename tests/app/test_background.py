from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from rbm_studio.app.background import Background

from .driving import process_deletions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot


class Work:
    """Work that can be held up: it begins when it is called, and ends when it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.let_go = threading.Event()
        self.thread: threading.Thread | None = None

    def __call__(self) -> str:
        self.thread = threading.current_thread()
        self.begun.set()
        assert self.let_go.wait(10)
        return "held"


@pytest.fixture
def background(qtbot: QtBot) -> Iterator[Background]:
    assert qtbot is not None
    background = Background("Measuring", 1)
    yield background
    background.shut_down()
    background.deleteLater()
    process_deletions()


@pytest.fixture
def results(background: Background) -> list[object]:
    results: list[object] = []
    background.done.connect(results.append)
    return results


def test_it_works_on_a_thread_of_its_own(qtbot: QtBot, background: Background, results: list[object]) -> None:
    work = Work()
    background.request(work)
    assert work.begun.wait(10)
    assert not background.is_idle
    work.let_go.set()
    qtbot.waitUntil(lambda: results == ["held"])
    assert background.is_idle
    assert work.thread not in (None, threading.current_thread())


def test_of_what_is_asked_for_meanwhile_only_the_newest_is_done(
    qtbot: QtBot, background: Background, results: list[object]
) -> None:
    work = Work()
    background.request(work)
    assert work.begun.wait(10)
    for number in range(5):
        background.request(partial(int, number))
    work.let_go.set()
    qtbot.waitUntil(lambda: len(results) == 2)
    assert results == ["held", 4]


def test_what_waits_can_be_dropped(qtbot: QtBot, background: Background, results: list[object]) -> None:
    work = Work()
    background.request(work)
    background.request(lambda: "dropped")
    background.forget()
    work.let_go.set()
    qtbot.waitUntil(lambda: bool(results))
    background.request(lambda: "last")
    qtbot.waitUntil(lambda: len(results) == 2)
    assert results == ["held", "last"]


def test_it_rests_between(qtbot: QtBot, results: list[object], background: Background) -> None:
    slow = Background("Measuring", 60_000)
    slow.done.connect(results.append)
    slow.request(lambda: 1)
    qtbot.waitUntil(lambda: results == [1])
    slow.request(lambda: 2)
    background.request(lambda: "later")
    qtbot.waitUntil(lambda: "later" in results)
    assert results == [1, "later"]
    assert not slow.is_idle
    slow.shut_down()
    slow.deleteLater()
    process_deletions()


def test_a_fault_is_told_and_logged_and_the_next_work_is_done(
    qtbot: QtBot, background: Background, results: list[object], caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("no images")

    with qtbot.waitSignal(background.failed) as failed:
        background.request(fail)
    assert failed.args is not None
    assert isinstance(failed.args[0], ZeroDivisionError)
    assert "'Measuring' failed" in caplog.text
    background.request(lambda: "next")
    qtbot.waitUntil(lambda: results == ["next"])


def test_shutting_down_waits_for_what_is_under_way_and_does_nothing_more(
    qtbot: QtBot, background: Background, results: list[object]
) -> None:
    work = Work()
    background.request(work)
    background.request(lambda: "never")
    assert work.begun.wait(10)
    work.let_go.set()
    background.shut_down()
    assert work.thread is not None
    assert not work.thread.is_alive()
    background.request(lambda: "never")
    qtbot.waitUntil(lambda: results == ["held"])
    assert background.is_idle


def test_what_is_urgent_does_not_wait_for_the_rest_to_end(qtbot: QtBot) -> None:
    background = Background("Measuring", 60_000)
    results: list[object] = []
    background.done.connect(results.append)
    background.request(lambda: "first")
    qtbot.waitUntil(lambda: results == ["first"])
    background.request(lambda: "calm")
    background.request(lambda: "urgent", urgent=True)
    qtbot.waitUntil(lambda: results == ["first", "urgent"])
    background.shut_down()
    background.deleteLater()
    process_deletions()


def test_what_is_urgent_follows_upon_what_is_under_way(qtbot: QtBot) -> None:
    background = Background("Measuring", 60_000)
    results: list[object] = []
    background.done.connect(results.append)
    work = Work()
    background.request(work)
    assert work.begun.wait(10)
    background.request(lambda: "urgent", urgent=True)
    work.let_go.set()
    qtbot.waitUntil(lambda: results == ["held", "urgent"])
    background.shut_down()
    background.deleteLater()
    process_deletions()
