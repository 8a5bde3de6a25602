"""Models of a preset, trained on the whole of the training images, and how likely they make the test images."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import digits
from rbm_studio.core.annealing import independent_biases
from rbm_studio.core.bracket import likelihood_bracket
from rbm_studio.core.metric_data import MetricData
from rbm_studio.core.metrics import METRICS
from rbm_studio.core.presets import PRESETS, settings_for
from rbm_studio.core.training import Training

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.parameters import Parameters

_CLASSES = 10
_CHAINS, _TEMPERATURES = 100, 5000


@dataclass(frozen=True)
class Trained:
    """A model, and how it became one.

    Attributes
    ----------
    parameters : Parameters
    kls : list of float
        The article's KL of the grey test images in batches of 1,000, after each epoch.
    seconds : float
        That its training took.
    """

    parameters: Parameters
    kls: list[float]
    seconds: float


def train(preset: str, hidden: int, seed: int = 0, *, labels: bool = False, **changes: Any) -> Trained:
    """Train a model by a preset with some settings changed, with label units for the digits where wanted."""
    levels = digits.training_levels()
    settings = settings_for(preset, seed=seed, **changes)
    mean: FloatArray = digits.training_images().mean(axis=0)
    classes = _CLASSES if labels else 0
    start = PRESETS[preset].initial_parameters(levels.shape[1], hidden, seed, mean, len(levels), classes)
    training = Training(start, levels, settings, labels=digits.training_labels() if labels else None)
    test = MetricData(digits.test_images(), digits.test_labels() if labels else None)
    kls, seconds = [], 0.0
    while not training.finished:
        begin = time.perf_counter()
        progress = training.step()
        seconds += time.perf_counter() - begin
        if progress.epoch_kl is not None:
            kls.append(METRICS["article_kl"].measure(training.snapshot(), test, np.random.default_rng(seed)))
    return Trained(training.snapshot(), kls, seconds)


def bracket(parameters: Parameters, seed: int = 0) -> tuple[str, float]:
    """Return the mean ln p(v) of the test images thresholded at 0.5 in words, and its upper figure in nats."""
    found = likelihood_bracket(
        parameters,
        (digits.test_images() > 0.5).astype(np.float32),
        np.random.default_rng(seed),
        base_visible_bias=independent_biases((digits.training_images() > 0.5).astype(np.float32)),
        chains=_CHAINS,
        temperatures=_TEMPERATURES,
    )
    upper, lower = found.upper, found.lower
    if found.method == "exact":
        return f"{upper.value:.2f} nats, exact", upper.value
    words = f"{upper.value:.2f} ± {upper.standard_error:.2f} / {lower.value:.2f} ± {lower.standard_error:.2f} nats"
    return words, upper.value
