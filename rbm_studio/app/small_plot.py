"""A small plot that has words in its place as long as there is nothing to plot."""

from __future__ import annotations

from typing import Generic, Self, TypeVar

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from rbm_studio.app.painting import dress_for_paper
from rbm_studio.app.theme import GRID

Data = TypeVar("Data")


class SmallPlot(QWidget, Generic[Data]):
    """Shows something, or why there is nothing; each kind says how it is drawn.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._data: Data | None = None
        self._placeholder = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def data(self) -> Data | None:
        """Return what is plotted."""
        return self._data

    def set_data(self, data: Data | None, placeholder: str = "") -> None:
        """Plot something else; without it, say why there is nothing to plot."""
        self._data, self._placeholder = data, placeholder
        self.update()

    def placeholder(self) -> str:
        """Return what is said where there is nothing to plot."""
        return self._placeholder if self._data is None else ""

    def printed(self, palette: QPalette, size: QSize) -> Self:
        """Return the same plot, to be rendered on paper."""
        printed = type(self)()
        dress_for_paper(printed, self, palette, size)
        printed.set_data(self._data, self._placeholder)
        return printed

    def sizeHint(self) -> QSize:
        """Return a size at which it can be read."""
        return QSize(24 * GRID, 12 * GRID)

    def minimumSizeHint(self) -> QSize:
        """Return the least size at which it says anything."""
        return QSize(15 * GRID, 6 * GRID)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the plot, or the words."""
        painter = QPainter(self)
        if self._data is not None:
            self._draw(painter, self._data)
            return
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.drawText(QRectF(self.rect()), int(flags), self._placeholder)

    def _draw(self, painter: QPainter, data: Data) -> None:
        # Qt's classes cannot be abstract: who forgets it hears of it so.
        raise NotImplementedError
