"""The numbers of the units, on the tiles of a mosaic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPalette

if TYPE_CHECKING:
    from rbm_studio.app.mosaic_image import Filters
    from rbm_studio.app.mosaic_layout import MosaicLayout

# A number takes a corner of its tile, and no more of it than a third of its width.
_TILE_PER_NUMBER = 3.0
_PADDING = 2
_OPAQUE = 208


def draw_numbers(painter: QPainter, layout: MosaicLayout, shown: QRectF, filters: Filters, palette: QPalette) -> None:
    """Write each unit's number, from 1, in the corner of its tile, where the tiles are large enough."""
    metrics = painter.fontMetrics()
    tile = layout.tile_rect(0)
    text_width = metrics.horizontalAdvance("0" * len(str(filters.count)))
    if tile.width() < _TILE_PER_NUMBER * text_width or tile.height() < _TILE_PER_NUMBER * metrics.height():
        return
    cells = layout.cells_in(shown)
    ground = QColor(palette.color(QPalette.ColorRole.Base))
    ground.setAlpha(_OPAQUE)
    painter.setPen(palette.color(QPalette.ColorRole.Text))
    units = iter(filters.units_at(cells, layout.columns).tolist())
    places = (
        row * layout.columns + column
        for row in range(cells.first_row, cells.first_row + cells.rows)
        for column in range(cells.first_column, cells.first_column + cells.columns)
    )
    # Places without a unit come last: where the units end, the numbers do.
    for unit, place in zip(units, places, strict=False):
        text = str(unit + 1)
        # In the corner that can be seen: a tile at the edge has its number too.
        seen = layout.tile_rect(place).intersected(shown)
        plate = QRectF(seen.left(), seen.top(), metrics.horizontalAdvance(text) + 2 * _PADDING, metrics.height())
        if seen.contains(plate):
            painter.fillRect(plate, ground)
            painter.drawText(plate, int(Qt.AlignmentFlag.AlignCenter), text)
