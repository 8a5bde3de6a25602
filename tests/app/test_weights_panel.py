from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QToolButton

from rbm_studio.app.mosaic_view import MosaicView
from rbm_studio.app.session import Session
from rbm_studio.app.units_view import UnitsView
from rbm_studio.core.parameters import Parameters
from rbm_studio.storage.model_file import SavedModel, save_model

from .conftest import bars_dataset, load
from .driving import LEFT, choose_item, click, labels, named, press, train, wait_until_idle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow


def mosaic_of(window: MainWindow) -> MosaicView:
    mosaic = window.panel("weights").findChild(MosaicView)
    assert isinstance(mosaic, MosaicView)
    return mosaic


def place(window: MainWindow, unit: int) -> QPoint:
    return mosaic_of(window).tile_rect(unit).center().toPoint()


def point_at(window: MainWindow, unit: int) -> str:
    # Qt tells of no move to where the pointer was in the last test.
    QTest.mouseMove(mosaic_of(window), QPoint(1, 1))
    QTest.mouseMove(mosaic_of(window), place(window, unit))
    return facts(window)


def leave(window: MainWindow) -> None:
    QApplication.sendEvent(mosaic_of(window), QEvent(QEvent.Type.Leave))


def click_on(window: MainWindow, unit: int) -> None:
    QTest.mouseClick(mosaic_of(window), LEFT, pos=place(window, unit))


def facts(window: MainWindow) -> str:
    return labels(window.panel("weights"))[-1]


def choose(window: MainWindow, name: str, text: str) -> None:
    choose_item(named(window.panel("weights"), QComboBox, name), text)


def order_by(window: MainWindow, text: str) -> None:
    choose(window, "Order of the filters", text)


def as_shown(window: MainWindow) -> list[int]:
    """Return the units as they stand on the screen, row after row."""
    count = parameters(window).hidden_num
    return sorted(range(count), key=lambda unit: mosaic_of(window).tile_rect(unit).topLeft().toTuple()[::-1])


def parameters(window: MainWindow) -> Parameters:
    model = window.session.model
    assert model is not None
    return model.parameters


def selected(window: MainWindow) -> tuple[int, ...]:
    """Return what is selected, anew each time: mypy takes what was asserted of a property for lasting."""
    return window.session.selection.units


def activity(window: MainWindow) -> NDArray[np.float64]:
    images = window.session.images
    assert images is not None
    hidden = parameters(window).expect_hidden(np.divide(images.train, 255, dtype=np.float32))
    means: NDArray[np.float64] = hidden.mean(axis=0, dtype=np.float64)
    return means


def says(window: MainWindow, words: str) -> bool:
    return facts(window) == words


# --- pointing and selecting


def test_all_units_are_there(window: MainWindow) -> None:
    assert facts(window) == "12 filters: the weights of each hidden unit"
    assert all(not mosaic_of(window).tile_rect(unit).isEmpty() for unit in range(12))
    assert mosaic_of(window).tile_rect(12).isEmpty()


