"""How the earlier runs are told apart in a plot: a few colours and dashes, none of them alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPen

if TYPE_CHECKING:
    from rbm_studio.app.theme import PlotColours

_WIDTH = 1.75
_COLOURS = 3
_DASHES: tuple[tuple[float, ...], ...] = ((), (5.0, 2.5), (7.0, 2.0, 1.5, 2.0))

LOOKS = tuple((place % _COLOURS, _DASHES[(place + place // _COLOURS) % _COLOURS]) for place in range(_COLOURS**2))
"""The number of a colour of `PlotColours.runs`, and the dashes and gaps in widths of the line, none for a whole one.

Neighbours differ in both.
"""


def run_pen(look: int, colours: PlotColours) -> QPen:
    """Return the pen of an earlier run: thinner than that of the present one."""
    colour, dashes = LOOKS[look % len(LOOKS)]
    pen = QPen(colours.runs[colour], _WIDTH)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap if dashes else Qt.PenCapStyle.RoundCap)
    if dashes:
        pen.setDashPattern(list(dashes))
    return pen
