"""The kept drawings as a list of cards: drawing and reconstruction, and how surprising it is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from rbm_studio.app.images import grey_image
from rbm_studio.app.numbers import fixed
from rbm_studio.app.painting import draw_placeholder
from rbm_studio.app.theme import GRID, plot_colours

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rbm_studio.app.drawings import Kept
    from rbm_studio.app.tray_measuring import Figures

_GAP = GRID // 2
_KEPT = Qt.ItemDataRole.UserRole
_FIGURES = Qt.ItemDataRole.UserRole + 1
# Of a thumbnail: the largest with which all cards are in view, or else the last.
_SIDES = tuple(side * GRID for side in range(20, 8, -1))
_Index = QModelIndex | QPersistentModelIndex


class TrayModel(QAbstractListModel):
    """The drawings in the order in which they are shown, and what is known of each."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._kept: list[Kept] = []
        self._figures: Mapping[Kept, Figures] = {}

    def kept(self) -> list[Kept]:
        """Return the drawings in their order."""
        return list(self._kept)

    def figures(self) -> Mapping[Kept, Figures]:
        """Return what is known of the drawings."""
        return self._figures

    def show(self, kept: list[Kept], figures: Mapping[Kept, Figures]) -> None:
        """Show these drawings in this order; what is selected stays so."""
        before, self._figures = self._kept, figures
        if set(kept) != set(before):
            self._exchange(kept)
        elif kept != before:
            self.layoutAboutToBeChanged.emit()
            old = self.persistentIndexList()
            self._kept = kept
            self.changePersistentIndexList(old, [self.index(kept.index(before[index.row()])) for index in old])
            self.layoutChanged.emit()
        if kept:
            self.dataChanged.emit(self.index(0), self.index(len(kept) - 1))

    def _exchange(self, kept: list[Kept]) -> None:
        for row in reversed(range(len(self._kept))):
            if self._kept[row] not in kept:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self._kept[row]
                self.endRemoveRows()
        for row, each in enumerate(kept):
            if each not in self._kept:
                self.beginInsertRows(QModelIndex(), min(row, len(self._kept)), min(row, len(self._kept)))
                self._kept.insert(row, each)
                self.endInsertRows()
        self.show(kept, self._figures)

    def rowCount(self, parent: _Index | None = None) -> int:
        """Return how many there are."""
        return 0 if parent is not None and parent.isValid() else len(self._kept)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a drawing, its figures, or what they say in words."""
        kept = self._kept[index.row()]
        figures = self._figures.get(kept)
        if role == _KEPT:
            return kept
        if role == _FIGURES:
            return figures
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return self._words(index.row() + 1, figures)
        return None

    def _words(self, number: int, figures: Figures | None) -> str:
        if figures is None or not math.isfinite(figures.free_energy):
            return self.tr("Drawing {0}: not measured").format(number)
        words = self.tr("Drawing {0}: free energy F(v) = {1} nats; reconstruction error {2} nats").format(
            number, fixed(figures.free_energy, 1), fixed(figures.cross_entropy, 1)
        )
        if not math.isfinite(figures.rank):
            return words
        percent = fixed(100 * figures.rank, 0)
        return self.tr("{0}.\nMore surprising than {1}% of the held-out images.").format(words, percent)


class _Card(QStyledItemDelegate):
    """Paints one drawing."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.side = _SIDES[-1]

    def sizeHint(self, option: QStyleOptionViewItem, _index: _Index) -> QSize:
        return self.size_with(self.side, _font(option))

    def size_with(self, side: int, font: QFont) -> QSize:
        """Return the size of a card with thumbnails of a side."""
        return QSize(2 * side + 4 * GRID, side + 3 * math.ceil(QFontMetricsF(font).lineSpacing()) + 3 * GRID)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        painter.save()
        palette, state = _look(option)
        box = QRectF(_rect(option)).adjusted(_GAP, _GAP, -_GAP, -_GAP)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.fillRect(box, palette.color(QPalette.ColorRole.Highlight if selected else QPalette.ColorRole.Base))
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Accent), 2))
            painter.drawRect(box.adjusted(1, 1, -1, -1))
        inner = box.adjusted(GRID, GRID, -GRID, -_GAP)
        figures: Figures | None = index.data(_FIGURES)
        self._draw_pictures(painter, palette, inner, index.data(_KEPT), figures)
        painter.setPen(palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text))
        self._draw_figures(painter, palette, inner, figures)
        painter.restore()

    def _draw_pictures(
        self, painter: QPainter, palette: QPalette, inner: QRectF, kept: Kept, figures: Figures | None
    ) -> None:
        seen = figures.seen if figures is not None else grey_image(kept.visible) if kept.visible is not None else None
        for place, picture in enumerate((seen, figures.restored if figures is not None else None)):
            square = QRectF(inner.right() - self.side if place else inner.left(), inner.top(), self.side, self.side)
            painter.setPen(palette.color(QPalette.ColorRole.Mid))
            if picture is not None:
                square = _fitted(picture, square)
                painter.drawImage(square, picture)
            painter.drawRect(square)

    def _draw_figures(self, painter: QPainter, palette: QPalette, inner: QRectF, figures: Figures | None) -> None:
        metrics, top = QFontMetricsF(painter.font()), inner.top() + self.side + _GAP
        line = math.ceil(metrics.lineSpacing())
        values = (figures.free_energy, figures.cross_entropy) if figures is not None else (math.nan, math.nan)
        for number, (name, value) in enumerate(zip((self.tr("F(v)"), self.tr("Error")), values, strict=True)):
            row = QRectF(inner.left(), top + number * line, inner.width(), line)
            words = self.tr("{0} nats").format(fixed(value, 1)) if math.isfinite(value) else "–"
            painter.drawText(row, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), name)
            painter.drawText(row, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), words)
        if figures is not None and math.isfinite(figures.rank):
            row = QRectF(inner.left(), top + 2 * line, inner.width(), line)
            self._draw_rank(painter, palette, row, figures.rank)

    def _draw_rank(self, painter: QPainter, palette: QPalette, row: QRectF, rank: float) -> None:
        width = QFontMetricsF(painter.font()).horizontalAdvance("100%") + GRID
        words = self.tr("{0}%").format(fixed(100 * rank, 0))
        painter.drawText(row, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), words)
        colours = plot_colours(palette)
        track = QRectF(row.left(), row.center().y() - GRID / 2, row.width() - width, GRID)
        painter.fillRect(track, colours.grid)
        painter.fillRect(QRectF(track.left(), track.top(), track.width() * rank, GRID), colours.held_out)


