"""How probable the model makes images: the partition function, exact and estimated."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rbm_studio.core.kernels import sigmoid
from rbm_studio.core.parameters import Parameters
from rbm_studio.core.sampling import bernoulli
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray

MAX_EXACT_UNITS = 25
"""The larger a layer, the more states to sum over: 2²⁵ is about 34 million."""
_BLOCK = 1 << 12


def log_sum_exp(values: npt.NDArray[np.float64]) -> float:
    """Return ln Σ exp(values) without overflow."""
    highest = values.max()
    return float(highest + np.log(np.exp(values - highest).sum()))


def exact_log_partition(parameters: Parameters) -> float:
    """Return ln Z by summing over all states of the smaller layer, in blocks.

    Parameters
    ----------
    parameters : Parameters
        With at most `MAX_EXACT_UNITS` units in the smaller layer.

    Returns
    -------
    float
        In nats.

    Raises
    ------
    RBMStudioError
        If both layers are larger.
    """
    p = parameters
    if p.hidden_num > p.visible_num:
        p = Parameters(p.w.T, p.hidden_bias, p.visible_bias)
    if p.hidden_num > MAX_EXACT_UNITS:
        raise RBMStudioError(
            "The exact partition function needs a layer of at most {most} units; the smaller one has {units}.",
            "Estimate it by annealed importance sampling.",
            most=MAX_EXACT_UNITS,
            units=p.hidden_num,
        )
    # Summing the visible layer out of the smaller one's states is the free energy of the transposed model.
    transposed = Parameters(p.w.T, p.hidden_bias, p.visible_bias)
    states = 1 << p.hidden_num
    blocks = [
        log_sum_exp(-transposed.free_energy(_bits(np.arange(start, min(start + _BLOCK, states)), p.hidden_num)))
        for start in range(0, states, _BLOCK)
    ]
    return log_sum_exp(np.array(blocks))


def _bits(numbers: npt.NDArray[np.intp], width: int) -> FloatArray:
    return (numbers[:, None] >> np.arange(width) & 1).astype(np.float32)


@dataclass(frozen=True)
class Estimate:
    """A figure with its standard error, both in nats."""

    value: float
    standard_error: float


def annealed_log_partition(
    parameters: Parameters,
    rng: np.random.Generator,
    *,
    base_visible_bias: FloatArray | None = None,
    chains: int = 100,
    temperatures: int = 1000,
) -> Estimate:
    """Estimate ln Z by annealed importance sampling (Neal 2001; Salakhutdinov & Murray 2008, section 4.1.3).

    Chains go from independent pixels to the model through ``temperatures`` intermediate distributions
    p_β(v) ∝ exp((1 − β) a₀ᵀv + β aᵀv) Π_j (1 + exp(β (b_j + (vᵀw)_j))).

    Parameters
    ----------
    parameters : Parameters
    rng : numpy.random.Generator
    base_visible_bias : ndarray of shape (D,), optional
        a₀ of the independent pixels to start from, best the log odds of the data's mean; the model's own without it.
    chains, temperatures : int
        More of either narrows the error.

    Returns
    -------
    Estimate
        Of ln Z. Its error is what the chains' weights show: where the chains miss a mode, ln Z comes out too low, and
        likelihoods too high.
    """
    p = parameters
    base = p.visible_bias if base_visible_bias is None else base_visible_bias
    pixels = np.tile(base.astype(np.float32), (chains, 1))
    sigmoid(pixels, pixels, np)
    v = bernoulli(pixels, rng)
    betas = np.linspace(0.0, 1.0, temperatures + 1, dtype=np.float32)
    log_weights = np.zeros(chains)
    difference = (p.visible_bias - base).astype(np.float64)
    for before, beta in itertools.pairwise(betas):
        z = v @ p.w + p.hidden_bias
        log_weights += (beta - before) * (v @ difference)
        log_weights += (_softplus(beta * z) - _softplus(before * z)).sum(axis=1, dtype=np.float64)
        at_beta = Parameters(beta * p.w, beta * p.visible_bias + (1 - beta) * base, beta * p.hidden_bias)
        v = bernoulli(at_beta.expect_visible(bernoulli(at_beta.expect_hidden(v), rng)), rng)
    base_log_partition = np.logaddexp(0.0, base.astype(np.float64)).sum() + p.hidden_num * np.log(2.0)
    weights = np.exp(log_weights - log_weights.max())
    relative_error = weights.std(ddof=1) / np.sqrt(chains) / weights.mean() if chains > 1 else np.inf
    value = base_log_partition + log_sum_exp(log_weights) - np.log(chains)
    return Estimate(float(value), float(relative_error))


def _softplus(z: FloatArray) -> FloatArray:
    values: FloatArray = np.maximum(z, 0) + np.log(1 + np.exp(-np.abs(z)))
    return values


def log_likelihood(parameters: Parameters, images: FloatArray, log_partition: float) -> float:
    """Return the mean ln p(v) = −F(v) − ln Z of binary images of shape (n, D), in nats an image."""
    return float(-parameters.free_energy(images).mean() - log_partition)
