"""Enlarging the mosaic, by everything that a hand can do to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QNativeGestureEvent, QPointingDevice, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from rbm_studio.app.images import diverging_colours
from rbm_studio.app.mosaic_view import MosaicView

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

LEFT = Qt.MouseButton.LeftButton
MIDDLE = QPoint(230, 150)


@pytest.fixture
def view(qtbot: QtBot) -> MosaicView:
    view = MosaicView()
    qtbot.addWidget(view)
    view.resize(480, 320)
    view.set_tiles(np.random.default_rng(7).standard_normal((64, 28, 28)).astype(np.float32))
    view.show()
    qtbot.waitExposed(view)
    return view


def turn(view: MosaicView, pos: QPoint, notches: float) -> QWheelEvent:
    event = QWheelEvent(
        QPointF(pos),
        view.mapToGlobal(QPointF(pos)),
        QPoint(),
        QPoint(0, round(120 * notches)),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, event)
    return event


def within(view: MosaicView, pos: QPoint | QPointF) -> tuple[int, float, float]:
    """Return which tile is at a place, and how far across and down it the place is, from 0 to 1."""
    pos = QPointF(pos)
    unit = view.unit_at(pos)
    rect = view.tile_rect(unit)
    return unit, (pos.x() - rect.left()) / rect.width(), (pos.y() - rect.top()) / rect.height()


def drag(view: MosaicView, start: QPoint, end: QPoint) -> None:
    QTest.mousePress(view, LEFT, pos=start)
    QTest.mouseMove(view, (start + end) / 2)
    QTest.mouseMove(view, end)
    QTest.mouseRelease(view, LEFT, pos=end)


@pytest.mark.parametrize("pos", [MIDDLE, QPoint(101, 83), QPoint(307, 200)])
def test_the_wheel_zooms_and_keeps_the_point_under_the_pointer(view: MosaicView, pos: QPoint) -> None:
    before, size = within(view, pos), view.tile_rect(0).width()
    for _ in range(4):
        assert turn(view, pos, 1).isAccepted()
        unit, x, y = within(view, pos)
        tile = view.tile_rect(unit)
        assert unit == before[0]
        # To a screen pixel, and to what the gap takes: it grows by other steps than the tiles.
        assert x == pytest.approx(before[1], abs=3 / tile.width() + 0.04)
        assert y == pytest.approx(before[2], abs=3 / tile.height() + 0.04)
    assert view.tile_rect(0).width() == pytest.approx(1.25**4 * size, rel=0.12)
    assert view.zoom_factor() == pytest.approx(1.25**4)
    for _ in range(4):
        turn(view, pos, -1)
    assert view.zoom_factor() == 1
    assert within(view, pos) == before


def test_where_there_is_nothing_to_zoom_the_wheel_is_left_to_others(view: MosaicView) -> None:
    assert not turn(view, MIDDLE, -1).isAccepted()
    turn(view, MIDDLE, 40)
    assert not view.can_zoom_in()
    assert not turn(view, MIDDLE, 1).isAccepted()
    unit = view.unit_at(QPointF(MIDDLE))
    # One tile fills the room.
    assert view.tile_rect(unit).height() > 0.85 * 270


def test_enlarged_pixels_are_crisp_squares(view: MosaicView) -> None:
    tiles = np.zeros((64, 28, 28), dtype=np.float32)
    tiles[:, 14, 14] = 1
    view.set_tiles(tiles)
    turn(view, view.tile_rect(27).center().toPoint(), 40)
    rect, shown = view.tile_rect(27), view.grab().toImage()
    pixel = rect.width() / 28
    assert pixel == int(pixel) >= 4
    left, top = (round(start + 14 * pixel) for start in (rect.left(), rect.top()))
    darkest = int.from_bytes(bytes(diverging_colours()[255].tolist()), "big")
    dark = [
        (x, y)
        for x in range(left - 3, left + 20)
        for y in range(top - 3, top + 20)
        if shown.pixel(x, y) & 0xFFFFFF == darkest
    ]
    assert sorted(dark) == [(x, y) for x in range(left, left + int(pixel)) for y in range(top, top + int(pixel))]


def test_a_drag_pans_and_is_no_click(qtbot: QtBot, view: MosaicView) -> None:
    turn(view, MIDDLE, 4)
    before = view.tile_rect(20).topLeft()
    with qtbot.assertNotEmitted(view.clicked):
        drag(view, MIDDLE, MIDDLE + QPoint(31, -17))
    assert view.tile_rect(20).topLeft() - before == QPointF(31, -17)
    # There and back, to the same tile.
    with qtbot.assertNotEmitted(view.clicked):
        QTest.mousePress(view, LEFT, pos=MIDDLE)
        QTest.mouseMove(view, MIDDLE + QPoint(40, 0))
        QTest.mouseMove(view, MIDDLE)
        QTest.mouseRelease(view, LEFT, pos=MIDDLE)
    # Back in small steps: nothing gets lost.
    QTest.mousePress(view, LEFT, pos=MIDDLE)
    for step in range(1, 32):
        QTest.mouseMove(view, MIDDLE - QPoint(step, 0))
    QTest.mouseRelease(view, LEFT, pos=MIDDLE - QPoint(31, 0))
    assert view.tile_rect(20).topLeft() - before == QPointF(0, -17)


def test_a_drag_ends_at_the_edges(view: MosaicView) -> None:
    turn(view, MIDDLE, 4)
    for _ in range(20):
        drag(view, QPoint(40, 40), QPoint(400, 250))
    assert view.tile_rect(0).topLeft() == QPointF(4, 4)
    for _ in range(20):
        drag(view, QPoint(400, 250), QPoint(40, 40))
    last = view.tile_rect(63)
    assert view.rect().contains(last.toAlignedRect())
    # And it comes back at once.
    drag(view, QPoint(40, 40), QPoint(60, 60))
    assert view.tile_rect(63).topLeft() - last.topLeft() == QPointF(20, 20)


def test_all_in_view_nothing_is_dragged_and_an_unsteady_click_counts(qtbot: QtBot, view: MosaicView) -> None:
    rect = view.tile_rect(9)
    with qtbot.waitSignal(view.clicked) as clicked:
        drag(view, rect.topLeft().toPoint() + QPoint(3, 3), rect.bottomRight().toPoint() - QPoint(3, 3))
    assert clicked.args == [9]
    assert view.tile_rect(9) == rect


def test_a_double_click_enlarges_a_tile_and_another_shows_all(qtbot: QtBot, view: MosaicView) -> None:
    before = view.tile_rect(21)
    clicks: list[int] = []
    view.clicked.connect(clicks.append)
    QTest.mouseClick(view, LEFT, pos=before.center().toPoint())
    QTest.mouseDClick(view, LEFT, pos=before.center().toPoint())
    assert clicks == [21]
    assert not view.can_zoom_in()
    assert view.rect().contains(view.tile_rect(21).toAlignedRect())
    with qtbot.waitSignal(view.zoomed):
        QTest.mouseDClick(view, LEFT, pos=MIDDLE)
    assert view.tile_rect(21) == before


def test_the_keys_zoom_around_what_is_pointed_at(view: MosaicView) -> None:
    before = view.tile_rect(5)
    view.set_hovered(5)
    QTest.keyClick(view, Qt.Key.Key_Plus)
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view.tile_rect(5).width() > 2 * before.width()
    assert view.is_in_view(5)
    QTest.keyClick(view, Qt.Key.Key_Minus)
    assert 1 < view.zoom_factor() < 2
    QTest.keyClick(view, Qt.Key.Key_0)
    assert view.tile_rect(5) == before


def test_what_the_keys_lead_to_is_brought_into_view(view: MosaicView) -> None:
    turn(view, MIDDLE, 8)
    QTest.keyClick(view, Qt.Key.Key_Home)
    assert view.rect().contains(view.tile_rect(0).toAlignedRect())
    QTest.keyClick(view, Qt.Key.Key_End)
    assert not view.is_in_view(0)
    assert view.rect().contains(view.tile_rect(63).toAlignedRect())


def test_tiles_out_of_view_cannot_be_pointed_at(view: MosaicView) -> None:
    turn(view, MIDDLE, 8)
    below = QPointF(MIDDLE.x(), view.height() - 2)
    assert view.unit_at(below) == -1
    assert not view.is_in_view(0)


def test_what_is_in_the_middle_stays_there_when_the_size_changes(view: MosaicView) -> None:
    turn(view, MIDDLE, 8)
    unit = view.unit_at(QPointF(240, 140))
    for width, height in ((300, 500), (900, 300)):
        view.resize(width, height)
        assert view.is_in_view(unit)
    view.set_tiles(np.zeros((9, 28, 28), dtype=np.float32))
    assert view.zoom_factor() == 1


# --- fingers


def test_two_fingers_zoom_and_move(view: MosaicView, touch_screen: QPointingDevice, qtbot: QtBot) -> None:
    before = within(view, QPoint(200, 150))
    with qtbot.assertNotEmitted(view.clicked):
        QTest.touchEvent(view, touch_screen).press(0, QPoint(180, 150), view).commit()
        QTest.touchEvent(view, touch_screen).move(0, QPoint(180, 150), view).press(1, QPoint(220, 150), view).commit()
        QTest.touchEvent(view, touch_screen).move(0, QPoint(150, 150), view).move(1, QPoint(250, 150), view).commit()
        assert view.zoom_factor() == pytest.approx(2.5)
        unit, x, y = within(view, QPoint(200, 150))
        assert unit == before[0]
        assert (x, y) == pytest.approx(before[1:], abs=0.1)
        at = view.tile_rect(unit).topLeft()
        QTest.touchEvent(view, touch_screen).move(0, QPoint(160, 140), view).move(1, QPoint(260, 140), view).commit()
        assert view.tile_rect(unit).topLeft() - at == QPointF(10, -10)
        QTest.touchEvent(view, touch_screen).move(0, QPoint(160, 140), view).release(1, QPoint(260, 140), view).commit()
        QTest.touchEvent(view, touch_screen).move(0, QPoint(170, 140), view).commit()
        QTest.touchEvent(view, touch_screen).move(0, QPoint(190, 140), view).commit()
        QTest.touchEvent(view, touch_screen).release(0, QPoint(190, 140), view).commit()
    # The finger that stayed went on dragging.
    assert (view.tile_rect(unit).topLeft() - at).x() == pytest.approx(40, abs=11)


def test_a_finger_taps_and_leaves_nothing_pointed_at(
    qtbot: QtBot, view: MosaicView, touch_screen: QPointingDevice
) -> None:
    at = view.tile_rect(12).center().toPoint()
    clicks: list[int] = []
    view.clicked.connect(clicks.append)
    QTest.touchEvent(view, touch_screen).press(0, at, view).commit()
    assert view.hovered_tile() == 12
    QTest.touchEvent(view, touch_screen).release(0, at, view).commit()
    assert clicks == [12]
    assert view.hovered_tile() == -1
    turn(view, MIDDLE, 4)
    before = view.tile_rect(20).topLeft()
    with qtbot.assertNotEmitted(view.clicked):
        QTest.touchEvent(view, touch_screen).press(0, MIDDLE, view).commit()
        QTest.touchEvent(view, touch_screen).move(0, MIDDLE + QPoint(40, 0), view).commit()
        QTest.touchEvent(view, touch_screen).release(0, MIDDLE + QPoint(40, 0), view).commit()
    assert view.tile_rect(20).topLeft() - before == QPointF(40, 0)


def test_a_touch_pad_zooms(view: MosaicView) -> None:
    pos = QPointF(MIDDLE)
    event = QNativeGestureEvent(
        Qt.NativeGestureType.ZoomNativeGesture,
        QPointingDevice.primaryPointingDevice(),
        2,
        pos,
        pos,
        view.mapToGlobal(pos),
        0.5,
        QPointF(),
    )
    QApplication.sendEvent(view, event)
    assert view.zoom_factor() == pytest.approx(1.5)
    assert event.type() == QEvent.Type.NativeGesture
