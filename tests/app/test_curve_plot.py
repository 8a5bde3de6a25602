from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPalette, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QGraphicsView, QWidget

from rbm_studio.app.curve_header import CurveHeader
from rbm_studio.app.curve_history import CurvePoint
from rbm_studio.app.curve_line import screen_pen, training_pen
from rbm_studio.app.curve_marks import CurveMark
from rbm_studio.app.curve_plot import CurvePlot
from rbm_studio.app.theme import dark_palette, light_palette, plot_colours

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

EPOCHS = range(11)


def falling(epoch: float) -> float:
    return 0.1 + 0.5 * math.exp(-0.35 * epoch)


def points(value: Callable[[float], float] = falling, last: int = 10) -> list[CurvePoint]:
    return [CurvePoint(float(epoch), value(epoch), value(epoch) + 0.05) for epoch in EPOCHS if epoch <= last]


@pytest.fixture
def plot(qtbot: QtBot) -> CurvePlot:
    plot = CurvePlot()
    qtbot.addWidget(plot)
    plot.setPalette(light_palette())
    plot.set_labels(x="Epochs", y="KL divergence")
    plot.set_expected_epochs(10)
    plot.resize(640, 400)
    with qtbot.waitExposed(plot):
        plot.show()
    return plot


def canvas(plot: CurvePlot) -> QWidget:
    view = plot.findChild(QGraphicsView)
    assert isinstance(view, QGraphicsView)
    return view.viewport()


def hover(plot: CurvePlot, x: float, y: float = 0.5) -> str:
    """Point at a place, as parts of the canvas' width and height, and return the reading, on one line."""
    target = canvas(plot)
    # A pointer that is there already, from another test, would send no event.
    QTest.mouseMove(plot, QPoint(0, 0))
    QTest.mouseMove(target, QPoint(round(x * target.width()), round(y * target.height())))
    return plot.reading().replace("\n", " · ")


def colours_drawn(plot: CurvePlot) -> set[str]:
    """Return the colours on the canvas, where the legend is not."""
    target = canvas(plot)
    return colours_of(plot.grab().toImage().copy(target.geometry().translated(target.mapTo(plot, QPoint()))))


def colours_of(image: QImage) -> set[str]:
    pixels = np.frombuffer(image.convertToFormat(QImage.Format.Format_RGB32).constBits(), dtype=np.uint32)
    return {QColor.fromRgb(int(pixel)).name() for pixel in np.unique(pixels)}


def height_of(plot: CurvePlot, colour: QColor, x: float) -> int:
    """Return the topmost row of a colour in a column of the canvas, in px."""
    target = canvas(plot)
    image = plot.grab().toImage()
    origin = target.mapTo(plot, QPoint())
    column = origin.x() + round(x * target.width())
    rows = [y for y in range(origin.y(), origin.y() + target.height()) if image.pixelColor(column, y) == colour]
    assert rows
    return rows[0]


class TestRuns:
    def test_it_returns_what_it_was_given(self, plot: CurvePlot) -> None:
        plot.history.start_run("first")
        plot.history.append([CurvePoint(0.5, 0.4, None), CurvePoint(1.0, 0.3, 0.35)])
        plot.history.append([])
        plot.history.append([CurvePoint(1.5, 0.2, None)])
        [(title, table)] = plot.runs()
        assert title == "first"
        np.testing.assert_array_equal(
            table, [[0.5, 0.4, np.nan, np.nan], [1.0, 0.3, 0.35, np.nan], [1.5, 0.2, np.nan, np.nan]]
        )

    def test_a_long_run_is_whole(self, plot: CurvePlot) -> None:
        epochs = np.arange(5000) / 100
        for start in range(0, 5000, 37):
            plot.history.append(
                [CurvePoint(float(epoch), 1.0 / (1.0 + epoch), None) for epoch in epochs[start : start + 37]]
            )
        [(_, table)] = plot.runs()
        np.testing.assert_array_equal(table[:, 0], epochs)
        np.testing.assert_array_equal(table[:, 1], 1.0 / (1.0 + epochs))

    def test_a_run_without_points_leaves_no_trace(self, plot: CurvePlot) -> None:
        plot.history.start_run("never trained")
        plot.history.start_run("trained")
        plot.history.append(points())
        plot.history.start_run("not yet trained")
        assert [title for title, _ in plot.runs()] == ["trained"]

    def test_many_earlier_runs_are_all_kept(self, plot: CurvePlot) -> None:
        for number in range(20):
            plot.history.start_run(f"run {number}")
            plot.history.append(points())
        assert [title for title, _ in plot.runs()] == [f"run {number}" for number in range(20)]

    def test_clearing_forgets_everything(self, plot: CurvePlot) -> None:
        plot.history.append(points())
        plot.history.start_run("second")
        plot.history.append(points())
        plot.history.clear()
        assert plot.runs() == []
        assert {hover(plot, 0.5, y) for y in np.linspace(0.0, 1.0, 60)} == {""}
        assert plot_colours(light_palette()).training.name() not in colours_drawn(plot)

    def test_tables_are_copies(self, plot: CurvePlot) -> None:
        plot.history.append(points())
        plot.runs()[0][1][:] = 0.0
        assert plot.runs()[0][1][0, 1] == falling(0)


