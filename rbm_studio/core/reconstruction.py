"""How well a model restores images from one sample of its hidden units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.core.sampling import reconstruct, sample_hidden

if TYPE_CHECKING:
    from rbm_studio.core.metric_data import MetricData
    from rbm_studio.core.parameters import Parameters


def cross_entropy(parameters: Parameters, data: MetricData, rng: np.random.Generator) -> float:
    """Return the mean of −Σ_i [v_i ln p_i + (1 − v_i) ln(1 − p_i)] over images, in nats per image.

    p = 1 / (1 + exp(−z)) with z = w h + a, for one sample h of the hidden units given v. As Σ softplus(z) − v z it
    neither overflows nor takes the logarithm of 0.
    """
    p, total = parameters, 0.0
    for v, _ in data.blocks():
        z = sample_hidden(p, v, rng) @ p.w.T
        z += p.visible_bias
        softplus = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
        total += float((softplus - v * z).sum(dtype=np.float64))
    return total / len(data)


def squared_error(parameters: Parameters, data: MetricData, rng: np.random.Generator) -> float:
    """Return the mean of (v_i − p_i)² over pixels and images."""
    squares = (np.square(v - reconstruct(parameters, v, rng)).sum(dtype=np.float64) for v, _ in data.blocks())
    return float(sum(squares)) / (len(data) * parameters.visible_num)


def entropy_of_pixels(data: MetricData) -> float:
    """Return the mean of −Σ_i [v_i ln v_i + (1 − v_i) ln(1 − v_i)] over images, in nats per image.

    It is the cross-entropy of a perfect reconstruction of grey values; 0 for binary images.
    """
    total = 0.0
    for v, _ in data.blocks():
        for q in (v, 1 - v):
            total -= float((q * np.log(np.where(q > 0, q, 1))).sum(dtype=np.float64))
    return total / len(data)
