from __future__ import annotations

import os
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMenu

from rbm_studio.app.histogram_view import HistogramView
from rbm_studio.app.images import grey_image, grey_values
from rbm_studio.app.pairs_view import PairsView
from rbm_studio.app.panels.health_panel import HealthPanel
from rbm_studio.app.picture_export import PictureButton, file_name
from rbm_studio.app.pictures import DrawnPicture, Picture, PixelPicture, plot_picture

from .driving import message, pick, process_deletions, shown, status, train, wait_for
from .test_pictures import a_cross

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow

DIGIT = np.random.default_rng(0).integers(0, 256, (28, 28)).astype(np.uint8)


@pytest.fixture
def pictures() -> list[Picture]:
    return [PixelPicture("Digit & co.", grey_image(DIGIT)), DrawnPicture("Cross", QSize(60, 50), a_cross)]


@pytest.fixture
def button(window: MainWindow, pictures: list[Picture]) -> PictureButton:
    button = PictureButton(lambda: pictures, window.session, window.centralWidget() or window)
    button.show()
    return button


def entries(menu: QMenu) -> list[QAction]:
    return [action for action in menu.actions() if not action.isSeparator()]


def words(action: QAction) -> str:
    return action.text().replace("&&", "and").replace("&", "")


def opened(button: PictureButton) -> QMenu:
    """Open the menu as the button does."""
    menu = button.menu()
    assert isinstance(menu, QMenu)
    menu.popup(button.mapToGlobal(button.rect().bottomLeft()))
    return menu


def choose(button: PictureButton, *path: str) -> None:
    """Choose an entry whose text begins so, by way of the menus named before it."""
    menu = opened(button)
    *menus, last = path
    for name in menus:
        (action,) = [action for action in entries(menu) if words(action) == name]
        submenu = action.menu()
        assert isinstance(submenu, QMenu)
        menu = submenu
    (action,) = [action for action in entries(menu) if words(action).startswith(last)]
    assert action.isEnabled()
    action.trigger()
    button.menu().close()


def test_what_was_printed_for_a_menu_goes_with_it(window: MainWindow, pictures: list[Picture]) -> None:
    view = HistogramView("values")
    view.setParent(window.centralWidget())

    def offer() -> list[Picture]:
        return [plot_picture("Values", view), *pictures]

    button = PictureButton(offer, window.session, window)
    for _ in range(3):
        opened(button)
        process_deletions()
        assert len(button.findChildren(HistogramView)) == 1
        button.menu().close()


def test_several_pictures_are_offered_by_name_each_with_what_it_can_do(button: PictureButton) -> None:
    menus = [action.menu() for action in entries(opened(button))]
    assert [words(action) for action in entries(button.menu())] == ["Digit and co.", "Cross"]
    digit, cross = ([words(action) for action in entries(menu)] for menu in menus if isinstance(menu, QMenu))
    assert digit[:2] == ["Copy picture", "Save as PNG, 1× (28 × 28 px)…"]
    assert digit[-1] == "Save as PNG, 16× (448 × 448 px)…"
    assert cross[-1] == "Save as SVG…"
    button.menu().close()


def test_one_picture_is_offered_at_once_and_none_is_said(button: PictureButton, pictures: list[Picture]) -> None:
    del pictures[1:]
    assert next(words(action) for action in entries(opened(button))) == "Copy picture"
    button.menu().close()
    pictures.clear()
    (action,) = entries(opened(button))
    assert not action.isEnabled()
    button.menu().close()


def test_the_menu_is_opened_and_left_by_keys(button: PictureButton, pictures: list[Picture], qtbot: QtBot) -> None:
    del pictures[1:]
    button.setFocus()

    def copy() -> None:
        QTest.keyClick(button.menu(), Qt.Key.Key_Down)
        QTest.keyClick(button.menu(), Qt.Key.Key_Return)

    button.menu().aboutToShow.connect(copy, Qt.ConnectionType.QueuedConnection)
    QTest.keyClick(button, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().image().width() == 448)


def test_the_clipboard_holds_the_picture(window: MainWindow, button: PictureButton) -> None:
    choose(button, "Digit and co.", "Copy")
    copied = np.rint(grey_values(QGuiApplication.clipboard().image()) * 255)
    np.testing.assert_array_equal(copied, np.kron(DIGIT, np.ones((16, 16))))
    assert status(window) == "Copied “Digit & co.” (448 × 448 px)"


