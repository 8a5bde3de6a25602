"""The hot loops: logistic units on float32 arrays, in place, on NumPy or CuPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray

LOWEST_INPUT = np.float32(-87.0)
"""Inputs of units below this are raised to it: exp(87) is the largest power that float32 holds."""
_HIGHEST_INPUT = np.float32(np.inf)
_FACTORS = 8
"""How many factors of up to 1 + exp(87) a product in float64 holds."""


def exp_of_minus(z: FloatArray, out: FloatArray, xp: Any) -> None:
    """Write 1 + exp(−z) to ``out``; ``z`` is clipped in place at `LOWEST_INPUT`.

    Both halves of what a logistic unit needs follow from it without overflow: the probability is its reciprocal,
    and −ln of the probability its logarithm.
    """
    # NumPy's clip with two bounds is vectorised, and several times as fast as its maximum of an array and a number.
    xp.clip(z, LOWEST_INPUT, _HIGHEST_INPUT, out=z)
    xp.negative(z, out=out)
    xp.exp(out, out=out)
    xp.add(out, np.float32(1), out=out)


def sigmoid(z: FloatArray, out: FloatArray, xp: Any) -> None:
    """Write 1 / (1 + exp(−z)) to ``out``, which may be ``z`` itself."""
    exp_of_minus(z, out, xp)
    xp.divide(np.float32(1), out, out=out)  # vectorised by NumPy, as reciprocal is not


def sigmoid_with_cross_entropy(v: FloatArray, z: FloatArray, out: FloatArray, scratch: FloatArray, xp: Any) -> Any:
    """Write sigmoid(z) to ``out`` and return the cross-entropy of ``v`` under it.

    Parameters
    ----------
    v : array of shape (B, D)
        Targets in 0..1.
    z : array of shape (B, D)
        Inputs of the units; clipped in place.
    out, scratch : arrays of shape (B, D)
        The probabilities; and work space.
    xp : module
        `numpy` or `cupy`.

    Returns
    -------
    float
        −Σ [v ln p + (1 − v) ln(1 − p)] in nats, summed over images and pixels; computed as
        Σ [ln(1 + exp(−z)) + (1 − v) z], which neither overflows nor takes the logarithm of 0.
    """
    exp_of_minus(z, scratch, xp)
    xp.divide(np.float32(1), scratch, out=out)
    return _sum_of_logarithms(scratch, xp) + z.sum(dtype=np.float64) - xp.vdot(v, z)


def _sum_of_logarithms(factors: FloatArray, xp: Any) -> Any:
    """Return Σ ln of values in 1..1 + exp(87), as logarithms of products: these are fewer, and they are what costs."""
    flat = factors.reshape(-1)
    columns = flat.size // _FACTORS
    whole = _FACTORS * columns
    products = flat[:whole].reshape(_FACTORS, columns).prod(axis=0, dtype=np.float64)
    return xp.log(products).sum() + xp.log(flat[whole:]).sum(dtype=np.float64)


def sample(probabilities: FloatArray, uniforms: FloatArray, out: FloatArray, xp: Any) -> None:
    """Write Bernoulli samples, 0 or 1: a unit is on where its probability exceeds a uniform number in [0, 1)."""
    xp.greater(probabilities, uniforms, out=out, casting="unsafe")