def test_pointing_at_a_unit_names_it_with_its_bias_and_activity(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    bias, active = parameters(window).hidden_bias, activity(window)
    for unit in (3, 11, 0):
        point_at(window, unit)
        words = f"Unit {unit + 1} · bias {bias[unit]:+.2f} · on for {active[unit]:.0%}, epoch 3".replace("-", "−")
        qtbot.waitUntil(partial(says, window, words))
    QTest.mouseMove(mosaic_of(window), QPoint(mosaic_of(window).width() - 1, 1))
    assert facts(window).startswith("12 filters")


def test_pointing_at_a_unit_tells_all_the_others(window: MainWindow) -> None:
    selection = window.session.selection
    point_at(window, 7)
    assert selection.hovered == 7
    leave(window)
    assert selection.hovered == -1


def test_a_unit_that_is_pointed_at_elsewhere_lights_up_here(window: MainWindow) -> None:
    mosaic, before = mosaic_of(window), mosaic_of(window).grab().toImage()
    window.session.selection.hover(9)
    assert mosaic.hovered_tile() == 9
    assert facts(window).startswith("Unit 10 ")
    assert mosaic.grab().toImage() != before
    window.session.selection.hover(-1)
    assert mosaic.grab().toImage() == before


def test_health_and_weights_point_at_the_same_unit(qtbot: QtBot, window: MainWindow) -> None:
    window.docks["health"].raise_()
    columns = window.panel("health").findChild(UnitsView)
    assert isinstance(columns, UnitsView)
    qtbot.waitUntil(lambda: columns.image() is not None)
    point_at(window, 5)
    assert columns.hovered_unit() == 5
    leave(window)
    assert columns.hovered_unit() == -1
    QTest.mouseMove(columns, columns.column_rect(8).center().toPoint())
    assert mosaic_of(window).hovered_tile() == 8
    QApplication.sendEvent(columns, QEvent(QEvent.Type.Leave))
    assert mosaic_of(window).hovered_tile() == -1


def test_a_click_selects_and_another_takes_it_back(window: MainWindow) -> None:
    click_on(window, 4)
    assert selected(window) == (4,)
    assert mosaic_of(window).marked() == (4,)
    leave(window)
    assert facts(window).startswith("Unit 5 ")
    click_on(window, 6)
    assert selected(window) == (6,)
    click_on(window, 6)
    assert selected(window) == ()
    assert mosaic_of(window).marked() == ()


def test_the_keys_go_from_filter_to_filter_and_enter_selects(window: MainWindow) -> None:
    mosaic, selection = mosaic_of(window), window.session.selection
    mosaic.setFocus()
    QTest.keyClick(mosaic, Qt.Key.Key_Right)
    assert selection.hovered == 0
    assert selected(window) == ()
    assert facts(window).startswith("Unit 1 ")
    QTest.keyClick(mosaic, Qt.Key.Key_Right)
    QTest.keyClick(mosaic, Qt.Key.Key_Return)
    assert selected(window) == (1,)
    QTest.keyClick(mosaic, Qt.Key.Key_End)
    assert facts(window).startswith("Unit 12 ")
    assert selected(window) == (1,)


def test_units_that_are_selected_elsewhere_are_outlined(window: MainWindow) -> None:
    mosaic = mosaic_of(window)
    before = mosaic.grab().toImage()
    window.session.selection.select_units((1, 11, 40))
    assert mosaic.marked() == (1, 11)
    assert mosaic.grab().toImage() != before
    window.session.selection.select_units(())
    assert mosaic.marked() == ()
    assert mosaic.grab().toImage() == before


def test_a_smaller_model_has_no_such_unit(qtbot: QtBot, window: MainWindow) -> None:
    click_on(window, 11)
    # The pointer stays where there will be no unit.
    assert point_at(window, 11).startswith("Unit 12 ")
    window.session.change_settings(hidden_num=5)
    qtbot.waitUntil(lambda: facts(window) == "5 filters: the weights of each hidden unit")
    qtbot.waitUntil(lambda: mosaic_of(window).tile_rect(5).isEmpty())
    assert mosaic_of(window).marked() == ()


def test_without_a_model_there_is_nothing_to_point_at(show: Callable[[Session], MainWindow]) -> None:
    window = show(Session())
    QTest.mouseMove(mosaic_of(window), mosaic_of(window).rect().center())
    QTest.mouseClick(mosaic_of(window), LEFT)
    QTest.mouseDClick(mosaic_of(window), LEFT)
    assert selected(window) == ()
    assert labels(window.panel("weights")) == []
    for name in ("Smaller", "Show all filters", "Larger"):
        assert not named(window.panel("weights"), QToolButton, name).isEnabled()


# --- live


def test_the_filters_live_while_the_model_trains(qtbot: QtBot, window: MainWindow) -> None:
    window.session.change_settings(epochs=100_000)
    mosaic = mosaic_of(window).grab().toImage()
    press(window, "Train")
    qtbot.waitUntil(lambda: mosaic_of(window).grab().toImage() != mosaic)
    press(window, "Stop")
    wait_until_idle(qtbot, window.session)


def test_out_of_sight_nothing_is_drawn_and_in_sight_it_is_the_newest(qtbot: QtBot, window: MainWindow) -> None:
    window.docks["weights"].hide()
    before = mosaic_of(window).filters()
    train(qtbot, window)
    assert mosaic_of(window).filters() is before
    window.docks["weights"].show()

    def is_newest() -> bool:
        shown = mosaic_of(window).filters()
        return shown is not None and bool((shown.weights.reshape(64, 12) == parameters(window).w).all())

    qtbot.waitUntil(is_newest)


# --- order and scale


def test_filters_are_ordered_by_norm(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    order_by(window, "By norm")
    expected = np.argsort(-np.linalg.norm(parameters(window).w, axis=0)).tolist()
    qtbot.waitUntil(lambda: as_shown(window) == expected)
    assert facts(window) == "12 filters, longest weights first, epoch 3"
    order_by(window, "By number")
    assert as_shown(window) == list(range(12))


def test_filters_are_ordered_by_mean_activity(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    order_by(window, "By activity")
    qtbot.waitUntil(lambda: as_shown(window) == np.argsort(-activity(window)).tolist())
    assert facts(window).startswith("12 filters, most active first, epoch 3, 200")


def test_filters_are_ordered_by_similarity(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    p = parameters(window)
    w = p.w.copy()
    w[:, 9] = 3 * w[:, 2]
    path = tmp_path / "twins.safetensors"
    save_model(path, SavedModel(Parameters(w, p.visible_bias, p.hidden_bias)))
    window.open_path(path)
    order_by(window, "By similarity")
    qtbot.waitUntil(lambda: set(as_shown(window)[:2]) == {2, 9})
    directions = w / np.linalg.norm(w, axis=0)
    shown = as_shown(window)
    for at in range(11):
        likeness = directions[:, shown[at]] @ directions[:, shown[at + 1 :]]
        assert likeness[0] == pytest.approx(likeness.max(), abs=1e-5)


def test_what_is_selected_and_pointed_at_is_the_unit_wherever_it_stands(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    order_by(window, "By norm")
    qtbot.waitUntil(lambda: as_shown(window) != list(range(12)))
    first = as_shown(window)[0]
    assert first != 0
    assert point_at(window, first).startswith(f"Unit {first + 1} ")
    click_on(window, first)
    assert selected(window) == (first,)


def test_the_order_follows_the_training_but_not_under_the_pointer(qtbot: QtBot, window: MainWindow) -> None:
    order_by(window, "By norm")
    qtbot.waitUntil(lambda: as_shown(window) != list(range(12)))
    before = as_shown(window)
    point_at(window, before[0])
    assert window.session.selection.hovered == before[0]
    train(qtbot, window)
    expected = np.argsort(-np.linalg.norm(parameters(window).w, axis=0)).tolist()
    assert expected != before
    # Its measurement is there: the words tell its epoch.
    qtbot.waitUntil(lambda: facts(window).endswith("epoch 3"), timeout=10_000)
    assert as_shown(window) == before
    leave(window)
    assert as_shown(window) == expected


def test_by_activity_without_images_of_the_models_size_says_why_not(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    load(qtbot, window.session, bars_dataset(side=6))
    order_by(window, "By activity")
    assert facts(window).startswith("12 filters; no images of their size")
    assert as_shown(window) == list(range(12))


def test_another_model_stands_in_its_own_order(qtbot: QtBot, window: MainWindow) -> None:
    order_by(window, "By norm")
    qtbot.waitUntil(lambda: as_shown(window) != list(range(12)))
    window.session.change_settings(hidden_num=20)
    expected = np.argsort(-np.linalg.norm(parameters(window).w, axis=0)).tolist()
    qtbot.waitUntil(lambda: as_shown(window) == expected)


def test_each_filter_can_have_its_own_scale(window: MainWindow) -> None:
    common = mosaic_of(window).grab().toImage()
    choose(window, "Colour scale", "Own scales")
    assert mosaic_of(window).grab().toImage() != common
    choose(window, "Colour scale", "Common scale")
    assert mosaic_of(window).grab().toImage() == common


# --- enlarging


def test_the_buttons_enlarge_and_show_all_again(window: MainWindow) -> None:
    smaller, whole, larger = (
        named(window.panel("weights"), QToolButton, name) for name in ("Smaller", "Show all filters", "Larger")
    )
    before = mosaic_of(window).tile_rect(3)
    assert (smaller.isEnabled(), whole.isEnabled(), larger.isEnabled()) == (False, False, True)
    click(larger)
    assert mosaic_of(window).tile_rect(3).width() > before.width()
    click(smaller)
    assert mosaic_of(window).tile_rect(3) == before
    while larger.isEnabled():
        click(larger)
    assert smaller.isEnabled()
    click(whole)
    assert mosaic_of(window).tile_rect(3) == before
    assert not whole.isEnabled()


def test_a_unit_that_is_selected_elsewhere_comes_into_view(window: MainWindow) -> None:
    mosaic = mosaic_of(window)
    QTest.mouseDClick(mosaic, LEFT, pos=place(window, 0))
    assert not mosaic.is_in_view(11)
    window.session.selection.select_units((11,))
    assert mosaic.is_in_view(11)
    assert mosaic.zoom_factor() > 1
