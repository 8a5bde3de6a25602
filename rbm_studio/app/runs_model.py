"""The runs as the rows of a table."""

from __future__ import annotations

import math
from functools import cmp_to_key
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QPointF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPixmap, QPolygonF

from rbm_studio.app.curve_line import training_pen
from rbm_studio.app.looks import run_pen
from rbm_studio.app.run_columns import NAME, columns_of
from rbm_studio.app.theme import GRID
from rbm_studio.plain import LONGEST, folded, plain

if TYPE_CHECKING:
    from PySide6.QtGui import QPen

    from rbm_studio.app.curve_book import CurveBook
    from rbm_studio.app.run import Run
    from rbm_studio.app.run_columns import Column, Value
    from rbm_studio.app.setting_words import SettingWords
    from rbm_studio.app.theme import PlotColours

_Index = QModelIndex | QPersistentModelIndex
_ROLE = Qt.ItemDataRole
MARK_WIDTH, _MARK_HEIGHT = 4 * GRID, 2 * GRID
STAR_WIDTH = 12


class RunsModel(QAbstractTableModel):
    """A row for each run, the newest first until it is sorted; rows keep their places while figures change.

    Parameters
    ----------
    book : CurveBook
    words : SettingWords
    parent : QObject, optional
    """

    def __init__(self, book: CurveBook, words: SettingWords, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._book, self._words = book, words
        self._runs: list[Run] = []
        self._columns: list[Column] = []
        self._sorted_by: tuple[str, bool] | None = None
        # By the key of a column: which runs have its best value.
        self._best: dict[str, set[Run]] = {}
        self._colours: PlotColours | None = None
        self._ratio = 1.0

    @property
    def runs(self) -> list[Run]:
        """The runs in the order of the rows."""
        return list(self._runs)

    @property
    def columns(self) -> list[Column]:
        """The columns, from the left."""
        return list(self._columns)

    def dress(self, colours: PlotColours, ratio: float) -> None:
        """Draw the marks in these colours, on a screen with `ratio` pixels in a px."""
        self._colours, self._ratio = colours, ratio
        self._tell_of_all()

    def refresh(self) -> bool:
        """Take what there is now; return whether there are other rows or columns."""
        runs = list(reversed(self._book.runs))
        columns = columns_of(runs, self._book, self._words)
        keys = [column.key for column in columns]
        self._best = {column.key: column.best(runs) for column in columns}
        has_moved = runs != self._runs if self._sorted_by is None else set(runs) != set(self._runs)
        is_other = has_moved or keys != [column.key for column in self._columns]
        if is_other:
            self.beginResetModel()
            self._columns = columns
            self._sorted_by = self._still_sorted_by(keys)
            self._runs = self._in_order(runs)
            self.endResetModel()
        else:
            self._tell_of_all()
        return is_other

    def _tell_of_all(self) -> None:
        if self._runs:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._runs) - 1, len(self._columns) - 1))

    # --- order

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Put the rows in order by a column, what is not known last; the newest first with column −1."""
        known = 0 <= column < len(self._columns)
        self._sorted_by = (self._columns[column].key, order == Qt.SortOrder.DescendingOrder) if known else None
        before = self._runs
        self.layoutAboutToBeChanged.emit()
        # Only those that have rows: what has come or gone since is for `refresh`.
        newest = {run: place for place, run in enumerate(reversed(self._book.runs))}
        self._runs = self._in_order(sorted(before, key=lambda run: newest.get(run, len(newest))))
        old = self.persistentIndexList()
        places = {run: place for place, run in enumerate(self._runs)}
        self.changePersistentIndexList(old, [self.index(places[before[i.row()]], i.column()) for i in old])
        self.layoutChanged.emit()

    def _still_sorted_by(self, keys: list[str]) -> tuple[str, bool] | None:
        """Return what the rows are sorted by, among other columns: of a quantity that was not measured, its first."""
        key, falls = self._sorted_by or ("", False)
        unmeasured = key.removesuffix(f"/{None}")
        if key in keys or unmeasured == key:
            return self._sorted_by
        return next(((each, falls) for each in keys if each.startswith(f"{unmeasured}/")), self._sorted_by)

    def _in_order(self, runs: list[Run]) -> list[Run]:
        key, falls = self._sorted_by or ("", False)
        column = next((column for column in self._columns if column.key == key), None)
        if column is None:
            return runs
        value = column.value

        def compared(one: Run, other: Run) -> int:
            return _compared(value(one), value(other), falls)

        return sorted(runs, key=cmp_to_key(compared))

    # --- what a view asks

    def rowCount(self, parent: _Index | None = None) -> int:
        """Return how many runs there are."""
        return 0 if parent is not None and parent.isValid() else len(self._runs)

    def columnCount(self, parent: _Index | None = None) -> int:
        """Return how many columns there are."""
        return 0 if parent is not None and parent.isValid() else len(self._columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _ROLE.DisplayRole) -> Any:
        """Return a column's title, or what it means."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self._columns):
            return None
        column = self._columns[section]
        alignment = Qt.AlignmentFlag.AlignLeft if section == 0 else Qt.AlignmentFlag.AlignRight
        return {
            _ROLE.DisplayRole: column.title,
            _ROLE.ToolTipRole: folded(column.tip),
            _ROLE.TextAlignmentRole: alignment | Qt.AlignmentFlag.AlignVCenter,
        }.get(_ROLE(role))

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Return that a name can be edited, and that an earlier run can be checked."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
        if self._columns[index.column()].key == NAME:
            flags |= Qt.ItemFlag.ItemIsEditable
            if self._runs[index.row()] is not self._book.present:
                flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: _Index, role: int = _ROLE.DisplayRole) -> Any:
        """Return what a run has in a column."""
        run, column = self._runs[index.row()], self._columns[index.column()]
        is_present = run is self._book.present
        if role == _ROLE.FontRole and is_present:
            bold = QFont()
            bold.setBold(True)
            return bold
        if column.key == NAME:
            return self._name_data(run, is_present, role)
        if role == _ROLE.DisplayRole:
            return column.text(run)
        if role == _ROLE.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        is_best = run in self._best.get(column.key, ())
        if role == _ROLE.DecorationRole and is_best:
            return self._star()
        if role == _ROLE.ToolTipRole:
            best = self.tr("The best of this column") if is_best else ""
            note = column.note(run)
            return "\n".join(line for line in (self._tip(run), best, note[:1].upper() + note[1:]) if line)
        if role == _ROLE.AccessibleTextRole:
            words = self.tr("{value}, the best of the column") if is_best else "{value}"
            return words.format(value=column.text(run))
        return None

    def _name_data(self, run: Run, is_present: bool, role: int) -> Any:
        if role in (_ROLE.DisplayRole, _ROLE.EditRole):
            return plain(run.name) if role == _ROLE.DisplayRole else run.name
        if role == _ROLE.CheckStateRole:
            return Qt.CheckState.Checked if run.is_shown or is_present else Qt.CheckState.Unchecked
        if role == _ROLE.DecorationRole:
            return self._mark(run, is_present)
        if role == _ROLE.ToolTipRole:
            return self._tip(run)
        if role == _ROLE.AccessibleTextRole:
            state = self.tr("present run") if is_present else self.tr("shown") if run.is_shown else self.tr("hidden")
            return f"{plain(run.name)}, {state}"
        return None

    def _tip(self, run: Run) -> str:
        began = run.began.astimezone().strftime("%Y-%m-%d %H:%M")
        dataset = plain(run.dataset, LONGEST) or self.tr("images not known")
        lines = [plain(run.name, LONGEST), self.tr("{dataset}; began {time}").format(dataset=dataset, time=began)]
        if run is self._book.present:
            lines.append(self.tr("The present run is always drawn."))
        return folded("\n".join(lines))

    def setData(self, index: _Index, value: Any, role: int = _ROLE.EditRole) -> bool:
        """Rename a run, show or hide it."""
        run = self._runs[index.row()]
        if role == _ROLE.EditRole:
            self._book.rename(run, str(value))
        elif role == _ROLE.CheckStateRole:
            self._book.show_runs([run], Qt.CheckState(value) == Qt.CheckState.Checked)
        else:
            return False
        return True

    def _star(self) -> QPixmap:
        """Return what stands before the best figure of a column."""
        star = QPixmap(round(STAR_WIDTH * self._ratio), round(STAR_WIDTH * self._ratio))
        star.setDevicePixelRatio(self._ratio)
        star.fill(QColor(0, 0, 0, 0))
        if self._colours is not None:
            _draw_star(star, self._colours.held_out)
        return star

    def _mark(self, run: Run, is_present: bool) -> QPixmap:
        """Return a piece of the run's line; nothing of a hidden one."""
        mark = QPixmap(round(MARK_WIDTH * self._ratio), round(_MARK_HEIGHT * self._ratio))
        mark.setDevicePixelRatio(self._ratio)
        mark.fill(QColor(0, 0, 0, 0))
        colours = self._colours
        if colours is not None and (run.is_shown or is_present):
            _draw_line(mark, training_pen(colours) if is_present else run_pen(run.look, colours))
        return mark


