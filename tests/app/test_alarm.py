"""A model that learns no more is told of wherever one looks, until it is another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDoubleSpinBox, QMessageBox, QTabBar

from rbm_studio.app.alarm import Alarm
from rbm_studio.app.tab_badge import TabBadge
from rbm_studio.app.theme import Appearance, alarm_colours
from rbm_studio.core.parameters import Parameters
from rbm_studio.storage.model_file import SavedModel, save_model

from .driving import button, click, model_of, press, process_deletions, shown, train, wait_until_idle
from .settings_page import enter, field

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtCore import QRect
    from PySide6.QtGui import QColor
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow

DEAD = "12 of 12 hidden units never switch on"


def alarm(window: MainWindow) -> Alarm:
    found = window.training_bar.findChild(Alarm)
    assert isinstance(found, Alarm)
    return found


def badge(window: MainWindow) -> TabBadge:
    found = window.findChild(TabBadge)
    assert isinstance(found, TabBadge)
    return found


def tab_of_health(window: MainWindow) -> tuple[QTabBar, int]:
    for bar in window.findChildren(QTabBar):
        for place in range(bar.count()):
            if bar.tabText(place) == "Health":
                return bar, place
    raise AssertionError


def wait_for_alarm(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: alarm(window).isVisible(), timeout=30_000)


def wait_until_well(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: not alarm(window).isVisible(), timeout=30_000)


def kill(qtbot: QtBot, window: MainWindow) -> None:
    """Train with a rate of 20, as a person does by mistake, and stop."""
    window.session.choose_preset("cd-1")
    window.session.change_settings(epochs=100_000, batch_size=20, momentum=0.0)
    enter(field(window, "Learning rate", QDoubleSpinBox), "20")
    press(window, "Train")
    wait_for_alarm(qtbot, window)
    press(window, "Stop")
    wait_until_idle(qtbot, window.session)


def bar_places(window: MainWindow) -> list[QRect]:
    bar = window.training_bar
    return [bar.geometry(), *(bar.widgetForAction(action).geometry() for action in bar.actions())]


def test_a_dead_model_is_told_of_until_it_is_reset(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    assert not alarm(window).isVisible()
    assert not badge(window).isVisible()
    places = bar_places(window)
    kill(qtbot, window)
    assert bar_places(window) == places
    assert alarm(window).words() == f"{DEAD}: this model cannot learn any more."
    # With good settings it trains on, and is as dead as before.
    click(button(window.panel("model"), "Undo changes"))
    session.change_settings(epochs=3)
    train(qtbot, window)
    qtbot.waitUntil(lambda: not session.health.is_measuring, timeout=30_000)
    assert alarm(window).isVisible()
    assert badge(window).isVisible()
    bar, place = tab_of_health(window)
    assert bar.tabToolTip(place) == f"Health: {DEAD}."
    parameters = model_of(session).parameters
    reset = button(alarm(window), "Reset model")
    assert reset.toolTip().endswith("(F9)")
    click(reset)
    assert not alarm(window).isVisible()
    assert not badge(window).isVisible()
    assert bar.tabToolTip(place) == "Health"
    assert model_of(session).parameters is not parameters
    train(qtbot, window)
    qtbot.waitUntil(lambda: not session.health.is_measuring, timeout=30_000)
    assert not alarm(window).isVisible()


def test_reset_by_the_line_ends_the_run_under_way(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    session.choose_preset("cd-1")
    session.change_settings(epochs=100_000, batch_size=20, momentum=0.0, learning_rate=20.0)
    press(window, "Train")
    wait_for_alarm(qtbot, window)
    click(button(alarm(window), "Reset model"))
    wait_until_idle(qtbot, session)
    wait_until_well(qtbot, window)
    assert session.epochs_trained == 0


def sick(p: Parameters, bias: list[float]) -> SavedModel:
    return SavedModel(Parameters(p.w, p.visible_bias, np.array(bias, dtype=np.float32)))


def open_sick(window: MainWindow, path: Path, bias: list[float]) -> None:
    save_model(path, sick(model_of(window.session).parameters, bias))
    window.open_path(path)


@pytest.mark.parametrize(
    ("bias", "words"),
    [
        ([-50] * 12, "12 of 12 hidden units never switch on"),
        ([50] * 12, "12 of 12 hidden units never switch off"),
        # The two kinds together leave no unit that could tell images apart.
        ([-50] * 6 + [50] * 6, "6 of 12 hidden units never switch on"),
        ([-50] * 6 + [0] * 6, ""),
    ],
)
def test_a_model_from_a_file_is_judged_too(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, bias: list[float], words: str
) -> None:
    train(qtbot, window)
    assert window.session.save_experiment(tmp_path / "lesson.rbmx")
    open_sick(window, tmp_path / "sick.safetensors", bias)
    if words:
        wait_for_alarm(qtbot, window)
    qtbot.waitUntil(lambda: not window.session.health.is_measuring, timeout=30_000)
    assert alarm(window).words() == (f"{words}: this model cannot learn any more." if words else "")
    # The one before is well.
    window.open_path(tmp_path / "lesson.rbmx")
    wait_until_well(qtbot, window)


def test_what_a_run_left_that_was_halted_is_told_until_something_is_done_about_it(
    qtbot: QtBot, window: MainWindow
) -> None:
    session = window.session
    session.choose_preset("cd-1")
    session.change_settings(epochs=100_000, batch_size=20, learning_rate=1e6)
    press(window, "Train")
    assert "Training was halted" in message_of(qtbot)
    assert session.health.has_diverged
    assert alarm(window).isVisible()
    assert "halted" in alarm(window).words()
    # A run that goes well has done something.
    session.change_settings(epochs=3, learning_rate=0.05)
    train(qtbot, window)
    assert not session.health.has_diverged


def message_of(qtbot: QtBot) -> str:
    """Return what the message says that offers to go to the setting, and leave it."""
    qtbot.waitUntil(lambda: len(shown(QMessageBox)) == 1, timeout=30_000)
    text = shown(QMessageBox)[0].text()
    QTest.keyClick(shown(QMessageBox)[0], Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not shown(QMessageBox))
    return text


def test_the_badge_stays_on_its_tab(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    open_sick(window, tmp_path / "sick.safetensors", [-50] * 12)
    wait_for_alarm(qtbot, window)

    def is_on_tab() -> bool:
        bar, place = tab_of_health(window)
        tab = bar.tabRect(place).translated(bar.mapTo(window, bar.rect().topLeft()))
        return badge(window).isVisible() and tab.contains(badge(window).geometry())

    qtbot.waitUntil(is_on_tab)
    before = badge(window).pos()
    window.docks["dream"].close()
    qtbot.waitUntil(lambda: is_on_tab() and badge(window).pos() != before)
    window.resize(1100, 750)
    qtbot.waitUntil(is_on_tab)
    window.docks["health"].raise_()
    qtbot.waitUntil(is_on_tab)
    # Alone, it has no tab; and it comes back.
    window.docks["health"].setFloating(True)
    qtbot.waitUntil(lambda: not badge(window).isVisible())
    window.restore_default_layout()
    qtbot.waitUntil(is_on_tab)


@pytest.mark.parametrize("appearance", [Appearance.LIGHT, Appearance.DARK])
def test_badge_and_line_are_seen_in_light_and_dark(
    qtbot: QtBot, wear: Callable[[Appearance], None], window: MainWindow, tmp_path: Path, appearance: Appearance
) -> None:
    wear(appearance)
    open_sick(window, tmp_path / "sick.safetensors", [-50] * 12)
    wait_for_alarm(qtbot, window)
    fill, ink = alarm_colours(window.palette())
    ground = window.palette().color(QPalette.ColorRole.Button)
    assert contrast(fill, ground) >= 3
    assert contrast(fill, ink) >= 4.5
    picture = badge(window).grab().toImage()
    middle = picture.rect().center()
    assert picture.pixelColor(2, middle.y()).name() == fill.name()
    assert ink.name() in {picture.pixelColor(x, y).name() for x in range(4, 9) for y in range(2, 11)}


def contrast(one: QColor, other: QColor) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2.1)."""

    def luminance(colour: QColor) -> float:
        def linear(part: float) -> float:
            return part / 12.92 if part <= 0.04045 else math.pow((part + 0.055) / 1.055, 2.4)

        red, green, blue = map(linear, (colour.redF(), colour.greenF(), colour.blueF()))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_at_every_width_the_line_says_what_is_wrong_and_offers_the_button(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    open_sick(window, tmp_path / "sick.safetensors", [-50] * 12)
    wait_for_alarm(qtbot, window)
    for width in (1024, 1280, 1900):
        window.resize(width, 700)
        process_deletions()
        line = alarm(window)
        assert button(line, "Reset model").geometry().right() < line.width()
        place = line.parentWidget()
        assert place is not None
        assert place.rect().contains(line.geometry())
    words = [label for label in alarm(window).children() if label.property("text")]
    assert f"{DEAD}: this model cannot learn any more." in [label.property("text") for label in words]
