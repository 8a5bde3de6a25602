"""The runs that the session keeps: within bounds, told apart, and nothing lost in silence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.app import curve_book, run_bounds
from rbm_studio.app.curve_history import CurveRun
from rbm_studio.app.looks import MOST_SHOWN
from rbm_studio.app.moments import Moment
from rbm_studio.app.quantities import LIVE
from rbm_studio.app.run import Run
from rbm_studio.storage.experiment_file import load_experiment

from .driving import model_of, wait_until_idle

if TYPE_CHECKING:
    import pytest
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.curve_book import CurveBook
    from rbm_studio.app.session import Session


def run_of(session: Session, name: str, points: int = 3, *, ended: bool = True) -> Run:
    run = Run(name, session.settings, "Bars", session.experiment.owner, epochs=float(points))
    run.curves[LIVE] = CurveRun(run)
    epochs = np.arange(1.0, points + 1)
    run.curves[LIVE].extend(np.column_stack([epochs, 1 / epochs, epochs * np.nan, epochs * np.nan]))
    if ended:
        run.end = Moment.of(model_of(session))
    return run


def train(qtbot: QtBot, session: Session, **settings: object) -> None:
    session.reset()
    session.change_settings(**settings)
    session.train()
    wait_until_idle(qtbot, session)


def book_with(session: Session, count: int, points: int = 3, *, own: bool = False) -> CurveBook:
    """Have so many runs: of a document that was open before, or the open one's own."""
    session.book.restore([run_of(session, f"run {number}", points) for number in range(count)], None)
    if not own:
        session.experiment.note_saved(Path("before.rbmx"))
        assert session.documents.begin()
    return session.book


def kept(book: CurveBook) -> list[str]:
    return [run.name for run in book.runs if run.end is not None]


