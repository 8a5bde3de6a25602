"""What a click with the right button shows works; pyqtgraph's own menus are not shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QGraphicsView, QLineEdit, QPlainTextEdit, QWidget

from rbm_studio.app.window import PANELS

from .driving import process_deletions, train

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow

STEP = 30
# Their menus are Qt's own: to copy, to paste.
INPUTS = (QLineEdit, QPlainTextEdit, QAbstractSpinBox)


def places(widget: QWidget) -> Iterator[QPoint]:
    """Yield places all over a widget: in the axes, on the lines, on the marks."""
    if not isinstance(widget.parentWidget(), QGraphicsView):
        yield widget.rect().center()
        return
    for x in range(1, widget.width(), STEP):
        yield from (QPoint(x, y) for y in range(1, widget.height(), STEP))


def click_right(widget: QWidget, place: QPoint) -> None:
    """Click with the right button, as a mouse does, and press every entry of what comes up."""
    QTest.mouseClick(widget, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, place)
    asked = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, widget.mapToGlobal(place))
    QApplication.sendEvent(widget, asked)
    QApplication.processEvents()
    while (menu := QApplication.activePopupWidget()) is not None:
        for entry in menu.actions():
            entry.trigger()
        menu.close()
        process_deletions()


@pytest.mark.parametrize("name", PANELS)
def test_a_right_click_anywhere_on_a_panel_raises_nothing(qtbot: QtBot, window: MainWindow, name: str) -> None:
    train(qtbot, window)
    window.docks[name].bring_up()
    panel = window.panel(name)
    for widget in [panel, *panel.findChildren(QWidget)]:
        if widget.isVisible() and not isinstance(widget, INPUTS) and not isinstance(widget.parentWidget(), INPUTS):
            for place in places(widget):
                click_right(widget, place)
    assert window.isVisible()


def test_every_plot_has_only_entries_that_work(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    process_deletions()
    plots = window.findChildren(QGraphicsView)
    assert plots
    for plot in plots:
        for entry in (*plot.findChildren(QAction), *plot.scene().findChildren(QAction)):
            entry.trigger()
            process_deletions()
