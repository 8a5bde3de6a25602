from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from rbm_studio.app.images import diverging_image
from rbm_studio.app.weights_picture import WeightsPicture

from .driving import LEFT

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def view(qtbot: QtBot) -> WeightsPicture:
    view = WeightsPicture()
    qtbot.addWidget(view)
    view.resize(300, 200)
    view.show()
    qtbot.waitExposed(view)
    return view


def place(view: WeightsPicture, row: int, column: int) -> QPoint:
    return view.picture.pixel_rect((row, column)).center().toPoint()


def test_numbers_have_the_colours_that_the_key_names(view: WeightsPicture) -> None:
    values = np.array([-2, 0, 1, 2, 0.5, -1], dtype=np.float32)
    view.set_values(values, 3)
    assert view.limit() == pytest.approx(2.2)
    assert view.bar.accessibleDescription() == "\N{MINUS SIGN}2.2 … +2.2"
    assert view.picture.image() == diverging_image(values.reshape(2, 3), view.limit())


def test_a_square_has_room_for_more_than_there_is(qtbot: QtBot, view: WeightsPicture) -> None:
    view.set_values(np.arange(7, dtype=np.float32))
    image = view.picture.image()
    assert image is not None
    assert (image.height(), image.width()) == (3, 3)
    assert image.pixelColor(2, 2).alpha() == 0
    with qtbot.waitSignal(view.chosen) as chosen:
        QTest.mouseClick(view.picture, LEFT, pos=place(view, 2, 0))
    assert chosen.args == [6]
    with qtbot.assertNotEmitted(view.chosen):
        QTest.mouseClick(view.picture, LEFT, pos=place(view, 2, 1))
    assert (view.value(6), view.value(7), view.value(-1)) == (6, None, None)


def test_the_pointer_tells_where_it_is(view: WeightsPicture) -> None:
    view.set_values(np.arange(7, dtype=np.float32))
    seen: list[int] = []
    view.pointed_at.connect(seen.append)
    QTest.mouseMove(view.picture, place(view, 1, 1))
    QTest.mouseMove(view.picture, QPoint(1, 1))
    assert seen == [4, -1]


def test_the_keyboard_goes_along_and_chooses(qtbot: QtBot, view: WeightsPicture) -> None:
    view.set_values(np.arange(9, dtype=np.float32))
    view.set_marked(1)
    assert view.picture.marked() == (0, 1)
    seen: list[int] = []
    view.pointed_at.connect(seen.append)
    view.picture.setFocus()
    keys = Qt.Key
    # The first key goes to what is marked; at the edge it stays.
    for key in (keys.Key_Down, keys.Key_Down, keys.Key_Right, keys.Key_Right, keys.Key_Up, keys.Key_Left):
        QTest.keyClick(view.picture, key)
    with qtbot.waitSignal(view.chosen) as chosen:
        QTest.keyClick(view.picture, keys.Key_Return)
    assert chosen.args == [1]
    view.picture.clearFocus()
    assert seen == [1, 4, 5, 2, 1, -1]


def test_the_limit_rests_while_the_numbers_move_little(view: WeightsPicture) -> None:
    limits = []
    for reach in (1.0, 1.05, 0.7, 1.09, 1.2, 0.1):
        view.set_values(np.full(4, reach, dtype=np.float32), whose=3)
        limits.append(round(view.limit(), 3))
    assert limits == [1.1, 1.1, 1.1, 1.1, 1.4, 0.12]
    # What belongs to another has a limit of its own.
    view.set_values(np.full(4, 0.09, dtype=np.float32), whose=4)
    assert view.limit() == pytest.approx(0.1)


def test_a_limit_can_be_given(qtbot: QtBot) -> None:
    view = WeightsPicture(limit=1.0)
    qtbot.addWidget(view)
    view.set_values(np.full(4, 0.3, dtype=np.float32))
    assert view.limit() == 1
