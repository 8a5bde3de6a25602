"""The whole window in the hands of an impatient class: whatever is in view is clicked, dragged and typed into."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QMenu,
    QMessageBox,
    QPlainTextEdit,
    QToolButton,
    QWidget,
)

from rbm_studio.app.quantities import LIVE
from rbm_studio.app.runs_view import RunsView
from rbm_studio.app.session import Session
from rbm_studio.app.state import RunState
from rbm_studio.core.parameters import Parameters
from rbm_studio.storage.model_file import SavedModel, save_model

from .conftest import bars_dataset, load
from .driving import LEFT, click, enabled, menu_action, named, process_deletions, state, wait_until_idle
from .test_labels import labelled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtGui import QAction
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow

ACTIONS = 240
SIZES = ((700, 500), (1024, 700), (1280, 800))
KEYS = (
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Down,
    Qt.Key.Key_Plus,
    Qt.Key.Key_0,
    Qt.Key.Key_Delete,
    Qt.Key.Key_Space,
    Qt.Key.Key_F2,
)
# Pages on the net, and the end, which has its own tests.
NEVER = ("ownload", "log", "Quit", "Close")
POSSIBLE = {
    RunState.IDLE: {"Train", "Step", "Reset"},
    RunState.RUNNING: {"Pause", "Stop", "Reset"},
    RunState.PAUSED: {"Train", "Step", "Stop", "Reset"},
    RunState.STOPPING: set(),
}


class ImpatientClass:
    """Does to a window what comes to its mind.

    Parameters
    ----------
    qtbot : QtBot
    window : MainWindow
    rng : random.Random
    paths : list of Path
        Files to open.
    """

    def __init__(self, qtbot: QtBot, window: MainWindow, rng: random.Random, paths: list[Path]) -> None:
        self.qtbot, self.window, self.rng, self.paths = qtbot, window, rng, paths
        self.done: list[str] = []

    def act(self) -> None:
        actions = {
            self.touch: 50,
            self.train: 12,
            self.step: 10,
            self.turn_to: 10,
            self.open: 12,
            self.save: 6,
            self.look_back: 10,
            self.go_along: 5,
            self.choose: 4,
            self.resize: 3,
            self.set_out: 2,
        }
        # Often one thing right after another, before the window has had a turn.
        for act in self.rng.choices(list(actions), list(actions.values()), k=self.rng.randint(1, 3)):
            act()
            self.answer()
        self.pause()
        self.answer()

    def pause(self) -> None:
        """Give the window a turn, which has to come soon."""
        turns: list[bool] = []
        QTimer.singleShot(self.rng.choice((0, 0, 5, 30)), lambda: turns.append(True))
        self.qtbot.waitUntil(lambda: bool(turns), timeout=5000)

    # --- what is done

    def touch(self) -> None:
        seen = [dock.widget() for dock in self.window.docks.values() if is_seen(dock.widget())]
        widgets = [widget for panel in seen for widget in panel.findChildren(QWidget) if is_of_use(widget)]
        if not widgets:
            return
        widget = self.rng.choice(widgets)
        self.done.append(f"{type(widget).__name__} {widget.accessibleName()}")
        if isinstance(widget, QComboBox):
            self.pick(widget)
        elif isinstance(widget, QAbstractSpinBox):
            self.type(widget)
        elif isinstance(widget, QToolButton) and widget.menu() is not None:
            self.trigger(widget.menu())
        elif isinstance(widget, QAbstractButton):
            click(widget)
        else:
            self.point(widget.viewport() if isinstance(widget, QAbstractScrollArea) else widget)

    def pick(self, box: QComboBox) -> None:
        box.setFocus()
        for _ in range(self.rng.randrange(4)):
            QTest.keyClick(box, self.rng.choice((Qt.Key.Key_Up, Qt.Key.Key_Down)))

    def type(self, field: QAbstractSpinBox) -> None:
        field.setFocus()
        field.selectAll()
        QTest.keyClicks(field, self.rng.choice(("1", "7", "20", "0.1", "x")))
        if self.rng.random() < 0.7:
            QTest.keyClick(field, Qt.Key.Key_Return)

    def point(self, widget: QWidget) -> None:
        begin, end = self.place(widget), self.place(widget)
        how = self.rng.randrange(4)
        if how == 0:
            widget.setFocus()
            QTest.keyClick(widget, self.rng.choice(KEYS))
        elif how == 1:
            QTest.mouseClick(widget, LEFT, pos=begin)
        elif how == 2:
            move(widget, begin, Qt.MouseButton.NoButton)
        else:
            QTest.mousePress(widget, LEFT, pos=begin)
            move(widget, end, LEFT)
            QTest.mouseRelease(widget, LEFT, pos=end)

    def place(self, widget: QWidget) -> QPoint:
        room = widget.visibleRegion().boundingRect()
        return QPoint(
            self.rng.randint(room.left(), max(room.left(), room.right())),
            self.rng.randint(room.top(), max(room.top(), room.bottom())),
        )

    def train(self) -> None:
        actions = [action for action in self.window.training_bar.training_actions() if action.isEnabled()]
        if actions:
            action = self.rng.choice(actions)
            self.done.append(action.text())
            action.trigger()

    def step(self) -> None:
        """Let the chain of the drawing go on by a stage, or run."""
        self.window.activateWindow()
        self.done.append("chain")
        QTest.keyClick(self.window, self.rng.choice((Qt.Key.Key_F3, Qt.Key.Key_F3, Qt.Key.Key_F4)))

    def look_back(self) -> None:
        """Take the timeline's slider."""
        slider = self.window.timeline_bar.slider
        if slider.isEnabled():
            self.done.append("slider")
            self.point(slider)

    def go_along(self) -> None:
        """Play the run through, go on from one of its moments, or back to now."""
        actions = [action for action in self.window.timeline_bar.timeline_actions() if action.isEnabled()]
        if actions:
            action = self.rng.choice(actions)
            self.done.append(action.text())
            action.trigger()

    def turn_to(self) -> None:
        name = self.rng.choice(list(self.window.docks))
        self.done.append(f"dock {name}")
        self.window.docks[name].show()
        self.window.docks[name].raise_()

    def open(self) -> None:
        path = self.rng.choice(self.paths)
        self.done.append(f"open {path.name}")
        self.window.open_path(path)

    def save(self) -> None:
        """Begin a new experiment, save the present one in its file or in another's, or write notes."""
        documents, experiments = self.window.documents, [path for path in self.paths if path.suffix == ".rbmx"]
        how = self.rng.randrange(4)
        self.done.append(("new", "save", "save as", "note")[how])
        if how == 0:
            documents.begin()
        elif how == 1:
            documents.save()
        elif how == 2:
            self.window.session.documents.saving.save(self.rng.choice(experiments))
        else:
            experiment = self.window.session.experiment
            experiment.write_notes(f"{experiment.notes} {self.rng.random()}"[-200:])

    def choose(self) -> None:
        for entry in self.rng.sample(self.window.menuBar().actions(), 1):
            menu = entry.menu()
            assert isinstance(menu, QMenu)
            self.trigger(menu)

    def trigger(self, menu: QMenu) -> None:
        actions = list(leaves(menu))
        if actions:
            action = self.rng.choice(actions)
            self.done.append(f"menu {action.text()}")
            action.trigger()

    def resize(self) -> None:
        size = self.rng.choice(SIZES)
        self.done.append(f"resize to {size}")
        self.window.resize(*size)

    def set_out(self) -> None:
        """Close the window, which asks first."""
        if state(self.window.session) is not RunState.IDLE:
            self.done.append("close")
            self.window.close()
            for box in dialogs():
                box.reject()

    def answer(self) -> None:
        """Answer what the window asks, one after the other, until it asks no more."""
        while boxes := dialogs():
            box = boxes[0]
            if isinstance(box, QMessageBox):
                assert "did not foresee" not in box.text(), box.text()
                self.done.append(box.text())
                click(self.rng.choice(box.buttons()))
            else:
                self.done.append(box.windowTitle())
                box.reject()
            process_deletions()


