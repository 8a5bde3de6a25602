from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QProgressBar, QSpinBox

from rbm_studio.app.session import Session
from rbm_studio.app.state import RunState

from .conftest import bars_dataset
from .driving import button, enabled, press, state, wait_until_idle

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow
    from rbm_studio.data import Dataset


def bar_of(window: MainWindow) -> QProgressBar:
    bar = window.training_bar.findChild(QProgressBar)
    assert isinstance(bar, QProgressBar)
    return bar


def words(window: MainWindow) -> str:
    label = window.training_bar.findChild(QLabel)
    assert isinstance(label, QLabel)
    return label.text()


def type_hidden_units(window: MainWindow, text: str) -> None:
    field = window.panel("model").findChildren(QSpinBox)[0]
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, text)


def test_buttons_offer_what_is_possible_in_each_state(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    session.change_settings(epochs=100_000)
    assert enabled(window) == {"Train", "Step", "Reset"}
    assert words(window) == "Ready to train"

    press(window, "Train")
    assert state(session) is RunState.RUNNING
    assert enabled(window) == {"Pause", "Stop", "Reset"}
    qtbot.waitUntil(lambda: "images/s" in words(window) and "left" in words(window))

    press(window, "Pause")
    assert state(session) is RunState.PAUSED
    assert enabled(window) == {"Train", "Step", "Stop", "Reset"}
    assert button(window.training_bar, "Resume").isEnabled()
    qtbot.waitUntil(lambda: "paused after batch" in words(window))

    press(window, "Stop")
    assert state(session) is RunState.STOPPING
    assert enabled(window) == set()
    wait_until_idle(qtbot, session)
    assert enabled(window) == {"Train", "Step", "Reset"}
    assert words(window).startswith("Stopped at epoch ")
    assert words(window).endswith("Train finishes it")
    assert button(window.training_bar, "Train").isEnabled()


def test_the_progress_runs_to_its_end(qtbot: QtBot, window: MainWindow) -> None:
    bar = bar_of(window)
    assert bar.value() == 0
    seen: list[int] = []
    bar.valueChanged.connect(seen.append)
    window.session.change_settings(epochs=200)
    press(window, "Train")
    wait_until_idle(qtbot, window.session)
    assert bar.value() == bar.maximum()
    assert seen == sorted(seen)
    assert words(window) == "Epoch 200 of 200  ·  done"


def test_every_action_has_a_key_that_its_tool_tip_names(qtbot: QtBot, window: MainWindow) -> None:
    for number, action in enumerate(window.training_bar.training_actions(), start=5):
        assert action.shortcut().toString() == f"F{number}"
        assert action.toolTip().endswith(f"(F{number})")
    window.session.change_settings(epochs=100_000)
    for key, wanted in (
        (Qt.Key.Key_F5, RunState.RUNNING),
        (Qt.Key.Key_F6, RunState.PAUSED),
        (Qt.Key.Key_F5, RunState.RUNNING),
        (Qt.Key.Key_F8, RunState.STOPPING),
    ):
        QTest.keyClick(window, key)
        assert window.session.run_state is wanted
    wait_until_idle(qtbot, window.session)


def test_a_number_that_is_being_typed_counts(qtbot: QtBot, window: MainWindow) -> None:
    type_hidden_units(window, "7")
    press(window, "Train")
    model = window.session.model
    assert model is not None
    assert model.parameters.hidden_num == 7
    wait_until_idle(qtbot, window.session)
    assert window.session.settings.hidden_num == 7
    assert window.session.model is not None
    assert window.session.model.parameters.hidden_num == 7


def test_the_tip_of_train_says_whether_the_model_is_a_new_one(qtbot: QtBot, window: MainWindow) -> None:
    train = window.training_bar.training_actions()[0]
    press(window, "Train")
    wait_until_idle(qtbot, window.session)
    assert train.toolTip() == "Train the model for 3 more epochs (F5)"
    type_hidden_units(window, "5")
    QTest.keyClick(window.panel("model").findChildren(QSpinBox)[0], Qt.Key.Key_Return)
    assert train.toolTip() == "Train a new model for 3 epochs (F5)"
    press(window, "Train")
    assert train.toolTip() == "Train the model for 3 more epochs (F5)"
    wait_until_idle(qtbot, window.session)


def test_grey_without_images_the_buttons_say_why(qtbot: QtBot, show: Callable[[Session], MainWindow]) -> None:
    session = Session()
    window = show(session)
    train, _, step, _, reset = window.training_bar.training_actions()
    assert enabled(window) == set()
    for action, key in ((train, "F5"), (step, "F7"), (reset, "F9")):
        why = "There are no images to train on: open some, or download MNIST, under Dataset"
        assert action.toolTip() == f"{why} ({key})"
    go_on = Event()

    def slow(_task: object) -> Dataset:
        assert go_on.wait(10)
        return bars_dataset()

    session.load("Loading", slow)
    assert train.toolTip() == "What is being loaded must be there first (F5)"
    go_on.set()
    qtbot.waitUntil(lambda: session.task is None)
    assert train.toolTip().startswith("Train the model for ")
    assert "Train" in enabled(window)
