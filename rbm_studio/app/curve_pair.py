"""One learning curve, or two above each other over the same epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from rbm_studio.app.curve_plot import CurvePlot

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent


class CurvePair(QWidget):
    """A plot, and another one below it that can be shown; what is zoomed or read in one is so in the other.

    Attributes
    ----------
    plot, beside : CurvePlot
    """

    def __init__(self) -> None:
        super().__init__()
        self.plot, self.beside = CurvePlot(), CurvePlot()
        self.beside.set_compact(True)
        self.beside.hide()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        for plot, other in ((self.plot, self.beside), (self.beside, self.plot)):
            self._layout.addWidget(plot, 1)
            plot.read_at.connect(other.read_epoch)
            plot.view.zoomed.connect(other.view.show_part)
            plot.view.axis_fitted.connect(self._align)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Make both curves as high: the lower plot has the names of the epochs, too."""
        super().resizeEvent(event)
        names = self.beside.fontMetrics().height()
        self._layout.setStretch(0, max(1, self.height() - names))
        self._layout.setStretch(1, self.height() + names)

    def show_beside(self, on: bool) -> None:
        """Show the second plot, or not."""
        if on != self.beside.isHidden():
            return
        self.plot.set_compact(on, above=on)
        self.beside.setVisible(on)
        self.plot.view.show_all()
        self._align()

    def plots(self) -> list[CurvePlot]:
        """Return what is shown, from the top."""
        return [self.plot] if self.beside.isHidden() else [self.plot, self.beside]

    @Slot()
    def _align(self) -> None:
        """Let the same epoch stand at the same place in both."""
        shown = self.plots()
        width = max(plot.view.axis_width for plot in shown)
        for plot in shown:
            plot.view.widen_axis(width if len(shown) > 1 else 0)
