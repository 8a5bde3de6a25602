"""The pen's pressure, the eraser, widths and keys, by hand on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QImage, QInputDevice, QPointingDevice
from PySide6.QtTest import QTest

from rbm_studio.app.images import grey_image, grey_values
from rbm_studio.app.tools import PEN_WIDTH_RANGE, PEN_WIDTH_STEP, Tool

from .by_hand import (
    CTRL,
    LEFT,
    at,
    drag,
    is_bare,
    is_ink,
    move,
    pen,
    pen_stroke,
    picture,
    points,
    seen,
    stroke,
    stylus,
    thickness,
    touch_stroke,
)

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.canvas import DrawingCanvas

ERASER_END = QPointingDevice.PointerType.Eraser
E, P = Qt.Key.Key_E, Qt.Key.Key_P


def erase(canvas: DrawingCanvas, *places: tuple[float, float]) -> None:
    canvas.set_tool(Tool.ERASER)
    drag(canvas, *places)
    canvas.set_tool(Tool.PEN)


# --- pressure


def test_the_harder_a_pen_is_pressed_the_wider_its_line(canvas: DrawingCanvas) -> None:
    pen_stroke(canvas, stylus(), (0.1, 0.2, 0.0), (0.5, 0.2, 0.5), (0.9, 0.2, 1.0))
    [drawn] = canvas.strokes()
    assert drawn.pressure == pytest.approx(np.array([0.0, 0.5, 1.0]))
    nominal = 2.7 / 28 * canvas.paper_rect().height()
    for x, factor in ((0.15, 0.5625), (0.5, 1.0), (0.85, 1.4375)):
        assert thickness(canvas, x) == pytest.approx(factor * nominal, abs=2)
    raw = seen(canvas, normalize=False)
    assert raw[:, 3].sum() == pytest.approx(0.5 * 2.7, rel=0.15)
    assert raw[:, 14].sum() == pytest.approx(2.7, rel=0.1)
    assert raw[:, 24].sum() == pytest.approx(1.5 * 2.7, rel=0.1)


def test_a_pen_that_measures_no_pressure_draws_as_the_mouse_does(canvas: DrawingCanvas) -> None:
    pen_stroke(canvas, stylus(measures_pressure=False), (0.1, 0.2, 1.0), (0.9, 0.2, 1.0))
    drag(canvas, (0.1, 0.7), (0.9, 0.7))
    assert [drawn.pressure for drawn in canvas.strokes()] == [None, None]
    canvas.undo()
    by_pen = thickness(canvas, 0.5)
    canvas.redo()
    assert thickness(canvas, 0.5) == 2 * by_pen


def test_pressing_harder_on_the_spot_makes_a_larger_dot(qtbot: QtBot, canvas: DrawingCanvas) -> None:
    device = stylus()
    pen(canvas, QEvent.Type.TabletPress, (0.5, 0.5), pressure=0.1, device=device)
    small = thickness(canvas, 0.5)
    with qtbot.waitSignal(canvas.strokes_changed):
        pen(canvas, QEvent.Type.TabletMove, (0.5, 0.5), pressure=0.9, device=device)
    pen(canvas, QEvent.Type.TabletMove, (0.5, 0.5), pressure=0.2, device=device)
    pen(canvas, QEvent.Type.TabletRelease, (0.5, 0.5), pressure=0.0, device=device)
    [dot] = canvas.strokes()
    assert dot.pressure == pytest.approx(np.array([0.9]))
    assert thickness(canvas, 0.5) == pytest.approx(small * 1.4 / 0.6, abs=2)


def test_lifting_the_pen_does_not_thin_the_line(canvas: DrawingCanvas) -> None:
    device = stylus()
    pen(canvas, QEvent.Type.TabletPress, (0.1, 0.5), pressure=0.8, device=device)
    pen(canvas, QEvent.Type.TabletRelease, (0.9, 0.5), pressure=0.0, device=device)
    assert canvas.strokes()[0].pressure == pytest.approx(np.array([0.8, 0.8]))


def test_a_finger_whose_pressure_is_measured_draws_by_it(canvas: DrawingCanvas) -> None:
    capability = QInputDevice.Capability
    screen = QTest.createTouchDevice(QInputDevice.DeviceType.TouchScreen, capability.Position | capability.Pressure)
    touch_stroke(canvas, screen, [(0.1, 0.5), (0.9, 0.5)])
    # QTest's fingers press as hard as can be.
    assert canvas.strokes()[0].pressure == pytest.approx(np.ones(2))
    assert thickness(canvas, 0.5) == pytest.approx(1.5 * 2.7 / 28 * canvas.paper_rect().height(), abs=2)


# --- the eraser


def test_the_eraser_takes_ink_away_twice_as_wide_as_the_pen(canvas: DrawingCanvas) -> None:
    drag(canvas, (0.1, 0.5), (0.9, 0.5))
    erase(canvas, (0.5, 0.5))
    half = 2.7 / 28
    assert is_ink(canvas, (0.15, 0.5), (0.5 - 1.1 * half, 0.5), (0.5 + 1.1 * half, 0.5))
    assert is_bare(canvas, (0.5, 0.5), (0.5 - 0.9 * half, 0.5), (0.5 + 0.9 * half, 0.5))
    raw = seen(canvas, normalize=False)
    assert raw[:, 14].sum() == 0
    assert raw[:, 6].sum() == pytest.approx(2.7, rel=0.05)


def test_ink_drawn_after_erasing_stays(canvas: DrawingCanvas) -> None:
    drag(canvas, (0.1, 0.5), (0.9, 0.5))
    erase(canvas, (0.5, 0.3), (0.5, 0.7))
    drag(canvas, (0.5, 0.1), (0.5, 0.9))
    assert is_ink(canvas, (0.5, 0.5), (0.2, 0.5))
    assert seen(canvas, normalize=False)[14, 14] == pytest.approx(1, abs=0.05)


def test_erasing_can_be_undone_and_redone(canvas: DrawingCanvas) -> None:
    drag(canvas, (0.1, 0.5), (0.9, 0.5))
    whole = seen(canvas)
    erase(canvas, (0.5, 0.5))
    assert [drawn.erases for drawn in canvas.strokes()] == [False, True]
    canvas.undo()
    assert is_ink(canvas, (0.5, 0.5))
    assert np.array_equal(seen(canvas), whole)
    canvas.redo()
    assert is_bare(canvas, (0.5, 0.5))
    canvas.resize(200, 600)
    assert is_bare(canvas, (0.5, 0.5))
    assert is_ink(canvas, (0.2, 0.5))


def test_erasing_is_seen_while_it_goes_on(qtbot: QtBot, canvas: DrawingCanvas) -> None:
    drag(canvas, (0.1, 0.5), (0.9, 0.5))
    canvas.set_tool(Tool.ERASER)
    QTest.mousePress(canvas, LEFT, pos=at(canvas, (0.4, 0.5)))
    with qtbot.waitSignal(canvas.strokes_changed):
        move(canvas, at(canvas, (0.6, 0.5)))
    assert is_bare(canvas, (0.5, 0.5))
    assert seen(canvas, normalize=False)[:, 14].sum() == 0
    canvas.undo()
    assert is_ink(canvas, (0.5, 0.5))


def test_on_bare_paper_there_is_nothing_to_erase(qtbot: QtBot, canvas: DrawingCanvas) -> None:
    with qtbot.assertNotEmitted(canvas.strokes_changed):
        erase(canvas, (0.2, 0.2), (0.8, 0.8))
    assert not canvas.can_undo
    assert canvas.hasFocus()


@pytest.mark.parametrize("tool", list(Tool))
def test_the_other_end_of_a_tablet_s_pen_erases_whatever_the_tool(canvas: DrawingCanvas, tool: Tool) -> None:
    drag(canvas, (0.1, 0.5), (0.9, 0.5))
    canvas.set_tool(tool)
    pen_stroke(canvas, stylus(ERASER_END), (0.5, 0.4, 0.1), (0.5, 0.6, 0.1))
    assert canvas.tool is tool
    assert is_bare(canvas, (0.5, 0.5))
    assert is_ink(canvas, (0.2, 0.5), (0.8, 0.5))
    pen_stroke(canvas, stylus(), (0.5, 0.8, 0.5), (0.6, 0.8, 0.5))
    assert canvas.strokes()[-1].erases is (tool is Tool.ERASER)


def test_the_finger_erases_with_the_eraser(canvas: DrawingCanvas) -> None:
    drag(canvas, (0.1, 0.5), (0.9, 0.5))
    canvas.set_tool(Tool.ERASER)
    touch_stroke(canvas, QTest.createTouchDevice(), [(0.5, 0.4), (0.5, 0.6)])
    assert is_bare(canvas, (0.5, 0.5))
    assert len(canvas.strokes()) == 2


def test_a_tool_that_is_changed_while_drawing_counts_from_the_next_stroke(canvas: DrawingCanvas) -> None:
    QTest.mousePress(canvas, LEFT, pos=at(canvas, (0.2, 0.2)))
    QTest.keyClick(canvas, E)
    move(canvas, at(canvas, (0.8, 0.2)))
    QTest.mouseRelease(canvas, LEFT, pos=at(canvas, (0.8, 0.2)))
    assert [drawn.erases for drawn in canvas.strokes()] == [False]
    assert is_ink(canvas, (0.5, 0.2))


def test_a_picture_is_erased_in_places(qtbot: QtBot, canvas: DrawingCanvas) -> None:
    canvas.set_picture(picture())
    canvas.set_tool(Tool.ERASER)
    QTest.mousePress(canvas, LEFT, pos=at(canvas, (0.25, 0.25)))
    with qtbot.waitSignal(canvas.strokes_changed):
        move(canvas, at(canvas, (0.75, 0.25)))
    QTest.mouseRelease(canvas, LEFT, pos=at(canvas, (0.75, 0.25)))
    assert is_bare(canvas, (0.5, 0.25))
    assert is_ink(canvas, (0.5, 0.75))
    erased = canvas.picture()
    assert erased is not None
    values = grey_values(erased)
    assert values.shape == (28, 28)
    np.testing.assert_allclose(values[[2, 5, 6, 7, 8, 11], 14], [1, 0, 0, 0, 0, 1], atol=0.05)
    canvas.undo()
    assert canvas.picture() == picture()
    canvas.redo()
    assert canvas.picture() == erased


def test_a_picture_that_is_not_square_is_erased_where_it_is_shown(canvas: DrawingCanvas) -> None:
    canvas.set_picture(grey_image(np.full((14, 28), 255, dtype=np.uint8)))
    erase(canvas, (0.5, 0.3))
    erased = canvas.picture()
    assert erased is not None
    values = grey_values(erased)
    # 0.3 of the paper is 1.4 px below the picture's upper edge.
    assert values[1, 14] == pytest.approx(0, abs=0.01)
    assert values[7, 14] == 1
    assert is_bare(canvas, (0.5, 0.3))


def test_the_pen_takes_the_place_of_an_erased_picture(canvas: DrawingCanvas) -> None:
    canvas.set_picture(picture())
    erase(canvas, (0.5, 0.5))
    drag(canvas, (0.2, 0.2), (0.8, 0.2))
    assert canvas.picture() is None
    assert points(canvas) == [[[0.2, 0.2], [0.8, 0.2]]]
    canvas.undo()
    assert canvas.picture() is not None
    assert is_bare(canvas, (0.5, 0.5))


# --- keys and widths


def test_keys_choose_the_tool(qtbot: QtBot, canvas: DrawingCanvas) -> None:
    with qtbot.waitSignal(canvas.tool_changed) as changed:
        QTest.keyClick(canvas, E)
    assert changed.args == [Tool.ERASER]
    with qtbot.assertNotEmitted(canvas.tool_changed):
        QTest.keyClick(canvas, E)
        QTest.keyClick(canvas, P, CTRL)
    assert canvas.tool is Tool.ERASER
    with qtbot.waitSignal(canvas.tool_changed):
        QTest.keyClick(canvas, P)
    drag(canvas, (0.2, 0.2), (0.8, 0.2))
    assert not canvas.strokes()[0].erases


def test_brackets_change_the_width_within_its_range(qtbot: QtBot, canvas: DrawingCanvas) -> None:
    drag(canvas, (0.2, 0.5), (0.8, 0.5))
    before, width = canvas.pen_width, thickness(canvas, 0.5)
    with qtbot.waitSignals([canvas.pen_width_changed, canvas.strokes_changed]):
        QTest.keyClick(canvas, Qt.Key.Key_BracketRight)
    assert canvas.pen_width == pytest.approx(before + PEN_WIDTH_STEP)
    assert thickness(canvas, 0.5) > width
    QTest.keyClick(canvas, Qt.Key.Key_BracketLeft)
    assert canvas.pen_width == pytest.approx(before)
    for _ in range(20):
        QTest.keyClick(canvas, Qt.Key.Key_BracketRight)
    assert canvas.pen_width == PEN_WIDTH_RANGE[1]
    with qtbot.assertNotEmitted(canvas.pen_width_changed):
        QTest.keyClick(canvas, Qt.Key.Key_BracketRight)
    for _ in range(20):
        QTest.keyClick(canvas, Qt.Key.Key_BracketLeft)
    assert canvas.pen_width == PEN_WIDTH_RANGE[0]


def test_the_pointer_shows_how_wide_the_tool_is(canvas: DrawingCanvas) -> None:
    def shown_width() -> int:
        image: QImage = canvas.cursor().pixmap().toImage()
        middle = image.height() // 2
        seen = [x for x in range(image.width()) if image.pixelColor(x, middle).alpha() > 128]
        return round((seen[-1] - seen[0] + 1) / image.devicePixelRatio())

    nominal = 2.7 / 28 * canvas.paper_rect().height()
    assert shown_width() == pytest.approx(nominal, abs=4)
    canvas.set_tool(Tool.ERASER)
    assert shown_width() == pytest.approx(2 * nominal, abs=4)
    canvas.set_pen_width(1.0)
    assert shown_width() == pytest.approx(2 / 28 * canvas.paper_rect().height(), abs=4)
    canvas.set_tool(Tool.PEN)
    pen_stroke(canvas, stylus(ERASER_END), (0.5, 0.5, 0.5))
    assert shown_width() == pytest.approx(2 / 28 * canvas.paper_rect().height(), abs=4)
    move(canvas, at(canvas, (0.5, 0.5)), Qt.MouseButton.NoButton)
    assert shown_width() == pytest.approx(1 / 28 * canvas.paper_rect().height(), abs=4)
    canvas.resize(800, 800)
    canvas.set_pen_width(4.5)
    canvas.set_tool(Tool.ERASER)
    assert canvas.cursor().shape() is Qt.CursorShape.CrossCursor


# --- what the network sees of it


def test_a_fast_stroke_leaves_no_gap(canvas: DrawingCanvas) -> None:
    canvas.resize(284, 284)
    start, end = at(canvas, (0.1, 0.3)), at(canvas, (0.1, 0.3))
    end.setX(start.x() + 200)
    QTest.mousePress(canvas, LEFT, pos=start)
    move(canvas, end)
    QTest.mouseRelease(canvas, LEFT, pos=end)
    assert len(canvas.strokes()[0].points) == 2
    shown = canvas.grab().toImage()
    assert all(shown.pixelColor(x, start.y()).lightness() == 255 for x in range(start.x(), end.x() + 1))
    raw = seen(canvas, normalize=False)
    assert (raw[8, 3:23] > 0.9).all()
    inked = np.flatnonzero(seen(canvas).max(axis=0) > 0.5)
    assert np.array_equal(inked, np.arange(inked[0], inked[0] + 20))


THREE = [(80, 60), (120, 50), (140, 75), (110, 100), (145, 125), (130, 155), (85, 150)]


@pytest.mark.parametrize(
    ("shift", "scale"), [((40, 0), 1), ((0, 40), 1), ((-40, -40), 1), ((0, 0), 0.6), ((0, 0), 1.6)]
)
def test_where_and_how_large_one_draws_does_not_matter(
    canvas: DrawingCanvas, shift: tuple[int, int], scale: float
) -> None:
    canvas.resize(284, 284)

    def drawn(shift: tuple[int, int], scale: float) -> np.ndarray:
        canvas.clear()
        drag(canvas, *(((x * scale + shift[0]) / 280, (y * scale + shift[1]) / 280) for x, y in THREE))
        return seen(canvas)

    assert np.abs(drawn(shift, scale) - drawn((0, 0), 1)).mean() < 0.01


def test_an_erased_blot_changes_nothing_that_the_network_sees(canvas: DrawingCanvas) -> None:
    drag(canvas, (0.2, 0.2), (0.4, 0.2), (0.3, 0.6))
    clean = seen(canvas)
    drag(canvas, (0.9, 0.9), (0.93, 0.92))
    assert np.abs(seen(canvas) - clean).mean() > 0.02
    erase(canvas, (0.87, 0.9), (0.95, 0.92))
    assert np.abs(seen(canvas) - clean).mean() < 0.001


def test_the_whole_drawing_erased_is_bare_paper_to_the_network(canvas: DrawingCanvas) -> None:
    drag(canvas, (0.4, 0.5), (0.6, 0.5))
    erase(canvas, (0.35, 0.5), (0.65, 0.5))
    assert not seen(canvas).any()
    assert not seen(canvas, normalize=False).any()


def test_strokes_can_be_set_with_pressure_and_eraser(canvas: DrawingCanvas) -> None:
    drag(canvas, (0.1, 0.5), (0.9, 0.5))
    erase(canvas, (0.5, 0.5))
    saved = canvas.strokes()
    canvas.set_strokes([stroke((0.5, 0.5))])
    canvas.set_strokes(saved)
    assert is_bare(canvas, (0.5, 0.5))
    assert is_ink(canvas, (0.2, 0.5))
