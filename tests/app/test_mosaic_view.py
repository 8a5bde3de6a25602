from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QFocusEvent, QImage, QMouseEvent, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from rbm_studio.app.images import diverging_colours
from rbm_studio.app.mosaic_view import MosaicView

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot


@pytest.fixture
def view(qtbot: QtBot) -> MosaicView:
    view = MosaicView()
    qtbot.addWidget(view)
    view.resize(480, 320)
    view.show()
    qtbot.waitExposed(view)
    return view


def noise(count: int, size: int = 28, scale: float = 1.0) -> NDArray[np.float32]:
    rng = np.random.default_rng(7)
    return (scale * rng.standard_normal((count, size, size))).astype(np.float32)


def place(view: MosaicView, index: int) -> QPoint:
    return view.tile_rect(index).center().toPoint()


def steady(view: MosaicView) -> QImage:
    return view.grab().toImage()


def test_each_tile_is_painted_in_its_place_and_colour(view: MosaicView) -> None:
    tiles = np.repeat(np.linspace(-1, 1, 9, dtype=np.float32), 64).reshape(9, 8, 8)
    view.set_tiles(tiles)
    shown = steady(view)
    assert view.limit() == 1.0
    for index, value in enumerate(np.linspace(-1, 1, 9)):
        expected = diverging_colours()[int(128.5 + 127 * value)]
        assert shown.pixelColor(place(view, index)) == QColor(*(int(channel) for channel in expected))


def test_a_tile_shows_its_pixels_upright(view: MosaicView) -> None:
    tiles = np.zeros((2, 4, 4), dtype=np.float32)
    tiles[1, 0, 3] = 1
    view.set_tiles(tiles)
    shown, rect = steady(view), view.tile_rect(1)
    corner = QPointF(rect.right() - rect.width() / 8, rect.top() + rect.height() / 8).toPoint()
    assert shown.pixelColor(corner) == QColor(*(int(channel) for channel in diverging_colours()[255]))
    assert shown.pixelColor(place(view, 1)).lightness() > 240


def test_weights_that_lie_transposed_in_memory_give_the_same_picture(view: MosaicView) -> None:
    tiles = noise(30, 14)
    weights = np.ascontiguousarray(tiles.reshape(30, -1).T)
    view.set_tiles(tiles)
    expected = steady(view)
    view.set_tiles(weights.T.reshape(30, 14, 14))
    assert steady(view) == expected


def test_the_columns_follow_the_shape_of_the_view(view: MosaicView) -> None:
    view.set_tiles(noise(60))
    view.resize(700, 200)
    wide = sum(view.tile_rect(index).top() == view.tile_rect(0).top() for index in range(60))
    view.resize(200, 700)
    tall = sum(view.tile_rect(index).top() == view.tile_rect(0).top() for index in range(60))
    assert wide > 2 * tall


