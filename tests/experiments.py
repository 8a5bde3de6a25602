"""Experiments without a window: around a model, and packed as a stranger could, whatever is in them."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

from rbm_studio.core.settings import TrainingSettings
from rbm_studio.storage.experiment_file import DatasetIdentity, SavedExperiment, entries

if TYPE_CHECKING:
    from pathlib import Path

    from rbm_studio.storage.model_file import SavedModel


def experiment_of(model: SavedModel | None = None, dataset: DatasetIdentity | None = None) -> SavedExperiment:
    """Return an experiment around a model, with nothing else."""
    shape = list(model.image_shape) if model is not None and model.image_shape is not None else [28, 28]
    training = TrainingSettings().as_dict()
    settings = {"hidden_num": 3, "image_shape": shape, "device": "cpu", "labels": False, "training": training}
    facts: dict[str, Any] = {"id": "1", "settings": settings, "selection": {"units": [], "pixel": -1}, "notes": "",
                             "present_run": None, "is_new": False}  # fmt: skip
    return SavedExperiment(facts, model, dataset, drawings={"canvas": None, "kept": []})


def pack(path: str | Path, experiment: SavedExperiment) -> None:
    """Write an experiment's file unchecked."""
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in entries(experiment):
            packed.writestr(name, content)
