"""Whether chains mix: their autocorrelation, how long they remember, and which classes they visit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray

Doubles = npt.NDArray[np.float64]

CAPACITY = 256
"""Moments that a record holds."""
MOST_VALUES = 20_000
"""Units that are followed, of all chains together: the cost of a measurement grows with them."""
WINDOW_FACTOR = 5.0
"""How many times the integrated autocorrelation time the sum over lags goes (Sokal 1997, section 3)."""
_LEAST_MOMENTS = 16
_LEVELS = np.float32(255)


def autocorrelation(series: npt.NDArray[Any], most_lag: int) -> Doubles:
    """Return ρ(t) = C(t) / C(0) of what several chains show, at the lags t = 0, 1, … (Sokal 1997, section 2).

    C(t) is the mean, over all pairs of moments s and s + t and over all chains, of Σ_i (x_i(s) − μ_i)(x_i(s + t) − μ_i)
    for the units i. μ_i is the mean over all moments and *all* chains: chains that are each stuck in a place of their
    own are seen to be, at any length, as they would not be about means of their own.

    Parameters
    ----------
    series : ndarray of shape (moments, chains, units)
    most_lag : int
        The greatest lag, in moments; at least 0 and less than there are moments.

    Returns
    -------
    float64 ndarray of shape (most_lag + 1,)
        NaN if nothing ever changes.
    """
    values = series.astype(np.result_type(series.dtype, np.float32))
    values -= values.mean(axis=(0, 1), dtype=np.float64).astype(values.dtype)
    flat = values.reshape(len(values), -1)
    products = (flat @ flat.T).astype(np.float64)
    covariances = np.array([products.diagonal(lag).mean() for lag in range(most_lag + 1)])
    if covariances[0] <= 0:
        return np.full(most_lag + 1, np.nan)
    correlations: Doubles = covariances / covariances[0]
    return correlations


def integrated_time(correlations: Doubles) -> float | None:
    """Return τ = ½ + Σ_{t = 1}^{M} ρ(t), in lags; the mean of n moments is worth n / 2τ independent ones (Sokal 1997).

    M is the least that is at least `WINDOW_FACTOR` times the τ that it gives: of what follows, the noise is more than
    the signal.

    Parameters
    ----------
    correlations : ndarray of shape (lags,)
        ρ(0), ρ(1), …

    Returns
    -------
    float or None
        None if there are too few lags for it, or NaN among them.
    """
    times = np.cumsum(correlations) - 0.5
    enough = np.arange(len(times)) >= WINDOW_FACTOR * times
    # A single moment tells of no lag.
    enough[:1] = False
    return float(times[enough.argmax()]) if enough.any() else None


@dataclass(frozen=True, eq=False)
class Mixing:
    """How fast chains forget.

    Attributes
    ----------
    lags : int64 ndarray of shape (n,)
        In Gibbs steps, from 0.
    correlations : float64 ndarray of shape (n,)
        ρ at these lags; NaN if nothing ever changes.
    time : float or None
        The integrated autocorrelation time τ, in Gibbs steps; None if it is too long for the lags that there are.
    chains : int
        How many were followed.
    """

    lags: npt.NDArray[np.int64]
    correlations: Doubles
    time: float | None
    chains: int

    @property
    def still(self) -> bool:
        """Whether nothing ever changed."""
        return bool(np.isnan(self.correlations[0]))

    @property
    def spacing(self) -> float | None:
        """Steps from one independent sample to the next, 2τ and at least 1; None where τ is not known."""
        return None if self.time is None else max(1.0, 2.0 * self.time)

    @property
    def least_spacing(self) -> float:
        """What the spacing is more than, where τ is not known."""
        return 2.0 * float(self.lags[-1]) / WINDOW_FACTOR


class ChainRecord:
    """What chains showed in the last steps, for their autocorrelation.

    It holds `CAPACITY` moments. When it is full, it forgets the oldest where its lags are enough to see the chains
    forget; where they are not, it keeps every second moment, and from then on takes half as many.

    Parameters
    ----------
    chains, units : int
        How many there are. Of the chains the first are followed, as many as have `MOST_VALUES` units, but at least one.
    """

    def __init__(self, chains: int, units: int) -> None:
        self._chains = min(chains, max(1, MOST_VALUES // units))
        # Whole levels: a quarter of the memory, and far finer than the noise.
        self._levels = np.empty((CAPACITY, self._chains, units), dtype=np.uint8)
        self._count = 0
        self._stride = 1
        self._steps = 0

    @property
    def stride(self) -> int:
        """Steps from one moment to the next."""
        return self._stride

    def __len__(self) -> int:
        return self._count

    def add(self, probabilities: FloatArray) -> None:
        """Take what the chains show after another step, of shape (chains, units), in 0..1."""
        if self._steps % self._stride == 0:
            if self._count == CAPACITY:
                self._make_room()
            if self._steps % self._stride == 0:
                np.rint(probabilities[: self._chains] * _LEVELS, out=self._levels[self._count], casting="unsafe")
                self._count += 1
        self._steps += 1

    def measure(self) -> Mixing | None:
        """Return how fast the chains forget; None if the record is too short to tell."""
        # The first quarter may be on its way from the start to what the model likes.
        used = self._levels[self._count // 4 : self._count]
        if len(used) < _LEAST_MOMENTS:
            return None
        correlations = autocorrelation(used, len(used) // 3)
        time = integrated_time(correlations)
        lags = np.arange(len(correlations), dtype=np.int64) * self._stride
        return Mixing(lags, correlations, None if time is None else time * self._stride, self._chains)

    def _make_room(self) -> None:
        mixing = self.measure()
        if mixing is None or mixing.time is None:
            self._levels[: CAPACITY // 2] = self._levels[::2].copy()
            self._count = CAPACITY // 2
            self._stride *= 2
        else:
            oldest = CAPACITY // 4
            self._levels[:-oldest] = self._levels[oldest:].copy()
            self._count = CAPACITY - oldest


class ClassVisits:
    """How often each class was visited, and left for another.

    Parameters
    ----------
    class_num : int

    Attributes
    ----------
    counts : int64 ndarray of shape (class_num,)
        Steps at which a chain was in each class, of all chains together.
    switches : int
        Steps at which a chain was in another class than at the step before.
    chances : int
        Steps at which a chain could have been.
    """

    def __init__(self, class_num: int) -> None:
        self.counts = np.zeros(class_num, dtype=np.int64)
        self.switches = 0
        self.chances = 0
        self._last: npt.NDArray[np.intp] | None = None

    def add(self, labels: npt.NDArray[Any]) -> None:
        """Take the chains' classes after another step, one-hot, of shape (chains, class_num)."""
        classes = labels.argmax(axis=1)
        self.counts += np.bincount(classes, minlength=len(self.counts))
        if self._last is not None:
            self.switches += int((classes != self._last).sum())
            self.chances += len(classes)
        self._last = classes