@pytest.mark.parametrize(("width", "height"), [(160, 160), (480, 320), (900, 240), (240, 900)])
@pytest.mark.parametrize("count", [1, 7, 64, 1024, 4096])
def test_all_tiles_lie_inside_the_view(view: MosaicView, width: int, height: int, count: int) -> None:
    view.resize(width, height)
    view.set_tiles(noise(count, 7))
    for index in (0, count // 2, count - 1):
        assert view.rect().contains(view.tile_rect(index).toAlignedRect())
        assert view.unit_at(view.tile_rect(index).center()) == index
    steady(view)


def test_tiles_that_do_not_fit_are_averaged(qtbot: QtBot, view: MosaicView) -> None:
    checkered = np.indices((28, 28)).sum(axis=0) % 2 * 2 - 1
    view.resize(400, 300)
    view.set_tiles(np.broadcast_to(checkered.astype(np.float32), (4096, 28, 28)))
    assert view.limit() == 1.0
    qtbot.waitUntil(lambda: steady(view).pixelColor(place(view, 2000)).lightness() > 200)


def test_a_few_great_weights_do_not_bleach_the_rest(view: MosaicView) -> None:
    tiles = noise(64)
    ordinary = float(np.percentile(np.abs(tiles), 99.5))
    tiles[0, 0, 0] = 1000
    view.set_tiles(tiles)
    assert view.limit() == pytest.approx(ordinary, rel=0.05)


def test_borders_that_never_learn_are_counted_alike_in_every_tile(view: MosaicView) -> None:
    tiles = noise(1024)
    tiles[:, :, :14] *= 0.01
    view.set_tiles(tiles)
    assert view.limit() == pytest.approx(float(np.percentile(np.abs(tiles), 99.5)), rel=0.05)


def test_the_limit_moves_smoothly_to_a_near_value_and_at_once_to_a_far_one(view: MosaicView) -> None:
    view.set_tiles(noise(64))
    first = view.limit()
    view.set_tiles(noise(64, scale=1.2))
    assert first < view.limit() < 1.19 * first
    for _ in range(30):
        view.set_tiles(noise(64, scale=1.2))
    assert view.limit() == pytest.approx(1.2 * first, rel=1e-3)
    view.set_tiles(noise(64, scale=0.01))
    assert view.limit() == pytest.approx(0.01 * first)


def test_weights_without_a_scale_are_shown(view: MosaicView) -> None:
    view.set_tiles(np.zeros((4, 5, 5), dtype=np.float32))
    assert view.limit() == 1.0
    assert steady(view).pixelColor(place(view, 3)).lightness() > 240
    view.set_tiles(np.full((4, 5, 5), np.nan, dtype=np.float32))
    steady(view)
    sparse = np.zeros((64, 28, 28), dtype=np.float32)
    sparse[0, 0, 0] = 3
    view.set_tiles(sparse)
    assert view.limit() == 3.0


def test_hovering_names_each_tile_once_and_leaving_gives_minus_one(view: MosaicView) -> None:
    view.set_tiles(noise(12))
    seen: list[int] = []
    view.hovered.connect(seen.append)
    QTest.mouseMove(view, place(view, 3))
    QTest.mouseMove(view, place(view, 3) + QPoint(2, 2))
    QTest.mouseMove(view, place(view, 4))
    QTest.mouseMove(view, QPoint(1, 1))
    QTest.mouseMove(view, place(view, 4))
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    assert seen == [3, 4, -1, 4, -1]


def test_a_click_names_the_tile(qtbot: QtBot, view: MosaicView) -> None:
    view.set_tiles(noise(12))
    with qtbot.waitSignal(view.clicked) as clicked:
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=place(view, 7))
    assert clicked.args == [7]


def test_what_is_no_click(qtbot: QtBot, view: MosaicView) -> None:
    view.set_tiles(noise(12))
    with qtbot.assertNotEmitted(view.clicked):
        QTest.mouseClick(view, Qt.MouseButton.RightButton, pos=place(view, 7))
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(1, 1))
        QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=place(view, 7))
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=place(view, 2))


def test_the_arrow_keys_go_from_tile_to_tile_and_enter_clicks_one(qtbot: QtBot, view: MosaicView) -> None:
    view.set_tiles(noise(12))
    columns = sum(view.tile_rect(index).top() == view.tile_rect(0).top() for index in range(12))
    seen: list[int] = []
    view.hovered.connect(seen.append)
    keys = Qt.Key
    path = [keys.Key_Right, keys.Key_Right, keys.Key_Down, keys.Key_Left, keys.Key_Up, keys.Key_Up, keys.Key_End]
    for key in [*path, keys.Key_Right, keys.Key_Down, keys.Key_Home, keys.Key_Left]:
        QTest.keyClick(view, key)
    assert seen == [0, 1, 1 + columns, columns, 0, 11, 0]
    for index, key in ((1, keys.Key_Up), (12 - columns, keys.Key_Down)):
        view.set_hovered(index)
        QTest.keyClick(view, key)
        assert view.hovered_tile() == index
    view.set_hovered(5)
    for key in (keys.Key_Return, keys.Key_Enter, keys.Key_Space):
        with qtbot.waitSignal(view.clicked) as clicked:
            QTest.keyClick(view, key)
        assert clicked.args == [5]


