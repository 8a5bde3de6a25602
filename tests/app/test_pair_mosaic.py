from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from rbm_studio.app.images import diverging_colours
from rbm_studio.app.pair_mosaic import PairMosaic

from .driving import LEFT

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot


@pytest.fixture
def mosaic(qtbot: QtBot) -> PairMosaic:
    mosaic = PairMosaic()
    qtbot.addWidget(mosaic)
    mosaic.resize(240, 240)
    mosaic.show()
    qtbot.waitExposed(mosaic)
    return mosaic


def tiles(*values: float, side: int = 8) -> NDArray[np.float32]:
    return np.repeat(np.array(values, dtype=np.float32), side * side).reshape(-1, side, side)


def place(mosaic: PairMosaic, pair: int) -> QPoint:
    return mosaic.tile_rect(pair).center().toPoint()


def colour(value: float) -> QColor:
    return QColor(*(int(channel) for channel in diverging_colours()[int(128.5 + 127 * value)]))


@pytest.mark.parametrize("side", [8, 40])
def test_the_colours_are_those_of_the_scale_that_is_given(mosaic: PairMosaic, side: int) -> None:
    # The large tiles are resampled, among them one without a filter.
    mosaic.set_tiles(tiles(1, -1, np.nan, 0.5, side=side), 2.0)
    shown = mosaic.grab().toImage()
    for pair, value in ((0, 0.5), (1, -0.5), (3, 0.25)):
        assert shown.pixelColor(place(mosaic, pair)) == colour(value)
    empty = mosaic.tile_rect(2)
    window = mosaic.palette().color(QPalette.ColorRole.Window)
    assert shown.pixelColor(empty.topLeft().toPoint() + QPoint(8, 8)) == window


def test_each_pair_has_its_similarity_written_into_it_or_as_a_bar(mosaic: PairMosaic) -> None:
    values = np.array([0.5, np.nan, 1.0, -0.2])
    mosaic.set_tiles(tiles(0, 0, 0, 0), 1.0)
    plain = mosaic.grab().toImage()
    mosaic.set_tiles(tiles(0, 0, 0, 0), 1.0, values)
    written = mosaic.grab().toImage()
    changed = [plain.copy(r) != written.copy(r) for r in (mosaic.tile_rect(k).toRect() for k in range(4))]
    assert changed == [True, False, True, True]

    mosaic.resize(60, 60)
    mosaic.set_tiles(tiles(0, 0, 0, 0), 1.0, values)
    bars = mosaic.grab().toImage()
    accent = mosaic.palette().color(QPalette.ColorRole.Accent)
    for pair, length in ((0, 0.5), (2, 1.0), (3, 0.0)):
        rect = mosaic.tile_rect(pair)
        y = int(rect.bottom()) - 2
        row = [bars.pixelColor(x, y) == accent for x in range(int(rect.left()), int(rect.right()))]
        assert sum(row) == pytest.approx(length * rect.width(), abs=1.5)


def test_the_pointer_tells_which_pair_it_is_on(qtbot: QtBot, mosaic: PairMosaic) -> None:
    told: list[int] = []
    mosaic.hovered.connect(told.append)
    mosaic.set_tiles(tiles(0, 0, 0, 0), 1.0)
    QTest.mouseMove(mosaic, place(mosaic, 1))
    QTest.mouseMove(mosaic, place(mosaic, 1) + QPoint(1, 1))
    QTest.mouseMove(mosaic, place(mosaic, 2))
    qtbot.waitUntil(lambda: told == [1, 2])
    QApplication.sendEvent(mosaic, QEvent(QEvent.Type.Leave))
    assert told == [1, 2, -1]


def test_a_click_begins_and_ends_on_one_pair(mosaic: PairMosaic) -> None:
    told: list[int] = []
    mosaic.clicked.connect(told.append)
    mosaic.set_tiles(tiles(0, 0, 0, 0), 1.0)
    QTest.mouseClick(mosaic, LEFT, pos=place(mosaic, 3))
    QTest.mouseClick(mosaic, Qt.MouseButton.RightButton, pos=place(mosaic, 3))
    QTest.mousePress(mosaic, LEFT, pos=place(mosaic, 0))
    QTest.mouseRelease(mosaic, LEFT, pos=place(mosaic, 1))
    assert told == [3]


def test_the_keys_go_from_pair_to_pair(mosaic: PairMosaic) -> None:
    told: list[int] = []
    clicks: list[int] = []
    mosaic.hovered.connect(told.append)
    # Who hears of it lights the pair.
    mosaic.hovered.connect(mosaic.light)
    mosaic.clicked.connect(clicks.append)
    mosaic.set_tiles(tiles(*range(9)), 9.0)
    keys = Qt.Key
    QTest.keyClick(mosaic, keys.Key_Return)
    for key in (keys.Key_Right, keys.Key_Right, keys.Key_Down, keys.Key_Left, keys.Key_End, keys.Key_Down, keys.Key_Up):
        QTest.keyClick(mosaic, key)
    assert told == [0, 1, 4, 3, 8, 8, 5]
    QTest.keyClick(mosaic, keys.Key_Return)
    QTest.keyClick(mosaic, keys.Key_Home)
    QTest.keyClick(mosaic, keys.Key_Left)
    QTest.keyClick(mosaic, keys.Key_Space)
    assert told[-1] == 0
    assert clicks == [5, 0]


def test_without_tiles_there_is_nothing_to_point_at(mosaic: PairMosaic) -> None:
    told: list[int] = []
    mosaic.hovered.connect(told.append)
    mosaic.clicked.connect(told.append)
    QTest.mouseMove(mosaic, QPoint(50, 50))
    QTest.mouseClick(mosaic, LEFT, pos=QPoint(50, 50))
    QTest.keyClick(mosaic, Qt.Key.Key_Right)
    assert told == []
    assert mosaic.tile_rect(0).isEmpty()


def test_what_is_lit_or_marked_is_outlined(mosaic: PairMosaic) -> None:
    mosaic.set_tiles(tiles(0, 0, 0, 0), 1.0)
    plain = mosaic.grab().toImage()
    mosaic.light(1)
    mosaic.mark((2,))
    outlined = mosaic.grab().toImage()
    around = [mosaic.tile_rect(k).adjusted(-3, -3, 3, 3).toRect() for k in range(4)]
    assert plain.copy(around[1]) != outlined.copy(around[1])
    assert plain.copy(around[2]) != outlined.copy(around[2])
    assert (mosaic.lit(), mosaic.marked()) == (1, (2,))
