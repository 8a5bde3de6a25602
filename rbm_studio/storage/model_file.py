"""Models in files: safetensors, which hold numbers and cannot hold code."""

from __future__ import annotations

import json
import os
import warnings
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load as from_safetensors
from safetensors.numpy import save as to_safetensors

from rbm_studio.core.backend import CPU
from rbm_studio.core.metrics import EpochRecord
from rbm_studio.core.parameters import Parameters
from rbm_studio.core.presets import settings_for
from rbm_studio.core.settings import SETTING_NAMES
from rbm_studio.core.state import LARGEST, LARGEST_KEPT, MOST_EPOCHS, TrainingState
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.atomic import FileError, write_atomically, writing_what_can_be_read
from rbm_studio.storage.old_presets import PROGRAM, are_first_names, settings_now
from rbm_studio.storage.provenance import Provenance
from rbm_studio.storage.reading import no_room_for, reading
from rbm_studio.untrusted import open_ordinary, parse_json
from rbm_studio.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rbm_studio.core.settings import TrainingSettings

FORMAT = "rbm-studio-model"
FORMAT_VERSION = 3
"""The newest that is read. Version 2 is written where it can be read so: with presets and schedules that it knows."""
SUFFIX = ".safetensors"
_TENSORS = ("w", "visible_bias", "hidden_bias")
_LABEL_TENSORS = ("label_w", "label_bias")
_STATE = "state."

