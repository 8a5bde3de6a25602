"""What is pointed at: hidden units and pixels that light up wherever they are shown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from collections.abc import Callable


class Selection(QObject):
    """The units that are pointed at in some panel, for all the others.

    Units that the model does not have are left out: a panel that measures in the background shows the model before
    until it has measured the present one, and can be pointed at meanwhile.

    Signals
    -------
    units_changed
        Other hidden units are selected; see `units`.
    hovered_changed
        The pointer is on other hidden units; see `hovered` and `hovered_units`.
    pixel_changed
        Another visible unit is selected; see `pixel`.
    turned_to : bool
        What was selected already was clicked: the visible unit, or the hidden units, come to the front again.
    """

    units_changed = Signal()
    hovered_changed = Signal()
    pixel_changed = Signal()
    turned_to = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._units: tuple[int, ...] = ()
        self._hovered: tuple[int, ...] = ()
        self._pixel = -1
        self._page_in_view: Callable[[], bool | None] = lambda: None
        self._hidden_num: float = math.inf
        self._visible_num: float = math.inf

    @property
    def units(self) -> tuple[int, ...]:
        """The hidden units that are selected, by their indices."""
        return self._units

    @property
    def hovered(self) -> int:
        """The hidden unit that the pointer is on in some panel; -1 for none, or for several."""
        return self._hovered[0] if len(self._hovered) == 1 else -1

    @property
    def hovered_units(self) -> tuple[int, ...]:
        """The hidden units that the pointer is on: one, or all of a bar of a histogram."""
        return self._hovered

    @property
    def pixel(self) -> int:
        """The visible unit that is selected, by its index; -1 for none."""
        return self._pixel

    def select_units(self, units: tuple[int, ...]) -> None:
        """Select some hidden units; none with an empty tuple."""
        units = tuple(unit for unit in units if unit < self._hidden_num)
        if units != self._units:
            self._units = units
            self.units_changed.emit()

    def toggle_unit(self, unit: int) -> None:
        """Select a hidden unit alone; if it is already, turn to it, or else select none."""
        if self._units == (unit,) and self._page_in_view() is True:
            self.turned_to.emit(False)
        else:
            self.select_units(() if self._units == (unit,) else (unit,))

    def toggle_units(self, units: tuple[int, ...]) -> None:
        """Select some hidden units together; none if they are selected already."""
        self.select_units(() if self._units == units else units)

    def hover(self, unit: int) -> None:
        """Say which hidden unit the pointer is on; -1 when it has left."""
        self.hover_units((unit,) if unit >= 0 else ())

    def hover_units(self, units: tuple[int, ...]) -> None:
        """Say which hidden units the pointer is on together; none with an empty tuple."""
        units = tuple(unit for unit in units if unit < self._hidden_num)
        if units != self._hovered:
            self._hovered = units
            self.hovered_changed.emit()

    def select_pixel(self, pixel: int) -> None:
        """Select a visible unit; none with -1."""
        pixel = pixel if pixel < self._visible_num else -1
        if pixel != self._pixel:
            self._pixel = pixel
            self.pixel_changed.emit()

    def toggle_pixel(self, pixel: int) -> None:
        """Select a visible unit; if it is already, turn to it, or else select none."""
        if self._pixel == pixel and self._page_in_view() is False:
            self.turned_to.emit(True)
        else:
            self.select_pixel(-1 if self._pixel == pixel else pixel)

    def watch_page(self, page_in_view: Callable[[], bool | None]) -> None:
        """Ask here whether the page that is in view is a visible unit's; None where none is in view.

        A click on what is selected turns to it where the page of the other kind is in view, and deselects it elsewhere.
        """
        self._page_in_view = page_in_view

    def begin_again(self, hidden_num: int, visible_num: int) -> None:
        """Point at nothing: another model has come, with so many units."""
        self._hidden_num, self._visible_num = hidden_num, visible_num
        self.hover(-1)
        self.select_units(())
        self.select_pixel(-1)
