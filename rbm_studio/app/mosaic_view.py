"""The filters of all hidden units as one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from rbm_studio.app.colour_scale import scale_labels
from rbm_studio.app.items_view import CLICK_KEYS, keys_step
from rbm_studio.app.mosaic_bar import MosaicBar
from rbm_studio.app.mosaic_content import MosaicContent
from rbm_studio.app.mosaic_layout import MosaicLayout, lay_out
from rbm_studio.app.mosaic_marks import draw_numbers
from rbm_studio.app.mosaic_picture import MosaicPicture
from rbm_studio.app.mosaic_zoom import MosaicZoom
from rbm_studio.app.numbers import short
from rbm_studio.app.painting import draw_outline, draw_placeholder
from rbm_studio.app.zoomable_view import ZoomableView

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rbm_studio.app.mosaic_image import Filters

# Room for the outline of a tile at the edge.
_EDGE = 4


class MosaicView(ZoomableView):
    """Shows n equally large arrays of signed numbers as tiles, with a colour bar; they can be enlarged.

    The tiles stand in as many columns as fill the widget best, in the order of their indices or another. One scale is
    common to all, or each has its own. The common one is symmetric about zero; its limit is the 99.5th percentile of
    the magnitudes, and follows it smoothly. The arrow keys, Home and End go from tile to tile, Enter and Space click
    one. Wherever a tile is named, it is by its index, wherever it stands.

    Parameters
    ----------
    parent : QWidget, optional

    Attributes
    ----------
    hovered : Signal(int)
        Index of the tile that the pointer, or the keyboard, has come upon; -1 when it has left them all.
    clicked : Signal(int)
        Index of the tile that was clicked with the left button or the keyboard.
    zoomed : Signal()
        `zoom_factor` is another.
    failed : Signal(Exception)
        The filters could not be drawn.
    """

    hovered = Signal(int)
    clicked = Signal(int)
    zoomed = Signal()
    failed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._content = MosaicContent()
        self._zoom = MosaicZoom()
        self._laid_out_for: tuple[object, ...] = ()
        self._bar_at_right = True
        self._hovered = -1
        self._is_pointed_at = False
        self._marked: tuple[int, ...] = ()
        self._lit: tuple[int, ...] = ()
        self._picture = MosaicPicture(self)
        self._picture.ready.connect(self.update)
        self._picture.failed.connect(self.failed)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Filters of the hidden units"))
        self.setToolTip(
            self.tr(
                "One tile a hidden unit: its weights. Ink on orange pixels switches it on, ink on blue ones off.\n"
                "Click a tile to select its unit, or go there with the arrow keys and press Enter.\n"
                "Double-click to enlarge; also the wheel, two fingers, + and −. Then drag; 0 shows all again."
            )
        )

    # --- what is shown

    def set_tiles(self, tiles: NDArray[np.float32] | None) -> None:
        """Show other tiles.

        Parameters
        ----------
        tiles : ndarray of shape (n, height, width), float32, or None
            Not copied if they lie in memory as an RBM's weights do, one unit beside the other: give an array that
            nothing changes afterwards. None or an empty array shows none. Tiles of another number or shape stand in the
            order of their indices.
        """
        if self._content.set_tiles(tiles):
            self._picture.clear()
            self._zoom.clear()
            self._laid_out_for = ()
            self.zoomed.emit()
        if self._hovered >= self._content.count:
            self._hover(-1)
        self.update()

    def set_order(self, order: NDArray[np.intp] | None) -> None:
        """Say which tile stands at each place: a permutation of the indices; None for the order of the indices.

        Raises
        ------
        ValueError
            If it is no permutation of the tiles that are shown.
        """
        self._content.set_order(order)
        self.update()

    def set_own_scales(self, own: bool) -> None:
        """Colour each tile by its own largest magnitude, or all by one limit."""
        self._content.set_own_scales(own)
        self._laid_out_for = ()
        self.update()

    def filters(self) -> Filters | None:
        """Return what is shown, for a file of it."""
        return self._content.filters

    def columns(self) -> int:
        """Return in how many columns the tiles stand."""
        layout = self._current_layout()
        return 1 if layout is None else layout.columns

    def limit(self) -> float:
        """Return the magnitude that has the common scale's last colours, for other pictures of the same weights."""
        return self._content.limit

    # --- what is pointed at

    def set_marked(self, indices: tuple[int, ...]) -> None:
        """Outline some tiles, such as those that are selected; those that are not there are left out."""
        self._marked = indices
        self.update()

    def marked(self) -> tuple[int, ...]:
        """Return the tiles that are outlined because they are selected."""
        return tuple(index for index in self._marked if 0 <= index < self._content.count)

    def set_hovered(self, index: int) -> None:
        """Outline a tile that is pointed at elsewhere, without telling; -1 for none."""
        if index != self._hovered:
            self._hovered = index if index < self._content.count else -1
            self.update()

    def set_lit(self, indices: tuple[int, ...]) -> None:
        """Outline all tiles that are pointed at together elsewhere; those that are not there are left out."""
        if indices != self._lit:
            self._lit = indices
            self.update()

    def lit(self) -> tuple[int, ...]:
        """Return the tiles that are outlined because they are pointed at together elsewhere."""
        return tuple(index for index in self._lit if 0 <= index < self._content.count)

    def hovered_tile(self) -> int:
        """Return the tile that is pointed at; -1 for none."""
        return self._hovered

    def is_pointed_at(self) -> bool:
        """Return whether the pointer, or the keyboard, is on one of the tiles here."""
        return self._is_pointed_at

    def unit_at(self, pos: QPointF) -> int:
        """Return the index of the tile at a place of the widget, or -1 beside them."""
        layout = self._current_layout()
        if layout is None or not self._shown_rect(layout).contains(pos):
            return -1
        return self._content.index(layout.index_at(pos))

    def tile_rect(self, index: int) -> QRectF:
        """Return where a tile lies, also outside the widget if the mosaic is enlarged; empty where there is no tile."""
        layout = self._current_layout()
        return layout.tile_rect(self._content.place(index)) if layout and 0 <= index < self._content.count else QRectF()

    def reveal(self, index: int) -> None:
        """Bring a tile into view, if the mosaic is enlarged."""
        if (
            self._current_layout() is not None
            and 0 <= index < self._content.count
            and self._zoom.reveal(self._content.place(index))
        ):
            self.update()

    def is_in_view(self, index: int) -> bool:
        """Return whether a tile can be seen, at least in part."""
        return self.tile_rect(index).intersects(self._zoom.room)

    def _hover(self, index: int) -> None:
        self._is_pointed_at = index >= 0
        if index != self._hovered:
            self._hovered = index
            self.update()
            self.hovered.emit(index)

    def _point_at(self, pos: QPointF | None) -> None:
        self._hover(-1 if pos is None else self.unit_at(pos))

    def _click_at(self, pressed: QPointF, released: QPointF) -> None:
        index = self.unit_at(released)
        if index >= 0 and self.unit_at(pressed) == index:
            self.clicked.emit(index)

    # --- enlarging

    def zoom_factor(self) -> float:
        """Return how much larger than to show them all the tiles are: 1 or more."""
        return self._zoom.factor

    def can_zoom_in(self) -> bool:
        """Return whether the tiles can be larger still: up to one that fills the view."""
        return self._current_layout() is not None and self._zoom.factor < self._zoom.most

    def zoom(self, by: float, at: QPointF | None = None) -> bool:
        """Enlarge by a factor, around a place, or else the tile pointed at, or the middle; return whether that did."""
        if self._current_layout() is None:
            return False
        if at is None:
            pointed = self.tile_rect(self._hovered).center()
            at = pointed if self._zoom.room.contains(pointed) else self._zoom.room.center()
        changed = self._zoom.zoom(by, at)
        self._tell_zoom(changed)
        return changed

    def can_pan(self) -> bool:
        """Return whether the mosaic is enlarged."""
        return self._zoom.factor > 1

    def pan(self, by: QPointF) -> None:
        """Move an enlarged mosaic."""
        if self._current_layout() is not None and self._zoom.pan(by):
            self.update()

    def fit(self) -> None:
        """Show all tiles."""
        self._tell_zoom(self._zoom.reset())

    def _double_click_at(self, pos: QPointF) -> None:
        index = self.unit_at(pos)
        if self.can_pan():
            self.fit()
        elif index >= 0:
            self.zoom(self._zoom.most, pos)
            self.reveal(index)

    def _tell_zoom(self, changed: bool) -> None:
        if changed:
            self.update()
            self.zoomed.emit()

    # --- keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go from tile to tile, or click one."""
        layout = self._current_layout()
        place = self._content.place(self._hovered) if self._hovered >= 0 else -1
        if place < 0 and self.marked():
            place = self._content.place(self.marked()[0])
        target = None if layout is None else keys_step(event.key(), place, self._content.count, layout.columns)
        if target is not None:
            index = self._content.index(target)
            self.reveal(index)
            self._hover(index)
        elif event.key() in CLICK_KEYS and self._hovered >= 0:
            self.clicked.emit(self._hovered)
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Point at nothing any more, unless the pointer does."""
        super().focusOutEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self._hover(-1)
        self.update()

    # --- painting

    def sizeHint(self) -> QSize:
        """Return a size at which 64 tiles can be told apart."""
        return QSize(320, 320)

    def minimumSizeHint(self) -> QSize:
        """Return a size that still has a pixel for each of 4096 tiles."""
        return QSize(160, 112)

    def shut_down(self) -> None:
        """Wait for what is drawn in the background, and draw nothing more there."""
        self._picture.shut_down()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the mosaic, the outlines and the colour bar."""
        painter = QPainter(self)
        layout = self._current_layout()
        if layout is None or self._content.filters is None:
            draw_placeholder(painter, self.rect(), self.tr("No weights yet"), self.palette())
            return
        shown = self._shown_rect(layout)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        bar = self._bar(self._bar_at_right)
        bar.draw(painter, shown, QRectF(self.rect()).adjusted(_EDGE, _EDGE, -_EDGE, -_EDGE))
        if self.can_pan():
            painter.setClipRect(shown)
        # The gaps show this ground: without it tiles of small weights would have no edges on a light window.
        for rect in layout.filled_rects():
            painter.fillRect(rect, self.palette().color(QPalette.ColorRole.Mid))
        self._picture.paint(painter, self._content.filters, layout, shown)
        draw_numbers(painter, layout, shown, self._content.filters, self.palette())
        for index in self.marked():
            draw_outline(painter, self.tile_rect(index), 3, self.palette())
        for index in {*self.lit(), self._hovered} - {-1}:
            draw_outline(painter, self.tile_rect(index), 2, self.palette())
        painter.setClipping(False)
        if self.hasFocus():
            painter.setPen(self.palette().color(QPalette.ColorRole.Accent))
            painter.drawRect(shown.adjusted(-2, -2, 2, 2))

    def _shown_rect(self, layout: MosaicLayout) -> QRectF:
        """Return where tiles can be seen."""
        return self._zoom.room.intersected(layout.mosaic_rect())

    def _current_layout(self) -> MosaicLayout | None:
        """Return the layout for the present size, screen, tiles and zoom."""
        if self._content.filters is None:
            return None
        size, ratio = self.size(), self.devicePixelRatioF()
        if self._laid_out_for != (size, ratio):
            shape = (self._content.count, *self._content.filters.shape)
            box = QRectF(self.rect()).adjusted(_EDGE, _EDGE, -_EDGE, -_EDGE)
            beside = box.adjusted(0, 0, -self._bar(True).width, 0)
            above = box.adjusted(0, 0, 0, -self._bar(False).height)
            fits = [(lay_out(shape, room, ratio), room) for room in (beside, above)]
            fit, room = max(fits, key=lambda each: each[0].scale * each[0].tile_height)
            self._bar_at_right = room is beside
            self._laid_out_for = (size, ratio)
            factor = self._zoom.factor
            self._zoom.fit_in(fit, shape, room)
            if self._zoom.factor != factor:
                self.zoomed.emit()
        return self._zoom.layout

    def _bar(self, upright: bool) -> MosaicBar:
        limit = self._content.shown_limit
        labels = scale_labels(self.tr("max") if limit is None else short(limit))
        return MosaicBar(labels, self.fontMetrics(), upright)
