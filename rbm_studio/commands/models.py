"""Models for a command: out of a model's file, or out of an experiment's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rbm_studio.storage.atomic import FileError
from rbm_studio.storage.experiment_file import EXPERIMENT_SUFFIX, load_experiment
from rbm_studio.storage.model_file import SavedModel, load_model

if TYPE_CHECKING:
    from pathlib import Path


def open_model(path: Path) -> SavedModel:
    """Return the model in a file; of an experiment, the present one.

    Raises
    ------
    FileError
        If the file cannot be read, or holds none.
    """
    if path.suffix.lower() != EXPERIMENT_SUFFIX:
        return load_model(path)
    model = load_experiment(path).model
    if model is None:
        raise FileError("{name} holds no model yet.", "Train one in it, and save it.", name=path.name)
    return model
