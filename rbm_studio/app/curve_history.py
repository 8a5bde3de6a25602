"""The numbers behind the learning curve: for each quantity its runs, and one growing table for each of these."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

COLUMNS = ("epoch", "training", "held_out", "lower")
"""Of a run's table; the names of a `CurvePoint`'s attributes."""

_FIRST_CAPACITY = 64


@dataclass(frozen=True)
class CurvePoint:
    """One measurement of the plotted quantity.

    Attributes
    ----------
    epoch : float
        Epochs trained so far; fractional within an epoch. It never falls within a run.
    training : float or None
        The quantity on training images; None where it was not measured.
    held_out : float or None
        The quantity on held-out images; None where it was not measured.
    lower : float or None
        The lower end of a bracket, whose upper end is the quantity on held-out images.
    """

    epoch: float
    training: float | None
    held_out: float | None = None
    lower: float | None = None


@dataclass(eq=False)
class Tag:
    """What tells a run from the others, in each of its curves.

    Attributes
    ----------
    name : str
        What the user knows it by.
    is_shown : bool
        Whether plots draw it.
    look : int
        Which colour and dashes it has as an earlier run.
    """

    name: str
    is_shown: bool = field(default=True, kw_only=True)
    look: int = field(default=0, kw_only=True)


class CurveRun:
    """The measurements of one quantity in one run.

    Parameters
    ----------
    tag : Tag or str
        The run's, or the name of a run that has none.
    """

    def __init__(self, tag: Tag | str) -> None:
        self.tag = Tag(tag) if isinstance(tag, str) else tag
        self._columns = np.empty((len(COLUMNS), _FIRST_CAPACITY), dtype=np.float64)
        self._count = 0
        self._last = [float("nan")] * len(COLUMNS)

    def __len__(self) -> int:
        return self._count

    @property
    def title(self) -> str:
        """The run's name."""
        return self.tag.name

    @property
    def size(self) -> int:
        """Bytes of its table."""
        return self._columns.nbytes

    def append(self, points: Sequence[CurvePoint]) -> None:
        """Add measurements; the cost is proportional to their number, however long the run is."""
        rows = [[getattr(point, column) for column in COLUMNS] for point in points]
        self.extend(np.array(rows, dtype=np.float64).reshape(-1, len(COLUMNS)))

    def extend(self, table: NDArray[np.float64]) -> None:
        """Add the rows of a `table`."""
        end = self._count + len(table)
        if end > self._columns.shape[1]:
            grown = np.empty((len(COLUMNS), max(end, 2 * self._columns.shape[1], _FIRST_CAPACITY)), dtype=np.float64)
            grown[:, : self._count] = self._columns[:, : self._count]
            self._columns = grown
        self._columns[:, self._count : end] = table.T
        self._count = end
        for place, values in enumerate(table.T):
            measured = np.flatnonzero(np.isfinite(values))
            if len(measured):
                self._last[place] = float(values[measured[-1]])

    def trim(self) -> None:
        """Give back the room that was kept for more."""
        if self._columns.shape[1] > self._count:
            self._columns = self._columns[:, : self._count].copy()

    def thin(self) -> None:
        """Keep the first point, every second one, and the last."""
        kept = np.unique(np.append(np.arange(0, self._count, 2), max(self._count - 1, 0)))
        if self._count:
            self._columns = self._columns[:, kept].copy()
            self._count = len(kept)

    def last(self, column: str) -> float:
        """Return the last value of one of the `COLUMNS` that was measured; NaN where none was."""
        return self._last[COLUMNS.index(column)]

    def rows(self) -> NDArray[np.float64]:
        """Return the `table` without copying: what is in it stays as it is, however the run goes on."""
        return self._columns[:, : self._count].T

    def table(self) -> NDArray[np.float64]:
        """Return a copy of all measurements.

        Returns
        -------
        ndarray of shape (n, 4), float64
            The `COLUMNS`; NaN where the quantity was not measured.
        """
        return self._columns[:, : self._count].T.copy()

    def values(self, column: str) -> NDArray[np.float64]:
        """Return one of the `COLUMNS`, of shape (n,)."""
        return self._columns[COLUMNS.index(column), : self._count]

    def main(self) -> NDArray[np.float64]:
        """Return the training values, of shape (n,); where there are none, the held-out ones."""
        training = self.values("training")
        return training if np.isfinite(training).any() else self.values("held_out")


class CurveHistory(QObject):
    """The runs of one quantity: the current one, and those before it.

    Signals
    -------
    grew
        The current run has more points.
    changed
        There are other runs, or one of them has another name, is hidden or shown.
    """

    grew = Signal()
    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.current: CurveRun | None = None
        self.earlier: list[CurveRun] = []

    def start_run(self, title: str) -> None:
        """Begin a new run; the present one, if it has points, becomes an earlier one.

        Parameters
        ----------
        title : str
            What the user knows the new run by.
        """
        if self.current is not None and len(self.current):
            self.earlier.append(self.current)
        self.show([*self.earlier], CurveRun(Tag(title, look=len(self.earlier))))

    def show(self, earlier: list[CurveRun], current: CurveRun | None) -> None:
        """Take these runs instead, from the first."""
        self.earlier, self.current = earlier, current
        self.changed.emit()

    def append(self, points: Sequence[CurvePoint], run: CurveRun | None = None) -> None:
        """Add measurements to the current run.

        Parameters
        ----------
        points : sequence of CurvePoint
            In the order of their epochs, and none before those already there.
        run : CurveRun, optional
            That they are of, instead of the current one; nothing happens if it was dropped.
        """
        if not points:
            return
        if self.current is None:
            self.current = CurveRun(self.tr("Run {number}").format(number=1))
        if run is None or run is self.current:
            self.current.append(points)
            self.grew.emit()
        elif run in self.earlier:
            run.append(points)
            self.changed.emit()

    def drop_current(self) -> None:
        """Forget the current run."""
        self.current = None
        self.changed.emit()

    def clear(self) -> None:
        """Forget every run."""
        self.earlier = []
        self.drop_current()

    @property
    def measured(self) -> list[CurveRun]:
        """Every run that has points, from the first to the current one."""
        runs = [*self.earlier, *([self.current] if self.current is not None else [])]
        return [run for run in runs if len(run)]

    @property
    def shown_earlier(self) -> list[CurveRun]:
        """What a plot draws of the runs before the current one."""
        return [run for run in self.earlier if run.tag.is_shown and len(run)]
