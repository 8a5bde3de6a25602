"""Where a model comes from, as files say it: what it was trained on, by which version, with which kernels."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_TEXT = 1_000
"""Of a name or a path, in characters."""
_LONGEST_DIGEST = 100
_MOST_IMAGES = 2**40
_MOST_PIXELS = 2**31
_MOST_THREADS = 4096


NO_NAME = "images without a name"


@dataclass(frozen=True)
class DatasetIdentity:
    """Which images a model was trained on.

    Attributes
    ----------
    name : str
        `NO_NAME` where it is left empty.
    digest : str
        SHA-256 of the images and labels, in hexadecimal digits.
    train_num, test_num : int
        How many images there are to train on, and how many are held out.
    image_shape : tuple of int
        (height, width) of the images before they were resampled.
    """

    name: str
    digest: str
    train_num: int
    test_num: int
    image_shape: tuple[int, int]

    def __post_init__(self) -> None:
        if isinstance(self.name, str) and not self.name.strip():
            object.__setattr__(self, "name", NO_NAME)

    @classmethod
    def from_dict(cls, about: Mapping[str, Any]) -> DatasetIdentity:
        """Return what `vars` was taken of; raise one of KeyError, TypeError, ValueError if it was not."""
        height, width = about["image_shape"]
        name, digest = about["name"], about["digest"]
        if not isinstance(name, str) or not isinstance(digest, str):
            raise TypeError(about)
        counts = _count(about["train_num"], 1), _count(about["test_num"])
        return cls(name, digest, *counts, (_count(height, 1), _count(width, 1)))


@dataclass(frozen=True)
class TrainingData:
    """What a model was trained on, as far as that is known.

    The images are the same if one of the two digests is: a run knows its images, a program that opens a dataset knows
    that too.

    Attributes
    ----------
    train_num : int
        How many images it was trained on.
    name : str
        Of the dataset; "" where that is not known.
    test_num : int
        How many images were held out; 0 where there were none, or nobody said.
    image_shape : tuple of int or None
        (height, width) of the images before they were resampled, where that is known.
    digest : str
        Of the dataset, as `DatasetIdentity` has it; "" where that is not known.
    images_digest : str
        Of the training images alone, as the model saw them, by `rbm_studio.storage.image_digest`; "" where that is not
        known.
    values : str
        The range of the images: ``"grey levels 0..255"``, ``"binary"`` or ``"numbers in 0..1"``; "" if not known.
    binarisation : str
        How they were shown to the model, a name in `rbm_studio.core.binarisation.BINARISATIONS`; "" if not known.
    threshold : float
        For binarisation by the threshold.
    source : str
        The file or folder that they came from; below ``~`` where that is the home folder; "" if not known.
    """

    train_num: int
    name: str = ""
    test_num: int = 0
    image_shape: tuple[int, int] | None = None
    digest: str = ""
    images_digest: str = ""
    values: str = ""
    binarisation: str = ""
    threshold: float = 0.5
    source: str = ""

    @classmethod
    def of(cls, identity: DatasetIdentity, **more: Any) -> TrainingData:
        """Return what a dataset's identity says of it, and more."""
        about = identity
        return cls(about.train_num, about.name, about.test_num, about.image_shape, about.digest, **more)

    @property
    def identity(self) -> DatasetIdentity | None:
        """The dataset, if that is known."""
        if not self.digest or self.image_shape is None:
            return None
        return DatasetIdentity(self.name, self.digest, self.train_num, self.test_num, self.image_shape)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(replace(self, name=self.name[:LONGEST_TEXT], source=self.source[:LONGEST_TEXT]))

    @classmethod
    def from_dict(cls, about: Mapping[str, Any]) -> TrainingData:
        """Return what `as_dict` was called of; raise one of KeyError, TypeError, ValueError if it was not."""
        shape, threshold = about["image_shape"], about["threshold"]
        if type(threshold) not in (int, float) or not 0 <= threshold <= 1:
            raise ValueError(threshold)
        if shape is not None:
            height, width = shape
            shape = _count(height, 1), _count(width, 1)
            _count(shape[0] * shape[1], 1, _MOST_PIXELS)
        return cls(
            _count(about["train_num"], 1),
            _text(about["name"]),
            _count(about["test_num"]),
            shape,
            _text(about["digest"], _LONGEST_DIGEST),
            _text(about["images_digest"], _LONGEST_DIGEST),
            _text(about["values"], _LONGEST_DIGEST),
            _text(about["binarisation"], _LONGEST_DIGEST),
            float(threshold),
            _text(about["source"]),
        )


@dataclass(frozen=True)
class Provenance:
    """Where a model comes from: its last training.

    Attributes
    ----------
    data : TrainingData or None
        None where that is not known.
    version : str
        Of the program that trained it; "" where that is not known, and so for the others.
    threads : int
        That computed; on a GPU 0.
    kernels : str
        The libraries that computed, and for which processor, such as ``"NumPy 2.4.1, OpenBLAS 0.3.31 Haswell"``.
    """

    data: TrainingData | None = None
    version: str = ""
    threads: int = 0
    kernels: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        own["kernels"] = self.kernels[:LONGEST_TEXT]
        return own | {"data": None if self.data is None else self.data.as_dict()}

    @classmethod
    def from_dict(cls, about: Mapping[str, Any]) -> Provenance:
        """Return what `as_dict` was called of; raise one of KeyError, TypeError, ValueError if it was not."""
        data = about["data"]
        return cls(
            None if data is None else TrainingData.from_dict(data),
            _text(about["version"], _LONGEST_DIGEST),
            _count(about["threads"], 0, _MOST_THREADS),
            _text(about["kernels"]),
        )


def place_of(source: str) -> str:
    """Return where a dataset's source lies, as a file may say it: below ``~`` in the home folder; "" if nowhere."""
    path, home = Path(source), Path(os.path.expanduser("~"))
    if not os.path.exists(path):
        return ""
    path = path.resolve()
    # Who gets the file need not know what this computer calls its user.
    return str("~" / path.relative_to(home)) if path.is_relative_to(home) else str(path)


def _count(value: Any, lowest: int = 0, highest: int = _MOST_IMAGES) -> int:
    # A truth value is a whole number to Python, but counts nothing.
    if type(value) is not int or not lowest <= value < highest:
        raise ValueError(value)
    return value


def _text(value: Any, longest: int = LONGEST_TEXT) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError(value)
    return value
