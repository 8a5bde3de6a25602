"""Sums over all states of a layer, with the other layer's units summed out.

Those are independent given the layer's state h, so the weight of h is exp(bᵀh) times a factor 1 + exp(a_i + w_i h) of
each of them. In two halves h = (f, s) such a factor is 1·1 + exp(a_i + w_i f) · exp(w_i s), and the product of m of
them is a sum of 2^m such products: one for each state of m units. For all pairs of halves that is a matrix product,
many times as fast as the exponentials of all states.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rbm_studio.core.threads import Threads, blas_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rbm_studio.core.backend import FloatArray

    Array = npt.NDArray[np.float64]

_TOGETHER = 4
"""How many units of the other layer have their factors multiplied in one matrix product."""
_STATES = 1 << 15
"""How many states are worked on at a time, so that they stay in a core's cache."""
_MOST_LOST = 50.0
"""Nats that a product of factors in float32 may be away from 1: half of its range, so that what a factor rounds to 0
does not matter."""
_SMALLEST = np.float32(1e-33)


def log_sum_exp(values: Array) -> float:
    """Return ln Σ exp(values) without overflow."""
    highest = values.max()
    return float(highest + np.log(np.exp(values - highest).sum()))


@dataclass(frozen=True, eq=False)
class Moments:
    """What the distribution of a layer's states h, and of the other layer's units v, sums up to.

    Attributes
    ----------
    log_partition : float
        ln Z, in nats.
    both : float64 ndarray of shape (N, H)
        ⟨v hᵀ⟩.
    other : float64 ndarray of shape (N,)
        ⟨v⟩.
    own : float64 ndarray of shape (H,)
        ⟨h⟩.
    """

    log_partition: float
    both: Array
    other: Array
    own: Array


