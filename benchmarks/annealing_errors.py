"""Whether the truth is within two errors of what annealing estimates, where ln Z can be summed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import digits
from benchmarks.table import Row, verdict
from rbm_studio.core.annealing import annealed_log_partition, independent_biases
from rbm_studio.core.images import mean_image
from rbm_studio.core.likelihood import Estimate, exact_log_partition
from rbm_studio.core.presets import PRESETS, settings_for
from rbm_studio.core.training import Training

if TYPE_CHECKING:
    from rbm_studio.core.parameters import Parameters

MODELS = (
    ("cd-1", 16, 3),
    ("fast-preview", 17, 1),
    ("recommended", 18, 3),
    ("best-likelihood", 19, 2),
    ("article", 20, 1),
)
"""Presets, numbers of hidden units, at most 20, and epochs on `_IMAGES` images."""
CHAINS, TEMPERATURES = (10, 100), (30, 100, 300)
LEAST = 0.9

_IMAGES = 10_000
_REPEATS, _QUICK_REPEATS = 50, 10


def run(quick: bool) -> list[Row]:
    """Train a model of each kind, and estimate its ln Z many times with few temperatures."""
    repeats = _QUICK_REPEATS if quick else _REPEATS
    rows: list[Row] = []
    shares: list[tuple[float, float]] = []
    for preset, hidden, epochs in MODELS:
        parameters = _trained(preset, hidden, epochs)
        exact = exact_log_partition(parameters)
        for chains in CHAINS:
            found = [one for t in TEMPERATURES for one in _estimates(parameters, chains, t, repeats)]
            off = np.array([abs(one.value - exact) for one in found])
            errors = np.array([one.standard_error for one in found])
            first_order = np.array([_first_order(one, chains) for one in found])
            now, before = ((off < 2.0 * error).mean() for error in (errors, first_order))
            shares.append((float(now), float(before)))
            few, many = np.percentile([one.effective_chains for one in found], (10, 90))
            rows.append(
                Row(
                    f"ln Z within 2 errors, {preset}, {hidden} hidden, {chains} chains",
                    f"{now:.0%} of {len(found)}; {few:.1f} to {many:.0f} effective chains",
                    f"errors to first order: {before:.0%}",
                    f"{np.median(off):.2f} nats off, error {np.median(errors):.2f}",
                )
            )
    now, before = np.mean(shares, axis=0)
    name = f"ln Z within 2 errors, all, {', '.join(map(str, TEMPERATURES))} temperatures"
    target, met = f"≥ {LEAST:.0%}", verdict(now >= LEAST)
    return [*rows, Row(name, f"{now:.0%}", f"errors to first order: {before:.0%}", "", target, met)]


def _trained(preset: str, hidden: int, epochs: int) -> Parameters:
    levels = digits.training_levels()[:_IMAGES]
    start = PRESETS[preset].initial_parameters(levels.shape[1], hidden, 0, mean_image(levels), len(levels))
    training = Training(start, levels, settings_for(preset, epochs=epochs))
    while not training.finished:
        training.step()
    return training.snapshot()


def _estimates(parameters: Parameters, chains: int, temperatures: int, repeats: int) -> list[Estimate]:
    base = independent_biases((digits.training_images()[:_IMAGES] > 0.5).astype(np.float32))
    rngs = (np.random.default_rng((chains, temperatures, repeat)) for repeat in range(repeats))
    return [
        annealed_log_partition(parameters, rng, base_visible_bias=base, chains=chains, temperatures=temperatures)
        for rng in rngs
    ]


def _first_order(estimate: Estimate, chains: int) -> float:
    """Return the error by the delta method, from (Σw)² / Σw² of n weights."""
    return math.sqrt(max(0.0, (chains / estimate.effective_chains - 1.0) / (chains - 1)))
