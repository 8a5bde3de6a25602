"""The strip above the learning curve: what is plotted, and which line is which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PySide6.QtGui import QFont, QPaintEvent, QPen

_SAMPLE = 3 * GRID


@dataclass(frozen=True)
class LegendEntry:
    """A line's name, and the pen that draws it."""

    name: str
    pen: QPen


class CurveHeader(QWidget):
    """A title at the left and a legend at the right; in a narrow window the legend goes below the title.

    Attributes
    ----------
    may_wrap : bool
        Whether it does; else what does not fit is left out.
    in_part : bool
        Whether the legend may be left out in part only.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.may_wrap, self.in_part = True, True
        self._colour = QColor()
        self._title = ""
        self._entries: tuple[LegendEntry, ...] = ()
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def dress(self, font: QFont, colour: QColor) -> None:
        """Write in this font and colour."""
        self._colour = colour
        self.setFont(font)
        self.update()

    def show_entries(self, title: str, entries: Sequence[LegendEntry]) -> None:
        """Show this title and these lines, the most important first."""
        if (title, tuple(entries)) == (self._title, self._entries):
            return
        self._title, self._entries = title, tuple(entries)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size on one row."""
        return QSize(self.width(), self.heightForWidth(self.width()))

    def minimumSizeHint(self) -> QSize:
        """Return the same: half a row is none."""
        return self.sizeHint()

    def hasHeightForWidth(self) -> bool:
        """Return whether a narrow header has two rows."""
        return self.may_wrap

    def heightForWidth(self, width: int) -> int:
        """Return the height of as many rows as this width needs."""
        return (1 if self._fits_one_row(width) else 2) * self._row()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the title and the legend."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics, row = QFontMetricsF(self.font()), self._row()
        one_row = self._fits_one_row(self.width())
        title_width = min(self._title_width(), self.width()) if one_row else self.width()
        title = metrics.elidedText(self._title, Qt.TextElideMode.ElideRight, title_width)
        painter.setPen(self._colour)
        painter.drawText(QRectF(0, 0, title_width, row), Qt.AlignmentFlag.AlignVCenter, title)
        left = max(self.width() - self._legend_width(), title_width + 3 * GRID) if one_row else 0.0
        middle = row / 2 if one_row else row * 1.5
        for entry, x in self._placed(left):
            painter.setPen(entry.pen)
            painter.drawLine(QPointF(x, middle), QPointF(x + _SAMPLE, middle))
            painter.setPen(self._colour)
            text = QRectF(x + _SAMPLE + GRID // 2, middle - row / 2, metrics.horizontalAdvance(entry.name) + 1, row)
            painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, entry.name)

    def _row(self) -> int:
        return round(QFontMetricsF(self.font()).height()) + GRID // 2

    def _title_width(self) -> float:
        return QFontMetricsF(self.font()).horizontalAdvance(self._title) + 1

    def _entry_width(self, entry: LegendEntry) -> float:
        return _SAMPLE + GRID // 2 + QFontMetricsF(self.font()).horizontalAdvance(entry.name)

    def _legend_width(self) -> float:
        return sum(self._entry_width(entry) for entry in self._entries) + 2 * GRID * max(len(self._entries) - 1, 0)

    def _fits_one_row(self, width: int) -> bool:
        return not (self.may_wrap and self._entries) or self._title_width() + 3 * GRID + self._legend_width() <= width

    def _placed(self, x: float) -> Iterator[tuple[LegendEntry, float]]:
        """Yield the entries with their left edges, as far as the width goes."""
        if not self.in_part and x + self._legend_width() > self.width() + 1:
            return
        for entry in self._entries:
            if x + self._entry_width(entry) > self.width() + 1:
                return
            yield entry, x
            x += self._entry_width(entry) + 2 * GRID
