from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import Qt

from rbm_studio.app.session import Session
from rbm_studio.app.state import RunState
from rbm_studio.core.gradients import GRADIENTS
from rbm_studio.data import Dataset
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.model_file import load_model

from .conftest import bars, bars_dataset, load
from .driving import Failing, model_of, state, wait_until_idle

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot


SINGLE_SHOT = Qt.ConnectionType.SingleShotConnection


def weights(session: Session) -> bytes:
    p = model_of(session).parameters
    return b"".join(array.tobytes() for array in (p.w, p.visible_bias, p.hidden_bias))


def failures(session: Session) -> list[str]:
    told: list[str] = []
    session.failed.connect(lambda error: told.append(str(error)))
    return told


def train(qtbot: QtBot, session: Session) -> None:
    session.train()
    wait_until_idle(qtbot, session)


# --- data


def test_a_new_session_can_do_nothing_yet() -> None:
    session = Session()
    for do in (session.train, session.step, session.pause, session.stop, session.reset, session.halt):
        do()
    session.set_image_shape((7, 7))
    assert state(session) is RunState.IDLE
    assert session.model is None
    assert not session.can_train


def test_a_dataset_brings_a_model_of_its_size(session: Session) -> None:
    model = model_of(session)
    assert model.image_shape == (8, 8)
    assert model.parameters.w.shape == (64, 12)
    assert session.settings.image_shape == (8, 8)
    assert session.can_train


def test_a_dataset_that_fails_leaves_the_one_before(qtbot: QtBot, session: Session) -> None:
    def fail(_: object) -> Dataset:
        raise RBMStudioError("It is empty.")

    before, told = session.images, failures(session)
    with qtbot.waitSignal(session.failed):
        session.load("Opening", fail)
    assert told == ["It is empty."]
    assert session.images is before
    assert session.task is None


def test_where_there_is_no_dataset_nothing_changes(qtbot: QtBot, session: Session) -> None:
    before = session.images
    session.load("Looking", lambda _task: None)
    qtbot.waitUntil(lambda: session.task is None)
    assert session.images is before


def test_another_size_is_another_model(qtbot: QtBot, session: Session) -> None:
    with qtbot.waitSignal(session.images_changed):
        session.set_image_shape((4, 4))
    assert session.images is not None
    assert session.images.train.shape == (200, 16)
    assert model_of(session).parameters.visible_num == 16
    # From the images as they were opened: nothing is lost by looking at a small size.
    qtbot.waitUntil(lambda: session.task is None)
    with qtbot.waitSignal(session.images_changed):
        session.set_image_shape((8, 8))
    np.testing.assert_array_equal(session.images.train, bars(200).reshape(200, -1))


def test_a_trained_model_stays_when_the_images_change(qtbot: QtBot, session: Session) -> None:
    train(qtbot, session)
    before = weights(session)
    load(qtbot, session, Dataset("Large", "", bars(50, 10), None, bars(5, 10), None))
    assert weights(session) == before
    assert session.trains_new_model
    session.train()
    assert model_of(session).parameters.visible_num == 100
    wait_until_idle(qtbot, session)


# --- settings


def test_settings_of_an_untrained_model_are_taken_at_once(session: Session) -> None:
    before = weights(session)
    session.change_settings(seed=5)
    assert weights(session) != before
    session.change_settings(hidden_num=30)
    assert model_of(session).parameters.hidden_num == 30
    session.choose_preset("article")
    assert model_of(session).training.preset == "article"
    assert session.settings.training.batch_size == 20


def test_impossible_settings_change_nothing(session: Session) -> None:
    before = session.settings
    with pytest.raises(RBMStudioError, match="learning rate"):
        session.change_settings(learning_rate=-1.0)
    assert session.settings == before