def dialogs() -> list[QDialog]:
    return [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, QDialog) and widget.isVisible()]


def is_seen(widget: QWidget) -> bool:
    return widget.isVisible() and not widget.visibleRegion().isEmpty()


def is_of_use(widget: QWidget) -> bool:
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    plain = type(widget) is QWidget or isinstance(widget, QLabel)
    return widget.isEnabled() and is_seen(widget) and not plain and not any(word in text for word in NEVER)


def leaves(menu: QMenu) -> Iterator[QAction]:
    menu.aboutToShow.emit()
    for action in menu.actions():
        below = action.menu()
        if isinstance(below, QMenu):
            yield from leaves(below)
        elif action.isEnabled() and not action.isSeparator() and not any(word in action.text() for word in NEVER):
            yield action


def move(widget: QWidget, place: QPoint, buttons: Qt.MouseButton) -> None:
    where, everywhere = QPointF(place), QPointF(widget.mapToGlobal(place))
    none = Qt.KeyboardModifier.NoModifier
    event = QMouseEvent(QEvent.Type.MouseMove, where, everywhere, Qt.MouseButton.NoButton, buttons, none)
    QApplication.sendEvent(widget, event)


def check_runs(window: MainWindow) -> None:
    """Check that the table of runs, the curves and the menu show what there is."""
    book, view = window.session.book, window.panel("runs").findChild(RunsView)
    assert isinstance(view, RunsView)
    if is_seen(view) and not view.is_edited:
        assert set(view.runs.runs) == set(book.runs)
    history = book.history(LIVE)
    assert [run.tag for run in history.earlier] == [run for run in book.runs[:-1] if LIVE in run.curves]
    assert history.current is None or history.current.tag is book.present
    assert menu_action(window, "Training", "Bring back the previous model").isEnabled() == window.session.can_bring_back


