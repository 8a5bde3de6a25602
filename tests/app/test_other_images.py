"""Moments and earlier runs know their images: what was trained on some is never finished on others without a word."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.app.session import Session
from rbm_studio.app.standing import goes_on
from rbm_studio.app.trainings import run_facts
from rbm_studio.data import Dataset
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.model_file import load_model

from .conftest import bars, bars_dataset, load
from .driving import model_of, press, status, wait_until_idle
from .test_next_run import CONTINUE, pick, shown_choice, table

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.moments import Moment
    from rbm_studio.app.window import MainWindow

BEFORE = 1.3


def others() -> Dataset:
    return Dataset("Others", "made up", bars(200, seed=7), None, bars(20, seed=8), None)


def train(qtbot: QtBot, session: Session) -> None:
    session.train()
    wait_until_idle(qtbot, session)


def interrupt(qtbot: QtBot, session: Session) -> None:
    """Train on bars, and stop in the midst of the second epoch."""
    for _ in range(13):
        with qtbot.waitSignal(session.newest_changed):
            session.step()
    session.stop()
    wait_until_idle(qtbot, session)


def went_astray(qtbot: QtBot, window: MainWindow) -> None:
    """Train on bars up to an epoch's midst, then on others of the same size, with the same model."""
    session = window.session
    interrupt(qtbot, session)
    load(qtbot, session, others())
    pick(window, CONTINUE)
    train(qtbot, session)
    assert session.training_data is not None
    assert session.training_data.name == "Others"


def moment(session: Session, epochs: float = BEFORE) -> Moment:
    return min(session.moments.kept, key=lambda each: abs(each.epochs - epochs))


def go_back(session: Session, epochs: float = BEFORE) -> None:
    session.timeline.look_at(moment(session, epochs))
    session.continue_from_here()


def uninterrupted(qtbot: QtBot) -> Session:
    session = Session()
    load(qtbot, session, bars_dataset())
    session.change_settings(hidden_num=12, batch_size=20, epochs=3, device="cpu")
    train(qtbot, session)
    return session


def weights(session: Session) -> np.ndarray:
    return model_of(session).parameters.w


def reopened(qtbot: QtBot, session: Session, path: Path, *, as_before: bool = False) -> None:
    """Save, and open the file again; as one of an earlier version, which says nothing of a moment's images."""
    assert session.save_experiment(path)
    if as_before:
        with zipfile.ZipFile(path) as packed:
            entries = [(entry, packed.read(entry)) for entry in packed.infolist()]
        with zipfile.ZipFile(path, "w") as packed:
            for entry, content in entries:
                if entry.filename == "experiment.json":
                    facts = json.loads(content)
                    assert [about.pop("data") for about in facts["moments"]]
                    content = json.dumps(facts).encode()
                packed.writestr(entry, content)
    images = session.images
    assert session.open_experiment(path)
    qtbot.waitUntil(lambda: session.task is None)
    assert session.images is images


@pytest.mark.parametrize("how", ["in memory", "from a file"])
def test_a_moment_is_not_finished_on_other_images_without_a_word(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, how: str
) -> None:
    session = window.session
    went_astray(qtbot, window)
    if how == "from a file":
        reopened(qtbot, session, tmp_path / "astray.rbmx")
    go_back(session)
    assert "on “Bars”" in status(window)
    assert session.training_data is not None
    assert session.training_data.name == "Bars"
    assert not goes_on(session)
    assert (shown_choice(window) or "").startswith("New run")
    [earlier] = [row for row in table(window) if "from epoch" in row["Run"]]
    assert "Others" not in earlier.get("Dataset", "")
    # Back on its own images it goes on as if nothing had been.
    load(qtbot, session, bars_dataset())
    assert goes_on(session)
    assert shown_choice(window) is None
    press(window, "Train")
    wait_until_idle(qtbot, session)
    whole = uninterrupted(qtbot)
    np.testing.assert_array_equal(weights(session), weights(whole))
    assert model_of(session).trainings == model_of(whole).trainings
    run_facts(model_of(session), session.images)
    whole.shut_down()


def test_who_goes_on_there_on_others_begins_another_training_of_it(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    went_astray(qtbot, window)
    go_back(session)
    pick(window, CONTINUE)
    press(window, "Step")
    assert "other images than before" in status(window)
    session.stop()
    wait_until_idle(qtbot, session)
    assert session.training_data is not None
    assert session.training_data.name == "Others"
    trainings = model_of(session).trainings
    assert trainings is not None
    assert [(training.dataset, round(training.begun, 6)) for training in trainings] == [("Bars", 0), ("Others", 1.3)]
    assert session.book.present is not None
    assert [stage.dataset for stage in session.book.present.stages] == ["Bars", "Others"]
    # The moment where it left the bars is still one of the bars.
    assert getattr(moment(session).data, "name", "") == "Bars"


def test_a_moment_of_others_is_of_others(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    went_astray(qtbot, window)
    load(qtbot, session, bars_dataset())
    go_back(session, 3.0)
    assert session.training_data is not None
    assert session.training_data.name == "Others"
    assert not goes_on(session)
    with pytest.raises(RBMStudioError, match=r"trained on Others|repeat"):
        run_facts(model_of(session), session.images)


def test_a_file_of_an_earlier_version_knows_at_least_their_name(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    session = window.session
    went_astray(qtbot, window)
    reopened(qtbot, session, tmp_path / "old.rbmx", as_before=True)
    go_back(session)
    assert not goes_on(session)
    assert "on “Bars”" in status(window)
    # And of a run that never left its images it is as it was.
    session.documents.begin()
    load(qtbot, session, bars_dataset())
    session.change_settings(hidden_num=12, batch_size=20, epochs=3, device="cpu")
    interrupt(qtbot, session)
    reopened(qtbot, session, tmp_path / "older.rbmx", as_before=True)
    go_back(session, 0.5)
    assert goes_on(session)


def test_a_training_on_others_that_took_no_step_leaves_it_with_its_own(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    interrupt(qtbot, session)
    before = moment(session)
    load(qtbot, session, others())
    pick(window, CONTINUE)
    # Both within one turn of the loop: the worker may or may not have come to its first batch.
    session.train()
    session.stop()
    wait_until_idle(qtbot, session)
    if session.epochs_trained == before.epochs:
        assert session.training_data is not None
        assert session.training_data.name == "Bars"
    assert moment(session) is before
    assert getattr(before.data, "name", "") == "Bars"


def test_an_earlier_run_that_is_brought_back_knows_its_images(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    session = window.session
    interrupt(qtbot, session)
    first = session.book.present
    load(qtbot, session, others())
    press(window, "Train")
    wait_until_idle(qtbot, session)
    assert first is not None
    reopened(qtbot, session, tmp_path / "two.rbmx")
    (first,) = session.book.runs[:-1]
    session.bring_back(first)
    assert session.training_data is not None
    assert session.training_data.name == "Bars"
    assert not goes_on(session)
    load(qtbot, session, bars_dataset())
    assert goes_on(session)


def test_a_model_of_a_moment_comes_from_its_images(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    session = window.session
    went_astray(qtbot, window)
    go_back(session)
    assert session.save_model(tmp_path / "bars.safetensors")
    saved = load_model(tmp_path / "bars.safetensors")
    assert saved.provenance is not None
    assert saved.provenance.data is not None
    assert saved.provenance.data.name == "Bars"
    assert saved.state is not None