def test_the_keys_follow_what_is_seen_and_begin_where_the_selection_is(view: MosaicView) -> None:
    view.set_tiles(noise(12))
    order = np.random.default_rng(0).permutation(12)
    view.set_order(order)
    seen: list[int] = []
    view.hovered.connect(seen.append)
    view.set_marked((int(order[4]), int(order[2])))
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End):
        QTest.keyClick(view, key)
    assert seen == [order[5], order[6], order[0], order[11]]


def test_keys_without_tiles_or_a_tile_pointed_at_do_nothing(qtbot: QtBot, view: MosaicView) -> None:
    with qtbot.assertNotEmitted(view.clicked), qtbot.assertNotEmitted(view.hovered):
        for key in (Qt.Key.Key_Right, Qt.Key.Key_Return, Qt.Key.Key_A, Qt.Key.Key_Plus, Qt.Key.Key_0):
            QTest.keyClick(view, key)
        view.set_tiles(noise(3))
        QTest.keyClick(view, Qt.Key.Key_Return)
    assert view.hovered_tile() == -1


def test_what_the_keyboard_left_by_tab_is_not_pointed_at(qtbot: QtBot, view: MosaicView) -> None:
    view.set_tiles(noise(3))
    QTest.keyClick(view, Qt.Key.Key_End)
    with qtbot.waitSignal(view.hovered) as hovered:
        QApplication.sendEvent(view, QFocusEvent(QEvent.Type.FocusOut, Qt.FocusReason.TabFocusReason))
    assert hovered.args == [-1]


def is_outlined(view: MosaicView, index: int) -> bool:
    rect = view.tile_rect(index)
    accent = view.palette().color(QPalette.ColorRole.Accent)
    return steady(view).pixelColor(QPointF(rect.left() - 1, rect.center().y()).toPoint()) == accent


def test_marked_and_hovered_tiles_are_outlined_in_the_accent_colour(qtbot: QtBot, view: MosaicView) -> None:
    view.set_tiles(noise(12))
    assert not is_outlined(view, 6)
    view.set_marked((6, 40))
    assert view.marked() == (6,)
    assert is_outlined(view, 6)
    QTest.mouseMove(view, place(view, 8))
    assert is_outlined(view, 8)
    view.set_marked(())
    assert not is_outlined(view, 6)
    with qtbot.assertNotEmitted(view.hovered):
        view.set_hovered(2)
    assert is_outlined(view, 2)
    assert not is_outlined(view, 8)
    view.set_hovered(12)
    assert view.hovered_tile() == -1


def test_fewer_tiles_take_hovering_with_them(qtbot: QtBot, view: MosaicView) -> None:
    view.set_tiles(noise(12))
    QTest.mouseMove(view, place(view, 10))
    with qtbot.waitSignal(view.hovered) as hovered:
        view.set_tiles(noise(4))
    assert hovered.args == [-1]


# --- order and scale


def levels(count: int, size: int = 8) -> NDArray[np.float32]:
    """Return tiles of one value each, from -1 to 1."""
    return np.repeat(np.linspace(-1, 1, count, dtype=np.float32), size * size).reshape(count, size, size)


def is_colour(shown: QImage, at: QPoint, value: float) -> bool:
    """Tell whether a pixel has a value's colour, or one of those next to it."""
    pixel, wanted = shown.pixelColor(at), colour(min(max(value, -1), 1))
    return all(
        abs(a - b) <= 4
        for a, b in ((pixel.red(), wanted.red()), (pixel.green(), wanted.green()), (pixel.blue(), wanted.blue()))
    )


