"""How good the models become: test log-likelihoods, of images thresholded at 0.5, against the field's figures."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import digits
from benchmarks.table import Row, verdict
from rbm_studio.core.annealing import independent_biases
from rbm_studio.core.bracket import likelihood_bracket
from rbm_studio.core.likelihood import exact_log_partition, log_likelihood
from rbm_studio.core.presets import PRESETS, settings_for
from rbm_studio.core.training import Training

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.parameters import Parameters

PRESET = "best-likelihood"
FIELD_16, FIELD_500 = -142.56, -84.86
"""PyDeep's, centred PCD-1: exact with 16 hidden units after 50 epochs, by AIS with 500 after 200."""
LEAST_16, LEAST_500 = -142.0, -74.0
EPOCHS_16, EPOCHS_500 = 50, 50

_QUICK_EPOCHS = 2
_CHAINS, _TEMPERATURES = 200, 10_000


def run(quick: bool) -> list[Row]:
    """Train with the preset, and measure on the whole test set."""
    return [*_small(quick), *_large(quick)]


def _small(quick: bool) -> list[Row]:
    epochs = _QUICK_EPOCHS if quick else EPOCHS_16
    plain, _, plain_seconds = _trained(16, epochs, centred=False)
    best, test, seconds = _trained(16, epochs)
    exact = {name: log_likelihood(p, test, exact_log_partition(p)) for name, p in (("plain", plain), ("best", best))}
    return [
        Row(
            f"16 hidden, {epochs} epochs, exact",
            f"{exact['best']:.2f} nats in {seconds:.0f} s",
            f"not centred: {exact['plain']:.2f} nats in {plain_seconds:.0f} s; PyDeep {FIELD_16:.2f}",
            f"{seconds / plain_seconds:.2f} × its time",
            f"≥ {LEAST_16:g} nats, ≤ 1 ×",
            verdict(exact["best"] >= LEAST_16),
        )
    ]


def _large(quick: bool) -> list[Row]:
    epochs = _QUICK_EPOCHS if quick else EPOCHS_500
    p, test, seconds = _trained(500, epochs)
    temperatures = _TEMPERATURES // (10 if quick else 1)
    base = independent_biases(_binary(digits.training_images()))
    found = likelihood_bracket(
        p, test, np.random.default_rng(0), base_visible_bias=base, chains=_CHAINS, temperatures=temperatures
    )
    ais, reverse = found.upper, found.lower
    return [
        Row(
            f"500 hidden, PCD-1, {epochs} epochs, AIS / reverse AIS",
            f"{ais.value:.2f} / {reverse.value:.2f} nats in {seconds:.0f} s",
            f"PyDeep, 200 epochs, AIS: {FIELD_500:.2f} nats",
            f"s.e. {ais.standard_error:.2f} / {reverse.standard_error:.2f}",
            f"≥ {LEAST_500:g} nats",
            verdict(ais.value >= LEAST_500),
        )
    ]


def _trained(hidden_num: int, epochs: int, **settings: Any) -> tuple[Parameters, FloatArray, float]:
    """Return a model, the binary test images, and the seconds that the training took."""
    levels = digits.training_levels()
    mean: FloatArray = _binary(digits.training_images()).mean(axis=0)
    start = PRESETS[PRESET].initial_parameters(levels.shape[1], hidden_num, 0, mean, len(levels))
    begin = time.perf_counter()
    training = Training(start, levels, settings_for(PRESET, epochs=epochs, **settings))
    while not training.finished:
        training.step()
    return training.snapshot(), _binary(digits.test_images()), time.perf_counter() - begin


def _binary(images: FloatArray) -> FloatArray:
    binary: FloatArray = (images > 0.5).astype(np.float32)
    return binary
