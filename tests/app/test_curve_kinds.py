"""Plots of what is measured now and then: on one set only, as a bracket, or only once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest

from rbm_studio.app.curve_header import CurveHeader
from rbm_studio.app.curve_history import CurveHistory, CurvePoint
from rbm_studio.app.curve_plot import CurvePlot
from rbm_studio.app.theme import light_palette, plot_colours

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

COLOURS = plot_colours(light_palette())
TRAINING, HELD_OUT, EARLIER = (each.name() for each in (COLOURS.training, COLOURS.held_out, COLOURS.runs[0]))


@pytest.fixture
def plot(qtbot: QtBot) -> CurvePlot:
    plot = CurvePlot()
    qtbot.addWidget(plot)
    plot.setPalette(light_palette())
    plot.set_labels(x="Epochs", y="Log-likelihood")
    plot.set_expected_epochs(10)
    plot.resize(640, 400)
    with qtbot.waitExposed(plot):
        plot.show()
    plot.show_history(CurveHistory(plot), dots=True)
    return plot


def colours_of(image: QImage) -> dict[str, int]:
    pixels = np.frombuffer(image.convertToFormat(QImage.Format.Format_RGB32).constBits(), dtype=np.uint32)
    values, counts = np.unique(pixels, return_counts=True)
    return {QColor.fromRgb(int(value)).name(): int(n) for value, n in zip(values, counts, strict=True)}


def drawn(plot: CurvePlot) -> set[str]:
    """Return the colours of the curves that are seen where the curves are."""
    counts = colours_of(plot.grab().toImage().copy(plot.view.geometry()))
    # Edges of letters may have the colour of earlier runs.
    return {colour for colour in (TRAINING, HELD_OUT, EARLIER) if counts.get(colour, 0) > 8}


def is_dotted(plot: CurvePlot, y: float) -> bool:
    """Return whether there is something orange at a value, all along the plot, with gaps."""
    image, origin = plot.grab().toImage(), plot.view.viewport().mapTo(plot, QPoint())
    ends = [plot.view.to_pixels(x, y).toPoint() + origin for x in (1.0, 9.0)]
    orange = []
    for x in range(ends[0].x(), ends[1].x()):
        column = [image.pixelColor(x, ends[0].y() + offset) for offset in (-1, 0, 1)]
        orange.append(any(colour.red() - colour.blue() > 80 for colour in column))
    return 0.2 < sum(orange) / len(orange) < 0.8


def legend(plot: CurvePlot) -> dict[str, int]:
    header = plot.findChild(CurveHeader)
    assert isinstance(header, CurveHeader)
    return colours_of(header.grab().toImage())


def legend_image(plot: CurvePlot) -> QImage:
    header = plot.findChild(CurveHeader)
    assert isinstance(header, CurveHeader)
    return header.grab().toImage()


def read_last(plot: CurvePlot) -> str:
    QTest.keyClick(plot, Qt.Key.Key_Right)
    return plot.reading().replace("\n", " · ")


def test_a_single_point_is_seen(plot: CurvePlot) -> None:
    assert TRAINING not in drawn(plot)
    plot.history.append([CurvePoint(5.0, -100.0, -110.0)])
    assert drawn(plot) == {TRAINING, HELD_OUT}
    plot.history.start_run("second")
    assert drawn(plot) == {EARLIER}


def test_without_dots_a_point_is_no_line(plot: CurvePlot) -> None:
    plot.show_history(CurveHistory(plot))
    plot.history.append([CurvePoint(5.0, -100.0)])
    assert TRAINING not in drawn(plot)


def test_another_history_takes_the_place_of_the_first(plot: CurvePlot) -> None:
    first = plot.history
    first.append([CurvePoint(0.0, -100.0), CurvePoint(10.0, -90.0)])
    plot.show_history(CurveHistory(plot), dots=True)
    assert TRAINING not in drawn(plot)
    first.append([CurvePoint(10.0, -80.0)])
    first.start_run("second")
    assert TRAINING not in drawn(plot)
    assert EARLIER not in drawn(plot)
    plot.show_history(first, dots=True)
    assert EARLIER in drawn(plot)


def test_held_out_values_alone_are_drawn_named_and_read(plot: CurvePlot) -> None:
    plot.history.append([CurvePoint(float(epoch), None, 0.5 * epoch - 1) for epoch in range(11)])
    assert HELD_OUT in drawn(plot)
    assert HELD_OUT in legend(plot)
    assert TRAINING not in legend(plot)
    assert read_last(plot) == "epoch 10 · held-out 4.0000"
    QTest.keyClick(plot, Qt.Key.Key_Left)
    assert plot.reading() == "epoch 9 · held-out 3.5000"
    plot.history.start_run("second")
    assert EARLIER in drawn(plot)


def test_a_bracket_has_a_lower_line_in_the_same_colour(plot: CurvePlot) -> None:
    without = CurveHistory(plot)
    for history, lower in ((without, None), (plot.history, -150.0)):
        history.append([CurvePoint(float(epoch), -90.0, -100.0, lower) for epoch in range(11)])
    assert is_dotted(plot, -150.0)
    assert not is_dotted(plot, -140.0)
    assert read_last(plot) == "epoch 10 · training −90.00 · held-out −100.00 · reverse AIS −150.00"
    entries = legend(plot)
    plot.show_history(without, dots=True)
    assert entries != legend(plot)
    assert read_last(plot) == "epoch 10 · training −90.00 · held-out −100.00"


@pytest.mark.parametrize(("lower", "told"), [(-99.0, True), (-99.9, False), (-101.0, False)])
def test_a_bracket_that_is_inverted_by_more_than_chance_says_so(plot: CurvePlot, lower: float, told: bool) -> None:
    plot.history.append([CurvePoint(float(epoch), -90.0, -100.0, lower) for epoch in range(11)])
    assert (read_last(plot).replace("\n", " · ").split(" · ")[-1] == "bracket inverted: more temperatures") is told


def test_an_empty_plot_says_what_it_is_told_to(plot: CurvePlot) -> None:
    assert plot.view.notice == "The curve grows here while the model trains."
    plot.set_empty_words("Measuring…")
    assert plot.view.notice == "Measuring…"
    plot.history.append([CurvePoint(0.0, -1.0)])
    assert plot.view.notice == ""
    plot.history.clear()
    plot.set_empty_words("")
    assert plot.view.notice == "The curve grows here while the model trains."


def test_earlier_runs_are_told_apart_named_and_counted_where_there_is_no_room(plot: CurvePlot) -> None:
    for number in range(5):
        plot.history.start_run(f"run {number}")
        plot.history.append([CurvePoint(0.0, float(number)), CurvePoint(10.0, float(number))])
    assert all(legend(plot).get(colour.name(), 0) > 0 for colour in COLOURS.runs)
    tags = [run.tag for run in plot.history.earlier]
    whole = legend_image(plot)
    tags[0].name = "the first of them"
    plot.history.changed.emit()
    assert legend_image(plot) != whole
    QTest.mouseMove(plot, QPoint(0, 0))
    QTest.mouseMove(plot.view.viewport(), plot.view.to_pixels(5.0, 0.0).toPoint())
    assert "the first of them: 0.0000" in plot.reading().replace("\n", " · ")
    counted = legend_image(plot)
    tags[3].is_shown = False
    plot.history.changed.emit()
    assert legend_image(plot) != counted
    plot.resize(280, 400)
    narrow = legend_image(plot)
    tags[0].name = "of which there is no room for the name"
    plot.history.changed.emit()
    assert legend_image(plot) == narrow
    tags[1].is_shown = False
    plot.history.changed.emit()
    assert legend_image(plot) != narrow


def test_above_the_plot_stands_the_unit_and_in_print_the_title(plot: CurvePlot) -> None:
    header = plot.findChild(CurveHeader)
    assert isinstance(header, CurveHeader)
    title = header.grab().toImage()
    plot.set_labels(x="Epochs", y="Log-likelihood", heading="nats")
    assert header.grab().toImage() != title
    assert plot.title == "Log-likelihood"
    printed = plot.printed(light_palette(), plot.size())
    of_print = printed.findChild(CurveHeader)
    assert isinstance(of_print, CurveHeader)
    assert of_print.grab().toImage() == title
    printed.deleteLater()


def test_what_was_measured_a_little_earlier_is_read_without_a_word(plot: CurvePlot) -> None:
    plot.history.append([CurvePoint(4.9, 0.5, 0.6), CurvePoint(5.0, 0.4), CurvePoint(9.0, 0.3)])
    QTest.mouseMove(plot, QPoint(0, 0))
    target = plot.view.viewport()
    QTest.mouseMove(target, plot.view.to_pixels(5.0, 0.45).toPoint())
    assert plot.reading().replace("\n", " · ") == "epoch 5 · training 0.4000 · held-out 0.6000"
    QTest.mouseMove(target, plot.view.to_pixels(9.0, 0.45).toPoint())
    assert plot.reading().replace("\n", " · ") == "epoch 9 · training 0.3000 · held-out 0.6000 (at 4.90)"
