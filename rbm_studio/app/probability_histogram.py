"""How often a probability had which value, over 0..1."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from rbm_studio.app.painting import draw_placeholder, dress_for_paper
from rbm_studio.app.theme import GRID, plot_colours

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PySide6.QtGui import QPaintEvent, QPalette

_GAP = GRID // 2
# Rarer bars keep this height, so that a few images can be seen.
_LEAST_BAR = 1.5


class ProbabilityHistogram(QWidget):
    """Bars over 0..1, with the count of the fullest above them; linear, or by a switch logarithmic.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._highest = QLabel()
        self._highest.setObjectName("quiet")
        self._log = QCheckBox(self.tr("Log scale"))
        self._log.setAccessibleName(self.tr("Log scale"))
        self._log.setToolTip(self.tr("Let the bars grow with the logarithm of the count, so that rare values are seen"))
        self._bars = _Bars()
        top = QHBoxLayout()
        top.setSpacing(GRID)
        top.addWidget(self._highest, 1)
        top.addWidget(self._log)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(_GAP)
        column.addLayout(top)
        column.addWidget(self._bars, 1)
        self._log.toggled.connect(self._bars.set_log)

    def counts(self) -> npt.NDArray[np.int64] | None:
        """Return what is shown."""
        return self._bars.counts

    def printed(self, palette: QPalette, size: QSize) -> ProbabilityHistogram:
        """Return the same bars, to be rendered on paper."""
        printed = ProbabilityHistogram()
        dress_for_paper(printed, self, palette, size)
        # The style's quiet colour is for the window's ground.
        printed._highest.setObjectName("")
        printed._log.setChecked(self._log.isChecked())
        printed._log.hide()
        printed.set_counts(self._bars.counts)
        if self._log.isChecked():
            printed._highest.setText(self.tr("{0}, log scale").format(self._highest.text()))
        return printed

    def bar_heights(self) -> list[float]:
        """Return the heights of the bars, as parts of the highest; 0 only where there is nothing."""
        return self._bars.heights()

    def set_counts(self, counts: npt.NDArray[np.int64] | None, notice: str = "") -> None:
        """Show other counts in even bins over 0..1; without them, a notice in their place."""
        words = "" if counts is None else self.tr("up to {0} images").format(QLocale().toString(int(counts.max())))
        self._highest.setText(words)
        self._bars.set_counts(counts, notice)


class _Bars(QWidget):
    """The bars and their axis."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: npt.NDArray[np.int64] | None = None
        self._log = False
        self._notice = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_counts(self, counts: npt.NDArray[np.int64] | None, notice: str) -> None:
        self.counts = counts
        self._notice = notice
        self.update()

    def set_log(self, log: bool) -> None:
        self._log = log
        self.update()

    def heights(self) -> list[float]:
        if self.counts is None:
            return []
        highest = max(int(self.counts.max()), 1)
        if self._log:
            return [math.log1p(count) / math.log1p(highest) for count in self.counts.tolist()]
        return [count / highest for count in self.counts.tolist()]

    def sizeHint(self) -> QSize:
        return QSize(24 * GRID, 12 * GRID)

    def minimumSizeHint(self) -> QSize:
        return QSize(16 * GRID, 6 * GRID)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self.counts is None:
            draw_placeholder(painter, self.rect(), self._notice, self.palette())
            return
        colours = plot_colours(self.palette())
        row = QFontMetricsF(self.font()).height()
        plot = QRectF(0, 0, self.width(), self.height() - row - _GAP)
        painter.setPen(colours.grid)
        painter.drawLine(plot.topLeft(), plot.topRight())
        self._draw_bars(painter, plot)
        painter.drawLine(plot.bottomLeft(), plot.bottomRight())
        painter.setPen(colours.text)
        axis = QRectF(0, plot.bottom() + _GAP, self.width(), row)
        for place, number in (
            (Qt.AlignmentFlag.AlignLeft, 0.0),
            (Qt.AlignmentFlag.AlignHCenter, 0.5),
            (Qt.AlignmentFlag.AlignRight, 1.0),
        ):
            painter.drawText(axis, int(place), QLocale().toString(number, "g", 2))

    def _draw_bars(self, painter: QPainter, plot: QRectF) -> None:
        colour = plot_colours(self.palette()).training
        heights, ratio = self.heights(), self.devicePixelRatioF()
        for number, share in enumerate(heights):
            if share > 0:
                # A screen pixel between bars, and each on whole ones: else there were seams of many widths.
                left, right = (
                    round((plot.left() + plot.width() * n / len(heights)) * ratio) / ratio for n in (number, number + 1)
                )
                height = max(plot.height() * share, _LEAST_BAR)
                painter.fillRect(QRectF(left, plot.bottom() - height, right - left - 1 / ratio, height), colour)
