from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from rbm_studio.app.curve_header import CurveHeader
from rbm_studio.app.curve_history import CurvePoint
from rbm_studio.app.curve_pair import CurvePair

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.curve_plot import CurvePlot


@pytest.fixture
def pair(qtbot: QtBot) -> CurvePair:
    pair = CurvePair()
    qtbot.addWidget(pair)
    pair.plot.set_labels(x="Epochs", y="Article's KL")
    pair.beside.set_labels(x="Epochs", y="True KL")
    for plot, factor in ((pair.plot, 1.0), (pair.beside, 10.0)):
        plot.set_expected_epochs(10)
        plot.history.append([CurvePoint(float(epoch), factor / (1 + epoch)) for epoch in range(11)])
    pair.resize(640, 400)
    with qtbot.waitExposed(pair):
        pair.show()
    return pair


def hover(plot: CurvePlot, x: float) -> None:
    target = plot.view.viewport()
    QTest.mouseMove(plot, QPoint(0, 0))
    QTest.mouseMove(target, QPoint(round(x * target.width()), target.height() // 2))


def has_width(widget: QWidget, width: int) -> bool:
    return widget.width() == width


def zoom(plot: CurvePlot, x: float) -> None:
    target = plot.view.viewport()
    at = QPointF(x * target.width(), target.height() / 2)
    event = QWheelEvent(
        at,
        target.mapToGlobal(at),
        QPoint(),
        QPoint(0, 480),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(target, event)


def x_range(plot: CurvePlot) -> tuple[float, float]:
    (low, high), _ = plot.view.box.viewRange()
    return round(low, 6), round(high, 6)


def place_of(plot: CurvePlot, epoch: float) -> float:
    """Return where an epoch stands, from the window's left edge, in px."""
    return plot.view.viewport().mapTo(plot.window(), QPoint()).x() + plot.view.to_pixels(epoch, 0.0).x()


def test_at_first_there_is_one_plot(pair: CurvePair) -> None:
    assert pair.plots() == [pair.plot]
    assert not pair.beside.isVisible()


def test_showing_the_other_one_takes_no_room_from_the_window(pair: CurvePair, qtbot: QtBot) -> None:
    least = pair.minimumSizeHint()
    pair.show_beside(True)
    qtbot.waitUntil(lambda: pair.beside.height() > 0)
    assert pair.plots() == [pair.plot, pair.beside]
    assert pair.minimumSizeHint().height() <= least.height()
    pair.show_beside(False)
    assert pair.minimumSizeHint() == least


@pytest.mark.parametrize("height", [160, 200, 400])
def test_both_curves_are_as_high_and_the_same_epoch_stands_at_the_same_place(
    pair: CurvePair, qtbot: QtBot, height: int
) -> None:
    pair.show_beside(True)
    pair.resize(640, height)
    qtbot.waitUntil(lambda: pair.plot.height() + pair.beside.height() == height)
    pair.grab()
    assert place_of(pair.plot, 7.0) == pytest.approx(place_of(pair.beside, 7.0), abs=1)
    upper, lower = (plot.view.plot_rect().height() for plot in pair.plots())
    assert upper == pytest.approx(lower, abs=25)
    assert min(upper, lower) > 15
    for header in pair.findChildren(CurveHeader):
        assert header.height() >= header.fontMetrics().height()


def test_they_stay_aligned_when_one_needs_longer_names(pair: CurvePair) -> None:
    pair.show_beside(True)
    pair.grab()
    for plot, value in ((pair.plot, 90_000.0), (pair.beside, -90_000.0)):
        plot.history.append([CurvePoint(10.0, value)])
        pair.grab()
        assert place_of(pair.plot, 7.0) == pytest.approx(place_of(pair.beside, 7.0), abs=1)


def test_the_upper_plot_leaves_the_epochs_names_to_the_lower_one(pair: CurvePair) -> None:
    pair.grab()
    alone = pair.plot.view.height() - pair.plot.view.plot_rect().height()
    pair.show_beside(True)
    pair.grab()
    rest = [plot.view.height() - plot.view.plot_rect().height() for plot in pair.plots()]
    assert rest[0] < alone
    assert rest[0] < rest[1]


def test_pointing_at_one_reads_both(pair: CurvePair) -> None:
    pair.show_beside(True)
    pair.grab()
    for plot in (pair.plot, pair.beside):
        hover(plot, 0.5)
        epochs = [each.reading().split(" · ")[0].split("\n")[0] for each in pair.plots()]
        assert epochs[0].startswith("epoch")
        assert epochs[0] == epochs[1]
    QTest.keyClick(pair.beside, Qt.Key.Key_Escape)
    assert [plot.reading() for plot in pair.plots()] == ["", ""]


def test_zooming_one_zooms_both_and_both_find_back(pair: CurvePair) -> None:
    pair.show_beside(True)
    pair.grab()
    home = x_range(pair.plot)
    assert home == (0, 10)
    for plot, other in ((pair.plot, pair.beside), (pair.beside, pair.plot)):
        zoom(plot, 0.5)
        assert x_range(plot) != home
        assert x_range(other) == x_range(plot)
        plot.history.append([CurvePoint(10.0, 0.01)])  # what comes meanwhile does not take the zoom back
        assert x_range(other) == x_range(plot) != home
        QTest.keyClick(other, Qt.Key.Key_Escape)
        assert x_range(plot) == x_range(other) == home


def test_hiding_the_other_one_shows_all_again(pair: CurvePair) -> None:
    pair.show_beside(True)
    pair.grab()
    home = x_range(pair.plot)
    zoom(pair.beside, 0.5)
    pair.show_beside(False)
    assert x_range(pair.plot) == home


def test_a_narrow_lower_plot_names_itself_rather_than_half_of_its_lines(pair: CurvePair, qtbot: QtBot) -> None:
    pair.beside.history.append([CurvePoint(10.0, 1.0, 2.0)])
    pair.show_beside(True)
    header = pair.beside.findChild(CurveHeader)
    assert isinstance(header, CurveHeader)
    pictures = []
    for width in (640, 260):
        pair.resize(width, 400)
        qtbot.waitUntil(partial(has_width, header, width - 16))
        pictures.append(header.grab().toImage())
        assert header.heightForWidth(header.width()) < 2 * header.fontMetrics().height()
    colours = {pictures[1].pixelColor(x, pictures[1].height() // 2).name() for x in range(pictures[1].width())}
    assert "#0072b2" not in colours
    assert "#56b4e9" not in colours
