from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QTimer

from rbm_studio.app import measurement, measuring
from rbm_studio.app.measurement import ANNEALED, Parts, Subject
from rbm_studio.app.measuring import REST, Measuring
from rbm_studio.app.quantities import LIVE
from rbm_studio.errors import RBMStudioError

from .driving import process_deletions, wait_until_idle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot

    from rbm_studio.app.session import Session

ENDLESS = 100_000
NAME = "true_kl"


class Desk:
    """A session that is measured, and whether somebody looks."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.in_view = True
        self.book = session.book
        self.measuring = Measuring(session, self.book, lambda: self.in_view)

    def table(self, name: str = NAME) -> NDArray[np.float64]:
        current = self.book.history(name).current
        assert current is not None
        return current.table()

    def epochs(self, name: str = NAME) -> list[float]:
        return [float(epoch) for epoch in self.table(name)[:, 0]]

    @property
    def is_measuring(self) -> bool:
        return any(thread.name == "Measuring the model" for thread in threading.enumerate())


@pytest.fixture
def desk(session: Session) -> Iterator[Desk]:
    desk = Desk(session)
    yield desk
    session.shut_down()
    assert not desk.is_measuring
    # Else they would be deleted whenever, and on whichever thread, Python finds them unused.
    desk.measuring.deleteLater()
    process_deletions()


def train_on(session: Session) -> None:
    session.change_settings(epochs=ENDLESS)
    session.train()


def stop(qtbot: QtBot, session: Session) -> None:
    session.stop()
    wait_until_idle(qtbot, session)


def test_nothing_is_measured_that_nobody_asked_for(qtbot: QtBot, desk: Desk) -> None:
    desk.measuring.choose([LIVE])
    desk.session.train()
    with qtbot.assertNotEmitted(desk.measuring.ended):
        wait_until_idle(qtbot, desk.session)
    assert len(desk.table(LIVE)) == 3


def test_an_idle_model_is_measured_once(qtbot: QtBot, desk: Desk) -> None:
    with qtbot.waitSignal(desk.measuring.ended):
        desk.measuring.choose([NAME])
    assert desk.epochs() == [0.0]
    assert not desk.measuring.is_measuring(NAME)
    desk.measuring.consider()
    assert not desk.measuring.is_measuring(NAME)


def test_points_come_while_the_model_trains_each_with_the_epoch_of_its_parameters(qtbot: QtBot, desk: Desk) -> None:
    desk.measuring.choose([NAME, "free_energy"])
    train_on(desk.session)
    qtbot.waitUntil(lambda: len(desk.table()) > 4, timeout=20_000)
    assert desk.session.progress is not None
    stop(qtbot, desk.session)
    qtbot.waitUntil(lambda: desk.epochs()[-1] == desk.session.epochs_trained, timeout=20_000)
    assert desk.epochs() == sorted(set(desk.epochs()))
    assert desk.epochs("free_energy") == desk.epochs()
    steps = np.array(desk.epochs()) * 10
    np.testing.assert_allclose(steps, steps.round(), atol=1e-3)  # each after a whole batch
    model, images = desk.session.model, desk.session.images
    assert model is not None
    assert images is not None
    last = Subject(model, Parts.of(images)).measure([NAME], lambda _share: None)[NAME]
    assert desk.table()[-1].tolist()[:3] == [last.epoch, last.training, last.held_out]


def test_while_the_model_trains_it_rests_four_times_as_long_as_it_measures(
    qtbot: QtBot, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurement, "TEMPERATURES", 200)
    train_on(desk.session)
    qtbot.waitUntil(lambda: desk.session.progress is not None)
    begun = time.monotonic()
    with qtbot.waitSignal(desk.measuring.ended, timeout=20_000):
        desk.measuring.choose([ANNEALED])
    took = time.monotonic() - begun
    rest = desk.measuring.findChild(QTimer)
    assert isinstance(rest, QTimer)
    assert rest.isActive()
    assert rest.interval() / 1000 == pytest.approx(REST * took, rel=0.3)
    # It rests, although there are newer parameters.
    with qtbot.waitSignal(desk.session.model_changed):
        pass
    assert not desk.measuring.is_measuring(ANNEALED)
    # Who chooses something else does not wait for it.
    with qtbot.waitSignal(desk.measuring.ended):
        desk.measuring.choose([ANNEALED, NAME])
        assert desk.measuring.is_measuring(NAME)
    assert len(desk.table()) == 1
    # Once the model is idle, nothing is in the way any more.
    session = desk.session
    stop(qtbot, session)
    assert desk.measuring.is_measuring(ANNEALED)
    qtbot.waitUntil(lambda: desk.epochs(ANNEALED)[-1] == session.epochs_trained, timeout=20_000)


def test_a_run_that_comes_to_its_end_is_measured_there_at_once(
    qtbot: QtBot, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "REST", 1_000_000)
    desk.session.change_settings(epochs=60)
    desk.session.train()
    with qtbot.waitSignal(desk.measuring.ended):
        desk.measuring.choose([NAME])
    session = desk.session
    wait_until_idle(qtbot, session)
    qtbot.waitUntil(lambda: desk.epochs()[-1] == 60)
    # The moments that are kept are measured afterwards; between them only one was, when it was chosen.
    kept = {moment.epochs for moment in session.moments.kept}
    assert len(set(desk.epochs()) - kept) <= 1


def test_nothing_is_measured_out_of_sight(qtbot: QtBot, desk: Desk) -> None:
    desk.in_view = False
    desk.measuring.choose([NAME])
    desk.session.train()
    with qtbot.assertNotEmitted(desk.measuring.ended):
        wait_until_idle(qtbot, desk.session)
    desk.in_view = True
    with qtbot.waitSignal(desk.measuring.ended):
        desk.measuring.consider()
    assert desk.epochs() == [3.0]


def test_choosing_something_else_ends_what_takes_long(
    qtbot: QtBot, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurement, "TEMPERATURES", 1_000_000)
    with qtbot.waitSignal(desk.measuring.progressed, timeout=20_000) as progressed:
        desk.measuring.choose([ANNEALED])
    assert progressed.args is not None
    done, total = progressed.args
    assert 0 <= done < total
    assert desk.measuring.is_measuring(ANNEALED)
    desk.measuring.choose([NAME])
    qtbot.waitUntil(lambda: len(desk.table()) == 1)
    assert len(desk.table(ANNEALED)) == 0
    # Chosen again, it begins again.
    desk.measuring.choose([ANNEALED])
    assert desk.measuring.is_measuring(ANNEALED)
    desk.measuring.choose([])
    qtbot.waitUntil(lambda: not desk.is_measuring)


def test_the_end_of_the_program_ends_it_at_once(qtbot: QtBot, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurement, "TEMPERATURES", 1_000_000)
    with qtbot.waitSignal(desk.measuring.progressed, timeout=20_000):
        desk.measuring.choose([ANNEALED])
    desk.session.shut_down()
    assert not desk.is_measuring
    desk.measuring.choose([NAME])
    assert not desk.is_measuring


def test_a_fault_is_told_once_until_the_quantity_is_chosen_again(
    qtbot: QtBot, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurement, "TEMPERATURES", 0)
    with qtbot.waitSignal(desk.session.failed) as failed:
        desk.measuring.choose([ANNEALED])
    assert failed.args is not None
    assert isinstance(failed.args[0], RBMStudioError)
    with qtbot.assertNotEmitted(desk.session.failed):
        desk.session.step()
        with qtbot.waitSignal(desk.session.model_changed):
            pass
        assert not desk.measuring.is_measuring(ANNEALED)
    monkeypatch.setattr(measurement, "TEMPERATURES", 10)
    desk.measuring.choose([ANNEALED])
    qtbot.waitUntil(lambda: len(desk.table(ANNEALED)) == 1)


def test_a_measurement_that_ends_after_its_run_still_belongs_to_it(
    qtbot: QtBot, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurement, "TEMPERATURES", 2000)
    desk.session.train()
    wait_until_idle(qtbot, desk.session)
    desk.measuring.choose([ANNEALED])
    assert desk.measuring.is_measuring(ANNEALED)
    before = desk.book.history(ANNEALED).current
    desk.measuring.choose([ANNEALED, NAME])  # does not begin it anew
    desk.session.reset()
    with qtbot.waitSignal(desk.measuring.ended, timeout=20_000):
        pass
    assert before is not None
    assert len(before) == 1
    assert desk.book.history(ANNEALED).earlier == [before]
    qtbot.waitUntil(lambda: desk.epochs(ANNEALED) == [0.0], timeout=20_000)


def test_a_model_of_another_size_than_the_images_is_left_alone(qtbot: QtBot, desk: Desk) -> None:
    desk.session.train()
    wait_until_idle(qtbot, desk.session)
    assert desk.session.set_image_shape((4, 4))
    with qtbot.waitSignal(desk.session.images_changed):
        pass
    assert desk.measuring.subject() is None
    desk.measuring.choose([NAME])
    assert not desk.measuring.is_measuring(NAME)


class TestPast:
    """A quantity that is chosen late is measured backwards at the moments that are kept."""

    def trained(self, qtbot: QtBot, desk: Desk) -> list[float]:
        desk.session.change_settings(epochs=40)
        desk.session.train()
        wait_until_idle(qtbot, desk.session)
        kept = [moment.epochs for moment in desk.session.moments.kept]
        assert len(kept) > 2
        return kept

    @pytest.mark.parametrize("name", [NAME, ANNEALED])
    def test_the_curve_has_its_past(self, qtbot: QtBot, desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        monkeypatch.setattr(measurement, "TEMPERATURES", 20)
        kept = self.trained(qtbot, desk)
        desk.measuring.choose([name])
        assert desk.measuring.is_measuring(name)  # what is new comes first
        qtbot.waitUntil(lambda: desk.epochs(name) == kept, timeout=20_000)
        assert not desk.measuring.is_measuring(name)
        [stretch] = desk.book.history(name).measured[0].spans()
        assert stretch.measure is not None
        assert stretch.measure == desk.measuring.expected(name)

    def test_each_moment_is_measured_as_it_was_trained_then(self, qtbot: QtBot, desk: Desk) -> None:
        desk.session.change_settings(binarisation="grey")
        self.trained(qtbot, desk)
        desk.session.change_settings(binarisation="threshold", threshold=0.3, epochs=10)
        desk.session.next_run.choose(new=False)
        desk.session.train()
        wait_until_idle(qtbot, desk.session)
        desk.measuring.choose(["cross_entropy"])
        kept = [moment.epochs for moment in desk.session.moments.kept]
        qtbot.waitUntil(lambda: desk.epochs("cross_entropy") == kept)
        run = desk.book.history("cross_entropy").current
        assert run is not None
        first, last = run.spans()[0].measure, run.spans()[-1].measure
        assert first is not None
        assert last is not None
        assert (first.shown, last.shown) == ("grey values", "thresholded at 0.3")

    def test_what_is_new_does_not_wait_for_what_was(
        self, qtbot: QtBot, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(measurement, "TEMPERATURES", 20)
        self.trained(qtbot, desk)
        # The newest model is measured first, in a moment; what was, without end.
        once = desk.book.history(ANNEALED).changed.connect(
            lambda: monkeypatch.setattr(measurement, "TEMPERATURES", 1_000_000)
        )
        desk.measuring.choose([ANNEALED])
        qtbot.waitUntil(lambda: desk.epochs(ANNEALED)[-1:] == [40.0])
        desk.book.history(ANNEALED).changed.disconnect(once)
        assert desk.is_measuring  # a moment, and without end
        assert not desk.measuring.is_measuring(ANNEALED)
        monkeypatch.setattr(measurement, "TEMPERATURES", 20)
        desk.session.change_settings(epochs=1)
        desk.session.train()
        wait_until_idle(qtbot, desk.session)
        qtbot.waitUntil(lambda: desk.epochs(ANNEALED)[-1] == 41.0, timeout=20_000)

    def test_what_takes_too_long_is_not_measured_backwards(
        self, qtbot: QtBot, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(measuring, "PAST_WITHIN_S", 0.0)
        self.trained(qtbot, desk)
        with qtbot.waitSignal(desk.measuring.ended):
            desk.measuring.choose([NAME])
        assert not desk.is_measuring
        assert desk.epochs() == [40.0]


class TestBook:
    def test_settings_of_an_untrained_model_begin_no_other_run(self, qtbot: QtBot, desk: Desk) -> None:
        with qtbot.waitSignal(desk.measuring.ended):
            desk.measuring.choose([NAME])
        desk.session.change_settings(learning_rate=0.05)
        desk.session.train()
        wait_until_idle(qtbot, desk.session)
        qtbot.waitUntil(lambda: desk.epochs()[-1] == 3.0)
        assert desk.epochs()[0] == 0.0
        [run] = desk.book.history(NAME).measured
        assert run.title == "12 hidden, recommended, rate 0.05, batch 20"

    def test_a_model_that_was_never_trained_leaves_no_curve(self, qtbot: QtBot, desk: Desk) -> None:
        with qtbot.waitSignal(desk.measuring.ended):
            desk.measuring.choose([NAME])
        first = desk.table()
        with qtbot.waitSignal(desk.measuring.ended):
            desk.session.change_settings(seed=7)
        assert desk.book.history(NAME).earlier == []
        assert desk.epochs() == [0.0]
        assert desk.table()[0, 1] != first[0, 1]

    def test_a_trained_model_leaves_its_curve_behind(self, qtbot: QtBot, desk: Desk) -> None:
        desk.measuring.choose([NAME])
        desk.session.train()
        wait_until_idle(qtbot, desk.session)
        qtbot.waitUntil(lambda: desk.epochs()[-1] == 3.0)
        desk.session.reset()
        qtbot.waitUntil(lambda: desk.epochs() == [0.0])
        [run] = desk.book.history(NAME).earlier
        assert run.values("epoch")[-1] == 3.0

    def test_the_model_that_comes_back_goes_on_with_its_curve(self, qtbot: QtBot, desk: Desk) -> None:
        desk.measuring.choose([NAME])
        desk.session.train()
        wait_until_idle(qtbot, desk.session)
        qtbot.waitUntil(lambda: desk.epochs()[-1] == 3.0)
        before, run = desk.table(), desk.book.history(NAME).current
        desk.session.reset()
        qtbot.waitUntil(lambda: desk.epochs() == [0.0])
        desk.session.bring_back()
        assert desk.book.history(NAME).current is run
        # Meanwhile moments of its past may have been measured.
        now = np.nan_to_num(desk.table()).tolist()
        assert all(row in now for row in np.nan_to_num(before).tolist())
        desk.session.train()
        wait_until_idle(qtbot, desk.session)
        qtbot.waitUntil(lambda: desk.epochs()[-1] == 6.0)
        assert set(desk.epochs()) > set(before[:, 0].tolist())

    def test_a_history_that_is_asked_for_late_has_the_present_run(self, qtbot: QtBot, desk: Desk) -> None:
        desk.session.train()
        wait_until_idle(qtbot, desk.session)
        current = desk.book.history("accuracy").current
        assert current is not None
        assert current.title == "12 hidden, recommended, rate 1, batch 20"
