"""What the button of the Weights panel saves, read back."""

from __future__ import annotations

import base64
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QByteArray
from PySide6.QtGui import QImage
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QMenu, QToolButton

from rbm_studio.app.images import diverging_colours, diverging_levels
from rbm_studio.app.mosaic_view import MosaicView
from rbm_studio.app.session import Session

from .driving import message, named, pick, status, train

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray
    from PySide6.QtGui import QAction
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.window import MainWindow
    from rbm_studio.core.parameters import Parameters

PICTURE = "All filters as a picture (PNG)"
DRAWING = "All filters as a drawing with numbers (SVG)…"
FILTER_PICTURE = "Selected filter as a picture (PNG)…"
FILTER_DRAWING = "Selected filter as a drawing (SVG)…"
NUMPY = "Weights and biases for NumPy (NPZ)…"
TABLE = "Weights and biases as a table (CSV)…"
GROUND = (0xC3, 0xC9, 0xD1)
SVG = "{http://www.w3.org/2000/svg}"


def actions(window: MainWindow) -> dict[str, QAction]:
    """Return what the menu offers, once it is pulled down."""
    button = named(window.panel("weights"), QToolButton, "Save filters or weights")
    assert button.isVisible()
    menu = button.menu()
    assert isinstance(menu, QMenu)
    menu.aboutToShow.emit()
    return {action.text().replace("&", ""): action for action in menu.actions() if action.text()}


def pictures(window: MainWindow) -> list[QAction]:
    submenu = actions(window)[PICTURE].menu()
    assert isinstance(submenu, QMenu)
    return submenu.actions()


def save(qtbot: QtBot, window: MainWindow, action: QAction, path: Path) -> None:
    assert action.isEnabled()
    action.trigger()
    pick(qtbot, path)
    qtbot.waitUntil(lambda: status(window) == f"Saved {path.name}")
    assert named(window.panel("weights"), QToolButton, "Save filters or weights").isEnabled()


def weights(window: MainWindow) -> Parameters:
    model = window.session.model
    assert model is not None
    return model.parameters


def pixels(image: QImage) -> NDArray[np.uint8]:
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), dtype=np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def mosaic_of(window: MainWindow) -> MosaicView:
    mosaic = window.panel("weights").findChild(MosaicView)
    assert isinstance(mosaic, MosaicView)
    return mosaic


def train_and_show(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)

    def is_shown() -> bool:
        filters = mosaic_of(window).filters()
        return filters is not None and bool((filters.weights.reshape(64, 12) == weights(window).w).all())

    qtbot.waitUntil(is_shown)


def coloured(window: MainWindow, unit: int) -> NDArray[np.uint8]:
    """Return a filter in the colours that the mosaic has, of shape (8, 8, 3)."""
    levels = diverging_levels(weights(window).w[:, unit].reshape(8, 8), mosaic_of(window).limit())
    return diverging_colours()[levels]


