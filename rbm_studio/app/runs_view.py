"""The table of runs on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from rbm_studio.app.painting import draw_placeholder
from rbm_studio.app.runs_model import MARK_WIDTH, STAR_WIDTH, RunsModel
from rbm_studio.app.theme import GRID, plot_colours

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rbm_studio.app.curve_book import CurveBook
    from rbm_studio.app.run import Run
    from rbm_studio.app.setting_words import SettingWords

_NAME_WIDTHS = 20 * GRID, 40 * GRID
_ROOM_TO_SORT = 3 * GRID
_DRESSING_EVENTS = (QEvent.Type.PaletteChange, QEvent.Type.FontChange)


class RunsView(QTableView):
    """Rows that can be chosen, several at once; what is chosen stays so when the rows change.

    Parameters
    ----------
    book : CurveBook
    words : SettingWords
    parent : QWidget, optional

    Signals
    -------
    chosen_changed
        Other rows are chosen.
    edited
        A name is not being edited any more.
    """

    chosen_changed = Signal()
    edited = Signal()

    def __init__(self, book: CurveBook, words: SettingWords, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.runs = RunsModel(book, words, self)
        self._placeholder = ""
        self.setModel(self.runs)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        trigger = QAbstractItemView.EditTrigger
        self.setEditTriggers(trigger.EditKeyPressed | trigger.DoubleClicked)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        # In the middle: where the names of two runs differ, it is mostly at their ends.
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setAlternatingRowColors(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setIconSize(QSize(MARK_WIDTH, 2 * GRID))
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self.selectionModel().selectionChanged.connect(self.chosen_changed)
        self.itemDelegate().closeEditor.connect(self.edited)
        self._dress()

    @property
    def is_edited(self) -> bool:
        """Whether a name is being edited."""
        return self.state() == QAbstractItemView.State.EditingState

    def set_placeholder(self, text: str) -> None:
        """Say something where there are no runs."""
        self._placeholder = text
        self.viewport().update()

    def chosen(self) -> list[Run]:
        """Return the chosen runs, from the top."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self.runs.runs[row] for row in rows]

    def choose(self, runs: Iterable[Run]) -> None:
        """Choose runs, as far as they are there."""
        wanted, selection = set(runs), QItemSelection()
        rows = [row for row, run in enumerate(self.runs.runs) if run in wanted]
        for row in rows:
            selection.select(self.runs.index(row, 0), self.runs.index(row, self.runs.columnCount() - 1))
        flag = QItemSelectionModel.SelectionFlag
        if rows:
            self.selectionModel().setCurrentIndex(self.runs.index(rows[0], 0), flag.NoUpdate)
        self.selectionModel().select(selection, flag.ClearAndSelect)

    def rename(self, run: Run) -> None:
        """Let the user edit a name."""
        index = self.runs.index(self.runs.runs.index(run), 0)
        self.setCurrentIndex(index)
        self.scrollTo(index)
        self.edit(index)

    def refresh(self) -> None:
        """Show what there is now."""
        chosen = self.chosen()
        if self.runs.refresh():
            self.choose(chosen)
            self._fit_columns()
            self.chosen_changed.emit()

    def _fit_columns(self) -> None:
        least, most = _NAME_WIDTHS
        # Where there is room, whole names: they tell what the runs differ in.
        most = max(most, self.viewport().width() * 2 // 5)
        heading, cell = QFontMetrics(self.horizontalHeader().font()), QFont(self.font())
        cell.setBold(True)
        bold = QFontMetrics(cell)
        # Not Qt's own way, which asks for all that a cell is, eight times a cell: too slow for many runs.
        for number, column in enumerate(self.runs.columns):
            title = max(heading.horizontalAdvance(line) for line in column.title.splitlines())
            widest = max((bold.horizontalAdvance(column.text(run)) for run in self.runs.runs), default=0)
            widest += STAR_WIDTH + GRID if column.better else 0
            width = max(title + _ROOM_TO_SORT, widest + 2 * GRID)
            self.setColumnWidth(number, width if number else min(max(width + 2 * MARK_WIDTH, least), most))

    def _dress(self) -> None:
        self.runs.dress(plot_colours(self.palette()), self.devicePixelRatioF())
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + GRID)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette and the font."""
        super().changeEvent(event)
        if event.type() in _DRESSING_EVENTS:
            self._dress()
            self._fit_columns()

    def event(self, event: QEvent) -> bool:
        """Follow the window to a screen of another scale."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._dress()
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the rows, or that there are none."""
        super().paintEvent(event)
        if not self.runs.rowCount():
            painter = QPainter(self.viewport())
            draw_placeholder(painter, self.viewport().rect(), self._placeholder, self.palette())
            painter.end()
