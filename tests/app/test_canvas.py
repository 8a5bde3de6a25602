from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QAction, QImage, QPointingDevice, QTouchEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from rbm_studio.app.canvas import DrawingCanvas
from rbm_studio.data.handwriting import Stroke

from .by_hand import (
    CTRL,
    LEFT,
    NO_BUTTON,
    RIGHT,
    SHIFT,
    at,
    drag,
    echo,
    is_bare,
    is_ink,
    move,
    pen,
    picture,
    points,
    send_mouse,
    stroke,
    touch_stroke,
)

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def touch_pad(qapp: QApplication) -> QPointingDevice:
    assert qapp is not None
    moves_the_mouse = QPointingDevice.Capability.Position | QPointingDevice.Capability.MouseEmulation
    return QTest.createTouchDevice(QPointingDevice.DeviceType.TouchPad, moves_the_mouse)


def test_a_drag_becomes_a_stroke_in_units_of_the_paper(canvas: DrawingCanvas) -> None:
    drag(canvas, (0.2, 0.2), (0.5, 0.4), (0.8, 0.9))
    [drawn] = canvas.strokes()
    assert drawn.points.dtype == np.float32
    assert drawn.points == pytest.approx(np.array([(0.2, 0.2), (0.5, 0.4), (0.8, 0.9)]), abs=0.003)


def test_each_drag_is_a_stroke(canvas: DrawingCanvas) -> None:
    drag(canvas, (0.2, 0.2), (0.8, 0.2))
    drag(canvas, (0.2, 0.8), (0.8, 0.8))
    assert points(canvas) == [[[0.2, 0.2], [0.8, 0.2]], [[0.2, 0.8], [0.8, 0.8]]]


def test_each_move_is_told_while_the_stroke_grows(canvas: DrawingCanvas) -> None:
    seen: list[int] = []
    canvas.strokes_changed.connect(lambda: seen.append(len(canvas.strokes()[0].points)))
    drag(canvas, (0.2, 0.2), (0.5, 0.2), (0.5, 0.2), (0.8, 0.2))
    assert seen == [1, 2, 3]


def test_the_stroke_in_progress_is_seen(canvas: DrawingCanvas) -> None:
    QTest.mousePress(canvas, LEFT, pos=at(canvas, (0.1, 0.5)))
    move(canvas, at(canvas, (0.9, 0.5)))
    assert is_ink(canvas, (0.5, 0.5))


def test_a_click_is_a_dot(canvas: DrawingCanvas) -> None:
    QTest.mouseClick(canvas, LEFT, pos=at(canvas, (0.5, 0.5)))
    assert points(canvas) == [[[0.5, 0.5]]]
    assert is_ink(canvas, (0.5, 0.5))


def test_quick_dots_are_not_lost_as_double_clicks(canvas: DrawingCanvas) -> None:
    QTest.mouseClick(canvas, LEFT, pos=at(canvas, (0.5, 0.5)))
    QTest.mouseDClick(canvas, LEFT, pos=at(canvas, (0.6, 0.5)))
    assert points(canvas) == [[[0.5, 0.5]], [[0.6, 0.5]]]


def test_resizing_keeps_the_drawing(canvas: DrawingCanvas) -> None:
    drag(canvas, (0.2, 0.5), (0.8, 0.5))
    before = points(canvas)
    canvas.resize(200, 600)
    assert points(canvas) == before
    assert is_ink(canvas, (0.2, 0.5), (0.5, 0.5), (0.8, 0.5))


def test_a_pointer_beyond_the_edge_draws_along_it(canvas: DrawingCanvas) -> None:
    QTest.mousePress(canvas, LEFT, pos=at(canvas, (0.5, 0.5)))
    move(canvas, at(canvas, (3.0, 0.5)))
    move(canvas, at(canvas, (3.0, -2.0)))
    move(canvas, at(canvas, (0.5, 0.2)))
    QTest.mouseRelease(canvas, LEFT, pos=at(canvas, (0.5, 0.2)))
    assert points(canvas) == [[[0.5, 0.5], [1.0, 0.5], [1.0, 0.0], [0.5, 0.2]]]