@pytest.mark.parametrize(("number", "scale"), [(0, 1), (1, 2), (2, 4), (3, 8)])
def test_all_filters_are_a_picture_of_whole_pixels(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, number: int, scale: int
) -> None:
    train_and_show(qtbot, window)
    action = pictures(window)[number]
    save(qtbot, window, action, tmp_path / "filters.png")
    image = QImage(str(tmp_path / "filters.png"))
    assert action.text() == f"{scale}× : {image.width()} × {image.height()} pixels…"
    columns = (image.width() // scale + 1) // 9
    assert (image.width(), image.height()) == ((columns * 9 - 1) * scale, (-(-12 // columns) * 9 - 1) * scale)
    shown = pixels(image)
    assert (shown == shown[::scale, ::scale].repeat(scale, axis=0).repeat(scale, axis=1)).all()
    shown = shown[::scale, ::scale]
    for unit in range(12):
        row, column = divmod(unit, columns)
        tile = shown[row * 9 : row * 9 + 8, column * 9 : column * 9 + 8]
        assert (tile == coloured(window, unit)).all()
    assert tuple(shown[0, 8].tolist()) == GROUND
    assert image.text("Description").startswith("12 filters: weights, colours from −")
    assert image.text("Description").endswith("; epoch 3")


def embedded(image: ET.Element) -> NDArray[np.uint8]:
    data = image.attrib["{http://www.w3.org/1999/xlink}href"].removeprefix("data:image/png;base64,")
    return pixels(QImage.fromData(QByteArray(base64.b64decode(data))))[::4, ::4]


def test_all_filters_are_a_drawing_with_frames_numbers_and_a_bar(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    train_and_show(qtbot, window)
    save(qtbot, window, actions(window)[DRAWING], tmp_path / "filters.svg")
    root = ET.parse(tmp_path / "filters.svg").getroot()
    images, texts = root.findall(f"{SVG}image"), [text.text for text in root.findall(f"{SVG}text")]
    assert texts[:12] == [str(number) for number in range(1, 13)]
    assert texts[13] == "0"
    assert (texts[12] or "").startswith("−")
    assert (texts[14] or "").startswith("+")
    assert (texts[15] or "").startswith("12 filters: weights, colours from −")
    assert len(images) == 12
    for unit, image in enumerate(images):
        assert (embedded(image) == coloured(window, unit)).all()
    frames = [rect.attrib for rect in root.findall(f"{SVG}rect") if rect.attrib.get("fill") == "none"]
    assert [(frame["x"], frame["y"]) for frame in frames] == [(im.attrib["x"], im.attrib["y"]) for im in images]
    renderer = QSvgRenderer(str(tmp_path / "filters.svg"))
    assert renderer.isValid()
    width, height = renderer.defaultSize().toTuple()
    last = frames[11]
    assert float(last["x"]) + float(last["width"]) < width
    assert float(last["y"]) + float(last["height"]) < height


def test_the_selected_filter_is_saved_alone(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    train_and_show(qtbot, window)
    offered = actions(window)
    assert not offered[FILTER_PICTURE].isEnabled()
    assert not offered[FILTER_DRAWING].isEnabled()
    window.session.selection.select_units((4,))
    offered = actions(window)
    save(qtbot, window, offered[FILTER_PICTURE], tmp_path / "filter.png")
    image = QImage(str(tmp_path / "filter.png"))
    assert (image.width(), image.height()) == (128, 128)
    assert (pixels(image)[::16, ::16] == coloured(window, 4)).all()
    assert image.text("Description").startswith("Hidden unit 5: weights, ")
    save(qtbot, window, offered[FILTER_DRAWING], tmp_path / "filter.svg")
    root = ET.parse(tmp_path / "filter.svg").getroot()
    (picture,) = root.findall(f"{SVG}image")
    assert (embedded(picture) == coloured(window, 4)).all()
    assert root.findall(f"{SVG}text")[0].text == "5"


def test_weights_are_saved_as_numbers(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    train_and_show(qtbot, window)
    save(qtbot, window, actions(window)[NUMPY], tmp_path / "weights.npz")
    with np.load(tmp_path / "weights.npz", allow_pickle=False) as file:
        assert (file["w"] == weights(window).w).all()
        assert (file["hidden_bias"] == weights(window).hidden_bias).all()
    save(qtbot, window, actions(window)[TABLE], tmp_path / "weights.csv")
    lines = (tmp_path / "weights.csv").read_text().splitlines()
    assert len(lines) == 2 + 64
    assert [np.float32(number) for number in lines[2].split(",")[2:]] == weights(window).w[0].tolist()


def test_what_cannot_be_saved_is_told_in_words(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    actions(window)[DRAWING].trigger()
    (tmp_path / "gone").rmdir()
    pick(qtbot, tmp_path / "gone" / "filters.svg")
    assert message(qtbot).startswith("filters.svg was not saved: there is no folder")
    assert named(window.panel("weights"), QToolButton, "Save filters or weights").isEnabled()


def test_without_a_model_there_is_nothing_to_save(show: Callable[[Session], MainWindow]) -> None:
    window = show(Session())
    assert not named(window.panel("weights"), QToolButton, "Save filters or weights").isEnabled()
