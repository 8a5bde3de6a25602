"""How the learning rate, the momentum and k change while a model is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rbm_studio.core.settings import TrainingSettings

SCHEDULES: dict[str, Callable[[float, float], float]] = {
    "constant": lambda _done, _final: 1.0,
    "linear": lambda done, final: 1.0 + done * (final - 1.0),
    "exponential": lambda done, final: final**done,
}
"""What part of the learning rate is left when a part ``done`` (0..1) of the run is over, ``final`` at its end."""


def learning_rate(settings: TrainingSettings, done: float) -> float:
    """Return the learning rate when a part ``done``, in 0..1, of the run is over."""
    return settings.learning_rate * SCHEDULES[settings.schedule](done, settings.final_rate)


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