def test_settings_stay_while_a_run_lasts(qtbot: QtBot, session: Session) -> None:
    session.change_settings(epochs=100_000)
    session.train()
    session.change_settings(hidden_num=3)
    session.choose_preset("article")
    assert session.settings.hidden_num == 12
    assert session.settings.training.preset == "recommended"
    session.stop()
    wait_until_idle(qtbot, session)
    assert model_of(session).parameters.hidden_num == 12


def test_two_sessions_share_nothing(qtbot: QtBot, session: Session) -> None:
    other = Session()
    load(qtbot, other, bars_dataset())
    other.change_settings(hidden_num=12, batch_size=20, epochs=100_000, seed=3, device="cpu")
    mine = weights(session)
    other.train()
    qtbot.waitUntil(lambda: other.progress is not None and other.progress.epoch > 2)
    assert weights(session) == mine
    assert state(session) is RunState.IDLE
    assert session.settings.training.seed == 0
    # Both at a time.
    train(qtbot, session)
    together = weights(session)
    other.shut_down()
    session.reset()
    train(qtbot, session)
    assert weights(session) == together


# --- runs


def test_a_run_leaves_its_records_and_curve(qtbot: QtBot, session: Session) -> None:
    points: list[float] = []
    session.curve_grew.connect(lambda new: points.extend(point.epoch for point in new))
    train(qtbot, session)
    assert [record.epoch for record in model_of(session).history] == [1, 2, 3]
    assert all(record.held_out_kl is not None for record in model_of(session).history)
    assert points == [1, 2, 3]
    assert points == sorted(points)
    assert session.experiment.is_modified


def test_training_again_goes_on(qtbot: QtBot, session: Session) -> None:
    # A schedule would fall faster over fewer epochs.
    session.change_settings(epochs=4, schedule="constant")
    train(qtbot, session)
    whole = weights(session)
    session.reset()
    session.change_settings(epochs=2)
    started: list[str] = []
    session.curve_started.connect(started.append)
    train(qtbot, session)
    started.clear()
    train(qtbot, session)
    assert started == []
    assert [record.epoch for record in model_of(session).history] == [1, 2, 3, 4]
    # Momentum and random numbers go on too.
    assert weights(session) == whole


def test_starting_twice_is_starting_once(qtbot: QtBot, session: Session) -> None:
    session.train()
    session.train()
    session.step()
    wait_until_idle(qtbot, session)
    assert len(model_of(session).history) == 3


def test_steps_pauses_and_resumptions_in_odd_orders_change_no_number(
    qtbot: QtBot, session: Session, tmp_path: Path
) -> None:
    train(qtbot, session)
    assert session.save_model(tmp_path / "whole.safetensors")
    session.reset()

    def images() -> int:
        return session.progress.images if session.progress else 0

    session.pause()
    session.stop()
    session.step()
    assert state(session) is RunState.PAUSED
    qtbot.waitUntil(lambda: images() == 20)
    session.pause()
    session.step()
    qtbot.waitUntil(lambda: images() == 40)
    session.train()
    session.pause()
    session.train()
    session.pause()
    session.pause()
    session.step()
    session.train()
    session.train()
    wait_until_idle(qtbot, session)
    session.pause()
    session.stop()
    assert state(session) is RunState.IDLE
    assert session.save_model(tmp_path / "parts.safetensors")
    parts, whole = (load_model(tmp_path / f"{name}.safetensors") for name in ("parts", "whole"))
    for array in ("w", "visible_bias", "hidden_bias"):
        assert getattr(parts.parameters, array).tobytes() == getattr(whole.parameters, array).tobytes()
    assert (parts.history, parts.settings, parts.image_shape) == (whole.history, whole.settings, whole.image_shape)


def test_the_model_holds_its_last_update_and_particles(qtbot: QtBot, session: Session) -> None:
    assert model_of(session).update is None
    assert model_of(session).particles is None
    assert session.epochs_trained == 0
    train(qtbot, session)
    model = model_of(session)
    assert model.update is not None
    assert model.update.w.shape == model.parameters.w.shape
    assert model.particles is not None
    assert model.particles.shape == (20, 64)
    assert session.epochs_trained == 3
    session.reset()
    assert model_of(session).update is None
    assert session.epochs_trained == 0


