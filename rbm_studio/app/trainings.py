"""How a model came to be what it is: its trainings one after another, and what a script needs to repeat them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rbm_studio import __version__
from rbm_studio.core.backend import gpu_problem
from rbm_studio.core.threads import blas_threads
from rbm_studio.data.sample import NAME as SAMPLE_NAME
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.provenance import Provenance, TrainingData, place_of
from rbm_studio.storage.script_file import RunFacts, Trained

if TYPE_CHECKING:
    from rbm_studio.app.state import Images, Model, Settings
    from rbm_studio.core.backend import Backend
    from rbm_studio.core.state import TrainingState
    from rbm_studio.data import Dataset
    from rbm_studio.storage.model_file import SavedModel

_A_BIT = 1e-9
_ROUNDING = 1e-4
_MNIST = "MNIST"


def next_trainings(
    model: Model, state: TrainingState | None, settings: Settings, images: Images
) -> tuple[Trained, ...] | None:
    """Return a model's trainings with the one that begins now, or that goes on, if it had been stopped.

    Parameters
    ----------
    model : Model
    state : TrainingState or None
        As the last training left it.
    settings : Settings
    images : Images
    """
    if model.trainings is None:
        return None
    begun = model.epochs_trained
    now = Trained(settings.training, begun, settings.device, blas_threads(), images.original.name)
    past = tuple(training for training in model.trainings if training.begun < begun - _A_BIT)
    goes_on = state is not None and state.continues(settings.training, len(images.train))
    if past and goes_on and replace(past[-1], begun=begun) == now:
        return past
    return (*past, now)


def provenance_of(settings: Settings, images: Images, backend: Backend) -> Provenance:
    """Return what a file says of where a model comes from that is trained so."""
    training, original = settings.training, images.original
    data = TrainingData.of(
        images.identity,
        images_digest=images.train_digest,
        values=images.values,
        binarisation=training.binarisation,
        threshold=float(training.threshold),
        source=place_of(original.source),
    )
    return Provenance(data, __version__, backend.threads, backend.kernels)


def assumed_trainings(saved: SavedModel) -> tuple[Trained, ...] | None:
    """Return by which trainings a model in a file most likely came to be; None where that cannot be known."""
    settings, state = saved.settings, saved.state
    if settings is None or not saved.history:
        return None
    trained = saved.history[-1].epoch
    last = min(trained, settings.epochs)
    if state is not None and state.position.total_images:
        at, trained = state.position, state.epochs_trained
        last = at.epoch + at.batch * settings.batch_size / at.total_images
    before = (trained - last) / settings.epochs
    count = round(before) if before < len(saved.history) else -1
    if abs(before - count) > _ROUNDING:
        return None
    return tuple(Trained(settings, float(number * settings.epochs)) for number in range(count + 1))


def run_facts(model: Model, images: Images | None) -> RunFacts:
    """Return what a script needs to repeat a model's life; takes a moment where there are many images.

    Raises
    ------
    RBMStudioError
        If it cannot be repeated.
    """
    if not model.history:
        raise RBMStudioError("There is no whole epoch to repeat yet.", "Train the model first.")
    if images is None:
        raise RBMStudioError("A script needs to know the images.", "Open those that the model was trained on.")
    data = images.original
    trainings = _known(model, data)
    where, found = _place(data)
    return RunFacts(
        tuple(_exact(training) for training in trainings),
        tuple(model.history),
        model.parameters.hidden_num,
        model.parameters.label_num,
        model.image_shape,
        data.name,
        data.digest,
        __version__,
        where,
        found,
        _notes(trainings, found),
    )


def _known(model: Model, data: Dataset) -> tuple[Trained, ...]:
    end = model.history[-1].epoch
    trainings = tuple(training for training in model.trainings or () if training.begun < end - _A_BIT)
    if not trainings:
        raise RBMStudioError(
            "How the model came to be is not known: it began with the weights of {origin}.",
            "Export the model itself instead.",
            origin=model.origin or "a file",
        )
    others = [training.dataset for training in trainings if training.dataset not in ("", data.name)]
    if others:
        raise RBMStudioError(
            "The model was trained on {others}, and {name} is open.",
            "Open the images that it was trained on; a script repeats trainings on the same images only.",
            others=others[0],
            name=data.name,
        )
    return trainings


def _exact(training: Trained) -> Trained:
    device = training.device
    if device == "auto":
        device = "cpu" if gpu_problem() else "gpu"
    return replace(training, device=device, threads=training.threads or blas_threads())


def _place(data: Dataset) -> tuple[str, str]:
    path = Path(data.source)
    # Unlike those of Path these do not raise for a name that cannot be.
    is_there = path.is_absolute() and os.path.exists(path)
    if data.name == _MNIST:
        return str(path) if is_there else "", "mnist"
    if data.name == SAMPLE_NAME and not is_there:
        return "", "sample"
    # From another folder the script must find them too.
    return (os.path.realpath(path), "file") if os.path.exists(path) else ("", "")


def _notes(trainings: tuple[Trained, ...], found: str) -> tuple[str, ...]:
    notes = []
    if any(not training.dataset for training in trainings):
        notes.append(
            "The model came from a file, which does not say how often it was trained, or on which images: it is taken "
            "for as few trainings as its epochs need, on the images that were open when this was written."
        )
    if not found:
        notes.append("The images were not in a file: name one that holds them when you run this.")
    return tuple(notes)
