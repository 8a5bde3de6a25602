from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLineEdit, QPushButton, QScrollArea, QVBoxLayout, QWidget

from rbm_studio.app.focus_ring import FocusRing

from .driving import click, process_deletions

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


class Window(QWidget):
    """A field, a box, and a button that another scrolls out of view."""

    def __init__(self) -> None:
        super().__init__()
        self.field, self.box, self.button, self.last = QLineEdit(), QComboBox(), QPushButton("First"), QPushButton()
        within = QWidget()
        column = QVBoxLayout(within)
        column.addWidget(self.button)
        column.addSpacing(400)
        column.addWidget(self.last)
        self.area = QScrollArea()
        self.area.setWidget(within)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        whole = QVBoxLayout(self)
        for widget in (self.field, self.box, self.area):
            whole.addWidget(widget)
        self.ring = FocusRing(self)


@pytest.fixture
def window(qtbot: QtBot) -> Window:
    window = Window()
    qtbot.addWidget(window)
    window.resize(300, 200)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.field.setFocus()
    return window


def tab(window: Window) -> None:
    focused = window.focusWidget()
    assert focused is not None
    QTest.keyClick(focused, Qt.Key.Key_Tab)


def place(window: Window, control: QWidget) -> QRect:
    return QRect(control.mapTo(window, QPoint()), control.size()).adjusted(-2, -2, 2, 2)


def test_the_ring_is_around_what_tab_comes_to(window: Window) -> None:
    tab(window)
    assert window.ring.isVisible()
    assert window.ring.geometry() == place(window, window.box)
    # It covers nothing of the control.
    assert not window.ring.mask().contains(window.ring.rect().center())
    tab(window)
    assert window.ring.control is window.button
    click(window.box)
    window.field.setFocus()
    assert not window.ring.isVisible()


def test_the_mouse_brings_no_ring(window: Window) -> None:
    click(window.button)
    assert window.button.hasFocus()
    assert not window.ring.isVisible()


def test_the_ring_moves_with_its_control_and_not_out_of_its_area(qtbot: QtBot, window: Window) -> None:
    tab(window)
    before = window.ring.geometry()
    window.resize(400, 200)
    qtbot.waitUntil(lambda: window.ring.width() > before.width())
    assert window.ring.geometry() == place(window, window.box)
    tab(window)
    assert window.ring.geometry() == place(window, window.button)
    bar = window.area.verticalScrollBar()
    bar.setValue(bar.maximum())
    assert not window.ring.isVisible()
    bar.setValue(0)
    assert window.ring.isVisible()


def test_the_ring_goes_with_its_control(window: Window) -> None:
    tab(window)
    window.box.deleteLater()
    process_deletions()
    assert not window.ring.isVisible()
    window.field.setFocus()
    tab(window)
    assert window.ring.control is window.button
    assert window.ring.isVisible()
