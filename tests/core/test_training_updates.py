"""What one update does, where all that is sampled is certain."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.core.parameters import Parameters
from rbm_studio.core.presets import TrainingSettings
from rbm_studio.core.training import Training
from tests.core.runs import D, H, zeros

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray


def certain() -> Parameters:
    """Return parameters whose samples are certain, and wrong about few enough pixels for the run not to be halted.

    Hidden unit 0 follows pixel 0, hidden unit 1 is on; of the pixels only the third is reconstructed as on.
    """
    w = np.zeros((D, 2), dtype=np.float32)
    w[0, 0] = 200.0
    a = np.full(D, -25.0, dtype=np.float32)
    a[0], a[2] = -225.0, 25.0
    return Parameters(w, a, np.array([-100.0, 100.0], dtype=np.float32))


SHOWN = np.array([[1, 1] + [0] * (D - 2)] * 4, dtype=np.float32)
GRADIENT = (
    # v hᵀ with v = 1100…, h = 11, less that with v' = 0010…, h' = 01.
    np.array([[1, 1], [1, 1], [0, -1]] + [[0, 0]] * (D - 3), dtype=np.float32),
    np.array([1, 1, -1] + [0] * (D - 3), dtype=np.float32),
    np.array([1, 0], dtype=np.float32),
)
"""Of each image of `SHOWN`, under `certain`."""


def moves(preset: str, factors: list[tuple[float, float]], *, rate: float, epochs_trained: float = 0.0) -> None:
    """Train in batches of two, two an epoch, and compare each update with the gradient times two factors."""
    settings = TrainingSettings.for_preset(preset, learning_rate=rate, batch_size=2, epochs=5)
    training = Training(certain(), SHOWN, settings, epochs_trained=epochs_trained)
    for weight_factor, bias_factor in factors:
        before = training.snapshot()
        training.step()
        after = training.snapshot()
        for name, gradient, factor in zip(
            ("w", "visible_bias", "hidden_bias"), GRADIENT, (weight_factor, bias_factor, bias_factor), strict=True
        ):
            moved = getattr(after, name) - getattr(before, name)
            np.testing.assert_allclose(moved, factor * gradient, atol=1e-4, err_msg=name)


def test_the_articles_weights_get_the_sum_and_its_biases_the_mean() -> None:
    # Both times (1 - momentum), and on top of momentum times the last update.
    sums = [2 * 0.05 * sum(0.95**k for k in range(n)) for n in (1, 2, 3)]
    moves("article", [(2.0 * s, 2.0 * s / 2) for s in sums], rate=2.0)


def test_the_recommended_gradients_are_means_with_momentum_a_half_in_the_first_epoch() -> None:
    first, second = 1.0, 0.5 + 1.0
    third = 0.9 * second + 1.0
    moves("recommended", [(0.5 * f, 0.5 * f) for f in (first, second, third)], rate=0.5)


def test_a_model_with_an_epoch_behind_it_has_its_full_momentum() -> None:
    moves("recommended", [(0.5, 0.5), (0.95, 0.95)], rate=0.5, epochs_trained=1.0)


def test_a_lower_momentum_stays_in_the_first_epoch() -> None:
    settings = TrainingSettings(learning_rate=0.5, momentum=0.2, batch_size=2)
    training = Training(certain(), SHOWN, settings)
    training.step()
    before = training.snapshot().visible_bias
    training.step()
    np.testing.assert_allclose(training.snapshot().visible_bias - before, 0.6 * GRADIENT[1], atol=1e-4)


def naive_kl(p: Parameters, v: FloatArray, hidden: list[float]) -> float:
    z = p.w.astype(np.float64) @ hidden + p.visible_bias
    q = 1.0 / (1.0 + np.exp(-z))
    nats = float(-(v * np.log(q) + (1.0 - v) * np.log(1.0 - q)).sum(axis=1).mean())
    return (nats - math.log(len(v))) / D


@pytest.mark.parametrize(("preset", "after_update"), [("recommended", False), ("article", True)])
def test_when_the_kl_is_measured(preset: str, after_update: bool) -> None:
    images = np.random.default_rng(0).random((50, D), dtype=np.float32)
    # The hidden units are certain to be on, before and after.
    start = zeros()
    start.hidden_bias[...] = 100.0
    training = Training(start, images, TrainingSettings.for_preset(preset, learning_rate=0.5, batch_size=50))
    kl = training.step().kl
    measured = training.snapshot() if after_update else start
    other = start if after_update else training.snapshot()
    assert kl == pytest.approx(naive_kl(measured, images, [1.0] * H), abs=1e-5)
    assert abs(kl - naive_kl(other, images, [1.0] * H)) > 0.001
