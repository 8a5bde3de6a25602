from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QImage, QPalette
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QToolButton

from rbm_studio.app.icons import icon
from rbm_studio.app.theme import dark_palette, light_palette
from rbm_studio.assets import resource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

LINE_ART = [
    "train",
    "pause",
    "step",
    "stop",
    "reset",
    "open",
    "save",
    "download",
    "clear",
    "undo",
    "keep",
    "remove",
    "to_canvas",
    "redo",
    "random_digit",
    "export",
    "log_axis",
    "play_through",
    "now",
    "branch",
]


@pytest.fixture(autouse=True)
def light(qapp: QApplication) -> Iterator[None]:
    palette = qapp.palette()
    qapp.setPalette(light_palette())
    yield
    qapp.setPalette(palette)


def ink(image: QImage) -> set[str]:
    """Return the colours of the opaque pixels, less the last bits, which blending may change."""
    pixels = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
    return {rounded(pixel) for pixel in pixels if pixel.alpha() == 255}


def rounded(colour: QColor) -> str:
    return QColor.fromRgb(*(round(channel / 4) * 4 for channel in (colour.red(), colour.green(), colour.blue()))).name()


def image_of(name: str, mode: QIcon.Mode = QIcon.Mode.Normal) -> QImage:
    return icon(name).pixmap(QSize(64, 64), 1.0, mode).toImage()


def text_colour(palette: QPalette, group: QPalette.ColorGroup = QPalette.ColorGroup.Active) -> str:
    return rounded(palette.color(group, QPalette.ColorRole.WindowText))


@pytest.mark.parametrize("name", [path.stem for path in sorted(resource("icons").glob("*.svg"))])
def test_every_file_is_sound(name: str) -> None:
    assert QSvgRenderer(str(resource("icons", f"{name}.svg"))).isValid()
    assert ink(image_of(name))


@pytest.mark.parametrize("name", LINE_ART)
def test_line_art_follows_the_palette(name: str, qapp: QApplication) -> None:
    kept = icon(name)
    assert ink(kept.pixmap(64).toImage()) == {text_colour(light_palette())}
    qapp.setPalette(dark_palette())
    assert ink(kept.pixmap(64).toImage()) == {text_colour(dark_palette())}


def test_disabled_is_paler() -> None:
    assert ink(image_of("train", QIcon.Mode.Disabled)) == {text_colour(light_palette(), QPalette.ColorGroup.Disabled)}


def test_selected_stands_on_the_highlight() -> None:
    expected = light_palette().color(QPalette.ColorRole.HighlightedText)
    assert ink(image_of("train", QIcon.Mode.Selected)) == {rounded(expected)}


def test_the_programs_icon_keeps_its_colours(qapp: QApplication) -> None:
    before = image_of("rbm-studio")
    qapp.setPalette(dark_palette())
    assert image_of("rbm-studio") == before
    assert {rounded(QColor("#e69f00")), rounded(QColor("#56b4e9"))} <= ink(before)


@pytest.mark.parametrize("scale", [1.0, 2.0, 3.0])
def test_it_is_sharp_at_every_scale(scale: float) -> None:
    pixmap = icon("stop").pixmap(QSize(24, 24), scale)
    assert pixmap.devicePixelRatio() == scale
    assert pixmap.size() == QSize(24, 24) * scale
    # The square's left edge is a line of 2 px on the grid: drawn at this size, not enlarged, it has no grey fringe.
    image = pixmap.toImage()
    row = [image.pixelColor(x, image.height() // 2).alpha() for x in range(image.width() // 2)]
    assert set(row) == {0, 255}
    assert row.count(255) == 2 * scale


def test_it_outlives_its_maker(qtbot: QtBot) -> None:
    button = QToolButton()
    qtbot.addWidget(button)
    for _ in range(20):
        button.setIcon(QIcon(icon("train")))
        detached = QIcon(button.icon())
        # Makes Qt copy the engine.
        detached.setIsMask(True)
        gc.collect()
        assert ink(detached.pixmap(32).toImage()) == {text_colour(light_palette())}
    button.show()
    assert text_colour(light_palette()) in ink(button.grab().toImage())


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"icons/nonsense\.svg"):
        icon("nonsense")
