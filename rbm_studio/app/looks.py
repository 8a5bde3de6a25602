"""How the earlier runs are told apart in a plot: a few colours and dashes, none of them alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QPen

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from rbm_studio.app.curve_history import Tag
    from rbm_studio.app.theme import PlotColours

_Tag = TypeVar("_Tag", bound="Tag")
_WIDTH = 1.75
_COLOURS = 3
_DASHES: tuple[tuple[float, ...], ...] = ((), (5.0, 2.5), (7.0, 2.0, 1.5, 2.0))

LOOKS = tuple((place % _COLOURS, _DASHES[(place + place // _COLOURS) % _COLOURS]) for place in range(_COLOURS**2))
"""The number of a colour of `PlotColours.runs`, and the dashes and gaps in widths of the line, none for a whole one.

Neighbours differ in both.
"""

MOST_SHOWN = len(LOOKS)
"""So many earlier runs are drawn at most: each has a look of its own. Where one more is to be, the oldest is hidden."""


def run_pen(look: int, colours: PlotColours) -> QPen:
    """Return the pen of an earlier run: thinner than that of the present one."""
    colour, dashes = LOOKS[look % len(LOOKS)]
    pen = QPen(colours.runs[colour], _WIDTH)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap if dashes else Qt.PenCapStyle.RoundCap)
    if dashes:
        pen.setDashPattern(list(dashes))
    return pen


def give_looks(earlier: Iterable[_Tag], wanted: Collection[Tag] = ()) -> list[_Tag]:
    """Hide what is too much of earlier runs, those that are wanted last, and give each shown one a look of its own.

    Those that have one keep it. Returns which were hidden.
    """
    shown = sorted((run for run in earlier if run.is_shown), key=lambda run: run in wanted)
    too_many = max(len(shown) - MOST_SHOWN, 0)
    for run in shown[:too_many]:
        run.is_shown = False
    free = list(range(MOST_SHOWN))
    for run in shown[too_many:]:
        run.look = run.look if run.look in free else free[0]
        free.remove(run.look)
    return shown[:too_many]
