"""Which values a curve's axis shows: all but old spikes, which would leave the rest of the curve no height."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

FEWEST = 8
"""So many points a line has at least before one of them can be told to be a spike."""

_BULK = (0.05, 0.95)
"""The quantiles between which a line's usual values lie."""

_BEYOND, _BEYOND_FEW, _FEW = 5.0, 10.0, 40
"""A spike is further out than so many times the usual values' span, or their size, whichever is larger: training that
goes well begins within that. Fewer values than the last number tell less of what is usual."""

_BESIDE = 3.0
"""What is of an earlier run is nearer to the present one than that, or it is cut off."""

_RECENT = 0.1
"""The last part of a line is never cut off, whatever it does: who trains must see it."""


_WORTH_IT = 2.0
"""Where all of a line takes less than so many times the height of what is left of it, nothing is cut off."""


@dataclass(frozen=True)
class Cut:
    """What is furthest out of what is not shown of a line, at one of its sides.

    Attributes
    ----------
    epoch, value : float
        Where that is.
    line : int
        The number of its line.
    is_above : bool
        Whether it is above what is shown; else it is below.
    """

    epoch: float
    value: float
    line: int
    is_above: bool


Points = tuple["NDArray[np.float64]", "NDArray[np.float64]"]
"""Epochs and values of a line, both of shape (n,), finite, in their order."""


def shown_range(
    current: Sequence[Points], earlier: Sequence[Points], *, log: bool = False
) -> tuple[tuple[float, float] | None, list[Cut]]:
    """Return the least and the greatest value to show, and what is left out for it.

    Of each line the old spikes are left out; and, of a line of an earlier run, all that is so far from the present
    run, once this has some points.

    Parameters
    ----------
    current, earlier : sequence of Points
        The lines of the present run, and of those before it.
    log : bool
        Whether the axis is logarithmic; all values are above 0 then.

    Returns
    -------
    (low, high) or None
        None where there is no point.
    cuts : list of Cut
        At most one at each side of a line; the lines are counted from the first of `current` on.
    """
    near = [_near(np.sort(values), _BESIDE) for _, values in current if len(values) >= FEWEST]
    least, greatest = min((low for low, _ in near), default=-np.inf), max((high for _, high in near), default=np.inf)
    ranges = [_recent_and(values, _usual(values, log)) for _, values in current if len(values)]
    for _, values in earlier:
        if len(values):
            low, high = _usual(values, log)
            whole, part = _within(values, (low, high)), _within(values, (max(low, least), min(high, greatest)))
            ranges += whole if part and not _is_worth_it(whole[0], part[0], log) else part
    if not ranges:
        return None, []
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    return (low, high), list(_cuts([*current, *earlier], low, high))


def _usual(values: NDArray[np.float64], log: bool) -> tuple[float, float]:
    """Return the bounds beyond which a value of a line is a spike."""
    count = len(values)
    if count < FEWEST:
        return -np.inf, np.inf
    ordered = np.sort(values)
    low, high = _near(ordered, _BEYOND if len(ordered) >= _FEW else _BEYOND_FEW)
    left = ordered[(ordered >= low) & (ordered <= high)]
    if _is_worth_it((float(ordered[0]), float(ordered[-1])), (float(left[0]), float(left[-1])), log):
        return low, high
    return -np.inf, np.inf


def _near(ordered: NDArray[np.float64], times: float) -> tuple[float, float]:
    """Return the bounds of what is near a line's usual values: within so many times their span or size."""
    last = len(ordered) - 1
    # Of few values, one at each end is left out.
    low, high = (float(ordered[place]) for place in (math.ceil(_BULK[0] * last), int(_BULK[1] * last)))
    room = times * max(high - low, abs(float(ordered[last // 2])))
    return low - room, high + room


def _is_worth_it(whole: tuple[float, float], part: tuple[float, float], log: bool) -> bool:
    """Whether a line's whole range takes much more of the axis than a part of it."""

    def height(low: float, high: float) -> float:
        return math.log10(high) - math.log10(low) if log else high - low

    return height(*whole) > _WORTH_IT * height(*part)


def _recent_and(values: NDArray[np.float64], bounds: tuple[float, float]) -> tuple[float, float]:
    """Return the range of a line's values within these bounds, and of its last ones, whatever they are."""
    recent = values[-max(1, round(_RECENT * len(values))) :]
    ranges = [(float(recent.min()), float(recent.max())), *_within(values, bounds)]
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def _within(values: NDArray[np.float64], bounds: tuple[float, float]) -> list[tuple[float, float]]:
    """Return the range of a line's values within these bounds; none where there is none."""
    inside = values[(values >= bounds[0]) & (values <= bounds[1])]
    return [(float(inside.min()), float(inside.max()))] if len(inside) else []


def _cuts(lines: Sequence[Points], low: float, high: float) -> Iterator[Cut]:
    for number, (epochs, values) in enumerate(lines):
        if not len(values):
            continue
        least, greatest = int(values.argmin()), int(values.argmax())
        if values[greatest] > high:
            yield Cut(float(epochs[greatest]), float(values[greatest]), number, True)
        if values[least] < low:
            yield Cut(float(epochs[least]), float(values[least]), number, False)
