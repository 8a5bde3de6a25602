"""The singular values of a model's weights as it trained."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEPT = 20
"""So many of the largest are kept of each time."""

_MOST = 256


@dataclass
class SpectrumHistory:
    """The largest singular values over epochs; the whole spectrum of the first and of the last time.

    Attributes
    ----------
    first, last : float64 ndarray of shape (r,), or None
        From the largest down.
    """

    first: NDArray[np.float64] | None = None
    last: NDArray[np.float64] | None = None
    _epochs: list[float] = field(default_factory=list)
    _values: list[NDArray[np.float64]] = field(default_factory=list)

    @property
    def epochs(self) -> NDArray[np.float64]:
        """When they were measured: shape (n,), increasing."""
        return np.array(self._epochs)

    @property
    def values(self) -> NDArray[np.float64]:
        """The largest of each time: shape (n, k), k at most `KEPT`."""
        return np.array(self._values) if self._values else np.empty((0, 0))

    def __contains__(self, epoch: object) -> bool:
        """Whether that time was measured."""
        return epoch in self._epochs

    def add(self, epoch: float, values: NDArray[np.float64]) -> None:
        """Add the singular values of some time; of those that are there already, the newer ones stay."""
        place = bisect_left(self._epochs, epoch)
        if place < len(self._epochs) and self._epochs[place] == epoch:
            self._values[place] = values[:KEPT]
        else:
            self._epochs.insert(place, epoch)
            self._values.insert(place, values[:KEPT])
        if place == 0:
            self.first = values
        if place == len(self._epochs) - 1:
            self.last = values
        if len(self._epochs) > _MOST:
            epochs = self.epochs
            # The one that leaves the least gap: so they stay evenly spaced, to within a factor of two or so.
            least = 1 + int((epochs[2:] - epochs[:-2]).argmin())
            del self._epochs[least], self._values[least]
