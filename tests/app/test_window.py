from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QSpinBox, QTabBar, QWidget

from rbm_studio import __version__
from rbm_studio.app.canvas import DrawingCanvas
from rbm_studio.app.main import create_application
from rbm_studio.app.preferences import APPEARANCE, preferences
from rbm_studio.app.session import Session
from rbm_studio.app.theme import Appearance, apply_appearance
from rbm_studio.core.gradients import GRADIENTS

from .conftest import bars_dataset, load
from .driving import (
    Failing,
    answer,
    choose,
    menu_action,
    message,
    press,
    process_deletions,
    shown,
    status,
    train,
    wait_for,
    wait_until_idle,
)
from .preference_files import write_preferences

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow


def weights(window: MainWindow) -> bytes:
    assert window.session.model is not None
    return window.session.model.parameters.w.tobytes()


# --- faults


def test_a_fault_in_training_is_told_in_words_and_the_window_lives_on(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(GRADIENTS, "pcd", Failing())
        train(qtbot, window)
        told = message(qtbot)
    assert "memory is full" in told
    assert "no room" not in told
    assert "Traceback" in caplog.text
    train(qtbot, window)
    assert window.session.model is not None
    assert len(window.session.model.history) == 3


def test_exploding_parameters_are_told(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    window.session.change_settings(learning_rate=1e6)
    train(qtbot, window)
    assert "Lower the learning rate" in message(qtbot)
    assert np.isfinite(np.frombuffer(weights(window), np.float32)).all()


def test_exploding_parameters_point_at_the_setting_to_lower(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    good, moments = weights(window), len(window.session.moments.kept)
    # The clip would hold it.
    window.session.change_settings(l2=1e4, clip_norm=0.0)
    train(qtbot, window)
    box = wait_for(qtbot, QMessageBox)
    assert "Lower the weight decay L2 (it is 10000; try 0.0002)" in box.informativeText()
    assert weights(window) == good
    assert len(window.session.moments.kept) == moments
    window.docks["model"].hide()
    answer(qtbot, "Show the setting")
    assert window.docks["model"].isVisible()
    focused = window.focusWidget()
    assert focused is not None
    assert focused.accessibleName() == "L2"
    window.session.change_settings(l2=0.0002)
    train(qtbot, window)
    assert not shown(QMessageBox)
    assert weights(window) != good


def test_the_same_fault_again_and_again_is_told_once(qtbot: QtBot, window: MainWindow) -> None:
    for _ in range(3):
        window.session.failed.emit(ZeroDivisionError())
    assert len(shown(QMessageBox)) == 1
    message(qtbot)
    window.session.failed.emit(ZeroDivisionError())
    assert not shown(QMessageBox)
    assert "The same fault again" in status(window)


# --- docks and words


def test_every_dock_can_be_put_away_and_brought_back(window: MainWindow) -> None:
    for dock in window.docks.values():
        dock.raise_()
        action = menu_action(window, "View", dock.windowTitle())
        assert action.isChecked()
        action.trigger()
        assert not dock.isVisible()
        assert not action.isChecked()
        action.trigger()
        assert dock.is_in_front
        assert action.isChecked()


def test_the_view_menu_raises_a_dock_that_lies_behind_another(window: MainWindow) -> None:
    dream = window.docks["dream"]
    entry = menu_action(window, "View", "Dream")
    assert not dream.is_in_front
    assert not entry.isChecked()
    choose(window, "View", "Dream")
    assert dream.is_in_front
    assert entry.isChecked()
    assert not menu_action(window, "View", "Draw").isChecked()
    dream.setFloating(True)
    assert entry.isChecked()
    choose(window, "View", "Dream")
    assert not dream.isVisible()
    assert not entry.isChecked()


def test_keys_bring_up_the_first_nine_panels_and_close_none(qtbot: QtBot, window: MainWindow) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    for number, dock in enumerate(list(window.docks.values())[:9], start=1):
        assert menu_action(window, "View", dock.windowTitle()).shortcut().toString() == f"Ctrl+{number}"
        assert f"Ctrl+{number}" in dock.toolTip()
        key = Qt.Key(Qt.Key.Key_0 + number)
        dock.close()
        for _ in range(2):
            QTest.keyClick(window.focusWidget() or window, key, Qt.KeyboardModifier.ControlModifier)
            assert dock.is_in_front
        focused = window.focusWidget()
        assert focused is not None
        assert dock.isAncestorOf(focused)
    qtbot.waitUntil(lambda: "Dream (Ctrl+7 brings it to the front)" in tab_tips(window))


def tab_tips(window: MainWindow) -> set[str]:
    return {bar.tabToolTip(place) for bar in window.findChildren(QTabBar) for place in range(bar.count())}


def test_a_title_offers_what_the_view_menu_does(window: MainWindow) -> None:
    menu = window.createPopupMenu()
    entries = {action.text(): action for action in menu.actions()}
    assert set(entries) == {dock.windowTitle() for dock in window.docks.values()}
    entries["Health"].trigger()
    assert window.docks["health"].is_in_front
    menu.deleteLater()


def test_the_default_layout_can_be_restored(qtbot: QtBot, window: MainWindow) -> None:
    places = {name: dock.geometry() for name, dock in window.docks.items()}
    window.docks["weights"].setFloating(True)
    window.docks["model"].hide()
    choose(window, "View", "Restore the layout")
    qtbot.waitUntil(lambda: not window.docks["weights"].isFloating() and window.docks["model"].isVisible())
    assert set(places) == {name for name, dock in window.docks.items() if dock.isVisible()}


def test_the_labs_stand_behind_the_drawing_and_beside_the_weights(window: MainWindow) -> None:
    def in_view() -> set[str]:
        return {name for name, dock in window.docks.items() if not dock.visibleRegion().isEmpty()}

    tabs = {"draw", "drawings", "dream", "unit", "compare", "health", "runs", "notes"}
    assert in_view() == set(window.docks) - tabs | {"draw"}
    for name in sorted(tabs - {"draw"}):
        window.docks[name].raise_()
        assert in_view() == set(window.docks) - tabs | {name}
    choose(window, "View", "Restore the layout")
    assert in_view() == set(window.docks) - tabs | {"draw"}


def test_restoring_the_layout_does_not_enlarge_the_window(qtbot: QtBot, window: MainWindow) -> None:
    window.resize(1024, 700)
    for _ in range(2):
        choose(window, "View", "Restore the layout")
        qtbot.waitUntil(lambda: not window.docks["draw"].visibleRegion().isEmpty())
        assert (window.width(), window.height()) == (1024, 700)


def test_the_layout_comes_back_as_it_was_left(
    qtbot: QtBot, show: Callable[[Session], MainWindow], session: Session
) -> None:
    first = show(session)
    first.resize(1100, 700)
    first.docks["reconstructions"].hide()
    first.docks["weights"].setFloating(True)
    first.close()
    second = show(Session())
    second.restore_layout()
    # The width is not compared: the offscreen platform's screen is narrower than the window.
    qtbot.waitUntil(lambda: second.height() == first.height())
    assert second.docks["reconstructions"].isHidden()
    assert second.docks["weights"].isFloating()
    assert not second.docks["curve"].isHidden()


def test_a_layout_that_cannot_be_read_is_the_default_one(show: Callable[[Session], MainWindow]) -> None:
    first = show(Session())
    first.restore_layout()
    write_preferences({"window/state": "nonsense", "window/geometry": 7})
    window = show(Session())
    window.restore_layout()
    assert window.size() == first.size()
    assert all(dock.isVisible() for dock in window.docks.values())


@pytest.mark.usefixtures("log")
def test_the_appearance_is_chosen_and_remembered(window: MainWindow) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    assert preferences.value(APPEARANCE) is Appearance.SYSTEM
    try:
        choose(window, "View", "Dark")
        assert application.palette().window().color().lightness() < 100
        assert preferences.value(APPEARANCE) is Appearance.DARK
        choose(window, "View", "Light")
        assert application.palette().window().color().lightness() > 150
        assert menu_action(window, "View", "Light").isChecked()
        assert not menu_action(window, "View", "Dark").isChecked()
        choose(window, "View", "Dark")
        apply_appearance(application, Appearance.LIGHT)
        create_application()
        assert application.palette().window().color().lightness() < 100
    finally:
        apply_appearance(application, Appearance.SYSTEM)
    write_preferences({"appearance": "pink"})
    assert preferences.value(APPEARANCE) is Appearance.SYSTEM


def test_what_the_program_is_is_there_and_the_window_stays_usable(qtbot: QtBot, window: MainWindow) -> None:
    choose(window, "Help", "About RBM Studio")
    box = wait_for(qtbot, QMessageBox)
    assert f"RBM Studio {__version__}" in box.text()
    assert box.windowModality() == Qt.WindowModality.NonModal
    train(qtbot, window)
    answer(qtbot, "OK")
    process_deletions()
    assert not shown(QMessageBox)


def test_no_two_entries_share_a_key(window: MainWindow) -> None:
    keys = [action.shortcut().toString() for action in window.findChildren(QAction) if not action.shortcut().isEmpty()]
    assert len(keys) == len(set(keys))


def test_a_number_typed_and_not_confirmed_is_saved_with_the_run(qtbot: QtBot, window: MainWindow) -> None:
    epochs = window.panel("model").findChildren(QSpinBox)[1]
    epochs.setFocus()
    epochs.selectAll()
    QTest.keyClicks(epochs, "5")
    QTest.keyClick(window, Qt.Key.Key_F5)
    wait_until_idle(qtbot, window.session)
    assert window.session.model is not None
    assert len(window.session.model.history) == 5


def test_the_window_is_usable_where_screens_are_small(window: MainWindow) -> None:
    window.resize(1024, 700)
    assert (window.width(), window.height()) == (1024, 700)
    assert window.minimumSizeHint().width() <= 1024
    assert window.minimumSizeHint().height() <= 700


def test_tab_does_not_go_into_docks_that_lie_behind_another(qtbot: QtBot, window: MainWindow) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.docks["unit"].raise_()
    window.docks["draw"].raise_()
    behind = [window.docks[name] for name in ("drawings", "dream", "unit", "compare", "health", "runs")]
    qtbot.waitUntil(lambda: all(dock.visibleRegion().isEmpty() for dock in behind))
    start = window.panel("draw").findChild(DrawingCanvas)
    assert start is not None
    for key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
        start.setFocus()
        seen: list[QWidget] = []
        while (focused := window.focusWidget()) is not None and focused not in seen:
            seen.append(focused)
            QTest.keyClick(focused, key)
        assert focused is start
        assert any(window.docks["model"].isAncestorOf(widget) for widget in seen)
        assert not any(dock.isAncestorOf(widget) for dock in behind for widget in seen)


def test_a_dock_that_floated_comes_back_in_front(qtbot: QtBot, window: MainWindow) -> None:
    dock = window.docks["drawings"]
    dock.setFloating(True)
    dock.setFloating(False)
    qtbot.waitUntil(lambda: not dock.visibleRegion().isEmpty())
    # Where all docks are put back, the drawing is in front.
    dock.setFloating(True)
    choose(window, "View", "Restore the layout")
    qtbot.waitUntil(lambda: not window.docks["draw"].visibleRegion().isEmpty())
    assert dock.visibleRegion().isEmpty()


def test_loading_other_images_is_seen_in_every_panel(qtbot: QtBot, window: MainWindow) -> None:
    load(qtbot, window.session, bars_dataset(12))
    assert window.session.model is not None
    assert window.session.model.image_shape == (12, 12)
    train(qtbot, window)


def test_a_model_that_was_reset_can_be_brought_back(qtbot: QtBot, window: MainWindow) -> None:
    back = menu_action(window, "Training", "Bring back the previous model")
    assert not back.isEnabled()
    train(qtbot, window)
    trained = weights(window)
    assert not back.isEnabled()
    press(window, "Reset")
    assert weights(window) != trained
    assert back.isEnabled()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(window, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    assert weights(window) == trained
    assert window.isWindowModified()
    assert not back.isEnabled()
