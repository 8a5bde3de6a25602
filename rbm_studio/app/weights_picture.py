"""Signed numbers as a picture beside the key to its colours, its pixels to be pointed at and chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from rbm_studio.app.colour_scale import ColourKey, calm_limit, reach_of
from rbm_studio.app.images import diverging_image
from rbm_studio.app.mosaic_layout import tile_columns
from rbm_studio.app.painting import dress_for_paper
from rbm_studio.app.pixel_chooser import PixelChooser
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from PySide6.QtCore import QSize
    from PySide6.QtGui import QPalette

    from rbm_studio.core.backend import FloatArray


class WeightsPicture(QWidget):
    """A picture of signed numbers.

    Parameters
    ----------
    limit : float, optional
        The magnitude with the last colours; without it the greatest that there is, resting while that moves little.
    parent : QWidget, optional

    Attributes
    ----------
    picture : PixelChooser
    bar : ColourKey

    Signals
    -------
    chosen : int
        Which number was clicked, row by row from 0.
    pointed_at : int
        Which one the pointer is on; -1 for none.
    """

    chosen = Signal(int)
    pointed_at = Signal(int)

    def __init__(self, limit: float | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fixed_limit = limit
        self._limit: float | None = None
        self._whose: object = None
        self._values: FloatArray | None = None
        self._columns = 1
        self.picture, self.bar = PixelChooser(), ColourKey()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        row.addWidget(self.picture, 1)
        row.addWidget(self.bar)
        self.picture.clicked.connect(self._choose)
        self.picture.hovered.connect(self._point)
        self.picture.left.connect(lambda: self.pointed_at.emit(-1))

    def limit(self) -> float:
        """Return the magnitude that has the last colours."""
        return self.bar.limit()

    def value(self, index: int) -> float | None:
        """Return one of the numbers that are shown; None where there is no such one."""
        values = self._values
        return float(values[index]) if values is not None and 0 <= index < len(values) else None

    def set_values(self, values: FloatArray, columns: int | None = None, *, whose: object = None) -> None:
        """Show other numbers.

        Parameters
        ----------
        values : float32 ndarray of shape (n,)
        columns : int, optional
            Of the picture; nearly square without it.
        whose : object, optional
            What they belong to: what belonged to another does not hold the colours' limit.
        """
        self._values = values
        self._columns = columns or tile_columns(len(values), 1.0)
        previous = self._limit if whose == self._whose else None
        self._limit = self._fixed_limit or calm_limit(reach_of(values), previous)
        self._whose = whose
        rows = -(-len(values) // self._columns)
        padded = np.full(rows * self._columns, np.nan, dtype=np.float32)
        padded[: len(values)] = values
        self.bar.set_limit(self._limit)
        self.picture.set_image(diverging_image(padded.reshape(rows, self._columns), self._limit))

    def printed(self, palette: QPalette, size: QSize) -> WeightsPicture:
        """Return the same picture without any marks, with the key to its colours, to be rendered on paper."""
        printed = WeightsPicture(self._limit)
        dress_for_paper(printed, self, palette, size)
        if self._values is not None:
            printed.set_values(self._values, self._columns)
        return printed

    def set_marked(self, index: int) -> None:
        """Outline one of the numbers; -1 outlines none."""
        self.picture.set_marked(divmod(index, self._columns) if index >= 0 else None)

    def _choose(self, row: int, column: int) -> None:
        index = self._index(row, column)
        if index >= 0:
            self.chosen.emit(index)

    def _point(self, row: int, column: int) -> None:
        self.pointed_at.emit(self._index(row, column))

    def _index(self, row: int, column: int) -> int:
        index = row * self._columns + column
        return index if self._values is not None and index < len(self._values) else -1
