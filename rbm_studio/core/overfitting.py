"""Whether held-out images have become less likely while training images have not: what overfitting does harm by.

A gap between their free energies alone (Hinton 2010, section 6) is none: on 4,500 images of MNIST, 256 hidden units and
PCD, it grows to 16 nats in 200 epochs, and the held-out images become likelier all the while.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.core.annealing import annealed_log_partition
from rbm_studio.core.likelihood import Estimate, exact_log_partition

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.parameters import Parameters

CHAINS, TEMPERATURES = 50, 500
"""Of the annealing: that of one model is a few nats off, but those of a model's life are so alike."""

EXACT_UNITS = 12
"""Up to so many units in the smaller layer the sum over all states is faster than the annealing."""

LEAST_FALL, FALL_ERRORS = 2.0, 3.0
"""In nats, and in standard errors of the annealing, whichever is more: a smaller fall may be none."""


@dataclass(frozen=True)
class Likelihood:
    """How likely a model makes images, at one time of its life.

    Attributes
    ----------
    epochs : float
        Passes through the data that it had behind it.
    training, held_out : float
        Mean ln p(v) of images as states, in nats.
    error : float
        The standard error of both, which they share.
    """

    epochs: float
    training: float
    held_out: float
    error: float

    @property
    def gap(self) -> float:
        """By how much held-out images are less likely, in nats; the error is not in it."""
        return self.training - self.held_out


def measure_likelihood(
    parameters: Parameters,
    training: FloatArray,
    held_out: FloatArray,
    base_visible_bias: FloatArray,
    *,
    epochs: float = 0.0,
    progress: Callable[[int, int], None] | None = None,
) -> Likelihood:
    """Measure a model; the same way each time, so that what changes is the model.

    Parameters
    ----------
    parameters : Parameters
    training, held_out : float32 ndarrays of shape (n, D)
        States, 0 or 1.
    base_visible_bias : float32 ndarray of shape (D,)
        Of independent pixels, from which the annealing starts.
    epochs : float
        Passes through the data that the model has behind it.
    progress : callable, optional
        Called with the steps done and their number; what it raises ends the measurement.
    """
    if min(parameters.visible_num, parameters.hidden_num) <= EXACT_UNITS:
        partition = Estimate(exact_log_partition(parameters, progress=progress), 0.0)
    else:
        partition = annealed_log_partition(
            parameters,
            np.random.default_rng(0),
            base_visible_bias=base_visible_bias,
            chains=CHAINS,
            temperatures=TEMPERATURES,
            progress=progress,
        )
    of_training, of_held_out = (
        -float(parameters.free_energy(images).mean()) - partition.value for images in (training, held_out)
    )
    return Likelihood(epochs, of_training, of_held_out, partition.standard_error)


@dataclass(frozen=True)
class Fall:
    """Held-out images are less likely than they were.

    Attributes
    ----------
    best, now : Likelihood
    """

    best: Likelihood
    now: Likelihood

    @property
    def nats(self) -> float:
        """By how much."""
        return self.best.held_out - self.now.held_out

    @property
    def is_overfitting(self) -> bool:
        """Whether most of it is what the gap has grown by: otherwise training images are less likely, too."""
        return self.now.gap - self.best.gap >= self.nats / 2


def find_fall(life: Sequence[Likelihood]) -> Fall | None:
    """Return how far held-out images have fallen from where they were likeliest; None if they have not.

    Parameters
    ----------
    life : sequence of Likelihood
        Of one model, the newest last.
    """
    if len(life) < 2:
        return None
    fall = Fall(max(life, key=lambda each: each.held_out), life[-1])
    error = float(np.hypot(fall.best.error, fall.now.error))
    return fall if fall.nats > max(LEAST_FALL, FALL_ERRORS * error) else None
