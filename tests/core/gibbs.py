"""What Gibbs sampling must give on tiny RBMs with or without label units: every state with its probability, in float64.

A row of visible units is an image's pixels, then its label units, one-hot.
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.core.enumeration import all_states
from tests.core.joint_enumeration import random_model
from tests.core.reference import sigmoid, stacked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rbm_studio.core.parameters import Parameters
    from tests.core.enumeration import Array


def two_modes(visible: int = 4, hidden: int = 3, classes: int = 0) -> Parameters:
    """Return a model that is mostly all off or all on, and does not change its mind in a few Gibbs steps."""
    p = random_model(visible, hidden, classes, scale=0.6)
    p.w[...] += 1.5
    p.visible_bias[...] -= 1.5 * hidden / 2
    p.hidden_bias[...] -= 1.5 * visible / 2
    if p.label_w is not None:
        p.label_w[...] *= 2
    return p


class Gibbs:
    """The conditional distributions of a model, as tables, with all energies times ``beta``."""

    def __init__(self, p: Parameters, beta: float = 1.0) -> None:
        self.w, self.a, self.b = (beta * array for array in stacked(p))
        self.pixels = p.visible_num
        classes = np.eye(p.label_num) if p.label_num else np.empty((1, 0))
        self.visible_states = np.array([[*v, *y] for v, y in product(all_states(p.visible_num), classes)])
        self.hidden_states = all_states(p.hidden_num)

    def expect_hidden(self, visible: NDArray[Any]) -> Array:
        return sigmoid(visible @ self.w + self.b)

    def expect_visible(self, hidden: NDArray[Any]) -> Array:
        z = hidden @ self.w.T + self.a
        powers = np.exp(z[:, self.pixels :])
        return np.concatenate([sigmoid(z[:, : self.pixels]), powers / powers.sum(axis=1, keepdims=True)], axis=1)

    def hidden_given(self, visible: Array) -> Array:
        """Return the probability of each hidden state, a column, for each visible row."""
        on = self.expect_hidden(visible)[:, None, :]
        states: Array = np.where(self.hidden_states == 1, on, 1 - on).prod(axis=2)
        return states

    def visible_given_hidden(self) -> Array:
        """Return the probability of each visible state, a column, for each hidden state, a row."""
        p = self.expect_visible(self.hidden_states)[:, None, :]
        states, pixels = self.visible_states, self.pixels
        shown: Array = np.where(states[:, :pixels] == 1, p[:, :, :pixels], 1 - p[:, :, :pixels]).prod(axis=2)
        labels: Array = np.where(states[:, pixels:] == 1, p[:, :, pixels:], 1.0).prod(axis=2)
        return shown * labels

    def joint(self) -> Array:
        """Return the probability of each visible state, a row, with each hidden one, a column: exp(−E) / Z."""
        v, h = self.visible_states, self.hidden_states
        powers = np.exp(v @ self.w @ h.T + (v @ self.a)[:, None] + h @ self.b)
        joint: Array = powers / powers.sum()
        return joint

    def step(self, *, sampled: bool) -> Array:
        """Return the probability to go from one hidden state, a row, to another in one step.

        The visible units in between are sampled, or keep their expectation.
        """
        if sampled:
            return self.visible_given_hidden() @ self.hidden_given(self.visible_states)
        return self.hidden_given(self.expect_visible(self.hidden_states))

    def statistics(self, weights: Array, visible: Array) -> list[Array]:
        """Return ⟨v p(h|v)ᵀ⟩, ⟨v⟩ and ⟨p(h|v)⟩ over visible rows with these weights, of sum 1."""
        h = self.expect_hidden(visible)
        return [(weights[:, None] * visible).T @ h, weights @ visible, weights @ h]

    def after(self, p_h: Array, k: int, *, sampled: bool) -> list[Array]:
        """Return the statistics of the visible units k steps after hidden states of these probabilities."""
        p_h = p_h @ np.linalg.matrix_power(self.step(sampled=sampled), k - 1)
        if sampled:
            return self.statistics(p_h @ self.visible_given_hidden(), self.visible_states)
        return self.statistics(p_h, self.expect_visible(self.hidden_states))


def places(rows: NDArray[Any], states: Array) -> NDArray[np.intp]:
    """Return which of the states each row is."""
    codes = 2 ** np.arange(states.shape[1])
    order = np.full(2 ** states.shape[1], -1)
    order[(states @ codes).astype(np.intp)] = np.arange(len(states))
    found: NDArray[np.intp] = order[(rows @ codes).astype(np.intp)]
    assert found.min() >= 0
    return found


def excess(found: NDArray[np.intp], probabilities: Array) -> float:
    """Return how unlikely counts are, by Pearson's chi-square, in standard deviations of a normal variable.

    The cube root of chi-square over its degrees of freedom is nearly normal (Wilson & Hilferty 1931). States that are
    expected fewer than five times are put together with the least probable of the others.
    """
    order = np.argsort(probabilities)
    counts = np.bincount(found, minlength=len(probabilities))[order].astype(np.float64)
    expected = probabilities[order] * len(found)
    rare = int((np.cumsum(expected) < 5).sum())
    counts, expected = (np.append(values[: rare + 1].sum(), values[rare + 1 :]) for values in (counts, expected))
    freedom = len(expected) - 1
    chi_square = float(((counts - expected) ** 2 / expected).sum())
    ninth = 2.0 / (9.0 * freedom)
    return float((chi_square / freedom) ** (1 / 3) - (1.0 - ninth)) / math.sqrt(ninth)


def draw(probabilities: Array, states: Array, count: int, seed: int = 0) -> Array:
    """Return states drawn with these probabilities."""
    drawn: Array = states[np.random.default_rng(seed).choice(len(states), size=count, p=probabilities)]
    return drawn
