"""How much chains remember of a picture after so many steps, as a small plot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLocale, QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPalette, QPen, QPolygonF

from rbm_studio.app.small_plot import SmallPlot
from rbm_studio.app.theme import GRID, plot_colours

if TYPE_CHECKING:
    from rbm_studio.core.mixing import Mixing

_GAP = GRID // 2
_BOTTOM = -0.25
_TICKS = (0.0, 0.5, 1.0)


class AutocorrelationView(SmallPlot["Mixing"]):
    """Plots ρ against the lag in Gibbs steps, from 1 at lag 0; chains that mix fall to 0."""

    def _draw(self, painter: QPainter, data: Mixing) -> None:
        metrics, colours = QFontMetricsF(self.font()), plot_colours(self.palette())
        row = metrics.height()
        left = metrics.horizontalAdvance(QLocale().toString(0.5)) + GRID
        plot = QRectF(left, row / 2, self.width() - left - GRID, self.height() - 1.5 * row - _GAP)
        for tick in _TICKS:
            y = self._place(plot, 0.0, tick).y()
            painter.setPen(QPen(colours.text if tick == 0 else colours.grid, 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            if tick != _TICKS[1] or plot.height() > 3.5 * row:
                painter.setPen(colours.text)
                box = QRectF(0, y - row / 2, left - _GAP, row)
                at_right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                painter.drawText(box, at_right, QLocale().toString(tick))
        self._draw_names(painter, data, QRectF(plot.left(), self.height() - row, plot.width(), row))
        self._draw_curve(painter, data, plot)

    def _draw_names(self, painter: QPainter, mixing: Mixing, names: QRectF) -> None:
        last = QLocale().toString(int(mixing.lags[-1]))
        painter.setPen(plot_colours(self.palette()).text)
        painter.drawText(names, int(Qt.AlignmentFlag.AlignLeft), "0")
        painter.drawText(names, int(Qt.AlignmentFlag.AlignRight), last)
        for words in (self.tr("lag in steps"), self.tr("lag")):
            if QFontMetricsF(self.font()).horizontalAdvance(words + 2 * last) + 2 * GRID < names.width():
                painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
                painter.drawText(names, int(Qt.AlignmentFlag.AlignHCenter), words)
                break

    def _draw_curve(self, painter: QPainter, mixing: Mixing, plot: QRectF) -> None:
        colour = plot_colours(self.palette()).training
        last = max(float(mixing.lags[-1]), 1.0)
        values = np.clip(np.nan_to_num(mixing.correlations), _BOTTOM, 1.0)
        lags = mixing.lags.tolist()
        points = [self._place(plot, lag / last, value) for lag, value in zip(lags, values.tolist(), strict=True)]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour, 2, j=Qt.PenJoinStyle.RoundJoin))
        painter.drawPolyline(QPolygonF(points))

    def _place(self, plot: QRectF, share: float, value: float) -> QPointF:
        return QPointF(
            plot.left() + plot.width() * share, plot.bottom() - plot.height() * (value - _BOTTOM) / (1 - _BOTTOM)
        )
