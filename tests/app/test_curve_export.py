from __future__ import annotations

import csv
import os
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QImage

from rbm_studio.app.curve_export import save_curves
from rbm_studio.app.curve_history import CurveHistory, CurvePoint
from rbm_studio.app.curve_plot import CurvePlot
from rbm_studio.app.theme import dark_palette, light_palette, plot_colours
from rbm_studio.errors import RBMStudioError

from .driving import drawn

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

LIGHT = plot_colours(light_palette())


@pytest.fixture
def plot(qtbot: QtBot) -> CurvePlot:
    plot = CurvePlot()
    qtbot.addWidget(plot)
    plot.setPalette(dark_palette())
    plot.set_labels(x="Epochs", y="KL divergence")
    plot.set_expected_epochs(10)
    plot.history.start_run("64 hidden, “first”")
    plot.history.append([CurvePoint(epoch / 10, 0.2 + 1 / (1 + epoch), None) for epoch in range(101)])
    plot.history.start_run("64 hidden; second")
    plot.history.append([CurvePoint(epoch / 10, 0.1 + 1 / (1 + epoch), 0.15 + 1 / (1 + epoch)) for epoch in range(101)])
    return plot


def colours_of(image: QImage) -> set[str]:
    """Return the colours below the legend."""
    shown = image.copy(0, 60, image.width(), image.height() - 60).convertToFormat(QImage.Format.Format_RGB32)
    return {QColor.fromRgb(int(pixel)).name() for pixel in np.unique(np.frombuffer(shown.constBits(), dtype=np.uint32))}


def expected_colours() -> set[str]:
    return {each.name() for each in (LIGHT.background, LIGHT.training, LIGHT.held_out, LIGHT.runs[0])}


@pytest.fixture
def curves(tmp_path: Path) -> Path:
    """Give a folder with nothing in it."""
    folder = tmp_path / "curves"
    folder.mkdir()
    return folder


def test_png_is_light_and_twice_as_fine(plot: CurvePlot, curves: Path) -> None:
    plot.resize(1000, 600)
    save_curves([plot], curves / "curve.png")
    image = QImage(str(curves / "curve.png"))
    assert image.size() == QSize(2000, 1200)
    assert expected_colours() <= colours_of(image)
    assert plot_colours(dark_palette()).training.name() not in colours_of(image)


def test_a_small_plot_is_printed_large_enough(plot: CurvePlot, curves: Path) -> None:
    plot.resize(240, 160)
    save_curves([plot], curves / "curve.PNG")
    assert QImage(str(curves / "curve.PNG")).size() == QSize(1600, 1000)


def test_svg_is_a_drawing(plot: CurvePlot, curves: Path) -> None:
    plot.resize(800, 500)
    path = curves / "curve.svg"
    save_curves([plot], path)
    tags = [element.tag.rpartition("}")[2] for element in ElementTree.parse(path).iter()]
    assert "image" not in tags
    texts = {
        "".join(element.itertext()).strip()
        for element in ElementTree.parse(path).iter()
        if element.tag.endswith("text")
    }
    assert {"KL divergence", "Epochs", "training", "held-out", "64 hidden, “first”", "10"} <= texts
    assert expected_colours() <= colours_of(drawn(path, QSize(800, 500)))


def test_svg_and_png_show_the_same(plot: CurvePlot, curves: Path) -> None:
    plot.resize(800, 500)
    save_curves([plot], curves / "curve.svg")
    save_curves([plot], curves / "curve.png")
    picture = QImage(str(curves / "curve.png"))
    drawing = drawn(curves / "curve.svg", picture.size())
    for x in range(300, 1400, 200):
        rows = [
            [y for y in range(100, 900) if image.pixelColor(x, y) == LIGHT.training] for image in (picture, drawing)
        ]
        assert abs(rows[0][0] - rows[1][0]) <= 2


def test_saving_leaves_the_plot_as_it_was(plot: CurvePlot, curves: Path) -> None:
    before = plot.grab().toImage()
    save_curves([plot], curves / "curve.png")
    save_curves([plot], curves / "curve.svg")
    assert plot.grab().toImage() == before


