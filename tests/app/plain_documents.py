"""What windows and files of experiments must hold, in plain values: no code of the program has a part in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGES, BATCH = 20, 10
"""Of the data set, and at a time."""

Points: TypeAlias = tuple[tuple[float, float], ...]
"""Of a drawing's one stroke."""

TOKENS = count(1)


@dataclass(frozen=True)
class Wish:
    """What a training is to do."""

    epochs: int
    rate: float
    seed: int


@dataclass(frozen=True)
class Life:
    """What a model has been through: two with the same life have the same bits.

    Attributes
    ----------
    hidden, seed : int
        With which it was drawn.
    stages : tuple of (Wish, int)
        Its trainings, and how many images each has shown it.
    """

    hidden: int
    seed: int
    stages: tuple[tuple[Wish, int], ...] = ()

    @property
    def images(self) -> int:
        return sum(images for _, images in self.stages)

    @property
    def epochs(self) -> float:
        return self.images / IMAGES

    @property
    def is_at_an_end(self) -> bool:
        """Whether the last training has done what it was to do."""
        wish, shown = self.stages[-1]
        return shown % (wish.epochs * IMAGES) == 0

    def trained(self, wish: Wish, most: int | None = None) -> Life:
        """Return it after a training has come to its end, or has shown some images more."""
        shown = self.stages[-1][1] if self.stages and self.stages[-1][0] == wish else 0
        rest = wish.epochs * IMAGES - shown % (wish.epochs * IMAGES)
        images = rest if most is None else min(most, rest)
        before = self.stages[:-1] if shown else self.stages
        return replace(self, stages=(*before, (wish, shown + images)))

    def until(self, images: int) -> Life:
        """Return it as it was when it had been shown so many images."""
        stages = []
        for wish, shown in self.stages:
            if images > 0:
                stages.append((wish, min(shown, images)))
            images -= shown
        return replace(self, stages=tuple(stages))


@dataclass(frozen=True)
class Facts:
    """What a file holds of a run."""

    name: str
    life: Life
    is_named: bool = False
    is_shown: bool = True

    @property
    def wish(self) -> Wish | None:
        """Its last training; None before the first."""
        return self.life.stages[-1][0] if self.life.stages else None


@dataclass
class Row:
    """A run in a window's table.

    Attributes
    ----------
    key : str
        Its identity.
    facts : Facts
    owner : int
        The document that it belongs to.
    """

    key: str
    facts: Facts
    owner: int


@dataclass(frozen=True)
class Held:
    """What a file holds."""

    runs: dict[str, Facts]
    present: str
    hidden: int
    wish: Wish
    notes: str = ""
    units: tuple[int, ...] = ()
    pixel: int = -1
    canvas: Points = ()
    kept: frozenset[Points] = frozenset()


