"""Experiments in files: all that belongs to a model's life, in a zip of safetensors and JSON, which cannot hold code.

The entries of the zip:

- ``experiment.json``: the format and its version, the program's version, the settings, the data set's name and hash,
  what is selected, the notes, and a list of the runs and of the moments of the present one;
- ``drawings.json``: the drawing on the canvas and those that were kept, as strokes or grey levels;
- ``drawings.jsonl``: those that were kept elsewhere and found no room here, each in a line, if there are any;
- ``model.safetensors``: the present model with its training state, itself a model file;
- ``moments/0.safetensors`` and so on: the model as it was on its way, itself a model file each;
- ``runs/0.safetensors`` and so on: all that was measured of a run, a float64 array of 4 columns for each quantity;
- ``runs/0.model.safetensors`` and so on: an earlier run's model as its run left it, itself a model file.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from msgspec.structs import asdict
from safetensors.numpy import save as to_safetensors

from rbm_studio.core.metrics import EpochRecord
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.atomic import FileError, write_atomically, writing_what_can_be_read
from rbm_studio.storage.experiment_check import checked, known_figures, moment_as_json
from rbm_studio.storage.experiment_format import MomentFacts, described, with_readable_names
from rbm_studio.storage.model_file import (
    LARGEST_MODEL,
    UNREADABLE,
    SavedModel,
    model_bytes,
    model_from_bytes,
    read_tensors,
)
from rbm_studio.storage.old_presets import PROGRAM, are_first_names, experiment_now
from rbm_studio.storage.provenance import DatasetIdentity as DatasetIdentity
from rbm_studio.storage.reading import reading
from rbm_studio.untrusted import BROKEN_ZIP, open_zip, parse_json, read_entry, read_zip
from rbm_studio.version import __version__

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

FORMAT = "rbm-studio-experiment"
FORMAT_VERSION = 2
"""The newest that is read. Version 1 is written where it can be read so: with presets and schedules that it knows."""
EXPERIMENT_SUFFIX = ".rbmx"

LARGEST_EXPERIMENT = 2 * LARGEST_MODEL
"""The largest file that is written and read, in bytes."""
MOST_TEXT_BYTES = 20_000_000
"""Of each of the two JSON entries, unpacked: more than the longest scribbles that can be kept."""
MOST_ENTRIES = 4_000

_FACTS, _DRAWINGS, _MODEL = "experiment.json", "drawings.json", "model.safetensors"
_MORE_DRAWINGS = "drawings.jsonl"
# A zip's times begin with 1980, and a computer's clock may be before that; the time that counts stands in the facts.
_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, eq=False)
class SavedMoment:
    """A model as it was on its way.

    Attributes
    ----------
    epochs : float
        Passes through the data that it has behind it.
    model : SavedModel
        Its parameters and, where the run can be gone on with from there, its training state.
    record : EpochRecord or None
        The last whole epoch's figures at that time, if they are known.
    data : DatasetIdentity or None
        The images that it was trained on last; None where that is not known, as in files of earlier versions.
    """

    epochs: float
    model: SavedModel
    record: EpochRecord | None = None
    data: DatasetIdentity | None = None


@dataclass(frozen=True, eq=False)
class SavedRun:
    """What is known of a run.

    Attributes
    ----------
    facts : dict
        As JSON can hold it: its name and settings, when it began, how long it took.
    curves : dict of float64 ndarrays of shape (n, 4)
        By quantity: epoch, on training images, on held-out images, lower end of a bracket; NaN where not measured.
    model : SavedModel or None
        As an earlier run left it, if it is kept.
    """

    facts: dict[str, Any]
    curves: dict[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    model: SavedModel | None = None


@dataclass(frozen=True, eq=False)
class SavedExperiment:
    """What an experiment's file holds.

    Attributes
    ----------
    facts : dict
        As JSON can hold it: ``id``, ``settings``, ``selection``, ``notes``, ``present_run`` (a place in `runs`, or
        None), ``is_new`` (whether the model was only drawn), ``saved`` (the time) and whatever a later version adds.
    model : SavedModel or None
        The present one.
    dataset : DatasetIdentity or None
    moments : tuple of SavedMoment
        Of the present model, in their order.
    runs : tuple of SavedRun
    drawings : dict
        As JSON can hold it: ``canvas`` and ``kept``; and in ``more`` the JSON of others, in bytes, each read by itself.
    """

    facts: dict[str, Any]
    model: SavedModel | None = None
    dataset: DatasetIdentity | None = None
    moments: tuple[SavedMoment, ...] = ()
    runs: tuple[SavedRun, ...] = ()
    drawings: dict[str, Any] = field(default_factory=dict)


def save_experiment(path: str | os.PathLike[str], experiment: SavedExperiment) -> None:
    """Write an experiment's file, atomically.

    Raises
    ------
    FileError
        If it cannot be written, or could not be read again; the old file stays.
    """
    # Through memory: zipfile writes to a file in which the disk was full once more, when it closes it.
    data = io.BytesIO()
    with writing_what_can_be_read(path):
        checked(experiment)
        with zipfile.ZipFile(data, "w") as packed:
            for name, content in entries(experiment):
                entry = zipfile.ZipInfo(name, _TIME)
                # Weights do not get smaller.
                entry.compress_type = zipfile.ZIP_DEFLATED if name.endswith(".json") else zipfile.ZIP_STORED
                packed.writestr(entry, content)
        _check_readable(data)
    write_atomically(path, lambda file: file.write(data.getbuffer()))


def _check_readable(data: io.BytesIO) -> None:
    """Raise ValueError unless the reader takes what was packed; of arrays, which were checked, no copy is made."""
    try:
        with read_zip(data) as packed:
            _Reader(packed, "it").check()
    except BROKEN_ZIP as error:
        raise ValueError(str(error)) from error


def entries(experiment: SavedExperiment) -> Iterator[tuple[str, bytes]]:
    """Yield the names and contents of what is in an experiment's file."""
    dataset = experiment.dataset
    facts = {
        **experiment.facts,
        "format": FORMAT,
        "format_version": 1 if are_first_names([experiment.facts, *(run.facts for run in experiment.runs)]) else 2,
        PROGRAM: __version__,
        "dataset": vars(dataset) if dataset is not None else None,
        "moments": list(map(moment_as_json, experiment.moments)),
        "runs": [{**run.facts, "has_model": run.model is not None} for run in experiment.runs],
    }
    yield _FACTS, json.dumps(facts).encode()
    drawings = {name: value for name, value in experiment.drawings.items() if name != "more"}
    yield _DRAWINGS, json.dumps(drawings, separators=(",", ":")).encode()
    if experiment.drawings.get("more"):
        yield _MORE_DRAWINGS, b"\n".join(experiment.drawings["more"])
    if experiment.model is not None:
        yield _MODEL, model_bytes(experiment.model)
    for place, moment in enumerate(experiment.moments):
        yield _moment(place), model_bytes(moment.model)
    for place, run in enumerate(experiment.runs):
        curves = {name: np.ascontiguousarray(known_figures(table)) for name, table in run.curves.items()}
        yield _run(place), to_safetensors(curves)
        if run.model is not None:
            yield _run_model(place), model_bytes(run.model)


