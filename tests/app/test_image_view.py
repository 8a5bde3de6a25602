from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from rbm_studio.app.image_view import ImageView
from rbm_studio.app.images import grey_image

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def view(qtbot: QtBot) -> ImageView:
    view = ImageView()
    qtbot.addWidget(view)
    view.resize(202, 302)
    view.show()
    qtbot.waitExposed(view)
    return view


def ramp(height: int, width: int) -> QImage:
    return grey_image(np.linspace(0, 1, height * width).reshape(height, width))


def pixel_centre(view: ImageView, row: int, column: int) -> QPointF:
    image, rect = view.image(), view.image_rect()
    assert image is not None
    x = rect.left() + (column + 0.5) * rect.width() / image.width()
    return QPointF(x, rect.top() + (row + 0.5) * rect.height() / image.height())


def move_to(view: ImageView, row: int, column: int) -> None:
    QTest.mouseMove(view, pixel_centre(view, row, column).toPoint())


def test_the_image_is_centred_with_its_aspect_at_a_whole_scale(view: ImageView) -> None:
    view.set_image(ramp(28, 28))
    rect = view.image_rect()
    assert (rect.width(), rect.height()) == (196, 196)
    assert (rect.left(), rect.top()) == (3, 53)


def test_the_scale_is_not_whole_where_that_would_waste_the_room(view: ImageView) -> None:
    view.resize(57, 57)
    view.set_image(ramp(28, 28))
    assert view.image_rect().width() == 55


def test_a_wide_image_keeps_its_aspect(view: ImageView) -> None:
    view.set_image(ramp(10, 20))
    rect = view.image_rect()
    assert rect.width() == 2 * rect.height() == 200


def test_the_pixels_are_shown_as_sharp_squares(view: ImageView) -> None:
    source = grey_image(np.array([[0, 255], [255, 0]], dtype=np.uint8))
    view.set_image(source)
    shown = view.grab().toImage()
    rect = view.image_rect().toRect()
    seen = {shown.pixelColor(x, rect.top() + 3).name() for x in range(rect.left(), rect.right() + 1)}
    assert seen == {"#000000", "#ffffff"}
    for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
        assert shown.pixelColor(pixel_centre(view, row, column).toPoint()) == source.pixelColor(column, row)


def test_an_image_larger_than_the_view_is_shrunk_whole(view: ImageView) -> None:
    view.set_image(ramp(800, 400))
    rect = view.image_rect()
    assert view.rect().contains(rect.toRect())
    assert rect.height() == pytest.approx(300)
    assert view.pixel_at(rect.topLeft()) == (0, 0)


def test_pixel_at_knows_every_pixel_and_nothing_beside_them(view: ImageView) -> None:
    view.set_image(ramp(14, 28))
    for row in range(14):
        for column in range(28):
            assert view.pixel_at(pixel_centre(view, row, column)) == (row, column)
    assert view.pixel_at(view.image_rect().bottomRight()) == (13, 27)
    assert view.pixel_at(QPointF(0, 0)) is None


def test_without_an_image_there_are_no_pixels(view: ImageView) -> None:
    assert view.pixel_at(QPointF(100, 100)) is None
    assert view.image_rect().isEmpty()
    view.set_image(QImage())
    assert view.image() is None


def test_hovering_names_each_pixel_once(view: ImageView) -> None:
    view.set_image(ramp(4, 4))
    seen: list[tuple[int, int]] = []
    view.hovered.connect(lambda row, column: seen.append((row, column)))
    move_to(view, 1, 1)
    QTest.mouseMove(view, pixel_centre(view, 1, 1).toPoint() + QPoint(3, 3))
    move_to(view, 2, 1)
    assert seen == [(1, 1), (2, 1)]


def test_leaving_is_told_once(view: ImageView) -> None:
    view.set_image(ramp(4, 4))
    left: list[None] = []
    view.left.connect(lambda: left.append(None))
    QTest.mouseMove(view, QPoint(100, 2))
    assert left == []
    move_to(view, 1, 1)
    QTest.mouseMove(view, QPoint(100, 2))
    QTest.mouseMove(view, QPoint(102, 2))
    assert len(left) == 1


def test_an_image_that_goes_takes_the_hovered_pixel_with_it(qtbot: QtBot, view: ImageView) -> None:
    view.set_image(ramp(4, 4))
    move_to(view, 3, 3)
    view.set_image(ramp(8, 8))
    with qtbot.waitSignal(view.left):
        view.set_image(ramp(2, 2))


def test_a_click_names_the_pixel(qtbot: QtBot, view: ImageView) -> None:
    view.set_image(ramp(4, 4))
    with qtbot.waitSignal(view.clicked) as clicked:
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=pixel_centre(view, 3, 0).toPoint())
    assert clicked.args == [3, 0]
    with qtbot.assertNotEmitted(view.clicked):
        QTest.mouseClick(view, Qt.MouseButton.RightButton, pos=pixel_centre(view, 3, 0).toPoint())
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(100, 2))


def test_the_placeholder_stands_where_there_is_no_image(view: ImageView) -> None:
    empty = view.grab().toImage()
    view.set_placeholder("Draw something")
    with_text = view.grab().toImage()
    assert with_text != empty
    view.set_image(ramp(28, 28))
    assert view.grab().toImage() != with_text
    view.set_image(None)
    assert view.grab().toImage() == with_text
