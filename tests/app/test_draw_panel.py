from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QSlider, QToolButton

from rbm_studio.app.image_view import ImageView
from rbm_studio.app.images import grey_values
from rbm_studio.app.panels.draw_panel import DrawPanel
from rbm_studio.app.session import Session

from .conftest import bars_dataset, load
from .driving import LEFT, button, click, drag, labels, named, on, press, settle, train, wait_until_idle

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow

STROKE = [(0.5, 0.2), (0.5, 0.5), (0.5, 0.8)]
SEEN, HIDDEN, RESTORED = "What the network sees", "Hidden units", "Reconstruction"


def panel_of(window: MainWindow) -> DrawPanel:
    panel = window.panel("draw")
    assert isinstance(panel, DrawPanel)
    return panel


def picture(window: MainWindow, name: str) -> NDArray[np.float32]:
    image = named(window.panel("draw"), ImageView, name).image()
    assert image is not None
    return grey_values(image)


def tool(window: MainWindow, name: str) -> QToolButton:
    return named(window.panel("draw"), QToolButton, name)


def draw(window: MainWindow, *places: tuple[float, float]) -> NDArray[np.float32]:
    """Draw a stroke, and return what the network sees of the whole of it."""
    drag(panel_of(window).canvas, *places)
    panel_of(window).refresh()
    return picture(window, SEEN)


def open_row(window: MainWindow, name: str) -> None:
    switch = button(window.panel("draw"), name)
    if not switch.isChecked():
        click(switch)


def choose_mean_field(window: MainWindow) -> None:
    box = named(window.panel("draw"), QComboBox, "Hidden units")
    open_row(window, "Chain")
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert box.currentText() == "Hidden: mean field"


def wait_until_other(qtbot: QtBot, window: MainWindow, name: str, before: NDArray[np.float32]) -> None:
    qtbot.waitUntil(lambda: not np.array_equal(picture(window, name), before))


