from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QToolButton

from rbm_studio.app.drawing import Drawing
from rbm_studio.app.drawings import Kept
from rbm_studio.app.images import grey_image, grey_values
from rbm_studio.app.numbers import fixed
from rbm_studio.app.panels.draw_panel import DrawPanel
from rbm_studio.app.panels.drawings_panel import DrawingsPanel
from rbm_studio.app.picture_export import PictureButton
from rbm_studio.app.session import Session
from rbm_studio.app.state import RunState
from rbm_studio.app.tray_list import TrayView
from rbm_studio.core.health import fixed_part

from .conftest import bars_dataset, load
from .driving import LEFT, click, drag, message, named, pick, press, status, train, wait_until_idle
from .test_drawings import drawing
from .test_picture_export import choose

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.tray_measuring import Figures
    from rbm_studio.app.window import MainWindow

STROKES = (
    [(0.5, 0.2), (0.5, 0.8)],
    [(0.2, 0.5), (0.8, 0.5)],
    [(0.2, 0.2), (0.8, 0.8), (0.8, 0.2), (0.2, 0.8), (0.5, 0.1)],
)
NO_KEY = Qt.KeyboardModifier.NoModifier


def panel(window: MainWindow) -> DrawingsPanel:
    found = window.panel("drawings")
    assert isinstance(found, DrawingsPanel)
    return found


def draw_panel(window: MainWindow) -> DrawPanel:
    found = window.panel("draw")
    assert isinstance(found, DrawPanel)
    return found


def view(window: MainWindow) -> TrayView:
    return named(panel(window), TrayView, "Kept drawings")


def tool(window: MainWindow, name: str) -> QToolButton:
    return named(panel(window), QToolButton, name)


def kept(window: MainWindow) -> tuple[Kept, ...]:
    return window.session.drawings.kept


def look(window: MainWindow) -> None:
    window.docks["drawings"].raise_()


def keep(qtbot: QtBot, window: MainWindow, *strokes: list[tuple[float, float]]) -> None:
    """Draw each of these strokes alone and keep it by its key, then look at the tray."""
    window.docks["draw"].raise_()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    canvas = draw_panel(window).canvas
    for stroke in strokes:
        canvas.setFocus()
        QTest.keyClick(canvas, Qt.Key.Key_Delete)
        drag(canvas, *stroke)
        draw_panel(window).refresh()
        before = len(kept(window))
        QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda before=before: len(kept(window)) == before + 1)  # type: ignore[misc]
    look(window)


def measured(qtbot: QtBot, window: MainWindow) -> list[tuple[Kept, Figures]]:
    """Wait until all that is kept is measured with the newest parameters, and return it as it is shown."""

    def is_measured() -> bool:
        tray, model = view(window).tray, window.session.model
        return (
            panel(window).measured.model is model
            and set(tray.kept()) == set(kept(window))
            and set(tray.figures()) == set(kept(window))
        )

    qtbot.waitUntil(is_measured)
    tray = view(window).tray
    return [(each, tray.figures()[each]) for each in tray.kept()]


def place(window: MainWindow, row: int) -> None:
    """Click a card."""
    rect = view(window).visualRect(view(window).tray.index(row))
    QTest.mouseClick(view(window).viewport(), LEFT, NO_KEY, rect.center())


