"""The strip above the learning curve: what is plotted, and which line is which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QFont, QPaintEvent, QPen

_SAMPLE = 3 * GRID
# So many letters are enough to know a run by; the pointer reads its whole name.
_LONGEST_NAME = 22
_Rows = list[list[tuple["LegendEntry", float]]]


@dataclass(frozen=True)
class LegendEntry:
    """A line's name, the pen that draws it, and whether the name is never shortened; without a pen, only words."""

    name: str
    pen: QPen
    is_whole: bool = False


class CurveHeader(QWidget):
    """A title at the left and a legend at the right; in a narrow window the legend goes below the title.

    What does not fit there either is counted at its end.

    Attributes
    ----------
    may_wrap : bool
        Whether it goes below.
    in_part : bool
        Whether the legend may be left out in part only.
    most_rows : int
        Of the legend, below the title.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.may_wrap, self.in_part, self.most_rows = True, True, 1
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
        return (1 if self._fits_one_row(width) else 1 + len(self._rows(0.0, width, self.most_rows))) * self._row()

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
        rows = self._rows(left, self.width(), 1 if one_row else self.most_rows)
        for number, placed in enumerate(rows):
            top = row * (number if one_row else number + 1)
            for entry, x in placed:
                self._paint_entry(painter, entry, x, top)
        left_out = len(self._entries) - sum(map(len, rows))
        if left_out and rows:
            room = QRectF(0, row * (len(rows) - (1 if one_row else 0)), self.width(), row)
            painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"+{left_out}")

    def _paint_entry(self, painter: QPainter, entry: LegendEntry, x: float, top: float) -> None:
        row, name = self._row(), self._name(entry)
        painter.setPen(entry.pen)
        painter.drawLine(QPointF(x, top + row / 2), QPointF(x + _SAMPLE, top + row / 2))
        painter.setPen(self._colour)
        text = QRectF(x + _sample(entry), top, QFontMetricsF(self.font()).horizontalAdvance(name) + 1, row)
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, name)

    def _row(self) -> int:
        return round(QFontMetricsF(self.font()).height()) + GRID // 2

    def _title_width(self) -> float:
        return QFontMetricsF(self.font()).horizontalAdvance(self._title) + 1

    def _entry_width(self, entry: LegendEntry) -> float:
        return _sample(entry) + QFontMetricsF(self.font()).horizontalAdvance(self._name(entry))

    def _name(self, entry: LegendEntry) -> str:
        if entry.is_whole:
            return entry.name
        metrics = QFontMetricsF(self.font())
        # In the middle: where the names of two runs differ, it is mostly at their ends.
        return metrics.elidedText(entry.name, Qt.TextElideMode.ElideMiddle, _LONGEST_NAME * metrics.averageCharWidth())

    def _legend_width(self) -> float:
        return sum(self._entry_width(entry) for entry in self._entries) + 2 * GRID * max(len(self._entries) - 1, 0)

    def _fits_one_row(self, width: int) -> bool:
        return not (self.may_wrap and self._entries) or self._title_width() + 3 * GRID + self._legend_width() <= width

    def _rows(self, left: float, width: float, most: int) -> _Rows:
        """Return the entries in rows with their left edges, as far as there is room, and room for the count of others.

        Nothing, if there is no room for all and they may not be left out in part.
        """
        rows: _Rows = [[]]
        x, count = left, QFontMetricsF(self.font()).horizontalAdvance("+99") + 2 * GRID
        widths = [self._entry_width(entry) + 2 * GRID for entry in self._entries]
        for place, entry in enumerate(self._entries):
            fits_all = x + sum(widths[place:]) - 2 * GRID <= width + 1
            if len(rows) < most and rows[-1] and x + widths[place] - 2 * GRID > width + 1:
                rows.append([])
                x = left
                fits_all = x + sum(widths[place:]) - 2 * GRID <= width + 1
            room = width + 1 if fits_all or len(rows) < most else width - count
            if x + widths[place] - 2 * GRID > room:
                return rows if self.in_part else []
            rows[-1].append((entry, x))
            x += widths[place]
        return rows


def _sample(entry: LegendEntry) -> int:
    """Return the room for a piece of a line, in px."""
    return 0 if entry.pen.style() == Qt.PenStyle.NoPen else _SAMPLE + GRID // 2
