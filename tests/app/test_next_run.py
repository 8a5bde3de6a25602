"""Train after a change: a new run or the old weights, as a person is told and chooses, and what the runs then say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QRadioButton, QScrollArea, QSpinBox

from rbm_studio.app.curve_history import CurveRun
from rbm_studio.app.experiment_files import gather
from rbm_studio.app.opened_experiment import opened
from rbm_studio.app.panels.curve_panel import CurvePanel
from rbm_studio.app.preset_field import preset_title
from rbm_studio.app.run_choice import RunChoice
from rbm_studio.app.runs_view import RunsView
from rbm_studio.app.session import Session
from rbm_studio.core.backend import gpu_problem
from rbm_studio.core.presets import preset_named, settings_for
from rbm_studio.data import Dataset

from .conftest import bars, bars_dataset, load
from .driving import button, choose, click, labels, message, model_of, press, status, train, wait_until_idle
from .settings_page import enter, field, select, unfold
from .test_labels import labelled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.run import Run
    from rbm_studio.app.window import MainWindow

NEW, CONTINUE = "New run", "Continue with these settings"
CD = preset_title("cd-1")
FAST = settings_for("fast-preview")
FAST_RATE = f"{FAST.learning_rate:g}"


@pytest.fixture(autouse=True)
def _plain_training(session: Session) -> None:
    """Nothing that falls or waits by itself: what changes is what a test changes."""
    session.choose_preset("cd-1")


def asked(window: MainWindow) -> RunChoice:
    found = window.panel("model").findChild(RunChoice)
    assert isinstance(found, RunChoice)
    return found


def shown_choice(window: MainWindow) -> str | None:
    """Return which of the two is chosen, as it reads; None where there is nothing to choose."""
    if not asked(window).isVisible():
        return None
    [chosen] = [each for each in asked(window).findChildren(QRadioButton) if each.isChecked()]
    return chosen.accessibleName()


def option(window: MainWindow, text: str) -> QRadioButton:
    [found] = [each for each in asked(window).findChildren(QRadioButton) if each.accessibleName().startswith(text)]
    return found


def pick(window: MainWindow, text: str) -> None:
    radio = option(window, text)
    QTest.mouseClick(radio, Qt.MouseButton.LeftButton, pos=QPoint(8, radio.height() // 2))


def set_rate(window: MainWindow, rate: str) -> None:
    enter(field(window, "Learning rate", QDoubleSpinBox), rate)


def set_preset(window: MainWindow, title: str) -> None:
    select(field(window, "Preset", QComboBox), title)


def present(session: Session) -> Run:
    assert session.book.present is not None
    return session.book.present


def marks(window: MainWindow) -> list[str]:
    panel = window.panel("curve")
    assert isinstance(panel, CurvePanel)
    return [mark.text for mark in panel.plot.marks.current]


def table(window: MainWindow) -> list[dict[str, str]]:
    """Return the table of runs by its headings, from the first row."""
    window.docks["runs"].raise_()
    view = window.panel("runs").findChild(RunsView)
    assert isinstance(view, RunsView)
    view.refresh()
    model = view.runs
    heads = [column.title for column in model.columns]
    rows = range(model.rowCount())
    return [{head: str(model.index(row, place).data()) for place, head in enumerate(heads)} for row in rows]


def tip(window: MainWindow, place: int = 0) -> str:
    return window.training_bar.training_actions()[place].toolTip()


def drawn(session: Session) -> np.ndarray:
    """Return the weights that the settings draw."""
    images, settings = session.images, session.settings
    assert images is not None
    start = preset_named(settings.training.preset).initial_parameters(
        images.train.shape[1],
        settings.hidden_num,
        settings.training.seed,
        images.mean,
        len(images.train),
        session.label_num,
    )
    return start.w


def first_weights(session: Session) -> np.ndarray:
    assert session.moments.start is not None
    return session.moments.start.parameters.w


def test_another_preset_begins_a_new_run_and_says_so_before(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    set_preset(window, "Fast preview")
    assert shown_choice(window) is None
    train(qtbot, window)
    assert shown_choice(window) is None
    set_preset(window, "As in the article")
    enter(field(window, "Epochs", QSpinBox), "3")
    assert shown_choice(window) == "New run (As in the article)"
    assert tip(window) == "Train a new model for 3 epochs (F5)"
    assert "next: a new run (As in the article)" in labels(window.training_bar)[0]
    QTest.keyClick(window, Qt.Key.Key_F5)
    assert shown_choice(window) is None
    wait_until_idle(qtbot, session)
    assert (first_weights(session) == drawn(session)).all()
    assert [row["Preset"] for row in table(window)] == ["As in the article", "Fast preview"]
    assert [row["Learning rate"] for row in table(window)] == ["0.0001", FAST_RATE]
    assert [run.epochs for run in session.book.runs] == [FAST.epochs, 3]
    assert marks(window) == []
    assert shown_choice(window) is None


def test_going_on_with_another_preset_is_told_everywhere(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    set_preset(window, "Fast preview")
    train(qtbot, window)
    before = first_weights(session)
    set_preset(window, "As in the article")
    pick(window, CONTINUE)
    assert shown_choice(window) == CONTINUE
    assert tip(window).startswith("Train the model for 10 more epochs, with other settings:\nFast preview → As in")
    assert "next: goes on with Fast preview → As in the article" in labels(window.training_bar)[0]
    enter(field(window, "Epochs", QSpinBox), "2")
    assert shown_choice(window) == CONTINUE  # what was chosen stays
    train(qtbot, window)
    assert first_weights(session) is before
    assert marks(window) == [f"Fast preview → As in the article, epoch {FAST.epochs}"]
    [row] = table(window)
    assert row["Preset"] == "Fast preview → As in the article"
    assert row["Learning rate"] == f"{FAST_RATE} → 0.0001"
    assert row["Run"] == f"12 hidden, fast-preview → article, rate {FAST_RATE} → 0.0001, batch 100"
    # In every place that names the run, as it is an earlier one later.
    press(window, "Reset")
    panel = window.panel("curve")
    assert isinstance(panel, CurvePanel)
    [(run, _line)] = panel.plot._lines.earlier
    assert isinstance(run, CurveRun)
    assert run.title == row["Run"]


def test_a_single_setting_goes_on_and_the_keyboard_chooses(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    train(qtbot, window)
    set_rate(window, "0.05")
    assert shown_choice(window) == CONTINUE
    train(qtbot, window)
    assert [run.epochs for run in session.book.runs] == [6]
    assert marks(window) == ["rate 0.15 → 0.05, epoch 3"]
    set_rate(window, "0.02")
    option(window, CONTINUE).setFocus()
    QTest.keyClick(option(window, CONTINUE), Qt.Key.Key_Up)
    assert shown_choice(window) == f"New run ({CD}, changed)"
    assert tip(window, 2) == "Train a new model on one batch of images, then pause (F7)"
    # The step does what is shown, and the choice is not asked again for the same.
    QTest.keyClick(window, Qt.Key.Key_F7)
    press(window, "Stop")
    wait_until_idle(qtbot, session)
    assert [run.epochs for run in session.book.runs[:-1]] == [6]
    assert session.epochs_trained == pytest.approx(0.1)
    assert shown_choice(window) is None
    # The next change is another question.
    set_rate(window, "0.01")
    assert shown_choice(window) == CONTINUE


def test_several_changes_are_counted_on_the_curve(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    train(qtbot, window)
    session.change_settings(learning_rate=0.05, momentum=0.5, batch_size=10, l2=0.001, epochs=1)
    assert shown_choice(window) == CONTINUE
    train(qtbot, window)
    panel = window.panel("curve")
    assert isinstance(panel, CurvePanel)
    [mark] = panel.plot.marks.current
    assert mark.text == "rate 0.15 → 0.05, momentum 0.9 → 0.5, +2, epoch 3"
    assert mark.whole.startswith("rate 0.15 → 0.05, momentum 0.9 → 0.5, batch 20 → 10, L2 off → 0.001")
    [row] = table(window)
    assert (row["Batch size"], row["L2"], row["Epochs to train"]) == ("20 → 10 images", "off → 0.001", "3 → 1")


def test_nothing_is_asked_where_nothing_changes_how_it_trains(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    session.change_settings(epochs=100_000)
    press(window, "Step")
    press(window, "Stop")
    wait_until_idle(qtbot, session)
    assert shown_choice(window) is None
    assert "Finish the run" in tip(window)
    set_rate(window, "20")
    assert shown_choice(window) == CONTINUE
    click(button(window.panel("model"), "Undo changes"))
    assert shown_choice(window) is None
    assert "Finish the run" in tip(window)
    session.change_settings(device="auto")
    assert shown_choice(window) is None
    session.change_settings(device="cpu", epochs=2)
    assert shown_choice(window) is None
    assert tip(window) == "Train the model for 2 more epochs (F5)"
    train(qtbot, window)
    train(qtbot, window)
    assert len(session.book.runs) == 1
    assert marks(window) == []


@pytest.mark.parametrize("change", [
    {"seed": 5}, {"binarisation": "stochastic"}, {"gradient": "pcd"}, {"schedule": "linear"},
])  # fmt: skip
def test_what_a_run_begins_with_makes_a_new_one(qtbot: QtBot, session: Session, change: dict[str, object]) -> None:
    session.train()
    wait_until_idle(qtbot, session)
    session.change_settings(**change)
    assert session.next_run.is_open
    assert session.trains_new_model == (next(iter(change)) in ("seed", "binarisation"))


def test_other_images_of_the_same_size_begin_a_new_run(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    train(qtbot, window)
    load(qtbot, session, Dataset("Others", "made up", bars(100, seed=7), None, bars(20, seed=8), None))
    assert shown_choice(window) == f"New run ({CD})"
    load(qtbot, session, bars_dataset())
    assert shown_choice(window) is None
    load(qtbot, session, Dataset("Others", "made up", bars(100, seed=7), None, bars(20, seed=8), None))
    pick(window, CONTINUE)
    train(qtbot, window)
    assert marks(window) == ["Bars → Others, epoch 3"]
    [row] = table(window)
    assert row["Dataset"] == "Bars → Others"
    assert shown_choice(window) is None
    load(qtbot, session, bars_dataset())
    press(window, "Train")
    assert "A new run begins" in status(window)
    wait_until_idle(qtbot, session)
    assert [run.epochs for run in session.book.runs] == [6, 3]


def test_other_units_leave_no_choice_and_their_return_leaves_no_trace(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    load(qtbot, session, labelled())
    train(qtbot, window)
    before = model_of(session)
    for change, words, units in (
        ({"hidden_num": 9}, f"New run (9 hidden, {CD})", "64 visible and 9 hidden"),
        ({"labels": True}, f"New run (12 hidden, {CD})", "64 visible, 12 hidden and 3 label"),
    ):
        session.change_settings(**change)
        assert shown_choice(window) == words
        assert units in option(window, NEW).toolTip()
        assert not option(window, CONTINUE).isEnabled()
        assert "other units" in option(window, CONTINUE).toolTip()
        session.change_settings(hidden_num=12, labels=False)
        assert shown_choice(window) is None
    sizes = field(window, "Visible units", QComboBox)
    returning: tuple[tuple[str, str | None], ...] = (("6×6 = 36", f"New run (12 hidden, {CD})"), ("8×8 = 64", None))
    for text, expected in returning:
        with qtbot.waitSignal(session.images_changed):
            select(sizes, text)
        qtbot.waitUntil(lambda: session.task is None)
        assert shown_choice(window) == expected
    assert model_of(session) is before
    train(qtbot, window)
    assert len(session.book.runs) == 1
    assert session.epochs_trained == 6


def test_the_wish_for_labels_is_no_property_of_a_run_without_any(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    session.change_settings(labels=True)
    train(qtbot, window)
    assert not present(session).settings.labels


def test_a_run_that_came_back_asks_too(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    train(qtbot, window)
    set_preset(window, "As in the article")
    train(qtbot, window)
    choose(window, "Training", "Bring back the previous model")
    assert session.settings.training.preset == "cd-1"
    assert shown_choice(window) is None
    set_rate(window, "0.3")
    assert shown_choice(window) == CONTINUE
    train(qtbot, window)
    assert marks(window) == ["rate 0.15 → 0.3, epoch 3"]
    choose(window, "Training", "Bring back the previous model")
    assert shown_choice(window) is None
    assert marks(window) == []


def test_a_moment_that_is_gone_on_from_keeps_the_marks_before_it(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    train(qtbot, window)
    for rate in ("0.3", "0.2"):
        set_rate(window, rate)
        train(qtbot, window)
    assert marks(window) == ["rate 0.15 → 0.3, epoch 3", "rate 0.3 → 0.2, epoch 6"]
    session.timeline.look_at(next(moment for moment in session.moments.kept if moment.epochs > 4))
    session.continue_from_here()
    assert session.settings.training.learning_rate == 0.3
    assert shown_choice(window) is None
    assert marks(window) == ["rate 0.15 → 0.3, epoch 3"]
    assert present(session).name.startswith("12 hidden, cd-1, rate 0.15 → 0.3, batch 20, from epoch ")
    set_rate(window, "0.1")
    assert shown_choice(window) == CONTINUE
    train(qtbot, window)
    assert len(marks(window)) == 2
    assert present(session).name.startswith("12 hidden, cd-1, rate 0.15 → 0.3 → 0.1, batch 20, from epoch ")


def test_a_name_that_was_given_stays(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    train(qtbot, window)
    session.book.rename(present(session), "mine")
    set_rate(window, "0.3")
    train(qtbot, window)
    assert present(session).name == "mine"


@pytest.fixture
def went_on(qtbot: QtBot, window: MainWindow) -> MainWindow:
    """A window whose run went on twice with other settings, the second time stopped on the way."""
    set_preset(window, "Fast preview")
    train(qtbot, window)
    set_preset(window, "As in the article")
    pick(window, CONTINUE)
    train(qtbot, window)
    set_rate(window, "0.001")
    press(window, "Step")
    press(window, "Stop")
    wait_until_idle(qtbot, window.session)
    return window


def test_a_file_brings_the_marks_and_the_words_back(
    qtbot: QtBot, went_on: MainWindow, show: Callable[[Session], MainWindow], tmp_path: Path
) -> None:
    before = table(went_on), marks(went_on), went_on.session.epochs_trained
    assert before[1][1] == f"rate 0.0001 → 0.001, epoch {FAST.epochs + 10}"
    path = tmp_path / "one.rbmx"
    assert went_on.session.save_experiment(path)
    other = Session()
    load(qtbot, other, bars_dataset())
    window = show(other)
    assert other.open_experiment(path)
    assert "open in another window" in message(qtbot)
    assert (table(window), marks(window), other.epochs_trained) == before
    assert shown_choice(window) is None
    assert "Finish the run that was interrupted" in tip(window)
    set_preset(window, "Recommended")
    assert shown_choice(window) == "New run (Recommended)"
    train(qtbot, window)
    assert len(other.book.runs) == 2


def test_a_file_of_an_earlier_version_says_it_by_its_trainings(went_on: MainWindow) -> None:
    saved = gather(went_on.session, None)
    stages = present(went_on.session).stages
    runs = tuple(replace(run, facts={k: v for k, v in run.facts.items() if k != "stages"}) for run in saved.runs)
    found = opened(replace(saved, runs=runs))
    assert found.present is not None
    assert found.present.stages == stages
    without = replace(saved, runs=runs, facts={**saved.facts, "trainings": None})
    found = opened(without)
    assert found.present is not None
    assert [stage.settings for stage in found.present.stages] == [stages[-1].settings]


def test_a_training_that_took_no_step_is_none(qtbot: QtBot, window: MainWindow) -> None:
    if not gpu_problem():
        pytest.skip("this computer has a GPU")
    session = window.session
    train(qtbot, window)
    before, name = present(session).stages, present(session).name
    set_rate(window, "0.3")
    pick(window, NEW)
    pick(window, CONTINUE)
    session.change_settings(device="gpu")
    press(window, "Train")
    assert "GPU" in message(qtbot)
    assert (present(session).stages, present(session).name) == (before, name)
    assert model_of(session).training.learning_rate == 0.15
    # What was chosen still holds.
    assert shown_choice(window) == CONTINUE
    session.go_on_on_cpu()
    wait_until_idle(qtbot, session)
    assert present(session).epochs == 6
    assert marks(window) == ["rate 0.15 → 0.3, epoch 3"]


def test_weights_of_another_program_are_there_to_be_trained(
    qtbot: QtBot, window: MainWindow, session: Session, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "theirs.npz"
    w = rng.normal(size=(64, 12)).astype(np.float32)
    np.savez(path, w=w, visible_bias=np.zeros(64, np.float32), hidden_bias=np.zeros(12, np.float32))
    assert session.import_model(path)
    set_preset(window, "As in the article")
    assert shown_choice(window) == CONTINUE
    enter(field(window, "Epochs", QSpinBox), "1")
    train(qtbot, window)
    assert (first_weights(session) == w).all()
    assert present(session).name.startswith("12 hidden, article, rate 0.0001")
    # From now on something is known.
    set_preset(window, "Recommended")
    assert shown_choice(window) == "New run (Recommended)"


def test_where_it_appears_nothing_moves(qtbot: QtBot, window: MainWindow) -> None:
    window.resize(1024, 640)
    window.restore_default_layout()
    unfold(window)
    train(qtbot, window)
    panel = window.panel("model")
    page = panel.findChild(QScrollArea)
    assert isinstance(page, QScrollArea)
    seed = field(window, "Seed", QSpinBox)
    page.ensureWidgetVisible(seed, 0, 0)
    bar = window.training_bar
    actions = [bar.widgetForAction(action) for action in bar.training_actions()]
    # Of what can be seen in the window.
    places = [widget.mapTo(window, QPoint(0, 0)) for widget in (*actions, window.docks["model"], page)]
    width = panel.width()
    enter(seed, "12345")
    assert shown_choice(window) == f"New run ({CD})"
    assert [widget.mapTo(window, QPoint(0, 0)) for widget in (*actions, window.docks["model"], page)] == places
    assert panel.width() == width
    for radio in asked(window).findChildren(QRadioButton):
        assert radio.visibleRegion().boundingRect() == radio.rect()
        assert radio.toolTip()
    # What was typed in stays in view.
    qtbot.waitUntil(lambda: seed.visibleRegion().boundingRect() == seed.rect())
