"""Cards in one row that scrolls sideways, or, with more room, in rows one below the other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QRect, QSize, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent, QWheelEvent

    from rbm_studio.app.card_grid import Card

LEAST_HEIGHT = 23 * GRID
"""A card with its title, its plot and two lines of text."""

_MOST_HEIGHT = 54 * GRID
"""Above this a card is higher than its plot can make use of: the cards then take more rows, and are wider."""


def flow(widths: list[int], room: QSize, bar: int, least_height: int = LEAST_HEIGHT, gap: int = GRID) -> list[QRect]:
    """Lay cards out in a room, in their order.

    Parameters
    ----------
    widths : list of int
        The widths that the cards want; each row of them is widened to fill the room.
    room : QSize
        What is to be seen of the cards at once.
    bar : int
        The thickness of a scroll bar, which takes some of the room.
    least_height : int
        Of a row. Where there is no room for two, all cards stand in one, however long.
    gap : int
        Between cards.
    """
    if room.height() < 2 * least_height + gap:
        row = sum(widths) + gap * (len(widths) - 1)
        height = room.height() - (bar if row > room.width() else 0)
        return _line(widths, max(room.width(), row), 0, height, gap)
    width, lines = room.width(), _lines(widths, room.width(), gap)
    if len(lines) * (least_height + gap) - gap > room.height():
        width -= bar
        lines = _lines(widths, width, gap)
    else:
        wanted = math.ceil((room.height() + gap) / (_MOST_HEIGHT + gap))
        lines = _even_lines(widths, width, gap, max(wanted, len(lines)))
    height = max((room.height() + gap) // len(lines) - gap, least_height)
    return [
        rect for number, line in enumerate(lines) for rect in _line(line, width, number * (height + gap), height, gap)
    ]


def _lines(widths: list[int], room: int, gap: int) -> list[list[int]]:
    lines: list[list[int]] = [[]]
    for width in widths:
        if lines[-1] and sum(lines[-1]) + gap * len(lines[-1]) + width > room:
            lines.append([])
        lines[-1].append(width)
    return lines


def _even_lines(widths: list[int], room: int, gap: int, most: int) -> list[list[int]]:
    """Return at most so many lines, the longest of them as short as it can be."""
    return next(
        lines for narrow in range(min(max(widths), room), room + 1) if len(lines := _lines(widths, narrow, gap)) <= most
    )


def _line(widths: list[int], room: int, top: int, height: int, gap: int) -> list[QRect]:
    """Return cards side by side, widened, or narrowed, in proportion to fill the room."""
    share = (room - gap * (len(widths) - 1)) / sum(widths)
    rects, left = [], 0.0
    for width in widths:
        rects.append(QRect(round(left), top, round(left + width * share) - round(left), height))
        left += width * share + gap
    return rects


class CardScroller(QScrollArea):
    """Shows cards as `flow` lays them out; a wheel that turns up and down moves a single row sideways.

    Parameters
    ----------
    cards : list of (Card, int)
        Each with the width that it wants, in px.
    parent : QWidget, optional
    """

    def __init__(self, cards: list[tuple[Card, int]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cards = cards
        self._ground = QWidget()
        for card, _width in cards:
            card.setParent(self._ground)
        self._ground.resize(0, 0)
        self.setWidget(self._ground)
        self.setFrameShape(QFrame.Shape.NoFrame)
        # Else Tab stops at the empty ground between the cards.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the cards out anew."""
        super().resizeEvent(event)
        self._lay_out()

    def event(self, event: QEvent) -> bool:
        """Follow the style, whose scroll bars may have another thickness."""
        handled = super().event(event)
        if event.type() == QEvent.Type.StyleChange:
            self._lay_out()
        return handled

    def minimumSizeHint(self) -> QSize:
        """Return the least size at which one card can be seen."""
        return QSize(30 * GRID, 14 * GRID)

    def _lay_out(self) -> None:
        room = self.maximumViewportSize()
        rects = flow([width for _card, width in self._cards], room, self.horizontalScrollBar().sizeHint().height())
        for (card, _width), rect in zip(self._cards, rects, strict=True):
            card.setGeometry(rect)
        last = max(rects, key=lambda rect: rect.bottom())
        self._ground.resize(max(rect.right() for rect in rects) + 1, last.bottom() + 1)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll; sideways where there is only that way."""
        if self.verticalScrollBar().maximum() == 0:
            QCoreApplication.sendEvent(self.horizontalScrollBar(), event)
        else:
            super().wheelEvent(event)
