"""Histograms on axes that rest while the values move."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from rbm_studio.core.backend import FloatArray

BINS = 41
"""Bars of a histogram; odd, so that one stands on zero."""

_SAMPLE = 200_000
_QUANTILE = 0.999
_LIMITS = (1.0, 2.0, 5.0, 10.0)
# A histogram's axis shrinks only when its values would fill less than this part of it.
_LEAST_FILLED = 0.3


@dataclass(frozen=True, eq=False)
class Histogram:
    """How many values lie where.

    Attributes
    ----------
    counts : int64 ndarray of shape (BINS,)
        Of all finite values, or of an even sample of many; the outermost bins hold what lies beyond, too.
    edges : float64 ndarray of shape (BINS + 1,)
        Even, and symmetric about 0.
    """

    counts: npt.NDArray[np.int64]
    edges: npt.NDArray[np.float64]

    @property
    def limit(self) -> float:
        """The end of the axis, which begins at minus it: 1, 2 or 5 times a power of ten."""
        return float(self.edges[-1])

    def bins_of(self, values: FloatArray) -> npt.NDArray[np.intp]:
        """Return in which bin each value lies, of the same shape as the values; -1 for what is not finite."""
        clipped = np.clip(values.astype(np.float64), -self.limit, self.limit)
        bins = np.minimum(np.searchsorted(self.edges, clipped, side="right") - 1, len(self.counts) - 1)
        return np.where(np.isfinite(values), bins, -1)


def histogram(values: FloatArray, previous: Histogram | None = None) -> Histogram:
    """Count values in bins that suit them.

    Parameters
    ----------
    values : ndarray
        Of any shape; what is not finite is left out.
    previous : Histogram, optional
        Its axis is kept, unless the values go beyond it or fill little of it: so the axis of a live plot rests.
    """
    flat = _sample(values)
    flat = flat[np.isfinite(flat)].astype(np.float64)
    reach = float(np.quantile(np.abs(flat), _QUANTILE)) if flat.size else 0.0
    limit = previous.limit if previous else 0.0
    if reach > limit or reach < _LEAST_FILLED * limit:
        limit = _nice_limit(reach)
    limit = limit or 1.0
    edges = np.linspace(-limit, limit, BINS + 1)
    counts, _ = np.histogram(np.clip(flat, -limit, limit), edges)
    return Histogram(counts.astype(np.int64), edges)


def _nice_limit(reach: float) -> float:
    """Return the least of 1, 2, 5 times a power of ten that is not below `reach`; 1 for 0."""
    if reach < np.finfo(np.float32).tiny:
        return 1.0
    power = 10.0 ** math.floor(math.log10(reach))
    return next(step * power for step in (*_LIMITS, 20.0) if step * power >= reach)


def _sample(values: FloatArray) -> FloatArray:
    """Return all values, or of many every so manyeth, so that all rows and columns have their share."""
    step = max(values.size // _SAMPLE, 1)
    # A step that shares a factor with the columns would leave some of them out.
    while math.gcd(step, values.shape[-1]) > 1:
        step += 1
    return values.ravel()[::step]