@dataclass
class Desk:
    """What a window shows: a document, and the runs of others beside its own.

    Attributes
    ----------
    token : int
        Which document it is, of all that were ever begun or opened.
    file : str
        "" before it has one.
    saved : dict of Facts
        Its runs as its file has them.
    rows : list of Row
        Of the table; the last is the present run.
    deleted : list of lists of Row
        What can be brought back.
    is_paused : bool
        Whether a run waits after a step.
    """

    token: int = field(default_factory=lambda: next(TOKENS))
    file: str = ""
    is_modified: bool = False
    notes: str = ""
    hidden: int = 0
    wish: Wish = Wish(1, 0.0, 0)
    units: tuple[int, ...] = ()
    pixel: int = -1
    canvas: Points = ()
    kept: frozenset[Points] = frozenset()
    saved: dict[str, Facts] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    deleted: list[list[Row]] = field(default_factory=list)
    is_paused: bool = False

    @property
    def present(self) -> Row:
        return self.rows[-1]

    @property
    def life(self) -> Life:
        return self.present.facts.life

    def is_own(self, row: Row) -> bool:
        return row.owner == self.token

    def touch(self, *rows: Row) -> None:
        """Note a change of the document, or of some runs if any of them is its own."""
        if not rows or any(map(self.is_own, rows)):
            self.is_modified = True

    @staticmethod
    def change(row: Row, **changes: Any) -> None:
        row.facts = replace(row.facts, **changes)

    # --- runs

    def begin_run(self, key: str, name: str, life: Life) -> None:
        """Begin a run; the one before stays if it was trained, and else leaves no trace."""
        self.end_run()
        self.rows.append(Row(key, Facts(name, life), self.token))
        self.units, self.pixel = (), -1

    def end_run(self) -> None:
        if self.rows and not self.life.images:
            del self.rows[-1]

    def train(self, most: int | None = None) -> None:
        self.change(self.present, life=self.life.trained(self.wish, most))
        self.touch()

    def go_on(self, row: Row) -> None:
        """Make an own run the present one."""
        self.rows.remove(row)
        self.end_run()
        self.rows.append(row)
        self.change(row, is_shown=True)
        self._take_settings(row.facts)

    def go_on_with_copy(self, row: Row, key: str, name: str) -> None:
        """Make a copy of a run of another document the present one."""
        self.begin_run(key, name, row.facts.life)
        self._take_settings(row.facts)

    def _take_settings(self, facts: Facts) -> None:
        assert facts.wish is not None
        self.hidden, self.wish = facts.life.hidden, facts.wish
        self.units, self.pixel = (), -1
        self.touch()

    def branch(self, key: str, name: str, images: int) -> None:
        """Begin a run where the present one had been shown so many images."""
        life, units, pixel = self.life, self.units, self.pixel
        self.hidden, self.wish = life.hidden, (life.until(images).stages or life.stages)[-1][0]
        self.begin_run(key, name, life.until(images))
        self.units, self.pixel = units, pixel
        self.is_paused = False
        self.touch()

    # --- documents

    def leave(self) -> None:
        """Let the document go, and with it those of its runs that are not in its file as they are."""
        self.is_paused = False
        if not self.is_modified:
            self.end_run()
            return
        self.deleted = _without(self.deleted, self.is_own)
        self.rows = [row for row in self.rows if not self.is_own(row) or self.saved.get(row.key) == row.facts]
        # It was in the file, but nothing is to be compared with.
        self.rows = [row for row in self.rows if row.facts.life.images]

    def begin(self, key: str, name: str, hidden: int, wish: Wish) -> None:
        """Begin a new document, after `leave`."""
        self.token, self.file, self.is_modified, self.notes, self.saved = next(TOKENS), "", False, "", {}
        self.hidden, self.wish = hidden, wish
        self.units, self.pixel = (), -1
        self.rows.append(Row(key, Facts(name, Life(hidden, wish.seed)), self.token))

    def open(self, file: str, held: Held, *, is_copy: bool) -> None:
        """Show what a file holds, after `leave`; as a copy, where another window has it."""
        self.token, self.notes = next(TOKENS), held.notes
        self.file, self.saved, self.is_modified = ("", {}, True) if is_copy else (file, dict(held.runs), False)
        self.hidden, self.wish, self.units, self.pixel = held.hidden, held.wish, held.units, held.pixel
        self.canvas = held.canvas or self.canvas
        self.kept |= held.kept
        self.deleted = _without(self.deleted, lambda row: row.key in held.runs)
        guests = [row for row in self.rows if row.key not in held.runs]
        own = {key: Row(key, facts, self.token) for key, facts in held.runs.items()}
        present = own.pop(held.present)
        self.change(present, is_shown=True)
        self.rows = [*guests, *own.values(), present]

    def save(self, file: str) -> Held:
        """Save to a file, and return what it holds then."""
        runs = {row.key: row.facts for row in self.rows if self.is_own(row)}
        self.file, self.saved, self.is_modified = file, dict(runs), False
        return Held(
            runs,
            self.present.key,
            self.hidden,
            self.wish,
            self.notes,
            self.units,
            self.pixel,
            self.canvas,
            self.kept,
        )


def _without(deleted: list[list[Row]], is_gone: Callable[[Row], bool]) -> list[list[Row]]:
    left = [[row for row in rows if not is_gone(row)] for rows in deleted]
    return [rows for rows in left if rows]
