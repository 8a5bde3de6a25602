from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from rbm_studio.app.task import Task, TaskSlot
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def test_the_function_runs_elsewhere_and_its_result_comes_back_here(qtbot: QtBot) -> None:
    threads: list[threading.Thread] = []
    task = Task("Thinking", lambda _task: threading.current_thread())
    task.succeeded.connect(lambda _: threads.append(threading.current_thread()))
    with qtbot.waitSignal(task.succeeded) as caught:
        task.start()
    assert caught.args is not None
    assert caught.args[0] is not threading.current_thread()
    assert caught.args[0].name == "Thinking"
    task.join()
    assert not caught.args[0].is_alive()


def test_an_error_of_the_user_is_told_and_not_logged_as_a_fault(qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Task) -> None:
        raise RBMStudioError("The file is empty.")

    task = Task("Opening", fail)
    with qtbot.waitSignal(task.failed) as caught:
        task.start()
    task.join()
    assert caught.args is not None
    assert str(caught.args[0]) == "The file is empty."
    assert not [record for record in caplog.records if record.exc_info]


def test_what_nobody_foresaw_is_logged_with_its_traceback(qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    nothing: dict[str, int] = {}
    task = Task("Opening", lambda _: nothing["key"])
    with qtbot.waitSignal(task.failed):
        task.start()
    task.join()
    assert "'Opening' failed" in caplog.text
    assert "KeyError: 'key'" in caplog.text
    assert "Traceback" in caplog.text


def test_progress_comes_in_order(qtbot: QtBot) -> None:
    def count(task: Task) -> None:
        for done in range(5):
            task.report(done, 4)

    seen: list[tuple[int, int]] = []
    task = Task("Counting", count)
    task.progressed.connect(lambda done, total: seen.append((done, total)))
    with qtbot.waitSignal(task.succeeded):
        task.start()
    task.join()
    assert seen == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


def test_join_before_the_start_returns() -> None:
    Task("Never", lambda _: None).join()


@pytest.fixture
def slot(qtbot: QtBot) -> TaskSlot:
    assert qtbot is not None
    return TaskSlot()


def test_a_slot_takes_one_task_at_a_time(qtbot: QtBot, slot: TaskSlot) -> None:
    results: list[object] = []
    release = threading.Event()
    assert slot.start("First", lambda _: release.wait(), results.append)
    assert slot.task is not None
    with qtbot.waitSignal(slot.noticed) as notice:
        assert not slot.start("Second", lambda _: "second", results.append)
    assert notice.args == ["Please wait: First…"]
    release.set()
    qtbot.waitUntil(lambda: slot.task is None)
    assert results == [True]
    assert slot.start("Third", lambda _: "third", results.append)
    qtbot.waitUntil(lambda: slot.task is None)
    assert results == [True, "third"]


def test_the_result_of_a_cancelled_task_is_dropped(qtbot: QtBot, slot: TaskSlot) -> None:
    results: list[object] = []
    release = threading.Event()
    slot.start("Reading", lambda _: release.wait(), results.append)
    assert slot.task is not None
    slot.task.cancel()
    with qtbot.waitSignals([slot.noticed, slot.changed]):
        release.set()
    assert results == []
    assert slot.task is None


def test_an_error_after_cancelling_is_no_fault(qtbot: QtBot, slot: TaskSlot) -> None:
    failures: list[object] = []

    def fail(task: Task) -> None:
        task.cancelled.wait()
        raise RBMStudioError("Cancelled, as asked.")

    slot.failed.connect(failures.append)
    slot.start("Downloading", fail, failures.append)
    assert slot.task is not None
    with qtbot.waitSignal(slot.noticed) as notice:
        slot.task.cancel()
    assert notice.args == ["Cancelled."]
    assert failures == []


def test_shutting_down_ends_the_task(slot: TaskSlot) -> None:
    slot.start("Waiting", lambda task: task.cancelled.wait(), lambda _: None)
    slot.shut_down()
    assert not [thread for thread in threading.enumerate() if thread.name == "Waiting"]
