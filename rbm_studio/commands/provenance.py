"""What a command says of a model: which images it was trained on, on which it is shown, and what computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rbm_studio.commands.datasets import data_of, in_words, printable
from rbm_studio.core.backend import CPU
from rbm_studio.core.binarisation import BINARISATIONS
from rbm_studio.version import __version__

if TYPE_CHECKING:
    from rbm_studio.commands.datasets import Shown
    from rbm_studio.storage.model_file import SavedModel


def provenance_lines(model: SavedModel, shown: Shown) -> list[str]:
    """Return where a model comes from, and what it is measured on and by, each in a line."""
    trained = [_trained_on(model), *_computed_by(model)]
    measured = f"Measured on {_measured_on(model, shown)}; by {_in_words(__version__, CPU.threads, CPU.kernels)}"
    return ["; ".join(trained), measured]


def provenance_as_json(model: SavedModel, shown: Shown) -> dict[str, Any]:
    """Return the same for JSON: ``trained_on``, ``trained_by``, ``measured_on`` and ``measured_by``."""
    data, provenance, dataset = data_of(model), model.provenance, shown.dataset
    return {
        "trained_on": None if data is None else data.as_dict(),
        "trained_by": None
        if provenance is None or not provenance.version
        else _by(provenance.version, provenance.threads, provenance.kernels),
        "measured_on": {
            "name": dataset.name,
            "source": dataset.source,
            "train_num": len(dataset.train_images),
            "test_num": len(dataset.test_images),
            "image_shape": list(dataset.image_shape),
            "are_its_own": shown.are_its_own,
        },
        "measured_by": _by(__version__, CPU.threads, CPU.kernels),
    }


def other_images(model: SavedModel, shown: Shown) -> str:
    """Return that a model is shown other images than those it was trained on, if that is so, or ""."""
    data = data_of(model)
    if data is None or shown.are_its_own is not False:
        return ""
    return f"other images than the model was trained on, {in_words(data, model.parameters.visible_num)}"


def _trained_on(model: SavedModel) -> str:
    data = data_of(model)
    if data is None:
        return "Its file does not say what it was trained on"
    shown = [data.values] if data.values else []
    if data.binarisation in BINARISATIONS:
        shown.append(f"shown as {BINARISATIONS[data.binarisation].words(data.threshold)}")
    return ", ".join([f"Trained on {in_words(data, model.parameters.visible_num)}", *map(printable, shown)])


def _computed_by(model: SavedModel) -> list[str]:
    found = model.provenance
    if found is None or not found.version:
        return []
    return [f"by {printable(_in_words(found.version, found.threads, found.kernels))}"]


def _measured_on(model: SavedModel, shown: Shown) -> str:
    if shown.are_its_own:
        return "the same images"
    name = f"{shown.dataset.name} ({shown.dataset.source})"
    if other_images(model, shown):
        return f"{name}, which are OTHER images"
    return f"{name}; whether it was trained on these is not known"


def _in_words(version: str, threads: int, kernels: str) -> str:
    of = f", {threads} thread{'' if threads == 1 else 's'}" if threads else ""
    return f"RBM Studio {version}{of}, {kernels}"


def _by(version: str, threads: int, kernels: str) -> dict[str, Any]:
    return {"version": version, "threads": threads, "kernels": kernels}
