"""Small widgets in a row, which goes on in another line where there is no more room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, QRect, QSize
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

_GAP = 3 * GRID // 2
# Until it has a width of its own.
_USUAL_LINES = 2


class WrappingRow(QWidget):
    """Lays its widgets out from left to right, each as wide as it likes, and wraps them as words are.

    Parameters
    ----------
    widgets : list of QWidget
    parent : QWidget, optional
    gap : int
        Between two of them, in px.
    lines : int
        How many there are likely to be, until it has a width.
    """

    def __init__(
        self, widgets: list[QWidget], parent: QWidget | None = None, *, gap: int = _GAP, lines: int = _USUAL_LINES
    ) -> None:
        super().__init__(parent)
        self._widgets = widgets
        self._gap = gap
        for widget in widgets:
            widget.setParent(self)
        self._lines = lines
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def sizeHint(self) -> QSize:
        """Return the size of a single line, as high as the lines are at the present width."""
        sizes = [_size(widget) for widget in self._shown()]
        width = sum(size.width() for size in sizes) + self._gap * max(len(sizes) - 1, 0)
        return QSize(width, self._height(self._lines))

    def minimumSizeHint(self) -> QSize:
        """Return the width of the widest widget, and the height of a usual number of lines: more shall not be demanded.

        A dock is for a moment far narrower than it will be while docks are arranged, and the window would grow for it.
        """
        width = max((_size(widget).width() for widget in self._shown()), default=0)
        return QSize(width, self._height(min(self._lines, _USUAL_LINES)))

    def event(self, event: QEvent) -> bool:
        """Lay out again when a widget has come, gone, or another size."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._lay_out()
            self.updateGeometry()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the widgets out."""
        super().resizeEvent(event)
        before = self._lines
        self._lay_out()
        if self._lines != before:
            self.updateGeometry()

    def _lay_out(self) -> None:
        lines = self._lines_of(self.width())
        self._lines = len(lines)
        line_height = self._height(1)
        for number, line in enumerate(lines):
            x, top = 0, number * (line_height + GRID // 2)
            for widget in line:
                size = _size(widget)
                widget.setGeometry(QRect(QPoint(x, top + (line_height - size.height()) // 2), size))
                x += size.width() + self._gap

    def _shown(self) -> list[QWidget]:
        return [widget for widget in self._widgets if not widget.isHidden()]

    def _height(self, lines: int) -> int:
        line = max((_size(widget).height() for widget in self._shown()), default=0)
        return lines * line + (lines - 1) * (GRID // 2)

    def _lines_of(self, width: int) -> list[list[QWidget]]:
        lines: list[list[QWidget]] = [[]]
        x = 0
        for widget in self._shown():
            needed = _size(widget).width()
            if lines[-1] and x + needed > width:
                lines.append([])
                x = 0
            lines[-1].append(widget)
            x += needed + self._gap
        return lines


def _size(widget: QWidget) -> QSize:
    return widget.sizeHint().expandedTo(widget.minimumSize())


def with_caption(text: str, *fields: QWidget) -> QWidget:
    """Return fields with what they are at their left; the caption leads the keyboard to the first."""
    whole = QWidget()
    caption = QLabel(text)
    caption.setBuddy(fields[0])
    row = QHBoxLayout(whole)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(GRID // 2)
    for widget in (caption, *fields):
        row.addWidget(widget)
    return whole


def side_by_side(*widgets: QWidget) -> QWidget:
    """Return widgets that stay together."""
    whole = QWidget()
    row = QHBoxLayout(whole)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(GRID // 2)
    for widget in widgets:
        row.addWidget(widget)
    return whole
