"""The numbers behind the learning curve: one growing table for each run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_FIRST_CAPACITY = 1024


@dataclass(frozen=True)
class CurvePoint:
    """One measurement of the plotted quantity.

    Attributes
    ----------
    epoch : float
        Epochs trained so far; fractional within an epoch. It never falls within a run.
    training : float
        The quantity on training images.
    held_out : float or None
        The quantity on held-out images; None where it was not measured.
    """

    epoch: float
    training: float
    held_out: float | None


class CurveRun:
    """The measurements of one training run.

    Parameters
    ----------
    title : str
        What the user knows the run by.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self._columns = np.empty((3, _FIRST_CAPACITY), dtype=np.float64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, points: Sequence[CurvePoint]) -> None:
        """Add measurements; the cost is proportional to their number, however long the run is."""
        end = self._count + len(points)
        if end > self._columns.shape[1]:
            grown = np.empty((3, max(end, 2 * self._columns.shape[1])), dtype=np.float64)
            grown[:, : self._count] = self._columns[:, : self._count]
            self._columns = grown
        for column, point in enumerate(points, start=self._count):
            held_out = np.nan if point.held_out is None else point.held_out
            self._columns[:, column] = point.epoch, point.training, held_out
        self._count = end

    def table(self) -> NDArray[np.float64]:
        """Return a copy of all measurements.

        Returns
        -------
        ndarray of shape (n, 3), float64
            Epoch, training, held-out; NaN where the quantity was not measured.
        """
        return self._columns[:, : self._count].T.copy()

    def training(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return epochs and training values, each of shape (n,)."""
        return self._columns[0, : self._count], self._columns[1, : self._count]

    def held_out(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return epochs and held-out values, each of shape (n,), NaN where it was not measured."""
        return self._columns[0, : self._count], self._columns[2, : self._count]
