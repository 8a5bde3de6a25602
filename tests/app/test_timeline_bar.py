"""The timeline in the window: by keys, by the mouse, and while a class looks on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from rbm_studio.app.dream_controls import Start
from rbm_studio.app.dream_words import empty_words
from rbm_studio.app.epoch_slider import EpochSlider
from rbm_studio.app.moment_field import Live
from rbm_studio.app.moments import BUDGET_BYTES, MOST
from rbm_studio.app.panels.compare_panel import ComparePanel
from rbm_studio.app.panels.curve_panel import CurvePanel
from rbm_studio.app.panels.timeline_bar import FRAME_MS
from rbm_studio.app.quantities import LIVE
from rbm_studio.app.state import RunState

from .driving import (
    LEFT,
    button,
    choose,
    click,
    enabled,
    menu_action,
    model_of,
    named,
    press,
    settle,
    state,
    status,
    wait_until_idle,
)
from .test_draw_panel import RESTORED, choose_mean_field, draw, picture
from .test_weights_panel import mosaic_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow


def slider(window: MainWindow) -> EpochSlider:
    return named(window.timeline_bar, EpochSlider, "Epoch that is looked at")


def words(window: MainWindow) -> str:
    return slider(window).accessibleDescription()


def step(qtbot: QtBot, window: MainWindow, batches: int) -> None:
    for _ in range(batches):
        with qtbot.waitSignal(window.session.newest_changed):
            press(window, "Step")


def step_and_stop(qtbot: QtBot, window: MainWindow, batches: int = 12) -> None:
    """Train so that of an epoch of ten batches the moments 0, 0.3, 0.5, 0.8 and 1.0 are kept."""
    window.session.change_settings(epochs=2)
    step(qtbot, window, batches)
    press(window, "Stop")
    wait_until_idle(qtbot, window.session)
    settle(qtbot, window.timeline_bar)


def key(window: MainWindow, which: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    window.activateWindow()
    widget = window if modifiers else slider(window)
    QTest.keyClick(widget, which, modifiers)


def point(window: MainWindow, place: int) -> QPoint:
    return QPointF(slider(window).x_of(place), slider(window).height() / 2).toPoint()


def shown_weights(window: MainWindow) -> NDArray[np.float32]:
    filters = mosaic_of(window).filters()
    assert filters is not None
    return filters.weights.reshape(-1, filters.count)


def test_there_is_nothing_to_look_back_at_before_a_training(window: MainWindow) -> None:
    assert not slider(window).isEnabled()
    assert words(window) == "Now: epoch 0 of 3"
    for action in window.timeline_bar.timeline_actions():
        assert not action.isEnabled(), action.text()
        assert action.toolTip()


def test_the_keys_go_along_the_moments(qtbot: QtBot, window: MainWindow) -> None:
    step_and_stop(qtbot, window)
    assert words(window) == "Now: epoch 1.20 of 2"
    seen = []
    for which in (Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_Left, Qt.Key.Key_End):
        key(window, which)
        seen.append(words(window))
    back = "The past: epoch {} of 2".format
    assert seen == [back("1"), back("0.80"), back("1"), back("0"), back("0"), "Now: epoch 1.20 of 2"]
    control = Qt.KeyboardModifier.ControlModifier
    key(window, Qt.Key.Key_Comma, control)
    key(window, Qt.Key.Key_Comma, control)
    assert words(window) == back("0.80")
    key(window, Qt.Key.Key_Period, control)
    assert words(window) == back("1")
    key(window, Qt.Key.Key_End, control)
    assert words(window) == "Now: epoch 1.20 of 2"


def test_the_mouse_goes_to_the_nearest_moment(qtbot: QtBot, window: MainWindow) -> None:
    step_and_stop(qtbot, window)
    timeline = window.session.timeline
    QTest.mouseClick(slider(window), LEFT, pos=point(window, 1) + QPoint(2, 0))
    assert timeline.past is not None
    assert timeline.past.epochs == pytest.approx(0.3)
    QTest.mousePress(slider(window), LEFT, pos=point(window, 1))
    QTest.mouseMove(slider(window), point(window, 2))
    QTest.mouseMove(slider(window), point(window, 3))
    QTest.mouseRelease(slider(window), LEFT, pos=point(window, 3))
    assert timeline.past.epochs == pytest.approx(0.8)
    # Past the end of what was trained there is nothing: now.
    QTest.mouseClick(slider(window), LEFT, pos=QPoint(slider(window).width() - 2, 8))
    assert timeline.past is None
    turn(window, 120)
    turn(window, -60)
    assert timeline.past is None
    turn(window, -60)
    assert timeline.stops()[-1] is timeline.past
    click(button(window.timeline_bar, "Now"))
    assert timeline.past is None


def turn(window: MainWindow, angle: int) -> None:
    where = QPointF(slider(window).rect().center())
    none, up = Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(
        where,
        slider(window).mapToGlobal(where),
        QPoint(),
        QPoint(0, angle),
        Qt.MouseButton.NoButton,
        none,
        up,
        False,
    )
    QApplication.sendEvent(slider(window), event)


def test_the_whole_window_shows_the_moment_and_says_so(qtbot: QtBot, window: MainWindow) -> None:
    choose_mean_field(window)
    draw(window, (0.3, 0.2), (0.7, 0.8))
    step_and_stop(qtbot, window)
    session = window.session
    qtbot.waitUntil(lambda: np.allclose(shown_weights(window), model_of(session).parameters.w))
    now = model_of(session)
    key(window, Qt.Key.Key_Home)
    key(window, Qt.Key.Key_Right)
    moment = session.moments.kept[1]
    qtbot.waitUntil(lambda: np.allclose(shown_weights(window), moment.parameters.w))
    seen = session.drawings.visible
    assert seen is not None
    restored = moment.parameters.expect_visible(moment.parameters.expect_hidden(seen.reshape(1, -1)))
    other = now.parameters.expect_visible(now.parameters.expect_hidden(seen.reshape(1, -1)))
    assert not np.allclose(restored, other)
    qtbot.waitUntil(lambda: np.allclose(picture(window, RESTORED).reshape(1, -1), restored, atol=1 / 250))
    curve = window.panel("curve")
    assert isinstance(curve, CurvePanel)
    assert curve.plot.marked_epoch == moment.epochs
    assert window.timeline_bar.property("past") is True
    assert window.docks["weights"].property("past") is True
    assert not window.docks["curve"].property("past")
    press(window, "Train")
    assert window.docks["weights"].property("past") is False
    assert curve.plot.marked_epoch is None
    wait_until_idle(qtbot, session)


def test_nothing_changes_under_who_looks_back_while_it_trains(qtbot: QtBot, window: MainWindow) -> None:
    window.session.change_settings(epochs=100_000)
    step(qtbot, window, 6)
    press(window, "Resume")
    key(window, Qt.Key.Key_Home)
    key(window, Qt.Key.Key_Right)
    settle(qtbot, window.panel("weights"))
    moment = window.session.timeline.past
    assert moment is not None
    where = slider(window).x_of(slider(window).place)
    buttons = [button(window.timeline_bar, text).geometry() for text in ("Play", "Now", "Continue from here")]
    weights, epochs = shown_weights(window).copy(), window.session.timeline.now
    qtbot.waitUntil(lambda: window.session.timeline.now > epochs + 20)
    np.testing.assert_array_equal(shown_weights(window), weights)
    assert words(window) == "The past: epoch 0.30 of 100,000"
    assert slider(window).x_of(slider(window).place) == where
    assert [button(window.timeline_bar, text).geometry() for text in ("Play", "Now", "Continue from here")] == buttons
    assert any("unseen: the window shows epoch 0.30" in label.text() for label in window.findChildren(QLabel))
    press(window, "Stop")
    wait_until_idle(qtbot, window.session)
    # It does not jump when the training ends, either.
    assert window.session.timeline.past is moment


def test_going_on_from_here_by_the_button_ends_as_the_whole_run_did(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    session.change_settings(epochs=2, gradient="pcd")
    step(qtbot, window, 14)
    press(window, "Resume")
    wait_until_idle(qtbot, session)
    assert session.book.present is not None
    w, history, curve = model_of(session).parameters.w, model_of(session).history, session.book.present.curves[LIVE]
    key(window, Qt.Key.Key_Home)
    for _ in range(2):
        key(window, Qt.Key.Key_Right)
    click(button(window.timeline_bar, "Continue from here"))
    assert words(window) == "Now: epoch 0.50 of 2"
    assert status(window) == "A new run begins at epoch 0.50. Press Train to go on from there."
    assert "Finish the run that was interrupted: 1.50 epochs" in window.training_bar.training_actions()[0].toolTip()
    assert not model_of(session).history
    press(window, "Train")
    wait_until_idle(qtbot, session)
    np.testing.assert_array_equal(model_of(session).parameters.w, w)
    assert model_of(session).history == history
    assert session.book.present is not None
    np.testing.assert_array_equal(session.book.present.curves[LIVE].table(), curve.table())
    choose(window, "Training", "Bring back the previous model")
    np.testing.assert_array_equal(model_of(session).parameters.w, w)


def test_play_shows_every_moment_and_ends_now(qtbot: QtBot, window: MainWindow) -> None:
    step_and_stop(qtbot, window)
    timeline = window.session.timeline
    timer = window.timeline_bar.findChild(QTimer, "playing")
    assert isinstance(timer, QTimer)
    assert timer.interval() == FRAME_MS
    timer.setInterval(1)
    seen: list[float] = []
    timeline.changed.connect(lambda: seen.append(-1 if timeline.past is None else round(timeline.past.epochs, 1)))
    click(button(window.timeline_bar, "Play"))
    qtbot.waitUntil(lambda: bool(seen) and seen[-1] == -1)
    assert seen == [0.0, 0.3, 0.5, 0.8, 1.0, -1]
    play = window.timeline_bar.timeline_actions()[0]
    assert not play.isChecked()
    # Whoever takes the slider stops it.
    timer.setInterval(100_000)
    click(button(window.timeline_bar, "Play"))
    assert play.isChecked()
    key(window, Qt.Key.Key_Right)
    assert not play.isChecked()
    click(button(window.timeline_bar, "Play"))
    click(button(window.timeline_bar, "Play"))
    assert not play.isChecked()
    assert timeline.past is not None


def test_the_trainings_own_chains_of_the_past_are_not_made_up(qtbot: QtBot, window: MainWindow) -> None:
    step_and_stop(qtbot, window)
    assert empty_words(window.session, Start.TRAINING) == ""
    key(window, Qt.Key.Key_Left)
    assert empty_words(window.session, Start.TRAINING).startswith("The training's own chains of the past are not kept.")
    assert empty_words(window.session, Start.NOISE) == ""


def test_the_curve_and_the_comparison_stay_in_the_present(qtbot: QtBot, window: MainWindow) -> None:
    step_and_stop(qtbot, window)
    session = window.session
    compare = window.panel("compare")
    assert isinstance(compare, ComparePanel)
    key(window, Qt.Key.Key_Home)
    now = compare.filters.right.moment() if compare.filters.right.choice is Live.NOW else compare.filters.left.moment()
    assert now is not None
    assert session.newest is not None
    assert now.parameters is session.newest.parameters
    assert now.parameters is not model_of(session).parameters
    curve = window.panel("curve")
    assert isinstance(curve, CurvePanel)
    curve.choose("free_energy_gap")
    history = session.book.history("free_energy_gap")
    qtbot.waitUntil(lambda: history.current is not None and len(history.current) > 0)
    assert history.current is not None
    assert history.current.values("epoch")[-1] == pytest.approx(1.2)


def test_the_menu_has_it_all_too(qtbot: QtBot, window: MainWindow) -> None:
    step_and_stop(qtbot, window)
    choose(window, "Training", "Earlier moment")
    assert words(window) == "The past: epoch 1 of 2"
    assert menu_action(window, "Training", "Continue from here").isEnabled()
    choose(window, "Training", "Now")
    assert not menu_action(window, "Training", "Later moment").isEnabled()


def test_the_buttons_of_the_training_stay_what_they_were(qtbot: QtBot, window: MainWindow) -> None:
    step_and_stop(qtbot, window)
    key(window, Qt.Key.Key_Left)
    assert enabled(window) == {"Train", "Step", "Reset"}
    assert "goes back to now" in window.training_bar.training_actions()[0].toolTip()
    press(window, "Reset")
    assert words(window) == "Now: epoch 0 of 2"
    assert state(window.session) is RunState.IDLE


def test_the_budget_is_told_and_the_bar_costs_little_height(qtbot: QtBot, window: MainWindow) -> None:
    assert f"Up to {MOST} moments are kept, of at most {BUDGET_BYTES >> 20} MB" in slider(window).toolTip()
    window.resize(1024, 700)
    qtbot.waitUntil(lambda: window.height() == 700)
    assert window.timeline_bar.height() <= 32
    assert not window.timeline_bar.visibleRegion().isEmpty()