class TrayView(QListView):
    """Shows the drawings as cards in rows; several can be selected.

    Enter and a double click ask for a drawing, Delete and Backspace for its removal.

    Attributes
    ----------
    wanted : Signal(object)
        This drawing should go on the canvas.
    unwanted : Signal(list)
        These should be removed.
    pointer_left : Signal()
        The pointer is no longer over the cards.
    """

    wanted = Signal(object)
    unwanted = Signal(list)
    pointer_left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tray = TrayModel(self)
        self._card = _Card(self)
        self._placeholder = ""
        self.setModel(self.tray)
        self.setItemDelegate(self._card)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.doubleClicked.connect(self._want)
        self.tray.rowsInserted.connect(self._fit)
        self.tray.rowsRemoved.connect(self._fit)

    def minimumSizeHint(self) -> QSize:
        """Return a size for one card."""
        return QSize(24 * GRID, 15 * GRID)

    def selected(self) -> list[Kept]:
        """Return the drawings that are selected, in their order."""
        rows = sorted(index.row() for index in self.selectionModel().selectedIndexes())
        return [self.tray.kept()[row] for row in rows]

    def select(self, drawings: Iterable[Kept]) -> None:
        """Select these drawings alone, and scroll to the first of them."""
        kept, chosen = self.tray.kept(), QItemSelection()
        rows = [kept.index(each) for each in drawings if each in kept]
        for row in rows:
            chosen.select(self.tray.index(row), self.tray.index(row))
        self.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if rows:
            first = self.tray.index(rows[0])
            self.selectionModel().setCurrentIndex(first, QItemSelectionModel.SelectionFlag.NoUpdate)
            self.scrollTo(first)

    def set_placeholder(self, text: str) -> None:
        """Set the text that stands where there are no drawings."""
        self._placeholder = text
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the cards, or what to do where there are none."""
        super().paintEvent(event)
        if not self.tray.rowCount():
            painter = QPainter(self.viewport())
            draw_placeholder(painter, self.viewport().rect(), self._placeholder, self.palette())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show larger thumbnails where there is room for them."""
        self._fit()
        super().resizeEvent(event)

    def _fit(self) -> None:
        side = next((side for side in _SIDES if self._has_room_for(side)), _SIDES[-1])
        if side != self._card.side:
            self._card.side = side
            self.scheduleDelayedItemsLayout()

    def _has_room_for(self, side: int) -> bool:
        size = self._card.size_with(side, self.font())
        columns, rows = self.width() // size.width(), self.height() // size.height()
        return columns * rows >= self.tray.rowCount()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ask for a drawing, or its removal; else go from card to card."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._want(self.currentIndex())
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            if self.selected():
                self.unwanted.emit(self.selected())
        else:
            super().keyPressEvent(event)

    def leaveEvent(self, event: Any) -> None:
        """Tell that the pointer has left."""
        super().leaveEvent(event)
        self.pointer_left.emit()

    def _want(self, index: QModelIndex) -> None:
        self.wanted.emit(index.data(_KEPT))


def _fitted(picture: QImage, square: QRectF) -> QRectF:
    size = picture.size().toSizeF().scaled(square.size(), Qt.AspectRatioMode.KeepAspectRatio)
    fitted = QRectF(square.topLeft(), size)
    fitted.moveCenter(square.center())
    return fitted


# PySide's stubs know nothing of what QStyleOption inherits.
def _look(option: Any) -> tuple[QPalette, QStyle.StateFlag]:
    return option.palette, option.state


def _rect(option: Any) -> Any:
    return option.rect


def _font(option: Any) -> Any:
    return option.font
