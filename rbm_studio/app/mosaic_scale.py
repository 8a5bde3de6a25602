"""The colour scale of many filters: a limit that a few great weights do not move, and that follows training calmly."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PERCENTILE = 99.5
_LIMIT_SAMPLES = 1 << 15
# Each new set of tiles moves the colour limit by this share of its distance, so that colours do not flicker,
_LIMIT_STEP = 0.25
# but a limit that is off by more than this factor is another model's, and is dropped at once.
_LIMIT_JUMP = 1.5


def robust_limit(weights: NDArray[np.float32]) -> float:
    """Return the 99.5th percentile of the magnitudes, from a sample of them; 1 where all are zero.

    Parameters
    ----------
    weights : ndarray of shape (height, width, n)
    """
    pixels, count = weights[..., 0].size, weights.shape[-1]
    step = max(weights.size // _LIMIT_SAMPLES, 1)
    # A step that shares a factor with the units would see the same few of them at every pixel.
    while math.gcd(step, count) > 1:
        step += 1
    sample = np.abs(weights.reshape(pixels, count).ravel()[::step])
    sample = sample[np.isfinite(sample)]
    limit = float(np.percentile(sample, _PERCENTILE)) if sample.size else 0.0
    return limit or float(sample.max(initial=0.0)) or 1.0


def next_limit(previous: float | None, target: float) -> float:
    """Return the limit that follows another one on its way to a target."""
    if previous is None or not 1 / _LIMIT_JUMP <= target / previous <= _LIMIT_JUMP:
        return target
    return previous + _LIMIT_STEP * (target - previous)
