from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from rbm_studio.app.canvas import DrawingCanvas
from rbm_studio.app.images import grey_values
from rbm_studio.app.pairs_view import PairsView
from rbm_studio.app.session import Session

from .by_hand import drag
from .conftest import bars_dataset, load
from .driving import LEFT, press, settle, train, wait_until_idle

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow


def view_of(window: MainWindow) -> PairsView:
    view = window.panel("reconstructions").findChild(PairsView)
    assert isinstance(view, PairsView)
    return view


def pairs(window: MainWindow) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    inputs, restored = zip(*view_of(window).pairs(), strict=True)
    return np.array([grey_values(image) for image in inputs]), np.array([grey_values(image) for image in restored])


def test_the_first_ten_held_out_images_are_shown(window: MainWindow) -> None:
    images = window.session.images
    assert images is not None
    inputs, restored = pairs(window)
    np.testing.assert_array_equal(inputs, images.dataset.test_images[:10] / np.float32(255))
    assert restored.shape == (10, 8, 8)


def test_training_makes_them_better(qtbot: QtBot, window: MainWindow) -> None:
    inputs, before = pairs(window)
    # Units enough to restore them all but exactly, a hundredth of the error: on no processor is it near a half.
    window.session.change_settings(epochs=30, hidden_num=64, gradient="cd", learning_rate=0.3, schedule="constant")
    train(qtbot, window)
    settle(qtbot, window.panel("reconstructions"))
    _, after = pairs(window)
    assert np.mean((after - inputs) ** 2) < 0.5 * np.mean((before - inputs) ** 2)


def test_they_are_refreshed_while_the_run_lasts(qtbot: QtBot, window: MainWindow) -> None:
    window.session.change_settings(epochs=100_000)
    _, before = pairs(window)
    press(window, "Train")
    qtbot.waitUntil(lambda: not np.array_equal(pairs(window)[1], before))
    _, before = pairs(window)
    qtbot.waitUntil(lambda: not np.array_equal(pairs(window)[1], before))
    press(window, "Stop")
    wait_until_idle(qtbot, window.session)


def test_the_same_model_gives_the_same_pictures(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    settle(qtbot, window.panel("reconstructions"))
    _, before = pairs(window)
    window.session.model_changed.emit()
    settle(qtbot, window.panel("reconstructions"))
    np.testing.assert_array_equal(pairs(window)[1], before)


def test_images_of_another_size_wait_for_a_model_that_fits(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    load(qtbot, window.session, bars_dataset(10))
    assert view_of(window).pairs() == []
    train(qtbot, window)
    settle(qtbot, window.panel("reconstructions"))
    assert pairs(window)[1].shape == (10, 10, 10)


def test_without_images_the_panel_says_what_comes(show: Callable[[Session], MainWindow]) -> None:
    window = show(Session())
    assert view_of(window).pairs() == []
    blank = view_of(window).grab().toImage()
    assert len({blank.pixelColor(x, y).name() for x in range(blank.width()) for y in range(blank.height())}) > 1


def canvas_of(window: MainWindow) -> DrawingCanvas:
    canvas = window.panel("draw").findChild(DrawingCanvas)
    assert isinstance(canvas, DrawingCanvas)
    return canvas


def on_canvas(window: MainWindow) -> NDArray[np.float32] | None:
    picture = canvas_of(window).picture()
    return None if picture is None else grey_values(picture)


def test_a_click_on_a_pair_puts_its_image_on_the_canvas(window: MainWindow) -> None:
    images, view = window.session.images, view_of(window)
    assert images is not None
    canvas = canvas_of(window)
    drag(canvas, (0.2, 0.2), (0.8, 0.8))
    drawn, width = canvas.strokes(), canvas.pen_width
    window.docks["dream"].raise_()
    # On either picture of the pair, and nowhere else.
    pair = view.pair_rect(4)
    QTest.mouseClick(view, LEFT, pos=(pair.topRight() + QPointF(4, -2)).toPoint())
    assert on_canvas(window) is None
    for place in (pair.center() - QPointF(pair.width() / 4, 0), pair.center() + QPointF(pair.width() / 4, 0)):
        QTest.mouseClick(view, LEFT, pos=place.toPoint())
        assert on_canvas(window) is not None
        np.testing.assert_array_equal(on_canvas(window), images.original.test_images[4] / np.float32(255))
    assert not window.docks["draw"].visibleRegion().isEmpty()
    assert canvas.pen_width == width
    # The drawing that lay there comes back.
    for _ in range(2):
        canvas.undo()
    assert [stroke.points.tolist() for stroke in canvas.strokes()] == [stroke.points.tolist() for stroke in drawn]


def test_a_pair_is_chosen_with_the_keyboard(window: MainWindow) -> None:
    images, view = window.session.images, view_of(window)
    assert images is not None
    view.setFocus()
    for _ in range(30):
        QTest.keyClick(view, Qt.Key.Key_Left)
    for _ in range(2):
        QTest.keyClick(view, Qt.Key.Key_Right)
    before = view.grab().toImage()
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.grab().toImage() != before
    QTest.keyClick(view, Qt.Key.Key_Return)
    np.testing.assert_array_equal(on_canvas(window), images.original.test_images[3] / np.float32(255))
