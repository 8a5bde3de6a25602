"""What a person does to the window: presses, types, picks files, reads messages."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt, QTimer
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QMessageBox,
    QWidget,
)

from rbm_studio.app.state import RunState
from rbm_studio.core.gradients import ContrastiveDivergence

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from PySide6.QtCore import QSize
    from PySide6.QtGui import QAction
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.session import Session
    from rbm_studio.app.state import Model
    from rbm_studio.app.window import MainWindow
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.gradients import Phase
    from rbm_studio.core.workspace import Part

LEFT = Qt.MouseButton.LeftButton
NAMES = ("Train", "Pause", "Step", "Stop", "Reset")
Widget = TypeVar("Widget", bound=QWidget)
Dialog = TypeVar("Dialog", QMessageBox, QFileDialog)


class SlowDisk:
    """Holds up what is written until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.released = threading.Event(), threading.Event()
        fsync = os.fsync

        def wait(descriptor: int) -> None:
            self.reached.set()
            assert self.released.wait(20)
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", wait)


def process_deletions() -> None:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QCoreApplication.processEvents()


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, LEFT)


def button(parent: QWidget, text: str) -> QAbstractButton:
    """Return the one visible button with a text, as it reads on the screen, or would if there were room for it all."""
    shown = [button for button in parent.findChildren(QAbstractButton) if button.isVisible()]
    found = [button for button in shown if button.text().replace("&", "") == text]
    found = found or [button for button in shown if "…" in button.text() and button.accessibleName() == text]
    assert len(found) == 1, (text, len(found))
    return found[0]


def press(window: MainWindow, text: str) -> None:
    """Click a button of the training bar."""
    click(button(window.training_bar, text))


def enabled(window: MainWindow) -> set[str]:
    """Return which of the training bar's buttons can be clicked, by the names that they have at first."""
    return {
        name for name, action in zip(NAMES, window.training_bar.training_actions(), strict=True) if action.isEnabled()
    }


def status(window: MainWindow) -> str:
    """Return what the status bar says."""
    return window.statusBar().currentMessage()


def menu_action(window: MainWindow, menu: str, text: str) -> QAction:
    """Return an action of a menu by its text without the mark of its key."""
    for entry in window.menuBar().actions():
        if entry.text().replace("&", "") == menu:
            submenu = entry.menu()
            assert isinstance(submenu, QMenu)
            found = [action for action in submenu.actions() if action.text().replace("&", "") == text]
            assert len(found) == 1, text
            return found[0]
    raise AssertionError(menu)


def choose(window: MainWindow, menu: str, text: str) -> None:
    """Choose an action of a menu, by the keyboard where it is pulled down."""
    action = menu_action(window, menu, text)
    assert action.isEnabled()
    action.trigger()


def shown(kind: type[Dialog]) -> list[Dialog]:
    return [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, kind) and widget.isVisible()]


def wait_for(qtbot: QtBot, kind: type[Dialog]) -> Dialog:
    """Wait for the one dialog of a kind."""
    qtbot.waitUntil(lambda: len(shown(kind)) == 1)
    return shown(kind)[0]


def answer(qtbot: QtBot, text: str) -> None:
    """Click a button of the message box."""
    click(button(wait_for(qtbot, QMessageBox), text))
    process_deletions()


def message(qtbot: QtBot) -> str:
    """Return the text of the message box, and click it away."""
    box = wait_for(qtbot, QMessageBox)
    text = f"{box.text()} {box.informativeText()}"
    answer(qtbot, "OK")
    qtbot.waitUntil(lambda: not shown(QMessageBox))
    return text


def pick(qtbot: QtBot, path: Path, name_filter: str = "") -> None:
    """Name a file in the file dialog, after choosing a kind of file, and accept."""
    dialog = wait_for(qtbot, QFileDialog)
    if name_filter:
        dialog.selectNameFilter(name_filter)
        dialog.filterSelected.emit(name_filter)
    enter_name(dialog, str(path))
    accept_dialog(dialog)
    qtbot.waitUntil(lambda: not shown(QFileDialog))
    process_deletions()


def enter_name(dialog: QFileDialog, name: str) -> None:
    line = dialog.findChild(QLineEdit, "fileNameEdit")
    assert isinstance(line, QLineEdit)
    # A file that is marked in the list would be meant instead.
    for view in dialog.findChildren(QAbstractItemView):
        view.clearSelection()
    line.setText(name)


def accept_dialog(dialog: QFileDialog) -> None:
    box = dialog.findChild(QDialogButtonBox)
    assert isinstance(box, QDialogButtonBox)
    accepting = [b for b in box.buttons() if box.buttonRole(b) is QDialogButtonBox.ButtonRole.AcceptRole]
    assert len(accepting) == 1
    click(accepting[0])


def state(session: Session) -> RunState:
    """Return whether it trains, anew each time: mypy takes what was asserted of a property for lasting."""
    return session.run_state


def wait_until_idle(qtbot: QtBot, session: Session) -> None:
    qtbot.waitUntil(lambda: session.run_state is RunState.IDLE, timeout=20_000)


def drag(canvas: QWidget, *places: tuple[float, float]) -> None:
    """Draw a stroke with the mouse through places in 0..1 of the widget's square."""
    points = [on(canvas, *place) for place in places]
    QTest.mousePress(canvas, LEFT, pos=points[0])
    for point in points[1:]:
        QTest.mouseMove(canvas, point)
    QTest.mouseRelease(canvas, LEFT, pos=points[-1])


def on(widget: QWidget, x: float, y: float) -> QPoint:
    side = min(widget.width(), widget.height())
    return QPoint(round((widget.width() - side) / 2 + x * side), round((widget.height() - side) / 2 + y * side))


def named(parent: QWidget, kind: type[Widget], name: str) -> Widget:
    """Return the widget that a screen reader calls by a name."""
    found = [widget for widget in parent.findChildren(kind) if widget.accessibleName() == name]
    assert len(found) == 1, (name, len(found))
    return found[0]


def labels(parent: QWidget) -> list[str]:
    return [label.text() for label in parent.findChildren(QLabel) if label.isVisible() and label.text()]


def settle(qtbot: QtBot, panel: QWidget) -> None:
    """Wait for the redraw that was put off: else it would be taken for the answer to what comes next."""
    qtbot.waitUntil(lambda: not any(timer.isActive() for timer in panel.findChildren(QTimer)))


def choose_item(box: QComboBox, text: str) -> None:
    """Go to an item of a list by the keyboard."""
    target = box.findText(text)
    assert box.isEnabled()
    assert target >= 0, text
    while (steps := target - box.currentIndex()) != 0:
        QTest.keyClick(box, Qt.Key.Key_Down if steps > 0 else Qt.Key.Key_Up)
        assert abs(target - box.currentIndex()) < abs(steps), text


def is_at_work(thread: str) -> bool:
    """Return whether there is a thread of a name."""
    return any(each.name == thread for each in threading.enumerate())


def drawn(path: Path, size: QSize) -> QImage:
    """Return an SVG file as a picture on white."""
    image = QImage(size, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    renderer = QSvgRenderer(str(path))
    assert renderer.isValid()
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    return image


def model_of(session: Session) -> Model:
    assert session.model is not None
    return session.model


def train(qtbot: QtBot, window: MainWindow) -> None:
    press(window, "Train")
    wait_until_idle(qtbot, window.session)


class Failing(ContrastiveDivergence):
    """A gradient that fails."""

    def run(self, part: Part, chains: FloatArray, phase: Phase, measured: int) -> Any:
        del part, chains, phase, measured
        raise MemoryError("no room")
