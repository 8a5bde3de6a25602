"""Looking back along a run, and going on from there: to the same bits as the run that was not interrupted."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.app import moments as moments_module
from rbm_studio.app.moments import MOST
from rbm_studio.app.quantities import LIVE
from rbm_studio.app.session import Session
from rbm_studio.app.state import RunState
from tests.sizes import sized

from .conftest import bars_dataset, load
from .driving import model_of, process_deletions, state, wait_until_idle
from .test_labels import labelled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.moments import Moment
    from rbm_studio.data import Dataset

EPOCHS = 3
MANNERS: dict[str, dict[str, Any]] = {
    "cd": {},
    "pcd": {"gradient": "pcd", "chains": 30},
    "tempering": {"gradient": "tempering", "chains": 4, "temperatures": 3},
    "adam": {"update": "adam", "learning_rate": 0.01, "schedule": "linear"},
    "growing k": {"k": 1, "final_k": 5, "schedule": "exponential"},
    "centred": {"centred": True, "binarisation": "stochastic"},
    "sparse": {"sparsity_cost": 0.1, "sparsity_target": 0.1, "l2": 0.001, "max_norm": 2.0},
    "labels": {"labels": True},
}


@dataclass(frozen=True, eq=False)
class Whole:
    """All that a run leaves."""

    arrays: dict[str, NDArray[np.float32]]
    history: tuple[Any, ...]
    curve: NDArray[np.float64]
    kept: dict[str, NDArray[np.float32]]

    @classmethod
    def of(cls, session: Session) -> Whole:
        model, end = model_of(session), session.training_state
        assert end is not None
        assert session.book.present is not None
        return cls(
            model.parameters.arrays(),
            tuple(model.history),
            session.book.present.curves[LIVE].table(),
            dict(end.arrays()),
        )

    def check(self, other: Whole) -> None:
        for ours, theirs in ((self.arrays, other.arrays), (self.kept, other.kept)):
            assert ours.keys() == theirs.keys()
            for name, array in ours.items():
                np.testing.assert_array_equal(array, theirs[name], name)
        assert self.history == other.history
        np.testing.assert_array_equal(self.curve, other.curve)


@pytest.fixture
def sessions(qtbot: QtBot, application: object) -> Iterator[Any]:
    """Makes sessions with a dataset and settings, and ends them."""
    assert application is not None
    made: list[Session] = []

    def make(dataset: Dataset | None = None, **settings: Any) -> Session:
        session = Session()
        made.append(session)
        load(qtbot, session, dataset or bars_dataset())
        session.change_settings(**{"hidden_num": 12, "batch_size": 20, "epochs": EPOCHS, "device": "cpu", **settings})
        return session

    yield make
    for session in made:
        session.shut_down()
        session.deleteLater()
    process_deletions()


def train(qtbot: QtBot, session: Session) -> None:
    session.train()
    wait_until_idle(qtbot, session)


def step(qtbot: QtBot, session: Session, batches: int) -> None:
    """Train batch by batch: every moment that is due is kept then."""
    for _ in range(batches):
        with qtbot.waitSignal(session.newest_changed):
            session.step()


def step_to_the_end(qtbot: QtBot, session: Session) -> None:
    """Train, at first batch by batch: of that all moments are kept."""
    step(qtbot, session, 14)
    train(qtbot, session)


def epochs_of(session: Session) -> list[float]:
    return [round(moment.epochs, 6) for moment in session.moments.kept]


def near(session: Session, epoch: float) -> Moment:
    return min(session.timeline.stops(), key=lambda moment: abs(moment.epochs - epoch))


def manner_of(name: str) -> dict[str, Any]:
    dataset = {"dataset": labelled()} if name == "labels" else {}
    return {**dataset, **MANNERS[name]}


# --- bit for bit


@pytest.mark.parametrize("name", MANNERS)
def test_a_run_that_is_continued_is_the_uninterrupted_one(qtbot: QtBot, sessions: Any, name: str) -> None:
    whole, session = sessions(**manner_of(name)), sessions(**manner_of(name))
    train(qtbot, whole)
    expected = Whole.of(whole)
    assert len(expected.history) == EPOCHS
    step_to_the_end(qtbot, session)
    expected.check(Whole.of(session))
    # The midst of an epoch, and of a point of the curve; an epoch's end; branches of branches; and the start.
    for epoch in (1.3, 1.0, 0.3, 0.0):
        session.timeline.look_at(near(session, epoch))
        session.continue_from_here()
        assert model_of(session).epochs_trained == pytest.approx(epoch, abs=0.1)
        assert model_of(session) is session.newest
        train(qtbot, session)
        expected.check(Whole.of(session))


def test_a_moment_stays_what_it_was_however_often_one_goes_on_from_it(qtbot: QtBot, sessions: Any) -> None:
    session = sessions(gradient="pcd")
    step_to_the_end(qtbot, session)
    moment = near(session, 1.3)
    assert moment.state is not None
    before, w, facts = moment.state.arrays(), moment.parameters.w.copy(), moment.state.facts()
    for _ in range(2):
        session.timeline.look_at(moment)
        session.continue_from_here()
        train(qtbot, session)
    assert moment.state.facts() == facts
    np.testing.assert_array_equal(moment.parameters.w, w)
    for name, array in moment.state.arrays().items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize("name", ["cd", "pcd", "adam"])
def test_an_experiment_that_was_saved_on_its_way_ends_as_the_uninterrupted_one(
    qtbot: QtBot, sessions: Any, tmp_path: Path, name: str
) -> None:
    whole, session, other = (sessions(**manner_of(name)) for _ in range(3))
    train(qtbot, whole)
    step(qtbot, session, 14)
    assert session.save_experiment(tmp_path / "half.rbmx")
    assert other.open_experiment(tmp_path / "half.rbmx")
    qtbot.waitUntil(lambda: other.task is None)
    train(qtbot, other)
    Whole.of(whole).check(Whole.of(other))


@pytest.mark.parametrize("batches", [7, 8, 9, 10, 11])
def test_of_small_batches_not_each_is_measured_and_the_curve_is_the_same(
    qtbot: QtBot, sessions: Any, batches: int
) -> None:
    whole, session = (sessions(batch_size=2, epochs=1) for _ in range(2))
    train(qtbot, whole)
    step(qtbot, session, batches)
    session.stop()
    wait_until_idle(qtbot, session)
    train(qtbot, session)
    Whole.of(whole).check(Whole.of(session))


def test_an_experiment_saved_while_it_trains_holds_all_until_then(qtbot: QtBot, sessions: Any, tmp_path: Path) -> None:
    whole, session, other = (sessions(epochs=400) for _ in range(3))
    train(qtbot, whole)
    with qtbot.waitSignal(session.progressed):
        session.train()
    # The window is busy meanwhile: what the worker makes piles up.
    threading.Event().wait(0.02)
    assert session.save_experiment(tmp_path / "running.rbmx")
    session.stop()
    assert other.open_experiment(tmp_path / "running.rbmx")
    assert 0 < model_of(other).epochs_trained < 400
    train(qtbot, other)
    Whole.of(whole).check(Whole.of(other))
    wait_until_idle(qtbot, session)


def test_moments_of_an_opened_experiment_can_be_gone_on_from(qtbot: QtBot, sessions: Any, tmp_path: Path) -> None:
    whole, session, other = (sessions(gradient="pcd") for _ in range(3))
    train(qtbot, whole)
    step_to_the_end(qtbot, session)
    assert session.save_experiment(tmp_path / "whole.rbmx")
    assert other.open_experiment(tmp_path / "whole.rbmx")
    qtbot.waitUntil(lambda: other.task is None)
    assert epochs_of(other) == epochs_of(session)
    for epoch in (1.3, 0.3):
        other.timeline.look_at(near(other, epoch))
        other.continue_from_here()
        train(qtbot, other)
        Whole.of(whole).check(Whole.of(other))


def test_a_stopped_run_goes_on_from_its_end_after_another_way_was_tried(qtbot: QtBot, sessions: Any) -> None:
    whole, session = sessions(), sessions()
    train(qtbot, whole)
    step(qtbot, session, 13)
    session.stop()
    wait_until_idle(qtbot, session)
    assert epochs_of(session)[-1] == 1.3
    # Further, with other settings; then back to where the first training ended.
    session.change_settings(learning_rate=0.01, epochs=1)
    train(qtbot, session)
    assert epochs_of(session)[-1] == 2.3
    session.timeline.look_at(near(session, 1.3))
    session.continue_from_here()
    assert session.settings.training.learning_rate == 1.0
    assert session.settings.training.epochs == EPOCHS
    train(qtbot, session)
    Whole.of(whole).check(Whole.of(session))


def test_other_settings_lead_another_way(qtbot: QtBot, sessions: Any) -> None:
    session = sessions()
    step_to_the_end(qtbot, session)
    end = model_of(session).parameters.w
    session.timeline.look_at(near(session, 1.0))
    session.continue_from_here()
    session.change_settings(learning_rate=0.02)
    train(qtbot, session)
    assert not np.array_equal(model_of(session).parameters.w, end)
    # Another run than the one that was interrupted there, and a whole one.
    assert model_of(session).epochs_trained == 1 + EPOCHS


# --- looking back


def test_looking_back_shows_the_model_as_it_was(qtbot: QtBot, sessions: Any) -> None:
    session = sessions()
    step_to_the_end(qtbot, session)
    newest, moment = model_of(session), near(session, 1.3)
    with qtbot.waitSignals([session.timeline.changed, session.model_changed]):
        session.timeline.look_at(moment)
    shown = model_of(session)
    assert shown.parameters is moment.parameters
    assert (shown.epochs_trained, session.epochs_trained) == (moment.epochs, moment.epochs)
    assert [record.epoch for record in shown.history] == [1]
    assert (shown.update, shown.particles) == (None, None)
    assert session.newest is newest
    session.timeline.look_at(None)
    assert model_of(session) is newest


def test_training_goes_on_unseen(qtbot: QtBot, sessions: Any) -> None:
    session = sessions()
    step(qtbot, session, 8)
    moment = near(session, 0.3)
    session.train()
    session.timeline.look_at(moment)
    changes: list[bool] = []
    session.model_changed.connect(lambda: changes.append(True))
    wait_until_idle(qtbot, session)
    assert not changes
    assert model_of(session).parameters is moment.parameters
    assert session.newest is not None
    assert session.newest.epochs_trained == EPOCHS
    assert session.moments.kept[-1].epochs == EPOCHS


@pytest.mark.parametrize("act", ["train", "step", "reset", "bring_back"])
def test_what_changes_the_model_ends_looking_back(qtbot: QtBot, sessions: Any, act: str) -> None:
    session = sessions()
    train(qtbot, session)
    if act == "bring_back":
        session.reset()
        train(qtbot, session)
    session.timeline.look_at(session.moments.start)
    assert session.timeline.past is not None
    getattr(session, act)()
    assert session.timeline.past is None
    assert model_of(session) is session.newest
    session.stop()
    wait_until_idle(qtbot, session)


def test_saving_while_looking_back_saves_the_newest(qtbot: QtBot, sessions: Any, tmp_path: Path) -> None:
    session, other = sessions(), sessions()
    train(qtbot, session)
    session.timeline.look_at(session.moments.start)
    assert session.save_experiment(tmp_path / "all.rbmx")
    assert session.save_model(tmp_path / "model.safetensors")
    session.timeline.look_at(None)
    other.open_experiment(tmp_path / "all.rbmx")
    qtbot.waitUntil(lambda: other.task is None)
    np.testing.assert_array_equal(model_of(other).parameters.w, model_of(session).parameters.w)
    other.open_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(model_of(other).parameters.w, model_of(session).parameters.w)


def test_the_moment_that_is_looked_at_stays_when_it_is_thinned_out(qtbot: QtBot, sessions: Any) -> None:
    session = sessions(epochs=1000)
    step(qtbot, session, 6)
    moment = near(session, 0.5)
    session.train()
    session.timeline.look_at(moment)
    qtbot.waitUntil(lambda: moment not in session.moments.kept, timeout=20_000)
    assert moment in session.timeline.stops()
    epochs = [each.epochs for each in session.timeline.stops()]
    assert epochs == sorted(epochs)
    session.stop()
    wait_until_idle(qtbot, session)
    session.timeline.look_at(None)
    assert moment not in session.timeline.stops()


# --- the branch


def test_the_run_before_stays_and_can_be_brought_back(qtbot: QtBot, sessions: Any) -> None:
    session = sessions()
    step_to_the_end(qtbot, session)
    first, end = session.book.present, model_of(session)
    assert first is not None
    table = first.curves[LIVE].table()
    session.selection.select_units((3,))
    session.timeline.look_at(near(session, 1.3))
    session.continue_from_here()
    present = session.book.present
    assert session.book.runs == (first, present)
    assert present is not None
    assert present.name == f"{first.name}, from epoch 1.30"
    assert present.epochs == pytest.approx(1.3)
    cut = present.curves[LIVE].table()
    assert 0 < len(cut) < len(table)
    np.testing.assert_array_equal(cut, table[table[:, 0] <= 1.3 + 1e-9])
    np.testing.assert_array_equal(first.curves[LIVE].table(), table)
    assert epochs_of(session) == [0, 0.3, 0.5, 0.8, 1.0, 1.3]
    assert session.selection.units == (3,)
    assert session.experiment.is_modified
    assert session.can_bring_back
    session.bring_back()
    assert model_of(session).parameters is end.parameters


def test_going_on_while_it_trains_ends_the_run_first(qtbot: QtBot, sessions: Any) -> None:
    session = sessions(epochs=1000)
    step(qtbot, session, 12)
    session.train()
    session.timeline.look_at(near(session, 0.3))
    session.continue_from_here()
    wait_until_idle(qtbot, session)
    assert state(session) is RunState.IDLE
    assert model_of(session).epochs_trained == pytest.approx(0.3)
    assert len(session.book.runs) == 2


def test_nothing_happens_without_a_moment(sessions: Any) -> None:
    session = sessions()
    model = session.model
    session.continue_from_here()
    session.timeline.look_earlier()
    session.timeline.look_later()
    assert session.model is model or session.timeline.past is not None


def test_other_images_are_resampled_for_the_moment(qtbot: QtBot, sessions: Any) -> None:
    session = sessions()
    step_to_the_end(qtbot, session)
    with qtbot.waitSignal(session.images_changed):
        session.set_image_shape((4, 4))
    qtbot.waitUntil(lambda: session.task is None)
    session.timeline.look_at(near(session, 1.0))
    with qtbot.waitSignal(session.images_changed):
        session.continue_from_here()
    qtbot.waitUntil(lambda: session.task is None)
    assert session.settings.image_shape == (8, 8)
    assert not session.trains_new_model
    assert model_of(session).epochs_trained == 1


# --- the budget


def test_a_long_run_of_a_tiny_model_keeps_few_and_the_newest(qtbot: QtBot, sessions: Any) -> None:
    epochs = sized(100, 10_000)
    session = sessions(batch_size=200, epochs=epochs)
    session.train()
    qtbot.waitUntil(lambda: session.run_state is RunState.IDLE, timeout=sized(30_000, 600_000))
    kept = epochs_of(session)
    assert len(kept) <= MOST
    assert (kept[0], kept[-1]) == (0, epochs)
    assert kept == sorted(set(kept))


def test_what_is_saved_is_bounded_too(
    qtbot: QtBot, sessions: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = sessions()
    size = 2 * model_of(session).parameters.w.nbytes
    monkeypatch.setattr(moments_module, "BUDGET_BYTES", 6 * size)
    step_to_the_end(qtbot, session)
    assert sum(moment.size for moment in session.moments.kept) <= 6 * size
    assert len(session.moments.kept) > 2
    assert session.save_experiment(tmp_path / "small.rbmx")
    other = sessions()
    # A file from a time with more room.
    monkeypatch.setattr(moments_module, "BUDGET_BYTES", 1)
    assert other.open_experiment(tmp_path / "small.rbmx")
    assert epochs_of(other) == [0, EPOCHS]
