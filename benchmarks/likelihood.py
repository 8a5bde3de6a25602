"""The partition function: what the exact one takes, and how far from it the estimates by annealing are."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import digits
from benchmarks.isolation import measure
from benchmarks.memory import STATUS, megabytes
from benchmarks.table import Row, verdict
from rbm_studio.core.annealing import annealed_log_partition, independent_biases, reverse_annealed_log_likelihood
from rbm_studio.core.images import mean_image
from rbm_studio.core.likelihood import exact_log_partition, log_likelihood
from rbm_studio.core.parameters import Parameters
from rbm_studio.core.presets import PRESETS, settings_for
from rbm_studio.core.training import Training

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray

VISIBLE = 784
EXACT = {20: True, 25: False}
"""Numbers of hidden units, and whether there are targets for them."""
LIMIT_S, LIMIT_MB = 10.0, 500
TRAINED = (16, 20)
WITHIN = 0.3

_PRESET = "best-likelihood"
_EPOCHS, _QUICK_EPOCHS = 5, 1
_CHAINS, _TEMPERATURES = 100, 10_000


def run(quick: bool) -> list[Row]:
    """Sum over all states in fresh processes; train, and compare estimates with the truth."""
    rows = [_exact(hidden, has_target) for hidden, has_target in EXACT.items() if has_target or not quick]
    for hidden in TRAINED:
        rows += _estimates(hidden, _QUICK_EPOCHS if quick else _EPOCHS)
    return rows


def _exact(hidden: int, has_target: bool) -> Row:
    taken = measure("likelihood", str(hidden))
    seconds, peak = taken["seconds"], taken["peak_mb"]
    target = f"< {LIMIT_S:g} s, < {LIMIT_MB} MB" if has_target else ""
    met = verdict(seconds < LIMIT_S and peak < LIMIT_MB) if has_target else ""
    figure = f"{seconds:.2f} s, {peak:.0f} MB"
    return Row(f"exact ln Z, {VISIBLE}×{hidden}", figure, f"once imported: {taken['start_mb']:.0f} MB", "", target, met)


def _estimates(hidden: int, epochs: int) -> list[Row]:
    parameters = _trained(hidden, epochs)
    training, test = ((images > 0.5).astype(np.float32) for images in (digits.training_images(), digits.test_images()))
    base = independent_biases(training)
    log_partition = exact_log_partition(parameters)
    begin = time.perf_counter()
    ais = annealed_log_partition(
        parameters, np.random.default_rng(0), base_visible_bias=base, chains=_CHAINS, temperatures=_TEMPERATURES
    )
    seconds = time.perf_counter() - begin
    bound = reverse_annealed_log_likelihood(
        parameters, test, np.random.default_rng(0), base_visible_bias=base, chains=_CHAINS, temperatures=_TEMPERATURES
    )
    off = ais.value - log_partition
    exact = log_likelihood(parameters, test, log_partition)
    name = f"{_CHAINS} chains, {_TEMPERATURES:,} temperatures, {hidden} hidden"
    return [
        Row(
            f"ln Z by AIS, {name}",
            f"{ais.value:.2f} ± {ais.standard_error:.2f} nats, {seconds:.1f} s",
            f"exact, {_PRESET}, {epochs} epochs: {log_partition:.2f} nats",
            f"{off:+.2f} nats",
            f"within {WITHIN}",
            verdict(abs(off) <= WITHIN),
        ),
        Row(
            f"test log-likelihood by reverse AIS, {name}",
            f"{bound.value:.2f} ± {bound.standard_error:.2f} nats",
            f"exact, thresholded at 0.5: {exact:.2f} nats",
            f"{bound.value - exact:+.2f} nats",
        ),
    ]


def _trained(hidden: int, epochs: int) -> Parameters:
    levels = digits.training_levels()
    start = PRESETS[_PRESET].initial_parameters(VISIBLE, hidden, 0, mean_image(levels), len(levels))
    training = Training(start, levels, settings_for(_PRESET, epochs=epochs))
    while not training.finished:
        training.step()
    return training.snapshot()


def _random(hidden: int) -> Parameters:
    """Return a model with weights as large as a trained one's."""
    rng = np.random.default_rng(0)

    def normal(mean: float, *shape: int) -> FloatArray:
        return rng.normal(mean, 1.0, shape).astype(np.float32)

    return Parameters(normal(0.0, VISIBLE, hidden), normal(-2.0, VISIBLE), normal(0.0, hidden))


def main(hidden: int) -> None:
    """Sum over all states in this process, and print what it takes."""
    if not STATUS.exists():
        raise RuntimeError("the peak of the memory needs Linux's /proc")
    parameters = _random(hidden)
    start = megabytes("VmRSS")
    begin = time.perf_counter()
    exact_log_partition(parameters)
    seconds = time.perf_counter() - begin
    print(json.dumps({"seconds": seconds, "start_mb": start, "peak_mb": megabytes("VmHWM")}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
