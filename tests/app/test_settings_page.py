"""Each setting of the Model panel: what it writes, when it is greyed, and its preset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QToolButton,
    QWidget,
)

from rbm_studio.app.setting_fields import field_groups
from rbm_studio.core.presets import PRESETS, settings_for
from rbm_studio.core.settings import SETTING_NAMES, TrainingSettings

from .driving import button, click, press, process_deletions, wait_until_idle
from .settings_page import enter, field, select, unfold

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.session import Session
    from rbm_studio.app.window import MainWindow

# The setting, its label, what is entered, and what comes of it.
ENTRIES: list[tuple[str, str, str, Any]] = [
    ("epochs", "Epochs", "7", 7),
    ("update", "Update rule", "Adam", "adam"),
    ("learning_rate", "Learning rate", "0.02", 0.02),
    ("schedule", "Schedule", "Exponential", "exponential"),
    ("final_rate", "Final rate", "0.3", 0.3),
    ("momentum", "Momentum", "0.35", 0.35),
    ("initial_momentum", "… at first", "0.2", 0.2),
    ("momentum_epochs", "… for epochs", "2.5", 2.5),
    ("batch_size", "Batch size", "33", 33),
    ("gradient", "Estimator", "Tempering", "tempering"),
    ("k", "Gibbs steps k", "5", 5),
    ("final_k", "Final k", "25", 25),
    ("chains", "Chains", "40", 40),
    ("temperatures", "Temperatures", "17", 17),
    ("visible_units", "Model's pixels", "Probabilities", "mean-field"),
    ("centred", "Centred gradient", "", False),
    ("offset_rate", "Offset rate", "0.05", 0.05),
    ("binarisation", "Binarisation", "Stochastic", "stochastic"),
    ("threshold", "Threshold", "0.25", 0.25),
    ("l1", "L1", "1e-5", 1e-5),
    ("l2", "L2", "0.0002", 0.0002),
    ("max_norm", "Max-norm", "3", 3.0),
    ("sparsity_cost", "Sparsity cost", "0.01", 0.01),
    ("sparsity_target", "Target activity", "0.07", 0.07),
    ("clip_norm", "Clip norm", "5", 5.0),
    ("seed", "Seed", "99", 99),
]
# What lets a setting do something that does nothing with the recommended ones.
NEEDS: dict[str, dict[str, Any]] = {
    "temperatures": {"gradient": "tempering"},
    "initial_momentum": {"momentum": 0.9},
    "sparsity_target": {"sparsity_cost": 0.1},
}
# What takes that away from a setting that does something with them.
LOSSES: dict[str, dict[str, Any]] = {
    "k": {"gradient": "exact"},
    "final_k": {"gradient": "exact"},
    "visible_units": {"gradient": "tempering"},
    "final_rate": {"schedule": "constant"},
    "chains": {"gradient": "cd"},
    "offset_rate": {"centred": False},
    "threshold": {"binarisation": "grey"},
}
LABELS = {name: label for name, label, _, _ in ENTRIES}


def found(window: MainWindow, label: str) -> QWidget:
    for box in window.panel("model").findChildren(QCheckBox):
        if box.text().replace("&", "") == label:
            return box
    return field(window, label, QWidget)


def put(widget: QWidget, text: str) -> None:
    if isinstance(widget, QAbstractSpinBox):
        enter(widget, text)
    elif isinstance(widget, QComboBox):
        select(widget, text)
    else:
        click(widget)


def shown(widget: QWidget) -> Any:
    if isinstance(widget, QSpinBox | QDoubleSpinBox):
        return widget.value()
    if isinstance(widget, QComboBox):
        return widget.currentText()
    assert isinstance(widget, QCheckBox)
    return widget.isChecked()


def preset(window: MainWindow) -> QComboBox:
    return field(window, "Preset", QComboBox)


def undo(window: MainWindow) -> QToolButton:
    return next(b for b in window.panel("model").findChildren(QToolButton) if b.text() == "Undo changes")


def group_titles(window: MainWindow) -> list[str]:
    return [header.text() for header in window.panel("model").findChildren(QToolButton, "group")]


def test_every_setting_has_one_field() -> None:
    names = [setting.name for group in field_groups() for setting in group.fields]
    assert sorted(names) == sorted({*SETTING_NAMES, "hidden_num", "image_shape", "labels", "device"} - {"preset"})
    assert {name for name, _, _, _ in ENTRIES} == set(SETTING_NAMES) - {"preset"}


@pytest.mark.parametrize(("name", "label", "text", "value"), ENTRIES)
def test_a_field_writes_its_setting_and_shows_a_change_of_it(
    window: MainWindow, session: Session, name: str, label: str, text: str, value: Any
) -> None:
    unfold(window)
    session.change_settings(**NEEDS.get(name, {}))
    widget, before = found(window, label), session.settings.value(name)
    assert before != value
    others = {other: session.settings.value(other) for other in SETTING_NAMES if other != name}
    put(widget, text)
    assert session.settings.value(name) == value
    assert {other: session.settings.value(other) for other in others} == others
    entered = shown(widget)
    session.change_settings(**{name: before})
    assert shown(widget) != entered
    session.change_settings(**{name: value})
    assert shown(widget) == entered


@pytest.mark.parametrize(("name", "changes", "does"), [
    *((name, changes, True) for name, changes in NEEDS.items()),
    *((name, changes, False) for name, changes in LOSSES.items()),
])  # fmt: skip
def test_what_does_nothing_is_greyed_and_says_when_it_would(
    window: MainWindow, session: Session, name: str, changes: dict[str, Any], does: bool
) -> None:
    widget = found(window, LABELS[name])
    assert widget.isEnabled() is not does
    session.change_settings(**changes)
    assert widget.isEnabled() is does
    label = next(label for label in window.panel("model").findChildren(QLabel) if label.buddy() is widget)
    assert label.isEnabled() is does
    when = next(s.when for group in field_groups() for s in group.fields if s.name == name)
    assert when is not None
    for explained in (widget, label):
        assert (when.words in explained.toolTip()) is not does


@pytest.mark.parametrize("name", [name for name in SETTING_NAMES if name not in {*NEEDS, *LOSSES, "preset"}])
def test_what_always_does_something_is_never_greyed(window: MainWindow, session: Session, name: str) -> None:
    for gradient in ("cd", "pcd", "tempering", "exact"):
        session.change_settings(gradient=gradient, schedule="linear", momentum=0.0)
        assert found(window, LABELS[name]).isEnabled()


@pytest.mark.parametrize(("label", "words"), [
    ("Hidden units", "1 to 4,096"), ("Learning rate", "above 0"), ("Momentum", "0 to 0.999"), ("L1", "0 to 1000"),
    ("Max-norm", "0 or more"), ("Offset rate", "above 0, to 1"), ("Gibbs steps k", "1 to 1,000"),
])  # fmt: skip
def test_tooltips_tell_the_range(window: MainWindow, label: str, words: str) -> None:
    assert f"Range: {words}\n" in found(window, label).toolTip() + "\n"


@pytest.mark.parametrize(("label", "words"), [
    ("L1", "off"), ("Chains", "as the batch"), ("Final k", "as k"), ("… for epochs", "off"), ("Max-norm", "off"),
])  # fmt: skip
def test_zero_is_shown_in_words_and_can_be_entered(
    window: MainWindow, session: Session, label: str, words: str
) -> None:
    unfold(window)
    session.change_settings(gradient="pcd")
    box = field(window, label, QAbstractSpinBox)
    enter(box, "3")
    assert box.text() != words
    enter(box, "0")
    assert box.text() == words
    # As it stands there it may also be confirmed.
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert box.text() == words
    QTest.keyClick(box, Qt.Key.Key_Up)
    assert box.text() != words
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert box.text() == words


@pytest.mark.parametrize("label", ["L2", "Chains", "Final k"])
def test_a_click_into_words_is_enough_to_type_a_number(window: MainWindow, session: Session, label: str) -> None:
    unfold(window)
    session.change_settings(gradient="pcd")
    box = field(window, label, QAbstractSpinBox)
    line = box.findChild(QLineEdit)
    assert isinstance(line, QLineEdit)
    QTest.mouseClick(line, Qt.MouseButton.LeftButton)
    QTest.keyClicks(box, "7")
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert shown(box) == 7


def test_the_first_step_above_nothing_is_a_useful_one(window: MainWindow, session: Session) -> None:
    session.change_settings(clip_norm=0.0)
    unfold(window)
    for label, name, least in (("L2", "l2", 1e-5), ("Clip norm", "clip_norm", 0.1)):
        QTest.keyClick(field(window, label, QDoubleSpinBox), Qt.Key.Key_Up)
        assert session.settings.value(name) == least


@pytest.mark.parametrize(("name", "value"), [("learning_rate", 0.0123456789), ("l1", 1e7), ("final_rate", 1e-12)])
def test_showing_a_number_that_no_field_holds_does_not_change_it(
    window: MainWindow, session: Session, name: str, value: float
) -> None:
    session.change_settings(**{name: value})
    session.change_settings(epochs=8)
    assert field(window, "Epochs", QSpinBox).value() == 8
    assert session.settings.value(name) == value


def test_numbers_have_their_units(window: MainWindow) -> None:
    assert field(window, "Batch size", QAbstractSpinBox).text() == "20 images"
    assert field(window, "Gibbs steps k", QAbstractSpinBox).text() == "1 an update"
    assert field(window, "Final rate", QAbstractSpinBox).text() == "0.01 × rate"


def test_even_steps_lead_to_round_numbers(window: MainWindow, session: Session) -> None:
    box = field(window, "Momentum", QDoubleSpinBox)
    enter(box, "0.93")
    seen = []
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Down):
        QTest.keyClick(box, key)
        seen.append(session.settings.training.momentum)
    assert seen == pytest.approx([0.95, 0.999, 0.95, 0.9])


def wheel(qtbot: QtBot, widget: QWidget, until: Callable[[], bool]) -> None:
    window = widget.window().windowHandle()
    assert window is not None
    QTest.wheelEvent(window, QPointF(widget.mapTo(widget.window(), widget.rect().center())), QPoint(0, -120))
    qtbot.waitUntil(until)


@pytest.mark.parametrize("label", ["Epochs", "Learning rate", "Schedule"])
def test_the_wheel_scrolls_the_page_and_changes_a_field_only_in_focus(
    qtbot: QtBot, window: MainWindow, session: Session, label: str
) -> None:
    window.activateWindow()
    # The wheel goes down the list, of which the default is the last.
    session.change_settings(schedule="linear")
    unfold(window)
    page = window.panel("model").findChild(QScrollArea)
    assert isinstance(page, QScrollArea)
    widget, before = field(window, label, QWidget), session.settings
    qtbot.waitUntil(lambda: page.verticalScrollBar().maximum() > 100)
    field(window, "Hidden units", QWidget).setFocus()
    at = page.verticalScrollBar().value()
    wheel(qtbot, widget, lambda: page.verticalScrollBar().value() > at)
    assert session.settings == before
    page.ensureWidgetVisible(widget)
    widget.setFocus()
    wheel(qtbot, widget, lambda: session.settings != before)


# --- presets


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_sets_all_of_its_own_and_keeps_what_was_set_besides(
    window: MainWindow, session: Session, name: str
) -> None:
    session.change_settings(seed=5)
    session.choose_preset("article" if name == "recommended" else "recommended")
    box = preset(window)
    title = {"article": "As in the article", "cd-1": "CD-1"}.get(name, name.replace("-", " ").capitalize())
    select(box, title)
    own = PRESETS[name].settings
    kept = {key: value for key, value in {"epochs": 3, "batch_size": 20, "seed": 5}.items() if key not in own}
    assert session.settings.training == settings_for(name, **kept)
    assert PRESETS[name].source in box.toolTip()
    tip = box.itemData(box.currentIndex(), Qt.ItemDataRole.ToolTipRole)
    assert PRESETS[name].source in tip
    assert PRESETS[name].result in tip


def test_epochs_that_a_preset_brought_go_with_it(window: MainWindow, session: Session) -> None:
    session.change_settings(epochs=TrainingSettings().epochs)
    select(preset(window), "Best likelihood")
    assert session.settings.training.epochs == PRESETS["best-likelihood"].settings["epochs"]
    select(preset(window), "Recommended")
    assert session.settings.training.epochs == TrainingSettings().epochs


def test_a_changed_preset_says_so_and_can_be_had_back(window: MainWindow, session: Session) -> None:
    before = session.settings
    assert not undo(window).isVisible()
    enter(field(window, "Learning rate", QDoubleSpinBox), "0.5")
    unfold(window)
    enter(field(window, "L2", QDoubleSpinBox), "0.001")
    enter(field(window, "Clip norm", QDoubleSpinBox), "3")
    assert preset(window).currentText() == "Recommended (changed)"
    assert "Changed: Learning rate, L2, Clip norm" in preset(window).toolTip()
    assert "The preset has: 1" in field(window, "Learning rate", QWidget).toolTip()
    assert "The preset has: off" in field(window, "L2", QWidget).toolTip()
    assert group_titles(window) == ["Update · 1 changed", "Gradient", "Data", "Penalties · 2 changed", "Run"]
    click(undo(window))
    assert session.settings == before
    assert preset(window).currentText() == "Recommended"
    assert "Changed" not in preset(window).toolTip()
    assert "The preset has" not in field(window, "L2", QWidget).toolTip()
    assert group_titles(window) == ["Update", "Gradient", "Data", "Penalties", "Run"]
    assert not undo(window).isVisible()


def test_what_no_preset_names_does_not_change_it(window: MainWindow) -> None:
    for label in ("Epochs", "Batch size", "Seed", "Hidden units"):
        enter(field(window, label, QSpinBox), "11")
    assert preset(window).currentText() == "Recommended"
    select(preset(window), "Best likelihood")
    enter(field(window, "Epochs", QSpinBox), "12")
    assert preset(window).currentText() == "Best likelihood (changed)"


def test_choosing_the_preset_again_undoes_changes_too(window: MainWindow, session: Session) -> None:
    before = session.settings
    enter(field(window, "Momentum", QDoubleSpinBox), "0.1")
    # As from its list, which the offscreen platform cannot show.
    preset(window).activated.emit(preset(window).currentIndex())
    assert session.settings == before


# --- a setting that is pointed at


@pytest.mark.parametrize("name", ["learning_rate", "sparsity_cost", "seed", "hidden_num", "centred"])
def test_a_setting_pointed_at_is_brought_to_sight_and_to_the_keyboard(
    qtbot: QtBot, window: MainWindow, session: Session, name: str
) -> None:
    window.resize(1024, 700)
    window.activateWindow()
    widget = found(window, {**LABELS, "hidden_num": "Hidden units"}[name])
    session.setting_pointed_at.emit(name)
    qtbot.waitUntil(lambda: window.focusWidget() is widget)
    assert widget.isVisible()
    qtbot.waitUntil(lambda: widget.visibleRegion().boundingRect() == widget.rect())


def test_the_panel_comes_back_for_a_setting_pointed_at(qtbot: QtBot, window: MainWindow, session: Session) -> None:
    window.docks["model"].hide()
    session.setting_pointed_at.emit("l1")
    widget = found(window, "L1")
    qtbot.waitUntil(widget.isVisible)
    qtbot.waitUntil(lambda: window.focusWidget() is widget)


def test_one_setting_at_a_time_is_pointed_at(qtbot: QtBot, window: MainWindow, session: Session) -> None:
    def highlighted() -> list[str]:
        marked = [label for label in window.panel("model").findChildren(QLabel) if label.autoFillBackground()]
        return [label.text().replace("&", "") for label in marked]

    session.setting_pointed_at.emit("l1")
    assert highlighted() == ["L1"]
    session.setting_pointed_at.emit("momentum")
    assert highlighted() == ["Momentum"]
    qtbot.waitUntil(lambda: window.focusWidget() is found(window, "Momentum"))
    session.setting_pointed_at.emit("no such setting")
    assert highlighted() == []


def test_a_greyed_setting_pointed_at_is_shown_all_the_same(qtbot: QtBot, window: MainWindow, session: Session) -> None:
    session.change_settings(epochs=100_000)
    press(window, "Train")
    session.setting_pointed_at.emit("clip_norm")
    widget = found(window, "Clip norm")
    qtbot.waitUntil(lambda: not widget.visibleRegion().isEmpty())
    assert not widget.isEnabled()
    press(window, "Stop")
    wait_until_idle(qtbot, session)


# --- what cannot be


def test_an_exact_gradient_that_is_too_large_is_explained(window: MainWindow, session: Session) -> None:
    def notes() -> str:
        return " ".join(label.text() for label in window.panel("model").findChildren(QLabel, "quiet"))

    session.change_settings(hidden_num=21, gradient="exact")
    assert "at most 20 units" in notes()
    enter(field(window, "Hidden units", QSpinBox), "20")
    assert "at most 20 units" not in notes()


def test_no_field_asks_for_more_room_than_a_narrow_dock_has(window: MainWindow) -> None:
    window.resize(1024, 700)
    window.restore_default_layout()
    unfold(window)
    process_deletions()
    page = window.panel("model").findChild(QScrollArea)
    assert isinstance(page, QScrollArea)
    content = page.widget()
    assert content is not None
    assert content.minimumSizeHint().width() <= page.viewport().width()
    assert content.width() <= page.viewport().width()


def test_leaving_the_panel_unused_changes_nothing(window: MainWindow, session: Session) -> None:
    before = session.settings
    unfold(window)
    for widget in window.panel("model").findChildren(QWidget):
        if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            widget.setFocus()
            QApplication.sendEvent(widget, QEvent(QEvent.Type.Leave))
    assert session.settings == before
    assert button(window.panel("model"), "Data").isVisible()
