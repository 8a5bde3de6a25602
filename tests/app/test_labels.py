"""Models that learn the labels too: the switch, the label units, and what such a model says of a drawing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLabel, QToolButton

from rbm_studio.app.card_grid import Card
from rbm_studio.app.histogram_view import HistogramView
from rbm_studio.app.label_bars import LabelBars
from rbm_studio.app.panels.draw_panel import DrawPanel
from rbm_studio.app.session import Session
from rbm_studio.data import Dataset

from .conftest import bars, bars_dataset, load
from .driving import button, click, drag, labels, model_of, named, press, train

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow

QUESTION = "What is this?"


def labelled(classes: int = 3) -> Dataset:
    """Return squares in `classes` places, with the number of the place."""
    train_labels, test_labels = (np.arange(count, dtype=np.uint8) % classes for count in (240, 30))
    return Dataset("Squares", "made up", squares(train_labels), train_labels, squares(test_labels), test_labels)


def squares(places: NDArray[np.uint8]) -> NDArray[np.uint8]:
    images = np.zeros((len(places), 8, 8), dtype=np.uint8)
    for image, place in zip(images, places, strict=True):
        image[2 * place : 2 * place + 2, 1:7] = 255
    return images


def switch(window: MainWindow) -> QCheckBox:
    found = [b for b in window.panel("model").findChildren(QCheckBox) if b.text() == "&Learn the labels too"]
    assert len(found) == 1
    return found[0]


def answers(window: MainWindow) -> LabelBars:
    return named(window.panel("draw"), LabelBars, QUESTION)


def note(window: MainWindow) -> str:
    return " ".join(label.text() for label in window.panel("model").findChildren(QLabel, "quiet"))


# --- the session


def test_a_new_model_has_a_label_unit_for_each_class(qtbot: QtBot, session: Session) -> None:
    load(qtbot, session, labelled())
    assert (session.label_num, model_of(session).parameters.label_num) == (0, 0)
    before = model_of(session).parameters.w
    session.change_settings(labels=True)
    assert (session.label_num, model_of(session).parameters.label_num) == (3, 3)
    # They are drawn after all others: what can be compared stays.
    np.testing.assert_array_equal(model_of(session).parameters.w, before)
    session.change_settings(labels=False)
    assert model_of(session).parameters.label_num == 0


@pytest.mark.parametrize(("train_labels", "test_labels", "classes"), [
    (None, None, 0), ([0, 1], [1, 0], 2), ([0, 1], None, 2), ([0, 1], [4, 0], 5),
    ([0, 0], [0, 0], 0), (None, [0, 1], 0),
])  # fmt: skip
def test_classes_are_counted_from_the_labels(
    qtbot: QtBot, session: Session, train_labels: list[int] | None, test_labels: list[int] | None, classes: int
) -> None:
    both = [None if each is None else np.array(each, dtype=np.uint8) for each in (train_labels, test_labels)]
    load(qtbot, session, Dataset("Two", "", bars(2), both[0], bars(2), both[1]))
    assert session.images is not None
    assert session.images.class_num == classes
    session.change_settings(labels=True)
    assert model_of(session).parameters.label_num == classes


def test_the_wish_for_labels_outlives_a_dataset_that_has_none(qtbot: QtBot, session: Session) -> None:
    session.change_settings(labels=True)
    assert model_of(session).parameters.label_num == 0
    load(qtbot, session, labelled(4))
    assert model_of(session).parameters.label_num == 4


def test_labels_keep_their_images_when_these_are_resampled(qtbot: QtBot, session: Session) -> None:
    load(qtbot, session, labelled())
    with qtbot.waitSignal(session.images_changed):
        session.set_image_shape((4, 4))
    assert session.images is not None
    assert session.images.class_num == 3
    train_labels, test_labels = session.images.train_labels, session.images.test_labels
    assert train_labels is not None
    assert test_labels is not None
    np.testing.assert_array_equal(train_labels, np.arange(240) % 3)
    np.testing.assert_array_equal(test_labels, np.arange(30) % 3)


def test_a_model_learns_its_labels(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    load(qtbot, session, labelled())
    session.change_settings(labels=True, epochs=15, learning_rate=0.3)
    train(qtbot, window)
    images = (squares(np.arange(3, dtype=np.uint8)).reshape(3, -1) / 255).astype(np.float32)
    probabilities = model_of(session).parameters.label_probabilities(images)
    assert list(probabilities.argmax(axis=1)) == [0, 1, 2]
    assert probabilities.max(axis=1).min() > 0.8


def test_a_trained_model_stays_until_train_when_labels_are_switched(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    load(qtbot, session, labelled())
    train(qtbot, window)
    trained = session.model
    click(switch(window))
    assert session.model is trained
    assert session.trains_new_model
    new = button(window.panel("model"), "New run (12 hidden, Recommended)")
    assert "64 visible, 12 hidden and 3 label units" in new.toolTip()
    train(qtbot, window)
    assert model_of(session).parameters.label_num == 3
    assert note(window) == ""
    # The one before can be had back, and with it the switch.
    session.bring_back()
    assert not switch(window).isChecked()
    assert not session.trains_new_model


def test_a_file_with_label_units_switches_them_on(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    load(qtbot, session, labelled())
    session.change_settings(labels=True)
    saved = model_of(session).parameters
    assert session.save_model(tmp_path / "labels.safetensors")
    other = Session()
    load(qtbot, other, labelled())
    assert other.open_model(tmp_path / "labels.safetensors")
    assert other.settings.labels
    assert not other.trains_new_model
    for name, array in saved.arrays().items():
        np.testing.assert_array_equal(model_of(other).parameters.arrays()[name], array)
    other.shut_down()


# --- the switch


def test_the_switch_is_greyed_where_there_are_no_labels(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    assert not switch(window).isEnabled()
    assert "no labels" in switch(window).toolTip()
    load(qtbot, session, labelled())
    assert switch(window).isEnabled()
    assert "no labels" not in switch(window).toolTip()
    click(switch(window))
    assert session.settings.labels
    assert switch(window).isChecked()
    load(qtbot, session, bars_dataset())
    assert not switch(window).isEnabled()
    assert not switch(window).isChecked()
    load(qtbot, session, labelled())
    assert switch(window).isChecked()


def test_the_switch_has_a_key(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window.session, labelled())
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: window.session.settings.labels)


# --- what is this?


def test_a_model_without_label_units_is_not_asked(qtbot: QtBot, window: MainWindow) -> None:
    assert not answers(window).isVisible()
    assert QUESTION not in labels(window.panel("draw"))
    load(qtbot, window.session, labelled())
    window.session.change_settings(labels=True)
    qtbot.waitUntil(answers(window).isVisible)
    assert QUESTION in labels(window.panel("draw"))
    window.session.change_settings(labels=False)
    qtbot.waitUntil(lambda: not answers(window).isVisible())
    assert QUESTION not in labels(window.panel("draw"))


def test_the_question_takes_no_room_where_it_is_not_asked(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.panel("draw")
    assert isinstance(panel, DrawPanel)

    def room_right_of_pictures() -> int:
        picture = panel.reconstruction
        return panel.width() - picture.mapTo(panel, picture.rect().topRight()).x()

    qtbot.waitUntil(lambda: room_right_of_pictures() < 20)
    load(qtbot, window.session, labelled())
    window.session.change_settings(labels=True)
    qtbot.waitUntil(lambda: room_right_of_pictures() > 100)


def test_a_drawing_is_named(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    load(qtbot, session, labelled())
    session.change_settings(labels=True, epochs=15, learning_rate=0.3)
    train(qtbot, window)
    panel = window.panel("draw")
    assert isinstance(panel, DrawPanel)
    click(named(panel, QCheckBox, "Centre and scale"))
    for place in (0, 2, 1):
        click(named(panel, QToolButton, "Clear"))
        height = (2 * place + 1) / 8
        drag(panel.canvas, (0.2, height), (0.5, height), (0.8, height))
        qtbot.waitUntil(partial(is_named, window, place))
        assert answers(window).probabilities().sum() == pytest.approx(1)


def is_named(window: MainWindow, place: int) -> bool:
    # A stroke of a pen is paler than the squares, and so in doubt.
    return answers(window).answer().startswith((f"{place}: ", f"{place}? "))


def test_the_answer_is_what_the_model_says_and_follows_it(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window.session, labelled())
    window.session.change_settings(labels=True)
    panel = window.panel("draw")
    assert isinstance(panel, DrawPanel)
    panel.refresh()
    # No ink, no answer.
    assert answers(window).isVisible()
    assert (answers(window).answer(), answers(window).probabilities().size) == ("", 0)
    drag(panel.canvas, (0.2, 0.5), (0.8, 0.5))
    panel.refresh()
    before = answers(window).probabilities()
    assert window.session.drawings.visible is not None
    blank = window.session.drawings.visible.reshape(1, -1)
    np.testing.assert_allclose(before, model_of(window.session).parameters.label_probabilities(blank)[0])
    train(qtbot, window)
    after = model_of(window.session).parameters.label_probabilities(blank)[0]
    assert np.abs(after - before).max() > 1e-6
    qtbot.waitUntil(lambda: np.array_equal(answers(window).probabilities(), after))


# --- the health


def test_the_health_has_the_weights_of_the_label_units(qtbot: QtBot, window: MainWindow) -> None:
    cards = [
        card
        for card in window.panel("health").findChildren(Card)
        if "Weights of the label units" in [label.text() for label in card.findChildren(QLabel)]
    ]
    assert len(cards) == 1
    window.docks["health"].raise_()
    assert not cards[0].isVisible()
    load(qtbot, window.session, labelled())
    window.session.change_settings(labels=True)
    qtbot.waitUntil(cards[0].isVisible)
    train(qtbot, window)
    qtbot.waitUntil(lambda: cards[0].caption().endswith("right: about 0.001") and "–" not in cards[0].caption())
    values, updates = cards[0].findChildren(HistogramView)
    u = model_of(window.session).parameters.label_w
    assert u is not None
    for view in (values, updates):
        shown = view.histogram()
        assert shown is not None
        assert shown.counts.sum() == u.size
    window.session.change_settings(labels=False)
    press(window, "Reset")
    qtbot.waitUntil(lambda: not cards[0].isVisible())