def test_units_are_pointed_out_until_there_is_another_model(qtbot: QtBot, session: Session) -> None:
    with qtbot.waitSignal(session.selection.units_changed):
        session.selection.select_units((2, 5))
    assert session.selection.units == (2, 5)
    with qtbot.assertNotEmitted(session.selection.units_changed):
        session.selection.select_units((2, 5))
    with qtbot.waitSignal(session.selection.units_changed):
        session.reset()
    assert not session.selection.units


def test_reset_during_a_run_ends_it_and_starts_anew(qtbot: QtBot, session: Session) -> None:
    fresh = weights(session)
    session.change_settings(epochs=100_000)
    session.train()
    qtbot.waitUntil(lambda: len(model_of(session).history) > 0)
    session.reset()
    wait_until_idle(qtbot, session)
    assert weights(session) == fresh
    assert model_of(session).history == ()
    assert session.progress is None
    # The run that it took the place of is not in a file.
    assert session.experiment.is_modified


def test_reset_of_a_paused_run(qtbot: QtBot, session: Session) -> None:
    session.step()
    qtbot.waitUntil(lambda: session.progress is not None)
    session.reset()
    wait_until_idle(qtbot, session)
    assert session.progress is None


def test_other_sizes_start_a_new_model_and_a_new_curve(qtbot: QtBot, session: Session) -> None:
    train(qtbot, session)
    titles: list[str] = []
    session.curve_started.connect(titles.append)
    session.change_settings(hidden_num=20)
    assert model_of(session).parameters.hidden_num == 12
    session.train()
    assert model_of(session).parameters.hidden_num == 20
    wait_until_idle(qtbot, session)
    assert [record.epoch for record in model_of(session).history] == [1, 2, 3]
    assert titles[-1] == "20 hidden, recommended, rate 1, batch 20"


def test_the_model_that_was_replaced_can_come_back_and_goes_on(qtbot: QtBot, session: Session) -> None:
    session.change_settings(epochs=4, schedule="constant")
    train(qtbot, session)
    whole = weights(session)
    session.reset()
    session.change_settings(epochs=2)
    train(qtbot, session)
    half = weights(session)
    session.reset()
    assert session.can_bring_back
    session.bring_back()
    assert weights(session) == half
    assert session.experiment.is_modified
    train(qtbot, session)
    assert weights(session) == whole


def test_a_model_comes_back_with_images_of_its_size(qtbot: QtBot, session: Session) -> None:
    train(qtbot, session)
    first = weights(session)
    with qtbot.waitSignal(session.images_changed):
        session.set_image_shape((4, 4))
    qtbot.waitUntil(lambda: session.task is None)
    train(qtbot, session)
    assert model_of(session).image_shape == (4, 4)
    for shape in ((8, 8), (4, 4), (8, 8)):
        with qtbot.waitSignal(session.images_changed):
            session.bring_back()
        qtbot.waitUntil(lambda: session.task is None)
        assert model_of(session).image_shape == session.settings.image_shape == shape
        assert session.images is not None
        assert session.images.dataset.image_shape == shape
        assert session.can_bring_back
        assert not session.trains_new_model
    assert weights(session) == first
    train(qtbot, session)
    assert [record.epoch for record in model_of(session).history] == [1, 2, 3, 4, 5, 6]


def test_a_model_comes_back_where_no_images_are_of_its_size(qtbot: QtBot, session: Session) -> None:
    train(qtbot, session)
    load(qtbot, session, bars_dataset(6))
    train(qtbot, session)
    session.bring_back()
    assert model_of(session).image_shape == (8, 8)
    assert session.settings.image_shape == (6, 6)
    assert session.trains_new_model


