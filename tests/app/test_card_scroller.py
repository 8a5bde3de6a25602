from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from rbm_studio.app.card_grid import Card
from rbm_studio.app.card_scroller import LEAST_HEIGHT, CardScroller, flow

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

BAR = 14
WIDTHS = [240, 272, 464, 512, 384, 464, 240]


def rows(rects: list[QRect]) -> list[int]:
    """Return how many cards stand in each row."""
    tops = [rect.top() for rect in rects]
    return [tops.count(top) for top in sorted(set(tops))]


@pytest.mark.parametrize(
    "room", [QSize(740, 220), QSize(1000, 330), QSize(1000, 800), QSize(1900, 900), QSize(300, 700)]
)
def test_cards_keep_their_order_and_do_not_overlap(room: QSize) -> None:
    rects = flow(WIDTHS, room, BAR)
    for rect, following in itertools.pairwise(rects):
        assert following.left() == rect.right() + 9 or following.top() == rect.bottom() + 9
    assert all(rect.height() >= min(LEAST_HEIGHT, room.height() - BAR) for rect in rects)


def test_where_there_is_no_room_for_two_rows_there_is_one_however_long() -> None:
    rects = flow(WIDTHS, QSize(740, 220), BAR)
    assert rows(rects) == [7]
    assert [rect.width() for rect in rects] == WIDTHS
    # The scroll bar has its room.
    assert {rect.height() for rect in rects} == {220 - BAR}


def test_a_row_that_has_room_fills_it() -> None:
    rects = flow([100, 200], QSize(740, 220), BAR)
    assert rects[-1].right() == 739
    assert {rect.height() for rect in rects} == {220}


def test_with_more_room_there_are_rows_that_fill_it() -> None:
    rects = flow(WIDTHS, QSize(1600, 860), BAR)
    assert rows(rects) == [4, 3]
    assert max(rect.right() for rect in rects) == 1599
    assert rects[-1].bottom() == 859
    assert rects[3].right() == rects[6].right()


def test_cards_are_not_higher_than_their_plots_can_use() -> None:
    assert rows(flow([208, 272, 272, 248, 240], QSize(1600, 860), BAR)) == [3, 2]


def test_what_has_no_room_is_scrolled_to() -> None:
    rects = flow(WIDTHS, QSize(500, 600), BAR)
    assert {rect.height() for rect in rects} == {LEAST_HEIGHT}
    assert max(rect.right() for rect in rects) == 499 - BAR
    assert rects[-1].bottom() > 600


@pytest.fixture
def scroller(qtbot: QtBot) -> CardScroller:
    scroller = CardScroller([(Card(f"Card {number}", QWidget(), ""), 300) for number in range(5)])
    qtbot.addWidget(scroller)
    scroller.resize(740, 220)
    scroller.show()
    qtbot.waitExposed(scroller)
    return scroller


def turn_wheel(scroller: CardScroller) -> None:
    middle = QPointF(300, 100)
    event = QWheelEvent(
        middle,
        scroller.viewport().mapToGlobal(middle),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(scroller.viewport(), event)


def test_the_wheel_moves_a_row_sideways(scroller: CardScroller) -> None:
    assert scroller.horizontalScrollBar().maximum() == 5 * 300 + 4 * 8 - 740
    assert scroller.verticalScrollBar().maximum() == 0
    turn_wheel(scroller)
    assert scroller.horizontalScrollBar().value() > 0


def test_the_wheel_moves_rows_up_and_down(qtbot: QtBot, scroller: CardScroller) -> None:
    scroller.resize(400, 500)
    qtbot.waitUntil(lambda: scroller.verticalScrollBar().maximum() > 0)
    assert scroller.horizontalScrollBar().maximum() == 0
    turn_wheel(scroller)
    assert scroller.verticalScrollBar().value() > 0
