from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton

from rbm_studio.app.image_view import ImageView
from rbm_studio.app.mosaic_view import MosaicView
from rbm_studio.app.session import Session

from .driving import LEFT, click, labels, named, press, train, wait_until_idle

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow


def mosaic_of(window: MainWindow) -> MosaicView:
    mosaic = window.panel("weights").findChild(MosaicView)
    assert isinstance(mosaic, MosaicView)
    return mosaic


def place(window: MainWindow, unit: int) -> QPoint:
    return mosaic_of(window).tile_rect(unit).center().toPoint()


def point_at(window: MainWindow, unit: int) -> str:
    QTest.mouseMove(mosaic_of(window), place(window, unit))
    return facts(window)


def click_on(window: MainWindow, unit: int) -> None:
    QTest.mouseClick(mosaic_of(window), LEFT, pos=place(window, unit))


def facts(window: MainWindow) -> str:
    return labels(window.panel("weights"))[-1]


def large(window: MainWindow) -> ImageView:
    return named(window.panel("weights"), ImageView, "Enlarged filter")


def heading(window: MainWindow) -> str:
    assert large(window).isVisible()
    return labels(window.panel("weights"))[0]


def test_all_units_are_there(window: MainWindow) -> None:
    assert facts(window) == "12 filters: the weights of each hidden unit"
    assert all(not mosaic_of(window).tile_rect(unit).isEmpty() for unit in range(12))
    assert mosaic_of(window).tile_rect(12).isEmpty()


def test_pointing_at_a_unit_names_it_with_its_bias_and_activity(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    session = window.session
    assert session.model is not None
    assert session.images is not None
    p = session.model.parameters
    activity = p.expect_hidden(np.divide(session.images.train, 255, dtype=np.float32)).mean(axis=0)
    for unit in (3, 11, 0):
        assert point_at(window, unit) == (
            f"Unit {unit + 1}  ·  bias {p.hidden_bias[unit]:+.2f}  ·  activity {activity[unit]:.0%}"
        )
    QTest.mouseMove(mosaic_of(window), QPoint(mosaic_of(window).width() - 1, 1))
    assert facts(window).startswith("12 filters")


def test_a_click_enlarges_and_another_puts_away(window: MainWindow) -> None:
    assert not large(window).isVisible()
    click_on(window, 4)
    assert heading(window) == "Hidden unit 5"
    image = large(window).image()
    assert image is not None
    assert (image.width(), image.height()) == (8, 8)
    click_on(window, 6)
    assert heading(window) == "Hidden unit 7"
    assert large(window).image() != image
    click_on(window, 6)
    assert not large(window).isVisible()


@pytest.mark.parametrize("way", ["escape", "button"])
def test_the_enlarged_filter_can_be_closed(qtbot: QtBot, window: MainWindow, way: str) -> None:
    click_on(window, 4)
    assert large(window).isVisible()
    if way == "escape":
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        QTest.keyClick(mosaic_of(window), Qt.Key.Key_Escape)
    else:
        click(named(window.panel("weights"), QToolButton, "Close the enlarged filter"))
    # A key holds the button down for a moment.
    qtbot.waitUntil(lambda: not large(window).isVisible())
    assert mosaic_of(window).selected() is None


def test_the_arrow_keys_go_from_filter_to_filter(window: MainWindow) -> None:
    mosaic = mosaic_of(window)
    mosaic.setFocus()
    QTest.keyClick(mosaic, Qt.Key.Key_Right)
    assert facts(window).startswith("Unit 1 ")
    assert not large(window).isVisible()
    QTest.keyClick(mosaic, Qt.Key.Key_Return)
    assert heading(window) == "Hidden unit 1"
    QTest.keyClick(mosaic, Qt.Key.Key_Right)
    QTest.keyClick(mosaic, Qt.Key.Key_Right)
    assert heading(window) == "Hidden unit 3"
    assert facts(window).startswith("Unit 3 ")
    QTest.keyClick(mosaic, Qt.Key.Key_End)
    assert heading(window) == "Hidden unit 12"


def test_the_filters_live_while_the_model_trains(qtbot: QtBot, window: MainWindow) -> None:
    click_on(window, 2)
    window.session.change_settings(epochs=100_000)
    mosaic, enlarged = mosaic_of(window).grab().toImage(), large(window).image()
    press(window, "Train")
    qtbot.waitUntil(lambda: mosaic_of(window).grab().toImage() != mosaic and large(window).image() != enlarged)
    press(window, "Stop")
    wait_until_idle(qtbot, window.session)


def test_a_smaller_model_has_no_such_unit(qtbot: QtBot, window: MainWindow) -> None:
    click_on(window, 11)
    assert heading(window) == "Hidden unit 12"
    # The pointer stays where there will be no unit.
    assert point_at(window, 11).startswith("Unit 12 ")
    window.session.change_settings(hidden_num=5)
    qtbot.waitUntil(lambda: not large(window).isVisible())
    assert facts(window) == "5 filters: the weights of each hidden unit"


def test_units_that_are_pointed_out_are_outlined_besides_the_enlarged_one(window: MainWindow) -> None:
    mosaic = mosaic_of(window)
    click_on(window, 4)
    window.session.selection.select_units((1, 11, 40))
    assert mosaic.marked() == (1, 11)
    assert mosaic.selected() == 4
    assert heading(window) == "Hidden unit 5"
    outlined = mosaic.grab().toImage()
    window.session.selection.select_units(())
    assert mosaic.marked() == ()
    assert mosaic.grab().toImage() != outlined
    assert mosaic.selected() == 4


def test_without_a_model_there_is_nothing_to_point_at(show: Callable[[Session], MainWindow]) -> None:
    window = show(Session())
    QTest.mouseMove(mosaic_of(window), mosaic_of(window).rect().center())
    QTest.mouseClick(mosaic_of(window), LEFT)
    assert not large(window).isVisible()
    assert labels(window.panel("weights")) == []
