from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from rbm_studio.app.chain_grid import ChainGrid
from rbm_studio.app.images import grey_values

from .driving import LEFT

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot


def grid_of(qtbot: QtBot, pictures: NDArray[np.uint8], width: int = 320, height: int = 200) -> ChainGrid:
    grid = ChainGrid()
    qtbot.addWidget(grid)
    grid.resize(width, height)
    grid.set_pictures(pictures)
    grid.show()
    qtbot.waitExposed(grid)
    return grid


def inside(grid: ChainGrid, index: int) -> NDArray[np.float32]:
    """Return what is painted in the middle of a picture."""
    rect = grid.picture_rect(index).toAlignedRect().adjusted(3, 3, -3, -3)
    return grey_values(grid.grab(rect).toImage())


@pytest.mark.parametrize("count", [1, 2, 16, 100])
def test_each_picture_is_painted_in_its_place(qtbot: QtBot, count: int) -> None:
    levels = np.linspace(0, 255, count).astype(np.uint8)
    grid = grid_of(qtbot, np.repeat(levels, 28 * 28).reshape(count, 28, 28))
    for index in range(count):
        np.testing.assert_allclose(inside(grid, index), levels[index] / 255, atol=1.5 / 255)
        assert grid.item_at(grid.picture_rect(index).center()) == index
        assert grid.rect().contains(grid.picture_rect(index).toAlignedRect())


def test_pixels_are_sharp_where_they_are_large(qtbot: QtBot) -> None:
    checks = (np.indices((4, 4)).sum(axis=0) % 2 * 255).astype(np.uint8)
    grid = grid_of(qtbot, checks[None], 300, 300)
    shown = grey_values(grid.grab(grid.picture_rect(0).toAlignedRect()).toImage())
    assert set(np.unique(shown[4:-4, 4:-4])) == {0.0, 1.0}


def test_a_click_chooses_and_so_do_the_keys(qtbot: QtBot) -> None:
    grid = grid_of(qtbot, np.zeros((10, 4, 4), dtype=np.uint8))
    chosen: list[int] = []
    grid.chosen.connect(chosen.append)
    QTest.mouseClick(grid, LEFT, pos=grid.picture_rect(7).center().toPoint())
    keys = [Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Right, Qt.Key.Key_Up]
    for key in keys:
        QTest.keyClick(grid, key)
    columns = sum(grid.picture_rect(index).top() == grid.picture_rect(0).top() for index in range(10))
    assert chosen == [7, 6, 7, 0, 9, 9 - columns]
    assert grid.selected() == 9 - columns
    assert grid.accessibleDescription() == f"Chain {10 - columns} of 10 is chosen"


def test_what_is_beside_the_pictures_chooses_nothing(qtbot: QtBot) -> None:
    grid = grid_of(qtbot, np.zeros((3, 4, 4), dtype=np.uint8))
    with qtbot.assertNotEmitted(grid.chosen):
        QTest.mouseClick(grid, LEFT, pos=QPointF(1, 1).toPoint())
        QTest.mouseClick(grid, Qt.MouseButton.RightButton, pos=grid.picture_rect(1).center().toPoint())
        QTest.mousePress(grid, LEFT, pos=grid.picture_rect(1).center().toPoint())
        QTest.mouseRelease(grid, LEFT, pos=grid.picture_rect(2).center().toPoint())
    assert grid.selected() == 0
    assert grid.picture_rect(3).isEmpty()


def test_where_there_are_fewer_the_last_is_chosen(qtbot: QtBot) -> None:
    grid = grid_of(qtbot, np.zeros((10, 4, 4), dtype=np.uint8))
    QTest.keyClick(grid, Qt.Key.Key_End)
    grid.set_pictures(np.zeros((2, 4, 4), dtype=np.uint8))
    assert grid.selected() == 1


def test_without_pictures_there_is_a_word(qtbot: QtBot) -> None:
    grid = grid_of(qtbot, np.zeros((10, 4, 4), dtype=np.uint8))
    grid.set_placeholder("None yet")
    assert grid.placeholder() == "None yet"
    assert grid.pictures() is None
    assert grid.item_at(QPointF(100, 100)) == -1
    QTest.keyClick(grid, Qt.Key.Key_Right)
    assert not grid.grab().isNull()