class LayerSum:
    """All states of a layer.

    Parameters
    ----------
    bias : ndarray of shape (H,)
        Of the layer's own units.
    w : ndarray of shape (N, H)
        Weights of the other layer's units.
    other_bias : ndarray of shape (N,)
        Their biases.
    classes : int
        So many units at the end of the other layer are a group of which exactly one is on.
    """

    def __init__(self, bias: Array, w: Array, other_bias: Array, classes: int = 0) -> None:
        self._w, self._other_bias = w, other_bias
        half = len(bias) // 2
        self._halves = slice(0, half), slice(half, len(bias))
        self._states = states_of(half), states_of(len(bias) - half)
        self._groups = [self._group(*members) for members in _members(len(w), classes)]
        own = [states @ bias[part] for states, part in zip(self._states, self._halves, strict=True)]
        self._first, self._second = (
            sum((group.factor.shifts[place] for group in self._groups), start=own[place]) for place in (0, 1)
        )
        self._rows = max(1, _STATES // len(self._second))

    def _group(self, units: slice, possible: Array) -> _Group:
        w = possible @ self._w[units]
        first, second = (w[:, half] @ states.T for states, half in zip(self._states, self._halves, strict=True))
        first += (possible @ self._other_bias[units])[:, None]
        return _Group(units, possible, _factor(first, second))

    def log_partition(self, done: Callable[[int], None]) -> float:
        """Return ln Z; a block of states for each thread is in memory.

        Parameters
        ----------
        done : callable
            Called, on the caller's thread, with how many states were summed since it was called last.
        """
        threads, blocks = Threads(blas_threads()), self._blocks()
        logs: list[float] = []
        for start in range(0, len(blocks), threads.count):
            some = blocks[start : start + threads.count]
            logs += threads.map(lambda rows: log_sum_exp(self._logarithms(rows)), some)
            done(len(self._second) * sum(len(self._first[rows]) for rows in some))
        return log_sum_exp(np.array(logs))

    def moments(self) -> Moments:
        """Return ln Z and the means; all states are in memory at once."""
        threads = Threads(blas_threads())
        logs = np.concatenate(threads.map(self._logarithms, self._blocks()))
        log_partition = log_sum_exp(logs)
        p = np.exp(logs - log_partition)
        p /= p.sum()
        weights = _without_denormals(p.astype(np.float32))
        shares = threads.map(lambda group: group.factor.shares(weights, self._rows), self._groups)
        both, other = np.empty(self._w.shape), np.empty(len(self._w))
        for group, of_group in zip(self._groups, shares, strict=True):
            other[group.units] = group.possible.T @ of_group[0].sum(axis=1)
            for share, states, half in zip(of_group, self._states, self._halves, strict=True):
                both[group.units, half] = group.possible.T @ (share @ states)
        own = p.sum(axis=1) @ self._states[0], p.sum(axis=0) @ self._states[1]
        return Moments(log_partition, both, other, np.concatenate(own))

    def _blocks(self) -> list[slice]:
        return [slice(start, start + self._rows) for start in range(0, len(self._first), self._rows)]

    def _logarithms(self, rows: slice) -> Array:
        """Return ln of the weights of states, for some rows of the first half and all of the second."""
        logs: Array = self._first[rows, None] + self._second
        # Several factors are multiplied: logarithms are what costs.
        product: FloatArray | None = None
        lost = 0.0
        for factor in (group.factor for group in self._groups):
            if isinstance(factor, _Sum):
                logs += factor.logarithms(rows)
            elif product is None or lost + factor.lost > _MOST_LOST:
                if product is not None:
                    logs += np.log(product, out=product)
                product, lost = factor.values(rows), factor.lost
            else:
                product *= factor.values(rows)
                lost += factor.lost
        return logs if product is None else logs + np.log(product)


@dataclass(frozen=True, eq=False)
class _Group:
    """Units of the other layer, their possible states k, and what these contribute."""

    units: slice
    possible: Array
    factor: _Product | _Sum


def _members(count: int, classes: int) -> Iterator[tuple[slice, Array]]:
    """Yield which units of the other layer are taken together, and their possible states."""
    singles = count - classes
    for start in range(0, singles, _TOGETHER):
        stop = min(start + _TOGETHER, singles)
        yield slice(start, stop), states_of(stop - start)
    if classes:
        yield slice(singles, count), np.eye(classes)


def _factor(first: Array, second: Array) -> _Product | _Sum:
    """Return Σ_k exp(first_k + second_k) for arrays of shapes (k, states of the first half) and (k, … second half)."""
    # The largest terms of both halves need not meet. What is lost by that is at most the smaller spread.
    lost = float(min(np.ptp(part, axis=0).max() for part in (first, second))) + math.log(len(first))
    return _Product(first, second, lost) if lost <= _MOST_LOST else _Sum(first, second)


class _Product:
    """The sum as a matrix product.

    Attributes
    ----------
    lost : float
        The product lies within so many nats of 1.
    shifts : tuple of ndarray of shapes (first half,) and (second half,)
        What was taken from the logarithm for that.
    """

    def __init__(self, first: Array, second: Array, lost: float) -> None:
        self.lost = lost
        self.shifts = first.max(axis=0), second.max(axis=0)
        self._first, self._second = (
            _without_denormals(np.exp(part - shift).astype(np.float32))
            for part, shift in zip((first, second), self.shifts, strict=True)
        )

    def values(self, rows: slice) -> FloatArray:
        """Return the product for some rows of the first half and all of the second."""
        values: FloatArray = self._first[:, rows].T @ self._second
        return values

    def shares(self, p: FloatArray, rows: int) -> tuple[Array, Array]:
        """Return Σ p · (share of k): over the second half, of shape (k, first), and over the first, (k, second)."""
        first, second = np.empty(self._first.shape), np.zeros(self._second.shape)
        for start in range(0, len(p), rows):
            block = slice(start, start + rows)
            weights = self.values(block)
            np.divide(p[block], weights, out=weights)
            first[:, block] = self._second @ weights.T
            second += self._first[:, block] @ weights
        return first * self._first, second * self._second


class _Sum:
    """The sum term by term, for weights so large that a product in float32 would lose what matters."""

    def __init__(self, first: Array, second: Array) -> None:
        self._first, self._second = first, second
        self.shifts = np.zeros(first.shape[1]), np.zeros(second.shape[1])

    def logarithms(self, rows: slice) -> Array:
        """Return the logarithm for some rows of the first half and all of the second."""
        first, second = self._first[:, rows], self._second
        highest: Array = first[0, :, None] + second[0]
        term = np.empty_like(highest)
        for of_first, of_second in zip(first[1:], second[1:], strict=True):
            np.maximum(highest, np.add(of_first[:, None], of_second, out=term), out=highest)
        total = np.zeros_like(highest)
        for of_first, of_second in zip(first, second, strict=True):
            np.subtract(np.add(of_first[:, None], of_second, out=term), highest, out=term)
            total += np.exp(term, out=term)
        return np.add(highest, np.log(total, out=total), out=total)

    def shares(self, p: FloatArray, rows: int) -> tuple[Array, Array]:
        """Return what `_Product.shares` does."""
        first, second = np.empty(self._first.shape), np.zeros(self._second.shape)
        for start in range(0, len(p), rows):
            block = slice(start, start + rows)
            total = self.logarithms(block)
            for k in range(len(first)):
                share = p[block] * np.exp(self._first[k, block, None] + self._second[k] - total)
                first[k, block] = share.sum(axis=1)
                second[k] += share.sum(axis=0)
        return first, second


def states_of(units: int) -> Array:
    """Return all states of some binary units, of shape (2^units, units)."""
    return (np.arange(1 << units)[:, None] >> np.arange(units) & 1).astype(np.float64)


def _without_denormals(values: FloatArray) -> FloatArray:
    """Set what is too small to matter to 0, in place: processors are slow where numbers lose digits."""
    values[values < _SMALLEST] = 0
    return values
