"""A histogram of values of which each hidden unit has one: its bars can be pointed at, for the units in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPalette

from rbm_studio.app.histogram_view import HistogramView
from rbm_studio.app.items_view import CLICK_KEYS, keys_step
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PySide6.QtCore import QPointF
    from PySide6.QtWidgets import QWidget

    from rbm_studio.core.histogram import Histogram

_TICK = GRID // 2
_REACH = 4.0  # px: bars may be narrower than a pointer can hit


class UnitsHistogram(HistogramView):
    """Shows how many units have which value, with a tick under each bar that has a unit pointed at elsewhere.

    Bars are named by the numbers of their bins; empty ones are passed over. Left, Right, Home and End go from bar to
    bar; Enter and Space click one, as the mouse does.

    Parameters
    ----------
    title : str
        What the values are.
    parent : QWidget, optional
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent=parent)
        self._bins: NDArray[np.intp] = np.empty(0, dtype=np.intp)
        self._selected: tuple[int, ...] = ()
        self._lit: tuple[int, ...] = ()
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def set_units(self, histogram: Histogram | None, values: NDArray[np.float32]) -> None:
        """Show other units' values, of shape (units,), in their histogram; units that a bar gains are told of."""
        before = self.units_of(self._hovered)
        self._bins = np.empty(0, dtype=np.intp) if histogram is None else histogram.bins_of(values)
        self.set_histogram(histogram)
        if self._hovered >= 0 and self._hovered not in self._filled():
            self._hover(-1)
        elif self.units_of(self._hovered) != before:
            self.hovered.emit(self._hovered)

    def units_of(self, number: int) -> tuple[int, ...]:
        """Return the units whose values lie in a bin; none for -1."""
        return tuple(np.flatnonzero(self._bins == number).tolist()) if number >= 0 else ()

    def hovered_bar(self) -> int:
        """Return the bar that the pointer or the keyboard is on; -1 for none."""
        return self._hovered

    def set_selected(self, units: tuple[int, ...]) -> None:
        """Mark the bars of some units."""
        self._selected = units
        self.update()

    def set_lit(self, units: tuple[int, ...]) -> None:
        """Mark the bars of units that are pointed at, here or elsewhere."""
        self._lit = units
        if self.units_of(self._hovered) != units:
            self._hovered = -1
        self.update()

    def ticked(self) -> tuple[int, ...]:
        """Return the bars that have a tick."""
        known = [unit for unit in {*self._selected, *self._lit} if unit < len(self._bins)]
        return tuple(number for number in np.unique(self._bins[known]).tolist() if number >= 0)

    def item_at(self, pos: QPointF) -> int:
        """Return the number of the bar at a place of the widget, however low it is; -1 beside them."""
        histogram, plot = self.histogram(), self.plot_rect().adjusted(0, 0, 0, _TICK)
        if histogram is None or not plot.contains(pos):
            return -1
        filled = self._filled()
        away = {number: abs(self.column_rect(number).center().x() - pos.x()) for number in filled}
        nearest = min(filled, key=away.__getitem__, default=-1)
        reach = max(plot.width() / len(histogram.counts) / 2, _REACH)
        return nearest if filled and away[nearest] <= reach else -1

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go from bar to bar, or click one."""
        filled = self._filled()
        across = event.key() not in (Qt.Key.Key_Up, Qt.Key.Key_Down)
        place = filled.index(self._hovered) if self._hovered in filled else -1
        target = keys_step(event.key(), place, len(filled), 1) if across else None
        if target is not None:
            self._hover(filled[target])
        elif event.key() in CLICK_KEYS and self._hovered >= 0:
            self._click(self._hovered)
        else:
            super().keyPressEvent(event)

    def _filled(self) -> list[int]:
        return [number for number in np.unique(self._bins).tolist() if number >= 0]

    def _draw_ground(self, painter: QPainter) -> None:
        if self._hovered >= 0:
            ground = self.column_rect(self._hovered).adjusted(-2, 0, 2, 0)
            painter.fillRect(ground, self.palette().color(QPalette.ColorRole.Highlight))

    def _draw_marks(self, painter: QPainter) -> None:
        accent = self.palette().color(QPalette.ColorRole.Accent)
        for number in self.ticked():
            column = self.column_rect(number)
            painter.fillRect(QRectF(column.left(), column.bottom() + 1, column.width(), _TICK), accent)
        if self.hasFocus():
            painter.setPen(accent)
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
