from __future__ import annotations

import os
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QColor, QImage, QPainter

from rbm_studio.app.gap_view import GapPoint, GapView
from rbm_studio.app.histogram_view import HistogramView
from rbm_studio.app.images import diverging_image, grey_image, grey_values
from rbm_studio.app.pairs_view import PairsView
from rbm_studio.app.pictures import MOST_PIXELS, DrawnPicture, PixelPicture, plot_picture, png, save_picture
from rbm_studio.app.theme import dark_palette, light_palette, plot_colours
from rbm_studio.app.units_view import UnitsView
from rbm_studio.core.histogram import histogram
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.atomic import FileError

from .driving import drawn

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QWidget
    from pytestqt.qtbot import QtBot

RNG = np.random.default_rng(0)
LIGHT = plot_colours(light_palette())


def colours(image: QImage) -> set[str]:
    shown = image.convertToFormat(QImage.Format.Format_RGB32)
    return {QColor.fromRgb(int(pixel)).name() for pixel in np.unique(np.frombuffer(shown.constBits(), dtype=np.uint32))}


@pytest.mark.parametrize("scale", [1, 2, 4, 8, 16])
def test_pixels_become_sharp_squares(tmp_path: Path, scale: int) -> None:
    values = RNG.integers(0, 256, (5, 7)).astype(np.uint8)
    save_picture(PixelPicture("Digit", grey_image(values)), tmp_path / "digit.png", scale)
    read = grey_values(QImage(str(tmp_path / "digit.png"))) * 255
    np.testing.assert_array_equal(np.rint(read), np.kron(values, np.ones((scale, scale))))


