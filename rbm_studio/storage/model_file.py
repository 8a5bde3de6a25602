"""Models in files: safetensors, which hold numbers and cannot hold code."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load as from_safetensors
from safetensors.numpy import save as to_safetensors

from rbm_studio.core.backend import CPU
from rbm_studio.core.metrics import EpochRecord
from rbm_studio.core.parameters import Parameters
from rbm_studio.core.presets import settings_for
from rbm_studio.core.settings import SETTING_NAMES
from rbm_studio.core.state import TrainingState
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.atomic import FileError, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rbm_studio.core.settings import TrainingSettings

FORMAT = "rbm-studio-model"
FORMAT_VERSION = 2
SUFFIX = ".safetensors"
_TENSORS = ("w", "visible_bias", "hidden_bias")
_LABEL_TENSORS = ("label_w", "label_bias")
_STATE = "state."
_UNREADABLE = (SafetensorError, TypeError, ValueError, AttributeError, KeyError, RecursionError, OverflowError)


@dataclass(frozen=True)
class SavedModel:
    """What a model file holds.

    Attributes
    ----------
    parameters : Parameters
    settings : TrainingSettings or None
        How it was trained, if the file says so.
    history : tuple of EpochRecord
        Its epochs.
    image_shape : tuple of int or None
        (height, width) of the visible units as an image.
    state : TrainingState or None
        What training goes on with: momentum, chains, random numbers, and where an interrupted run stands.
    """

    parameters: Parameters
    settings: TrainingSettings | None = None
    history: tuple[EpochRecord, ...] = ()
    image_shape: tuple[int, int] | None = None
    state: TrainingState | None = None


def save_model(path: str | os.PathLike[str], model: SavedModel) -> None:
    """Write a model file, atomically.

    The tensors are ``w`` (visible, hidden), ``visible_bias`` and ``hidden_bias``, and for label units ``label_w``
    (classes, hidden) and ``label_bias``, float32; the metadata holds ``format``, ``format_version``, and as JSON
    ``settings``, ``history`` and ``image_shape``. A training state is kept in tensors ``state.…`` and in ``state``.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    data = model_bytes(model)
    write_atomically(path, lambda file: file.write(data))


def model_bytes(model: SavedModel) -> bytes:
    """Return what `save_model` writes."""
    p = model.parameters
    state = model.state if model.state is not None and model.state.is_finite else None
    metadata = {
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "settings": json.dumps(model.settings.as_dict() if model.settings else None),
        "history": json.dumps([[r.epoch, r.training_kl, r.held_out_kl] for r in model.history]),
        "image_shape": json.dumps(model.image_shape),
        "state": json.dumps(state.facts() if state else None),
    }
    tensors = p.arrays()
    if state is not None:
        tensors |= {_STATE + name: array for name, array in state.arrays().items()}
    tensors = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    return to_safetensors(tensors, metadata=metadata)


def load_model(path: str | os.PathLike[str]) -> SavedModel:
    """Read a model file; any safetensors file with the three tensors will do.

    Raises
    ------
    FileError
        If there is no such file, it is damaged, of a newer format, or holds something else.
    """
    name = Path(path).name
    if Path(path).is_dir():
        raise FileError("{name} is a folder.", "Open a .safetensors file that RBM Studio saved.", name=name)
    try:
        with safe_open(os.fspath(path), framework="numpy") as file:
            return _read(name, file.metadata() or {}, file.keys(), file.get_tensor)
    except OSError as error:
        raise FileError(
            "{name} cannot be read: {reason}.",
            "Check that the file is still there and that you may read it.",
            name=name,
            reason=error.strerror or error,
        ) from error
    except RBMStudioError:
        raise
    except _UNREADABLE as error:
        raise _no_model(name) from error


def model_from_bytes(data: bytes, name: str) -> SavedModel:
    """Read what `model_bytes` returned.

    Parameters
    ----------
    data : bytes
        Not believed before it is checked.
    name : str
        What messages call it.

    Raises
    ------
    FileError
        If it is damaged, of a newer format, or something else.
    """
    try:
        tensors = from_safetensors(data)
        metadata = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")]).get("__metadata__") or {}
        return _read(name, metadata, tensors, tensors.__getitem__)
    except RBMStudioError:
        raise
    except _UNREADABLE as error:
        raise _no_model(name) from error


