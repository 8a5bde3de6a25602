"""An experiment by the program of the time when "recommended" was CD-1; see tests/storage/test_old_presets.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.app.session import Session
from rbm_studio.core.presets import settings_for
from rbm_studio.core.training import Training
from rbm_studio.data import Dataset
from rbm_studio.storage.experiment_file import load_experiment
from tests.storage.test_old_presets import EXPERIMENT, IMAGES

from .conftest import load
from .driving import model_of, wait_until_idle

if TYPE_CHECKING:
    from PySide6.QtCore import QCoreApplication
    from pytestqt.qtbot import QtBot


def test_it_opens_with_its_runs_and_goes_on_with_its_training(qtbot: QtBot, application: QCoreApplication) -> None:
    assert application is not None
    session = Session()
    squares = IMAGES.reshape(40, 4, 4)
    load(qtbot, session, Dataset("Squares", "made up", squares, None, squares[::9], None))
    assert session.open_experiment(EXPERIMENT)
    expected = settings_for("cd-1", batch_size=8, epochs=60, seed=5)
    assert session.settings.training == model_of(session).training == expected
    assert session.settings.changed == ()
    assert [run.settings.training.preset for run in session.book.runs] == ["cd-1", "cd-1"]
    assert session.newest is not None
    assert session.newest.trainings is not None
    assert [each.settings.preset for each in session.newest.trainings] == ["cd-1"]
    assert session.training_state is not None
    assert session.training_state.unfinished
    session.change_settings(device="cpu")
    session.train()
    wait_until_idle(qtbot, session)
    # The rest of its sixty epochs, and no sixty more; to the same bits as without the window.
    assert session.epochs_trained == 60
    saved = load_experiment(EXPERIMENT).model
    assert saved is not None
    rest = Training(saved.parameters, IMAGES, expected, held_out=IMAGES[::9], state=saved.state, resume=True)
    while not rest.finished:
        rest.step()
    np.testing.assert_array_equal(model_of(session).parameters.w, rest.snapshot().w)
    session.shut_down()
