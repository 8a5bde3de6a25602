"""The log-likelihood of images: exact where that is feasible, else between two estimates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rbm_studio.core.annealing import annealed_log_partition, independent_biases, reverse_annealed_log_likelihood
from rbm_studio.core.likelihood import MAX_EXACT_UNITS, Estimate, check_states, exact_log_partition, log_likelihood

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.parameters import Parameters


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
    """

    method: str
    lower: Estimate
    upper: Estimate


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
        For each of the two figures, where they are estimates.
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
        log_partition = exact_log_partition(parameters, progress=progress, cancelled=cancelled)
        exact = Estimate(log_likelihood(parameters, images, log_partition), 0.0)
        return Bracket("exact", exact, exact)
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
    upper = Estimate(log_likelihood(parameters, images, ais.value), ais.standard_error)
    return Bracket("AIS", lower, upper)
