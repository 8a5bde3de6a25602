"""Models in files: one that is opened must fit the images, and one that trains is saved as it is now."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rbm_studio.app.state import Images, Model
from rbm_studio.app.trainings import assumed_trainings
from rbm_studio.errors import RBMStudioError
from rbm_studio.model_import import import_model
from rbm_studio.storage.model_file import SavedModel, load_model, save_model

if TYPE_CHECKING:
    from pathlib import Path

    from rbm_studio.app.training_runner import Checkpoint
    from rbm_studio.core.metrics import EpochRecord
    from rbm_studio.core.settings import TrainingSettings
    from rbm_studio.core.state import TrainingState


def read_model(path: Path, images: Images | None, training: TrainingSettings) -> tuple[Model, TrainingState | None]:
    """Return the model in a file, and where its training stands, if the file knows.

    Parameters
    ----------
    path : Path
    images : Images or None
        The dataset that the model's visible units must fit, at one of its sizes.
    training : TrainingSettings
        For a model whose file holds none.

    Raises
    ------
    RBMStudioError
        If the file cannot be read, or the model does not fit.
    """
    model, state = _checked(load_model(path), path.name, images, training)
    return replace(model, path=path), state


def read_foreign(path: Path, images: Images | None, training: TrainingSettings) -> tuple[Model, TrainingState | None]:
    """Return a model of this program or another one, which has no file of its own here; see `read_model`."""
    model, state = _checked(import_model(path), path.name, images, training)
    return replace(model, origin=path.name), state


def _checked(
    saved: SavedModel, name: str, images: Images | None, training: TrainingSettings
) -> tuple[Model, TrainingState | None]:
    shape = _image_shape(saved, name, images)
    trained = saved.history[-1].epoch if saved.history else 0.0
    if saved.state is not None:
        trained = saved.state.epochs_trained
    settings = saved.settings or training
    model = Model(saved.parameters, shape, settings, saved.history, epochs_trained=trained)
    return replace(model, trainings=assumed_trainings(saved)), saved.state


def _image_shape(saved: SavedModel, name: str, images: Images | None) -> tuple[int, int]:
    pixels = saved.parameters.visible_num
    shape = saved.image_shape
    if shape is None:
        side = round(pixels**0.5)
        shape = (side, side) if side * side == pixels else (1, pixels)
    # Else no data fits the model.
    fits = images is None or images.can_have(shape)
    if shape[0] * shape[1] != pixels or not fits:
        raise RBMStudioError(
            "{name} has {pixels} visible units, which no image size of this dataset has.",
            "Open a dataset with images of {height}×{width}, then this model.",
            name=name,
            pixels=pixels,
            height=shape[0],
            width=shape[1],
        )
    return shape


def saved_model(
    model: Model, state: TrainingState | None, before: tuple[EpochRecord, ...], now: Checkpoint | None
) -> SavedModel:
    """Return what a file of the model holds.

    Parameters
    ----------
    model : Model
    state : TrainingState or None
        Where its training stands, if that is known.
    before : tuple of EpochRecord
        The model's epochs before the run under way.
    now : Checkpoint or None
        How far the run under way has come, which is saved instead.
    """
    if now is not None:
        model, state = replace(model, parameters=now.parameters, history=before + now.records), now.state
    return SavedModel(model.parameters, model.training, model.history, model.image_shape, state)


def write_model(
    path: Path, model: Model, state: TrainingState | None, before: tuple[EpochRecord, ...], now: Checkpoint | None
) -> None:
    """Save a model; see `saved_model`.

    Raises
    ------
    RBMStudioError
        If the file cannot be written.
    """
    save_model(path, saved_model(model, state, before, now))
