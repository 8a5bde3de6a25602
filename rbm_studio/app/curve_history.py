"""The numbers behind the learning curve: for each quantity its runs, and one growing table for each of these."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PySide6.QtCore import QObject, Signal

from rbm_studio.plain import LONGEST, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rbm_studio.app.measures import Measure

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


class Span(NamedTuple):
    """Rows of a run's table, from `start` to before `stop`, that are of one measure; None where it is not known."""

    start: int
    stop: int
    measure: Measure | None


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
        # The first row of each measure's, and the last value of each measure by column.
        self._begins: list[tuple[int, Measure | None]] = []
        self._lasts: dict[Measure | None, list[float]] = {}

    def __len__(self) -> int:
        return self._count

    @property
    def title(self) -> str:
        """The run's name, as it is shown."""
        return plain(self.tag.name, LONGEST)

    @property
    def size(self) -> int:
        """Bytes of its table."""
        return self._columns.nbytes

    def append(self, points: Sequence[CurvePoint], measure: Measure | None = None) -> None:
        """Add measurements; the cost is proportional to their number, however long the run is."""
        self.extend(_rows(points), measure)

    def extend(self, table: NDArray[np.float64], measure: Measure | None = None) -> None:
        """Add the rows of a `table`, all of one measure."""
        end = self._count + len(table)
        if len(table) and (not self._begins or self._begins[-1][1] != measure):
            self._begins.append((self._count, measure))
        if end > self._columns.shape[1]:
            grown = np.empty((len(COLUMNS), max(end, 2 * self._columns.shape[1], _FIRST_CAPACITY)), dtype=np.float64)
            grown[:, : self._count] = self._columns[:, : self._count]
            self._columns = grown
        self._columns[:, self._count : end] = table.T
        self._count = end
        lasts = self._lasts.setdefault(measure, [float("nan")] * len(COLUMNS)) if len(table) else []
        for place, values in enumerate(table.T):
            measured = np.flatnonzero(np.isfinite(values))
            if len(measured):
                self._last[place] = lasts[place] = float(values[measured[-1]])

    def extend_from(self, other: CurveRun, until: float) -> None:
        """Add what another run has until an epoch."""
        table = other.rows()
        count = int(np.searchsorted(table[:, 0], until, side="right"))
        for start, stop, measure in other.spans():
            self.extend(table[start : min(stop, count)].copy(), measure)

    def insert(self, point: CurvePoint, measure: Measure | None = None) -> None:
        """Add a measurement of an earlier epoch, in its place; nothing happens where there is one of that epoch."""
        table, spans = self.table(), self.spans()
        place = int(np.searchsorted(table[:, 0], point.epoch))
        if place < len(table) and table[place, 0] == point.epoch:
            return
        # Another array: what `rows` gave away stays as it was.
        self._columns = np.empty_like(self._columns)
        self._count, self._begins, self._lasts = 0, [], {}
        for start, stop, of in spans:
            self.extend(table[start : min(max(place, start), stop)], of)
            if start <= place < stop:
                self.extend(_rows([point]), measure)
            self.extend(table[min(max(place, start), stop) : stop], of)
        if place == len(table):
            self.extend(_rows([point]), measure)

    def trim(self) -> None:
        """Give back the room that was kept for more."""
        if self._columns.shape[1] > self._count:
            self._columns = self._columns[:, : self._count].copy()

    def thin(self) -> None:
        """Keep the first point, every second one, and the last."""
        kept = np.unique(np.append(np.arange(0, self._count, 2), max(self._count - 1, 0)))
        if self._count:
            spans = self.spans()
            self._columns = self._columns[:, kept].copy()
            self._count = len(kept)
            ends = np.searchsorted(kept, [(span.start, span.stop) for span in spans])
            self._begins = [
                (int(start), span.measure)
                for (start, stop), span in zip(ends.tolist(), spans, strict=True)
                if start < stop
            ]

    def last(self, column: str) -> float:
        """Return the last value of one of the `COLUMNS` that was measured; NaN where none was."""
        return self._last[COLUMNS.index(column)]

    @property
    def measure(self) -> Measure | None:
        """What the newest measurement is of; None where there is none, or that is not known."""
        return self._begins[-1][1] if self._begins else None

    def spans(self) -> list[Span]:
        """Return the rows in stretches of one measure each, in their order."""
        stops = [*(start for start, _ in self._begins), self._count][1:]
        return [Span(start, stop, measure) for (start, measure), stop in zip(self._begins, stops, strict=True)]

    def lasts(self, column: str) -> dict[Measure | None, float]:
        """Return the last value of one of the `COLUMNS` by measure, of those by which it was measured."""
        place = COLUMNS.index(column)
        return {measure: last[place] for measure, last in self._lasts.items() if math.isfinite(last[place])}

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


def _rows(points: Sequence[CurvePoint]) -> NDArray[np.float64]:
    rows = [[getattr(point, column) for column in COLUMNS] for point in points]
    return np.array(rows, dtype=np.float64).reshape(-1, len(COLUMNS))


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

    def append(self, points: Sequence[CurvePoint], run: CurveRun | None = None, measure: Measure | None = None) -> None:
        """Add measurements to the current run.

        Parameters
        ----------
        points : sequence of CurvePoint
            In the order of their epochs, and none before those already there.
        run : CurveRun, optional
            That they are of, instead of the current one; nothing happens if it was dropped.
        measure : Measure, optional
            What they are of, beside the quantity.
        """
        if not points:
            return
        if self.current is None:
            self.current = CurveRun(self.tr("Run {number}").format(number=1))
        if run is None or run is self.current:
            self.current.append(points, measure)
            self.grew.emit()
        elif run in self.earlier:
            run.append(points, measure)
            self.changed.emit()

    def insert(self, point: CurvePoint, run: CurveRun, measure: Measure | None = None) -> None:
        """Add a measurement of an earlier epoch to a run; nothing happens if it was dropped."""
        if run is self.current:
            run.insert(point, measure)
            self.grew.emit()
        elif run in self.earlier:
            run.insert(point, measure)
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