def test_csv_holds_the_whole_history(plot: CurvePlot, curves: Path) -> None:
    save_curves([plot], curves / "curve.csv")
    with (curves / "curve.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["run", "epoch", "training", "held_out", "lower", "quantity", "measure"]
    assert len(rows) == 202
    assert rows[1] == ["64 hidden, “first”", "0.1", repr(0.2 + 1 / 2), "", "", "KL divergence", ""]
    assert rows[-1] == ["64 hidden; second", "10.0", repr(0.1 + 1 / 101), repr(0.15 + 1 / 101), "", "KL divergence", ""]


def test_two_plots_are_saved_in_one_file(plot: CurvePlot, curves: Path, qtbot: QtBot) -> None:
    below = CurvePlot()
    qtbot.addWidget(below)
    below.set_labels(x="Epochs", y="ln p(v)")
    below.history.start_run("second")
    below.history.append([CurvePoint(3.0, -120.5, -121.0, -124.0)])
    for each in (plot, below):
        each.resize(800, 500)
    for name in ("curve.png", "curve.svg", "curve.csv"):
        save_curves([plot, below], curves / name)
    picture = QImage(str(curves / "curve.png"))
    assert picture.size() == QSize(1600, 2000)
    assert expected_colours() <= colours_of(picture.copy(0, 0, 1600, 1000))
    texts = "".join(ElementTree.parse(curves / "curve.svg").getroot().itertext())
    assert "KL divergence" in texts
    assert "ln p(v)" in texts
    with (curves / "curve.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 204
    assert rows[-1] == ["second", "3.0", "-120.5", "-121.0", "-124.0", "ln p(v)", ""]


def test_a_single_point_is_printed(curves: Path, qtbot: QtBot) -> None:
    plot = CurvePlot()
    qtbot.addWidget(plot)
    history = CurveHistory(plot)
    history.append([CurvePoint(3.0, 0.5)])
    plot.show_history(history, dots=True)
    plot.resize(800, 500)
    for name in ("curve.png", "curve.svg"):
        save_curves([plot], curves / name)
    assert LIGHT.training.name() in colours_of(QImage(str(curves / "curve.png")))
    assert LIGHT.training.name() in colours_of(drawn(curves / "curve.svg", QSize(800, 500)))
    tags = [element.tag.rpartition("}")[2] for element in ElementTree.parse(curves / "curve.svg").iter()]
    assert "image" not in tags


def test_an_existing_file_is_replaced(plot: CurvePlot, curves: Path) -> None:
    path = curves / "curve.csv"
    path.write_text("old")
    save_curves([plot], path)
    assert path.read_text(encoding="utf-8").startswith("run,epoch")
    assert os.listdir(curves) == ["curve.csv"]


@pytest.mark.parametrize("name", ["curve.jpeg", "curve", "curve.csv.gz"])
def test_an_unknown_ending_names_the_known_ones(plot: CurvePlot, curves: Path, name: str) -> None:
    with pytest.raises(RBMStudioError, match=r"\.png.*\.svg.*\.csv"):
        save_curves([plot], curves / name)
    assert not os.listdir(curves)


@pytest.mark.parametrize("suffix", [".png", ".svg", ".csv"])
def test_a_missing_folder_is_named(plot: CurvePlot, curves: Path, suffix: str) -> None:
    with pytest.raises(RBMStudioError, match="missing"):
        save_curves([plot], curves / "missing" / f"curve{suffix}")


def test_a_folder_in_the_way_is_left_alone(plot: CurvePlot, curves: Path) -> None:
    (curves / "curve.png").mkdir()
    with pytest.raises(RBMStudioError, match=r"curve\.png is a folder"):
        save_curves([plot], curves / "curve.png")
    assert os.listdir(curves) == ["curve.png"]


def test_without_a_curve_there_is_nothing_to_save(qtbot: QtBot, curves: Path) -> None:
    empty = CurvePlot()
    qtbot.addWidget(empty)
    with pytest.raises(RBMStudioError, match="Train the model first"):
        save_curves([empty], curves / "curve.png")
