"""What is measured on different data stands apart, wherever it is read: in the table, in the plot, and in files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from rbm_studio.app.curve_header import CurveHeader
from rbm_studio.app.curve_history import CurvePoint, CurveRun
from rbm_studio.app.measures import Measure, apart, measure_of
from rbm_studio.app.preferences import CURVE, preferences
from rbm_studio.app.quantities import LIVE
from rbm_studio.app.session import Session
from rbm_studio.core.settings import TrainingSettings
from rbm_studio.data import Dataset
from rbm_studio.storage.experiment_file import DatasetIdentity, load_experiment, save_experiment
from tests.experiments import pack

from .conftest import bars_dataset, load
from .driving import LEFT, click, press, wait_until_idle
from .settings_page import select
from .test_curve_metrics import ABOVE, choice, panel, plots, wait_until_measured, words
from .test_runs_panel import drawn, export, headings, names, rows_of, runs, table, text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.curve_plot import CurvePlot
    from rbm_studio.app.window import MainWindow

__all__ = ["runs"]
SHOWN = ("grey values", "thresholded at 0.5")
SMALL, LARGE = "Training KL\nB = 20\n(nats per pixel)", "Training KL\nB = 50\n(nats per pixel)"


def train(qtbot: QtBot, window: MainWindow, *, anew: bool = True, **settings: object) -> None:
    if anew:
        press(window, "Reset")
    window.session.change_settings(**settings)
    press(window, "Train")
    wait_until_idle(qtbot, window.session)


def click_heading(window: MainWindow, title: str) -> None:
    header, column = table(window).horizontalHeader(), headings(window).index(title)
    table(window).scrollTo(table(window).runs.index(0, column))
    x = header.sectionViewportPosition(column) + header.sectionSize(column) // 2
    QTest.mouseClick(header.viewport(), LEFT, pos=QPoint(x, header.height() // 2))


def kl_headings(window: MainWindow) -> list[str]:
    return [title for title in headings(window) if title.startswith("Training KL")]


def starred(window: MainWindow, title: str) -> list[int]:
    """Return which rows bear the mark of the best in a column."""
    model, column = table(window).runs, headings(window).index(title)
    rows = range(model.rowCount())
    return [row for row in rows if model.index(row, column).data(Qt.ItemDataRole.DecorationRole) is not None]


def read_at(plot: CurvePlot, epoch: float) -> str:
    low, high = plot.view.box.viewRange()[1]
    QTest.mouseMove(plot, QPoint(0, 0))
    QTest.mouseMove(plot.view.viewport(), plot.view.to_pixels(epoch, (low + high) / 2).toPoint())
    return plot.reading().replace("\n", " · ")


def legend(plot: CurvePlot) -> list[str]:
    header = plot.findChild(CurveHeader)
    assert isinstance(header, CurveHeader)
    return [header._title, *(entry.name for entry in header._entries)]


def small(side: int = 2) -> Dataset:
    """Return six patterns of 2×2."""
    images = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1], [1, 1, 1, 1], [0, 0, 0, 0]], np.uint8)
    images = (images * 255).reshape(-1, side, side)
    return Dataset("Patterns", "made up", images[:5], None, images[5:], None)


def test_runs_of_different_measures_stand_in_columns_of_their_own(
    qtbot: QtBot, runs: MainWindow, tmp_path: Path
) -> None:
    train(qtbot, runs)
    assert [title for title in headings(runs) if "KL" in title] == [
        "Training KL\n(nats per pixel)",
        "Held-out KL\n(nats per pixel)",
    ]
    train(qtbot, runs, batch_size=50)
    train(qtbot, runs, batch_size=20, learning_rate=0.01)
    qtbot.waitUntil(lambda: kl_headings(runs) == [SMALL, LARGE] and text(runs, 0, SMALL) != "–")
    qtbot.waitUntil(lambda: starred(runs, SMALL) != [])
    assert [text(runs, row, LARGE) == "–" for row in range(3)] == [True, False, True]
    assert [text(runs, row, SMALL) == "–" for row in range(3)] == [False, True, False]
    column = headings(runs).index(LARGE)
    tip = table(runs).runs.headerData(column, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert "Bars, 8×8, grey values, B = 50" in tip
    assert "not comparable" in tip
    # To sort ranks only what can be compared; what is of another measure stands last, whichever way.
    slow, large, fast = names(runs)
    figures = {name: float(text(runs, row, SMALL)) for row, name in enumerate(names(runs)) if name != large}
    better, worse = sorted((slow, fast), key=lambda name: figures[name])
    for expected in ([better, worse, large], [worse, better, large]):
        click_heading(runs, SMALL)
        assert names(runs) == expected
    # The better of two bears a mark; one alone is not the best of anything.
    assert starred(runs, SMALL) == [1]
    assert starred(runs, LARGE) == []
    best = table(runs).runs.index(1, headings(runs).index(SMALL))
    assert "best" in str(best.data(Qt.ItemDataRole.AccessibleTextRole))
    export(qtbot, runs, "The table…", tmp_path / "runs.csv")
    first, _, last = rows_of(tmp_path / "runs.csv")
    assert first["Training KL, B = 50 (nats per pixel)"] == ""
    assert float(last["Training KL, B = 50 (nats per pixel)"]) > 0
    assert last["Training KL, B = 20 (nats per pixel)"] == ""
    export(qtbot, runs, "All curves…", tmp_path / "curves.csv")
    qtbot.waitUntil((tmp_path / "curves.csv").exists)
    found = {(row["run"], row["measure"]) for row in rows_of(tmp_path / "curves.csv")}
    assert found == {
        (slow, "Bars, 8×8, grey values, B = 20"),
        (fast, "Bars, 8×8, grey values, B = 20"),
        (large, "Bars, 8×8, grey values, B = 50"),
    }


def test_grey_and_thresholded_images_stand_apart(qtbot: QtBot, runs: MainWindow) -> None:
    panel(runs).choose("cross_entropy")
    grey, states = (f"Training: Reconstruction cross-entropy\n{shown}\n(nats per image)" for shown in SHOWN)
    for binarisation in ("grey", "threshold"):
        train(qtbot, runs, binarisation=binarisation)
        qtbot.waitUntil(lambda: runs.session.book.runs[-1].curves["cross_entropy"].rows()[-1:, 0].tolist() == [3])
    qtbot.waitUntil(lambda: {grey, states} <= set(headings(runs)))
    assert [text(runs, row, grey) == "–" for row in range(2)] == [True, False]
    assert [text(runs, row, states) == "–" for row in range(2)] == [False, True]
    assert drawn(runs) == []
    qtbot.waitUntil(lambda: words(runs).startswith("Not drawn, since not comparable: 1 run (grey values)."))
    # The article's KL is of grey values, whatever the model is shown: there the two are comparable.
    assert kl_headings(runs) == ["Training KL\n(nats per pixel)"]


def test_a_run_of_another_measure_is_not_on_the_axis_and_that_is_said(qtbot: QtBot, window: MainWindow) -> None:
    train(qtbot, window)
    first = window.session.book.runs[0].name
    train(qtbot, window, batch_size=50)
    assert drawn(window) == []
    qtbot.waitUntil(lambda: words(window).startswith("Not drawn, since not comparable: 1 run (B = 20)."))
    [plot] = plots(window)
    assert legend(plot) == ["nats per pixel, grey values, B = 50", "training", "held-out", "1 not comparable"]
    assert read_at(plot, 3.0).endswith(" · grey values, B = 50")
    train(qtbot, window, batch_size=20, seed=1)
    assert drawn(window) == [first]
    qtbot.waitUntil(lambda: words(window).startswith("Not drawn, since not comparable: 1 run (B = 50)."))
    # What is measured in the same way for all of them has all of them on one axis.
    select(choice(window), "Pseudo-log-likelihood")
    wait_until_measured(qtbot, window, 3)
    assert "Not drawn" not in words(window)
    assert legend(plot)[0] == "nats per image, thresholded at 0.5"


def test_fewer_images_than_a_batch_asks_for_are_one_batch(session: Session) -> None:
    assert session.images is not None
    huge = replace(session.settings.training, batch_size=1000)
    assert measure_of(LIVE, huge, session.images.identity, (8, 8)).batch_size == 200


def test_a_run_that_goes_on_with_another_measure_breaks_its_line(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    train(qtbot, window)
    train(qtbot, window, anew=False, batch_size=50)
    [plot] = plots(window)
    curve = window.session.book.runs[0].curves[LIVE]
    assert [
        (span.stop - span.start, span.measure is not None and span.measure.batch_size) for span in curve.spans()
    ] == [
        (3, 20),
        (3, 50),
    ]
    # Nothing leads from one part to the other.
    lines = plot._lines
    assert lines.training.x.tolist() == [4, 5, 6]
    assert [stretch.main.x.tolist() for stretch in lines.former] == [[1, 2, 3]]
    assert legend(plot) == ["nats per pixel, grey values, B = 50", "training", "held-out", "until 3: B = 20"]
    assert read_at(plot, 2.0).startswith("epoch 2 · training ")
    assert " · grey values, B = 20" in read_at(plot, 2.0)
    assert " · grey values, B = 50" in read_at(plot, 5.0)
    # The keys go through all of it.
    plot.view.show_all()
    for _ in range(5):
        QTest.keyClick(plot, Qt.Key.Key_Left)
    assert plot.reading().startswith("epoch 1")
    panel(window).save(tmp_path / "curve.csv")
    shown = [row["measure"].split(", ")[-1] for row in rows_of(tmp_path / "curve.csv")]
    assert shown == ["B = 20"] * 3 + ["B = 50"] * 3
    for name in ("curve.png", "curve.svg"):
        panel(window).save(tmp_path / name)
    assert "until 3: B = 20" in (tmp_path / "curve.svg").read_text(encoding="utf-8")


def test_the_table_has_what_a_run_was_by_each_measure(qtbot: QtBot, runs: MainWindow) -> None:
    train(qtbot, runs)
    first = runs.session.book.runs[0].curves[LIVE].last("training")
    train(qtbot, runs, anew=False, batch_size=50)
    qtbot.waitUntil(lambda: SMALL in headings(runs))
    assert text(runs, 0, SMALL) == f"{first:.4f}"
    assert text(runs, 0, LARGE) == f"{runs.session.book.runs[0].curves[LIVE].last('training'):.4f}"


def test_a_file_keeps_what_each_figure_is_of(
    qtbot: QtBot, window: MainWindow, show: Callable[[Session], MainWindow], tmp_path: Path
) -> None:
    window.session.change_settings(binarisation="threshold")
    train(qtbot, window)
    train(qtbot, window, anew=False, batch_size=50)
    train(qtbot, window, seed=1)
    spans = [run.curves[LIVE].spans() for run in window.session.book.runs]
    assert [len(each) for each in spans] == [2, 1]
    assert window.session.save_experiment(tmp_path / "bars.rbmx")
    again = Session()
    load(qtbot, again, bars_dataset())
    assert again.open_experiment(tmp_path / "bars.rbmx")
    assert [run.curves[LIVE].spans() for run in again.book.runs] == spans
    # To go on with it is of the same measure.
    second = show(again)
    press(second, "Train")
    wait_until_idle(qtbot, again)
    assert [span.measure for span in again.book.runs[-1].curves[LIVE].spans()] == [spans[-1][0].measure]
    # A file of an earlier version does not say; its run's settings do. Then the KL was of what the model was shown.
    saved = load_experiment(tmp_path / "bars.rbmx")
    old = [replace(run, facts={k: v for k, v in run.facts.items() if k != "measures"}) for run in saved.runs]
    save_experiment(tmp_path / "old.rbmx", replace(saved, runs=tuple(old)))
    earlier = Session()
    load(qtbot, earlier, bars_dataset())
    assert earlier.open_experiment(tmp_path / "old.rbmx")
    measures = [[span.measure for span in run.curves[LIVE].spans()] for run in earlier.book.runs]
    last = spans[0][1].measure
    assert last is not None
    assert last.shown == "grey values"
    assert measures == [[replace(last, binarisation="threshold", threshold=0.5)]] * 2
    again.shut_down()
    earlier.shut_down()


BROKEN = [
    {"from": -1},
    {"from": 3},
    {"from": True},
    {"binarisation": "sepia"},
    {"threshold": float("nan")},
    {"threshold": 2},
    {"batch_size": 10**9},
    {"image_shape": [8]},
    {"image_shape": [8, -8]},
    {"dataset": 7},
    {"digest": "x" * 1000},
    {"train_num": "many"},
]


@pytest.mark.parametrize("change", BROKEN, ids=str)
def test_measures_that_make_no_sense_are_refused(
    qtbot: QtBot, session: Session, tmp_path: Path, change: dict[str, object]
) -> None:
    session.train()
    wait_until_idle(qtbot, session)
    assert session.save_experiment(tmp_path / "bars.rbmx")
    saved = load_experiment(tmp_path / "bars.rbmx")
    about = saved.runs[0].facts["measures"][LIVE]
    about[0] |= change
    pack(tmp_path / "broken.rbmx", saved)
    with qtbot.waitSignal(session.failed) as failed:
        assert not session.open_experiment(tmp_path / "broken.rbmx")
    assert failed.args is not None
    assert "damaged" in str(failed.args[0])


def test_the_true_divergence_is_what_a_small_model_of_binary_images_shows(
    qtbot: QtBot, session: Session, show: Callable[[Session], MainWindow]
) -> None:
    preferences.keep(CURVE, "")
    window = show(session)
    qtbot.waitUntil(lambda: choice(window).currentText() == "True KL divergence")
    press(window, "Train")
    wait_until_idle(qtbot, session)
    wait_until_measured(qtbot, window, 3)
    # A trained model keeps what it is judged by; a new one may be judged by something else.
    session.change_settings(hidden_num=30)
    assert choice(window).currentText() == "True KL divergence"
    press(window, "Reset")
    qtbot.waitUntil(lambda: choice(window).currentText() == "Article's KL")
    session.change_settings(hidden_num=12)
    qtbot.waitUntil(lambda: choice(window).currentText() == "True KL divergence")
    # Images with grey values have no probability, unless they are thresholded first.
    session.change_settings(binarisation="grey")
    grey = bars_dataset()
    load(qtbot, session, replace(grey, train_images=grey.train_images // 2, test_images=grey.test_images // 2))
    qtbot.waitUntil(lambda: choice(window).currentText() == "Article's KL")
    session.change_settings(binarisation="threshold", threshold=0.3)
    qtbot.waitUntil(lambda: choice(window).currentText() == "True KL divergence")


def test_what_a_person_chose_stays(qtbot: QtBot, session: Session, show: Callable[[Session], MainWindow]) -> None:
    preferences.keep(CURVE, "")
    window = show(session)
    qtbot.waitUntil(lambda: choice(window).currentText() == "True KL divergence")
    select(choice(window, ABOVE), "Article's KL")
    train(qtbot, window)
    press(window, "Reset")
    session.change_settings(hidden_num=13)
    wait_until_idle(qtbot, session)
    assert choice(window).currentText() == "Article's KL"
    assert choice(show(session)).currentText() == "Article's KL"


def test_a_negative_kl_says_why_wherever_it_is_read(qtbot: QtBot, runs: MainWindow) -> None:
    train(qtbot, runs)
    first = runs.session.book.runs[0].name
    load(qtbot, runs.session, small())
    plain = {"gradient": "cd", "centred": False, "schedule": "constant", "momentum": 0.9}
    plain |= {"binarisation": "grey", "visible_units": "mean-field"}
    runs.session.change_settings(hidden_num=4, batch_size=5, epochs=200, learning_rate=1.0, **plain)
    press(runs, "Train")
    wait_until_idle(qtbot, runs.session)
    why = "egative since (ln B)/D is taken off, here (ln 5)/4 = 0.402"
    [plot] = plots(runs)
    assert plot.runs()[-1][1][-1, 1] < 0
    # The curve of other images is not beside it.
    assert first not in drawn(runs)
    assert legend(plot)[0] == "nats per pixel, grey values, B = 5"
    assert f" · n{why}" in read_at(plot, 200.0)
    qtbot.waitUntil(lambda: f"N{why}." in words(runs))
    assert "1 run (Bars, 8×8, B = 20)" in words(runs)
    column = "Training KL\nPatterns, 2×2, B = 5\n(nats per pixel)"
    qtbot.waitUntil(lambda: column in headings(runs))
    tip = str(table(runs).runs.index(0, headings(runs).index(column)).data(Qt.ItemDataRole.ToolTipRole))
    assert f"N{why}" in tip
    assert starred(runs, column) == []
    # A logarithmic axis says what it leaves out.
    click(panel(runs)._log)
    qtbot.waitUntil(lambda: "leaves out values of 0 and below" in words(runs))
    # What never is negative has nothing to say.
    select(choice(runs), "True KL divergence")
    qtbot.waitUntil(lambda: "taken off" not in words(runs))


def test_what_is_expected_to_be_negative_says_why_in_its_tooltip_only(qtbot: QtBot, window: MainWindow) -> None:
    select(choice(window), "Log-likelihood")
    wait_until_measured(qtbot, window, 0)
    assert "negative" not in words(window).lower()
    qtbot.waitUntil(lambda: "the logarithm of a probability" in panel(window)._what.toolTip())


class TestCurveRun:
    ONE, TWO = Measure("a", "1"), Measure("b", "2")

    def of(self, *measures: Measure) -> CurveRun:
        run = CurveRun("run")
        for epoch, measure in enumerate(measures):
            run.append([CurvePoint(float(epoch), 10.0 * epoch)], measure)
        return run

    def stretches(self, run: CurveRun) -> list[tuple[list[float], Measure | None]]:
        return [(run.values("epoch")[start:stop].tolist(), measure) for start, stop, measure in run.spans()]

    def test_points_of_one_measure_are_one_stretch(self) -> None:
        run = self.of(self.ONE, self.ONE, self.TWO, self.ONE)
        assert self.stretches(run) == [([0, 1], self.ONE), ([2], self.TWO), ([3], self.ONE)]
        assert run.lasts("training") == {self.ONE: 30.0, self.TWO: 20.0}
        assert run.lasts("held_out") == {}
        assert CurveRun("empty").spans() == []

    @pytest.mark.parametrize("epoch", [-1.0, 0.5, 1.5, 3.5])
    def test_an_inserted_point_stands_in_its_place_and_is_not_the_last(self, epoch: float) -> None:
        run = self.of(self.ONE, self.ONE, self.TWO)
        given = run.rows()
        before = given.copy()
        run.insert(CurvePoint(epoch, 5.0), self.TWO)
        run.insert(CurvePoint(epoch, 6.0), self.ONE)  # there is one
        np.testing.assert_array_equal(given, before)
        assert run.values("epoch").tolist() == sorted([0.0, 1.0, 2.0, epoch])
        assert run.values("training")[run.values("epoch") == epoch].tolist() == [5.0]
        assert sum(stop - start for start, stop, _ in run.spans()) == 4
        assert [measure for epochs, measure in self.stretches(run) if epoch in epochs] == [self.TWO]
        assert run.lasts("training")[self.TWO] == (5.0 if epoch > 2 else 20.0)

    def test_thinning_keeps_the_measures_of_what_is_left(self) -> None:
        run = self.of(*[self.ONE] * 3, self.TWO, *[self.ONE] * 4)
        run.thin()
        assert self.stretches(run) == [([0, 2], self.ONE), ([4, 6, 7], self.ONE)]

    def test_what_another_run_had_until_then_is_of_the_same_measures(self) -> None:
        run = CurveRun("branch")
        run.extend_from(self.of(self.ONE, self.TWO, self.TWO), 1.0)
        assert self.stretches(run) == [([0], self.ONE), ([1], self.TWO)]


def test_words_name_only_what_differs() -> None:
    data = DatasetIdentity("Bars", "1" * 64, 200, 20, (8, 8))
    grey = measure_of(LIVE, TrainingSettings(binarisation="grey", batch_size=20), data, (8, 8))
    states = measure_of(LIVE, TrainingSettings(binarisation="threshold", batch_size=20), data, (8, 8))
    # The article's KL is of grey values, whatever the model is shown.
    assert grey == states
    grey, states = (
        measure_of("cross_entropy", TrainingSettings(binarisation=shown), data, (8, 8))
        for shown in ("grey", "threshold")
    )
    assert apart([grey, grey]) == {grey: ""}
    assert apart([grey, states]) == {grey: "grey values", states: "thresholded at 0.5"}
    other = replace(grey, digest="2" * 64)
    assert apart([grey, other]) == {grey: "#111111", other: "#222222"}
    unknown = replace(grey, digest="")
    assert apart([grey, unknown])[unknown] == "images not known"
    assert apart([None]) == {None: ""}
    assert set(apart([None, grey]).values()) == {"not known on what", "images not known"}
    # Where only states have a probability, grey images are thresholded.
    assert measure_of("true_kl", TrainingSettings(binarisation="grey"), data, (8, 8)).shown == "thresholded at 0.5"
    assert measure_of("true_kl", TrainingSettings(binarisation="stochastic"), data, (8, 8)).shown == (
        "made binary at random"
    )
