"""How much is kept of earlier runs, and what goes first where that is too much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rbm_studio.app.epoch_history import EpochHistory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rbm_studio.app.curve_history import CurveRun
    from rbm_studio.app.run import Run

MOST_RUNS = 200
"""So many runs are kept; then the oldest goes: a guest, or else one that nobody has named."""

ENDS_BYTES = 64 << 20
"""So much do the models of earlier runs hold together, but for the last ones; guests' and the oldest go first."""

CURVES_BYTES = 64 << 20
"""So much do the curves of earlier runs hold together; the longest ones are thinned to every second point."""

_LEAST_POINTS = 256
"""A curve of no more points is not thinned."""


def surplus(guests: Sequence[Run], own: Sequence[Run], count: int) -> list[Run]:
    """Return which runs are to go, if so many are too many: guests first, and of the own ones none that has a name."""
    ordered = [*sorted(guests, key=lambda run: run.is_named), *(run for run in own if not run.is_named)]
    return ordered[: max(count, 0)]


def bound_size(first: Sequence[Run], own: Sequence[Run], previous: Run | None, *, keeps_own: bool = False) -> list[Run]:
    """Let go of models, and thin curves, until those of earlier runs fit.

    Parameters
    ----------
    first : sequence of Run
        Those that give way first.
    own : sequence of Run
        The open document's; the last one's model stays.
    previous : Run or None
        Its model stays, too.
    keeps_own : bool
        Whether nothing of the document's is let go.

    Returns
    -------
    list of Run
        Of its own, those without their models now.
    """
    others = [run for run in first if run is not previous]
    _thin_curves(first, own)
    _drop_ends(others, own[:-1])
    if keeps_own:
        return []
    _thin_curves(own, first)
    return _drop_ends(own[:-1], others)


def _drop_ends(runs: Sequence[Run], others: Sequence[Run]) -> list[Run]:
    """Let go of models, of the runs in their order, until theirs and the others' fit; return whose."""
    held = sum(run.end.size for run in [*runs, *others] if run.end is not None)
    dropped = []
    for run in runs:
        if held > ENDS_BYTES and run.end is not None:
            held -= run.end.size
            run.end, run.history = None, EpochHistory()
            dropped.append(run)
    return dropped


def _thin_curves(runs: Sequence[Run], others: Sequence[Run]) -> None:
    """Thin the curves of the runs until theirs and the others' fit."""
    curves = [curve for run in runs for curve in run.curves.values()]
    for curve in curves:
        curve.trim()
    held = sum(curve.size for run in [*runs, *others] for curve in run.curves.values())
    while held > CURVES_BYTES and (longest := _longest(curves)) is not None:
        held -= longest.size
        longest.thin()
        held += longest.size


def _longest(curves: Sequence[CurveRun]) -> CurveRun | None:
    longest = max(curves, key=len, default=None)
    return longest if longest is not None and len(longest) > _LEAST_POINTS else None