LARGEST_MODEL = 16 * 1024**3
"""The largest model file that is written and read, in bytes."""
LARGEST_FIGURE = 1e12
"""Of what is measured."""
MOST_HEADER_BYTES = 95_000_000
"""Of what a file says of itself, the figures of its epochs included."""
UNREADABLE = (SafetensorError, TypeError, ValueError, AttributeError, KeyError, RecursionError, OverflowError)
"""What reading a damaged safetensors file raises."""
_LENGTH_BYTES = 8
_ROUNDING = 1e-3
_MOST_TENSORS = 1_000


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
    provenance : Provenance or None
        What it was trained on, by which version, with which kernels; None where that is not known.
    """

    parameters: Parameters
    settings: TrainingSettings | None = None
    history: tuple[EpochRecord, ...] = ()
    image_shape: tuple[int, int] | None = None
    state: TrainingState | None = None
    provenance: Provenance | None = None

    @property
    def epochs_trained(self) -> float:
        """Passes through the data that the parameters have behind them, as far as is known."""
        if self.state is not None:
            return self.state.epochs_trained
        return self.history[-1].epoch if self.history else 0.0


def save_model(path: str | os.PathLike[str], model: SavedModel) -> None:
    """Write a model file, atomically.

    The tensors are ``w`` (visible, hidden), ``visible_bias`` and ``hidden_bias``, and for label units ``label_w``
    (classes, hidden) and ``label_bias``, float32; the metadata holds ``format``, ``format_version``, the ``program``'s
    version, and as JSON ``settings``, ``history``, ``image_shape`` and ``provenance``. A training state is kept in
    tensors ``state.…`` and in ``state``.

    Raises
    ------
    FileError
        If it cannot be written, or could not be read again; the old file stays.
    """
    with writing_what_can_be_read(path):
        data = model_bytes(model)
    write_atomically(path, lambda file: file.write(data))


def model_bytes(model: SavedModel) -> bytes:
    """Return what `save_model` writes.

    Raises
    ------
    ValueError
        If it could not be read again, with what is the matter.
    """
    p = model.parameters
    state = model.state
    if state is not None and not state.is_finite:
        # Of a `Training` it always is.
        warnings.warn(
            "The training state holds numbers that are not finite, and is left out of the file: training starts anew "
            "from the parameters.",
            stacklevel=3,
        )
        state = None
    metadata = {
        "format": FORMAT,
        "format_version": str(_version_for(model, state)),
        PROGRAM: __version__,
        "settings": json.dumps(model.settings.as_dict() if model.settings else None),
        "history": json.dumps([[r.epoch, r.training_kl, r.held_out_kl] for r in model.history]),
        "image_shape": json.dumps(model.image_shape),
        "state": json.dumps(state.facts() if state else None),
        "provenance": json.dumps(model.provenance.as_dict() if model.provenance else None),
    }
    tensors = p.arrays()
    if state is not None:
        tensors |= {_STATE + name: array for name, array in state.arrays().items()}
    tensors = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    data = to_safetensors(tensors, metadata=metadata)
    if len(data) > LARGEST_MODEL:
        raise ValueError(f"it is larger than {LARGEST_MODEL / 1024**3:g} GiB")
    # By what reads it; the arrays are those that are there, for another copy of them would take as much memory.
    _read("it", read_header(data)["__metadata__"], p.arrays())
    if state is not None:
        _check_state(state)
    return data


def _version_for(model: SavedModel, state: TrainingState | None) -> int:
    used = [each.settings.as_dict() for each in (model, state) if each is not None and each.settings is not None]
    return 2 if are_first_names(used) else FORMAT_VERSION


def load_model(path: str | os.PathLike[str]) -> SavedModel:
    """Read a model file; any safetensors file with the three tensors will do.

    Raises
    ------
    FileError
        If there is no such file, it is damaged, of a newer format, or holds something else.
    """
    name = Path(path).name
    with reading(path, "Open a .safetensors file that RBM Studio saved."), open_ordinary(path) as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(_LENGTH_BYTES)
        # Another file, however long, is not read to its end.
        if size > LARGEST_MODEL or int.from_bytes(start, "little") > min(size, MOST_HEADER_BYTES):
            raise _no_model(name)
        # Not by a map into memory: a disk that is pulled out would end the program.
        return model_from_bytes(start + file.read(), name)


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
        tensors, metadata = read_tensors(data)
        return _read(name, metadata, tensors)
    except RBMStudioError:
        raise
    except MemoryError as error:
        raise no_room_for(name) from error
    except UNREADABLE as error:
        raise _no_model(name) from error


def read_tensors(data: bytes) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    """Return the arrays and the metadata in the bytes of a safetensors file.

    Raises
    ------
    One of UNREADABLE
        If it is none.
    """
    header = read_header(data)
    return from_safetensors(data), header.get("__metadata__") or {}


def read_header(data: bytes) -> dict[str, Any]:
    """Return what the bytes of a safetensors file say of themselves.

    Raises
    ------
    One of UNREADABLE
        If they do not, or say too much.
    """
    length = int.from_bytes(data[:_LENGTH_BYTES], "little")
    if length > MOST_HEADER_BYTES:
        raise ValueError("what it says of itself is too long")
    header: dict[str, Any] = parse_json(data[_LENGTH_BYTES : _LENGTH_BYTES + length])
    if len(header) > _MOST_TENSORS:
        raise ValueError("it has too many arrays")
    return header


def _no_model(name: str) -> FileError:
    return FileError(
        "{name} is not a model file, or is damaged or cut short.",
        "Open a .safetensors file that RBM Studio saved, or another copy of this one.",
        name=name,
    )


def _read(name: str, metadata: dict[str, str], found: dict[str, npt.NDArray[Any]]) -> SavedModel:
    _check_version(name, metadata)
    _check_names(name, found)
    own = metadata.get("format") == FORMAT
    wanted = [*_TENSORS, *(key for key in _LABEL_TENSORS if key in found)]
    parameters = _parameters(name, {key: found[key] for key in wanted})
    past = _read_metadata(name, metadata, parameters.visible_num)
    if not own:
        return SavedModel(parameters, **past)
    kept = {key: array for key, array in found.items() if key.startswith(_STATE)}
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


def _check_names(name: str, found: Iterable[str]) -> None:
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
            parameters = Parameters(**{key: array.astype(np.float32, copy=False) for key, array in tensors.items()})
    except RBMStudioError as error:
        raise FileError(
            "{name} is damaged. {reason}",
            "Open another copy of this file.",
            name=name,
            reason=error,
        ) from error
    if not parameters.is_finite:
        raise FileError(
            "{name} holds parameters that are not finite numbers.", "Open an earlier copy of the model.", name=name
        )
    if not all(_is_within(array, -LARGEST, LARGEST) for array in parameters.arrays().values()):
        raise FileError(
            "{name} holds parameters beyond {most:g}, with which nothing can be computed.",
            "Open an earlier copy of the model.",
            name=name,
            most=LARGEST,
        )
    return parameters


def _is_within(array: npt.NDArray[Any], lowest: float, highest: float) -> bool:
    # Of NaN neither is true.
    return not array.size or bool(array.min() >= lowest and array.max() <= highest)


def _read_metadata(name: str, metadata: dict[str, str], pixels: int) -> dict[str, Any]:
    if metadata.get("format") != FORMAT:
        return {}
    try:
        settings = _parsed(metadata["settings"])
        if settings is not None and PROGRAM not in metadata:
            settings = settings_now(settings)
        shape = _parsed(metadata["image_shape"])
        return {
            "settings": None
            if settings is None
            else settings_for(**{key: value for key, value in settings.items() if key in SETTING_NAMES}),
            "history": _history(_parsed(metadata["history"])),
            "image_shape": None if shape is None else _image_shape(*shape, pixels=pixels),
            "provenance": _provenance(metadata),
        }
    except RBMStudioError as error:
        raise _impossible(name, error) from error
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise _damaged(name) from error


def _history(known: Any) -> tuple[EpochRecord, ...]:
    history = tuple(
        EpochRecord(
            _number(epoch, 0.0, MOST_EPOCHS),
            _number(training),
            None if held_out is None else _number(held_out),
        )
        for epoch, training, held_out in known
    )
    if any(after.epoch < before.epoch for before, after in pairwise(history)):
        raise ValueError("its epochs are not in order")
    return history


def _provenance(metadata: dict[str, str]) -> Provenance | None:
    # Older files do not say.
    about = _parsed(metadata.get("provenance", "null"))
    return None if about is None else Provenance.from_dict(about)


def _read_state(name: str, metadata: dict[str, str], kept: dict[str, npt.NDArray[Any]]) -> TrainingState | None:
    try:
        facts = _parsed(metadata.get("state", "null"))
        if facts is None:
            return None
        if PROGRAM not in metadata:
            facts["settings"] = settings_now(facts["settings"])
        arrays = {key.removeprefix(_STATE): array for key, array in kept.items()}
        if any(array.dtype != np.float32 or not np.isfinite(array).all() for array in arrays.values()):
            raise _damaged(name)
        state = TrainingState.restored(arrays, facts, CPU)
        _check_state(state)
        return state
    except FileError:
        raise
    except RBMStudioError as error:
        raise _impossible(name, error) from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        raise _damaged(name) from error


def _check_state(state: TrainingState) -> None:
    """Raise ValueError if an array of a training cannot be what it should."""
    moved = [array for slots in state.kept for array in slots]
    if not all(_is_within(array, -LARGEST_KEPT, LARGEST_KEPT) for array in moved):
        raise ValueError("an update that cannot be")
    # The third that Adam keeps.
    if any(array.size and array.min() < 0 for slots in state.kept for array in slots[2:]):
        raise ValueError("a mean square below 0")
    shares = [*state.offsets, state.chains, state.activity]
    if not all(_is_within(array, -_ROUNDING, 1.0 + _ROUNDING) for array in shares):
        raise ValueError("a probability that is none")


def _parsed(text: str) -> Any:
    return parse_json(text.encode())


def _number(value: Any, lowest: float = -LARGEST_FIGURE, highest: float = LARGEST_FIGURE) -> float:
    # A truth value is a whole number to Python, but no figure; and of NaN neither is true.
    if type(value) not in (int, float) or not lowest <= value <= highest:
        raise ValueError(value)
    return float(value)


def _image_shape(height: int, width: int, *, pixels: int) -> tuple[int, int]:
    shape = height, width
    if not all(type(side) is int for side in shape) or min(shape) < 1 or shape[0] * shape[1] != pixels:
        raise ValueError(shape)
    return shape


def _impossible(name: str, reason: RBMStudioError) -> FileError:
    return FileError("{name} cannot be opened. {reason}", "Open another copy of this file.", name=name, reason=reason)


def _damaged(name: str) -> FileError:
    return FileError(
        "{name} is damaged: what it says of itself cannot be read.", "Open another copy of this file.", name=name
    )
