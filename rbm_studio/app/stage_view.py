"""A picture of a stage of a chain, framed when it is the newest; hidden units in it can be pointed at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen

from rbm_studio.app.image_view import ImageView
from rbm_studio.app.images import grey_image
from rbm_studio.app.mosaic_layout import tile_columns

if TYPE_CHECKING:
    from PySide6.QtCore import QRectF
    from PySide6.QtWidgets import QWidget

    from rbm_studio.app.selection import Selection
    from rbm_studio.core.backend import FloatArray

_MARK = 3.0
_OUTLINE = 2.0
_LEAST_LINED = 12.0  # px


class StageView(ImageView):
    """A picture with a frame in the accent's colour while it is marked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._marked = False

    @property
    def is_marked(self) -> bool:
        """Whether this is the stage that was made last."""
        return self._marked

    def set_marked(self, marked: bool) -> None:
        """Mark this stage as the one that was made last, or as one that was not."""
        if marked != self._marked:
            self._marked = marked
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, and the mark around it."""
        super().paintEvent(event)
        if self._marked and self.image() is not None:
            painter = QPainter(self)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Accent), _MARK))
            inside = _MARK / 2
            painter.drawRect(self.image_rect().adjusted(inside - 1, inside - 1, 1 - inside, 1 - inside))


def outline(painter: QPainter, rect: QRectF) -> None:
    """Draw a ring around a pixel, which stands out whatever the pixel's own brightness is."""
    for colour, width in ((QColor("black"), 2 * _OUTLINE), (QColor("#56b4e9"), _OUTLINE)):
        painter.setPen(QPen(colour, width))
        painter.drawRect(rect)


class HiddenView(StageView):
    """Hidden units as a picture, nearly square; a click selects a unit, and those selected are outlined.

    Parameters
    ----------
    selection : Selection
    parent : QWidget, optional
    """

    def __init__(self, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = selection
        self._count = 0
        self._columns = 1
        self.hovered.connect(self._hover_unit)
        self.left.connect(self._leave_units)
        self.clicked.connect(self._click_unit)
        selection.units_changed.connect(self.update)
        selection.hovered_changed.connect(self.update)

    def set_units(self, hidden: FloatArray) -> None:
        """Show the values, in 0..1, of hidden units; the last row may have units missing, shown as off."""
        self._count = len(hidden)
        self._columns = tile_columns(self._count, 1.0)
        rows = -(-self._count // self._columns)
        grid = np.zeros(rows * self._columns, dtype=np.float32)
        grid[: self._count] = hidden
        self.set_image(grey_image(grid.reshape(rows, self._columns)))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, and outlines around the units that are pointed at."""
        super().paintEvent(event)
        pointed_at = {*self._selection.units, *self._selection.hovered_units}
        painter = QPainter(self)
        self._draw_lines(painter)
        for unit in pointed_at:
            if 0 <= unit < self._count:
                outline(painter, self.pixel_rect(divmod(unit, self._columns)))

    def _draw_lines(self, painter: QPainter) -> None:
        """Set large units off from one another: a few that are off would be one black patch."""
        if not self._count or self.pixel_rect((0, 0)).width() < _LEAST_LINED:
            return
        painter.setPen(QPen(QColor("#808080"), 0))  # as far from black as from white, in any palette
        for unit in range(self._count):
            painter.drawRect(self.pixel_rect(divmod(unit, self._columns)))

    def _unit_at(self, row: int, column: int) -> int:
        unit = row * self._columns + column
        return unit if unit < self._count else -1

    def _hover_unit(self, row: int, column: int) -> None:
        self._selection.hover(self._unit_at(row, column))

    def _leave_units(self) -> None:
        self._selection.hover(-1)

    def _click_unit(self, row: int, column: int) -> None:
        unit = self._unit_at(row, column)
        if unit >= 0:
            self._selection.toggle_unit(unit)