def _no_model(name: str) -> FileError:
    return FileError(
        "{name} is not a model file, or is damaged or cut short.",
        "Open a .safetensors file that RBM Studio saved, or another copy of this one.",
        name=name,
    )


def _read(
    name: str, metadata: dict[str, str], keys: Iterable[str], get: Callable[[str], npt.NDArray[Any]]
) -> SavedModel:
    _check_version(name, metadata)
    found = list(keys)
    _check_names(name, found)
    own = metadata.get("format") == FORMAT
    wanted = [*_TENSORS, *(key for key in _LABEL_TENSORS if key in found)]
    parameters = _parameters(name, {key: get(key) for key in wanted})
    past = _read_metadata(name, metadata, parameters.visible_num)
    if not own:
        return SavedModel(parameters, **past)
    kept = {key: get(key) for key in found if key.startswith(_STATE)}
    return SavedModel(parameters, **past, state=_read_state(name, metadata, kept))


def _check_version(name: str, metadata: dict[str, str]) -> None:
    if metadata.get("format") != FORMAT:
        return
    version = metadata.get("format_version", "")
    if not version.isdecimal():
        raise _damaged(name)
    if int(version) > FORMAT_VERSION:
        raise FileError(
            "{name} was saved by a newer version of RBM Studio (format {version}; this version reads {known}).",
            "Update RBM Studio, then open it again.",
            name=name,
            version=int(version),
            known=FORMAT_VERSION,
        )


def _check_names(name: str, found: list[str]) -> None:
    if not set(_TENSORS) <= set(found):
        raise FileError(
            "{name} holds no RBM: its arrays are {found}.",
            "A model file holds w, visible_bias and hidden_bias.",
            name=name,
            found=", ".join(sorted(found)[:8]) or "none",
        )


def _parameters(name: str, tensors: dict[str, npt.NDArray[Any]]) -> Parameters:
    for key, array in tensors.items():
        if not np.issubdtype(array.dtype, np.floating):
            raise FileError(
                "{name}: {key} holds {kind} numbers.", "It must hold float32.", name=name, key=key, kind=array.dtype
            )
    try:
        with np.errstate(over="ignore"):
            parameters = Parameters(**{key: array.astype(np.float32) for key, array in tensors.items()})
    except RBMStudioError as error:
        raise FileError("{name} is damaged. {reason}", name=name, reason=error) from error
    if not parameters.is_finite:
        raise FileError(
            "{name} holds parameters that are not finite numbers.", "Open an earlier copy of the model.", name=name
        )
    return parameters


def _read_metadata(name: str, metadata: dict[str, str], pixels: int) -> dict[str, Any]:
    if metadata.get("format") != FORMAT:
        return {}
    try:
        settings = json.loads(metadata["settings"])
        shape = json.loads(metadata["image_shape"])
        return {
            "settings": None
            if settings is None
            else settings_for(**{key: value for key, value in settings.items() if key in SETTING_NAMES}),
            "history": tuple(
                EpochRecord(_finite(epoch), _finite(training), None if held_out is None else _finite(held_out))
                for epoch, training, held_out in json.loads(metadata["history"])
            ),
            "image_shape": None if shape is None else _image_shape(*shape, pixels=pixels),
        }
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise _damaged(name) from error


def _read_state(name: str, metadata: dict[str, str], kept: dict[str, npt.NDArray[Any]]) -> TrainingState | None:
    try:
        facts = json.loads(metadata.get("state", "null"))
        if facts is None:
            return None
        arrays = {key.removeprefix(_STATE): array for key, array in kept.items()}
        if any(array.dtype != np.float32 or not np.isfinite(array).all() for array in arrays.values()):
            raise _damaged(name)
        return TrainingState.restored(arrays, facts, CPU)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        raise _damaged(name) from error


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(value)
    return float(value)


def _image_shape(height: int, width: int, *, pixels: int) -> tuple[int, int]:
    shape = int(height), int(width)
    if min(shape) < 1 or shape[0] * shape[1] != pixels:
        raise ValueError(shape)
    return shape


def _damaged(name: str) -> FileError:
    return FileError(
        "{name} is damaged: what it says of itself cannot be read.", "Open another copy of this file.", name=name
    )
