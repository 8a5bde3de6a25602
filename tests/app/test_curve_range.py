"""An old spike does not leave the rest of the curve without height."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDoubleSpinBox

from rbm_studio.app.curve_axes import nice_range
from rbm_studio.app.curve_history import CurvePoint
from rbm_studio.app.curve_plot import CurvePlot
from rbm_studio.app.curve_range import Cut, shown_range
from rbm_studio.app.theme import dark_palette, light_palette

from .driving import button, click, press, wait_until_idle
from .settings_page import enter, field
from .test_curve_plot import TestZoom as _Zoom
from .test_curve_plot import hover

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.curve_range import Points
    from rbm_studio.app.window import MainWindow

PER_EPOCH = 60


def line(epochs: float, spike: float | None = None) -> Points:
    """Return a curve that falls from 0.7 to 0.12, with a spike around epoch 0.1."""
    x = np.arange(1, round(epochs * PER_EPOCH) + 1) / PER_EPOCH
    y = 0.12 + 0.58 * np.exp(-3 * x)
    if spike is not None:
        y[2:8] = np.linspace(spike / 2, spike, 6)
    return x, y


def span(values: NDArray[np.float64]) -> tuple[float, float]:
    return float(values.min()), float(values.max())


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("epochs", [0.1, 1, 10, 100])
def test_a_curve_that_falls_as_it_should_is_shown_whole(epochs: float, log: bool) -> None:
    x, y = line(epochs)
    assert shown_range([(x, y)], [], log=log) == (span(y), [])


@pytest.mark.parametrize("first", [0.3689, 0.6, 1.1])
def test_so_is_one_of_few_points(first: float) -> None:
    y = np.array([first, 0.2504, 0.2144, 0.1982, 0.1875, 0.1797, 0.1736, 0.1685, 0.1645, 0.1612])
    assert shown_range([(np.arange(10.0), y)], []) == (span(y), [])
    # In nats, too: from the untrained model on.
    assert shown_range([(np.arange(10.0), -600 * y)], []) == (span(-600 * y), [])


@pytest.mark.parametrize("log", [False, True])
def test_an_old_spike_is_cut_off_and_told(log: bool) -> None:
    x, y = line(10, spike=9)
    bounds, cuts = shown_range([(x, y)], [], log=log)
    assert bounds == (y.min(), np.delete(y, range(2, 8)).max())
    assert cuts == [Cut(8 / PER_EPOCH, 9.0, 0, is_above=True)]


def test_a_spike_downwards_is_cut_off_too() -> None:
    x, y = line(10, spike=9)
    bounds, cuts = shown_range([(x, -y)], [])
    assert bounds is not None
    assert bounds[0] == pytest.approx(-np.delete(y, range(2, 8)).max())
    assert cuts == [Cut(8 / PER_EPOCH, -9.0, 0, is_above=False)]


def test_while_it_happens_it_is_seen() -> None:
    x, y = line(10)
    y[-5:] = 9
    bounds, cuts = shown_range([(x, y)], [])
    assert bounds == (y.min(), 9)
    assert cuts == []


def test_as_the_run_goes_on_the_axis_changes_once() -> None:
    x, y = line(20, spike=9)
    tops = [shown_range([(x[:count], y[:count])], [])[0] for count in range(8, len(x), 4)]
    highest = [bounds[1] for bounds in tops if bounds is not None]
    changes = [later for earlier, later in pairwise(highest) if later != earlier]
    assert highest[0] == 9
    assert len(changes) == 1
    assert highest[-1] < 0.7


def test_earlier_runs_are_shown_as_far_as_they_leave_room_for_the_present_one() -> None:
    present, well, ill = line(10), line(5), line(10, spike=9)
    broken = (ill[0], np.full(len(ill[0]), 9.0))
    bounds, cuts = shown_range([present], [well, ill, broken])
    assert bounds == span(present[1])
    assert {(cut.line, cut.value) for cut in cuts} == {(2, 9.0), (3, 9.0)}
    # Before there is anything to compare with, they are all there is.
    assert shown_range([(present[0][:3], present[1][:3])], [broken])[0] == (present[1][2], 9.0)


def test_a_run_that_goes_on_where_another_ended_leaves_that_one_its_beginning() -> None:
    x, y = line(10)
    tail = x > 5
    assert shown_range([(x[tail], y[tail])], [(x, y)])[0] == span(y)


# --- in the plot


@pytest.fixture
def plot(qtbot: QtBot) -> CurvePlot:
    plot = CurvePlot()
    qtbot.addWidget(plot)
    plot.setPalette(light_palette())
    plot.set_labels(x="Epochs", y="KL divergence")
    plot.resize(600, 400)
    plot.show()
    qtbot.waitExposed(plot)
    return plot


def fill(plot: CurvePlot, points: Points) -> None:
    plot.history.append([CurvePoint(float(x), float(y)) for x, y in zip(*points, strict=True)])


def shown_values(plot: CurvePlot) -> tuple[float, float]:
    low, high = plot.view.box.viewRange()[1]
    return low, high


@pytest.mark.parametrize("dark", [False, True])
def test_the_plot_marks_where_a_spike_is_cut_off_and_reads_it(plot: CurvePlot, dark: bool) -> None:
    if dark:
        plot.setPalette(dark_palette())
    fill(plot, line(10, spike=9))
    assert shown_values(plot) == pytest.approx(nice_range(0.12, 0.7), abs=0.05)
    assert plot.view.cut_words() == ["up to 9 at epoch 0.13"]
    # The arrow lies at the top edge, in the line's own colour.
    at = plot.view.to_pixels(8 / PER_EPOCH, shown_values(plot)[1])
    picture = plot.view.grab().toImage()
    ratio = picture.devicePixelRatio()
    below = QPointF(at.x(), at.y() + 6) * ratio
    assert picture.pixelColor(below.toPoint()).name() == plot._colours.training.name()
    assert hover(plot, at.x() / plot.view.width()) == "epoch 0.13 · training 9.0000"


def test_who_zooms_out_sees_the_spike_and_keeps_it(plot: CurvePlot) -> None:
    x, y = line(10, spike=9)
    fill(plot, (x[:-60], y[:-60]))
    home = shown_values(plot)
    for _ in range(20):
        _Zoom().zoom(plot, 0.5, -1200)
    assert shown_values(plot)[1] >= 9
    assert plot.view.cut_words() == []
    fill(plot, (x[-60:], y[-60:]))
    assert shown_values(plot)[1] >= 9
    QTest.keyClick(plot, Qt.Key.Key_Escape)
    assert shown_values(plot) == home


def test_a_log_axis_cuts_it_off_too(plot: CurvePlot) -> None:
    fill(plot, line(10, spike=9))
    plot.set_log(True)
    low, high = shown_values(plot)
    assert high == pytest.approx(0.0)
    assert low == pytest.approx(-1.0)
    assert plot.view.cut_words() == ["up to 9 at epoch 0.13"]


def test_on_paper_it_is_marked_as_on_the_screen(plot: CurvePlot) -> None:
    fill(plot, line(10, spike=9))
    printed = plot.printed(light_palette(), plot.size())
    assert printed.view.cut_words() == plot.view.cut_words() != []
    printed.deleteLater()


def test_a_wrong_rate_at_first_does_not_rule_the_axis_for_ever(qtbot: QtBot, window: MainWindow) -> None:
    """Rate 40, Train, Stop, Undo changes, Reset, Train."""
    session = window.session
    plot = window.panel("curve").findChild(CurvePlot)
    assert isinstance(plot, CurvePlot)
    session.choose_preset("cd-1")
    session.change_settings(epochs=30, batch_size=20, momentum=0.0)
    enter(field(window, "Learning rate", QDoubleSpinBox), "40")
    press(window, "Train")
    wait_until_idle(qtbot, session)
    before = shown_values(plot)[1]
    assert before > 4
    click(button(window.panel("model"), "Undo changes"))
    press(window, "Reset")
    session.change_settings(epochs=60)
    press(window, "Train")
    wait_until_idle(qtbot, session)
    last = plot.history.current
    assert last is not None
    values = last.values("training")
    assert shown_values(plot)[1] <= before / 3
    assert float(np.nanmax(values)) < 1
    assert any("up to" in words for words in plot.view.cut_words())