def model_files(folder: Path) -> list[Path]:
    """Return files of models of several sizes, with and without label units, and one that is no model."""
    rng = np.random.default_rng(0)
    paths = [folder / "broken.safetensors"]
    paths[0].write_bytes(b"no model")
    for name, side, hidden, classes in (("one", 8, 1, 0), ("small", 4, 5, 0), ("with classes", 8, 30, 3)):
        arrays = {"w": (side * side, hidden), "visible_bias": (side * side,), "hidden_bias": (hidden,)}
        if classes:
            arrays |= {"label_w": (classes, hidden), "label_bias": (classes,)}
        drawn = {key: rng.normal(0, 0.1, shape).astype(np.float32) for key, shape in arrays.items()}
        paths.append(folder / f"{name}.safetensors")
        save_model(paths[-1], SavedModel(Parameters(**drawn), image_shape=(side, side)))
    return paths


def experiment_files(qtbot: QtBot, folder: Path) -> list[Path]:
    """Return files of experiments of these images and of others, trained and not, and one that is no experiment."""
    broken = folder / "broken.rbmx"
    broken.write_bytes(b"PK no experiment")
    paths = [broken]
    for name, dataset in (("same", bars_dataset()), ("classes", labelled()), ("other size", bars_dataset(6))):
        session = Session()
        load(qtbot, session, dataset)
        session.change_settings(hidden_num=9, batch_size=20, epochs=2, device="cpu")
        session.experiment.write_notes(name)
        if name != "same":
            session.train()
            wait_until_idle(qtbot, session)
        paths.append(folder / f"{name}.rbmx")
        assert session.save_experiment(paths[-1])
        session.shut_down()
    return paths


@pytest.mark.parametrize("seed", [1, 2])
def test_an_impatient_class_finds_no_fault(qtbot: QtBot, window: MainWindow, tmp_path: Path, seed: int) -> None:
    session = window.session
    if seed == 1:
        load(qtbot, session, labelled())
    paths = [*model_files(tmp_path), *experiment_files(qtbot, tmp_path)]
    hands = ImpatientClass(qtbot, window, random.Random(seed), paths)
    for _ in range(ACTIONS // 2):
        hands.act()
        model, selection = session.model, session.selection
        assert model is not None
        assert max((*selection.units, selection.hovered)) < model.parameters.hidden_num, hands.done[-5:]
        assert selection.pixel < model.parameters.visible_num, hands.done[-5:]
        possible = POSSIBLE[session.run_state] - (set() if session.can_train else {"Train", "Step", "Reset"})
        assert enabled(window) == possible, hands.done[-5:]
        assert window.isWindowModified() == session.experiment.is_modified, hands.done[-5:]
        path = session.experiment.path
        assert window.windowTitle().startswith(
            path.name if path else session.experiment.name or "untitled experiment"
        ), hands.done[-5:]
        assert named(window, QPlainTextEdit, "Notes").toPlainText() == session.experiment.notes, hands.done[-5:]
        present = session.book.present
        assert present is not None
        assert present.owner is session.experiment.owner, hands.done[-5:]
        assert len({run.identity for run in session.book.runs}) == len(session.book.runs), hands.done[-5:]
        newest, past = session.newest, session.timeline.past
        assert newest is not None
        assert model is (newest if past is None else session.timeline.model), hands.done[-5:]
        assert model.parameters is (newest if past is None else past).parameters, hands.done[-5:]
        assert bool(window.docks["weights"].property("past")) is (past is not None), hands.done[-5:]
        check_runs(window)
    session.halt()
    # Whatever was done before, the file holds what there is.
    path = tmp_path / "last.rbmx"
    qtbot.waitUntil(lambda: session.task is None)
    assert session.save_experiment(path)
    assert not window.isWindowModified()
    last = session.newest
    assert last is not None
    session.documents.begin()
    with qtbot.waitSignal(session.documents.opened):
        assert session.open_experiment(path)
    hands.answer()
    assert session.model is not None
    assert session.model.parameters.w.tobytes() == last.parameters.w.tobytes()
    assert session.model.history == last.history
