from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPalette
from PySide6.QtTest import QTest

from rbm_studio.app.theme import plot_colours
from rbm_studio.app.units_view import UnitsView

from .driving import LEFT

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

UNITS, CASES = 8, 5


@pytest.fixture
def view(qtbot: QtBot) -> UnitsView:
    view = UnitsView()
    qtbot.addWidget(view)
    view.resize(400, 240)
    view.show()
    qtbot.waitExposed(view)
    return view


def show(view: UnitsView, means: list[float], target: float | None = None) -> None:
    activations = np.tile(np.array(means, dtype=np.float32), (CASES, 1))
    view.set_units(activations, np.array(means), target)


def ramp(view: UnitsView) -> None:
    show(view, [unit / (UNITS - 1) for unit in range(UNITS)])


def place(view: UnitsView, unit: int) -> QPoint:
    return view.column_rect(unit).center().toPoint()


def painted(view: UnitsView) -> QImage:
    return view.grab().toImage()


def bar_height(view: UnitsView, unit: int) -> int:
    """Return how many px of a unit's column have the bars' colour."""
    image, colour = painted(view), plot_colours(view.palette()).training
    x = place(view, unit).x()
    return sum(image.pixelColor(x, y) == colour for y in range(view.height()))


def test_columns_are_units_and_rows_are_cases(view: UnitsView) -> None:
    activations = np.zeros((CASES, UNITS), dtype=np.float32)
    activations[:, 2] = 1  # a stuck unit
    activations[3, 6] = 1  # one unit for one image
    view.set_units(activations, activations.mean(axis=0))
    image = painted(view)
    white, black = QColor("white"), QColor("black")
    assert image.pixelColor(place(view, 2)) == white
    assert image.pixelColor(place(view, 5)) == black
    row = view.column_rect(6)
    for case in range(CASES):
        at = QPointF(row.center().x(), row.top() + row.height() * (case + 0.5) / CASES).toPoint()
        assert image.pixelColor(at) == (white if case == 3 else black)


def test_bars_are_as_high_as_the_mean_activities(view: UnitsView) -> None:
    show(view, [0.0, 0.5, 1.0, 0.25, 1.0, 1.0, 1.0, 1.0])
    whole = bar_height(view, 2)
    assert whole > 40
    assert [bar_height(view, unit) / whole for unit in (0, 1, 3)] == pytest.approx([0, 0.5, 0.25], abs=0.03)


def test_sparse_units_are_looked_at_closely_and_the_axis_then_rests(view: UnitsView) -> None:
    show(view, [0.02] * UNITS)
    low = bar_height(view, 0)
    show(view, [0.016] * UNITS)
    assert bar_height(view, 0) / low == pytest.approx(0.8, abs=0.05)  # of the same axis, which ends at 2 %
    show(view, [0.4] * UNITS)
    show(view, [0.2] * UNITS)
    assert bar_height(view, 0) / low == pytest.approx(0.4, abs=0.05)  # of one that ends at 50 %


def test_a_target_is_marked(view: UnitsView) -> None:
    show(view, [0.0] * UNITS, target=0.5)
    image, colour = painted(view), plot_colours(view.palette()).held_out
    x = place(view, 0).x()
    assert 1 <= sum(image.pixelColor(x, y) == colour for y in range(view.height())) <= 3


def test_a_finding_s_units_are_marked(view: UnitsView) -> None:
    ramp(view)
    before = painted(view)
    view.set_selected((3, 4))
    after = painted(view)
    accent = view.palette().color(QPalette.ColorRole.Accent)
    edge = view.column_rect(3).topLeft().toPoint() + QPoint(0, 20)
    assert before.pixelColor(edge) != accent
    assert after.pixelColor(edge) == accent
    # Neighbours share one frame.
    between = view.column_rect(4).topLeft().toPoint() + QPoint(0, 20)
    assert after.pixelColor(between) == before.pixelColor(between)
    view.set_selected(())
    assert painted(view) == before


def test_the_pointer_reads_units_and_clicks_them(qtbot: QtBot, view: UnitsView) -> None:
    ramp(view)
    hovered: list[int] = []
    clicked: list[int] = []
    view.hovered.connect(hovered.append)
    view.clicked.connect(clicked.append)
    QTest.mouseMove(view, place(view, 5))
    QTest.mouseMove(view, place(view, 5) + QPoint(1, 1))
    QTest.mouseMove(view, QPoint(1, 1))
    assert hovered == [5, -1]
    QTest.mouseClick(view, LEFT, pos=place(view, 7))
    QTest.mouseClick(view, LEFT, pos=QPoint(1, 1))
    QTest.mouseClick(view, Qt.MouseButton.RightButton, pos=place(view, 2))
    assert clicked == [7]
    QTest.mousePress(view, LEFT, pos=place(view, 1))
    QTest.mouseRelease(view, LEFT, pos=place(view, 2))
    assert clicked == [7]
    assert qtbot is not None


def test_the_keyboard_goes_from_unit_to_unit(view: UnitsView) -> None:
    ramp(view)
    clicked: list[int] = []
    view.clicked.connect(clicked.append)
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Return)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Return, Qt.Key.Key_End, Qt.Key.Key_Right):
        QTest.keyClick(view, key)
    QTest.keyClick(view, Qt.Key.Key_Space)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Enter, Qt.Key.Key_Home, Qt.Key.Key_Left, Qt.Key.Key_Return):
        QTest.keyClick(view, key)
    assert clicked == [1, 7, 6, 0]


def test_a_unit_that_is_pointed_at_elsewhere_is_marked_without_telling(qtbot: QtBot, view: UnitsView) -> None:
    ramp(view)
    before = painted(view)
    with qtbot.assertNotEmitted(view.hovered):
        view.set_hovered(3)
    assert view.hovered_unit() == 3
    assert painted(view) != before
    view.set_hovered(-1)
    assert painted(view) == before
    view.set_hovered(UNITS)
    assert view.hovered_unit() == -1
    view.set_placeholder("None.")
    view.set_hovered(2)
    assert view.hovered_unit() == -1


def test_fewer_units_leave_nothing_to_point_at(view: UnitsView) -> None:
    ramp(view)
    QTest.mouseMove(view, place(view, 7))
    assert view.hovered_unit() == 7
    show(view, [0.5, 0.5])
    assert view.hovered_unit() == -1


def test_without_units_there_is_a_word(view: UnitsView) -> None:
    empty = painted(view)
    view.set_placeholder("Open images.")
    assert painted(view) != empty
    assert view.image() is None
    assert view.item_at(QPointF(200, 100)) == -1
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.hovered_unit() == -1


def test_more_units_than_pixels_and_figures_that_are_not_numbers(view: UnitsView) -> None:
    means = np.linspace(0, 1, 4096)
    means[7] = np.nan
    view.set_units(np.tile(means.astype(np.float32), (CASES, 1)), means)
    assert not painted(view).isNull()
    assert view.item_at(view.column_rect(4095).center()) == 4095
