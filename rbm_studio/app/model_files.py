"""Models in files: one that is opened must fit the images, and one that trains is saved as it is now."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rbm_studio.app.epoch_history import EpochHistory
from rbm_studio.app.opened_experiment import Opened
from rbm_studio.app.state import Images, Model, Settings
from rbm_studio.app.trainings import assumed_trainings
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.model_file import SavedModel

if TYPE_CHECKING:
    from rbm_studio.app.run_messages import Checkpoint
    from rbm_studio.core.state import TrainingState


def opened_model(saved: SavedModel, name: str, images: Images | None, settings: Settings, origin: str = "") -> Opened:
    """Return a model from a file as a new experiment.

    Parameters
    ----------
    saved : SavedModel
    name : str
        What messages call the file.
    images : Images or None
        The dataset that the model's visible units must fit, at one of its sizes.
    settings : Settings
        For what the file does not hold.
    origin : str
        The name of another program's file that it came from.

    Raises
    ------
    RBMStudioError
        If the model does not fit.
    """
    p, state = saved.parameters, saved.state
    shape = _image_shape(saved, name, images)
    trained = saved.history[-1].epoch if saved.history else 0.0
    if state is not None:
        trained = state.epochs_trained
    training = saved.settings or settings.training
    history, trainings = EpochHistory(saved.history), assumed_trainings(saved)
    model = Model(p, shape, training, history, origin=origin, trainings=trainings, epochs_trained=trained)
    data, provenance = None, saved.provenance
    if provenance is not None:
        model = replace(model, provenance=provenance)
        data = provenance.data.identity if provenance.data is not None else None
    settings = replace(settings, hidden_num=p.hidden_num, labels=p.label_num > 0, training=training, image_shape=shape)
    return Opened("", "", settings, data, model, state)


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


def saved_model(model: Model, state: TrainingState | None, before: EpochHistory, now: Checkpoint | None) -> SavedModel:
    """Return what a file of the model holds.

    Parameters
    ----------
    model : Model
    state : TrainingState or None
        Where its training stands, if that is known.
    before : EpochHistory
        The model's epochs before the run under way.
    now : Checkpoint or None
        How far the run under way has come, which is saved instead.
    """
    if now is not None:
        model, state = replace(model, parameters=now.parameters, history=before + now.records), now.state
    history = tuple(model.history)
    return SavedModel(model.parameters, model.training, history, model.image_shape, state, model.provenance)