def test_a_drawing_is_kept_with_what_the_model_makes_of_it(qtbot: QtBot, window: MainWindow) -> None:
    window.session.change_settings(binarisation="grey")
    train(qtbot, window)
    keep(qtbot, window, STROKES[2])
    assert status(window).startswith("Kept.")
    ((one, figures),) = measured(qtbot, window)
    model, images = window.session.model, window.session.images
    assert model is not None
    assert images is not None
    p, visible = model.parameters, one.seen((8, 8)).reshape(1, -1)
    np.testing.assert_array_equal(one.seen((8, 8)), window.session.drawings.visible)
    assert figures.free_energy == pytest.approx(p.free_energy(visible)[0])
    restored = p.expect_visible(p.expect_hidden(visible)).astype(np.float64)
    assert figures.cross_entropy == pytest.approx(
        -(visible * np.log(restored) + (1 - visible) * np.log(1 - restored)).sum(), rel=1e-4
    )
    assert figures.restored is not None
    np.testing.assert_allclose(grey_values(figures.restored).ravel(), restored[0], atol=1 / 255)
    others = p.free_energy(fixed_part(images.test, model.training.binarisation, model.training.threshold))
    assert figures.rank == pytest.approx((others < figures.free_energy).mean(), abs=0.03)
    words = [label.toolTip().replace("\n", " ") for label in panel(window).findChildren(QLabel)]
    mean = fixed(float(others.mean()), 1)
    line = f"Bar: share of 20 held-out images (Bars, mean {mean} nats) with a lower F(v); grey values; epoch 3"
    assert any(line in text for text in words)


def test_the_drawings_are_shown_as_the_training_shows_images(qtbot: QtBot, window: MainWindow) -> None:
    window.session.change_settings(binarisation="threshold", threshold=0.3)
    train(qtbot, window)
    keep(qtbot, window, STROKES[2])
    ((one, figures),) = measured(qtbot, window)
    assert window.session.model is not None
    binary = (one.seen((8, 8)).reshape(1, -1) > 0.3).astype(np.float32)
    assert figures.free_energy == pytest.approx(window.session.model.parameters.free_energy(binary)[0])
    words = [label.toolTip().replace("\n", " ") for label in panel(window).findChildren(QLabel)]
    assert any("binary above 0.3" in text for text in words)


@pytest.mark.parametrize("order", ["By free energy", "By reconstruction error", "By time kept"])
def test_drawings_stand_in_the_order_that_is_chosen(qtbot: QtBot, window: MainWindow, order: str) -> None:
    # Of eight pixels a side, thresholded, two of the drawings would be one.
    window.session.change_settings(binarisation="grey")
    train(qtbot, window)
    keep(qtbot, window, *reversed(STROKES))
    box = named(panel(window), QComboBox, "Order of the drawings")
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    for _ in range(["By free energy", "By reconstruction error", "By time kept"].index(order)):
        QTest.keyClick(box, Qt.Key.Key_Down)
    assert box.currentText() == order
    found = measured(qtbot, window)
    if order == "By time kept":
        assert [each for each, _ in found] == list(kept(window))
    else:
        values = [f.free_energy if order == "By free energy" else f.cross_entropy for _, f in found]
        assert values == sorted(values)
        assert len(set(values)) == 3


def test_the_figures_live_while_the_model_trains_and_only_in_view(qtbot: QtBot, window: MainWindow) -> None:
    window.session.change_settings(epochs=100_000)
    keep(qtbot, window, *STROKES)
    ((_, before), *_) = measured(qtbot, window)
    press(window, "Train")
    for _ in range(3):
        with qtbot.waitSignal(panel(window).updated):
            pass
    ((_, after), *_) = [(each, view(window).tray.figures()[each]) for each in view(window).tray.kept()]
    assert after.free_energy != before.free_energy
    window.docks["health"].raise_()
    # One that was under way may come to its end.
    qtbot.waitUntil(lambda: panel(window).is_resting)
    with qtbot.assertNotEmitted(panel(window).updated, wait=600):
        epoch = panel(window).measured.epochs
    look(window)
    with qtbot.waitSignal(panel(window).updated):
        pass
    assert panel(window).measured.epochs > epoch
    press(window, "Stop")
    wait_until_idle(qtbot, window.session)


