"""The named ways to train, in `PRESETS`, and the settings that a person can change."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.core.parameters import Parameters, gaussian_parameters, uniform_parameters
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rbm_studio.core.backend import FloatArray

MAX_HIDDEN = 4096
MAX_EPOCHS = 100_000
MAX_BATCH = 100_000
MAX_SEED = 2**31 - 1


@dataclass(frozen=True)
class Preset:
    """A training algorithm with its defaults.

    Attributes
    ----------
    source : str
        Where it comes from.
    learning_rate, momentum : float
        Defaults.
    initial_momentum : float or None
        Momentum in a model's first epoch; None: as later.
    gradient : str
        A name in `GRADIENTS`.
    summed_weight_gradient : bool
        Whether the weights get the batch's sum of the gradient while the biases get its mean (the article's library).
    damped : bool
        Whether the gradient enters the velocity times (1 − momentum).
    measured_after_update : bool
        Whether a batch's KL is measured after the update (a second reconstruction) or in passing, before it.
    starts_at_data : bool
        Whether the visible biases start at the data's log odds and the weights at N(0, 0.01), or all as in the article.
    """

    source: str
    learning_rate: float
    momentum: float
    initial_momentum: float | None
    gradient: str
    summed_weight_gradient: bool
    damped: bool
    measured_after_update: bool
    starts_at_data: bool

    def initial_parameters(
        self, visible_num: int, hidden_num: int, seed: int, mean_image: FloatArray | None = None, count: int = 0
    ) -> Parameters:
        """Return the parameters that training starts from; see `gaussian_parameters` for the arguments."""
        rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(1)[0])
        if self.starts_at_data:
            return gaussian_parameters(visible_num, hidden_num, rng, mean_image, count)
        return uniform_parameters(visible_num, hidden_num, rng)


PRESETS = {
    "recommended": Preset(
        source="Hinton, A Practical Guide to Training Restricted Boltzmann Machines (2010)",
        learning_rate=0.15,
        momentum=0.9,
        initial_momentum=0.5,
        gradient="cd1",
        summed_weight_gradient=False,
        damped=False,
        measured_after_update=False,
        starts_at_data=True,
    ),
    "article": Preset(
        source="the article that presents simple_rbm (Watanabe & Kobayashi)",
        learning_rate=0.0001,
        momentum=0.95,
        initial_momentum=None,
        gradient="cd1-sampled",
        summed_weight_gradient=True,
        damped=True,
        measured_after_update=True,
        starts_at_data=False,
    ),
}


def preset_named(name: str) -> Preset:
    """Return a preset.

    Raises
    ------
    RBMStudioError
        If there is none of that name.
    """
    if name not in PRESETS:
        raise RBMStudioError(
            "There is no preset {name!r}.", "Known presets: {known}.", name=name, known=", ".join(PRESETS)
        )
    return PRESETS[name]


@dataclass(frozen=True)
class TrainingSettings:
    """What a person can set about a run.

    Attributes
    ----------
    preset : str
        A name in `PRESETS`.
    learning_rate : float
        Above 0.
    momentum : float
        In 0..1, less than 1. The recommended preset uses 0.5 in a model's first epoch.
    batch_size : int
        Images per update, 1 to `MAX_BATCH`; data with fewer images is one batch.
    epochs : int
        Passes through the data, 1 to `MAX_EPOCHS`.
    seed : int
        Of all that is random, 0 to `MAX_SEED`.

    Raises
    ------
    RBMStudioError
        If a value is impossible.
    """

    preset: str = "recommended"
    learning_rate: float = 0.15
    momentum: float = 0.9
    batch_size: int = 100
    epochs: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        preset_named(self.preset)
        _check_number("learning rate", self.learning_rate, "a number above 0", lambda rate: rate > 0)
        _check_number("momentum", self.momentum, "a number from 0 to less than 1", lambda momentum: 0 <= momentum < 1)
        check_count("batch size", self.batch_size, 1, MAX_BATCH)
        check_count("number of epochs", self.epochs, 1, MAX_EPOCHS)
        check_count("seed", self.seed, 0, MAX_SEED)

    @classmethod
    def for_preset(cls, name: str, **changes: Any) -> TrainingSettings:
        """Return a preset's own settings, with some changed; changes to None are left out."""
        preset = preset_named(name)
        defaults: dict[str, Any] = {"preset": name, "learning_rate": preset.learning_rate, "momentum": preset.momentum}
        return cls(**(defaults | {key: value for key, value in changes.items() if value is not None}))

    def as_dict(self) -> dict[str, Any]:
        """Return the settings by name, as Python's own types, which JSON can hold."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}


def _check_number(what: str, value: float, valid: str, is_valid: Callable[[float], bool]) -> None:
    is_number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not (is_number and math.isfinite(value) and is_valid(value)):
        raise RBMStudioError("The {what} is {value}.", "It must be {valid}.", what=what, value=value, valid=valid)


def check_count(what: str, value: int, lowest: int, highest: int) -> None:
    """Raise `RBMStudioError` unless a value is a whole number from ``lowest`` to ``highest``."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or not lowest <= value <= highest:
        raise RBMStudioError(
            "The {what} is {value}.",
            "It must be a whole number from {lowest} to {highest}.",
            what=what,
            value=value,
            lowest=lowest,
            highest=highest,
        )
