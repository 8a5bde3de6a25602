from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QLabel, QSpinBox, QWidget

from tests.app.driving import button, click, enabled, press, wait_until_idle
from tests.app.settings_page import enter, field, select

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.session import Session
    from rbm_studio.app.window import MainWindow


def note(window: MainWindow) -> str:
    return " ".join(label.text() for label in window.panel("model").findChildren(QLabel, "quiet"))


def test_fields_show_the_settings_and_set_them(window: MainWindow, session: Session) -> None:
    assert field(window, "Hidden units", QSpinBox).value() == 12
    enter(field(window, "Hidden units", QSpinBox), "7")
    enter(field(window, "Epochs", QSpinBox), "4")
    enter(field(window, "Learning rate", QDoubleSpinBox), "0.0025")
    enter(field(window, "Momentum", QDoubleSpinBox), "0.25")
    enter(field(window, "Batch size", QSpinBox), "50")
    enter(field(window, "Seed", QSpinBox), "3")
    training = session.settings.training
    assert session.settings.hidden_num == 7
    assert (training.epochs, training.learning_rate, training.momentum) == (4, 0.0025, 0.25)
    assert (training.batch_size, training.seed) == (50, 3)


@pytest.mark.parametrize(("label", "text", "kept"), [
    ("Hidden units", "5000", 500), ("Hidden units", "0", 12), ("Batch size", "0", 20), ("Epochs", "0", 3),
])  # fmt: skip
def test_impossible_counts_cannot_be_entered(window: MainWindow, label: str, text: str, kept: int) -> None:
    box = field(window, label, QSpinBox)
    enter(box, text)
    assert box.minimum() <= box.value() <= box.maximum()
    assert box.value() in {kept, box.minimum(), box.maximum()}


@pytest.mark.parametrize("text", ["0", "-1", "abc", "1e9", ""])
def test_impossible_learning_rates_cannot_be_entered(window: MainWindow, session: Session, text: str) -> None:
    enter(field(window, "Learning rate", QDoubleSpinBox), text)
    # What is left of the letters may be a number; an impossible one never arrives.
    assert 1e-8 <= session.settings.training.learning_rate <= 1e6


@pytest.mark.parametrize(("text", "value"), [("1e-4", 1e-4), ("0,05", 0.05), ("250", 250.0)])
def test_learning_rates_are_read_as_people_write_them(
    window: MainWindow, session: Session, text: str, value: float
) -> None:
    enter(field(window, "Learning rate", QDoubleSpinBox), text)
    assert session.settings.training.learning_rate == value


def test_steps_of_the_learning_rate_go_one_two_five(window: MainWindow, session: Session) -> None:
    box = field(window, "Learning rate", QDoubleSpinBox)
    enter(box, "0.1")
    seen = []
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Down):
        QTest.keyClick(box, key)
        seen.append(session.settings.training.learning_rate)
    assert seen == pytest.approx([0.2, 0.5, 1.0, 0.5])


def test_a_preset_brings_its_learning_rate_and_momentum(window: MainWindow, session: Session) -> None:
    select(field(window, "Preset", QComboBox), "As in the article")
    assert session.settings.training.preset == "article"
    assert field(window, "Learning rate", QDoubleSpinBox).value() == 0.0001
    assert field(window, "Momentum", QDoubleSpinBox).value() == 0.95
    assert session.settings.training.epochs == 3


def test_another_image_size_resamples_the_images(qtbot: QtBot, window: MainWindow, session: Session) -> None:
    sizes = field(window, "Visible units", QComboBox)
    assert sizes.itemText(0) == "8×8 = 64"
    with qtbot.waitSignal(session.images_changed):
        select(sizes, "6×6 = 36")
    qtbot.waitUntil(lambda: session.task is None)
    assert session.images is not None
    assert session.images.train.shape[1] == 36
    assert session.model is not None
    assert session.model.parameters.visible_num == 36
    # The keyboard stays where it was, for the next size.
    assert window.focusWidget() is sizes


def test_settings_wait_for_the_end_of_the_run(qtbot: QtBot, window: MainWindow, session: Session) -> None:
    enter(field(window, "Epochs", QSpinBox), "100000")
    press(window, "Train")
    assert not field(window, "Hidden units", QSpinBox).isEnabled()
    assert not field(window, "Learning rate", QDoubleSpinBox).isEnabled()
    assert "Stop the training" in note(window)
    press(window, "Stop")
    wait_until_idle(qtbot, session)
    assert field(window, "Hidden units", QSpinBox).isEnabled()
    assert "Stop the training" not in note(window)


def test_it_says_when_train_starts_a_new_model(qtbot: QtBot, window: MainWindow, session: Session) -> None:
    press(window, "Train")
    wait_until_idle(qtbot, session)
    trained = session.model
    enter(field(window, "Hidden units", QSpinBox), "9")
    assert session.model is trained
    assert button(window.panel("model"), "New run (9 hidden, Recommended)").isVisible()
    press(window, "Train")
    wait_until_idle(qtbot, session)
    assert session.model is not None
    assert session.model.parameters.hidden_num == 9
    assert note(window) == ""


def test_a_batch_larger_than_the_data_is_explained(qtbot: QtBot, window: MainWindow, session: Session) -> None:
    enter(field(window, "Batch size", QSpinBox), "1000")
    assert "only 200 training images" in note(window)
    press(window, "Train")
    wait_until_idle(qtbot, session)
    assert session.progress is not None
    assert session.progress.batches == 1


def test_a_gpu_that_is_not_there_is_greyed_with_the_reason(qtbot: QtBot, window: MainWindow) -> None:
    device = field(window, "Compute on", QComboBox)
    qtbot.waitUntil(lambda: "not available" in device.itemText(2) or device.itemText(2) == "GPU")
    if device.itemText(2) == "GPU":
        pytest.skip("this computer has a GPU that CuPy can use")
    assert not device.model().flags(device.model().index(2, 0)) & Qt.ItemFlag.ItemIsEnabled
    assert "CuPy" in device.toolTip()


def test_groups_of_settings_fold_away(window: MainWindow) -> None:
    rate, k = field(window, "Learning rate", QDoubleSpinBox), field(window, "Gibbs steps k", QSpinBox)
    assert (rate.isVisible(), k.isVisible()) == (True, False)
    click(button(window.panel("model"), "Update"))
    click(button(window.panel("model"), "Gradient"))
    assert (rate.isVisible(), k.isVisible()) == (False, True)
    assert field(window, "Hidden units", QSpinBox).isVisible()
    click(button(window.panel("model"), "Gradient"))
    assert not k.isVisible()


def test_tab_goes_down_the_fields(window: MainWindow) -> None:
    labels = ["Preset", "Hidden units", "Visible units", "Epochs"]
    fields = [field(window, label, QWidget) for label in labels]
    window.activateWindow()
    fields[0].setFocus()
    for following in fields[1:]:
        QTest.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        assert window.focusWidget() is following


def test_without_images_nothing_can_be_trained(show: Callable[[Session], MainWindow]) -> None:
    from rbm_studio.app.session import Session

    assert enabled(show(Session())) == set()