def test_cards_keep_their_places_under_the_pointer_while_the_model_trains(qtbot: QtBot, window: MainWindow) -> None:
    keep(qtbot, window, *STROKES)
    measured(qtbot, window)
    window.session.change_settings(epochs=100_000)
    order = view(window).tray.kept()
    view(window).tray.show(order[::-1], view(window).tray.figures())
    view(window).setAttribute(Qt.WidgetAttribute.WA_UnderMouse)
    press(window, "Train")
    for _ in range(3):
        with qtbot.waitSignal(panel(window).updated):
            pass
        assert view(window).tray.kept() == order[::-1]
    press(window, "Stop")
    wait_until_idle(qtbot, window.session)
    view(window).setAttribute(Qt.WidgetAttribute.WA_UnderMouse, on=False)
    found = [figures.free_energy for _, figures in measured(qtbot, window)]
    qtbot.waitUntil(lambda: found == sorted(found))


def test_what_is_selected_stays_so_when_the_order_changes(qtbot: QtBot, window: MainWindow) -> None:
    keep(qtbot, window, *STROKES)
    measured(qtbot, window)
    place(window, 1)
    (chosen,) = view(window).selected()
    order = view(window).tray.kept()
    view(window).tray.show(order[1:] + order[:1], view(window).tray.figures())
    assert view(window).selected() == [chosen]
    assert view(window).currentIndex().row() == 0


def by_double_click(window: MainWindow, row: int) -> None:
    rect = view(window).visualRect(view(window).tray.index(row))
    QTest.mouseClick(view(window).viewport(), LEFT, NO_KEY, rect.center())
    QTest.mouseDClick(view(window).viewport(), LEFT, NO_KEY, rect.center())


def by_enter(window: MainWindow, row: int) -> None:
    view(window).setFocus()
    QTest.keyClick(view(window), Qt.Key.Key_Home)
    for _ in range(row):
        QTest.keyClick(view(window), Qt.Key.Key_Right)
    QTest.keyClick(view(window), Qt.Key.Key_Return)


def by_button(window: MainWindow, row: int) -> None:
    place(window, row)
    click(tool(window, "Put on the canvas"))


@pytest.mark.parametrize("way", [by_double_click, by_enter, by_button])
def test_a_kept_drawing_goes_back_on_the_canvas(
    qtbot: QtBot, window: MainWindow, way: Callable[[MainWindow, int], None]
) -> None:
    keep(qtbot, window, *STROKES)
    measured(qtbot, window)
    wanted = view(window).tray.kept()[1]
    canvas = draw_panel(window).canvas
    canvas.clear()
    way(window, 1)
    assert canvas.strokes() == list(wanted.drawing.strokes)
    assert not window.docks["draw"].visibleRegion().isEmpty()
    draw_panel(window).refresh()
    np.testing.assert_array_equal(window.session.drawings.visible, wanted.seen((8, 8)))
    # It is still the same drawing: it is not kept twice.
    QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: status(window) == "This drawing is kept already.")
    canvas.undo()
    assert canvas.strokes() == []


def test_pen_and_centring_come_back_with_a_drawing(qtbot: QtBot, window: MainWindow) -> None:
    one = Kept(drawing(), pen_width=4.0, normalize=False)
    two = Kept(Drawing(picture=grey_image(np.eye(8, dtype=np.float32))))
    corner = np.zeros((60, 60), dtype=np.float32)
    corner[5:25, 5:12] = 1
    three = Kept(Drawing(picture=grey_image(corner), is_imported=True))
    window.session.drawings.add([one, two, three])
    look(window)
    measured(qtbot, window)
    for wanted in (one, two, three):
        by_button(window, view(window).tray.kept().index(wanted))
        draw_panel(window).refresh()
        visible = window.session.drawings.visible
        assert visible is not None
        assert visible.any()
        np.testing.assert_allclose(visible, wanted.seen((8, 8)), atol=1e-6)
        look(window)