def test_a_png_is_saved_at_the_scale_that_was_chosen(
    qtbot: QtBot, window: MainWindow, button: PictureButton, tmp_path: Path
) -> None:
    choose(button, "Digit and co.", "Save as PNG, 4×")
    pick(qtbot, tmp_path / "digit")
    saved = np.rint(grey_values(QImage(str(tmp_path / "digit.png"))) * 255)
    np.testing.assert_array_equal(saved, np.kron(DIGIT, np.ones((4, 4))))
    assert status(window) == "Saved digit.png"


def test_a_drawing_is_saved_as_svg(qtbot: QtBot, button: PictureButton, tmp_path: Path) -> None:
    choose(button, "Cross", "Save as SVG")
    assert wait_for(qtbot, QFileDialog).defaultSuffix() == "svg"
    pick(qtbot, tmp_path / "cross")
    assert ElementTree.parse(tmp_path / "cross.svg").getroot().get("viewBox") == "0 0 60 50"


def test_a_dialog_that_is_cancelled_does_nothing(qtbot: QtBot, button: PictureButton, tmp_path: Path) -> None:
    before = sorted(os.listdir(tmp_path))
    choose(button, "Digit and co.", "Save as PNG, 1×")
    dialog = wait_for(qtbot, QFileDialog)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not shown(QFileDialog))
    assert sorted(os.listdir(tmp_path)) == before


def test_a_path_that_cannot_be_written_is_told_in_words(qtbot: QtBot, button: PictureButton, tmp_path: Path) -> None:
    (tmp_path / "digit.png").mkdir()
    (tmp_path / "file").write_bytes(b"")
    choose(button, "Digit and co.", "Save as PNG, 1×")
    dialog = wait_for(qtbot, QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "digit.png"))
    assert "digit.png is a folder" in message(qtbot)
    dialog.fileSelected.emit(str(tmp_path / "file" / "digit.png"))
    assert "was not saved" in message(qtbot)
    dialog.reject()
    qtbot.waitUntil(lambda: not shown(QFileDialog))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs permissions that hold")
def test_without_permission_nothing_is_written(qtbot: QtBot, button: PictureButton, tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    choose(button, "Digit and co.", "Save as PNG, 1×")
    pick(qtbot, folder / "digit.png")
    assert "you may not write" in message(qtbot)
    assert os.listdir(folder) == []


def test_names_become_names_of_files() -> None:
    assert file_name("Hidden units: p(h = 1 | v)") == "hidden-units-p-h-1-v"
    assert file_name("../../etc") == "etc"
    assert file_name("…") == "picture"
    assert len(file_name("a" * 500)) <= 60


# --- in the panels


def test_reconstructions_are_saved_pixel_by_pixel(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    panel = window.panel("reconstructions")
    button, view = panel.findChild(PictureButton), panel.findChild(PairsView)
    assert isinstance(button, PictureButton)
    assert isinstance(view, PairsView)
    choose(button, "Save as PNG, 2×")
    pick(qtbot, tmp_path / "pairs.png")
    saved = grey_values(QImage(str(tmp_path / "pairs.png")))
    np.testing.assert_array_equal(saved[::2, ::2], grey_values(view.picture()))
    np.testing.assert_allclose(saved[6:22:2, 6:22:2], grey_values(view.pairs()[0][0]), atol=1e-6)


def test_the_healths_plots_are_saved_as_drawings(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    train(qtbot, window)
    window.docks["health"].raise_()
    panel = window.panel("health")
    assert isinstance(panel, HealthPanel)
    qtbot.waitUntil(lambda: panel.health is not None)
    button = panel.findChild(PictureButton)
    assert isinstance(button, PictureButton)
    names = [words(action) for action in entries(opened(button))]
    button.menu().close()
    assert names[:6] == [
        "Hidden units: p(h = 1 | v)",
        "Units: length of filter × mean activity",
        "Weights",
        "Visible biases",
        "Hidden biases",
        "Free-energy gap (nats)",
    ]
    for name in names[:6]:
        choose(button, name, "Save as SVG")
        pick(qtbot, tmp_path / "plot.svg")
        root = ElementTree.parse(tmp_path / "plot.svg").getroot()
        assert name in "".join(root.itertext())
        (tmp_path / "plot.svg").unlink()
    choose(button, "Hidden units: p(h = 1 | v), pixel by pixel", "Save as PNG, 1×")
    pick(qtbot, tmp_path / "units.png")
    assert panel.health is not None
    saved = grey_values(QImage(str(tmp_path / "units.png")))
    np.testing.assert_allclose(saved, panel.health.activations, atol=1 / 255)
    choose(button, "Negative particles, pixel by pixel", "Copy")
    assert QGuiApplication.clipboard().image().width() >= 400
