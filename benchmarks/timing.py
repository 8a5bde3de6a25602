"""Timing on machines whose speed changes from minute to minute: interleaved rounds, and medians of them."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True)
class Times:
    """How long several functions took, in rounds that called each of them once.

    Attributes
    ----------
    seconds : mapping of str to list of float
        For each function one time a round.
    """

    seconds: Mapping[str, Sequence[float]]

    def median(self, name: str) -> float:
        """Return a function's median time in seconds."""
        return statistics.median(self.seconds[name])

    def ratio(self, numerator: str, denominator: str) -> float:
        """Return the median of the rounds' ratios: what slows a whole round down cancels out of each."""
        pairs = zip(self.seconds[numerator], self.seconds[denominator], strict=True)
        return statistics.median(above / below for above, below in pairs)


REST_S = 0.15
"""After a product on several threads those of BLAS wait for more, awake, and in the way of whoever comes next."""


def interleave(functions: Mapping[str, Callable[[], object]], rounds: int) -> Times:
    """Call each function once a round, with a rest before it, and return what each call took."""
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            time.sleep(REST_S)
            begin = time.perf_counter()
            function()
            seconds[name].append(time.perf_counter() - begin)
    return Times(seconds)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that ``percent`` (0..100) of the values do not exceed."""
    return float(np.percentile(values, percent))
