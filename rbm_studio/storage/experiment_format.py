"""What an experiment's file says in JSON, each value with its bounds: who writes files and who reads them go by this.

What `described` admits can be written, and be read again; nothing else can be either.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from rbm_studio.core.settings import BINARISATION_NAMES, MAX_BATCH, TrainingSettings
from rbm_studio.core.state import MOST_EPOCHS
from rbm_studio.storage.model_file import LARGEST_FIGURE
from rbm_studio.untrusted import with_characters

LONGEST_NAME, LONGEST_IDENTITY, LONGEST_NOTES = 1_000, 100, 20_000
"""Characters."""
MOST_PIXELS = 2**31 - 1
"""Of an image: no data set that can be opened holds more bytes."""
MOST_UNITS = 1 << 20
"""Hidden ones, far more than a window trains."""
MOST_COUNTED = 2**53
MOST_TRAININGS, MOST_SPANS, MOST_DRAWINGS = 10_000, 10_000, 10_000

_T = TypeVar("_T")
# Half of a surrogate pair is no character, and no widget takes it.
_CHARACTERS = "\\A[^\ud800-\udfff]*\\Z"

Identity = Annotated[str, Meta(min_length=1, max_length=LONGEST_IDENTITY, pattern=_CHARACTERS)]
Digest = Annotated[str, Meta(max_length=LONGEST_IDENTITY, pattern=_CHARACTERS)]
Name = Annotated[str, Meta(max_length=LONGEST_NAME, pattern=_CHARACTERS)]
Notes = Annotated[str, Meta(max_length=LONGEST_NOTES, pattern=_CHARACTERS)]
Device = Annotated[str, Meta(pattern="\\A(auto|cpu|gpu)\\Z")]
Binarisation = Annotated[str, Meta(pattern=f"\\A({'|'.join(BINARISATION_NAMES)})\\Z")]
Count = Annotated[int, Meta(ge=0, le=MOST_COUNTED)]
Side = Annotated[int, Meta(ge=1, le=MOST_PIXELS)]
Shape = tuple[Side, Side]
AnyShape = tuple[Annotated[int, Meta(ge=0, le=MOST_PIXELS)], Annotated[int, Meta(ge=0, le=MOST_PIXELS)]]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Seconds = Annotated[float, Meta(ge=0.0, le=1e12)]
Epochs = Annotated[float, Meta(ge=0.0, le=MOST_EPOCHS)]
Figure = Annotated[float, Meta(ge=-LARGEST_FIGURE, le=LARGEST_FIGURE)]


class SettingsFacts(Struct, frozen=True):
    """Settings of the Model panel."""

    hidden_num: Annotated[int, Meta(ge=1, le=MOST_UNITS)]
    image_shape: Shape
    device: Device
    labels: bool
    training: TrainingSettings


class DatasetFacts(Struct, frozen=True):
    """Which images; see `rbm_studio.storage.provenance.DatasetIdentity`."""

    name: Name
    digest: Digest
    train_num: Annotated[int, Meta(ge=1, le=MOST_COUNTED)]
    test_num: Count
    image_shape: Shape


class TrainedFacts(Struct, frozen=True):
    """A training; see `rbm_studio.storage.script_file.Trained`."""

    settings: TrainingSettings
    begun: Epochs
    device: Device
    threads: Annotated[int, Meta(ge=0, le=4096)]
    dataset: Name


class StageFacts(Struct, frozen=True):
    """A part of a run in which nothing was changed."""

    begun: Epochs
    dataset: Name
    settings: SettingsFacts


class SpanFacts(Struct, frozen=True, rename={"start": "from"}):
    """From which row on a curve is of which measure."""

    start: Count
    dataset: Name
    digest: Digest
    train_num: Count
    test_num: Count
    image_shape: AnyShape
    binarisation: Binarisation
    threshold: Share
    batch_size: Annotated[int, Meta(ge=0, le=MAX_BATCH)]


class SelectionFacts(Struct, frozen=True):
    """Which units are looked at, and which pixel; -1: none."""

    units: Annotated[tuple[Annotated[int, Meta(ge=0, le=MOST_UNITS)], ...], Meta(max_length=MOST_UNITS)]
    pixel: Annotated[int, Meta(ge=-1, le=MOST_PIXELS)]


Trainings = Annotated[tuple[TrainedFacts, ...], Meta(max_length=MOST_TRAININGS)]
Stages = Annotated[tuple[StageFacts, ...], Meta(max_length=MOST_TRAININGS)]
Spans = Annotated[tuple[SpanFacts, ...], Meta(max_length=MOST_SPANS)]


class RunFacts(Struct, frozen=True):
    """A run; what has a default is not in files of earlier versions."""

    id: Identity
    name: Name
    settings: SettingsFacts
    dataset: Name
    began: Annotated[str, Meta(max_length=LONGEST_IDENTITY)]
    seconds: Seconds
    epochs: Epochs
    is_shown: bool = True
    is_named: bool = False
    data: DatasetFacts | None = None
    origin: Name = ""
    trainings: Trainings | None = None
    stages: Stages | UnsetType = UNSET
    measures: dict[Name, Spans | None] = {}


class Facts(Struct, frozen=True):
    """The experiment."""

    id: Identity
    settings: SettingsFacts
    selection: SelectionFacts
    notes: Notes
    present_run: Count | None
    is_new: bool
    saved: Name = ""
    origin: Name = ""
    trainings: Trainings | None = None


class MomentFacts(Struct, frozen=True):
    """A model on its way: when, the last whole epoch's figures at that time, and which images it was trained on."""

    epochs: Epochs
    record: tuple[Epochs, Figure, Figure | None] | None = None
    data: DatasetFacts | None = None


def described(about: Any, kind: type[_T]) -> _T:
    """Return what JSON holds as what it describes.

    Raises
    ------
    ValueError
        If it is anything else, or beyond the bounds.
    """
    try:
        return msgspec.convert(about, kind)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def as_json(facts: Struct) -> dict[str, Any]:
    """Return a description as it comes out of JSON."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(facts))
    return found


def readable(text: str, most: int = LONGEST_NAME) -> str:
    """Return a text as a file can hold it: cut off where it is too long, and with a mark where a character is none."""
    return with_characters(text)[:most]


def with_readable_names(value: Any) -> Any:
    """Return what was in JSON with names that are `readable`: earlier versions wrote those of files as they were."""
    if isinstance(value, list):
        return [with_readable_names(each) for each in value]
    if not isinstance(value, dict):
        return value
    names = {key: each for key, each in value.items() if key in ("name", "dataset", "origin") and isinstance(each, str)}
    others = {key: with_readable_names(each) for key, each in value.items()}
    return others | {key: readable(each, len(each)) for key, each in names.items()}
