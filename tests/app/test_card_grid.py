from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QLabel, QScrollArea, QWidget

from rbm_studio.app.card_grid import Card, CardGrid

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def cards() -> list[Card]:
    return [Card(f"Card {number}", QWidget(), "How to read it", wide=number in (0, 5)) for number in range(6)]


@pytest.fixture
def grid(qtbot: QtBot, cards: list[Card]) -> CardGrid:
    grid = CardGrid(cards)
    qtbot.addWidget(grid)
    grid.show()
    qtbot.waitExposed(grid)
    return grid


@pytest.mark.parametrize(
    ("width", "rows"),
    [(400, [[0], [1], [2], [3], [4], [5]]), (500, [[0], [1, 2], [3, 4], [5]]), (1000, [[0, 1, 2], [3, 4, 5]])],
)
def test_there_are_as_many_columns_as_find_room(
    qtbot: QtBot, grid: CardGrid, cards: list[Card], width: int, rows: list[list[int]]
) -> None:
    def placed() -> list[list[int]]:
        tops = sorted({card.y() for card in cards})
        return [[cards.index(card) for card in sorted(cards, key=QWidget.x) if card.y() == top] for top in tops]

    grid.resize(width, 900)
    qtbot.waitUntil(lambda: placed() == rows)
    # Every row is full.
    for row in rows:
        assert cards[row[0]].x() == 0
        assert cards[row[-1]].geometry().right() == width - 1


def test_the_plots_do_not_move_when_a_caption_grows(grid: CardGrid, cards: list[Card]) -> None:
    grid.resize(500, 900)
    before = [card.geometry() for card in cards]
    cards[1].set_caption("A caption that takes at least two lines in such a narrow card as this one is")
    assert cards[1].caption().startswith("A caption")
    assert [card.geometry() for card in cards] == before


@pytest.mark.parametrize("points", [10.5, 11, 13, 17.5])
def test_no_line_of_a_caption_is_cut(grid: CardGrid, cards: list[Card], points: float) -> None:
    font = grid.font()
    font.setPointSizeF(points)
    grid.setFont(font)
    for width in (500, 1000):
        grid.resize(width, 900)
        for card in cards:
            caption = card.findChildren(QLabel)[-1]
            lines = QFontMetricsF(caption.font()).lineSpacing()
            assert caption.height() >= lines * round(caption.height() / lines)


class Plot(QWidget):
    """Is comfortable at a height that it can do without."""

    def sizeHint(self) -> QSize:
        return QSize(100, 400)

    def minimumSizeHint(self) -> QSize:
        return QSize(100, 20)


def test_plots_shrink_before_there_is_a_scroll_bar(qtbot: QtBot) -> None:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setWidget(CardGrid([Card(f"Card {number}", Plot(), "") for number in range(4)]))
    qtbot.addWidget(area)
    area.resize(500, 500)
    area.show()
    qtbot.waitExposed(area)
    assert area.verticalScrollBar().maximum() == 0


def test_a_card_names_its_plot(cards: list[Card]) -> None:
    body = next(child for child in cards[0].children() if type(child) is QWidget)
    cards[0].set_caption("All is well")
    assert (body.accessibleName(), body.accessibleDescription()) == ("Card 0", "All is well")
    assert body.toolTip() == cards[0].toolTip() == "How to read it"
    assert "Card 0" in [label.text() for label in cards[0].findChildren(QLabel)]


def test_the_others_close_up_when_a_card_is_absent(qtbot: QtBot, grid: CardGrid, cards: list[Card]) -> None:
    def rows() -> list[list[int]]:
        seen = [card for card in cards if card.isVisible()]
        tops = sorted({card.y() for card in seen})
        return [[cards.index(card) for card in sorted(seen, key=QWidget.x) if card.y() == top] for top in tops]

    grid.resize(500, 900)
    cards[1].set_present(False)
    qtbot.waitUntil(lambda: rows() == [[0], [2, 3], [4], [5]])
    assert not cards[1].isVisible()
    cards[1].set_present(True)
    qtbot.waitUntil(lambda: rows() == [[0], [1, 2], [3, 4], [5]])


def test_a_card_that_is_absent_from_the_start_takes_no_row(qtbot: QtBot, cards: list[Card]) -> None:
    cards[5].set_present(False)
    grid = CardGrid(cards)
    qtbot.addWidget(grid)
    grid.resize(1000, 900)
    grid.show()
    qtbot.waitUntil(lambda: max(card.geometry().bottom() for card in cards[:5]) == 899)
    assert not cards[5].isVisible()