def test_colours_stay_as_they_are(tmp_path: Path) -> None:
    image = diverging_image(RNG.normal(size=(4, 6)).astype(np.float32), 1.0)
    save_picture(PixelPicture("Filter", image), tmp_path / "filter.PNG", 3)
    read = QImage(str(tmp_path / "filter.PNG"))
    assert read.size() == QSize(18, 12)
    for x in range(18):
        for y in range(12):
            assert read.pixelColor(x, y) == image.pixelColor(x // 3, y // 3)


def test_no_picture_is_offered_too_large() -> None:
    assert PixelPicture("a", QImage(28, 28, QImage.Format.Format_Grayscale8)).scales() == (1, 2, 4, 8, 16)
    assert PixelPicture("a", QImage(2000, 2000, QImage.Format.Format_Grayscale8)).scales() == (1, 2, 4)
    side = round(MOST_PIXELS**0.5) + 10
    assert DrawnPicture("a", QSize(side, side), lambda _: None).scales() == (1,)


def test_a_small_picture_is_copied_large_enough_to_be_shown() -> None:
    assert PixelPicture("a", QImage(28, 28, QImage.Format.Format_Grayscale8)).scale_to_show() == 16
    assert PixelPicture("a", QImage(300, 40, QImage.Format.Format_Grayscale8)).scale_to_show() == 2
    assert DrawnPicture("a", QSize(640, 400), lambda _: None).scale_to_show() == 1


def a_cross(painter: QPainter) -> None:
    painter.fillRect(QRect(10, 20, 40, 10), QColor("#0072b2"))
    painter.fillRect(QRect(25, 5, 10, 40), QColor("#d55e00"))


@pytest.mark.usefixtures("qapp")
def test_a_drawing_is_finer_at_a_larger_scale_and_the_same_as_svg(tmp_path: Path) -> None:
    cross = DrawnPicture("Cross", QSize(60, 50), a_cross)
    save_picture(cross, tmp_path / "cross.png", 4)
    save_picture(cross, tmp_path / "cross.svg")
    image = QImage(str(tmp_path / "cross.png"))
    assert image.size() == QSize(240, 200)
    assert colours(image) == {"#ffffff", "#0072b2", "#d55e00"}
    assert drawn(tmp_path / "cross.svg", image.size()) == image.convertToFormat(QImage.Format.Format_RGB32)
    root = ElementTree.parse(tmp_path / "cross.svg").getroot()
    assert root.get("viewBox") == "0 0 60 50"
    assert root.findtext("{http://www.w3.org/2000/svg}title") == "Cross"


def test_what_cannot_be_saved_is_told_in_words(tmp_path: Path) -> None:
    picture = PixelPicture("Digit", QImage(2, 2, QImage.Format.Format_RGB32))
    with pytest.raises(RBMStudioError, match=r"digit\.jpg.*\.png"):
        save_picture(picture, tmp_path / "digit.jpg")
    with pytest.raises(RBMStudioError, match="made of pixels"):
        save_picture(picture, tmp_path / "digit.svg")
    with pytest.raises(FileError, match="no folder"):
        save_picture(picture, tmp_path / "missing" / "digit.png")
    with pytest.raises(RBMStudioError, match="too large"):
        png(QImage())
    assert not [name for name in os.listdir(tmp_path) if name.startswith(("digit", "."))]


def units_view() -> UnitsView:
    view = UnitsView()
    activations = RNG.random((20, 12)).astype(np.float32)
    view.set_units(activations, activations.mean(axis=0, dtype=np.float64), 0.1)
    view.set_selected((3,))
    return view


def histogram_view() -> HistogramView:
    view = HistogramView("values")
    view.set_histogram(histogram(RNG.normal(size=500).astype(np.float32)))
    return view


def gap_view() -> GapView:
    view = GapView()
    for epoch in range(5):
        view.append(GapPoint(float(epoch), 0.3 * epoch, 0.1))
    return view


@pytest.mark.parametrize("make", [units_view, histogram_view, gap_view])
def test_plots_are_printed_light_with_name_and_caption(qtbot: QtBot, tmp_path: Path, make: type[QWidget]) -> None:
    view = make()
    qtbot.addWidget(view)
    view.setPalette(dark_palette())
    view.resize(300, 200)
    before = view.grab().toImage()
    picture = plot_picture("What it is", view, "What it is of")
    save_picture(picture, tmp_path / "plot.png", 2)
    save_picture(picture, tmp_path / "plot.svg")
    image = QImage(str(tmp_path / "plot.png"))
    assert image.size() == picture.size * 2
    shown = colours(image)
    assert "#ffffff" in shown
    assert shown & {LIGHT.training.name(), LIGHT.held_out.name()}
    assert plot_colours(dark_palette()).training.name() not in shown
    texts = "".join(ElementTree.parse(tmp_path / "plot.svg").getroot().itertext())
    assert "What it is of" in texts
    # Text is set a little otherwise; the bars and lines are at the same places.
    difference = grey_values(drawn(tmp_path / "plot.svg", image.size())) - grey_values(image)
    assert np.abs(difference).mean() < 0.02
    assert view.grab().toImage() == before


def test_a_plot_is_printed_as_it_was_when_it_was_chosen(qtbot: QtBot) -> None:
    view = histogram_view()
    qtbot.addWidget(view)
    view.resize(480, 280)
    picture = plot_picture("Weights", view, "As they were")
    before = picture.image()
    view.set_histogram(histogram(RNG.normal(size=50).astype(np.float32)))
    assert picture.image() == before
    assert plot_picture("Weights", view, "As they were").image() != before


def test_a_plot_that_cannot_be_printed_is_shown_as_it_is(qtbot: QtBot) -> None:
    view = PairsView()
    qtbot.addWidget(view)
    view.resize(480, 280)
    view.set_pairs(np.ones((2, 4, 4), np.float32), np.ones((2, 4, 4), np.float32))
    values = grey_values(plot_picture("Pairs", view).image())
    assert (values == 1).mean() > 0.5
    assert values.min() < 0.9


def test_pairs_are_put_into_one_picture(qtbot: QtBot) -> None:
    view = PairsView()
    qtbot.addWidget(view)
    assert view.picture().isNull()
    inputs, restored = (RNG.integers(0, 256, (7, 4, 3)) / np.float32(255) for _ in range(2))
    view.set_pairs(inputs.astype(np.float32), restored.astype(np.float32))
    values = grey_values(view.picture())
    assert values.shape == (3 + 2 * (4 + 3), 3 + 5 * (3 + 1 + 3 + 3))
    np.testing.assert_allclose(values[3:7, 3:6], inputs[0], atol=1e-6)
    np.testing.assert_allclose(values[3:7, 7:10], restored[0], atol=1e-6)
    np.testing.assert_allclose(values[10:14, 17:20], restored[6], atol=1e-6)
    assert values[:, :3].min() == 1
