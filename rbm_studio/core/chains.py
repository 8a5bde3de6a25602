"""Gibbs chains through the distributions between independent pixels and a model, for annealing."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rbm_studio.core.sampling import one_of
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.parameters import Parameters

    Doubles = npt.NDArray[np.float64]

_WORDS = np.float32(1 << 16)
_STEPS = 1 << 7
"""Into so many parts the spaces between 16-bit numbers are divided: float32 holds no finer."""


class Path:
    """Distributions from independent pixels, β = 0, to a model, β = 1, as sums f_β over the hidden units.

    f_β(v) = exp((1 − β) a₀ᵀv + β aᵀv) Π_j (1 + exp(β (b_j + (vᵀw)_j))) (Salakhutdinov & Murray 2008). Label units,
    where there are any, stand behind the pixels in v, with biases of 0 at β = 0: there all classes are as probable.

    Parameters
    ----------
    parameters : Parameters
    base_visible_bias : ndarray of shape (D,)
        a₀.

    Raises
    ------
    RBMStudioError
        If there is not one for each visible unit.
    """

    def __init__(self, parameters: Parameters, base_visible_bias: FloatArray) -> None:
        p = parameters
        if base_visible_bias.shape != p.visible_bias.shape:
            raise RBMStudioError(
                "The biases to start from have the shape {shape}, but the RBM has {visible} visible units.",
                "Give one bias for each visible unit.",
                shape=base_visible_bias.shape,
                visible=p.visible_num,
            )
        self.parameters = p
        self.w, self.bias, self.base = p.w, p.visible_bias, base_visible_bias.astype(np.float32)
        if p.label_w is not None and p.label_bias is not None:
            self.w = np.concatenate([p.w, p.label_w])
            self.bias = np.concatenate([p.visible_bias, p.label_bias])
            self.base = np.concatenate([self.base, np.zeros_like(p.label_bias)])

    @property
    def base_log_partition(self) -> float:
        """The logarithm of Σ_v f_0(v), in nats."""
        p = self.parameters
        pixels = np.logaddexp(0.0, self.base[: p.visible_num].astype(np.float64)).sum()
        return float(pixels + p.hidden_num * np.log(2.0) + np.log(max(1, p.label_num)))

    def anywhere(self, count: int) -> FloatArray:
        """Return places for chains that start at β = 0, from where the first step leads anywhere."""
        return np.zeros((count, len(self.bias)), dtype=np.float32)

    def states(self, images: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Return images as states of the chains: a model with label units draws each one's class, from p(y | v)."""
        if not self.parameters.label_num:
            return images.astype(np.float32)
        labels = one_of(self.parameters.label_probabilities(images), rng)
        return np.concatenate([images, labels], axis=1, dtype=np.float32)

    def walk(self, states: FloatArray, betas: Doubles, rng: np.random.Generator) -> Iterator[Doubles]:
        """Move chains from each β to the next, by a Gibbs step at the first of the two.

        Parameters
        ----------
        states : ndarray of shape (n, D + C)
            Where they start, of no account where the first β is 0.
        betas : ndarray
            In 0..1.
        rng : numpy.random.Generator

        Yields
        ------
        float64 ndarray of shape (n,)
            ln f_after(v) − ln f_before(v) of the states v after the step.
        """
        chains = _Chains(self, states, rng)
        for before, after in pairwise(betas.tolist()):
            chains.step(before)
            yield chains.log_ratio(before, after)


class _Chains:
    """Chains that move together, and the room that this takes.

    Parameters
    ----------
    path : Path
    states : ndarray of shape (n, D + C)
    rng : numpy.random.Generator
    """

    def __init__(self, path: Path, states: FloatArray, rng: np.random.Generator) -> None:
        self._path = path
        self._rng = rng
        self._bits = np.random.SFC64(rng.integers(1 << 63, size=2).tolist())
        self._difference = path.bias - path.base
        self._v = states.copy()
        self._visible, self._visible_uniforms = np.empty_like(states), np.empty_like(states)
        shape = (len(states), path.parameters.hidden_num)
        self._z, self._size, self._factor, self._h, self._hidden_uniforms = (
            np.empty(shape, dtype=np.float32) for _ in range(5)
        )
        self._is_on = np.empty(shape, dtype=np.bool_)
        self._measure()

    def step(self, beta: float) -> None:
        """Draw hidden, and then visible units, from their conditional distributions at β."""
        path, pixels = self._path, self._path.parameters.visible_num
        np.multiply(self._sample_hidden(beta), np.float32(-beta), out=self._h)
        t = np.matmul(self._h, path.w.T, out=self._visible)
        t -= (beta * path.bias + (1.0 - beta) * path.base).astype(np.float32)
        # From here t is minus the input. Overflow means a probability of 0, also where it meets a factor of 0.
        classes = t[:, pixels:] - self._rng.gumbel(size=(len(t), t.shape[1] - pixels))
        with np.errstate(over="ignore", invalid="ignore"):
            np.exp(t, out=t)
            t += np.float32(1)
            t *= self._uniforms(self._visible_uniforms)
        np.less(t, _WORDS, out=self._v, casting="unsafe")
        if classes.shape[1]:
            np.equal(np.arange(classes.shape[1]), classes.argmin(axis=1)[:, None], out=self._v[:, pixels:])
        self._measure()

    def log_ratio(self, before: float, after: float) -> Doubles:
        """Return ln f_after(v) − ln f_before(v) of each chain's v, of shape (n,)."""
        # With z = b + vᵀw a softplus of βz is β max(z, 0) + ln(1 + exp(−β|z|)).
        factors = self._exponential(after, self._h)
        factors += np.float32(1)
        divisors = self._exponential(before, self._factor)
        divisors += np.float32(1)
        factors /= divisors
        ratio: Doubles = np.log(factors, out=factors).sum(axis=1, dtype=np.float64)
        linear = np.clip(self._z, 0, np.inf, out=self._z).sum(axis=1, dtype=np.float64) + self._v @ self._difference
        ratio += (after - before) * linear
        return ratio

    def _measure(self) -> None:
        """Find the hidden units' inputs."""
        z = np.matmul(self._v, self._path.w, out=self._z)
        z += self._path.parameters.hidden_bias
        np.abs(z, out=self._size)
        np.greater(z, 0, out=self._is_on)

    def _exponential(self, beta: float, out: FloatArray) -> FloatArray:
        """Return exp(−β|z|)."""
        np.multiply(self._size, np.float32(-beta), out=out)
        return np.exp(out, out=out)

    def _sample_hidden(self, beta: float) -> npt.NDArray[np.bool_]:
        # A unit is in the less probable of its two states with the probability e / (1 + e), e = exp(−β|z|).
        e = self._exponential(beta, self._h)
        factor = np.add(e, np.float32(1), out=self._factor)
        factor *= self._uniforms(self._hidden_uniforms)
        e *= _WORDS
        return np.not_equal(factor < e, self._is_on, out=self._is_on)

    def _uniforms(self, out: FloatArray) -> FloatArray:
        """Fill an array with uniform numbers between 0 and 2¹⁶.

        Their whole parts are random bits, and what stands behind the point, which decides once in 2¹⁶ times, is the
        same for all numbers drawn together: so a unit is on with its probability to the last digit of float32.
        """
        words = self._bits.random_raw(-(-out.size // 4)).view(np.uint16)[: out.size].reshape(out.shape)
        part = (self._rng.integers(_STEPS) + 0.5) / _STEPS
        return np.add(words, np.float32(part), out=out)