def colour(value: float) -> QColor:
    return QColor(*(int(channel) for channel in diverging_colours()[int(128.5 + 127 * value)]))


def test_tiles_stand_in_their_order_and_are_named_by_their_index(qtbot: QtBot, view: MosaicView) -> None:
    view.set_tiles(levels(9))
    before = [view.tile_rect(index) for index in range(9)]
    order = np.array([3, 8, 0, 1, 7, 2, 6, 5, 4])
    view.set_order(order)
    shown = steady(view)
    for spot, index in enumerate(order.tolist()):
        assert view.tile_rect(index) == before[spot]
        assert view.unit_at(before[spot].center()) == index
        assert shown.pixelColor(place(view, index)) == colour(index / 4 - 1)
    with qtbot.waitSignal(view.clicked) as clicked:
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=before[0].center().toPoint())
    assert clicked.args == [3]
    view.set_marked((8,))
    assert is_outlined(view, 8)
    view.set_order(None)
    assert [view.tile_rect(index) for index in range(9)] == before


def test_an_order_stays_while_the_weights_change_and_goes_with_their_number(view: MosaicView) -> None:
    view.set_tiles(levels(9))
    view.set_order(np.arange(9)[::-1])
    first = view.tile_rect(8)
    view.set_tiles(-levels(9))
    assert view.tile_rect(8) == first
    assert steady(view).pixelColor(place(view, 8)) == colour(-1)
    view.set_tiles(levels(10))
    assert view.tile_rect(0).top() < view.tile_rect(9).bottom()
    assert view.unit_at(view.tile_rect(0).center()) == 0
    filters = view.filters()
    assert filters is not None
    assert filters.order is None


@pytest.mark.parametrize("order", [[0, 1], [0, 1, 1], [0, 1, 3], [0, 1, 2, 3]])
def test_what_is_no_order(view: MosaicView, order: list[int]) -> None:
    view.set_tiles(levels(3))
    with pytest.raises(ValueError, match="no permutation of the 3 tiles"):
        view.set_order(np.array(order))


def test_each_tile_can_have_a_scale_of_its_own(view: MosaicView) -> None:
    tiles = np.zeros((4, 8, 8), dtype=np.float32)
    tiles[0], tiles[1, :4], tiles[2] = 1, -0.01, np.nan
    view.set_tiles(tiles)
    upper = QPointF(view.tile_rect(1).center().x(), view.tile_rect(1).top() + 8).toPoint()
    assert steady(view).pixelColor(upper).lightness() > 235
    view.set_own_scales(True)
    shown = steady(view)
    assert shown.pixelColor(upper) == colour(-1)
    assert shown.pixelColor(place(view, 0)) == colour(1)
    assert shown.pixelColor(place(view, 3)) == colour(0)
    view.set_own_scales(False)
    assert steady(view).pixelColor(upper).lightness() > 235


def test_the_bar_says_whose_scale_it_is(view: MosaicView) -> None:
    view.set_tiles(levels(4))
    common = steady(view)
    view.set_own_scales(True)
    bar = (view.tile_rect(1).right() + 12, 0)
    assert steady(view).copy(int(bar[0]), 0, 200, view.height()) != common.copy(int(bar[0]), 0, 200, view.height())


def test_without_tiles_it_says_so(view: MosaicView) -> None:
    empty = steady(view)
    view.set_tiles(noise(5))
    assert steady(view) != empty
    view.set_tiles(noise(5)[:0])
    assert steady(view) == empty
    view.set_tiles(None)
    assert view.unit_at(QPointF(100, 100)) == -1
    assert view.tile_rect(0).isEmpty()
    assert steady(view) == empty


