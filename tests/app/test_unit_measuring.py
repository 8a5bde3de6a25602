from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.app.state import RunState
from rbm_studio.app.unit_measuring import PART, TEST_PART, Measured, UnitMeasuring
from rbm_studio.data import Dataset

from .conftest import SIDE, bars, load
from .driving import process_deletions, wait_until_idle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.session import Session


@pytest.fixture
def measuring(qtbot: QtBot, session: Session) -> Iterator[UnitMeasuring]:
    """Of a model on 6,000 images to train on and 2,100 held out: more than are measured on while it trains."""
    load(qtbot, session, Dataset("Bars", "made up", bars(PART + 1000), None, bars(TEST_PART + 100, seed=1), None))
    measuring = UnitMeasuring(session)
    yield measuring
    session.shut_down()
    measuring.deleteLater()
    process_deletions()


def wait(qtbot: QtBot, measuring: UnitMeasuring) -> Measured:
    with qtbot.waitSignal(measuring.changed, timeout=20_000):
        measuring.refresh()
    measured = measuring.measured
    assert measured is not None
    return measured


def test_at_rest_a_part_is_measured_on_first_and_then_all_images(qtbot: QtBot, measuring: UnitMeasuring) -> None:
    part = wait(qtbot, measuring)
    assert measuring.training_words(part) == "epoch 0: 5,000 of 6,000 training images, binary above 0.5"
    measured = wait(qtbot, measuring)
    assert measured.activity.counts.sum(axis=1).tolist() == [6000] * 12
    assert measuring.training_words(measured) == "epoch 0: 6,000 training images, binary above 0.5"
    assert measuring.test_words(measured) == "epoch 0: 2,100 test images, binary above 0.5"


def test_while_the_model_trains_a_part_is_measured_on(qtbot: QtBot, session: Session, measuring: UnitMeasuring) -> None:
    session.change_settings(epochs=100_000)
    session.train()
    session.model_changed.connect(measuring.refresh)
    qtbot.waitUntil(lambda: measuring.measured is not None, timeout=20_000)
    measured, images = measuring.measured, session.images
    assert measured is not None
    assert images is not None
    assert ": 5,000 of 6,000 training images, binary above 0.5" in measuring.training_words(measured)
    assert ": 2,000 of 2,100 test images, binary above 0.5" in measuring.test_words(measured)
    assert session.run_state is RunState.RUNNING
    # The images at either end are told by their places among all test images.
    v = np.divide(images.test, 255, dtype=np.float32).reshape(-1, SIDE * SIDE)
    rows = measured.test_rows[measured.activity.most.images[0]]
    assert len(set(rows.tolist())) == 8
    assert rows.max() < len(v)
    assert measured.test_rows[-1] == len(v) - 1
    session.stop()
    wait_until_idle(qtbot, session)
    session.model_changed.disconnect(measuring.refresh)

    # With a run behind it no rest is kept.
    def all_are_measured_on() -> bool:
        measuring.refresh()
        newest = measuring.measured
        return newest is not None and newest.activity.images == 6000 and newest.epochs == session.epochs_trained

    qtbot.waitUntil(all_are_measured_on, timeout=20_000)


def test_what_is_known_is_not_measured_again(qtbot: QtBot, session: Session, measuring: UnitMeasuring) -> None:
    wait(qtbot, measuring)
    wait(qtbot, measuring)
    with qtbot.assertNotEmitted(measuring.changed, wait=100):
        measuring.refresh()
        assert not any(thread.name == "Measuring what each unit does" for thread in threading.enumerate())
    session.change_settings(binarisation="stochastic")
    measured = wait(qtbot, measuring)
    assert measuring.training_words(measured).endswith("binary at random")


def test_another_model_begins_again(qtbot: QtBot, session: Session, measuring: UnitMeasuring) -> None:
    before = wait(qtbot, measuring)
    session.change_settings(hidden_num=5)
    assert measuring.measured is None
    assert measuring.missing_words() == "Measuring…"
    assert session.model is not None
    assert not before.fits(session.model)
    assert wait(qtbot, measuring).fits(session.model)


def test_what_was_measured_of_another_model_comes_too_late(
    qtbot: QtBot, session: Session, measuring: UnitMeasuring
) -> None:
    measuring.refresh()
    for thread in threading.enumerate():
        if thread.name == "Measuring what each unit does":
            thread.join()
    # It is done, and has not yet been told.
    session.change_settings(hidden_num=5)
    with qtbot.assertNotEmitted(measuring.changed, wait=100):
        assert measuring.measured is None


def test_a_whole_measurement_is_dropped_when_a_run_begins(
    qtbot: QtBot, session: Session, measuring: UnitMeasuring
) -> None:
    session.change_settings(hidden_num=4096, epochs=1, batch_size=500, learning_rate=1e-4)
    # So that the next run goes on with this model.
    session.train()
    wait_until_idle(qtbot, session)
    session.change_settings(epochs=100_000)
    shown: list[Measured] = []

    def note() -> None:
        if measuring.measured is not None:
            shown.append(measuring.measured)

    measuring.changed.connect(note)
    # So many units leave time for a part of the part.
    assert wait(qtbot, measuring).activity.images == PART * 1024 // 4096
    measuring.refresh()
    session.train()
    session.model_changed.connect(measuring.refresh)
    qtbot.waitUntil(lambda: shown[-1].epochs > 1, timeout=20_000)
    session.stop()
    wait_until_idle(qtbot, session)
    assert {measured.activity.images for measured in shown} == {PART * 1024 // 4096}
