"""How much is kept of earlier runs, and what goes first where that is too much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rbm_studio.app.epoch_history import EpochHistory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rbm_studio.app.curve_history import CurveRun
    from rbm_studio.app.run import Run

MOST_RUNS = 200
"""So many runs are kept; then the oldest one goes that nobody has named."""

ENDS_BYTES = 64 << 20
"""So much do the models of earlier runs hold together, but for the last one; the oldest go first."""

CURVES_BYTES = 64 << 20
"""So much do the curves of earlier runs hold together; the longest ones are thinned to every second point."""

_LEAST_POINTS = 256
"""A curve of no more points is not thinned."""


def surplus(runs: Sequence[Run]) -> list[Run]:
    """Return which of the runs, given from the first to the present one, are to go; never the one before it."""
    too_many = len(runs) - MOST_RUNS
    return [run for run in runs[:-2] if not run.is_named][:too_many] if too_many > 0 else []


def drop_ends(runs: Sequence[Run]) -> None:
    """Let go of models: of the runs in their order, until those that are left fit; the last run's stays."""
    held = sum(run.end.size for run in runs[:-1] if run.end is not None)
    for run in runs[:-1]:
        if held <= ENDS_BYTES:
            return
        if run.end is not None:
            held -= run.end.size
            run.end, run.history = None, EpochHistory()


def thin_curves(runs: Sequence[Run]) -> None:
    """Thin the curves of these runs until they fit."""
    curves = [curve for run in runs for curve in run.curves.values()]
    for curve in curves:
        curve.trim()
    held = sum(curve.size for curve in curves)
    while held > CURVES_BYTES and (longest := _longest(curves)) is not None:
        held -= longest.size
        longest.thin()
        held += longest.size


def _longest(curves: Sequence[CurveRun]) -> CurveRun | None:
    longest = max(curves, key=len, default=None)
    return longest if longest is not None and len(longest) > _LEAST_POINTS else None
