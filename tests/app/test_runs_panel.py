"""The table of runs in the real window: renamed, hidden, deleted, brought back, saved as CSV."""

from __future__ import annotations

import csv
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMenu, QStyle, QStyleOptionViewItem, QToolButton

from rbm_studio.app.curve_history import CurveRun
from rbm_studio.app.panels.curve_panel import CurvePanel
from rbm_studio.app.quantities import LIVE
from rbm_studio.app.run import Run
from rbm_studio.app.run_columns import duration
from rbm_studio.app.runs_export import RunsExport
from rbm_studio.app.runs_view import RunsView
from rbm_studio.app.session import Session
from rbm_studio.app.state import RunState

from .conftest import bars_dataset, load
from .driving import (
    LEFT,
    button,
    click,
    message,
    model_of,
    pick,
    press,
    process_deletions,
    state,
    status,
    wait_until_idle,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtCore import QModelIndex
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.curve_plot import CurvePlot
    from rbm_studio.app.window import MainWindow


@pytest.fixture
def runs(qtbot: QtBot, window: MainWindow) -> MainWindow:
    """A window with the table in front."""
    window.docks["runs"].raise_()
    qtbot.waitUntil(lambda: table(window).runs.rowCount() == 1)
    return window


def train(qtbot: QtBot, window: MainWindow, **settings: object) -> None:
    """Train another model with these settings."""
    press(window, "Reset")
    window.session.change_settings(**settings)
    press(window, "Train")
    wait_until_idle(qtbot, window.session)


def table(window: MainWindow) -> RunsView:
    view = window.panel("runs").findChild(RunsView)
    assert isinstance(view, RunsView)
    return view


def headings(window: MainWindow) -> list[str]:
    return [column.title for column in table(window).runs.columns]


def names(window: MainWindow) -> list[str]:
    return [text(window, row, 0) for row in range(table(window).runs.rowCount())]


def text(window: MainWindow, row: int, column: int | str) -> str:
    number = headings(window).index(column) if isinstance(column, str) else column
    return str(table(window).runs.index(row, number).data())


def index_of(window: MainWindow, row: int) -> QModelIndex:
    view = table(window)
    view.scrollTo(view.runs.index(row, 0))
    return view.runs.index(row, 0)


def click_row(window: MainWindow, row: int, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    view = table(window)
    place = view.visualRect(index_of(window, row)).center()
    QTest.mouseClick(view.viewport(), LEFT, keys, place)


def box_of(window: MainWindow, row: int) -> QRect:
    """Return where the check box of a row is."""
    view, index = table(window), index_of(window, row)
    option = QStyleOptionViewItem()
    view.initViewItemOption(option)
    option.rect = view.visualRect(index)
    option.features |= QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator
    return view.style().subElementRect(QStyle.SubElement.SE_ItemViewItemCheckIndicator, option, view)


def tool(window: MainWindow, name: str) -> QToolButton:
    found = [b for b in window.panel("runs").findChildren(QToolButton) if b.accessibleName() == name]
    assert len(found) == 1, name
    return found[0]


def type_name(window: MainWindow, name: str) -> None:
    editor = table(window).findChild(QLineEdit)
    assert isinstance(editor, QLineEdit)
    editor.selectAll()
    QTest.keyClicks(editor, name)
    QTest.keyClick(editor, Qt.Key.Key_Return)


def runs_export(window: MainWindow) -> RunsExport:
    found = window.panel("runs").findChild(RunsExport)
    assert isinstance(found, RunsExport)
    return found


def plot(window: MainWindow) -> CurvePlot:
    panel = window.panel("curve")
    assert isinstance(panel, CurvePanel)
    return panel.plot


def drawn(window: MainWindow) -> list[str]:
    """Return the names of the earlier runs that are drawn, from the first."""
    return [run.title for run, _ in plot(window)._lines.earlier]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def export(qtbot: QtBot, window: MainWindow, what: str, path: Path) -> None:
    menu = tool(window, "Export the runs as CSV").menu()
    assert isinstance(menu, QMenu)
    [action] = [action for action in menu.actions() if action.text().replace("&", "") == what]
    action.trigger()
    pick(qtbot, path)


FIRST = "12 hidden, recommended, rate 1, batch 20"


def test_a_row_for_each_run_and_columns_only_for_what_differs(qtbot: QtBot, runs: MainWindow) -> None:
    train(qtbot, runs, gradient="cd")
    qtbot.waitUntil(lambda: text(runs, 0, "Epochs") == "3")
    assert names(runs) == [FIRST]
    assert headings(runs) == [
        "Run",
        "Epochs",
        "Time",
        "Training KL\n(nats per pixel)",
        "Held-out KL\n(nats per pixel)",
        "Model",
    ]
    train(qtbot, runs, learning_rate=0.05, gradient="pcd")
    assert [title for title in headings(runs) if title in ("Learning rate", "Estimator", "Seed", "Hidden units")] == [
        "Learning rate",
        "Estimator",
    ]
    assert [text(runs, row, "Estimator") for row in (0, 1)] == ["PCD", "CD"]
    assert [text(runs, row, "Learning rate") for row in (0, 1)] == ["0.05", "1"]
    assert [text(runs, row, "Model") for row in (0, 1)] == ["present", "kept"]
    curve = runs.session.book.runs[0].curves[LIVE]
    assert float(text(runs, 1, 3)) == pytest.approx(curve.values("training")[-1], abs=5e-5)


def test_runs_of_the_same_settings_have_different_names(qtbot: QtBot, runs: MainWindow) -> None:
    for _ in range(3):
        train(qtbot, runs)
    assert names(runs) == [f"{FIRST} (3)", f"{FIRST} (2)", FIRST]


@pytest.mark.parametrize("by_key", [True, False])
def test_a_name_is_typed(qtbot: QtBot, runs: MainWindow, by_key: bool) -> None:
    train(qtbot, runs)
    train(qtbot, runs, seed=1)
    click_row(runs, 1)
    if by_key:
        QTest.keyClick(table(runs), Qt.Key.Key_F2)
    else:
        click(tool(runs, "Rename"))
    type_name(runs, "  my  first ")
    qtbot.waitUntil(lambda: names(runs)[1] == "my first")
    assert drawn(runs) == ["my first"]
    assert runs.session.book.runs[0].curves[LIVE].title == "my first"
    assert runs.session.experiment.is_modified
    click_row(runs, 1)
    QTest.keyClick(table(runs), Qt.Key.Key_F2)
    type_name(runs, " ")
    assert names(runs)[1] == "my first"


def test_a_name_is_cut_to_what_a_file_holds(qtbot: QtBot, runs: MainWindow, tmp_path: Path) -> None:
    train(qtbot, runs)
    click_row(runs, 0)
    QTest.keyClick(table(runs), Qt.Key.Key_F2)
    QGuiApplication.clipboard().setText("x" * 40_000)
    editor = table(runs).findChild(QLineEdit)
    assert isinstance(editor, QLineEdit)
    QTest.keyClick(editor, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: names(runs)[0] == "x" * 1_000)
    assert status(runs) == "There is room for 1,000 characters in a name."
    assert runs.session.save_experiment(tmp_path / "runs.rbmx")
    assert runs.session.open_experiment(tmp_path / "runs.rbmx")
    qtbot.waitUntil(lambda: runs.session.task is None)
    assert names(runs)[0] == "x" * 1_000


def test_a_name_that_is_being_typed_survives_the_training(qtbot: QtBot, runs: MainWindow) -> None:
    train(qtbot, runs)
    press(runs, "Reset")
    runs.session.change_settings(epochs=100_000)
    press(runs, "Train")
    click_row(runs, 0)
    QTest.keyClick(table(runs), Qt.Key.Key_F2)
    editor = table(runs).findChild(QLineEdit)
    assert isinstance(editor, QLineEdit)
    epochs = runs.session.epochs_trained
    qtbot.waitUntil(lambda: runs.session.epochs_trained > epochs + 20)
    type_name(runs, "live")
    qtbot.waitUntil(lambda: names(runs)[0] == "live" and float(text(runs, 0, 1)) > 20)
    press(runs, "Stop")
    wait_until_idle(qtbot, runs.session)
    # Another training goes on under the name that it was given.
    press(runs, "Train")
    press(runs, "Stop")
    wait_until_idle(qtbot, runs.session)
    assert names(runs)[0] == "live"


def test_a_named_model_that_was_not_trained_yet_keeps_its_name(qtbot: QtBot, runs: MainWindow) -> None:
    click_row(runs, 0)
    click(tool(runs, "Rename"))
    type_name(runs, "mine")
    press(runs, "Train")
    wait_until_idle(qtbot, runs.session)
    assert names(runs) == ["mine"]


def test_a_click_hides_a_run_in_every_plot(qtbot: QtBot, runs: MainWindow) -> None:
    train(qtbot, runs)
    train(qtbot, runs, seed=1)
    history = runs.session.book.history("accuracy")
    assert drawn(runs) == [FIRST]
    QTest.mouseClick(table(runs).viewport(), LEFT, pos=box_of(runs, 1).center())
    assert drawn(runs) == []
    assert not runs.session.book.runs[0].is_shown
    assert history.shown_earlier == []
    QTest.mouseClick(table(runs).viewport(), LEFT, pos=box_of(runs, 1).center())
    assert drawn(runs) == [FIRST]
    # The present run is always drawn.
    QTest.mouseClick(table(runs).viewport(), LEFT, pos=box_of(runs, 0).center())
    assert table(runs).runs.index(0, 0).data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
    click_row(runs, 1)
    QTest.keyClick(table(runs), Qt.Key.Key_Space)
    assert drawn(runs) == []


def test_only_the_chosen_ones_are_shown(qtbot: QtBot, runs: MainWindow) -> None:
    for seed in range(4):
        train(qtbot, runs, seed=seed)
    book = runs.session.book
    for run, name in zip(book.runs, "abcd", strict=True):
        book.rename(run, name)
    assert drawn(runs) == ["a", "b", "c"]
    click_row(runs, 2)
    click(tool(runs, "Show only these"))
    assert drawn(runs) == ["b"]
    table(runs).choose(book.runs)
    click(tool(runs, "Show or hide"))
    assert drawn(runs) == ["a", "b", "c"]


def test_what_was_deleted_comes_back(qtbot: QtBot, runs: MainWindow) -> None:
    train(qtbot, runs)
    train(qtbot, runs, seed=1)
    train(qtbot, runs, seed=2)
    whole = names(runs)
    assert not tool(runs, "Bring back what was deleted").isEnabled()
    click_row(runs, 0)
    assert not tool(runs, "Delete").isEnabled()
    click_row(runs, 2)
    QTest.keyClick(table(runs), Qt.Key.Key_Delete)
    assert names(runs) == whole[:2]
    assert drawn(runs) == [whole[1]]
    assert len(runs.session.book.history(LIVE).measured) == 2
    assert "Ctrl+Z" in status(runs)
    QTest.keyClick(table(runs), Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert names(runs) == whole
    assert [run.name for run in table(runs).chosen()] == [whole[2]]
    assert len(runs.session.book.history(LIVE).measured) == 3
    assert not tool(runs, "Bring back what was deleted").isEnabled()


def test_any_run_is_brought_back_and_goes_on_as_if_nothing_had_come_between(qtbot: QtBot, runs: MainWindow) -> None:
    session = runs.session
    # A schedule would fall faster over fewer epochs.
    train(qtbot, runs, epochs=4, schedule="constant")
    whole = model_of(session).parameters.w.copy()
    curve = session.book.runs[-1].curves[LIVE].table()
    train(qtbot, runs, epochs=2)
    half = model_of(session)
    train(qtbot, runs, epochs=3, hidden_num=5)
    last = names(runs)[0]
    click_row(runs, 1)
    click(button(runs.panel("runs"), "Bring back"))
    assert np.array_equal(model_of(session).parameters.w, half.parameters.w)
    assert model_of(session).history == half.history
    assert session.settings.hidden_num == 12
    assert names(runs) == [f"{FIRST} (2)", last, FIRST]
    assert text(runs, 0, "Model") == "present"
    assert drawn(runs) == [FIRST, last]
    press(runs, "Train")
    wait_until_idle(qtbot, session)
    assert np.array_equal(model_of(session).parameters.w, whole)
    np.testing.assert_array_equal(session.book.runs[-1].curves[LIVE].table(), curve)
    assert session.book.runs[-1].epochs == 4
    # The menu brings back the one that gave way.
    assert session.can_bring_back
    session.bring_back()
    assert names(runs)[0] == last


def test_why_a_run_cannot_be_brought_back_is_told(qtbot: QtBot, runs: MainWindow) -> None:
    train(qtbot, runs)
    train(qtbot, runs, seed=1)
    back = button(runs.panel("runs"), "Bring back")
    click_row(runs, 0)
    assert not back.isEnabled()
    assert "present" in back.toolTip()
    click_row(runs, 1)
    assert back.isEnabled()
    press(runs, "Step")
    qtbot.waitUntil(lambda: state(runs.session) is RunState.PAUSED)
    assert "Stop the training" in back.toolTip()
    press(runs, "Stop")
    wait_until_idle(qtbot, runs.session)
    runs.session.book.runs[0].end = None
    runs.session.book.changed.emit()
    assert "no longer kept" in back.toolTip()
    assert text(runs, 1, "Model") == "no longer kept"
    QTest.keyClick(table(runs), Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert names(runs)[1] == FIRST


def test_the_table_as_csv(qtbot: QtBot, runs: MainWindow, tmp_path: Path) -> None:
    train(qtbot, runs)
    train(qtbot, runs, learning_rate=0.05)
    book = runs.session.book
    book.rename(book.runs[0], '=HYPERLINK("http://x"; "a, b")')
    export(qtbot, runs, "The table…", tmp_path / "runs.csv")
    first = (tmp_path / "runs.csv").read_bytes().split(b"\r\n")[0].decode()
    assert first == "Run,Epochs,Time (s),Training KL (nats per pixel),Held-out KL (nats per pixel),Learning rate,Model"
    present, earlier = rows_of(tmp_path / "runs.csv")
    assert earlier["Run"] == '\'=HYPERLINK("http://x"; "a, b")'
    curve = book.runs[0].curves[LIVE]
    assert float(earlier["Training KL (nats per pixel)"]) == curve.values("training")[-1]
    assert float(earlier["Time (s)"]) == book.runs[0].seconds > 0
    assert [row["Learning rate"] for row in (present, earlier)] == ["0.05", "1.0"]
    assert status(runs) == "Saved runs.csv"


def test_all_curves_as_csv(qtbot: QtBot, runs: MainWindow, tmp_path: Path) -> None:
    train(qtbot, runs)
    train(qtbot, runs, seed=1)
    book = runs.session.book
    book.rename(book.runs[0], "@SUM(1)")
    book.show_runs(book.runs, False)
    export(qtbot, runs, "All curves…", tmp_path / "curves.csv")
    qtbot.waitUntil((tmp_path / "curves.csv").exists)
    found = rows_of(tmp_path / "curves.csv")
    assert {row["run"] for row in found} == {"'@SUM(1)", book.runs[1].name}
    values = [float(row["training"]) for row in found if row["run"] == "'@SUM(1)"]
    assert values == book.runs[0].curves[LIVE].values("training").tolist()
    qtbot.waitUntil(lambda: status(runs) == "Saved curves.csv")


def test_a_table_that_cannot_be_written_says_so(qtbot: QtBot, runs: MainWindow, tmp_path: Path) -> None:
    (tmp_path / "no folder").write_text("a file")
    export(qtbot, runs, "The table…", tmp_path / "no folder" / "runs.csv")
    assert "runs.csv" in message(qtbot)
    (tmp_path / "curves.csv").mkdir()
    train(qtbot, runs)
    runs_export(runs).save_curves(tmp_path / "curves.csv")
    assert "curves.csv" in message(qtbot)


def test_a_column_sorts_and_what_trains_does_not_jump(qtbot: QtBot, runs: MainWindow) -> None:
    for hidden in (9, 30, 4):
        train(qtbot, runs, hidden_num=hidden)
    newest = names(runs)
    header = table(runs).horizontalHeader()

    def click_heading() -> None:
        column = headings(runs).index("Hidden units")
        table(runs).scrollTo(table(runs).runs.index(0, column))
        x = header.sectionViewportPosition(column) + header.sectionSize(column) // 2
        QTest.mouseClick(header.viewport(), LEFT, pos=QPoint(x, header.height() // 2))

    click_heading()
    assert [text(runs, row, "Hidden units") for row in range(3)] == ["4", "9", "30"]
    click_heading()
    assert [text(runs, row, "Hidden units") for row in range(3)] == ["30", "9", "4"]
    table(runs).runs.refresh()
    assert [text(runs, row, "Hidden units") for row in range(3)] == ["30", "9", "4"]
    click_heading()
    assert names(runs) == newest


def test_the_runs_of_an_opened_experiment_stand_beside_those_that_are_here(
    qtbot: QtBot, runs: MainWindow, tmp_path: Path
) -> None:
    other = Session()
    load(qtbot, other, bars_dataset())
    other.change_settings(hidden_num=7, batch_size=20, epochs=1, device="cpu")
    for seed in (0, 1):
        other.change_settings(seed=seed)
        other.train()
        wait_until_idle(qtbot, other)
        if seed == 0:
            other.reset()
    other.book.rename(other.book.runs[0], "from afar")
    other.book.show_runs(other.book.runs[:1], False)
    ended = other.book.runs[0].end
    seconds = other.book.runs[0].seconds
    assert other.save_experiment(tmp_path / "bars.rbmx")
    other.shut_down()
    train(qtbot, runs)
    assert runs.session.save_experiment(tmp_path / "mine.rbmx")
    assert runs.session.open_experiment(tmp_path / "bars.rbmx")
    assert len(names(runs)) == 3
    assert names(runs)[1] == FIRST
    assert text(runs, 1, "Experiment") == "mine"
    row = names(runs).index("from afar")
    assert text(runs, row, "Experiment") == text(runs, 0, "Experiment") == "bars"
    assert text(runs, row, "Model") == "kept"
    brought = runs.session.book.runs[len(names(runs)) - 1 - row]
    assert (brought.is_shown, brought.is_named, brought.seconds) == (False, True, seconds)
    assert ended is not None
    click_row(runs, row)
    click(button(runs.panel("runs"), "Bring back"))
    assert np.array_equal(model_of(runs.session).parameters.w, ended.parameters.w)
    assert model_of(runs.session).history[-1].epoch == 1
    # To open it once more brings nothing twice.
    assert runs.session.open_experiment(tmp_path / "bars.rbmx")
    assert len({run.identity for run in runs.session.book.runs}) == len(runs.session.book.runs) == 3


def test_pauses_are_no_training_time(qtbot: QtBot, runs: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    session, leap = runs.session, [0.0]
    clock = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: clock() + leap[0])
    session.change_settings(epochs=2)
    press(runs, "Step")
    qtbot.waitUntil(lambda: session.progress is not None and session.progress.batch == 1)
    leap[0] += 3600.0
    press(runs, "Resume")
    wait_until_idle(qtbot, session)
    present = session.book.present
    assert present is not None
    assert 0 < present.seconds < 3600
    before = present.seconds
    press(runs, "Train")
    wait_until_idle(qtbot, session)
    assert before < present.seconds < 3600
    assert present.epochs == 4


def test_times_are_told_with_units() -> None:
    assert [duration(seconds) for seconds in (0.0, 12.34, 65.2, 3599.6, 7380.0)] == [
        "0.0 s",
        "12.3 s",
        "1 min 05 s",
        "1 h 00 min",
        "2 h 03 min",
    ]


def test_two_hundred_runs_stay_usable(qtbot: QtBot, runs: MainWindow) -> None:
    train(qtbot, runs)
    session = runs.session
    many = [Run(f"run {number}", session.settings, "Bars", session.experiment.owner) for number in range(199)]
    for number, run in enumerate(many):
        run.curves[LIVE] = CurveRun(run)
        epochs = np.arange(1.0, 60.0)
        run.curves[LIVE].extend(np.column_stack([epochs, number + 1 / epochs, epochs * np.nan, epochs * np.nan]))
    session.book.restore(many, None)
    assert len(names(runs)) == 200
    assert len(drawn(runs)) == 9
    # Every one of them is drawn in its own way.
    assert len({run.tag.look for run, _ in plot(runs)._lines.earlier}) == 9
    view = table(runs)
    click_row(runs, 198)
    QTest.keyClick(view, Qt.Key.Key_Down)
    assert view.visualRect(view.currentIndex()).intersects(view.viewport().rect())
    assert [run.name for run in view.chosen()] == ["run 0"]
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert "run 0" in drawn(runs)
    assert len(drawn(runs)) == 9
    QTest.keyClick(view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    click(tool(runs, "Delete"))
    assert names(runs) == [FIRST]
    click(tool(runs, "Bring back what was deleted"))
    assert len(names(runs)) == 200
    train(qtbot, runs, seed=5)
    assert len(names(runs)) == 200
    assert "run 0" not in names(runs)


def test_out_of_sight_nothing_is_done(qtbot: QtBot, runs: MainWindow) -> None:
    runs.docks["draw"].raise_()
    process_deletions()
    view = table(runs)
    with qtbot.assertNotEmitted(view.runs.dataChanged), qtbot.assertNotEmitted(view.runs.modelReset):
        train(qtbot, runs)
        train(qtbot, runs, seed=1)
    runs.docks["runs"].raise_()
    qtbot.waitUntil(lambda: len(names(runs)) == 2)


def test_without_images_it_says_what_will_come(show: Callable[[Session], MainWindow]) -> None:
    window = show(Session())
    window.docks["runs"].raise_()
    process_deletions()
    view = table(window)
    assert view.runs.rowCount() == 0
    assert not tool(window, "Export the runs as CSV").isEnabled()
    empty = view.grab().toImage()
    view.set_placeholder("")
    assert view.grab().toImage() != empty


def test_everything_has_a_name_and_a_tooltip(runs: MainWindow) -> None:
    for each in runs.panel("runs").findChildren(QToolButton):
        assert each.accessibleName(), each.text()
        assert each.toolTip(), each.text()
    assert table(runs).accessibleName() == "Runs"


def test_what_else_was_measured_has_columns_with_its_unit(qtbot: QtBot, runs: MainWindow) -> None:
    panel = runs.panel("curve")
    assert isinstance(panel, CurvePanel)
    panel.choose("squared_error")
    train(qtbot, runs)
    heading = "Held-out: Squared reconstruction error\n(per pixel)"
    qtbot.waitUntil(lambda: heading in headings(runs) and text(runs, 0, "Epochs") == "3")
    curve = runs.session.book.history("squared_error").current
    assert curve is not None
    qtbot.waitUntil(lambda: curve.values("epoch")[-1] == 3)
    qtbot.waitUntil(lambda: text(runs, 0, heading) == f"{curve.last('held_out'):.4f}")
    train(qtbot, runs, seed=1)
    assert text(runs, 1, heading) == f"{curve.last('held_out'):.4f}"
