"""How often chains visited each class, as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from rbm_studio.app.small_plot import SmallPlot
from rbm_studio.app.theme import GRID, plot_colours

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_GAP = GRID // 2


class VisitsView(SmallPlot["npt.NDArray[np.int64]"]):
    """Shows a bar a class, of how often it was visited, the class below it; the highest fills the widget."""

    def _draw(self, painter: QPainter, data: npt.NDArray[np.int64]) -> None:
        metrics, colours = QFontMetricsF(self.font()), plot_colours(self.palette())
        shares = data / max(int(data.sum()), 1)
        highest = max(float(shares.max()), 1 / len(shares))
        end = self.tr("{0}%").format(round(100 * highest))
        left, row = metrics.horizontalAdvance("100%") + GRID, metrics.height()
        plot = QRectF(left, row / 2, self.width() - left, self.height() - 1.5 * row - _GAP)
        at_right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for y, text in ((plot.top(), end), (plot.bottom(), "0")):
            painter.setPen(colours.grid)
            painter.drawLine(QRectF(plot.left(), y, plot.width(), 0).topLeft(), QRectF(plot.right(), y, 0, 0).topLeft())
            painter.setPen(colours.text)
            painter.drawText(QRectF(0, y - row / 2, left - _GAP, row), at_right, text)
        width = plot.width() / len(shares)
        named = 1 + int(metrics.horizontalAdvance(str(len(shares) - 1)) / width)
        for place, share in enumerate(shares.tolist()):
            height = plot.height() * share / highest
            bar = QRectF(plot.left() + (place + 0.15) * width, plot.bottom() - height, 0.7 * width, height)
            painter.fillRect(bar, colours.training)
            if place % named == 0:
                painter.setPen(colours.text)
                name = QRectF(plot.left() + (place + 0.5) * width - row, self.height() - row, 2 * row, row)
                painter.drawText(name, int(Qt.AlignmentFlag.AlignCenter), str(place))
