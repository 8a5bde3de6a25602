from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from rbm_studio.app.images import grey_image
from rbm_studio.app.picture_row import CaptionedPicture, PictureRow

from .driving import LEFT

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def some(count: int) -> list[CaptionedPicture]:
    image = grey_image(np.full((28, 28), 0.5, dtype=np.float32))
    return [CaptionedPicture(image, f"0.{number}") for number in range(count)]


@pytest.fixture
def row(qtbot: QtBot) -> PictureRow:
    row = PictureRow(6, active=True)
    row.set_pictures(some(6))
    qtbot.addWidget(row)
    row.resize(600, 120)
    row.show()
    qtbot.waitExposed(row)
    return row


def place(row: PictureRow, index: int) -> QPoint:
    return row.picture_rect(index).center().toPoint()


@pytest.mark.parametrize(("size", "columns"), [((600, 120), 6), ((300, 200), 3), ((150, 500), 2), ((100, 900), 1)])
def test_there_are_as_many_columns_as_make_the_pictures_largest(
    row: PictureRow, size: tuple[int, int], columns: int
) -> None:
    row.resize(*size)
    rects = [row.picture_rect(index) for index in range(6)]
    assert len({rect.left() for rect in rects}) == columns
    for rect in rects:
        assert row.rect().contains(rect.toAlignedRect())
        assert rect.width() == rect.height()


@pytest.mark.parametrize(("size", "columns"), [((600, 120), 6), ((400, 200), 3), ((100, 900), 3)])
def test_down_given_columns(qtbot: QtBot, size: tuple[int, int], columns: int) -> None:
    row = PictureRow(6, columns=(6, 3))
    row.set_pictures(some(6))
    qtbot.addWidget(row)
    row.resize(*size)
    first, second = row.picture_rect(0), row.picture_rect(1)
    assert (first.left() == second.left()) == (columns == 3)
    assert len({row.picture_rect(index).left() for index in range(6)}) == columns


def test_a_click_tells_which_picture(qtbot: QtBot, row: PictureRow) -> None:
    with qtbot.waitSignal(row.clicked) as clicked:
        QTest.mouseClick(row, LEFT, pos=place(row, 4))
    assert clicked.args == [4]


def test_a_click_that_ends_elsewhere_is_none(qtbot: QtBot, row: PictureRow) -> None:
    with qtbot.assertNotEmitted(row.clicked):
        QTest.mousePress(row, LEFT, pos=place(row, 4))
        QTest.mouseRelease(row, LEFT, pos=place(row, 3))
        QTest.mouseClick(row, LEFT, pos=QPoint(0, 119))
        QTest.mouseClick(row, Qt.MouseButton.RightButton, pos=place(row, 4))


def test_pictures_to_look_at_are_not_clicked(qtbot: QtBot) -> None:
    row = PictureRow(6)
    row.set_pictures(some(6))
    qtbot.addWidget(row)
    row.resize(600, 120)
    with qtbot.assertNotEmitted(row.clicked):
        QTest.mouseClick(row, LEFT, pos=place(row, 4))
    assert row.focusPolicy() is Qt.FocusPolicy.NoFocus


def test_the_pointer_tells_where_it_is(row: PictureRow) -> None:
    seen: list[int] = []
    row.hovered.connect(seen.append)
    QTest.mouseMove(row, place(row, 2))
    QTest.mouseMove(row, place(row, 3))
    row.set_pictures(some(2))
    assert seen == [2, 3, -1]


def test_the_keyboard_goes_along_and_chooses(qtbot: QtBot, row: PictureRow) -> None:
    seen: list[int] = []
    row.hovered.connect(seen.append)
    row.clearFocus()
    row.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(row, Qt.Key.Key_Right)
    QTest.keyClick(row, Qt.Key.Key_Right)
    QTest.keyClick(row, Qt.Key.Key_Left)
    with qtbot.waitSignal(row.clicked) as clicked:
        QTest.keyClick(row, Qt.Key.Key_Return)
    assert clicked.args == [1]
    row.clearFocus()
    assert seen == [0, 1, 2, 1, -1]


def test_a_marked_picture_has_an_outline(row: PictureRow) -> None:
    before = row.grab().toImage()
    row.set_marked(3)
    after = row.grab().toImage()
    for index in range(6):
        edge = row.picture_rect(index).topLeft().toPoint() + QPoint(-1, 20)
        assert (before.pixelColor(edge) != after.pixelColor(edge)) == (index == 3)


def test_without_pictures_there_is_a_word(row: PictureRow) -> None:
    assert row.accessibleDescription() == "0.0, 0.1, 0.2, 0.3, 0.4, 0.5"
    row.set_pictures([], "Measuring…")
    row.grab()
    assert row.accessibleDescription() == "Measuring…"
    assert row.item_at(QPointF(300, 50)) == -1
