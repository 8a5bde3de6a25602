"""Why parameters exploded, by a rule that can be checked by hand: which setting stands out most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.core.presets import preset_named, settings_for
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from rbm_studio.core.settings import TrainingSettings

_ROWS = 4096
USUAL_MOMENTUM = 0.9
ADAM_RATE = 0.001
"""Kingma & Ba's."""
DECAY = 0.0002
"""Within the range that Hinton (2010, section 10) gives for weight decay."""
SPARSITY_COST = 0.1
TOO_MANY_TIMES = 10.0
"""A step so many times as large as the preset's often explodes."""
ABSURD = 1000.0
"""A weight or bias so large cannot have been learned: one of 20 makes a unit certain."""


class TrainingDivergedError(RBMStudioError):
    """The parameters became infinite or absurd; the last good ones were put back."""

    @property
    def setting(self) -> str | None:
        """The name of the setting to lower, if one is to blame."""
        name = self.fields.get("setting")
        return None if name is None else str(name)


_REMEDIES = {
    "learning_rate": "The last good parameters were kept. Lower the learning rate (it is {value:g}; try {better:g}), "
    "then train again.",
    "momentum": "The last good parameters were kept. Lower the momentum (it is {value:g}; try {better:g}), "
    "then train again.",
    "l2": "The last good parameters were kept. Lower the weight decay L2 (it is {value:g}; try {better:g}), "
    "then train again.",
    "l1": "The last good parameters were kept. Lower the weight decay L1 (it is {value:g}; try {better:g}), "
    "then train again.",
    "sparsity_cost": "The last good parameters were kept. Lower the sparsity cost (it is {value:g}; try {better:g}), "
    "then train again.",
}
"""What to do about each setting that `rbm_studio.core.divergence` may find to blame."""


@dataclass(frozen=True)
class Suspect:
    """A setting that may have broken the parameters.

    Attributes
    ----------
    setting : str
        Its name.
    value : float
        What it is.
    better : float
        What to try instead.
    excess : float
        How far it is beyond what is known to go well; 1 and more is known not to.
    """

    setting: str
    value: float
    better: float
    excess: float


def explanation(
    settings: TrainingSettings, epoch: int, start: Sequence[npt.NDArray[Any]], images: Sequence[npt.NDArray[Any]]
) -> TrainingDivergedError:
    """Return the error that says what broke a run: its images, the parameters that it began with, or a setting.

    Parameters
    ----------
    settings : TrainingSettings
    epoch : int
        In which that was found, from 1.
    start : sequence of ndarray
        The parameters that the run began with, in host memory; empty if it has come far since.
    images : sequence of ndarray of shape (n, D)
        Those that the run looked at.
    """
    if any(map(has_no_numbers, images)):
        return TrainingDivergedError(
            "Training was halted in epoch {epoch}: the images hold values that are no numbers (NaN or infinite).",
            "The last good parameters were kept. Replace such values, for instance by 0, then train again.",
            epoch=epoch,
        )
    if is_absurd(start):
        return TrainingDivergedError(
            "Training was halted in epoch {epoch}: the model's parameters were absurd before.",
            "Reset the model, or open another one.",
            epoch=epoch,
        )
    found = culprit(settings)
    return TrainingDivergedError(
        "Training was halted in epoch {epoch}: the parameters exploded.",
        _REMEDIES[found.setting],
        epoch=epoch,
        setting=found.setting,
        value=found.value,
        better=found.better,
    )


def culprit(settings: TrainingSettings) -> Suspect:
    """Return the setting to lower first: the one that stands out most, and the learning rate where none does."""
    suspects = list(_suspects(settings))
    worst = max(suspects, key=lambda suspect: suspect.excess)
    return worst if worst.excess >= 1 else suspects[0]


def _suspects(settings: TrainingSettings) -> Iterator[Suspect]:
    preset, own = preset_named(settings.preset), settings_for(settings.preset)
    adam = settings.update == "adam"
    usual_rate = ADAM_RATE if adam else own.learning_rate
    # The same number does more where the weights get the sum of a batch.
    growth = settings.batch_size / own.batch_size if preset.summed_weight_gradient else 1.0
    times = settings.learning_rate * growth / usual_rate
    yield Suspect(
        "learning_rate", settings.learning_rate, min(usual_rate, settings.learning_rate / 10), times / TOO_MANY_TIMES
    )
    if adam:
        # Its steps are no larger than the rate, whatever the gradient is.
        return
    if not preset.damped and settings.momentum > USUAL_MOMENTUM:
        # A gradient that stays the same is added 1 / (1 - momentum) times.
        times = (1 - USUAL_MOMENTUM) / (1 - settings.momentum)
        yield Suspect("momentum", settings.momentum, USUAL_MOMENTUM, times / TOO_MANY_TIMES)
    # What the penalties do at the usual rate: that a rate is too high is said first.
    momentum = min(settings.momentum, USUAL_MOMENTUM)
    rate = usual_rate * (settings.batch_size if preset.summed_weight_gradient else 1)
    rate *= (1 - momentum) if preset.damped else 1
    # Weights that shrink by more than twice themselves grow: w ← w + Δ, Δ ← m · Δ − rate · l2 · w.
    yield Suspect("l2", settings.l2, DECAY, settings.l2 * rate / (2 * (1 + momentum)))
    for name, better in (("l1", DECAY), ("sparsity_cost", SPARSITY_COST)):
        value = getattr(settings, name)
        # These push with a force that does not fall as it takes effect: to and fro by this much.
        yield Suspect(name, value, better, value * rate / (1 - momentum))


def is_absurd(arrays: Sequence[npt.NDArray[Any]]) -> bool:
    """Whether parameters, in host memory, are such as no training makes."""
    return not all(bool(np.all(np.abs(array) < ABSURD)) for array in arrays)


def has_no_numbers(images: npt.NDArray[Any]) -> bool:
    """Whether images hold what is not a number, or infinite; read in portions, since they may lie in a file."""
    if images.dtype.kind != "f":
        return False
    return not all(bool(np.isfinite(images[at : at + _ROWS]).all()) for at in range(0, len(images), _ROWS))