@pytest.mark.parametrize("way", ["key", "button"])
def test_drawings_are_removed_and_brought_back(qtbot: QtBot, window: MainWindow, way: str) -> None:
    keep(qtbot, window, *STROKES)
    measured(qtbot, window)
    assert not tool(window, "Remove").isEnabled()
    assert not tool(window, "Bring back what was removed").isEnabled()
    before = kept(window)
    place(window, 1)
    (chosen,) = view(window).selected()
    if way == "key":
        QTest.keyClick(view(window), Qt.Key.Key_Delete)
    else:
        click(tool(window, "Remove"))
    assert kept(window) == tuple(each for each in before if each is not chosen)
    assert len(view(window).tray.kept()) == 2
    if way == "key":
        QTest.keyClick(view(window), Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    else:
        click(tool(window, "Bring back what was removed"))
    qtbot.waitUntil(lambda: kept(window) == before)
    assert view(window).selected() == [chosen]
    QTest.keyClick(view(window), Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(view(window), Qt.Key.Key_Delete)
    assert kept(window) == ()
    assert not tool(window, "Put on the canvas").isEnabled()


def test_drawings_are_rendered_again_for_a_model_of_another_size(qtbot: QtBot, window: MainWindow) -> None:
    keep(qtbot, window, STROKES[2])
    ((one, small),) = measured(qtbot, window)
    assert small.seen.width() == 8
    load(qtbot, window.session, bars_dataset(12))
    qtbot.waitUntil(lambda: window.session.model is not None and window.session.model.image_shape == (12, 12))
    ((same, large),) = measured(qtbot, window)
    assert same is one
    np.testing.assert_allclose(grey_values(large.seen), one.seen((12, 12)), atol=1 / 255)
    assert math.isfinite(large.rank)


def test_without_images_of_the_models_size_there_is_nothing_to_compare_with(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    keep(qtbot, window, STROKES[0])
    load(qtbot, window.session, bars_dataset(12))
    qtbot.waitUntil(lambda: all(math.isnan(figures.rank) for _, figures in measured(qtbot, window)))
    ((_, figures),) = measured(qtbot, window)
    assert math.isfinite(figures.free_energy)
    words = [label.toolTip().replace("\n", " ") for label in panel(window).findChildren(QLabel)]
    assert any("No held-out images of the model's size" in text for text in words)


def test_without_a_model_drawings_are_kept_all_the_same(qtbot: QtBot, show: Callable[[Session], MainWindow]) -> None:
    window = show(Session())
    keep(qtbot, window, STROKES[0])
    ((one, figures),) = measured(qtbot, window)
    assert figures.seen.width() == 28
    assert figures.restored is None
    index = view(window).tray.index(0)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "Drawing 1: not measured"
    window.session.drawings.remove([one])
    assert view(window).tray.rowCount() == 0


def test_a_model_that_has_diverged_is_no_reason_to_fail(qtbot: QtBot, window: MainWindow) -> None:
    keep(qtbot, window, *STROKES)
    measured(qtbot, window)
    assert window.session.model is not None
    window.session.model.parameters.w[:] = np.nan
    window.session.model_changed.emit()
    with qtbot.waitSignal(panel(window).updated):
        pass
    assert all(math.isnan(figures.free_energy) for _, figures in measured(qtbot, window))
    view(window).grab()


@pytest.mark.parametrize("count", [1, 3, 40])
def test_as_many_cards_as_can_be_are_in_view(qtbot: QtBot, window: MainWindow, count: int) -> None:
    look(window)
    window.session.drawings.add([Kept(drawing(n / count)) for n in range(count)])
    measured(qtbot, window)
    first = view(window).visualRect(view(window).tray.index(0))
    last = view(window).visualRect(view(window).tray.index(count - 1))
    if count == 40:
        assert view(window).viewport().width() // first.width() >= 4
        assert not view(window).viewport().rect().contains(last)
    else:
        qtbot.waitUntil(lambda: view(window).visualRect(view(window).tray.index(0)).height() > 150)
        last = view(window).visualRect(view(window).tray.index(count - 1))
        assert view(window).viewport().rect().contains(last)


# --- files


def drop(window: MainWindow, *paths: Path) -> None:
    """Drop files on the cards."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    target = view(window).viewport()
    at = target.rect().center()
    entering = QDragEnterEvent(at, Qt.DropAction.CopyAction, data, LEFT, NO_KEY)
    QApplication.sendEvent(target, entering)
    assert entering.isAccepted()
    dropping = QDropEvent(QPointF(at), Qt.DropAction.CopyAction, data, LEFT, NO_KEY)
    QApplication.sendEvent(target, dropping)
    assert dropping.isAccepted()


def digit(path: Path, seed: int) -> Path:
    values = np.zeros((28, 28), np.float32)
    values[6:22, 8:20] = np.random.default_rng(seed).random((16, 12)) > 0.4
    assert grey_image(1 - values).save(str(path))
    return path


def test_image_files_are_added_by_dropping_them(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    look(window)
    paths = [digit(tmp_path / f"{n}.png", n) for n in range(3)]
    drop(window, *paths)
    qtbot.waitUntil(lambda: len(kept(window)) == 3)
    assert len(measured(qtbot, window)) == 3
    assert len(view(window).selected()) == 3
    # They were black on white, and are centred and scaled now.
    seen = kept(window)[0].seen((28, 28))
    assert (seen[:3].max(), seen[-3:].max()) == (0, 0)
    assert seen.max() == pytest.approx(1, abs=0.01)
    assert seen.any(axis=1).sum() == 20


def test_what_is_no_picture_is_told_and_the_others_are_added(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    look(window)
    (tmp_path / "broken.png").write_bytes(b"nothing")
    drop(window, digit(tmp_path / "1.png", 1), tmp_path / "broken.png", tmp_path / "missing.png")
    qtbot.waitUntil(lambda: len(kept(window)) == 1)
    words = message(qtbot)
    assert words.startswith("2 files were not added. The first: ")
    assert "broken.png is not a picture" in words
    drop(window, tmp_path / "missing.png")
    assert "There is no file" in message(qtbot)


def test_other_files_are_for_the_window(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    look(window)
    drop(window, tmp_path / "missing.npz")
    assert "There is no file" in message(qtbot)
    assert kept(window) == ()


def test_several_drops_are_all_taken(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    look(window)
    for n in range(4):
        drop(window, digit(tmp_path / f"{n}.png", n))
    qtbot.waitUntil(lambda: len(kept(window)) == 4)


def test_an_image_file_is_added_by_the_dialog(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    look(window)
    click(tool(window, "Add an image file…"))
    pick(qtbot, digit(tmp_path / "1.png", 1))
    qtbot.waitUntil(lambda: len(kept(window)) == 1)


def test_the_pictures_are_copied(qtbot: QtBot, window: MainWindow) -> None:
    keep(qtbot, window, *STROKES)
    found = measured(qtbot, window)
    place(window, 1)
    button = panel(window).findChild(PictureButton)
    assert isinstance(button, PictureButton)
    for name, image in (("Drawing", found[1][1].seen), ("Reconstruction of the drawing", found[1][1].restored)):
        choose(button, name, "Copy")
        assert image is not None
        copied = grey_values(QGuiApplication.clipboard().image())
        np.testing.assert_allclose(copied[::16, ::16], grey_values(image), atol=1e-6)
    choose(button, "All drawings and their reconstructions", "Copy")
    assert QGuiApplication.clipboard().image().width() >= 400


def test_the_thread_ends_with_the_session(qtbot: QtBot, window: MainWindow) -> None:
    keep(qtbot, window, *STROKES)
    window.session.shut_down()
    assert window.session.run_state is RunState.IDLE
    with qtbot.assertNotEmitted(panel(window).updated, wait=300):
        window.session.model_changed.emit()
