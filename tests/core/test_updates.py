"""The update rules and penalties by themselves; what becomes of them in a run, test_training_updates.py says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.core.presets import settings_for
from rbm_studio.core.updates import UPDATES, Step, clip_factor, decay, limit_norms

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray


def kept(name: str, shape: tuple[int, ...]) -> list[FloatArray]:
    return [np.zeros(shape, dtype=np.float32) for _ in UPDATES[name].kept]


@pytest.mark.parametrize("momentum", [0.0, 0.8])
def test_momentum_against_its_formula(momentum: float) -> None:
    rng = np.random.default_rng(0)
    rule, step = UPDATES["sgd"], Step(0.1, momentum, 1)
    target, slots = np.zeros((3, 4), dtype=np.float32), kept("sgd", (3, 4))
    place, velocity = np.zeros((3, 4)), np.zeros((3, 4))
    for _ in range(6):
        gradient = rng.normal(size=(3, 4))
        velocity = momentum * velocity + 0.1 * gradient
        place = place + velocity
        # The rule wants the gradient already scaled.
        assert rule.gradient_scale(step) == 0.1
        rule.apply(target, (0.1 * gradient).astype(np.float32), slots, step)
        np.testing.assert_allclose(target, place, atol=1e-6)
        np.testing.assert_allclose(slots[0], velocity, atol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 1e-4, 1e4])
def test_adam_against_its_formula(scale: float) -> None:
    # Kingma & Ba (2015), algorithm 1.
    rng = np.random.default_rng(0)
    rule = UPDATES["adam"]
    target, slots = np.zeros((3, 4), dtype=np.float32), kept("adam", (3, 4))
    place, mean, square = np.zeros((3, 4)), np.zeros((3, 4)), np.zeros((3, 4))
    for number in range(1, 8):
        gradient = scale * rng.normal(size=(3, 4))
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        move = 0.01 * (mean / (1 - 0.9**number)) / (np.sqrt(square / (1 - 0.999**number)) + 1e-8)
        place = place + move
        step = Step(0.01, 0.9, number)
        assert rule.gradient_scale(step) == 1.0
        rule.apply(target, gradient.astype(np.float32), slots, step)
        np.testing.assert_allclose(target, place, atol=1e-5)
        np.testing.assert_allclose(slots[0], move, atol=1e-5)


@pytest.mark.parametrize("name", UPDATES)
def test_no_gradient_is_no_step(name: str) -> None:
    target = np.ones((2, 2), dtype=np.float32)
    UPDATES[name].apply(target, np.zeros((2, 2), dtype=np.float32), kept(name, (2, 2)), Step(0.1, 0.9, 1))
    np.testing.assert_array_equal(target, np.ones((2, 2)))


def test_decay_is_the_slope_of_the_penalty() -> None:
    settings = settings_for("cd-1", l1=0.3, l2=0.2)
    w = np.array([[1.5, -0.5, 0.0]], dtype=np.float32)
    gradient = np.ones_like(w)
    decay(w, gradient, settings, 2.0, np)

    def penalty(value: float) -> float:
        return 0.3 * abs(value) + 0.2 * value**2 / 2

    slopes = [(penalty(value + 1e-6) - penalty(value - 1e-6)) / 2e-6 for value in w[0].tolist()]
    np.testing.assert_allclose(gradient[0], 1 - 2 * np.array(slopes), atol=1e-5)


def test_only_norms_that_are_too_large_are_limited() -> None:
    w = np.array([[3.0, 0.3, 0.0], [4.0, 0.4, 0.0]], dtype=np.float32)
    limit_norms(w, settings_for("cd-1", max_norm=1.0), np)
    np.testing.assert_allclose(w, [[0.6, 0.3, 0.0], [0.8, 0.4, 0.0]], rtol=1e-6)
    before = w.copy()
    limit_norms(w, settings_for("cd-1", max_norm=0.0), np)
    np.testing.assert_array_equal(w, before)


def test_the_norm_of_all_gradients_together_is_clipped() -> None:
    gradients = tuple(np.array(values, dtype=np.float32) for values in ([[0.0, 3.0]], [0.0], [4.0]))
    # Multiplied by a rate of 0.5, the gradient's norm was 10.
    assert clip_factor(gradients, settings_for("cd-1", clip_norm=2.0), 0.5, np) == pytest.approx(0.2)
    assert clip_factor(gradients, settings_for("cd-1", clip_norm=10.5), 0.5, np) == 1.0
    zeros = tuple(np.zeros_like(gradient) for gradient in gradients)
    assert clip_factor(zeros, settings_for("cd-1", clip_norm=2.0), 0.5, np) == 1.0
