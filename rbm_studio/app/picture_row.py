"""Some equally large pictures, each with words below it; such as can be clicked, or only looked at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPalette, QPen

from rbm_studio.app.items_view import CLICK_KEYS, ItemsView, keys_step
from rbm_studio.app.painting import draw_outline, draw_placeholder, dress_for_paper
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QImage, QKeyEvent, QPaintEvent
    from PySide6.QtWidgets import QWidget

# Pixels are a whole number of screen pixels large, unless that made a picture smaller than this share of its room.
_LEAST_SHARE = 0.8
_GAP = GRID
_WORDS_GAP = 2.0
_FRAME = 1.0
_BY_TAB = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)


@dataclass(frozen=True, eq=False)
class CaptionedPicture:
    """A picture, and what is written below it."""

    image: QImage
    words: str


class PictureRow(ItemsView):
    """Shows pictures in as many columns as make them largest; there is room for a fixed number.

    Parameters
    ----------
    places : int
        How many there is room for.
    columns : tuple of int, optional
        The numbers of columns to choose from; the pictures then go down these, not along the rows.
    widest : str
        Words that have to find room below a picture.
    active : bool
        Whether they can be clicked; then the arrow keys move among them, and Enter or Space click.
    parent : QWidget, optional
    """

    def __init__(
        self,
        places: int,
        *,
        columns: tuple[int, ...] = (),
        widest: str = "0.000",
        active: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._places = places
        self._columns = columns
        self._widest = widest
        self._active = active
        self._pictures: list[CaptionedPicture] = []
        self._notice = ""
        self._marked = -1
        self.setMouseTracking(active)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if active else Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(self.tr("Pictures"))

    def pictures(self) -> list[CaptionedPicture]:
        """Return what is shown."""
        return list(self._pictures)

    def set_pictures(self, pictures: list[CaptionedPicture], notice: str = "") -> None:
        """Show other pictures; without any, a notice in their place."""
        self._pictures = pictures
        self._notice = notice
        self.setAccessibleDescription(", ".join(picture.words for picture in pictures) or notice)
        if self._hovered >= len(pictures):
            self._hover(-1)
        self.update()

    def printed(self, palette: QPalette, size: QSize) -> PictureRow:
        """Return the same pictures without any marks, to be rendered on paper."""
        printed = PictureRow(self._places, columns=self._columns, widest=self._widest)
        dress_for_paper(printed, self, palette, size)
        printed.set_pictures(self._pictures, self._notice)
        return printed

    def set_marked(self, index: int) -> None:
        """Outline a picture; -1 outlines none."""
        if index != self._marked:
            self._marked = index
            self.update()

    def marked(self) -> int:
        """Return which picture is outlined; -1 for none."""
        return self._marked

    def picture_rect(self, index: int) -> QRectF:
        """Return where a picture lies in the widget, without its words."""
        columns, rows = self._grid()
        cell_width, cell_height = self._cell(columns, rows)
        words = self._words_height()
        side = max(min(cell_width, cell_height - words), 1.0)
        column, row = divmod(index, rows) if self._columns else divmod(index, columns)[::-1]
        left = (self.width() - columns * cell_width - (columns - 1) * _GAP) / 2 + column * (cell_width + _GAP)
        top = row * (cell_height + _GAP / 2) + (cell_height - words - side) / 2
        room = QRectF(left + (cell_width - side) / 2, top, side, side)
        return self._sharp(room, self._pictures[index].image) if index < len(self._pictures) else room

    def _sharp(self, room: QRectF, image: QImage) -> QRectF:
        """Return the largest rectangle with the image's aspect, its pixels whole screen pixels if that will do."""
        ratio = self.devicePixelRatioF()
        frame = 2 * _FRAME
        scale = min((room.width() - frame) / image.width(), (room.height() - frame) / image.height()) * ratio
        if math.floor(scale) >= _LEAST_SHARE * scale:
            scale = math.floor(scale)
        width, height = max(image.width() * scale, 1) / ratio, max(image.height() * scale, 1) / ratio
        left = round((room.center().x() - width / 2) * ratio) / ratio
        # Next to the words below it.
        top = round((room.bottom() - _FRAME - height) * ratio) / ratio
        return QRectF(left, top, width, height)

    def _grid(self) -> tuple[int, int]:
        """Return the numbers of columns and rows."""
        # Where the words had no room, the pictures would be told apart by nothing.
        least = QFontMetricsF(self.font()).horizontalAdvance(self._widest)

        def side(columns: int) -> float:
            width, height = self._cell(columns, -(-self._places // columns))
            return min(width, height - self._words_height()) if width >= least else width - least

        columns = max(self._columns or range(1, self._places + 1), key=side)
        return columns, -(-self._places // columns)

    def _cell(self, columns: int, rows: int) -> tuple[float, float]:
        return (self.width() - (columns - 1) * _GAP) / columns, (self.height() - (rows - 1) * _GAP / 2) / rows

    def _words_height(self) -> float:
        return QFontMetricsF(self.font()).height() + _WORDS_GAP

    def sizeHint(self) -> QSize:
        """Return a size at which each picture is 56 px wide."""
        return QSize(self._places * 8 * GRID, 10 * GRID)

    def minimumSizeHint(self) -> QSize:
        """Return the least size at which the pictures can be told apart."""
        return QSize(18 * GRID, 8 * GRID)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the pictures with their words, or the notice."""
        painter = QPainter(self)
        if not self._pictures:
            draw_placeholder(painter, self.rect(), self._notice, self.palette())
            return
        for index, picture in enumerate(self._pictures[: self._places]):
            rect = self.picture_rect(index)
            small = rect.width() * self.devicePixelRatioF() < picture.image.width()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, small)
            painter.drawImage(rect, picture.image)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), _FRAME))
            painter.drawRect(rect.adjusted(-_FRAME / 2, -_FRAME / 2, _FRAME / 2, _FRAME / 2))
            self._draw_words(painter, rect, picture.words)
        for index in {self._marked, self._hovered} - {-1}:
            if index < len(self._pictures):
                draw_outline(painter, self.picture_rect(index), 2, self.palette())

    def _draw_words(self, painter: QPainter, rect: QRectF, words: str) -> None:
        columns, rows = self._grid()
        width = self._cell(columns, rows)[0] + _GAP
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        room = QRectF(rect.center().x() - width / 2, rect.bottom() + _WORDS_GAP, width, self._words_height())
        shown = QFontMetricsF(self.font()).elidedText(words, Qt.TextElideMode.ElideRight, width)
        painter.drawText(room, int(Qt.AlignmentFlag.AlignHCenter), shown)

    # --- pointing and choosing

    def item_at(self, pos: QPointF) -> int:
        """Return which picture, or whose words, lie at a place of the widget; -1 for none that can be clicked."""
        for index in range(len(self._pictures) if self._active else 0):
            if self.picture_rect(index).adjusted(0, 0, 0, self._words_height()).contains(pos):
                return index
        return -1

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go to the next picture, or click the one that the keyboard is on."""
        target = keys_step(event.key(), self._hovered, len(self._pictures), 1)
        if target is not None:
            self._hover(target)
        elif event.key() in CLICK_KEYS and self._hovered >= 0:
            self._click(self._hovered)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show that the keys go here."""
        super().focusInEvent(event)
        if self._hovered < 0 and self._pictures and event.reason() in _BY_TAB:
            self._hover(0)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that the keys go elsewhere."""
        super().focusOutEvent(event)
        self._hover(-1)
