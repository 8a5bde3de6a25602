"""The hot loops of the CPU: logistic units on float32 arrays, in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from rbm_studio.core.backend import FloatArray

LOWEST_INPUT = np.float32(-87.0)
"""Inputs of units below this are raised to it: exp(87) is the largest power that float32 holds."""
_HIGHEST_INPUT = np.float32(np.inf)
_CACHED = 1 << 16
"""Numbers in a block: several arrays of so many fit the second-level cache of a core."""
_FACTORS = 8
"""How many factors of up to 1 + exp(87) a product in float64 holds."""


def gather(images: npt.NDArray[Any], rows: npt.NDArray[np.intp], out: FloatArray) -> None:
    """Write some rows of ``images`` to ``out`` as values in 0..1; uint8 images are grey levels 0..255, bool 0 or 1."""
    if images.dtype == np.uint8:
        np.divide(np.take(images, rows, axis=0), np.float32(255), out=out)
    elif images.dtype == np.bool_:
        out[...] = np.take(images, rows, axis=0)
    else:
        # The rows are there; with the default mode NumPy would make a copy, lest one were not.
        np.take(images, rows, axis=0, out=out, mode="clip")


def exp_of_minus(z: FloatArray, out: FloatArray) -> None:
    """Write 1 + exp(−z) to ``out``; ``z`` is clipped in place at `LOWEST_INPUT`.

    Both halves of what a logistic unit needs follow from it without overflow: the probability is its reciprocal,
    and −ln of the probability its logarithm.
    """
    # NumPy's clip with two bounds is vectorised, and several times as fast as its maximum of an array and a number.
    np.clip(z, LOWEST_INPUT, _HIGHEST_INPUT, out=z)
    np.negative(z, out=out)
    np.exp(out, out=out)
    np.add(out, np.float32(1), out=out)


def sigmoid(z: FloatArray, out: FloatArray) -> None:
    """Write 1 / (1 + exp(−z)) to ``out``, which may be ``z`` itself."""
    exp_of_minus(z, out)
    np.divide(np.float32(1), out, out=out)  # vectorised by NumPy, as reciprocal is not


def blocks(rows: int, width: int) -> list[slice]:
    """Return slices of rows that fit a core's cache together: several passes over one are faster than over all."""
    step = max(1, _CACHED // max(width, 1))
    return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]


def units(z: FloatArray, bias: FloatArray) -> None:
    """Turn inputs (n, D) without their bias (D,) into probabilities 1 / (1 + exp(−z − bias)), in place.

    An exponential that overflows gives the probability 0, which is right: the caller silences the warning.
    """
    negative = -bias
    for rows in blocks(z.shape[0], z.shape[1]):
        some = z[rows]
        np.subtract(negative, some, out=some)  # adds the bias and changes the sign in one pass
        np.exp(some, out=some)
        np.add(some, np.float32(1), out=some)
        np.divide(np.float32(1), some, out=some)


def softmax_units(z: FloatArray, bias: FloatArray) -> None:
    """Turn inputs (n, C) without their bias into the probabilities of a group of which one is on, in place."""
    np.add(z, bias, out=z)
    np.subtract(z, z.max(axis=1, keepdims=True), out=z)
    np.exp(z, out=z)
    np.divide(z, z.sum(axis=1, keepdims=True), out=z)


def sample_softmax(probabilities: npt.NDArray[Any], uniforms: npt.NDArray[Any]) -> None:
    """Sample a group of which one is on, in place: probabilities (n, C) become one-hot, by uniforms (n,)."""
    cumulated = np.cumsum(probabilities, axis=1)
    # The last sum may round to less than 1; the last class takes what is left.
    chosen = (cumulated[:, :-1] <= uniforms[:, None]).sum(axis=1)
    np.equal(np.arange(probabilities.shape[1]), chosen[:, None], out=probabilities, casting="unsafe")


def cross_entropy(v: FloatArray, z: FloatArray, bias: FloatArray, scratch: FloatArray) -> Any:
    """Return the cross-entropy of ``v`` under units with these inputs, and leave their probabilities in ``z``.

    Parameters
    ----------
    v : array of shape (B, D)
        Targets in 0..1.
    z : array of shape (B, D)
        Inputs of the units without their bias; with it, what is below `LOWEST_INPUT` counts as that.
    bias : array of shape (D,)
    scratch : array of shape (B, D)
        Work space.

    Returns
    -------
    float
        −Σ [v ln p + (1 − v) ln(1 − p)] in nats, summed over images and pixels; computed as
        Σ [ln(1 + exp(−z)) + (1 − v) z], which neither overflows nor takes the logarithm of 0.
    """
    nats: Any = 0.0
    for rows in blocks(z.shape[0], z.shape[1]):
        shown, some, factors = v[rows], z[rows], scratch[rows]
        np.add(some, bias, out=some)
        exp_of_minus(some, factors)
        # Sums of rows in float32, and their sum in float64: one sum of all could lose digits.
        nats = nats + some.sum(axis=1).sum(dtype=np.float64) - np.vdot(shown, some)
        np.divide(np.float32(1), factors, out=some)
        nats = nats + _sum_of_logarithms(factors)
    return nats


def _sum_of_logarithms(factors: FloatArray) -> Any:
    """Return Σ ln of values in 1..1 + exp(87), as logarithms of products: these are fewer, and they are what costs."""
    flat = factors.reshape(-1)
    columns = flat.size // _FACTORS
    whole = _FACTORS * columns
    products = flat[:whole].reshape(_FACTORS, columns).prod(axis=0, dtype=np.float64)
    return np.log(products).sum() + np.log(flat[whole:]).sum(dtype=np.float64)


def sample(probabilities: FloatArray, uniforms: FloatArray, out: FloatArray) -> None:
    """Write Bernoulli samples, 0 or 1: a unit is on where its probability exceeds a uniform number in [0, 1)."""
    np.greater(probabilities, uniforms, out=out, casting="unsafe")
