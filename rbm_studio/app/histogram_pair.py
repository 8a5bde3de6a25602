"""A parameter's values beside its last update."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QWidget

from rbm_studio.app.histogram_view import HistogramView
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from PySide6.QtCore import QSize
    from PySide6.QtGui import QPalette


class HistogramPair(QWidget):
    """Two histograms side by side.

    Parameters
    ----------
    values, updates : HistogramView, optional
        In place of the usual ones.
    """

    def __init__(self, values: HistogramView | None = None, updates: HistogramView | None = None) -> None:
        super().__init__()
        self.values = HistogramView(self.tr("values")) if values is None else values
        self.updates = HistogramView(self.tr("last update"), second=True) if updates is None else updates
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GRID)
        row.addWidget(self.values)
        row.addWidget(self.updates)

    def printed(self, palette: QPalette, size: QSize) -> HistogramPair:
        """Return both, to be rendered on paper."""
        printed = HistogramPair(*(view.printed(palette, size) for view in (self.values, self.updates)))
        printed.resize(size)
        return printed
