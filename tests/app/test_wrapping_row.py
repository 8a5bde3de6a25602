from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from rbm_studio.app.wrapping_row import WrappingRow, with_caption

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def blocks(count: int) -> list[QWidget]:
    made = []
    for _ in range(count):
        block = QWidget()
        block.setMinimumSize(100, 20)
        made.append(block)
    return made


def in_a_page(qtbot: QtBot, row: WrappingRow, width: int, height: int = 300) -> QWidget:
    page = QWidget()
    qtbot.addWidget(page)
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(QWidget(), 1)
    column.addWidget(row)
    page.resize(width, height)
    page.show()
    qtbot.waitExposed(page)
    return page


def lines(widgets: list[QWidget]) -> list[int]:
    tops = [widget.y() for widget in widgets if not widget.isHidden()]
    return [tops.count(top) for top in sorted(set(tops))]


def test_lines_break_where_there_is_no_more_room(qtbot: QtBot) -> None:
    widgets = blocks(5)
    row = WrappingRow(widgets)
    page = in_a_page(qtbot, row, 360)
    qtbot.waitUntil(lambda: lines(widgets) == [3, 2])
    qtbot.waitUntil(lambda: row.height() == 2 * 20 + 4)
    page.resize(700, 300)
    qtbot.waitUntil(lambda: lines(widgets) == [5])
    qtbot.waitUntil(lambda: row.height() == 20)
    page.resize(120, 300)
    qtbot.waitUntil(lambda: lines(widgets) == [1] * 5)
    qtbot.waitUntil(lambda: row.height() == 5 * 20 + 4 * 4)


def test_what_is_hidden_takes_no_room(qtbot: QtBot) -> None:
    widgets = blocks(5)
    row = WrappingRow(widgets)
    page = in_a_page(qtbot, row, 360)
    widgets[0].hide()
    widgets[1].hide()
    qtbot.waitUntil(lambda: lines(widgets) == [3])
    assert widgets[2].x() == 0
    widgets[0].show()
    qtbot.waitUntil(lambda: lines(widgets) == [3, 1])
    assert page.isVisible()


def test_no_more_than_two_lines_are_demanded(qtbot: QtBot) -> None:
    row = WrappingRow(blocks(9))
    page = in_a_page(qtbot, row, 120, 600)
    qtbot.waitUntil(lambda: row.height() == 9 * 24 - 4)
    assert row.minimumSizeHint().height() == 2 * 20 + 4
    assert page.isVisible()


def test_a_caption_leads_to_its_field(qtbot: QtBot) -> None:
    field = QLabel("field")
    whole = with_caption("Name", field)
    qtbot.addWidget(whole)
    caption = whole.findChildren(QLabel)[0]
    assert caption.text() == "Name"
    assert caption.buddy() is field
