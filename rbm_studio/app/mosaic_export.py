"""Filters in files: a picture of whole pixels, or a drawing with frames, numbers and a colour bar."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from rbm_studio.app.images import diverging_colours, indexed_image
from rbm_studio.app.mosaic_image import mosaic_levels
from rbm_studio.app.mosaic_layout import Cells
from rbm_studio.app.pictures import png
from rbm_studio.storage.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from rbm_studio.app.mosaic_image import Filters

MOST_PIXELS = 1 << 28
"""A larger picture takes more memory than most computers can spare for it."""

# In the drawing's own units.
_TILE = 56.0
_GAP = 4.0
_MARGIN = 16.0
_BAR = 16.0
_FONT = 12.0
_LABELS = 80.0
_STOPS = 32
# For programs that blur small pictures.
_PIXELS = 4
_GROUND = "#c3c9d1"


@dataclass(frozen=True, eq=False)
class FilterSheet:
    """Filters as they stand in a file.

    Attributes
    ----------
    filters : Filters
    columns : int
    numbers : tuple of int
        Of each unit, by its index.
    caption : str
        What they are, and of which moment.
    labels : tuple of str
        Of the colour bar's negative end, zero and positive end.
    """

    filters: Filters
    columns: int
    numbers: tuple[int, ...]
    caption: str
    labels: tuple[str, str, str]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return -(-self.filters.count // self.columns)

    def size(self, scale: int) -> tuple[int, int]:
        """Return the width and height of a picture with so many pixels a weight."""
        height, width = self.filters.shape
        return (self.columns * (width + 1) - 1) * scale, (self.rows * (height + 1) - 1) * scale


def save_png(path: Path, sheet: FilterSheet, scale: int) -> None:
    """Write filters as a picture, each weight as a square of pixels, with a line of pixels between filters, atomically.

    The caption is kept as the picture's description.

    Parameters
    ----------
    path : Path
    sheet : FilterSheet
    scale : int
        Pixels a weight, along each side.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    data = _png(_enlarged(_levels(sheet, 1), scale), sheet.caption)
    write_atomically(path, lambda file: file.write(data))


def save_svg(path: Path, sheet: FilterSheet) -> None:
    """Write filters as a drawing, atomically: framed pictures, the units' numbers, a colour bar and the caption.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    data = "\n".join(_svg(sheet)).encode()
    write_atomically(path, lambda file: file.write(data))


def _levels(sheet: FilterSheet, gap: int) -> NDArray[np.uint8]:
    cells = Cells(0, 0, sheet.columns, sheet.rows)
    return mosaic_levels(sheet.filters, sheet.columns, cells, sheet.filters.shape, gap)


def _enlarged(levels: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    return levels.repeat(scale, axis=0).repeat(scale, axis=1)


def _png(levels: NDArray[np.uint8], caption: str) -> bytes:
    red, green, blue = diverging_colours().T.astype("uint32")
    colours = (0xFF000000 | red << 16 | green << 8 | blue).tolist()
    colours[0] = 0xFF000000 | int(_GROUND[1:], 16)
    image = indexed_image(levels, colours)
    image.setText("Description", caption)
    return png(image)


def _svg(sheet: FilterSheet) -> Iterator[str]:
    height, width = sheet.filters.shape
    tile_height = _TILE * height / width
    across, down = _TILE + _GAP, tile_height + _GAP
    mosaic_width, mosaic_height = sheet.columns * across - _GAP, sheet.rows * down - _GAP
    bar_height = max(mosaic_height, 6 * _FONT)
    full_width = max(2 * _MARGIN + mosaic_width + _MARGIN + _BAR + _LABELS, 0.56 * _FONT * len(sheet.caption) + _MARGIN)
    full_height = 2 * _MARGIN + bar_height + 2 * _FONT
    yield (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{full_width:g}" height="{full_height:g}" viewBox="0 0 {full_width:g} {full_height:g}" '
        f'font-family="sans-serif" font-size="{_FONT:g}" fill="#1a1e24">'
    )
    yield f"<title>{escape(sheet.caption)}</title>"
    yield f'<rect width="{full_width:g}" height="{full_height:g}" fill="#ffffff"/>'
    levels = _levels(sheet, 0)
    for place, unit in enumerate(_units(sheet)):
        row, column = divmod(place, sheet.columns)
        x, y = _MARGIN + column * across, _MARGIN + row * down
        tile = levels[row * height : (row + 1) * height, column * width : (column + 1) * width]
        picture = base64.b64encode(_png(_enlarged(tile, _PIXELS), "")).decode()
        box = f'x="{x:g}" y="{y:g}" width="{_TILE:g}" height="{tile_height:g}"'
        yield (
            f'<image {box} preserveAspectRatio="none" image-rendering="optimizeSpeed" style="image-rendering:pixelated"'
            f' xlink:href="data:image/png;base64,{picture}"/>'
        )
        yield f'<rect {box} fill="none" stroke="#7d848e" stroke-width="1"/>'
        yield f'<text x="{x + 2:g}" y="{y + _FONT - 2:g}" font-size="{_FONT - 2:g}">{unit + 1}</text>'
    yield from _colour_bar(sheet, 2 * _MARGIN + mosaic_width, bar_height)
    yield f'<text x="{_MARGIN:g}" y="{full_height - _MARGIN:g}">{escape(sheet.caption)}</text>'
    yield "</svg>"


def _units(sheet: FilterSheet) -> Iterator[int]:
    order = range(sheet.filters.count) if sheet.filters.order is None else sheet.filters.order.tolist()
    return (sheet.numbers[unit] for unit in order)


def _colour_bar(sheet: FilterSheet, x: float, height: float) -> Iterator[str]:
    yield '<defs><linearGradient id="weights" x1="0" y1="1" x2="0" y2="0">'
    for stop in range(_STOPS + 1):
        red, green, blue = diverging_colours()[1 + round(254 * stop / _STOPS)].tolist()
        yield f'<stop offset="{stop / _STOPS:g}" stop-color="#{red:02x}{green:02x}{blue:02x}"/>'
    yield "</linearGradient></defs>"
    bar = f'x="{x:g}" y="{_MARGIN:g}" width="{_BAR:g}" height="{height:g}"'
    yield f'<rect {bar} fill="url(#weights)" stroke="#7d848e" stroke-width="1"/>'
    for label, y in zip(sheet.labels, (height, (height + _FONT) / 2, _FONT), strict=True):
        yield f'<text x="{x + _BAR + 4:g}" y="{_MARGIN + y - 1:g}">{escape(label)}</text>'