class TestDrawing:
    def test_lines_have_their_colours(self, plot: CurvePlot) -> None:
        colours = plot_colours(light_palette())
        plot.history.append(points())
        assert {colours.training.name(), colours.held_out.name()} <= colours_drawn(plot)
        plot.history.start_run("second")
        drawn = colours_drawn(plot)
        assert colours.runs[0].name() in drawn
        assert not {colours.training.name(), colours.held_out.name()} & drawn

    def test_it_follows_the_palette(self, plot: CurvePlot) -> None:
        plot.history.append(points())
        plot.history.start_run("second")
        plot.history.append(points(lambda epoch: falling(epoch) + 0.1))
        plot.setPalette(dark_palette())
        drawn, dark, light = colours_drawn(plot), plot_colours(dark_palette()), plot_colours(light_palette())
        assert {each.name() for each in (dark.background, dark.training, dark.held_out, dark.runs[0])} <= drawn
        assert not {each.name() for each in (light.background, light.training, light.held_out)} & drawn

    def test_nothing_moves_while_training(self, plot: CurvePlot) -> None:
        training = plot_colours(light_palette()).training
        plot.history.append([CurvePoint(0.0, 0.1, None), *points(last=4)])
        before = height_of(plot, training, 0.3)
        plot.history.append(points()[5:])
        assert height_of(plot, training, 0.3) == before

    def test_a_log_axis_spreads_small_values(self, plot: CurvePlot) -> None:
        training = plot_colours(light_palette()).training
        plot.history.append(points(lambda epoch: 10.0**-epoch))
        assert height_of(plot, training, 0.7) - height_of(plot, training, 0.3) <= 3
        plot.set_log(True)
        assert height_of(plot, training, 0.7) - height_of(plot, training, 0.3) > 100

    @pytest.mark.parametrize("log", [False, True])
    def test_values_that_cannot_be_drawn_are_left_out(self, plot: CurvePlot, log: bool) -> None:
        plot.set_log(log)
        values = [0.5, 0.0, -1.0, np.nan, np.inf, -np.inf, 0.4, 0.3]
        plot.history.append([CurvePoint(float(epoch), value, None) for epoch, value in enumerate(values)])
        plot.grab()
        plot.set_log(not log)
        plot.grab()
        plot.set_log(True)
        assert hover(plot, 0.25) in {"epoch 0 · training 0.5000", "epoch 6 · training 0.4000"}
        assert hover(plot, 0.98) == "epoch 7 · training 0.3000"

    @pytest.mark.parametrize("log", [False, True])
    def test_any_values_at_all_can_be_drawn(self, plot: CurvePlot, log: bool) -> None:
        plot.set_log(log)
        for values in ([], [0.0], [-3.0, -3.0], [1e-300, 1e-300], [1e300, 1e-300], [np.nan], [5e-324], [1.0, 1.0]):
            plot.history.clear()
            plot.history.append([CurvePoint(float(epoch), value, value) for epoch, value in enumerate(values)])
            assert not plot.grab().isNull()

    def test_without_expected_epochs_it_follows_the_data(self, plot: CurvePlot) -> None:
        plot.set_expected_epochs(0)
        plot.history.append([CurvePoint(float(epoch), 0.5, None) for epoch in range(100)])
        assert hover(plot, 0.99).startswith("epoch 99")
        assert hover(plot, 0.5).startswith(("epoch 4", "epoch 5"))

    def test_training_past_the_expected_end_is_still_seen(self, plot: CurvePlot) -> None:
        plot.history.append([CurvePoint(float(epoch), 0.5, None) for epoch in range(21)])
        assert hover(plot, 0.99).startswith("epoch 20")

    @pytest.mark.parametrize(("width", "height"), [(240, 144), (400, 240), (1600, 1000)])
    def test_the_legend_covers_no_curve(self, plot: CurvePlot, qtbot: QtBot, width: int, height: int) -> None:
        plot.history.append(points())
        plot.history.start_run("second")
        plot.history.append(points())
        plot.resize(width, height)
        plot.grab()
        header = plot.findChild(CurveHeader)
        assert isinstance(header, CurveHeader)
        target = canvas(plot)
        qtbot.waitUntil(lambda: header.height() >= header.heightForWidth(header.width()))
        assert header.geometry().bottom() < target.mapTo(plot, QPoint()).y()
        # The curve keeps at least a third of the smallest plot.
        assert target.height() > height / 2

    def test_it_cannot_be_made_unreadably_small(self, plot: CurvePlot) -> None:
        plot.resize(10, 10)
        assert (plot.width(), plot.height()) == (240, 112)


