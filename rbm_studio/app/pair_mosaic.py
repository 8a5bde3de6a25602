"""One side of a comparison of filters: tiles in the order of the pairs, in a colour scale that others set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QVBoxLayout, QWidget

from rbm_studio.app.colour_scale import ColourBar
from rbm_studio.app.images import diverging_image
from rbm_studio.app.items_view import CLICK_KEYS, ItemsView, keys_step
from rbm_studio.app.mosaic_layout import MosaicLayout, lay_out, tile
from rbm_studio.app.numbers import fixed
from rbm_studio.app.painting import draw_outline
from rbm_studio.app.theme import GRID
from rbm_studio.data.resampling import resample

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Room for the outline of a tile at the edge.
_EDGE = 4
# Tiles of fewer px than this have no room for a mark of their similarity.
_LEAST_MARKED = 10
_MARK_HEIGHT = 3


class PairMosaic(ItemsView):
    """Shows one tile for each pair of filters; the pair that is pointed at is lit by whoever hears of it.

    The arrow keys, Home and End go from pair to pair; Enter and Space click.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tiles: NDArray[np.float32] = np.empty((0, 1, 1), dtype=np.float32)
        self._similarity: NDArray[np.float64] | None = None
        self._limit = 1.0
        self._layout: MosaicLayout | None = None
        self._laid_out_for = (QSize(), 1.0)
        self._drawn: QPixmap | None = None
        self._drawn_in = 0
        # Whether what takes long to draw is kept in pixels: on paper they would be too few.
        self._keeps = True
        self._lit = -1
        self._marked: tuple[int, ...] = ()

    # --- what is shown

    def set_tiles(
        self, tiles: NDArray[np.float32], limit: float, similarity: NDArray[np.float64] | None = None
    ) -> None:
        """Show other tiles.

        Parameters
        ----------
        tiles : float32 ndarray of shape (n, height, width)
            Not copied. A tile whose first pixel is NaN is empty: the pair has no such filter.
        limit : float
            The magnitude that has the last colours, greater than 0.
        similarity : float64 ndarray of shape (n,), optional
            Written, or drawn as a bar, into each tile that has room for it; NaN is left out.
        """
        if tiles.shape != self._tiles.shape:
            self._layout = None
        self._tiles, self._limit, self._similarity = tiles, limit, similarity
        self._drawn = None
        self.update()

    def tiles(self) -> NDArray[np.float32]:
        """Return what is shown."""
        return self._tiles

    def limit(self) -> float:
        """Return the magnitude that has the last colours."""
        return self._limit

    def similarity(self) -> NDArray[np.float64] | None:
        """Return what is written into the tiles."""
        return self._similarity

    def light(self, pair: int) -> None:
        """Outline the pair that is pointed at; none with -1."""
        if pair != self._lit:
            self._lit = pair
            self.update()

    def lit(self) -> int:
        """Return the pair that is outlined as pointed at, or -1."""
        return self._lit

    def mark(self, pairs: tuple[int, ...]) -> None:
        """Outline the pairs that are selected."""
        if pairs != self._marked:
            self._marked = pairs
            self.update()

    def marked(self) -> tuple[int, ...]:
        """Return the pairs that are outlined as selected."""
        return self._marked

    def tile_rect(self, pair: int) -> QRectF:
        """Return where a tile lies in the widget; empty where there is none."""
        layout = self._current_layout()
        return layout.tile_rect(pair) if layout is not None and 0 <= pair < len(self._tiles) else QRectF()

    def printed(self, palette: QPalette, size: QSize) -> QWidget:
        """Return the same tiles without any marks, above the bar of their colours, to be rendered on paper."""
        printed, mosaic, bar = QWidget(), PairMosaic(), ColourBar()
        printed.setFont(self.font())
        printed.setPalette(palette)
        column = QVBoxLayout(printed)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        column.addWidget(mosaic, 1)
        column.addWidget(bar)
        mosaic.set_tiles(self._tiles, self._limit, self._similarity)
        mosaic._keeps = False
        bar.set_limit(self._limit)
        printed.resize(size)
        return printed

    def sizeHint(self) -> QSize:
        """Return a size at which 64 tiles can be told apart."""
        return QSize(30 * GRID, 30 * GRID)

    def minimumSizeHint(self) -> QSize:
        """Return the least size at which there is anything to compare."""
        return QSize(12 * GRID, 9 * GRID)

    # --- painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the tiles, what is empty, the similarities, and the outlines."""
        layout = self._current_layout()
        if layout is None:
            return
        painter = QPainter(self)
        if not self._keeps:
            self._draw_tiles(painter, layout)
            return
        if self._drawn is None or self._drawn_in != self.palette().cacheKey():
            self._drawn = self._draw(layout)
            self._drawn_in = self.palette().cacheKey()
        painter.drawPixmap(0, 0, self._drawn)
        if self.hasFocus():
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Accent), 1))
            painter.drawRect(layout.mosaic_rect().adjusted(-2, -2, 2, 2))
        for pair, width in (*((pair, 2.0) for pair in self._marked), (self._lit, 3.0)):
            if 0 <= pair < len(self._tiles):
                draw_outline(painter, layout.tile_rect(pair), width, self.palette())

    def _draw(self, layout: MosaicLayout) -> QPixmap:
        """Return all but the outlines, which follow the pointer: of many pairs it takes longer than a frame."""
        ratio = self.devicePixelRatioF()
        drawn = QPixmap(self.size() * ratio)
        drawn.setDevicePixelRatio(ratio)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        painter.setFont(self.font())
        self._draw_tiles(painter, layout)
        painter.end()
        return drawn

    def _draw_tiles(self, painter: QPainter, layout: MosaicLayout) -> None:
        for rect in layout.filled_rects():
            painter.fillRect(rect, self.palette().color(QPalette.ColorRole.Mid))
        painter.drawImage(layout.mosaic_rect(), self._draw_mosaic(layout))
        for pair in np.flatnonzero(self._empty()).tolist():
            self._cross_out(painter, layout.tile_rect(pair))
        self._draw_similarities(painter, layout)

    def _cross_out(self, painter: QPainter, rect: QRectF) -> None:
        # An untrained filter is a tile of one light colour, too.
        painter.fillRect(rect, self.palette().color(QPalette.ColorRole.Window))
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
        painter.drawLine(rect.bottomLeft(), rect.topRight())

    def _empty(self) -> NDArray[np.bool_]:
        return np.isnan(self._tiles[:, 0, 0])

    def _draw_mosaic(self, layout: MosaicLayout) -> QImage:
        shape = (layout.tile_height, layout.tile_width)
        tiles = self._tiles
        if tiles.shape[1:] != shape:
            # Resampling would spread the NaN of one tile over all.
            tiles = resample(np.where(self._empty()[:, None, None], np.float32(0), tiles), shape)
        return diverging_image(tile(tiles, layout.columns, layout.gap), self._limit)

    def _draw_similarities(self, painter: QPainter, layout: MosaicLayout) -> None:
        if self._similarity is None or layout.tile_rect(0).width() < _LEAST_MARKED:
            return
        metrics = QFontMetricsF(self.font())
        room = layout.tile_rect(0).size()
        written = metrics.horizontalAdvance(fixed(-0.88, 2)) <= room.width() and 2 * metrics.height() <= room.height()
        for pair, value in enumerate(self._similarity.tolist()):
            if np.isnan(value):
                continue
            rect = layout.tile_rect(pair)
            if written:
                self._write(painter, rect, fixed(value, 2), metrics)
            else:
                self._draw_bar(painter, rect, value)

    def _write(self, painter: QPainter, rect: QRectF, text: str, metrics: QFontMetricsF) -> None:
        box = QRectF(0, 0, metrics.horizontalAdvance(text) + _EDGE, metrics.height())
        box.moveBottomRight(rect.bottomRight())
        painter.fillRect(box, self.palette().color(QPalette.ColorRole.Base))
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), text)

    def _draw_bar(self, painter: QPainter, rect: QRectF, value: float) -> None:
        """Draw how alike the pair is: the full width is 1; nothing is left of it at 0 and below."""
        bar = QRectF(rect.left(), rect.bottom() - _MARK_HEIGHT, rect.width() * max(value, 0.0), _MARK_HEIGHT)
        # A line sets it off from the filter; more ground than that would be stripes across a dark window.
        painter.fillRect(bar.adjusted(0, -1, 0, 0), self.palette().color(QPalette.ColorRole.Base))
        painter.fillRect(bar, self.palette().color(QPalette.ColorRole.Accent))

    # --- pointer and keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go to another pair, or click the one that is lit."""
        layout, key = self._current_layout(), event.key()
        target = None if layout is None else keys_step(key, self._lit, len(self._tiles), layout.columns)
        if target is not None:
            self.hovered.emit(target)
        elif key in CLICK_KEYS and self._lit >= 0:
            self._click(self._lit)
        else:
            super().keyPressEvent(event)

    def item_at(self, pos: QPointF) -> int:
        """Return the pair at a place of the widget, or -1 beside them."""
        layout = self._current_layout()
        return -1 if layout is None else layout.index_at(pos)

    def _current_layout(self) -> MosaicLayout | None:
        """Return the layout for the present size, screen and tiles; what depended on another is dropped."""
        if not len(self._tiles):
            return None
        size, ratio = self.size(), self.devicePixelRatioF()
        if self._layout is None or self._laid_out_for != (size, ratio):
            room = QRectF(self.rect()).adjusted(_EDGE, _EDGE, -_EDGE, -_EDGE)
            self._layout = lay_out(self._tiles.shape, room, ratio)
            self._laid_out_for = (size, ratio)
            self._drawn = None
        return self._layout
