"""Cards in as many columns as there is room for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPalette
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from rbm_studio.app.pictures import plot_picture
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from rbm_studio.app.pictures import DrawnPicture

# Counts that the spans of the cards fill without a hole before the last.
_COLUMNS = (4, 2, 1)
_LEAST_WIDTH = 27 * GRID
_ONE_LINE_FROM = 56 * GRID


class _Caption(QLabel):
    """A text that wraps, in a room that others set: so the cards above and below may shrink."""

    def hasHeightForWidth(self) -> bool:
        return False


class Card(QFrame):
    """A plot with what it is above it, and what it says below.

    Parameters
    ----------
    title : str
    body : QWidget
    tip : str
        What it measures, and how to read it.
    wide : bool
        Whether it takes two columns, where there are as many.
    parent : QWidget, optional

    Attributes
    ----------
    presence_changed : Signal()
    """

    presence_changed = Signal()

    def __init__(
        self, title: str, body: QWidget, tip: str, *, wide: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.wide = wide
        self._is_present = True
        self._said = ""
        self._title = QLabel(title)
        self._title.setObjectName("heading")
        self._caption = _Caption()
        self._caption.setWordWrap(True)
        self._caption.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._caption.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._body = body
        body.setAccessibleName(title)
        body.setToolTip(tip)
        self.setToolTip(tip)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setAutoFillBackground(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID, GRID // 2, GRID, GRID // 2)
        column.setSpacing(GRID // 2)
        column.addWidget(self._title)
        column.addWidget(body, 1)
        column.addWidget(self._caption)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep room for one line below a wide plot and for two below a narrow one, so that no plot jumps with them."""
        super().resizeEvent(event)
        lines = 1 if self.width() >= _ONE_LINE_FROM else 2
        # A font's lines are seldom whole px high: rounded down, the last would lose its descenders.
        self._caption.setFixedHeight(math.ceil(lines * QFontMetricsF(self._caption.font()).lineSpacing()))

    @property
    def is_present(self) -> bool:
        """Whether a grid gives it a place."""
        return self._is_present

    def set_present(self, on: bool) -> None:
        """Show it in its grid, or have the others close up."""
        if on != self._is_present:
            self._is_present = on
            self.setVisible(on)
            self.presence_changed.emit()

    def title(self) -> str:
        """Return what the plot is."""
        return self._title.text()

    def caption(self) -> str:
        """Return what the plot says."""
        return self._caption.text()

    def picture(self, whose: str = "") -> DrawnPicture:
        """Return the plot with its title, whose it is, and its caption, as it is to be copied or saved."""
        name = self.tr("{0} ({1})").format(self.title(), whose) if whose else self.title()
        return plot_picture(name, self._body, self._said)

    def set_caption(self, text: str, hint: str = "") -> None:
        """Say what the plot says, also to a screen reader; a hint of what can be done with it is not printed."""
        self._said = text
        whole = f"{text} {hint}".strip()
        self._caption.setText(whole)
        self._body.setAccessibleDescription(whole)


class CardGrid(QWidget):
    """Lays cards out in rows of equal columns; wide ones take two, the last what is left, absent ones no place.

    Parameters
    ----------
    cards : list of Card
    parent : QWidget, optional
    """

    def __init__(self, cards: list[Card], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cards = cards
        self._columns = 0
        self._placed: list[Card] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(GRID)
        for card in cards:
            card.setParent(self)
            card.presence_changed.connect(self._close_up)
        self._lay_out(1)

    @property
    def columns(self) -> int:
        """How many there are."""
        return self._columns

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take as many columns as the new width has room for."""
        super().resizeEvent(event)
        self._lay_out(next(n for n in _COLUMNS if n == 1 or n * (_LEAST_WIDTH + GRID) - GRID <= self.width()))

    def _close_up(self) -> None:
        for card in self._cards:
            self._grid.removeWidget(card)
        self._lay_out(self._columns)

    def _lay_out(self, columns: int) -> None:
        present = [card for card in self._cards if card.is_present]
        if columns == self._columns and present == self._placed:
            return
        for column in range(max(self._columns, columns)):
            self._grid.setColumnStretch(column, int(column < columns))
        self._columns, self._placed = columns, present
        row, place = 0, 0
        for number, card in enumerate(present, start=1):
            span = min(2 if card.wide else 1, columns)
            if place + span > columns:
                row, place = row + 1, 0
            # Behind the last one there would be a hole.
            span = columns - place if number == len(present) else span
            self._grid.addWidget(card, row, place, 1, span)
            place += span
        for number in range(self._grid.rowCount()):
            self._grid.setRowStretch(number, int(number <= row))
