from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QPalette
from PySide6.QtTest import QTest

from rbm_studio.app.theme import light_palette
from rbm_studio.app.units_scatter import UnitsScatter

from .driving import LEFT

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

LENGTHS = np.array([0.0, 1.0, 2.0, 1.5])
MEANS = np.array([0.0, 1.0, 0.5, 0.2])


@pytest.fixture
def view(qtbot: QtBot) -> UnitsScatter:
    view = UnitsScatter()
    qtbot.addWidget(view)
    view.resize(400, 240)
    view.set_units(LENGTHS, MEANS)
    view.show()
    qtbot.waitExposed(view)
    return view


def dot(view: UnitsScatter, unit: int) -> QPoint:
    return view.dot_at(unit).toPoint()


def told(view: UnitsScatter) -> list[int]:
    found: list[int] = []
    view.hovered.connect(found.append)
    return found


def widths(view: UnitsScatter) -> list[int]:
    """Return how wide each unit's dot is, in px."""
    image, empty = view.grab().toImage(), view.palette().color(QPalette.ColorRole.Window)

    def is_dot(x: int, y: int) -> bool:
        colour = image.pixelColor(x, y)
        return colour != empty and colour.blue() > colour.red() + 60

    def width(middle: QPoint) -> int:
        # Of the widest row: where between two pixels the middle lies depends on the font.
        rows = range(-2, 3)
        return max(sum(is_dot(middle.x() + step, middle.y() + row) for step in range(-12, 13)) for row in rows)

    return [width(dot(view, unit)) for unit in range(view.count())]


def test_each_unit_has_a_dot_that_is_whole_at_the_edges_too(view: UnitsScatter) -> None:
    assert all(5 <= width <= 8 for width in widths(view))
    # To the right it is longer, and upwards more active.
    assert dot(view, 0).x() < dot(view, 1).x() < dot(view, 3).x() < dot(view, 2).x()
    assert dot(view, 1).y() < dot(view, 2).y() < dot(view, 3).y() < dot(view, 0).y()


def test_the_nearest_dot_within_eight_px_is_pointed_at(view: UnitsScatter) -> None:
    found = told(view)
    QTest.mouseMove(view, dot(view, 2) + QPoint(0, 6))
    QTest.mouseMove(view, dot(view, 2) + QPoint(0, 20))
    QTest.mouseMove(view, dot(view, 0) + QPoint(5, 0))
    assert found == [2, -1, 0]


def test_of_two_dots_the_nearer_is_meant(view: UnitsScatter) -> None:
    view.set_units(np.array([1.0, 1.02]), np.array([0.5, 0.5]))
    assert 1 < dot(view, 1).x() - dot(view, 0).x() < 8
    found = told(view)
    QTest.mouseMove(view, dot(view, 1) + QPoint(2, 0))
    QTest.mouseMove(view, dot(view, 0) - QPoint(2, 0))
    assert found == [1, 0]


def test_a_click_is_on_a_dot(qtbot: QtBot, view: UnitsScatter) -> None:
    with qtbot.waitSignal(view.clicked) as clicked:
        QTest.mouseClick(view, LEFT, pos=dot(view, 3))
    assert clicked.args == [3]
    with qtbot.assertNotEmitted(view.clicked):
        QTest.mouseClick(view, LEFT, pos=dot(view, 3) + QPoint(0, -20))


def test_the_keys_go_by_length_and_by_activity(qtbot: QtBot, view: UnitsScatter) -> None:
    found = told(view)
    keys = Qt.Key
    for key in (keys.Key_Right, keys.Key_Right, keys.Key_Right, keys.Key_Up, keys.Key_Down, keys.Key_End):
        QTest.keyClick(view, key)
    assert found == [0, 1, 3, 2, 3, 2]
    with qtbot.waitSignal(view.clicked) as clicked:
        QTest.keyClick(view, keys.Key_Space)
    assert clicked.args == [2]


def test_units_that_are_pointed_at_are_larger(view: UnitsScatter) -> None:
    view.set_selected((1,))
    view.set_lit((3, 99))
    small, one, other, three = widths(view)
    assert min(one, three) >= 10
    assert max(small, other) <= 8
    assert view.marked() == (1, 3)


def test_units_that_overflowed_have_no_dot(view: UnitsScatter) -> None:
    view.set_units(np.array([1.0, np.inf, np.nan]), np.array([0.5, 0.5, np.nan]))
    view.set_selected((0, 1, 2))
    view.grab()
    assert view.marked() == (0,)
    found = told(view)
    for _ in range(3):
        QTest.keyClick(view, Qt.Key.Key_Right)
    assert found == [0]


@pytest.mark.parametrize("count", [1, 12, 4096])
def test_any_number_of_units_is_shown(view: UnitsScatter, count: int) -> None:
    lengths = np.linspace(0, 3, count)
    view.set_units(lengths, np.linspace(0, 1, count))
    view.grab()
    found = told(view)
    QTest.mouseMove(view, QPoint(1, 1))
    QTest.mouseMove(view, dot(view, count - 1))
    assert found == [count - 1]
    view.set_units(np.zeros(1), np.zeros(1))
    assert view.hovered_unit() == (0 if count == 1 else -1)


def test_the_axis_rests_while_the_lengths_fit_it(view: UnitsScatter) -> None:
    def place_of_one() -> int:
        return dot(view, 0).x()

    view.set_units(np.array([1.0, 1.9]), np.zeros(2))
    before = place_of_one()
    view.set_units(np.array([1.0, 1.2]), np.zeros(2))
    assert place_of_one() == before
    view.set_units(np.array([1.0, 30.0]), np.zeros(2))
    assert place_of_one() < before


def test_it_is_printed_without_marks(qtbot: QtBot, view: UnitsScatter) -> None:
    view.set_selected((1,))
    printed = view.printed(light_palette(), QSize(400, 240))
    qtbot.addWidget(printed)
    assert printed.marked() == ()
    assert all(5 <= width <= 8 for width in widths(printed))