def test_beside_the_paper_nothing_begins(canvas: DrawingCanvas) -> None:
    QTest.mousePress(canvas, LEFT, pos=QPoint(10, 150))
    move(canvas, at(canvas, (0.5, 0.5)))
    QTest.mouseRelease(canvas, LEFT, pos=at(canvas, (0.5, 0.5)))
    assert canvas.strokes() == []
    assert not canvas.can_undo


def test_hovering_draws_nothing(canvas: DrawingCanvas) -> None:
    move(canvas, at(canvas, (0.3, 0.3)), NO_BUTTON)
    assert canvas.strokes() == []


def test_other_buttons_neither_draw_nor_disturb(canvas: DrawingCanvas) -> None:
    drag_with_right = (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease)
    for kind in drag_with_right:
        send_mouse(canvas, kind, at(canvas, (0.5, 0.5)), RIGHT, RIGHT)
    assert canvas.strokes() == []
    QTest.mousePress(canvas, LEFT, pos=at(canvas, (0.2, 0.2)))
    for kind in drag_with_right:
        send_mouse(canvas, kind, at(canvas, (0.3, 0.2)), RIGHT, LEFT)
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    move(canvas, at(canvas, (0.8, 0.2)))
    QTest.mouseRelease(canvas, LEFT, pos=at(canvas, (0.8, 0.2)))
    assert points(canvas) == [[[0.2, 0.2], [0.8, 0.2]]]


def test_a_release_that_went_elsewhere_ends_the_stroke(canvas: DrawingCanvas) -> None:
    QTest.mousePress(canvas, LEFT, pos=at(canvas, (0.2, 0.2)))
    move(canvas, at(canvas, (0.4, 0.2)))
    move(canvas, at(canvas, (0.8, 0.8)), NO_BUTTON)
    move(canvas, at(canvas, (0.9, 0.9)), LEFT)
    assert points(canvas) == [[[0.2, 0.2], [0.4, 0.2]]]


def test_hiding_the_canvas_ends_the_stroke(qtbot: QtBot, canvas: DrawingCanvas) -> None:
    QTest.mousePress(canvas, LEFT, pos=at(canvas, (0.2, 0.2)))
    with qtbot.waitSignal(canvas.history_changed):
        canvas.hide()
    canvas.show()
    drag(canvas, (0.2, 0.8), (0.8, 0.8))
    assert len(canvas.strokes()) == 2


def test_undo_and_redo(qtbot: QtBot, canvas: DrawingCanvas) -> None:
    drag(canvas, (0.2, 0.2), (0.8, 0.2))
    drag(canvas, (0.2, 0.8), (0.8, 0.8))
    with qtbot.waitSignals([canvas.strokes_changed, canvas.history_changed]):
        canvas.undo()
    assert is_ink(canvas, (0.5, 0.2))
    assert is_bare(canvas, (0.5, 0.8))
    canvas.undo()
    assert canvas.strokes() == []
    assert (canvas.can_undo, canvas.can_redo) == (False, True)
    canvas.undo()
    canvas.redo()
    canvas.redo()
    assert is_ink(canvas, (0.5, 0.2), (0.5, 0.8))
    assert (canvas.can_undo, canvas.can_redo) == (True, False)
    with qtbot.assertNotEmitted(canvas.strokes_changed):
        canvas.redo()


def test_undo_while_drawing_takes_the_stroke_back(canvas: DrawingCanvas) -> None:
    QTest.mousePress(canvas, LEFT, pos=at(canvas, (0.2, 0.2)))
    move(canvas, at(canvas, (0.8, 0.2)))
    assert canvas.can_undo
    canvas.undo()
    move(canvas, at(canvas, (0.9, 0.9)))
    QTest.mouseRelease(canvas, LEFT, pos=at(canvas, (0.9, 0.9)))
    assert canvas.strokes() == []
    canvas.redo()
    assert points(canvas) == [[[0.2, 0.2], [0.8, 0.2]]]


