from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from rbm_studio.app.session import Session
from rbm_studio.storage.model_file import SavedModel, load_model, save_model

from .conftest import bars_dataset, load
from .driving import model_of, wait_until_idle
from .test_session import SINGLE_SHOT, failures, train, weights

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot


def test_a_saved_model_comes_back_with_its_settings_and_curve(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    session.change_settings(seed=4, learning_rate=0.2)
    train(qtbot, session)
    path = tmp_path / "bars.safetensors"
    assert session.save_model(path)
    assert session.experiment.is_modified
    saved, history = weights(session), model_of(session).history
    other = Session()
    load(qtbot, other, bars_dataset())
    points: list[float] = []
    other.curve_grew.connect(lambda new: points.extend(point.epoch for point in new))
    assert other.open_model(path)
    assert weights(other) == saved
    assert model_of(other).history == history
    assert points == [1, 2, 3]
    assert other.settings.training == session.settings.training
    assert other.settings.hidden_num == 12
    other.change_settings(device="cpu")
    train(qtbot, other)
    assert [record.epoch for record in model_of(other).history] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize("gradient", ["cd", "pcd"])
def test_a_run_saved_on_its_way_ends_the_same_in_another_program(
    qtbot: QtBot, session: Session, tmp_path: Path, paused: bool, gradient: str
) -> None:
    session.change_settings(epochs=60, gradient=gradient, visible_units="sampled", schedule="linear", device="cpu")
    path = tmp_path / "bars.safetensors"

    def save() -> None:
        if paused:
            session.pause()
        session.save_model(path)

    # The first time that the window hears of the run; later it would be over.
    session.progressed.connect(save, SINGLE_SHOT)
    session.train()
    qtbot.waitUntil(path.exists)
    saved = load_model(path)
    assert saved.state is not None
    assert saved.state.unfinished
    assert session.experiment.is_modified
    if paused:
        session.train()
    wait_until_idle(qtbot, session)
    other = Session()
    load(qtbot, other, bars_dataset())
    other.change_settings(device="cpu")
    assert other.open_model(path)
    train(qtbot, other)
    assert weights(other) == weights(session)
    assert model_of(other).history == model_of(session).history


def test_train_after_stop_brings_the_run_to_its_end(qtbot: QtBot, session: Session) -> None:
    session.change_settings(epochs=50, device="cpu")
    session.progressed.connect(session.stop, SINGLE_SHOT)
    train(qtbot, session)
    assert len(model_of(session).history) < 50
    train(qtbot, session)
    assert [record.epoch for record in model_of(session).history] == list(range(1, 51))
    uninterrupted = Session()
    load(qtbot, uninterrupted, bars_dataset())
    hidden_num = session.settings.hidden_num
    uninterrupted.change_settings(device="cpu", hidden_num=hidden_num, **session.settings.training.as_dict())
    train(qtbot, uninterrupted)
    assert weights(uninterrupted) == weights(session)
    train(qtbot, session)
    assert len(model_of(session).history) == 100


def test_without_a_model_there_is_nothing_to_save(tmp_path: Path) -> None:
    session = Session()
    told = failures(session)
    assert not session.save_model(tmp_path / "none.safetensors")
    assert told == ["There is no model to save yet. Download MNIST, or open images."]


def test_a_model_of_another_size_brings_its_images(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    path = tmp_path / "small.safetensors"
    small = Session()
    load(qtbot, small, bars_dataset(4))
    assert small.save_model(path)
    assert session.open_model(path)
    qtbot.waitUntil(lambda: model_of(session).image_shape == (4, 4))
    assert session.images is not None
    assert session.images.train.shape == (200, 16)
    assert not session.trains_new_model


def test_while_something_is_loaded_such_a_model_has_to_wait(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    path = tmp_path / "small.safetensors"
    small = Session()
    load(qtbot, small, bars_dataset(4))
    assert small.save_model(path)
    release = threading.Event()
    before = model_of(session)
    session.load("Downloading", lambda _task: (release.wait(), None)[1])
    with qtbot.waitSignal(session.noticed) as notice:
        assert not session.open_model(path)
    assert notice.args == ["Please wait: Downloading…"]
    release.set()
    qtbot.waitUntil(lambda: session.task is None)
    assert session.model is before


def test_a_model_that_fits_no_size_of_the_images_is_refused(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    path = tmp_path / "large.safetensors"
    large = Session()
    load(qtbot, large, bars_dataset(10))
    assert large.save_model(path)
    told, before = failures(session), session.model
    assert not session.open_model(path)
    assert told == [
        "large.safetensors has 100 visible units, which no image size of this dataset has. "
        "Open a dataset with images of 10×10, then this model."
    ]
    assert session.model is before


def test_a_foreign_model_without_a_history_is_not_thrown_away(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    path = tmp_path / "foreign.safetensors"
    save_model(path, SavedModel(model_of(session).parameters))
    assert session.open_model(path)
    opened = weights(session)
    session.change_settings(seed=99)
    session.choose_preset("article")
    load(qtbot, session, bars_dataset())
    assert weights(session) == opened


def test_a_models_file_is_not_the_experiments(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    path = tmp_path / "bars.safetensors"
    train(qtbot, session)
    assert session.save_experiment(tmp_path / "bars.rbmx")
    assert session.save_model(path)
    assert session.experiment.path == tmp_path / "bars.rbmx"
    assert not session.experiment.is_modified
    before = session.experiment.identity
    assert session.open_model(path)
    assert session.experiment.path is None
    assert session.experiment.name == "bars"
    assert session.experiment.identity != before
    assert not session.experiment.is_modified
    session.change_settings(epochs=2)
    assert session.experiment.is_modified


def test_a_file_names_the_settings_that_trained_the_model(qtbot: QtBot, session: Session, tmp_path: Path) -> None:
    session.change_settings(learning_rate=0.05)
    session.train()
    wait_until_idle(qtbot, session)
    session.change_settings(learning_rate=0.5, epochs=7)
    assert session.save_model(tmp_path / "trained.safetensors")
    saved = load_model(tmp_path / "trained.safetensors").settings
    assert saved is not None
    assert (saved.learning_rate, saved.epochs) == (0.05, 3)


def test_a_new_models_file_names_the_settings_that_will_train_it(session: Session, tmp_path: Path) -> None:
    session.change_settings(learning_rate=0.5)
    assert session.save_model(tmp_path / "new.safetensors")
    saved = load_model(tmp_path / "new.safetensors").settings
    assert saved is not None
    assert saved.learning_rate == 0.5