def _moment(place: int) -> str:
    return f"moments/{place}.safetensors"


def _run(place: int) -> str:
    return f"runs/{place}.safetensors"


def _run_model(place: int) -> str:
    return f"runs/{place}.model.safetensors"


def load_experiment(path: str | os.PathLike[str]) -> SavedExperiment:
    """Read an experiment's file; nothing in it is believed before it is checked, but for `facts` and `drawings`.

    Raises
    ------
    FileError
        If there is no such file, it is damaged, of a newer format, or something else.
    """
    name = Path(path).name
    with reading(path, "Open a .rbmx file that RBM Studio saved."):
        try:
            with open_zip(path) as packed:
                return _Reader(packed, name).read()
        except RBMStudioError:
            raise
        except (*BROKEN_ZIP, *UNREADABLE, IndexError) as error:
            raise _damaged(name) from error


class _Reader:
    def __init__(self, packed: zipfile.ZipFile, name: str) -> None:
        self._packed, self._name = packed, name
        entries = packed.infolist()
        if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > LARGEST_EXPERIMENT:
            raise ValueError("it is too large, or of too many parts")
        self._names = set(packed.namelist())

    def check(self) -> None:
        """Raise ValueError, or one of BROKEN_ZIP, where JSON or what an array's file says of itself cannot be read."""
        for name in self._names:
            if name.endswith(".json"):
                self._json(name)
            elif name.endswith(".jsonl"):
                for line in self._stored(name).splitlines():
                    parse_json(line)

    def read(self) -> SavedExperiment:
        facts: dict[str, Any] = with_readable_names(self._json(_FACTS))
        version = facts.pop("format_version")
        if facts.pop("format") != FORMAT or type(version) is not int or version < 1:
            raise _damaged(self._name)
        if version > FORMAT_VERSION:
            raise FileError(
                "{name} was saved by a newer version of RBM Studio (format {version}; this version reads {known}).",
                "Update RBM Studio, then open it again.",
                name=self._name,
                version=version,
                known=FORMAT_VERSION,
            )
        if facts.pop(PROGRAM, None) is None:
            facts = experiment_now(facts)
        dataset, moments, runs = facts.pop("dataset"), facts.pop("moments"), facts.pop("runs")
        if not isinstance(moments, list) or not isinstance(runs, list):
            raise _damaged(self._name)
        model = self._model(_MODEL) if _MODEL in self._names else None
        return SavedExperiment(
            facts,
            model,
            None if dataset is None else DatasetIdentity.from_dict(dataset),
            tuple(self._moment(place, about, model) for place, about in enumerate(moments)),
            tuple(self._run(place, about) for place, about in enumerate(runs)),
            self._drawings(),
        )

    def _drawings(self) -> dict[str, Any]:
        drawings = self._json(_DRAWINGS)
        more = self._stored(_MORE_DRAWINGS).splitlines() if _MORE_DRAWINGS in self._names else []
        return {**drawings, "more": more} if more else drawings

    def _json(self, entry: str) -> dict[str, Any]:
        content = parse_json(read_entry(self._packed, entry, MOST_TEXT_BYTES))
        if not isinstance(content, dict):
            raise _damaged(self._name)
        return content

    def _stored(self, entry: str) -> bytes:
        about = self._packed.getinfo(entry)
        # They are stored as they are: what claims to be larger than the file is a lie.
        if about.compress_type != zipfile.ZIP_STORED or about.file_size != about.compress_size:
            raise _damaged(self._name)
        return read_entry(self._packed, entry, about.file_size)

    def _model(self, entry: str) -> SavedModel:
        return model_from_bytes(self._stored(entry), self._name)

    def _moment(self, place: int, about: Any, present: SavedModel | None) -> SavedMoment:
        facts = described(about, MomentFacts)
        model = self._model(_moment(place))
        if present is None or _units(model) != _units(present):
            raise _damaged(self._name)
        record = None if facts.record is None else EpochRecord(*facts.record)
        data = None if facts.data is None else DatasetIdentity(**asdict(facts.data))
        return SavedMoment(facts.epochs, model, record, data)

    def _run(self, place: int, about: dict[str, Any]) -> SavedRun:
        curves, _ = read_tensors(self._stored(_run(place)))
        curves = {name: known_figures(table) for name, table in curves.items()}
        has_model = about.pop("has_model")
        if not isinstance(has_model, bool):
            raise _damaged(self._name)
        return SavedRun(about, curves, self._model(_run_model(place)) if has_model else None)


def _units(model: SavedModel) -> tuple[int, ...]:
    p = model.parameters
    return p.visible_num, p.hidden_num, p.label_num


def _damaged(name: str) -> FileError:
    return FileError(
        "{name} is not an experiment of RBM Studio, or is damaged or cut short.",
        "Open another copy of this file.",
        name=name,
    )