def test_clear_can_be_undone(qtbot: QtBot, canvas: DrawingCanvas) -> None:
    drag(canvas, (0.2, 0.2), (0.8, 0.2))
    with qtbot.waitSignal(canvas.strokes_changed):
        canvas.clear()
    assert canvas.strokes() == []
    with qtbot.assertNotEmitted(canvas.history_changed):
        canvas.clear()
    canvas.undo()
    assert is_ink(canvas, (0.5, 0.2))


@pytest.mark.parametrize(
    ("undo", "redo"),
    [((Qt.Key.Key_Z, CTRL), (Qt.Key.Key_Z, CTRL | SHIFT)), ((Qt.Key.Key_Z, CTRL), (Qt.Key.Key_Y, CTRL))],
)
def test_keys_undo_and_redo(
    canvas: DrawingCanvas,
    undo: tuple[Qt.Key, Qt.KeyboardModifier],
    redo: tuple[Qt.Key, Qt.KeyboardModifier],
) -> None:
    drag(canvas, (0.2, 0.2), (0.8, 0.2))
    QTest.keyClick(canvas, *undo)
    assert canvas.strokes() == []
    QTest.keyClick(canvas, *redo)
    assert len(canvas.strokes()) == 1


@pytest.mark.parametrize("key", [Qt.Key.Key_Delete, Qt.Key.Key_Backspace])
def test_keys_clear(canvas: DrawingCanvas, key: Qt.Key) -> None:
    drag(canvas, (0.2, 0.2), (0.8, 0.2))
    QTest.keyClick(canvas, key, CTRL)
    assert len(canvas.strokes()) == 1
    QTest.keyClick(canvas, key)
    assert canvas.strokes() == []