def test_the_curve_of_a_model_that_came_back_is_named_by_its_own_settings(qtbot: QtBot, session: Session) -> None:
    train(qtbot, session)
    titles: list[str] = []
    session.curve_started.connect(titles.append)
    session.reset()
    session.change_settings(hidden_num=20, learning_rate=0.02, batch_size=10)
    session.bring_back()
    assert titles[-1] == "12 hidden, recommended, rate 1, batch 20"


def pointed_at(session: Session) -> tuple[tuple[int, ...], int, int]:
    selection = session.selection
    return selection.units, selection.hovered, selection.pixel


def test_units_that_the_model_does_not_have_are_not_selected(session: Session) -> None:
    selection = session.selection
    selection.select_units((3, 11, 12))
    selection.select_pixel(63)
    selection.hover(11)
    assert pointed_at(session) == ((3, 11), 11, 63)
    session.change_settings(hidden_num=4)
    assert pointed_at(session) == ((), -1, -1)
    # A panel that still shows the model before is pointed at.
    selection.toggle_unit(11)
    selection.hover(11)
    selection.select_pixel(64)
    assert pointed_at(session) == ((), -1, -1)
    selection.toggle_unit(3)
    assert pointed_at(session) == ((3,), -1, -1)


def test_an_exploding_learning_rate_halts_and_a_lower_one_trains_on(qtbot: QtBot, session: Session) -> None:
    train(qtbot, session)
    good = model_of(session)
    told = failures(session)
    session.change_settings(learning_rate=1e6)
    train(qtbot, session)
    assert len(told) == 1
    assert "the parameters exploded" in told[0]
    assert "Lower the learning rate" in told[0]
    parameters = model_of(session).parameters
    assert parameters.is_finite
    np.testing.assert_array_equal(parameters.w, good.parameters.w)
    session.change_settings(learning_rate=0.1)
    train(qtbot, session)
    assert len(told) == 1
    assert len(model_of(session).history) == 6
    assert model_of(session).parameters.is_finite


def test_a_fault_on_the_worker_ends_the_run_alone(
    qtbot: QtBot, session: Session, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    errors: list[Exception] = []
    session.failed.connect(errors.append)
    with monkeypatch.context() as patch:
        patch.setitem(GRADIENTS, "pcd", Failing())
        train(qtbot, session)
    assert [type(error) for error in errors] == [MemoryError]
    assert "Traceback" in caplog.text
    train(qtbot, session)
    assert len(errors) == 1
    assert len(model_of(session).history) == 3


def test_a_device_that_is_not_there_is_told_and_the_model_stays(
    qtbot: QtBot, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rbm_studio.core import backend

    monkeypatch.setattr(backend, "_find_gpu", lambda: (None, "CuPy is not installed"))
    told, before = failures(session), weights(session)
    session.change_settings(device="gpu")
    train(qtbot, session)
    assert told == ["The GPU cannot be used: CuPy is not installed. Choose the CPU instead."]
    assert weights(session) == before
    assert not session.experiment.is_modified


@pytest.mark.parametrize("paused", [False, True])
def test_shutting_down_leaves_no_thread(qtbot: QtBot, session: Session, paused: bool) -> None:
    session.change_settings(epochs=100_000)
    session.train()
    qtbot.waitUntil(lambda: session.progress is not None)
    if paused:
        session.pause()
    session.shut_down()
    assert state(session) is RunState.IDLE
    assert not [thread for thread in threading.enumerate() if thread.name == "training"]


def test_data_and_models_cannot_change_during_a_run(session: Session, tmp_path: Path) -> None:
    session.change_settings(epochs=100_000)
    told, images = failures(session), session.images
    session.train()
    session.load("Opening", lambda _task: bars_dataset(10))
    session.set_image_shape((4, 4))
    assert not session.open_model(tmp_path / "any.safetensors")
    assert told == [
        "The dataset cannot be changed while training. Stop the training first.",
        "A model cannot be opened while training. Stop the training first.",
    ]
    assert session.images is images
    assert session.task is None
    session.shut_down()