def test_a_stroke_is_seen_answered_and_restored(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    choose_mean_field(window)
    assert picture(window, SEEN).max() == 0
    before = {name: picture(window, name) for name in (SEEN, HIDDEN, RESTORED)}
    drag(panel_of(window).canvas, *STROKE)
    for name, old in before.items():
        wait_until_other(qtbot, window, name, old)
    assert picture(window, SEEN).shape == (8, 8)
    assert picture(window, SEEN)[:, 3:5].sum() > 0.9 * picture(window, SEEN).sum()
    assert picture(window, HIDDEN).size >= 12
    assert picture(window, RESTORED).shape == (8, 8)
    assert "Seen as 8×8" in labels(window.panel("draw"))


def test_every_move_of_the_pointer_is_seen(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    choose_mean_field(window)
    canvas = panel_of(window).canvas
    QTest.mousePress(canvas, LEFT, pos=on(canvas, 0.2, 0.2))
    for x, y in ((0.4, 0.2), (0.6, 0.3), (0.7, 0.5), (0.5, 0.8)):
        seen, restored = picture(window, SEEN), picture(window, RESTORED)
        QTest.mouseMove(canvas, on(canvas, x, y))
        wait_until_other(qtbot, window, SEEN, seen)
        wait_until_other(qtbot, window, RESTORED, restored)
    QTest.mouseRelease(canvas, LEFT, pos=on(canvas, 0.5, 0.8))


def test_what_is_restored_is_what_the_model_says(qtbot: QtBot, window: MainWindow) -> None:
    choose_mean_field(window)
    seen = picture(window, SEEN)
    drag(panel_of(window).canvas, *STROKE)
    wait_until_other(qtbot, window, SEEN, seen)
    assert window.session.model is not None
    p = window.session.model.parameters
    restored = p.expect_visible(p.expect_hidden(picture(window, SEEN).reshape(1, -1)))
    # Both the input and the output are shown in 256 steps of grey.
    np.testing.assert_allclose(picture(window, RESTORED).ravel(), restored.ravel(), atol=3 / 255)


def test_sampled_units_are_on_or_off_and_differ_from_time_to_time(qtbot: QtBot, window: MainWindow) -> None:
    drag(panel_of(window).canvas, *STROKE)
    assert set(np.unique(picture(window, HIDDEN))) <= {0.0, 1.0}
    assert any("units on" in text for text in labels(window.panel("draw")))
    before = picture(window, HIDDEN)

    def again() -> bool:
        panel_of(window).refresh()
        return not np.array_equal(picture(window, HIDDEN), before)

    qtbot.waitUntil(again)


def test_mean_field_is_deterministic(qtbot: QtBot, window: MainWindow) -> None:
    drag(panel_of(window).canvas, *STROKE)
    settle(qtbot, window.panel("draw"))
    choose_mean_field(window)
    qtbot.waitUntil(lambda: "12 units, p(h|v)" in labels(window.panel("draw")))
    before = [picture(window, name) for name in (SEEN, HIDDEN, RESTORED)]
    for _ in range(3):
        panel_of(window).refresh()
        for name, old in zip((SEEN, HIDDEN, RESTORED), before, strict=True):
            np.testing.assert_array_equal(picture(window, name), old)


def test_a_drawing_comes_alive_while_the_model_trains(qtbot: QtBot, window: MainWindow) -> None:
    choose_mean_field(window)
    drag(panel_of(window).canvas, *STROKE)
    window.session.change_settings(epochs=100_000)
    before = picture(window, RESTORED)
    press(window, "Train")
    for _ in range(3):
        wait_until_other(qtbot, window, RESTORED, before)
        before = picture(window, RESTORED)
    press(window, "Stop")
    wait_until_idle(qtbot, window.session)


def test_undo_redo_and_clear(qtbot: QtBot, window: MainWindow) -> None:
    canvas = panel_of(window).canvas
    undo, redo, clear = (tool(window, name) for name in ("Undo", "Redo", "Clear"))
    assert not undo.isEnabled()
    assert not redo.isEnabled()
    assert not clear.isEnabled()
    empty = picture(window, SEEN)
    one = draw(window, *STROKE)
    two = draw(window, (0.2, 0.5), (0.8, 0.5))
    assert not np.array_equal(one, empty)
    assert not np.array_equal(two, one)

    click(undo)
    qtbot.waitUntil(lambda: np.array_equal(picture(window, SEEN), one))
    assert redo.isEnabled()
    click(redo)
    qtbot.waitUntil(lambda: np.array_equal(picture(window, SEEN), two))
    assert not redo.isEnabled()
    click(clear)
    qtbot.waitUntil(lambda: np.array_equal(picture(window, SEEN), empty))
    assert not clear.isEnabled()
    click(undo)
    qtbot.waitUntil(lambda: np.array_equal(picture(window, SEEN), two))
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: np.array_equal(picture(window, SEEN), one))


def test_a_random_test_digit_is_one_of_the_held_out_images(qtbot: QtBot, window: MainWindow) -> None:
    images = window.session.images
    assert images is not None
    test = images.dataset.test_images / np.float32(255)
    seen = set()
    for _ in range(8):
        click(button(window.panel("draw"), "Test digit"))
        panel_of(window).refresh()
        assert any(np.array_equal(picture(window, SEEN), image) for image in test)
        seen.add(picture(window, SEEN).tobytes())
    assert len(seen) > 1
    settle(qtbot, window.panel("draw"))
    click(tool(window, "Clear"))
    qtbot.waitUntil(lambda: picture(window, SEEN).max() == 0)
    assert not tool(window, "Clear").isEnabled()
    QTest.keyClick(window, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    # Not seen by the picture: some of the images are blank.
    qtbot.waitUntil(tool(window, "Clear").isEnabled)


def test_normalising_makes_the_place_of_a_drawing_not_matter(qtbot: QtBot, window: MainWindow) -> None:
    box = named(window.panel("draw"), QCheckBox, "Centre and scale")
    assert box.isChecked()
    centred = draw(window, (0.1, 0.1), (0.1, 0.4))
    settle(qtbot, window.panel("draw"))
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Space)
    wait_until_other(qtbot, window, SEEN, centred)
    raw = picture(window, SEEN)
    assert raw[4:, 4:].max() == 0
    assert centred[2:6, 2:6].max() > 0.3


def test_the_pen_can_be_made_wider(qtbot: QtBot, window: MainWindow) -> None:
    drag(panel_of(window).canvas, *STROKE)
    slider = named(window.panel("draw"), QSlider, "Pen width")
    settle(qtbot, window.panel("draw"))
    before = picture(window, SEEN)
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_End)
    wait_until_other(qtbot, window, SEEN, before)
    assert picture(window, SEEN).sum() > before.sum()


def test_without_images_one_can_draw_all_the_same(qtbot: QtBot, show: Callable[[Session], MainWindow]) -> None:
    window = show(Session())
    assert not button(window.panel("draw"), "Test digit").isEnabled()
    empty = picture(window, SEEN)
    drag(panel_of(window).canvas, *STROKE)
    wait_until_other(qtbot, window, SEEN, empty)
    assert named(window.panel("draw"), ImageView, RESTORED).image() is None


@pytest.mark.parametrize("side", [4, 10])
def test_the_input_has_the_models_size(qtbot: QtBot, window: MainWindow, side: int) -> None:
    drag(panel_of(window).canvas, *STROKE)
    load(qtbot, window.session, bars_dataset(side))
    qtbot.waitUntil(lambda: picture(window, SEEN).shape == (side, side))
    assert picture(window, RESTORED).shape == (side, side)
