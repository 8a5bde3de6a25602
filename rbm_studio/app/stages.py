"""The stages of a run: with which settings it was trained, one after another, and from which epoch on each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from rbm_studio.core.presets import settings_for
from rbm_studio.core.settings import SETTING_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rbm_studio.app.state import Settings
    from rbm_studio.core.settings import TrainingSettings
    from rbm_studio.storage.script_file import Trained

PRESET, DATASET, DEVICE = "preset", "dataset", "device"
_OWN = ("hidden_num", "image_shape", "labels")
_A_BIT = 1e-9
_T = TypeVar("_T")


@dataclass(frozen=True)
class Stage:
    """A part of a run in which nothing was changed.

    Attributes
    ----------
    settings : Settings
    begun : float
        How many epochs the model had behind it.
    dataset : str
        The name of the images; "" where that is not known.
    """

    settings: Settings
    begun: float = 0.0
    dataset: str = ""


@dataclass(frozen=True)
class Change:
    """What is another from one stage to the next.

    Attributes
    ----------
    name : str
        Of a setting, or `DATASET`.
    before, after : object
    """

    name: str
    before: Any
    after: Any


def next_stages(stages: Sequence[Stage], now: Stage) -> tuple[Stage, ...]:
    """Return a run's stages with the one that begins now; one that took no step is none."""
    past = tuple(stage for stage in stages if stage.begun < now.begun - _A_BIT)
    if past and replace(past[-1], begun=now.begun) == now:
        return past
    return (*past, now)


def stages_until(stages: Sequence[Stage], epochs: float) -> tuple[Stage, ...]:
    """Return the stages that had begun before an epoch."""
    return tuple(stage for stage in stages if stage.begun < epochs - _A_BIT)


def stages_of(trainings: Iterable[Trained] | None, settings: Settings) -> tuple[Stage, ...]:
    """Return the stages of a model by its trainings, as far as they are known.

    Parameters
    ----------
    trainings : iterable of Trained, or None
    settings : Settings
        What a training does not tell: the units.
    """
    stages: tuple[Stage, ...] = ()
    for each in trainings or ():
        own = replace(settings, training=each.settings, device=each.device)
        stages = next_stages(stages, Stage(own, each.begun, each.dataset))
    return stages


def changes(before: Stage, after: Stage) -> tuple[Change, ...]:
    """Return what is another in a later stage, the preset first.

    What the later preset brought with it is not told one by one.
    """
    found = _changed(before.settings.training, after.settings.training)
    found += [
        Change(name, getattr(before.settings, name), getattr(after.settings, name))
        for name in (*_OWN, DEVICE)
        if getattr(before.settings, name) != getattr(after.settings, name)
    ]
    if before.dataset and after.dataset and before.dataset != after.dataset:
        found.append(Change(DATASET, before.dataset, after.dataset))
    return tuple(found)


def training_changes(before: TrainingSettings, after: TrainingSettings) -> tuple[Change, ...]:
    """Return which settings of a training are others, the preset first; see `changes`."""
    return tuple(_changed(before, after))


def _changed(before: TrainingSettings, after: TrainingSettings) -> list[Change]:
    names = [name for name in SETTING_NAMES if getattr(before, name) != getattr(after, name)]
    if PRESET in names:
        own = settings_for(after.preset)
        names = [name for name in names if name == PRESET or getattr(after, name) != getattr(own, name)]
    return [Change(name, getattr(before, name), getattr(after, name)) for name in names]


def tells_of_training(change: Change, before: TrainingSettings, after: TrainingSettings) -> bool:
    """Return whether a change is one of how the model is trained: epochs are, where what is done depends on them."""
    if change.name != "epochs":
        return True
    return any(each.schedule != "constant" or each.final_k for each in (before, after))


def chain(values: Iterable[_T]) -> tuple[_T, ...]:
    """Return the values without those that only repeat the one before."""
    found: list[_T] = []
    for value in values:
        if not found or found[-1] != value:
            found.append(value)
    return tuple(found)
