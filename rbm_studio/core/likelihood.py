"""How probable a model makes images, its partition function summed exactly; for larger models see `annealing`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.core.exact import layers
from rbm_studio.core.images import check_shape
from rbm_studio.core.layer_sum import log_sum_exp
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.parameters import Parameters

MAX_EXACT_UNITS = 25
"""The larger a layer, the more states to sum over: 2²⁵ is about 34 million."""


class Cancelled(RBMStudioError):
    """The caller asked for a computation to end before it was done."""

    def __init__(self) -> None:
        super().__init__("The computation was cancelled.", "Start it again for its result.")


@dataclass
class Watch:
    """Tells how far a computation is, and ends it when asked to.

    Attributes
    ----------
    total : int
        How many steps there are.
    progress : callable, optional
        Called with the steps done and `total`.
    cancelled : callable, optional
        Asked whether to end.
    done : int
        Steps so far.
    """

    total: int
    progress: Callable[[int, int], None] | None = None
    cancelled: Callable[[], bool] | None = None
    done: int = 0

    def advance(self, steps: int) -> None:
        """Count steps that were done.

        Raises
        ------
        Cancelled
            If asked to end.
        """
        self.done += steps
        if self.progress is not None:
            self.progress(self.done, self.total)
        if self.cancelled is not None and self.cancelled():
            raise Cancelled


@dataclass(frozen=True)
class Estimate:
    """A figure, in nats, and how far it can be trusted.

    Attributes
    ----------
    value : float
    standard_error : float
        In nats: the truth is most often within two of them. 0 where the figure is exact, and only there; infinite where
        there is nothing to judge it by.
    effective_chains : float
        How many chains of equal weight would be as certain, if chains were taken: of 100, a hundred where each carries
        as much as any other, and nearly one where one carries all. Infinite where the figure is exact.
    """

    value: float
    standard_error: float
    effective_chains: float = math.inf


def check_states(images: FloatArray, visible_num: int) -> None:
    """Raise `RBMStudioError` unless images of shape (n, visible_num) are states: 0 and 1, and nothing between."""
    check_shape(images, visible_num)
    if not ((images == 0) | (images == 1)).all():
        raise RBMStudioError(
            "The images hold values other than 0 and 1, and the model gives a probability to states only.",
            "Make them binary first, by a threshold or at random.",
        )


def log_likelihood(parameters: Parameters, images: FloatArray, log_partition: float) -> float:
    """Return the mean ln p(v) = −F(v) − ln Z of images, in nats an image; label units are summed out.

    Parameters
    ----------
    parameters : Parameters
    images : ndarray of shape (n, D)
        0 or 1.
    log_partition : float
        ln Z, in nats.

    Raises
    ------
    RBMStudioError
        If the images are not binary.
    """
    check_states(images, parameters.visible_num)
    return float(-parameters.free_energy(images).mean() - log_partition)


def exact_log_partition(
    parameters: Parameters,
    *,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> float:
    """Return ln Z by summing over all states of the smaller layer; the units of the other one sum out in closed form.

    Parameters
    ----------
    parameters : Parameters
        With at most `MAX_EXACT_UNITS` units in the smaller of the visible and the hidden layer.
    progress : callable, optional
        Called with the number of states summed so far, and of all.
    cancelled : callable, optional
        Asked several times a second whether to end.

    Returns
    -------
    float
        In nats.

    Raises
    ------
    RBMStudioError
        If both layers are larger.
    Cancelled
        If ``cancelled`` returned True.
    """
    p = parameters
    units = min(p.visible_num, p.hidden_num)
    if units > MAX_EXACT_UNITS:
        raise RBMStudioError(
            "The exact partition function needs a layer of at most {most} units; the smaller one has {units}.",
            "Estimate it by annealed importance sampling.",
            most=MAX_EXACT_UNITS,
            units=units,
        )
    classes = 1 if p.hidden_num <= p.visible_num else max(1, p.label_num)
    watch = Watch(classes << units, progress, cancelled)
    return log_sum_exp(np.array([layer.log_partition(watch.advance) + weight for layer, weight in layers(p)]))
