"""Samples of units, and Gibbs chains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.core import kernels

if TYPE_CHECKING:
    import numpy.typing as npt

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.parameters import Parameters


def bernoulli(probabilities: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return 0 or 1 for each probability, as float32 of the same shape."""
    samples = np.empty_like(probabilities)
    kernels.sample(probabilities, rng.random(probabilities.shape, dtype=np.float32), samples)
    return samples


def one_of(probabilities: npt.NDArray[Any], rng: np.random.Generator) -> FloatArray:
    """Return a sample of a group of which one is on, one-hot, as float32, for probabilities of shape (n, C)."""
    samples = probabilities.copy()
    kernels.sample_softmax(samples, rng.random(len(samples)))
    return samples.astype(np.float32, copy=False)


def sample_hidden(parameters: Parameters, visible: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return a sample of h given v, of shape (n, H), for v of shape (n, D).

    Hidden units are independent given v and the class, but not given v alone: a model with label units draws the class
    first, from p(y | v).
    """
    p = parameters
    labels = one_of(p.label_probabilities(visible), rng) if p.label_num else None
    return bernoulli(p.expect_hidden(visible, labels), rng)


def sample_visible(parameters: Parameters, hidden: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return a sample of v given h, of shape (n, D), for h of shape (n, H)."""
    return bernoulli(parameters.expect_visible(hidden), rng)


def reconstruct(parameters: Parameters, visible: FloatArray, rng: np.random.Generator | None) -> FloatArray:
    """Return E[v | h] for hidden units that follow from the visible ones.

    Parameters
    ----------
    parameters : Parameters
    visible : ndarray of shape (n, D)
        Values in 0..1, clamped.
    rng : numpy.random.Generator or None
        Samples the hidden units, as in the article; with None they keep their expectation (mean field).

    Returns
    -------
    float32 ndarray of shape (n, D)
        Probabilities.
    """
    hidden = parameters.expect_hidden(visible) if rng is None else sample_hidden(parameters, visible, rng)
    return parameters.expect_visible(hidden)
