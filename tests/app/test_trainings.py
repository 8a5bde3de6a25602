"""What is taken for the past of a model that came from a file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rbm_studio import RBM
from rbm_studio.app.trainings import assumed_trainings
from rbm_studio.core.metrics import EpochRecord
from rbm_studio.core.presets import settings_for
from rbm_studio.core.state import TrainingState
from rbm_studio.storage.model_file import SavedModel
from tests.patterns import three_patterns

PARAMETERS = RBM(6, 4).parameters
SETTINGS = settings_for("cd-1", epochs=10)


def saved(*epochs: float, state: TrainingState | None = None) -> SavedModel:
    history = tuple(EpochRecord(epoch, 0.1, 0.2) for epoch in epochs)
    return SavedModel(PARAMETERS, SETTINGS, history, state=state)


def begun(model: SavedModel) -> list[float] | None:
    trainings = assumed_trainings(model)
    return None if trainings is None else [training.begun for training in trainings]


def test_epochs_are_taken_for_as_few_trainings_as_they_need() -> None:
    assert begun(saved(*range(1, 11))) == [0]
    assert begun(saved(*range(1, 5))) == [0]  # stopped
    assert begun(saved(*range(1, 31))) == [0, 10, 20]


@pytest.mark.parametrize("epochs", [[], [11], [5, 17], [1e300], list(range(1, 16))])
def test_a_past_that_does_not_come_out_even_is_not_known(epochs: list[float]) -> None:
    assert begun(saved(*epochs)) is None


def test_without_settings_nothing_is_known() -> None:
    assert begun(replace(saved(1), settings=None)) is None


def test_the_training_state_knows_how_far_the_last_one_came() -> None:
    state = TrainingState.start(SETTINGS, "CPU", 13.5)
    state.position = replace(state.position, epoch=3, batch=1, total_images=200)
    assert begun(saved(*range(1, 14), state=state)) == [0, 10]


def test_the_article_s_class_leaves_what_is_needed() -> None:
    rbm = RBM(6, 4).fit(three_patterns(), epochs=3, batch_size=10, verbose=False)
    rbm.fit(three_patterns(), epochs=3, batch_size=10, verbose=False)
    assert begun(SavedModel(rbm.parameters, rbm.settings, tuple(rbm.history))) == [0, 3]