def test_a_shortcut_of_the_window_does_not_take_the_canvas_s_keys(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    canvas, taken = DrawingCanvas(window), QAction(window)
    taken.setShortcut("Ctrl+Z")
    window.addAction(taken)
    canvas.resize(300, 300)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    drag(canvas, (0.2, 0.2), (0.8, 0.2))
    assert canvas.hasFocus()
    with qtbot.assertNotEmitted(taken.triggered):
        QTest.keyClick(canvas, Qt.Key.Key_Z, CTRL)
    assert canvas.strokes() == []


def test_strokes_can_be_set_and_that_undone(qtbot: QtBot, canvas: DrawingCanvas) -> None:
    drag(canvas, (0.2, 0.2), (0.8, 0.2))
    pointless = Stroke(np.empty((0, 2), dtype=np.float32))
    with qtbot.waitSignals([canvas.strokes_changed, canvas.history_changed]):
        canvas.set_strokes([stroke((0.1, 0.9), (0.9, 0.9)), stroke((0.5, 0.5), (0.5, 0.5)), pointless])
    assert len(canvas.strokes()) == 2
    assert is_ink(canvas, (0.5, 0.9), (0.5, 0.5))
    assert is_bare(canvas, (0.5, 0.2))
    canvas.undo()
    assert points(canvas) == [[[0.2, 0.2], [0.8, 0.2]]]


def test_a_picture_takes_the_place_of_the_strokes(qtbot: QtBot, canvas: DrawingCanvas) -> None:
    drag(canvas, (0.2, 0.2), (0.8, 0.2))
    with qtbot.waitSignals([canvas.strokes_changed, canvas.history_changed]):
        canvas.set_picture(picture())
    assert canvas.strokes() == []
    assert canvas.picture() == picture()
    assert is_ink(canvas, (0.02, 0.02), (0.98, 0.98), (0.5, 0.5))
    canvas.undo()
    assert canvas.picture() is None
    assert points(canvas) == [[[0.2, 0.2], [0.8, 0.2]]]


def test_a_stroke_takes_the_place_of_the_picture_from_its_first_point(canvas: DrawingCanvas) -> None:
    canvas.set_picture(picture())
    QTest.mousePress(canvas, LEFT, pos=at(canvas, (0.2, 0.2)))
    assert canvas.picture() is None
    assert is_bare(canvas, (0.5, 0.8))
    move(canvas, at(canvas, (0.8, 0.2)))
    QTest.mouseRelease(canvas, LEFT, pos=at(canvas, (0.8, 0.2)))
    assert points(canvas) == [[[0.2, 0.2], [0.8, 0.2]]]
    canvas.undo()
    assert canvas.picture() == picture()
    assert canvas.strokes() == []


def test_taking_a_picture_away(qtbot: QtBot, canvas: DrawingCanvas) -> None:
    with qtbot.assertNotEmitted(canvas.history_changed):
        canvas.set_picture(None)
    canvas.set_picture(picture())
    canvas.set_picture(None)
    assert canvas.picture() is None
    canvas.set_strokes([stroke((0.2, 0.2), (0.8, 0.2))])
    canvas.set_picture(QImage())
    assert len(canvas.strokes()) == 1


def test_the_pen_is_as_wide_as_in_a_picture_of_28_pixels(canvas: DrawingCanvas) -> None:
    canvas.set_strokes([stroke((0.1, 0.5), (0.9, 0.5))])
    canvas.set_pen_width(7.0)
    assert canvas.pen_width == 7.0
    shown, top, bottom = canvas.grab().toImage(), at(canvas, (0.5, 0.0)), at(canvas, (0.5, 1.0))
    inked = sum(shown.pixelColor(top.x(), y).lightness() > 128 for y in range(top.y(), bottom.y()))
    assert inked == pytest.approx(canvas.paper_rect().height() / 4, abs=1)


@pytest.mark.parametrize(("width", "height"), [(404, 304), (200, 600), (113, 113)])
def test_the_paper_is_a_centred_square(canvas: DrawingCanvas, width: int, height: int) -> None:
    canvas.resize(width, height)
    rect = canvas.paper_rect()
    assert rect.width() == rect.height() == min(width, height) - 4
    assert rect.center().x() == pytest.approx(width / 2, abs=0.5)
    assert rect.center().y() == pytest.approx(height / 2, abs=0.5)


def test_the_hint_goes_with_the_first_point(canvas: DrawingCanvas) -> None:
    shown = canvas.grab().toImage()
    rect = canvas.paper_rect().toRect()
    middle = range(rect.left(), rect.right())
    assert any(shown.pixelColor(x, rect.center().y()).lightness() > 60 for x in middle)
    QTest.mouseClick(canvas, LEFT, pos=at(canvas, (0.1, 0.1)))
    assert is_bare(canvas, *((x / 50, 0.5) for x in range(1, 50)))


def test_a_finger_draws_once(canvas: DrawingCanvas, touch_screen: QPointingDevice) -> None:
    way = [(0.2, 0.3), (0.5, 0.3), (0.8, 0.3)]
    touch_stroke(canvas, touch_screen, way)
    echo(canvas, *way)
    assert points(canvas) == [[[0.2, 0.3], [0.5, 0.3], [0.8, 0.3]]]
    drag(canvas, (0.2, 0.8), (0.8, 0.8))
    assert len(canvas.strokes()) == 2


def test_mouse_events_made_up_during_a_touch_draw_nothing(canvas: DrawingCanvas, touch_screen: QPointingDevice) -> None:
    QTest.touchEvent(canvas, touch_screen).press(0, at(canvas, (0.2, 0.2)), canvas).commit()
    echo(canvas, (0.2, 0.2), (0.5, 0.9))
    QTest.touchEvent(canvas, touch_screen).move(0, at(canvas, (0.5, 0.2)), canvas).commit()
    QTest.touchEvent(canvas, touch_screen).release(0, at(canvas, (0.5, 0.2)), canvas).commit()
    assert points(canvas) == [[[0.2, 0.2], [0.5, 0.2]]]


def test_a_second_finger_does_not_draw(canvas: DrawingCanvas, touch_screen: QPointingDevice) -> None:
    first, second = at(canvas, (0.2, 0.2)), at(canvas, (0.8, 0.8))
    QTest.touchEvent(canvas, touch_screen).press(0, first, canvas).commit()
    QTest.touchEvent(canvas, touch_screen).stationary(0).press(1, second, canvas).commit()
    further = at(canvas, (0.9, 0.9))
    QTest.touchEvent(canvas, touch_screen).move(0, at(canvas, (0.5, 0.2)), canvas).move(1, further, canvas).commit()
    QTest.touchEvent(canvas, touch_screen).stationary(0).release(1, further, canvas).commit()
    QTest.touchEvent(canvas, touch_screen).release(0, at(canvas, (0.5, 0.2)), canvas).commit()
    assert points(canvas) == [[[0.2, 0.2], [0.5, 0.2]]]


def test_a_touch_that_the_system_takes_leaves_nothing(
    qtbot: QtBot, canvas: DrawingCanvas, touch_screen: QPointingDevice
) -> None:
    canvas.set_picture(picture())
    QTest.touchEvent(canvas, touch_screen).press(0, at(canvas, (0.2, 0.2)), canvas).commit()
    QTest.touchEvent(canvas, touch_screen).move(0, at(canvas, (0.5, 0.2)), canvas).commit()
    with qtbot.waitSignal(canvas.strokes_changed):
        QApplication.sendEvent(canvas, QTouchEvent(QEvent.Type.TouchCancel, touch_screen))
    assert canvas.picture() == picture()
    assert canvas.strokes() == []


def test_a_touch_pad_is_no_paper(canvas: DrawingCanvas, touch_pad: QPointingDevice) -> None:
    touch_stroke(canvas, touch_pad, [(0.2, 0.2), (0.8, 0.2)])
    assert canvas.strokes() == []


def test_a_pen_draws_once(canvas: DrawingCanvas) -> None:
    pen(canvas, QEvent.Type.TabletMove, (0.1, 0.1), NO_BUTTON)
    assert canvas.strokes() == []
    pen(canvas, QEvent.Type.TabletPress, (0.2, 0.2))
    pen(canvas, QEvent.Type.TabletMove, (0.8, 0.2))
    pen(canvas, QEvent.Type.TabletRelease, (0.8, 0.2))
    echo(canvas, (0.2, 0.2), (0.8, 0.2))
    pen(canvas, QEvent.Type.TabletMove, (0.9, 0.9), NO_BUTTON)
    assert points(canvas) == [[[0.2, 0.2], [0.8, 0.2]]]
    drag(canvas, (0.2, 0.8), (0.8, 0.8))
    assert len(canvas.strokes()) == 2


def test_the_hand_that_rests_beside_the_pen_does_not_draw(canvas: DrawingCanvas, touch_screen: QPointingDevice) -> None:
    pen(canvas, QEvent.Type.TabletPress, (0.2, 0.2))
    touch_stroke(canvas, touch_screen, [(0.9, 0.9), (0.8, 0.9)])
    pen(canvas, QEvent.Type.TabletMove, (0.8, 0.2))
    pen(canvas, QEvent.Type.TabletRelease, (0.8, 0.2))
    assert points(canvas) == [[[0.2, 0.2], [0.8, 0.2]]]


def test_a_mouse_that_is_bumped_while_the_pen_draws_changes_nothing(canvas: DrawingCanvas) -> None:
    pen(canvas, QEvent.Type.TabletPress, (0.2, 0.2))
    drag(canvas, (0.5, 0.9), (0.6, 0.9))
    pen(canvas, QEvent.Type.TabletMove, (0.8, 0.2))
    pen(canvas, QEvent.Type.TabletRelease, (0.8, 0.2))
    assert points(canvas) == [[[0.2, 0.2], [0.8, 0.2]]]
