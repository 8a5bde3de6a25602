"""A trainer as the formulas say it, in float64: exact gradients by enumeration, and no thought for speed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.core.parameters import Parameters
from tests.core.joint_enumeration import enumerate_joint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rbm_studio.core.settings import TrainingSettings
    from tests.core.enumeration import Array


def sigmoid(z: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-z))


def stacked(p: Parameters) -> list[Array]:
    """Return w, the visible biases and the hidden ones, the label units' below the pixels', in float64."""
    arrays = {name: array.astype(np.float64) for name, array in p.arrays().items()}
    w, a = arrays["w"], arrays["visible_bias"]
    if p.label_num:
        w, a = np.concatenate([w, arrays["label_w"]]), np.concatenate([a, arrays["label_bias"]])
    return [w, a, arrays["hidden_bias"]]


class Reference:
    """Trains by the exact gradient, a step at a time.

    Learning rate, momentum and k are arguments of each step: when they change is for the tests to say.
    """

    def __init__(self, start: Parameters, settings: TrainingSettings) -> None:
        self.settings = settings
        self.pixels = start.visible_num
        self.w, self.a, self.b = stacked(start)
        self.velocity = [np.zeros_like(array) for array in self.arrays]
        self.square = [np.zeros_like(array) for array in self.arrays]
        self.steps = 0
        self.mu, self.lam = sigmoid(self.a), np.full_like(self.b, 0.5)
        self.activity = np.full_like(self.b, settings.sparsity_target)

    @property
    def arrays(self) -> list[Array]:
        return [self.w, self.a, self.b]

    @property
    def parameters(self) -> Parameters:
        w, a, b = (array.astype(np.float32) for array in self.arrays)
        labels = (w[self.pixels :], a[self.pixels :]) if len(a) > self.pixels else (None, None)
        return Parameters(w[: self.pixels], a[: self.pixels], b, *labels)

    def gradient(self, v: Array) -> list[Array]:
        """Return the gradient for visible rows (n, D + C), with all that the settings add to it."""
        s = self.settings
        h = sigmoid(v @ self.w + self.b)
        push = s.sparsity_cost * (s.sparsity_target - self.activity)
        self.activity = 0.95 * self.activity + 0.05 * h.mean(axis=0)
        mu, lam = np.zeros_like(self.a), np.zeros_like(self.b)
        if s.centred:
            self.mu = self.mu + s.offset_rate * (v.mean(axis=0) - self.mu)
            self.lam = self.lam + s.offset_rate * (h.mean(axis=0) - self.lam)
            mu, lam = self.mu, self.lam
        truth = enumerate_joint(self.parameters)
        visible = np.concatenate([truth.v, truth.y], axis=1)
        pushed = h + push
        w = (v - mu).T @ (pushed - lam) / len(v) - ((visible - mu) * truth.p[:, None]).T @ (truth.h - lam)
        a = v.mean(axis=0) - truth.p @ visible - w @ lam
        b = pushed.mean(axis=0) - truth.p @ truth.h - w.T @ mu
        w -= s.l2 * self.w + s.l1 * np.sign(self.w)
        norm = np.sqrt(sum(float((array**2).sum()) for array in (w, a, b)))
        clip = min(1.0, s.clip_norm / norm) if s.clip_norm else 1.0
        return [clip * w, clip * a, clip * b]

    def step(self, v: Array, rate: float, momentum: float, *, weight_factor: float = 1.0) -> None:
        """Update by visible rows (n, D + C); ``weight_factor`` multiplies the gradient of the weights."""
        self.steps += 1
        gradient = self.gradient(v)
        gradient[0] = gradient[0] * weight_factor
        if self.settings.update == "adam":
            self.velocity = _mix(self.velocity, gradient, momentum)
            self.square = _mix(self.square, [array**2 for array in gradient], 0.999)
            moves = [
                rate * (mean / (1 - momentum**self.steps)) / (np.sqrt(square / (1 - 0.999**self.steps)) + 1e-8)
                for mean, square in zip(self.velocity, self.square, strict=True)
            ]
        else:
            self.velocity = [momentum * old + rate * new for old, new in zip(self.velocity, gradient, strict=True)]
            moves = self.velocity
        self.w, self.a, self.b = (array + move for array, move in zip(self.arrays, moves, strict=True))
        if self.settings.max_norm:
            norms = np.linalg.norm(self.w, axis=0)
            self.w = self.w * np.minimum(1.0, self.settings.max_norm / np.maximum(norms, 1e-300))


def _mix(old: Sequence[Array], new: Sequence[Array], decay: float) -> list[Array]:
    return [decay * before + (1 - decay) * now for before, now in zip(old, new, strict=True)]
