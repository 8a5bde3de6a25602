"""The moments of a run that are kept: which ones, how many, and of which model."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.app import moments as moments_module
from rbm_studio.app.moments import FIRST_INTERVAL, MOST, Moments
from rbm_studio.app.session import Session

from .conftest import bars_dataset, load
from .driving import model_of, process_deletions, wait_until_idle

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def moments(session: Session) -> Moments:
    return session.moments


def train(qtbot: QtBot, session: Session, epochs: int) -> None:
    session.change_settings(epochs=epochs)
    session.train()
    wait_until_idle(qtbot, session)


def step(qtbot: QtBot, session: Session, batches: int) -> None:
    """Train batch by batch: each brings its parameters."""
    for _ in range(batches):
        with qtbot.waitSignal(session.model_changed):
            session.step()


def epochs_of(moments: Moments) -> list[float]:
    return [round(moment.epochs, 6) for moment in moments.kept]


def size_of(moments: Moments) -> int:
    return sum(moment.size for moment in moments.kept)


def test_there_is_nothing_before_there_is_a_model(qtbot: QtBot, application: object) -> None:
    assert qtbot is not None
    assert application is not None
    session = Session()
    moments = Moments(session, session)
    assert (moments.kept, moments.start, moments.before) == ((), None, None)
    load(qtbot, session, bars_dataset())
    assert epochs_of(moments) == [0]
    session.shut_down()
    session.deleteLater()
    process_deletions()


def test_the_first_after_each_multiple_is_kept_as_it_was(qtbot: QtBot, session: Session, moments: Moments) -> None:
    start = model_of(session).parameters.w.copy()
    session.change_settings(batch_size=20, epochs=3)
    step(qtbot, session, 12)
    # Ten batches an epoch.
    assert epochs_of(moments) == [0, 0.3, 0.5, 0.8, 1.0]
    assert moments.start is moments.kept[0]
    np.testing.assert_array_equal(moments.kept[0].parameters.w, start)
    assert not np.array_equal(moments.kept[1].parameters.w, start)
    record = moments.kept[4].record
    assert moments.kept[3].record is None
    assert record is not None
    assert record.epoch == 1
    assert record == model_of(session).history[0]


def test_of_a_long_run_few_evenly_spaced_ones_stay(qtbot: QtBot, session: Session, moments: Moments) -> None:
    session.change_settings(batch_size=20, epochs=20)
    step(qtbot, session, 130)
    kept = epochs_of(moments)
    assert kept[0] == 0
    assert MOST // 3 < len(kept) <= MOST
    assert moments.interval == 4 * FIRST_INTERVAL
    gaps = [after - before for before, after in pairwise(kept)]
    assert max(gaps) <= moments.interval + 0.1
    assert min(gaps) >= moments.interval - 0.1


def test_the_memory_is_bounded(
    qtbot: QtBot, session: Session, moments: Moments, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = moments.kept[0].size
    assert one == 4 * (64 * 12 + 64 + 12)
    monkeypatch.setattr(moments_module, "BUDGET_BYTES", 5 * one + 1)
    most = 0

    def watch() -> None:
        nonlocal most
        most = max(most, size_of(moments))

    moments.changed.connect(watch)
    step(qtbot, session, 30)
    assert 2 * one <= most <= 5 * one + 1
    assert moments.kept[0].epochs == 0


def test_of_a_huge_model_the_start_and_the_newest_are_kept(
    qtbot: QtBot, session: Session, moments: Moments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moments_module, "BUDGET_BYTES", 1)
    step(qtbot, session, 14)
    assert len(moments.kept) == 2
    session.stop()
    wait_until_idle(qtbot, session)
    assert epochs_of(moments) == [0, 1.4]
    assert moments.kept[-1].state is not None


def test_another_model_begins_anew_and_the_last_one_is_kept(qtbot: QtBot, session: Session, moments: Moments) -> None:
    train(qtbot, session, 2)
    last = model_of(session).parameters
    assert moments.before is None
    with qtbot.waitSignal(moments.restarted):
        session.reset()
    assert epochs_of(moments) == [0]
    assert moments.kept[0].parameters is model_of(session).parameters
    assert moments.interval == FIRST_INTERVAL
    assert moments.before is not None
    assert moments.before.parameters is last
    assert moments.before.epochs == 2
    # The run of the new model begins a curve, too, but no other model.
    train(qtbot, session, 1)
    assert moments.before is not None
    assert moments.before.parameters is last
    assert moments.kept[0].epochs == 0


def test_an_untrained_model_leaves_nothing(session: Session, moments: Moments) -> None:
    session.change_settings(hidden_num=5)
    assert moments.before is None
    assert moments.kept[0].parameters.hidden_num == 5


def test_bringing_back_changes_places(qtbot: QtBot, session: Session, moments: Moments) -> None:
    train(qtbot, session, 1)
    first = model_of(session).parameters
    session.reset()
    session.bring_back()
    assert moments.start is not None
    assert moments.start.parameters is first
    assert moments.before is None
    session.reset()
    train(qtbot, session, 2)
    second = model_of(session).parameters
    session.bring_back()
    assert moments.start.parameters is first
    assert moments.before is not None
    assert moments.before.parameters is second


def test_where_a_training_ended_is_kept(qtbot: QtBot, session: Session, moments: Moments) -> None:
    step(qtbot, session, 2)
    session.stop()
    wait_until_idle(qtbot, session)
    assert epochs_of(moments) == [0, 0.2]
    # The very arrays of the model: they cost nothing.
    assert moments.kept[-1].parameters is model_of(session).parameters
    assert moments.kept[-1].state is session.training_state
    train(qtbot, session, 1)
    assert epochs_of(moments)[:2] == [0, 0.2]
    assert epochs_of(moments)[-1] == 1.2


def test_a_moments_size_is_that_of_its_arrays(qtbot: QtBot, session: Session, moments: Moments) -> None:
    session.change_settings(gradient="pcd", chains=7)
    step(qtbot, session, 3)
    moment = moments.kept[-1]
    assert moment.state is not None
    arrays = [*moment.parameters.arrays().values(), *moment.state.arrays().values()]
    assert moment.size == sum(array.nbytes for array in arrays) > 2 * moment.parameters.w.nbytes + 4 * 7 * 12 - 1


def test_training_on_goes_on_with_the_same_moments(qtbot: QtBot, session: Session, moments: Moments) -> None:
    step(qtbot, session, 3)
    session.stop()
    wait_until_idle(qtbot, session)
    before = moments.kept
    step(qtbot, session, 3)
    assert moments.kept[: len(before)] == before
    assert len(moments.kept) > len(before)