def test_the_models_of_earlier_runs_share_a_budget(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    size = Moment.of(model_of(session)).size
    monkeypatch.setattr(run_bounds, "ENDS_BYTES", 3 * size)
    book = book_with(session, 6)
    # The last one stays on top of the budget: it is the one that the menu brings back.
    assert kept(book) == ["run 2", "run 3", "run 4", "run 5"]
    assert book.previous is book.runs[-2]
    # What was deleted is let go first.
    book.delete([book.runs[4]])
    assert kept(book) == ["run 2", "run 3", "run 5"]
    assert book.bring_back_deleted()[0].end is not None
    monkeypatch.setattr(run_bounds, "ENDS_BYTES", size)
    book.delete([book.runs[4]])
    assert book.bring_back_deleted()[0].end is None


def test_the_model_before_stays_however_large_it_is(
    qtbot: QtBot, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_bounds, "ENDS_BYTES", 0)
    train(qtbot, session)
    first = model_of(session).parameters
    train(qtbot, session, seed=1)
    assert session.can_bring_back
    train(qtbot, session, seed=2)
    assert [run.end is not None for run in session.book.runs] == [False, True, False]
    session.bring_back(session.book.runs[0])
    assert model_of(session).parameters is not first
    session.bring_back()
    assert model_of(session).training.seed == 1


def test_of_too_many_runs_the_oldest_without_a_name_go_and_that_is_told(
    qtbot: QtBot, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (run_bounds, curve_book):
        monkeypatch.setattr(module, "MOST_RUNS", 5)
    book = book_with(session, 4, own=True)
    book.rename(book.runs[0], "mine")
    train(qtbot, session)
    with qtbot.waitSignal(session.noticed, check_params_cb=lambda words: "More than" in words) as told:
        session.reset()
    assert "“run 1”, the oldest without a name" in told.args[0]
    assert [run.name for run in book.runs[:-2]] == ["mine", "run 2", "run 3"]
    assert len(book.history(LIVE).measured) == 4
    for run in book.runs:
        book.rename(run, f"{run.name}!")
    session.train()
    wait_until_idle(qtbot, session)
    with qtbot.assertNotEmitted(session.noticed):
        session.reset()
    # Nothing goes that somebody has named.
    assert len(book.runs) == 6


def test_of_too_many_runs_those_of_other_documents_go_first(
    qtbot: QtBot, session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "bars.rbmx"
    for seed in range(3):
        train(qtbot, session, seed=seed)
    size = Moment.of(model_of(session), session.training_state).size
    assert session.save_experiment(path)
    its = [run.identity for run in session.book.runs]
    session.documents.begin()
    session.book.delete(session.book.runs)
    for module in (run_bounds, curve_book):
        monkeypatch.setattr(module, "MOST_RUNS", 5)
    monkeypatch.setattr(run_bounds, "ENDS_BYTES", 2 * size)
    monkeypatch.setattr(run_bounds, "CURVES_BYTES", 0)
    book = book_with(session, 4, points=2000)
    book.rename(book.runs[3], "mine")
    session.experiment.note_saved(tmp_path / "others.rbmx")
    assert session.open_experiment(path)
    # All of the file's, with their models and curves; and of the others what there is room for.
    assert [run.identity for run in book.own] == its
    assert [run.end is not None for run in book.own] == [True, True, False]
    assert [run.name for run in book.runs if run not in book.own] == ["run 2", "mine"]
    assert [run.end is not None for run in book.runs if run not in book.own] == [False, True]
    assert session.save_experiment(path)
    saved = load_experiment(path)
    assert [run.model is not None for run in saved.runs] == [True, True, False]
    # Only then its own, and that is told.
    told: list[str] = []
    session.noticed.connect(told.append)
    monkeypatch.setattr(run_bounds, "ENDS_BYTES", 0)
    session.reset()
    assert [run.end is not None for run in book.own] == [False, False, True, False]
    assert any(book.own[1].name in words and "that of" in words for words in told)


def test_a_file_with_more_than_the_bounds_is_opened_whole(
    qtbot: QtBot, session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "bars.rbmx"
    for seed in range(3):
        train(qtbot, session, seed=seed)
    book_with(session, 4, points=2000, own=True)
    assert session.save_experiment(path)
    before = load_experiment(path)
    for module in (run_bounds, curve_book):
        monkeypatch.setattr(module, "MOST_RUNS", 3)
    monkeypatch.setattr(run_bounds, "ENDS_BYTES", 0)
    monkeypatch.setattr(run_bounds, "CURVES_BYTES", 0)
    assert session.open_experiment(path)
    assert session.save_experiment(path)
    after = load_experiment(path)
    assert [run.facts["id"] for run in after.runs] == [run.facts["id"] for run in before.runs]
    assert [run.facts["is_shown"] for run in after.runs] == [run.facts["is_shown"] for run in before.runs]
    assert [run.model is not None for run in after.runs] == [run.model is not None for run in before.runs]
    assert [len(run.curves[LIVE]) for run in after.runs] == [len(run.curves[LIVE]) for run in before.runs]


def test_long_curves_of_earlier_runs_are_thinned_not_dropped(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_bounds, "CURVES_BYTES", 200_000)
    book = book_with(session, 10, points=2000)
    curves = [run.curves[LIVE] for run in book.runs[:-1]]
    assert sum(curve.size for curve in curves) <= 200_000
    for curve in curves:
        epochs = curve.values("epoch")
        assert (epochs[0], epochs[-1]) == (1.0, 2000.0)
        assert len(curve) >= 256
        np.testing.assert_array_equal(curve.values("training"), 1 / epochs)
    monkeypatch.setattr(run_bounds, "CURVES_BYTES", 0)
    session.reset()
    assert all(128 < len(curve) <= 256 for curve in curves)


def test_each_shown_run_has_a_look_of_its_own_and_keeps_it(session: Session) -> None:
    book = book_with(session, 2 * MOST_SHOWN)
    shown = [run for run in book.runs[:-1] if run.is_shown]
    assert [run.name for run in shown] == [f"run {number}" for number in range(MOST_SHOWN, 2 * MOST_SHOWN)]
    looks = {run: run.look for run in shown}
    assert len(set(looks.values())) == MOST_SHOWN
    book.show_runs([book.runs[0]], True)
    assert not shown[0].is_shown
    assert book.runs[0].look == looks[shown[0]]
    assert all(run.look == looks[run] for run in shown[1:])
    book.show_runs(book.runs, False)
    assert book.history(LIVE).shown_earlier == []
    book.show_runs([book.runs[3], book.runs[5]], True)
    assert [run.title for run in book.history(LIVE).shown_earlier] == ["run 3", "run 5"]


def test_the_present_run_can_be_neither_hidden_nor_deleted(qtbot: QtBot, session: Session) -> None:
    train(qtbot, session)
    book = session.book
    book.show_runs(book.runs, False)
    book.delete(book.runs)
    assert book.present is not None
    assert book.present.is_shown
    assert not book.can_bring_back_deleted
    assert len(book.history(LIVE).measured) == 1


def test_what_is_done_with_a_run_is_to_be_saved(qtbot: QtBot, session: Session) -> None:
    train(qtbot, session)
    train(qtbot, session, seed=1)
    book, experiment, path = session.book, session.experiment, Path("bars.rbmx")
    run = book.runs[0]
    for act in (
        lambda: book.rename(run, "another"),
        lambda: book.show_runs([run], False),
        lambda: book.delete([run]),
        lambda: book.bring_back_deleted(),
        lambda: session.bring_back(),
    ):
        experiment.note_saved(path)
        act()
        assert experiment.is_modified
    experiment.note_saved(path)
    assert session.documents.begin()
    for act in (
        lambda: book.rename(run, "still of another"),
        lambda: book.show_runs([run], True),
        lambda: book.delete([run]),
        lambda: book.bring_back_deleted(),
    ):
        act()
        assert not experiment.is_modified


def test_a_run_knows_the_settings_of_its_last_training(qtbot: QtBot, session: Session) -> None:
    train(qtbot, session)
    session.change_settings(learning_rate=0.01)
    present = session.book.present
    assert present is not None
    assert present.settings.training.learning_rate == 1.0
    session.train()
    wait_until_idle(qtbot, session)
    assert present.settings.training.learning_rate == 0.01
    assert present is session.book.present
    assert present.epochs == 6


def test_one_step_is_enough_for_a_model_to_be_brought_back(qtbot: QtBot, session: Session) -> None:
    session.step()
    qtbot.waitUntil(lambda: session.progress is not None and session.progress.batch == 1)
    session.stop()
    wait_until_idle(qtbot, session)
    stepped = model_of(session).parameters
    session.reset()
    assert len(session.book.runs) == 2
    session.bring_back()
    assert model_of(session).parameters is stepped
    # The untrained one that it replaced leaves no trace.
    assert len(session.book.runs) == 1


def test_a_deleted_run_is_not_brought_back_by_what_was_under_way(qtbot: QtBot, session: Session) -> None:
    train(qtbot, session)
    with qtbot.waitSignal(session.images_changed):
        session.set_image_shape((4, 4))
    qtbot.waitUntil(lambda: session.task is None)
    train(qtbot, session)
    small = model_of(session)
    session.bring_back()
    assert session.task is not None
    session.book.delete(session.book.runs)
    qtbot.waitUntil(lambda: session.task is None)
    assert model_of(session) is small


class TestReopening:
    def test_a_run_that_went_on_since_it_was_saved_is_the_file_s_again(
        self, qtbot: QtBot, session: Session, tmp_path: Path
    ) -> None:
        path = tmp_path / "bars.rbmx"
        train(qtbot, session)
        assert session.save_experiment(path)
        assert session.open_experiment(path)
        assert len(session.book.runs) == 1
        session.train()
        wait_until_idle(qtbot, session)
        assert session.open_experiment(path)
        assert [run.epochs for run in session.book.runs] == [3]

    def test_all_that_a_run_is_comes_back_from_the_file(self, qtbot: QtBot, session: Session, tmp_path: Path) -> None:
        path = tmp_path / "bars.rbmx"
        train(qtbot, session)
        train(qtbot, session, seed=1)
        book = session.book
        book.rename(book.runs[0], "mine")
        book.show_runs(book.runs[:1], False)
        before, present = book.runs
        assert session.save_experiment(path)
        book.delete([before])
        assert session.open_experiment(path)
        after = next(run for run in session.book.runs if run.identity == before.identity)
        assert after is not before
        for name in ("name", "settings", "dataset", "seconds", "epochs", "is_shown", "is_named", "history"):
            assert getattr(after, name) == getattr(before, name), name
        assert session.book.present is not None
        assert session.book.present.seconds == present.seconds > 0
        assert session.book.present.identity == present.identity
