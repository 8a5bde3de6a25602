"""Tiny RBMs, and the truth about them: sums over all states, in float64, straight from the definition of the energy."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from rbm_studio.core.parameters import Parameters

if TYPE_CHECKING:
    from numpy.typing import NDArray

Array: TypeAlias = "NDArray[np.float64]"


def random_parameters(visible: int, hidden: int, seed: int = 0) -> Parameters:
    rng = np.random.default_rng(seed)
    shapes = ((visible, hidden), (visible,), (hidden,))
    w, a, b = (rng.normal(0.0, 1.0, shape).astype(np.float32) for shape in shapes)
    return Parameters(w, a, b)


def all_states(units: int) -> Array:
    return np.array(list(product((0.0, 1.0), repeat=units)))


def energies(p: Parameters) -> Array:
    """Return E(v, h) for each state v, a row, and each state h, a column."""
    w, a, b = (array.astype(np.float64) for array in (p.w, p.visible_bias, p.hidden_bias))
    hidden_states = all_states(p.hidden_num)
    return np.array([[-(v @ w @ h) - a @ v - b @ h for h in hidden_states] for v in all_states(p.visible_num)])


def log_partition(p: Parameters) -> float:
    return float(np.log(np.exp(-energies(p)).sum()))


def joint(p: Parameters) -> Array:
    """Return p(v, h), of shape (2**D, 2**H)."""
    return np.exp(-energies(p) - log_partition(p))


def hidden_given_visible(p: Parameters) -> Array:
    """Return p(h | v) of whole hidden states, a column each, for each visible state."""
    together = joint(p)
    conditional: Array = together / together.sum(axis=1, keepdims=True)
    return conditional


def visible_given_hidden(p: Parameters) -> Array:
    """Return p(v | h) of whole visible states, a row each, for each hidden state."""
    together = joint(p)
    conditional: Array = together / together.sum(axis=0, keepdims=True)
    return conditional
