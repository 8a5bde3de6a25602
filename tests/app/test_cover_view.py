from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPointingDevice
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from rbm_studio.app.cover_view import CoverView
from rbm_studio.app.images import grey_image

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot

LEFT, SHIFT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier
PLAIN = Qt.KeyboardModifier.NoModifier
Pixel = tuple[int, int]


@pytest.fixture
def view(qtbot: QtBot) -> CoverView:
    view = CoverView()
    qtbot.addWidget(view)
    view.resize(200, 160)
    view.set_image(grey_image(np.full((8, 8), 0.5, dtype=np.float32)))
    view.set_covered(np.zeros((8, 8), dtype=np.bool_))
    view.set_brush(True)
    view.show()
    qtbot.waitExposed(view)
    return view


def at(view: CoverView, pixel: Pixel) -> QPoint:
    rect = view.image_rect()
    x = rect.left() + (pixel[1] + 0.5) * rect.width() / 8
    return QPointF(x, rect.top() + (pixel[0] + 0.5) * rect.height() / 8).toPoint()


def drag(view: CoverView, *pixels: Pixel, modifiers: Qt.KeyboardModifier = PLAIN) -> None:
    QTest.mousePress(view, LEFT, modifiers, at(view, pixels[0]))
    for pixel in pixels[1:]:
        QTest.mouseMove(view, at(view, pixel))
    QTest.mouseRelease(view, LEFT, modifiers, at(view, pixels[-1]))


def covered(view: CoverView) -> list[list[int]]:
    found: list[list[int]] = np.argwhere(view.covered).tolist()
    return found


def square(first: int, last: int) -> NDArray[np.bool_]:
    mask = np.zeros((8, 8), dtype=np.bool_)
    mask[first:last, first:last] = True
    return mask


def test_dragging_covers_pixels_and_tells_of_it(view: CoverView) -> None:
    told: list[NDArray[np.bool_]] = []
    view.brushed.connect(told.append)
    drag(view, (2, 1), (2, 4))
    assert covered(view) == [[2, 1], [2, 2], [2, 3], [2, 4]]
    assert [int(mask.sum()) for mask in told] == [1, 4]


def test_from_a_covered_pixel_on_it_uncovers(view: CoverView) -> None:
    drag(view, (2, 1), (2, 4))
    drag(view, (2, 3), (2, 7))
    assert covered(view) == [[2, 1], [2, 2]]


def test_shift_uncovers(view: CoverView) -> None:
    drag(view, (2, 1), (2, 4))
    drag(view, (1, 2), (4, 2), modifiers=SHIFT)
    assert covered(view) == [[2, 1], [2, 3], [2, 4]]


def test_a_drag_that_leaves_the_picture_goes_on_along_its_edge(view: CoverView) -> None:
    QTest.mousePress(view, LEFT, PLAIN, at(view, (6, 6)))
    QTest.mouseMove(view, QPoint(view.width() - 1, at(view, (6, 6)).y()))
    QTest.mouseRelease(view, LEFT, PLAIN, QPoint(view.width() - 1, 5))
    assert covered(view) == [[6, 6], [6, 7]]


def test_a_drag_that_begins_beside_the_picture_covers_nothing(view: CoverView) -> None:
    QTest.mousePress(view, LEFT, PLAIN, QPoint(2, 80))
    QTest.mouseMove(view, at(view, (4, 4)))
    QTest.mouseRelease(view, LEFT, PLAIN, at(view, (4, 4)))
    assert covered(view) == []


def test_moving_without_a_button_covers_nothing(view: CoverView) -> None:
    drag(view, (2, 1))
    QTest.mouseMove(view, at(view, (5, 5)))
    assert covered(view) == [[2, 1]]


def test_without_the_brush_a_click_is_a_click(qtbot: QtBot, view: CoverView) -> None:
    with qtbot.assertNotEmitted(view.clicked):
        drag(view, (1, 1))
    view.set_brush(False)
    with qtbot.waitSignal(view.clicked) as clicked, qtbot.assertNotEmitted(view.brushed):
        drag(view, (3, 4))
    assert clicked.args == [3, 4]


def test_a_finger_covers_and_the_mouse_events_made_up_of_it_do_not_uncover(
    view: CoverView, touch_screen: QPointingDevice
) -> None:
    QTest.touchEvent(view, touch_screen).press(0, at(view, (3, 1)), view).commit()
    QTest.touchEvent(view, touch_screen).move(0, at(view, (3, 3)), view).commit()
    QTest.touchEvent(view, touch_screen).release(0, at(view, (3, 4)), view).commit()
    line = [[3, 1], [3, 2], [3, 3], [3, 4]]
    assert covered(view) == line
    for kind, held in ((QEvent.Type.MouseButtonPress, LEFT), (QEvent.Type.MouseButtonRelease, Qt.MouseButton.NoButton)):
        place = QPointF(at(view, (3, 2)))
        made_up = Qt.MouseEventSource.MouseEventSynthesizedBySystem
        everywhere = QPointF(view.mapToGlobal(place))
        QApplication.sendEvent(view, QMouseEvent(kind, place, place, everywhere, LEFT, held, PLAIN, made_up))
    assert covered(view) == line


def shown(view: CoverView) -> QImage:
    return view.grab().toImage()


def test_covered_pixels_are_hatched_and_the_others_are_as_they_were(view: CoverView) -> None:
    bare = shown(view)
    view.set_covered(square(2, 4))
    hatched = shown(view)
    here, beside = at(view, (2, 2)), at(view, (5, 5))
    assert hatched.pixelColor(beside) == bare.pixelColor(beside)
    assert hatched.pixelColor(here).saturation() > 100
    rect = view.image_rect()
    inside = {hatched.pixelColor(x, here.y()).name() for x in range(here.x() - 6, here.x() + round(rect.width() / 8))}
    assert len(inside) > 1, "the colour alone would not tell it to everybody"
    view.set_hides(False)
    through = shown(view)
    assert through.pixelColor(here) != hatched.pixelColor(here)
    assert through.pixelColor(beside) == bare.pixelColor(beside)


def test_a_cover_of_another_size_is_not_drawn(view: CoverView) -> None:
    bare = shown(view)
    view.set_covered(np.ones((4, 4), dtype=np.bool_))
    assert shown(view) == bare


def test_a_selected_pixel_is_outlined(view: CoverView) -> None:
    bare = shown(view)
    view.set_outlined(9)
    assert shown(view) != bare
    view.set_outlined(-1)
    assert shown(view) == bare


def test_a_mark_frames_the_picture(view: CoverView) -> None:
    bare = shown(view)
    view.set_marked(True)
    assert view.is_marked
    assert shown(view) != bare
    assert shown(view).pixelColor(at(view, (4, 4))) == bare.pixelColor(at(view, (4, 4)))
