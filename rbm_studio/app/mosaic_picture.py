"""The picture of the filters in view: drawn at once where that is quick, else in the background, from the last one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRectF, Signal

from rbm_studio.app.background import Background
from rbm_studio.app.images import levels_image
from rbm_studio.app.mosaic_image import Filters, mosaic_levels

if TYPE_CHECKING:
    from PySide6.QtGui import QImage, QPainter

    from rbm_studio.app.mosaic_layout import Cells, MosaicLayout

AT_ONCE = 500_000
"""So many weights become a picture within 5 ms; more are drawn in the background."""
_INTERVAL_MS = 100


@dataclass(frozen=True)
class _Wanted:
    """What is to be seen. Two are equal if their filters are the same object."""

    filters: Filters
    columns: int
    cells: Cells
    shape: tuple[int, int]
    gap: int

    @property
    def weight_num(self) -> int:
        height, width = self.filters.shape
        return height * width * min(self.cells.rows * self.cells.columns, self.filters.count)

    @property
    def is_whole(self) -> bool:
        return self.cells.rows * self.cells.columns >= self.filters.count


@dataclass(frozen=True, eq=False)
class _Picture:
    wanted: _Wanted
    image: QImage


class MosaicPicture(QObject):
    """Keeps the newest picture of a mosaic, and paints it.

    Until what is in view has been drawn, an earlier picture stands there, larger or smaller as need be.

    Parameters
    ----------
    parent : QObject, optional

    Attributes
    ----------
    ready : Signal()
        Another picture is there to be painted.
    failed : Signal(Exception)
        It could not be drawn.
    """

    ready = Signal()
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._picture: _Picture | None = None
        # The last one of all filters, for what is not in the newest.
        self._whole: _Picture | None = None
        self._asked: _Wanted | None = None
        self._background = Background("Drawing the filters", _INTERVAL_MS, self)
        self._background.done.connect(self._take)
        self._background.failed.connect(self.failed)
        self.shut_down = self._background.shut_down

    def clear(self) -> None:
        """Forget the pictures: they are of other filters."""
        self._picture = self._whole = self._asked = None
        self._background.forget()

    def paint(self, painter: QPainter, filters: Filters, layout: MosaicLayout, room: QRectF) -> None:
        """Paint what a room shows of a layout, as it is now or as it was last."""
        cells = layout.cells_in(room)
        if cells.rows == 0 or cells.columns == 0:
            return
        wanted = _Wanted(filters, layout.columns, cells, (layout.tile_height, layout.tile_width), layout.gap)
        if self._whole is not None and self._whole.wanted == wanted:
            self._picture = self._whole
        elif self._picture is None or self._picture.wanted != wanted:
            self._ask(wanted)
        newest = self._picture
        if newest is None or newest.wanted != wanted:
            self._paint(painter, self._whole, layout)
        self._paint(painter, newest, layout)

    def _paint(self, painter: QPainter, picture: _Picture | None, layout: MosaicLayout) -> None:
        if picture is not None and picture.wanted.columns == layout.columns:
            painter.drawImage(layout.cells_rect(picture.wanted.cells), picture.image)

    def _ask(self, wanted: _Wanted) -> None:
        if wanted.weight_num <= AT_ONCE:
            self._background.forget()
            self._asked = None
            self._keep(_draw(wanted))
        elif wanted != self._asked:
            self._asked = wanted
            # A person who looks elsewhere waits for it; training does not.
            weights = None if self._picture is None else self._picture.wanted.filters.weights
            self._background.request(lambda: _draw(wanted), urgent=weights is None or weights is wanted.filters.weights)

    def _take(self, picture: _Picture) -> None:
        # One that was begun before `clear`, or has been overtaken, is not wanted any more.
        if self._asked is not None and picture.wanted.filters.weights.shape == self._asked.filters.weights.shape:
            self._keep(picture)
            self.ready.emit()

    def _keep(self, picture: _Picture) -> None:
        self._picture = picture
        if picture.wanted.is_whole:
            self._whole = picture


def _draw(wanted: _Wanted) -> _Picture:
    levels = mosaic_levels(wanted.filters, wanted.columns, wanted.cells, wanted.shape, wanted.gap)
    return _Picture(wanted, levels_image(levels))
