"""Models of other programs: NumPy's .npz, scikit-learn's weights in one, simple_rbm's pickles. No code is ever run."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.core.parameters import Parameters
from rbm_studio.core.settings import MAX_HIDDEN
from rbm_studio.data.npz import ZIP_MAGIC, npz_names, read_npz
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.atomic import FileError
from rbm_studio.storage.experiment_file import EXPERIMENT_SUFFIX, load_experiment
from rbm_studio.storage.model_file import SUFFIX, SavedModel, load_model
from rbm_studio.storage.pickle_file import read_pickled
from rbm_studio.storage.provenance import Provenance, TrainingData

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import numpy.typing as npt

    from rbm_studio.core.backend import FloatArray

PICKLE_SUFFIXES = (".pkl", ".pickle")
NPZ_SUFFIX = ".npz"

_PICKLE_MAGIC = b"\x80"
_OWN = ("w", "visible_bias", "hidden_bias")
_LABELS = ("label_w", "label_bias")
# scikit-learn keeps a hidden unit's weights in a row.
_SCIKIT_LEARN = ("components", "intercept_visible", "intercept_hidden")


def import_model(path: str | os.PathLike[str]) -> SavedModel:
    """Read a model from a file of this program or another one; nothing in it is ever run as code.

    Parameters
    ----------
    path : path-like
        One of:

        - an .npz file with ``w`` (visible, hidden), ``visible_bias`` and ``hidden_bias`` and, for a model that knows
          classes, ``label_w`` and ``label_bias``;
        - an .npz file with the attributes of scikit-learn's ``BernoulliRBM``: ``components_`` (hidden, visible),
          ``intercept_visible_`` and ``intercept_hidden_``, also without the last underscore;
        - a pickle of simple_rbm's: what its ``get_state`` returns, or the object itself;
        - a .safetensors file, or an experiment (.rbmx), whose present model is taken.

    Returns
    -------
    SavedModel
        In float32; its settings and history are known only of a .safetensors file or an experiment.

    Raises
    ------
    RBMStudioError
        If the file cannot be read, is damaged, or holds no model; see `FileError` and `DataError`.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == SUFFIX:
        return load_model(path)
    if suffix == EXPERIMENT_SUFFIX:
        return _model_of(path)
    start = _first_bytes(path)
    if start.startswith(ZIP_MAGIC):
        names = npz_names(path)
        return SavedModel(_parameters(path.name, names, lambda name: read_npz(path, name)))
    if start.startswith(_PICKLE_MAGIC) or suffix in PICKLE_SUFFIXES:
        arrays = read_pickled(path)
        return SavedModel(_parameters(path.name, arrays, arrays.__getitem__))
    raise FileError(
        "{name} is no model that can be imported.",
        "Choose an .npz file, a pickle (.pkl) or a .safetensors file.",
        name=path.name,
    )


def holds_weights(path: Path) -> bool:
    """Whether a file that can hold images or weights holds weights, by the names in it; False where that is unknown."""
    if path.suffix.lower() in PICKLE_SUFFIXES:
        return True
    if path.suffix.lower() != NPZ_SUFFIX:
        return False
    try:
        names = npz_names(path)
    except RBMStudioError:
        return False
    return _named(names, _OWN) is not None or _named(names, _SCIKIT_LEARN) is not None


def _first_bytes(path: Path) -> bytes:
    # A pipe would be waited for.
    if os.path.exists(path) and not os.path.isfile(path):
        raise FileError("{name} is a folder, or no file at all.", "Choose a file.", name=path.name)
    try:
        with path.open("rb") as file:
            return file.read(len(ZIP_MAGIC))
    except OSError as error:
        raise FileError(
            "{name} cannot be read: {reason}.",
            "Check that the file is still there and that you may read it.",
            name=path.name,
            reason=error.strerror or error,
        ) from error


def _model_of(path: Path) -> SavedModel:
    experiment = load_experiment(path)
    model, dataset = experiment.model, experiment.dataset
    if model is None:
        raise FileError("There is no model in {name} yet.", "Choose another experiment.", name=path.name)
    if dataset is not None and (model.provenance is None or model.provenance.data is None):
        # Older experiments say it, and their models do not.
        known = model.provenance or Provenance()
        model = replace(model, provenance=replace(known, data=TrainingData.of(dataset)))
    return model


def _named(names: Collection[str], wanted: tuple[str, ...]) -> dict[str, str] | None:
    """Return by which name each wanted array is there; None if one is not."""
    found = {name: next((each for each in (name, f"{name}_") if each in names), None) for name in wanted}
    return None if None in found.values() else {name: each for name, each in found.items() if each is not None}


def _parameters(file: str, names: Collection[str], get: Callable[[str], npt.NDArray[Any]]) -> Parameters:
    own, scikit_learn = _named(names, _OWN), _named(names, _SCIKIT_LEARN)
    if own is not None:
        with_labels = _named(names, _LABELS) or {}
        return _checked(file, {key: _floats(file, name, get(name)) for key, name in (own | with_labels).items()})
    if scikit_learn is not None:
        w, a, b = (_floats(file, name, get(name)) for name in scikit_learn.values())
        return _checked(file, {"w": w.T, "visible_bias": a, "hidden_bias": b})
    raise FileError(
        "{name} holds no RBM: its arrays are {found}.",
        "Name the arrays w, visible_bias and hidden_bias, or as scikit-learn's BernoulliRBM does: components_, "
        "intercept_visible_ and intercept_hidden_.",
        name=file,
        found=", ".join(sorted(name[:40] for name in names)[:8]) or "none",
    )


def _floats(file: str, name: str, array: npt.NDArray[Any]) -> FloatArray:
    if array.dtype.kind != "f":
        raise FileError(
            "{name}: {key} holds {kind} numbers.",
            "They must be real numbers: float32, float64 or float16.",
            name=file,
            key=name,
            kind=array.dtype,
        )
    with np.errstate(over="ignore", invalid="ignore"):
        floats: FloatArray = array.astype(np.float32)
    if not np.isfinite(floats).all():
        raise FileError(
            "{name}: {key} holds numbers that are not finite.", "Save the model before it broke.", name=file, key=name
        )
    return floats


def _checked(file: str, arrays: dict[str, FloatArray]) -> Parameters:
    try:
        parameters = Parameters(**{key: np.ascontiguousarray(array) for key, array in arrays.items()})
    except RBMStudioError as error:
        raise FileError("{name} cannot be used. {reason}", name=file, reason=error) from error
    if parameters.hidden_num > MAX_HIDDEN:
        raise FileError(
            "The model in {name} has {hidden:,} hidden units.",
            "A model may have at most {most:,} here.",
            name=file,
            hidden=parameters.hidden_num,
            most=MAX_HIDDEN,
        )
    return parameters