class TestReading:
    def test_it_reads_the_nearest_point(self, plot: CurvePlot) -> None:
        plot.history.append(points())
        readings = [hover(plot, x) for x in np.linspace(0.05, 0.99, 30)]
        expected = [
            f"epoch {epoch} · training {falling(epoch):.4f} · held-out {falling(epoch) + 0.05:.4f}" for epoch in EPOCHS
        ]
        assert list(dict.fromkeys(readings)) == expected

    def test_on_a_log_axis_it_reads_the_values_themselves(self, plot: CurvePlot) -> None:
        plot.set_log(True)
        plot.history.append([CurvePoint(10.0, 0.1523, 0.1561)])
        assert hover(plot, 0.5) == "epoch 10 · training 0.1523 · held-out 0.1561"

    def test_held_out_values_are_named_with_their_own_epoch(self, plot: CurvePlot) -> None:
        plot.history.append([CurvePoint(3.0, 0.5, 0.6), CurvePoint(3.25, 0.4, None)])
        assert hover(plot, 0.99) == "epoch 3.25 · training 0.4000 · held-out 0.6000 (at 3)"

    def test_it_follows_the_training(self, plot: CurvePlot) -> None:
        plot.history.append(points(last=4))
        assert hover(plot, 0.99).startswith("epoch 4")
        plot.history.append(points()[5:])
        assert plot.reading().startswith("epoch 10")

    def test_it_leaves_with_the_pointer(self, plot: CurvePlot) -> None:
        plot.history.append(points())
        assert hover(plot, 0.5)
        QTest.mouseMove(plot, QPoint(1, 1))
        assert plot.reading() == ""

    def test_it_reads_an_earlier_run_under_the_pointer(self, plot: CurvePlot) -> None:
        plot.history.start_run("64 hidden")
        plot.history.append([CurvePoint(float(epoch), 0.8, None) for epoch in EPOCHS])
        plot.history.start_run("128 hidden")
        plot.history.append([CurvePoint(float(epoch), 0.2, None) for epoch in EPOCHS])
        heights = np.linspace(0.02, 0.9, 60)
        readings = [hover(plot, 0.5, y) for y in heights]
        near = [y for y, reading in zip(heights, readings, strict=True) if "64 hidden: 0.8000" in reading]
        assert near
        assert len(near) < 15
        assert all("training 0.2000" in reading for reading in readings)

    def test_an_earlier_run_is_read_before_the_new_one_starts(self, plot: CurvePlot) -> None:
        plot.history.start_run("64 hidden")
        plot.history.append([CurvePoint(float(epoch), 0.5, None) for epoch in EPOCHS])
        plot.history.start_run("128 hidden")
        readings = {hover(plot, 0.99, y) for y in np.linspace(0.0, 1.0, 100)}
        assert readings == {"", "epoch 10 · 64 hidden: 0.5000"}

    def test_arrow_keys_read_points(self, plot: CurvePlot) -> None:
        plot.history.append(points())
        plot.setFocus()
        seen = []
        for key in (Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Escape):
            QTest.keyClick(plot, key)
            seen.append(plot.reading().split(" · ")[0].split("\n")[0])
        assert seen == ["epoch 10", "epoch 9", "epoch 8", "epoch 9", ""]

    def test_arrow_keys_stop_at_the_ends(self, plot: CurvePlot) -> None:
        QTest.keyClick(plot, Qt.Key.Key_Left)
        assert plot.reading() == ""
        plot.history.append(points())
        for _ in range(15):
            QTest.keyClick(plot, Qt.Key.Key_Left)
        assert plot.reading().startswith("epoch 0")
        for _ in range(15):
            QTest.keyClick(plot, Qt.Key.Key_Right)
        assert plot.reading().startswith("epoch 10")

    @pytest.mark.parametrize(("width", "height"), [(240, 144), (640, 400)])
    def test_it_stands_within_the_plot(self, plot: CurvePlot, width: int, height: int) -> None:
        plot.history.append(points())
        plot.resize(width, height)
        label = plot.findChild(QWidget, "curve_reading")
        assert isinstance(label, QWidget)
        for x in np.linspace(0.1, 0.99, 20):
            assert hover(plot, x)
            assert plot.rect().contains(label.geometry())


