"""What a person can set about a run, and which values are possible."""

from __future__ import annotations

import secrets
import sys
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.core.binarisation import BINARISATIONS
from rbm_studio.core.gradients import GRADIENTS
from rbm_studio.core.schedules import SCHEDULES
from rbm_studio.core.updates import UPDATES
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_HIDDEN = 4096
MAX_EPOCHS = 100_000
MAX_BATCH = 100_000
MAX_SEED = 2**31 - 1
MAX_K = 1000
MAX_TEMPERATURES = 100
MAX_NUMBER, MIN_NUMBER = 1e8, 1e-12
"""Of rates, penalties and limits: their products with sound parameters, and the squares of these, fit into float32."""

PRESET_NAMES = ("recommended", "cd-1", "article", "best-likelihood", "fast-preview")
"""Of `rbm_studio.core.presets.PRESETS`, which are made of settings."""
VISIBLE_NAMES = ("mean-field", "sampled")
GRADIENT_NAMES, BINARISATION_NAMES = tuple(GRADIENTS), tuple(BINARISATIONS)
UPDATE_NAMES, SCHEDULE_NAMES = tuple(UPDATES), tuple(SCHEDULES)


@dataclass(frozen=True)
class TrainingSettings:
    """What a person can set about a run.

    Attributes
    ----------
    preset : str
        A name in `rbm_studio.core.presets.PRESETS`; it also names the quirks that no setting here has.
    learning_rate : float
        `MIN_NUMBER` to `MAX_NUMBER`.
    momentum : float
        In 0..1, less than 1, also in float32. With Adam, the decay of the mean gradient.
    batch_size : int
        Images per update, 1 to `MAX_BATCH`; data with fewer images is one batch.
    epochs : int
        Passes through the data, 1 to `MAX_EPOCHS`.
    seed : int
        Of all that is random, 0 to `MAX_SEED`.
    gradient : {"cd", "pcd", "tempering", "exact"}
        The estimator of the gradient, a name in `rbm_studio.core.gradients.GRADIENTS`.
    k : int
        Gibbs steps an update, 1 to `MAX_K`.
    final_k : int
        k grows evenly to this over a run's epochs; 0: it stays.
    chains : int
        Persistent chains of ``"pcd"`` and ``"tempering"``, 0 to `MAX_BATCH`; 0: as many as the batch has images.
    temperatures : int
        Replicas of each chain of ``"tempering"``, 2 to `MAX_TEMPERATURES`.
    visible_units : {"mean-field", "sampled"}
        Whether the visible units of the negative phase are probabilities or states.
    centred : bool
        Whether the gradient is the centred one (Melchior, Fischer & Wiskott 2016).
    offset_rate : float
        How fast the offsets of the centred gradient follow the data, above 0, to 1.
    binarisation : {"grey", "stochastic", "threshold"}
        Whether grey values are probabilities, are made binary anew in each epoch, or by `threshold`.
    threshold : float
        In 0..1; a pixel above it is on.
    update : {"sgd", "adam"}
        The update rule.
    schedule : {"constant", "linear", "exponential", "search-then-converge"}
        How the learning rate falls over a run's epochs; the last one also over the updates of the model's life.
    final_rate : float
        What part of the learning rate is left at the end of a run, `MIN_NUMBER` to 1; unused where it is constant.
    initial_momentum : float
        Momentum in a model's first `momentum_epochs` epochs, where it is lower than `momentum`; not of Adam.
    momentum_epochs : float
        How many epochs of a model's life that lasts, 0 to `MAX_NUMBER`.
    l1, l2 : float
        Weight decay: of Σ|w| and of Σw²/2, per update and times the learning rate; 0 to `MAX_NUMBER`.
    max_norm : float
        The largest norm of a hidden unit's weights, `MIN_NUMBER` to `MAX_NUMBER`; 0: no limit.
    sparsity_target : float
        The mean activity that hidden units are drawn to, in 0..1.
    sparsity_cost : float
        How strongly, 0 to `MAX_NUMBER`; 0: not at all.
    clip_norm : float
        The largest norm of the gradient, all parameters together, `MIN_NUMBER` to `MAX_NUMBER`; 0: no limit.

    Raises
    ------
    RBMStudioError
        If a value is impossible.
    """

    preset: str = "recommended"
    learning_rate: float = 1.0
    momentum: float = 0.0
    batch_size: int = 100
    epochs: int = 10
    seed: int = 0
    gradient: str = "pcd"
    k: int = 1
    final_k: int = 0
    chains: int = 0
    temperatures: int = 10
    visible_units: str = "sampled"
    centred: bool = True
    offset_rate: float = 0.01
    binarisation: str = "threshold"
    threshold: float = 0.5
    update: str = "sgd"
    schedule: str = "search-then-converge"
    final_rate: float = 0.01
    initial_momentum: float = 0.5
    momentum_epochs: float = 1.0
    l1: float = 0.0
    l2: float = 0.0
    max_norm: float = 0.0
    sparsity_target: float = 0.1
    sparsity_cost: float = 0.0
    clip_norm: float = 10.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.generic):
                # NumPy's small numbers would overflow, or lose digits, in what is computed from them.
                object.__setattr__(self, field.name, value.item())
        _check_name("preset", self.preset, PRESET_NAMES)
        self._check_numbers(
            ("learning_rate",),
            f"a number above 0: from {MIN_NUMBER:g} to {MAX_NUMBER:g}",
            lambda rate: MIN_NUMBER <= rate <= MAX_NUMBER,
        )
        self._check_numbers(
            ("momentum", "initial_momentum"),
            "a number from 0 to less than 1",
            lambda m: 0 <= m < 1 and float(np.float32(m)) < 1,
        )
        check_count("batch size", self.batch_size, 1, MAX_BATCH)
        check_count("number of epochs", self.epochs, 1, MAX_EPOCHS)
        check_count("seed", self.seed, 0, MAX_SEED)
        check_count("number of Gibbs steps, k,", self.k, 1, MAX_K)
        check_count("final number of Gibbs steps", self.final_k, 0, MAX_K)
        check_count("number of chains", self.chains, 0, MAX_BATCH)
        check_count("number of temperatures", self.temperatures, 2, MAX_TEMPERATURES)
        _check_name("gradient estimator", self.gradient, GRADIENT_NAMES)
        _check_name("visible unit kind", self.visible_units, VISIBLE_NAMES)
        _check_name("binarisation", self.binarisation, BINARISATION_NAMES)
        _check_name("update rule", self.update, UPDATE_NAMES)
        _check_name("schedule", self.schedule, SCHEDULE_NAMES)
        if not isinstance(self.centred, bool):
            raise RBMStudioError("Centred is {value}.", "It must be True or False.", value=self.centred)
        self._check_numbers(("offset_rate",), "a number above 0, to 1", lambda value: 0 < value <= 1)
        self._check_numbers(
            ("final_rate",),
            f"a number above 0, to 1: at least {MIN_NUMBER:g}",
            lambda value: MIN_NUMBER <= value <= 1,
        )
        self._check_numbers(("threshold", "sparsity_target"), "a number from 0 to 1", lambda value: 0 <= value <= 1)
        self._check_numbers(
            ("momentum_epochs", "l1", "l2", "sparsity_cost"),
            f"a number of at least 0, and at most {MAX_NUMBER:g}",
            lambda value: 0 <= value <= MAX_NUMBER,
        )
        self._check_numbers(
            ("max_norm", "clip_norm"),
            f"a number of at least 0: 0 for no limit, or from {MIN_NUMBER:g} to {MAX_NUMBER:g}",
            lambda value: value == 0 or MIN_NUMBER <= value <= MAX_NUMBER,
        )

    def _check_numbers(self, names: tuple[str, ...], valid: str, is_valid: Callable[[float], bool]) -> None:
        for name in names:
            _check_number(name.replace("_", " "), getattr(self, name), valid, is_valid)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings by name, as Python's own types, which JSON can hold."""
        return asdict(self)


def drawn_seed() -> int:
    """Return a seed from the system's entropy, 0 to `MAX_SEED`: another one each time."""
    return secrets.randbelow(MAX_SEED + 1)


SETTING_NAMES = tuple(field.name for field in fields(TrainingSettings))


def check_names(settings: Mapping[str, object]) -> None:
    """Raise `RBMStudioError` if a name is not one of the settings'."""
    unknown = [name for name in settings if name not in SETTING_NAMES]
    if unknown:
        raise RBMStudioError(
            "There is no setting {name!r}.", "Known settings: {known}.", name=unknown[0], known=", ".join(SETTING_NAMES)
        )


def _check_number(what: str, value: float, valid: str, is_valid: Callable[[float], bool]) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # A whole number can be too large for a float, and the comparison is false for NaN.
    if not (is_number and abs(value) <= sys.float_info.max and is_valid(value)):
        raise RBMStudioError("The {what} is {value}.", "It must be {valid}.", what=what, value=value, valid=valid)


def _check_name(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise RBMStudioError(
            "There is no {what} {value!r}.", "Known {what}s: {known}.", what=what, value=value, known=", ".join(known)
        )


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
