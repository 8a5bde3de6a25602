from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest

from rbm_studio.app.first_steps import FirstSteps, place_for

from .driving import choose, process_deletions, train

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow


def test_the_first_steps_tell_of_what_there_is_and_the_window_stays_usable(qtbot: QtBot, window: MainWindow) -> None:
    for _ in range(2):
        choose(window, "Help", "First steps")
    (steps,) = window.findChildren(FirstSteps)
    assert steps.windowModality() == Qt.WindowModality.NonModal
    words = steps.text.toPlainText()
    for told in ("Train", "Draw a digit", "Chain", "Cover", "Dream", "Learn the labels too", "Unit", "Ctrl+1"):
        assert told in words
    train(qtbot, window)
    QTest.keyClick(steps, Qt.Key.Key_Escape)
    process_deletions()
    assert not window.findChildren(FirstSteps)


def test_on_a_small_screen_only_the_weights_are_covered(window: MainWindow) -> None:
    spared = QRect(window.docks["weights"].mapToGlobal(QPoint()), window.docks["weights"].size())
    place = place_for(window.frameGeometry(), spared, window.frameGeometry())
    for name in ("dataset", "model", "curve", "draw"):
        dock = window.docks[name]
        assert not place.intersects(QRect(dock.mapToGlobal(QPoint()), dock.size())), name
    assert not place.intersects(QRect(window.training_bar.mapToGlobal(QPoint()), window.training_bar.size()))


@pytest.mark.parametrize(
    ("main", "screen"),
    [
        (QRect(0, 0, 1280, 800), QRect(0, 0, 1920, 1080)),
        (QRect(640, 200, 1280, 800), QRect(0, 0, 1920, 1080)),
        (QRect(-1920, 100, 1280, 500), QRect(-1920, 0, 1920, 600)),
    ],
    ids=["right", "left", "on a low screen"],
)
def test_where_there_is_room_nothing_is_covered(main: QRect, screen: QRect) -> None:
    place = place_for(main, QRect(main.center(), main.size() / 3), screen)
    assert screen.contains(place)
    assert not place.intersects(main)


def test_what_is_covered_of_a_tiny_window_is_on_the_screen() -> None:
    screen = QRect(0, 0, 1024, 700)
    assert screen.contains(place_for(screen, QRect(683, 80, 341, 180), screen))
