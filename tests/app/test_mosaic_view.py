from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPalette
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


def test_tiles_that_do_not_fit_are_averaged(view: MosaicView) -> None:
    checkered = np.indices((28, 28)).sum(axis=0) % 2 * 2 - 1
    view.resize(400, 300)
    view.set_tiles(np.broadcast_to(checkered.astype(np.float32), (4096, 28, 28)))
    assert view.limit() == 1.0
    assert steady(view).pixelColor(place(view, 2000)).lightness() > 200


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


def test_the_arrow_keys_move_the_selection_and_enter_clicks_it(qtbot: QtBot, view: MosaicView) -> None:
    view.set_tiles(noise(12))
    columns = sum(view.tile_rect(index).top() == view.tile_rect(0).top() for index in range(12))
    seen: list[int] = []
    view.hovered.connect(seen.append)
    keys = Qt.Key
    path = [keys.Key_Right, keys.Key_Right, keys.Key_Down, keys.Key_Left, keys.Key_Up, keys.Key_Up, keys.Key_End]
    for key in [*path, keys.Key_Right, keys.Key_Down, keys.Key_Home, keys.Key_Left]:
        QTest.keyClick(view, key)
    assert seen == [0, 1, 1 + columns, columns, 0, 0, 11, 11, 11, 0, 0]
    for index, key in ((1, keys.Key_Up), (12 - columns, keys.Key_Down)):
        view.set_selected(index)
        QTest.keyClick(view, key)
        assert view.selected() == index
    view.set_selected(5)
    for key in (keys.Key_Return, keys.Key_Enter, keys.Key_Space):
        with qtbot.waitSignal(view.clicked) as clicked:
            QTest.keyClick(view, key)
        assert clicked.args == [5]


def test_keys_without_tiles_or_selection_do_nothing(qtbot: QtBot, view: MosaicView) -> None:
    with qtbot.assertNotEmitted(view.clicked), qtbot.assertNotEmitted(view.hovered):
        for key in (Qt.Key.Key_Right, Qt.Key.Key_Return, Qt.Key.Key_A):
            QTest.keyClick(view, key)
        view.set_tiles(noise(3))
        QTest.keyClick(view, Qt.Key.Key_Return)
    assert view.selected() is None


def test_selected_and_hovered_tiles_are_outlined_in_the_accent_colour(view: MosaicView) -> None:
    view.set_tiles(noise(12))
    accent = view.palette().color(QPalette.ColorRole.Accent)

    def is_outlined(index: int) -> bool:
        rect = view.tile_rect(index)
        return steady(view).pixelColor(QPointF(rect.left() - 1, rect.center().y()).toPoint()) == accent

    assert not is_outlined(6)
    view.set_selected(6)
    assert is_outlined(6)
    QTest.mouseMove(view, place(view, 8))
    assert is_outlined(8)
    view.set_selected(None)
    assert not is_outlined(6)
    view.set_selected(12)
    assert view.selected() is None


def test_fewer_tiles_take_selection_and_hovering_with_them(qtbot: QtBot, view: MosaicView) -> None:
    view.set_tiles(noise(12))
    view.set_selected(11)
    QTest.mouseMove(view, place(view, 10))
    with qtbot.waitSignal(view.hovered) as hovered:
        view.set_tiles(noise(4))
    assert hovered.args == [-1]
    assert view.selected() is None


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
