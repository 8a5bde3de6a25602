"""Which part of a mosaic is shown, and how large."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPointF, QRectF

from rbm_studio.app.mosaic_layout import MosaicLayout, enlarge


class MosaicZoom:
    """Enlarges a mosaic's layout about a place, and moves it within a room; knows no widget.

    What lies amid the room is kept in rows and columns, so that it stays there when the tiles' size changes.
    """

    def __init__(self) -> None:
        self._fit: MosaicLayout | None = None
        self._shape: tuple[int, ...] = ()
        self._room = QRectF()
        self._factor = 1.0
        self._centre = QPointF()
        self._layout: MosaicLayout | None = None

    @property
    def factor(self) -> float:
        """How much larger than to fit the room the mosaic is: 1 or more."""
        return self._factor

    @property
    def layout(self) -> MosaicLayout | None:
        """Where the tiles lie; None before there are any."""
        return self._layout

    @property
    def room(self) -> QRectF:
        """What can be seen of an enlarged mosaic, in the widget's units."""
        return self._room

    @property
    def most(self) -> float:
        """The factor at which one tile fills the room; at least 1."""
        if self._fit is None:
            return 1.0
        tile = self._fit.tile_rect(0)
        return max(min(self._room.width() / tile.width(), self._room.height() / tile.height()), 1.0)

    def clear(self) -> None:
        """Forget the tiles."""
        self._fit = self._layout = None
        self._factor = 1.0

    def fit_in(self, fit: MosaicLayout, shape: tuple[int, ...], room: QRectF) -> None:
        """Take another room, or other tiles, which `fit` lays out in the room; what is amid the room stays there."""
        before = self._fit
        if before is not None and before.columns != fit.columns:
            column, row = min(int(self._centre.x()), before.columns - 1), int(self._centre.y())
            row, column = divmod(row * before.columns + column, fit.columns)
            self._centre = QPointF(column + 0.5, row + 0.5)
        self._fit, self._shape, self._room = fit, shape, room
        self._factor = min(self._factor, self.most)
        self._place()

    def zoom(self, by: float, at: QPointF) -> bool:
        """Enlarge by a factor; what lies at a place stays there. Return whether anything has changed."""
        factor = min(max(self._factor * by, 1.0), self.most)
        if self._layout is None or factor == self._factor:
            return False
        fixed = self._cell_at(at)
        self._factor = factor
        self._place()
        self._centre = fixed + self._in_cells(self._room.center() - at)
        self._place()
        return True

    def pan(self, by: QPointF) -> bool:
        """Move the mosaic, in the widget's units. Return whether anything has changed."""
        if self._layout is None or self._factor == 1:
            return False
        before = self._layout
        self._centre -= self._in_cells(by)
        self._place()
        return self._layout != before

    def reveal(self, index: int) -> bool:
        """Move the mosaic as little as brings a tile into the room. Return whether anything has changed."""
        if self._layout is None:
            return False
        tile, room = self._layout.tile_rect(index), self._room
        by = QPointF(
            max(room.left() - tile.left(), 0) or min(room.right() - tile.right(), 0),
            max(room.top() - tile.top(), 0) or min(room.bottom() - tile.bottom(), 0),
        )
        return not by.isNull() and self.pan(by)

    def reset(self) -> bool:
        """Show the whole mosaic. Return whether anything has changed."""
        changed = self._factor != 1
        self._factor = 1.0
        self._place()
        return changed

    def _in_cells(self, distance: QPointF) -> QPointF:
        """Return a distance in the widget's units as columns and rows."""
        if self._layout is None:
            return QPointF()
        across, down = self._layout.pitch
        return QPointF(distance.x() * self._layout.ratio / across, distance.y() * self._layout.ratio / down)

    def _cell_at(self, at: QPointF) -> QPointF:
        if self._layout is None:
            return QPointF()
        return self._in_cells(at - QPointF(self._layout.left, self._layout.top) / self._layout.ratio)

    def _place(self) -> None:
        """Put what is to be amid the room there, as far as that leaves no part of it empty that could be filled."""
        if self._fit is None:
            return
        layout = enlarge(self._fit, self._shape, self._factor)
        if self._factor > 1:
            ratio, size, room = layout.ratio, layout.mosaic_rect().size() * layout.ratio, self._room
            across, down = layout.pitch
            layout = replace(
                layout,
                left=_start(room.left() * ratio, room.width() * ratio, size.width(), self._centre.x() * across),
                top=_start(room.top() * ratio, room.height() * ratio, size.height(), self._centre.y() * down),
            )
        self._layout = layout
        reached = self._cell_at(self._room.center())
        # What was wished and cannot be is dropped, else the way back would begin beyond it; less than a pixel is kept,
        # so that slow moves add up.
        across, down = layout.pitch
        self._centre = QPointF(
            _unless_near(self._centre.x(), reached.x(), 1 / across),
            _unless_near(self._centre.y(), reached.y(), 1 / down),
        )


def _unless_near(wished: float, reached: float, distance: float) -> float:
    return wished if abs(wished - reached) <= distance else reached


def _start(room_start: float, room_length: float, length: float, centre: float) -> int:
    if length <= room_length:
        return round(room_start + (room_length - length) / 2)
    return round(min(max(room_start + room_length / 2 - centre, room_start + room_length - length), room_start))
