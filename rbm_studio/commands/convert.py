"""``rbm-studio convert``: a model from one kind of file to another."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rbm_studio.commands.datasets import printable
from rbm_studio.errors import RBMStudioError
from rbm_studio.model_import import import_model
from rbm_studio.storage.loss_file import save_loss
from rbm_studio.storage.model_file import SUFFIX, save_model
from rbm_studio.storage.weights_file import save_weights

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from rbm_studio.storage.model_file import SavedModel


def add_convert(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "convert",
        help="write a model as another kind of file",
        description="Read a model and write it as another kind of file, as the endings of the names say. Nothing in "
        "a pickle is executed: only arrays of numbers are taken from it.",
    )
    parser.add_argument(
        "model",
        type=Path,
        metavar="IN",
        help="a .safetensors file; an .npz file with w, visible_bias and hidden_bias, or with scikit-learn's "
        "components_, intercept_visible_ and intercept_hidden_; a pickle (.pkl) of simple_rbm's; an experiment (.rbmx)",
    )
    parser.add_argument(
        "output",
        type=Path,
        metavar="OUT",
        help=".safetensors for RBM Studio, .npz for NumPy, .csv for a spreadsheet, .dat for the KL of each epoch",
    )
    parser.set_defaults(run=convert)


def convert(options: argparse.Namespace) -> int:
    """Run ``rbm-studio convert``; return the exit status."""
    write = _WRITERS.get(options.output.suffix.lower())
    if write is None:
        raise RBMStudioError(
            "A model cannot be written as “{name}”: the ending says what kind of file to write.",
            "Let the name end in {known}.",
            name=options.output.name,
            known=", ".join(_WRITERS),
        )
    write(options.output, import_model(options.model))
    print(printable(f"# Saved: {options.output}"), file=sys.stderr)
    return 0


def _save_loss(path: Path, model: SavedModel) -> None:
    if not model.history:
        raise RBMStudioError("The file does not say what the model's KL was.", "Choose a model that was trained here.")
    save_loss(path, model.history)


def _save_weights(path: Path, model: SavedModel) -> None:
    save_weights(path, model.parameters)


_WRITERS: dict[str, Callable[[Path, SavedModel], None]] = {
    SUFFIX: save_model,
    ".npz": _save_weights,
    ".csv": _save_weights,
    ".dat": _save_loss,
}
