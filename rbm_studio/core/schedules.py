"""How the learning rate, the momentum and k change while a model is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rbm_studio.core.settings import TrainingSettings

SEARCH = 300.0
"""Updates of a model's life after which half of the rate is left: half an epoch of MNIST in batches of 100. Measured
with 64 to 2000 hidden units: what is searched for longer, or with less, ends up to 2 nats lower after ten epochs."""


def _linear(done: float, final: float, _updates: float) -> float:
    return 1.0 + done * (final - 1.0)


SCHEDULES: dict[str, Callable[[float, float, float], float]] = {
    "constant": lambda _done, _final, _updates: 1.0,
    "linear": _linear,
    "exponential": lambda done, final, _updates: final**done,
    "search-then-converge": lambda done, final, updates: _linear(done, final, updates) / (1.0 + updates / SEARCH),
}
"""What part of the learning rate is left when a part ``done`` (0..1) of the run is over, ``final`` at its end, of a
model with so many updates behind it. "Search, then converge" is 1 / (1 + t/τ) of Darken & Moody (NIPS 1990), ending as
the linear one does: the few updates of a small data set are large, and of many updates the last ones are small."""


def learning_rate(settings: TrainingSettings, done: float, updates: float) -> float:
    """Return the learning rate when a part ``done``, in 0..1, of the run is over.

    Parameters
    ----------
    settings : TrainingSettings
    done : float
    updates : float
        How many the model has behind it, in its life: 0 or more.
    """
    return settings.learning_rate * SCHEDULES[settings.schedule](done, settings.final_rate, updates)


def momentum(settings: TrainingSettings, epochs_trained: float) -> float:
    """Return the momentum of a model with so many epochs behind it (Hinton 2010, section 9).

    Adam has but one: its correction for means that start at 0 knows no other.
    """
    if settings.update == "sgd" and epochs_trained < settings.momentum_epochs:
        return min(settings.momentum, settings.initial_momentum)
    return settings.momentum


def gibbs_steps(settings: TrainingSettings, done: float) -> int:
    """Return k when a part ``done``, in 0..1, of the run is over: from ``k`` to ``final_k`` in even steps."""
    if settings.final_k == 0:
        return settings.k
    span = settings.final_k - settings.k
    steps = int(done * (abs(span) + 1))
    return settings.k + (min(steps, span) if span >= 0 else -min(steps, -span))
