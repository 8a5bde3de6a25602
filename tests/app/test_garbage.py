from __future__ import annotations

import gc
import threading
import weakref
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from rbm_studio.app.garbage import Collector

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


class Knot:
    """A circle that only the collector undoes; it knows on which thread that happened."""

    def __init__(self, threads: list[int]) -> None:
        self.itself = self
        weakref.finalize(self, lambda: threads.append(threading.get_ident()))


def test_what_another_thread_leaves_is_collected_on_this_one(qtbot: QtBot) -> None:
    parent, threads = QObject(), list[int]()
    Collector(parent)

    def litter() -> None:
        Knot(threads)
        # Far more new objects than Python waits for before it collects by itself.
        kept: list[list[int]] = [[] for _ in range(20 * gc.get_threshold()[0])]
        assert kept
        assert threads == []

    worker = threading.Thread(target=litter)
    worker.start()
    worker.join()
    assert threads == []
    # The count goes down again as others are let go of.
    kept: list[list[int]] = [[] for _ in range(50 * gc.get_threshold()[0])]
    qtbot.waitUntil(lambda: bool(threads))
    assert kept
    assert threads == [threading.get_ident()]