def test_the_colour_bar_runs_from_blue_to_orange(view: MosaicView) -> None:
    ends = (diverging_colours()[2], diverging_colours()[254])
    for width, height in ((480, 320), (300, 600)):
        view.resize(width, height)
        view.set_tiles(np.zeros((16, 8, 8), dtype=np.float32))
        shown = steady(view)
        colours = {shown.pixel(x, y) & 0xFFFFFF for x in range(width) for y in range(height)}
        for red, green, blue in (map(int, end) for end in ends):
            near = [
                c for c in colours if abs((c >> 16) - red) + abs((c >> 8 & 255) - green) + abs((c & 255) - blue) < 8
            ]
            assert near


def test_a_press_that_another_widget_took_over_is_no_click(qtbot: QtBot, view: MosaicView) -> None:
    view.set_tiles(noise(12))
    pos = QPointF(place(view, 3))
    release = QMouseEvent(
        QEvent.Type.MouseButtonRelease,
        pos,
        view.mapToGlobal(pos),
        Qt.MouseButton.LeftButton,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
    )
    with qtbot.assertNotEmitted(view.clicked):
        QApplication.sendEvent(view, release)


# --- many units


def test_4096_units_are_all_shown_and_a_part_of_them_in_detail(qtbot: QtBot, view: MosaicView) -> None:
    view.set_tiles(levels(4096, 28))
    qtbot.waitUntil(lambda: steady(view).pixelColor(place(view, 4095)) == colour(1))
    shown = steady(view)
    values = (np.arange(4096) / 4095 * 2 - 1) / view.limit()
    assert all(is_colour(shown, place(view, index), values[index]) for index in range(0, 4096, 5))
    # So few are in view that they are drawn at once.
    view.zoom(12, view.tile_rect(2000).center())
    shown = steady(view)
    inside = [index for index in range(4096) if view.rect().adjusted(8, 8, -120, -40).contains(place(view, index))]
    assert 20 < len(inside) < 400
    assert all(is_colour(shown, place(view, index), values[index]) for index in inside)
    # The others are there at once, as they were: in a larger part, and all again.
    view.zoom(0.12, view.tile_rect(2000).center())
    shown = steady(view)
    more = [index for index in range(4096) if view.rect().adjusted(8, 8, -120, -60).contains(place(view, index))]
    assert len(more) > 1000
    near = sum(is_colour(shown, place(view, index), values[index]) for index in more)
    assert near > 0.9 * len(more)
    view.fit()
    assert steady(view).pixelColor(place(view, 4095)) == colour(1)
    view.shut_down()


def test_while_many_are_drawn_their_last_picture_stands_there(qtbot: QtBot, view: MosaicView) -> None:
    view.set_tiles(levels(4096, 28))
    qtbot.waitUntil(lambda: steady(view).pixelColor(place(view, 4095)) == colour(1))
    view.set_tiles(-levels(4096, 28))
    assert steady(view).pixelColor(place(view, 4095)) in (colour(1), colour(-1))
    view.zoom(1.2, view.tile_rect(2000).center())
    assert steady(view).pixelColor(place(view, 2000)).lightness() > 200
    qtbot.waitUntil(lambda: steady(view).pixelColor(place(view, 3000)).blue() > 180)
    view.set_tiles(None)
    steady(view)
    view.shut_down()


def test_numbers_stand_on_tiles_that_are_large_enough(view: MosaicView) -> None:
    view.set_tiles(np.zeros((64, 28, 28), dtype=np.float32))

    def is_numbered(index: int) -> bool:
        rect = view.tile_rect(index).toAlignedRect().intersected(view.rect().adjusted(4, 4, -4, -4))
        corner = steady(view).copy(rect.left() + 2, rect.top() + 2, 20, 14)
        return len({corner.pixel(x, y) for x in range(20) for y in range(14)}) > 4

    assert not is_numbered(9)
    view.zoom(4, view.tile_rect(9).center())
    assert is_numbered(9)
    view.fit()
    assert not is_numbered(9)
