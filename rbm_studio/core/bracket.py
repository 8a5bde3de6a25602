"""The log-likelihood of images: exact where that is feasible, else between two estimates."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rbm_studio.core.annealing import annealed_log_partition, independent_biases, reverse_annealed_log_likelihood
from rbm_studio.core.likelihood import MAX_EXACT_UNITS, Estimate, check_states, exact_log_partition, log_likelihood

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.parameters import Parameters

FEW_CHAINS = 10.0
"""With fewer effective chains than these an estimate is one of few lucky chains, and its error a guess."""


@dataclass(frozen=True)
class Bracket:
    """Between what the mean ln p(v) of images lies, in nats.

    Attributes
    ----------
    method : str
        ``"exact"``, where both figures are the same; or ``"AIS"``: annealed importance sampling above, and RAISE, its
        reverse, below.
    lower, upper : Estimate
        Either is too low, or too high, in expectation only: their standard errors come on top, and they may cross by
        as much. How the images were sampled from the world is not in these.
    log_partition : Estimate
        Of ln Z, from which the upper figure is.
    temperatures : int
        Of the annealing; 0 where there was none.
    """

    method: str
    lower: Estimate
    upper: Estimate
    log_partition: Estimate
    temperatures: int = 0

    @property
    def width(self) -> float:
        """How far apart its ends are, with an error of each, in nats: infinite where these are not known."""
        errors = self.lower.standard_error + self.upper.standard_error
        return abs(self.upper.value - self.lower.value) + errors

    @property
    def is_inverted(self) -> bool:
        """Whether the lower figure lies above the upper one, by more than chance: their errors together.

        Then neither is a bound yet: the chains come nowhere near the model.
        """
        errors = math.hypot(self.lower.standard_error, self.upper.standard_error)
        return self.lower.value - self.upper.value > errors

    def is_within(self, nats: float) -> bool:
        """Whether it is as narrow as this with its errors, and not inverted."""
        return self.width <= nats and not self.is_inverted


def likelihood_bracket(
    parameters: Parameters,
    images: FloatArray,
    rng: np.random.Generator,
    *,
    base_visible_bias: FloatArray | None = None,
    chains: int = 100,
    temperatures: int = 5000,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Bracket:
    """Return mean ln p(v) of images: exact where the smaller layer's states can be summed over, else bracketed.

    Parameters
    ----------
    parameters : Parameters
    images : ndarray of shape (n, D)
        0 or 1.
    rng : numpy.random.Generator
    base_visible_bias : ndarray of shape (D,), optional
        Of the independent pixels that chains start from or end at; without it, the log odds of these images' mean.
    chains, temperatures : int
        For each of the two figures, where they are estimates. `narrowed` takes more temperatures where it must.
    progress : callable, optional
        Called with the number of steps done and of all.
    cancelled : callable, optional
        Asked several times a second whether to end.

    Raises
    ------
    RBMStudioError
        If the images are not binary.
    Cancelled
        If ``cancelled`` returned True.
    """
    check_states(images, parameters.visible_num)
    if min(parameters.visible_num, parameters.hidden_num) <= MAX_EXACT_UNITS:
        log_partition = Estimate(exact_log_partition(parameters, progress=progress, cancelled=cancelled), 0.0)
        exact = Estimate(log_likelihood(parameters, images, log_partition.value), 0.0)
        return Bracket("exact", exact, exact, log_partition)
    base = independent_biases(images) if base_visible_bias is None else base_visible_bias

    def options(half: int) -> dict[str, Any]:
        report = None if progress is None else lambda done, total: progress(half * total + done, 2 * total)
        return {
            "base_visible_bias": base,
            "chains": chains,
            "temperatures": temperatures,
            "progress": report,
            "cancelled": cancelled,
        }

    ais = annealed_log_partition(parameters, rng, **options(0))
    lower = reverse_annealed_log_likelihood(parameters, images, rng, **options(1))
    upper = replace(ais, value=log_likelihood(parameters, images, ais.value))
    return Bracket("AIS", lower, upper, ais, temperatures)


def narrowed(bracket: Callable[[int], Bracket], within: float, *, temperatures: int, most: int) -> Bracket:
    """Return a bracket as narrow as asked for, by twice as many temperatures until it is.

    Parameters
    ----------
    bracket : callable
        Takes a number of temperatures.
    within : float
        In nats, for `Bracket.is_within`; infinite for the first bracket as it is.
    temperatures : int
        To begin with.
    most : int
        The last bracket has no more than these, whether it is narrow or not.
    """
    while True:
        found = bracket(temperatures)
        # A single chain has no error that more temperatures could narrow.
        is_last = math.isinf(within) or math.isinf(found.width) or temperatures >= most
        if found.is_within(within) or is_last:
            return found
        temperatures = min(2 * temperatures, most)
