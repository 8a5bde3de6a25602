from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QPalette
from PySide6.QtTest import QTest

from rbm_studio.app.units_histogram import UnitsHistogram
from rbm_studio.core.histogram import histogram

from .driving import LEFT

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

# Bars, of 41 on an axis from −1 to 1: units 0 and 2 on the left, 1 in the middle, 3 on the right.
VALUES = np.array([-0.5, 0, -0.51, 0.9], dtype=np.float32)


@pytest.fixture
def view(qtbot: QtBot) -> UnitsHistogram:
    view = UnitsHistogram("values")
    qtbot.addWidget(view)
    view.resize(410, 200)
    show(view, VALUES)
    view.show()
    qtbot.waitExposed(view)
    # Where the pointer is already, it does not move to.
    QTest.mouseMove(view, QPoint(1, 1))
    return view


def show(view: UnitsHistogram, values: np.ndarray) -> None:
    view.set_units(histogram(values), values)


def place(view: UnitsHistogram, unit: int) -> QPoint:
    bar = next(number for number in range(41) if unit in view.units_of(number))
    return view.column_rect(bar).center().toPoint()


def told(view: UnitsHistogram) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = []
    view.hovered.connect(lambda bar: found.append(view.units_of(bar)))
    return found


def test_a_bar_tells_of_its_units(view: UnitsHistogram) -> None:
    found = told(view)
    for unit in (0, 1, 3):
        QTest.mouseMove(view, place(view, unit))
    QTest.mouseMove(view, QPoint(2, 100))
    assert found == [(0, 2), (1,), (3,), ()]


def test_a_bar_as_narrow_as_a_line_can_be_hit(view: UnitsHistogram) -> None:
    view.resize(82, 100)
    found = told(view)
    QTest.mouseMove(view, place(view, 3) + QPoint(-3, 0))
    assert found == [(3,)]


def test_a_click_is_on_the_bar(qtbot: QtBot, view: UnitsHistogram) -> None:
    with qtbot.waitSignal(view.clicked) as clicked:
        QTest.mouseClick(view, LEFT, pos=place(view, 2))
    assert view.units_of(clicked.args[0]) == (0, 2)


def test_the_keys_go_from_bar_to_bar_and_click(qtbot: QtBot, view: UnitsHistogram) -> None:
    found = told(view)
    keys = Qt.Key
    for key in (keys.Key_Right, keys.Key_Right, keys.Key_Right, keys.Key_Right, keys.Key_Left, keys.Key_Home):
        QTest.keyClick(view, key)
    assert found == [(0, 2), (1,), (3,), (1,), (0, 2)]
    QTest.keyClick(view, keys.Key_End)
    with qtbot.waitSignal(view.clicked) as clicked:
        QTest.keyClick(view, keys.Key_Return)
    assert view.units_of(clicked.args[0]) == (3,)


def test_units_that_are_pointed_at_elsewhere_have_a_tick_under_their_bars(view: UnitsHistogram) -> None:
    accent = view.palette().color(QPalette.ColorRole.Accent)

    def is_ticked(unit: int) -> bool:
        under = QPoint(place(view, unit).x(), round(view.plot_rect().bottom()) + 2)
        return view.grab().toImage().pixelColor(under) == accent

    assert [is_ticked(unit) for unit in range(4)] == [False] * 4
    view.set_selected((1,))
    view.set_lit((3,))
    assert [is_ticked(unit) for unit in range(4)] == [False, True, False, True]
    view.set_lit(())
    assert [is_ticked(unit) for unit in range(4)] == [False, True, False, False]
    # Of a model that is not shown yet.
    view.set_selected((99,))
    assert view.ticked() == ()


def test_what_a_bar_gains_or_loses_under_the_pointer_is_told(view: UnitsHistogram) -> None:
    QTest.mouseMove(view, place(view, 0))
    found = told(view)
    show(view, np.array([-0.5, -0.5, -0.5, 0.9], dtype=np.float32))
    show(view, np.array([-0.5, -0.5, -0.5, 0.9], dtype=np.float32))
    show(view, np.array([0.9, 0.9, 0.9, 0.9], dtype=np.float32))
    assert found == [(0, 1, 2), ()]
    assert view.hovered_bar() == -1


def test_a_bar_is_left_when_others_are_pointed_at_elsewhere(view: UnitsHistogram) -> None:
    QTest.mouseMove(view, place(view, 0))
    view.set_lit((0, 2))
    assert view.hovered_bar() >= 0
    view.set_lit((1,))
    assert view.hovered_bar() == -1


def test_without_values_there_is_nothing_to_point_at(view: UnitsHistogram) -> None:
    view.set_units(None, np.empty(0, dtype=np.float32))
    found = told(view)
    QTest.mouseMove(view, QPoint(200, 100))
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert found == []