class TestZoom:
    def zoom(self, plot: CurvePlot, x: float, angle: int = 1200) -> None:
        target = canvas(plot)
        position = QPointF(x * target.width(), 0.5 * target.height())
        event = QWheelEvent(
            position,
            QPointF(target.mapToGlobal(position)),
            QPoint(),
            QPoint(0, angle),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(target, event)

    @pytest.mark.parametrize("back", ["double click", "escape"])
    def test_it_zooms_and_finds_its_way_back(self, plot: CurvePlot, back: str) -> None:
        plot.history.append(points())
        assert hover(plot, 0.99).startswith("epoch 10")
        self.zoom(plot, 0.3)
        assert not hover(plot, 0.99).startswith("epoch 10")
        if back == "escape":
            QTest.keyClick(plot, Qt.Key.Key_Escape)
        else:
            QTest.mouseDClick(canvas(plot), Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
        assert hover(plot, 0.99).startswith("epoch 10")

    def test_a_zoomed_range_stays_while_training(self, plot: CurvePlot) -> None:
        plot.history.append(points(last=6))
        self.zoom(plot, 0.1)
        before = hover(plot, 0.99)
        plot.history.append([CurvePoint(20.0, 0.5, None)])
        assert hover(plot, 0.99) == before

    def test_it_does_not_leave_the_data(self, plot: CurvePlot) -> None:
        plot.history.append(points())
        self.zoom(plot, 0.9, angle=240)
        assert not hover(plot, 0.08).startswith("epoch 0")
        for _ in range(5):
            target = canvas(plot)
            QTest.mousePress(target, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
            QTest.mouseMove(target, QPoint(350, 100))
            QTest.mouseMove(target, QPoint(600, 100))
            QTest.mouseRelease(target, Qt.MouseButton.LeftButton, pos=QPoint(600, 100))
        assert hover(plot, 0.08).startswith("epoch 0")


class TestPresentation:
    def test_it_has_a_name_and_a_tooltip(self, plot: CurvePlot) -> None:
        assert plot.accessibleName() == "Learning curve: KL divergence"
        assert "Esc" in plot.toolTip()

    def test_lines_are_as_thick_on_a_fine_screen(self) -> None:
        # Qt counts a cosmetic pen's width in the screen's pixels, of which a px has several there.
        pen = training_pen(plot_colours(light_palette()))
        assert screen_pen(pen, 2.0).isCosmetic()
        assert screen_pen(pen, 2.0).widthF() == 2 * pen.widthF() == 5.0

    def test_a_click_gives_it_the_keys(self, plot: CurvePlot) -> None:
        plot.history.append(points())
        plot.clearFocus()
        QTest.mouseClick(canvas(plot), Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
        # Without a window manager no window is active, and so none has the focus itself.
        assert plot.window().focusWidget() is plot

    def test_it_takes_its_parents_look(self, qtbot: QtBot) -> None:
        parent = QWidget()
        qtbot.addWidget(parent)
        parent.setPalette(dark_palette())
        font = parent.font()
        font.setPointSizeF(20.0)
        parent.setFont(font)
        child = CurvePlot(parent)
        child.resize(640, 400)
        child.history.append(points())
        header = child.findChild(CurveHeader)
        assert isinstance(header, CurveHeader)
        assert header.font().pointSizeF() == 20.0
        assert plot_colours(dark_palette()).training.name() in colours_drawn(child)

    def test_text_is_large(self, plot: CurvePlot) -> None:
        header = plot.findChild(CurveHeader)
        assert isinstance(header, CurveHeader)
        assert header.font().pointSizeF() >= 11.0

    def test_an_empty_plot_says_what_will_come(self, plot: CurvePlot) -> None:
        text = plot.palette().color(QPalette.ColorRole.Text)
        target = canvas(plot)
        middle = target.geometry().adjusted(100, 100, -100, -100).translated(target.mapTo(plot, QPoint()))

        def has_text() -> bool:
            return text.name() in colours_of(plot.grab().toImage().copy(middle))

        assert has_text()
        plot.history.append(points())
        assert not has_text()
        plot.history.clear()
        plot.history.append([CurvePoint(0.0, -1.0, None)])
        plot.set_log(True)
        assert has_text()


def marked(plot: CurvePlot, *found: CurveMark) -> None:
    """Let the current run have these marks."""
    plot.marks.ask(lambda tag: found if tag.name == "now" else ())
    plot.history.start_run("now")
    plot.history.append(points())


MARKS = (
    CurveMark(3.2, "rate 20 → 0.15, epoch 3.2", "rate 20 → 0.15, epoch 3.2, all of it"),
    CurveMark(9.0, "A → B", "A"),
)


def test_words_of_marks_stand_beside_their_lines_and_off_the_curve(plot: CurvePlot) -> None:
    marked(plot, *MARKS)
    found = plot.marks.labels()
    assert set(found) == set(MARKS)
    rect, curve = plot.view.plot_rect(), [plot.view.to_pixels(e / 20, falling(e / 20)) for e in range(201)]
    for mark, place in found.items():
        assert rect.contains(place)
        assert not any(place.contains(point) for point in curve)
        x = plot.view.to_pixels(mark.epoch, 0).x()
        assert min(abs(place.left() - x), abs(place.right() - x)) < 8
    one, other = found.values()
    assert not one.intersects(other)


def test_words_of_marks_stay_in_a_narrow_plot(plot: CurvePlot) -> None:
    marked(plot, replace(MARKS[0], text="Fast preview → As in the article, epoch 3.2, and a very long rest of that"))
    plot.resize(240, 150)
    plot.grab()
    [place] = plot.marks.labels().values()
    assert plot.view.plot_rect().contains(place)


def test_marks_are_drawn_on_screen_and_on_paper_and_read_in_full(plot: CurvePlot) -> None:
    marked(plot)
    without = canvas(plot).grab().toImage()
    plot.history.clear()
    marked(plot, MARKS[0])
    plot.grab()
    with_marks = canvas(plot).grab().toImage()
    place = plot.marks.labels()[MARKS[0]].center().toPoint()
    across = [QPoint(place.x() + dx, place.y()) for dx in range(-40, 40)]
    assert any(without.pixelColor(at) != with_marks.pixelColor(at) for at in across)
    printed = plot.printed(light_palette(), plot.size())
    assert printed.marks.current == (MARKS[0],)
    printed.deleteLater()
    target = canvas(plot)
    x = plot.view.to_pixels(3.2, 0).x() / target.width()
    assert MARKS[0].whole in hover(plot, x)
