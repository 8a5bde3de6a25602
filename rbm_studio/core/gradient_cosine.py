"""How far the estimated gradient points where the exact one does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rbm_studio.core.exact import data_statistics, difference, model_statistics
from rbm_studio.core.parameters import Parameters
from rbm_studio.core.presets import settings_for
from rbm_studio.core.sampling import bernoulli, one_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.metric_data import MetricData
    from rbm_studio.core.settings import TrainingSettings


def gradient_cosine(parameters: Parameters, data: MetricData, rng: np.random.Generator) -> float:
    """Return the cosine of the angle between the exact gradient and an estimator's, over all parameters.

    Both have the statistics of the data in common; the estimator's model statistics are those of its particles, or of
    k Gibbs steps from each image, as in CD-k (Hinton 2002).

    Parameters
    ----------
    parameters : Parameters
        With at most `rbm_studio.core.exact.MAX_UNITS` units in the smaller layer.
    data : MetricData
    rng : numpy.random.Generator
        Of the Gibbs steps.

    Returns
    -------
    float
        1: the same direction; 0: no better than chance. 0 too where one of them is zero.
    """
    settings = data.settings or settings_for("cd-1")
    positive: list[tuple[Parameters, int]] = []
    negative: list[tuple[Parameters, int]] = []
    for v, labels in data.blocks():
        classes = None if labels is None or not parameters.label_num else _one_hot(labels, parameters.label_num)
        positive.append((data_statistics(parameters, v, classes), len(v)))
        if data.particles is None:
            negative.append((_after_steps(parameters, v, classes, settings, rng), len(v)))
    if data.particles is not None:
        negative.append((data_statistics(parameters, data.particles), 1))
    of_data = _mean(positive)
    return cosine(difference(of_data, model_statistics(parameters)), difference(of_data, _mean(negative)))


def cosine(first: Parameters, second: Parameters) -> float:
    """Return the cosine of the angle between two sets of arrays, all taken as one vector; 0 where one is zero."""
    a, b = (np.concatenate([x.ravel() for x in p.arrays().values()]).astype(np.float64) for p in (first, second))
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / lengths if lengths > 0 else 0.0


def _after_steps(
    p: Parameters, v: FloatArray, labels: FloatArray | None, settings: TrainingSettings, rng: np.random.Generator
) -> Parameters:
    """Return the statistics of k Gibbs steps from the data."""
    for _ in range(settings.k):
        hidden = bernoulli(p.expect_hidden(v, labels), rng)
        v = p.expect_visible(hidden)
        if settings.visible_units == "sampled":
            v = bernoulli(v, rng)
        if p.label_num:
            labels = one_of(p.expect_labels(hidden), rng)
    return data_statistics(p, v, labels)


def _one_hot(labels: npt.NDArray[Any], classes: int) -> FloatArray:
    states: FloatArray = (labels[:, None] == np.arange(classes)).astype(np.float32)
    return states


def _mean(parts: Sequence[tuple[Parameters, int]]) -> Parameters:
    """Return the mean of statistics, each with its weight."""
    total = sum(weight for _, weight in parts)
    arrays = [{name: array * (weight / total) for name, array in part.arrays().items()} for part, weight in parts]
    return Parameters(**{name: np.sum([part[name] for part in arrays], axis=0) for name in arrays[0]})