def _draw_line(mark: QPixmap, pen: QPen) -> None:
    painter = QPainter(mark)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(pen)
    painter.drawLine(2, _MARK_HEIGHT // 2, MARK_WIDTH - 2, _MARK_HEIGHT // 2)
    painter.end()


def _draw_star(mark: QPixmap, colour: QColor) -> None:
    centre, radius = STAR_WIDTH / 2, STAR_WIDTH / 2 - 0.5
    # Each second point of a pentagon, from the top.
    angles = [math.pi * (0.8 * corner - 0.5) for corner in range(5)]
    painter = QPainter(mark)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    corners = [QPointF(centre + radius * math.cos(angle), centre + radius * math.sin(angle)) for angle in angles]
    painter.drawPolygon(QPolygonF(corners), Qt.FillRule.WindingFill)
    painter.end()


def _compared(one: Value, other: Value, falls: bool) -> int:
    unknown = [value is None or (isinstance(value, float) and math.isnan(value)) for value in (one, other)]
    if any(unknown):
        return unknown[0] - unknown[1]
    mine, its = _key(one), _key(other)
    sign = (mine > its) - (mine < its)
    return -sign if falls else sign


def _key(value: Value) -> tuple[float, str]:
    """Return what a value is sorted by: numbers in their order, and then words in theirs."""
    return (math.inf, value.casefold()) if isinstance(value, str) else (float(value or 0), "")
