"""The filters of all hidden units as one picture."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QLocale, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from rbm_studio.app.images import diverging_image
from rbm_studio.app.mosaic_layout import MosaicLayout, lay_out, tile
from rbm_studio.data.resampling import resample

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Room for the outline of a tile at the edge.
_EDGE = 4
_BAR = 16
_BAR_GAP = 8
_LABEL_GAP = 4
# Room for the usual labels, so that the mosaic does not jump when a digit comes or goes.
_USUAL_LABEL = "+0.0000"
_PERCENTILE = 99.5
_LIMIT_SAMPLES = 1 << 15
# Each new set of tiles moves the colour limit by this share of its distance, so that colours do not flicker,
_LIMIT_STEP = 0.25
# but a limit that is off by more than this factor is another model's, and is dropped at once.
_LIMIT_JUMP = 1.5


class MosaicView(QWidget):
    """Shows n equally large arrays of signed numbers as tiles in one colour scale, with a colour bar.

    The tiles stand in as many columns as fill the widget best. The scale is symmetric about zero; its limit is the
    99.5th percentile of the magnitudes, and follows it smoothly. The arrow keys, Home and End move the selection, Enter
    and Space click it.

    Parameters
    ----------
    parent : QWidget, optional

    Attributes
    ----------
    hovered : Signal(int)
        Index of the tile that the pointer, or the keyboard's selection, has come upon; -1 when it has left them all.
    clicked : Signal(int)
        Index of the tile that was clicked with the left button or the keyboard.
    """

    hovered = Signal(int)
    clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tiles: NDArray[np.float32] | None = None
        self._limit: float | None = None
        self._layout: MosaicLayout | None = None
        self._laid_out_for = (QSize(), 1.0)
        self._bar_at_right = True
        self._mosaic: QImage | None = None
        self._hovered = -1
        self._selected: int | None = None
        self._marked: tuple[int, ...] = ()
        self._pressed = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Filters of the hidden units"))
        self.setToolTip(self.tr("One tile a hidden unit. Click one, or choose with the arrow keys and press Enter."))

    def set_tiles(self, tiles: NDArray[np.float32] | None) -> None:
        """Show other tiles.

        Parameters
        ----------
        tiles : ndarray of shape (n, height, width), float32, or None
            Not copied: give an array that nothing changes afterwards. None or an empty array shows none.
        """
        tiles = None if tiles is None or tiles.size == 0 else tiles
        if tiles is None or self._tiles is None or tiles.shape != self._tiles.shape:
            self._layout = None
            self._limit = None
        self._tiles = tiles
        self._mosaic = None
        if tiles is not None:
            self._limit = _next_limit(self._limit, _robust_limit(tiles))
        if self._selected is not None and self._selected >= self._count():
            self._selected = None
        if self._hovered >= self._count():
            self._hover(-1)
        self.update()

    def limit(self) -> float:
        """Return the magnitude that has the scale's last colours, for other pictures of the same weights."""
        return 1.0 if self._limit is None else self._limit

    def selected(self) -> int | None:
        """Return the index of the selected tile, or None."""
        return self._selected

    def set_selected(self, index: int | None) -> None:
        """Outline a tile, such as the one that is shown enlarged; None or an index that is not there outlines none."""
        self._selected = index if index is not None and 0 <= index < self._count() else None
        self.update()

    def set_marked(self, indices: tuple[int, ...]) -> None:
        """Outline some tiles besides the selected one; those that are not there are left out."""
        self._marked = indices
        self.update()

    def marked(self) -> tuple[int, ...]:
        """Return the tiles that are outlined besides the selected one."""
        return tuple(index for index in self._marked if 0 <= index < self._count())

    def unit_at(self, pos: QPointF) -> int:
        """Return the index of the tile at a place of the widget, or -1 beside them."""
        layout = self._current_layout()
        return -1 if layout is None else layout.index_at(pos)

    def tile_rect(self, index: int) -> QRectF:
        """Return where a tile lies in the widget; empty where there is no such tile."""
        layout = self._current_layout()
        return layout.tile_rect(index) if layout is not None and 0 <= index < self._count() else QRectF()

    def sizeHint(self) -> QSize:
        """Return a size at which 64 tiles can be told apart."""
        return QSize(320, 320)

    def minimumSizeHint(self) -> QSize:
        """Return a size that still has a pixel for each of 4096 tiles."""
        return QSize(160, 160)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the mosaic, the outlines and the colour bar."""
        painter = QPainter(self)
        layout = self._current_layout()
        if layout is None or self._tiles is None:
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(8, 8, -8, -8), int(flags), self.tr("No weights yet"))
            return
        if self._mosaic is None:
            shape = (layout.tile_height, layout.tile_width)
            tiles = self._tiles if self._tiles.shape[1:] == shape else resample(self._tiles, shape)
            self._mosaic = diverging_image(tile(tiles, layout.columns, layout.gap), self.limit())
        # The gaps show this ground: without it tiles of small weights would have no edges on a light window.
        for rect in layout.filled_rects():
            painter.fillRect(rect, self.palette().color(QPalette.ColorRole.Mid))
        painter.drawImage(layout.mosaic_rect(), self._mosaic)
        self._draw_colour_bar(painter, layout)
        if self.hasFocus():
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Accent), 1))
            painter.drawRect(layout.mosaic_rect().adjusted(-2, -2, 2, 2))
        for index in self.marked():
            self._outline(painter, layout.tile_rect(index), 2)
        if self._selected is not None:
            self._outline(painter, layout.tile_rect(self._selected), 4)
        if self._hovered >= 0:
            self._outline(painter, layout.tile_rect(self._hovered), 2)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell which tile the pointer is on, when it has changed."""
        self._hover(self.unit_at(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click."""
        self._pressed = self.unit_at(event.position()) if event.button() == Qt.MouseButton.LeftButton else -1

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a click on the tile where it began."""
        if event.button() == Qt.MouseButton.LeftButton and self._pressed >= 0:
            if self.unit_at(event.position()) == self._pressed:
                self.clicked.emit(self._pressed)
            self._pressed = -1

    def leaveEvent(self, _event: QEvent) -> None:
        """Tell that the pointer has left."""
        self._hover(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the selection, or click it."""
        key = event.key()
        target = self._key_target(key)
        if target is not None:
            self.set_selected(target)
            self.hovered.emit(target)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._selected is not None:
            self.clicked.emit(self._selected)
        else:
            super().keyPressEvent(event)

    def _key_target(self, key: int) -> int | None:
        layout = self._current_layout()
        if layout is None:
            return None
        last = self._count() - 1
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -layout.columns,
            Qt.Key.Key_Down: layout.columns,
            Qt.Key.Key_Home: -last,
            Qt.Key.Key_End: last,
        }
        if key not in steps:
            return None
        if self._selected is None:
            return last if key == Qt.Key.Key_End else 0
        target = self._selected + steps[Qt.Key(key)]
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            return target if 0 <= target <= last else self._selected
        return min(max(target, 0), last)

    def _count(self) -> int:
        return 0 if self._tiles is None else len(self._tiles)

    def _hover(self, index: int) -> None:
        if index != self._hovered:
            self._hovered = index
            self.update()
            self.hovered.emit(index)

    def _current_layout(self) -> MosaicLayout | None:
        """Return the layout for the present size, screen and tiles; what depended on another is dropped."""
        if self._tiles is None:
            return None
        shape, size, ratio = self._tiles.shape, self.size(), self.devicePixelRatioF()
        if self._layout is None or self._laid_out_for != (size, ratio):
            room = QRectF(self.rect()).adjusted(_EDGE, _EDGE, -_EDGE, -_EDGE)
            beside = lay_out(shape, room.adjusted(0, 0, -self._bar_width(), 0), ratio)
            above = lay_out(shape, room.adjusted(0, 0, 0, -self._bar_height()), ratio)
            self._layout = max(beside, above, key=lambda layout: layout.scale * layout.tile_height)
            self._laid_out_for = (size, ratio)
            self._bar_at_right = self._layout is beside
            self._mosaic = None
        return self._layout

    def _bar_width(self) -> int:
        return _BAR_GAP + _BAR + _LABEL_GAP + self._label_width()

    def _bar_height(self) -> int:
        return _BAR_GAP + _BAR + _LABEL_GAP + self.fontMetrics().height()

    def _label_width(self) -> int:
        metrics = self.fontMetrics()
        return max(metrics.horizontalAdvance(label) for label in (_USUAL_LABEL, *self._labels()))

    def _labels(self) -> tuple[str, str, str]:
        number = QLocale().toString(self.limit(), "g", 2)
        return f"\N{MINUS SIGN}{number}", "0", f"+{number}"

    def _draw_colour_bar(self, painter: QPainter, layout: MosaicLayout) -> None:
        mosaic = layout.mosaic_rect()
        levels = np.linspace(-1, 1, 255, dtype=np.float32)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        if self._bar_at_right:
            length = min(max(mosaic.height(), 4.0 * self.fontMetrics().height()), self.height() - 2.0 * _EDGE)
            top = mosaic.center().y() - length / 2
            bar = QRectF(mosaic.right() + _BAR_GAP, top, _BAR, length)
            painter.drawImage(bar, diverging_image(levels[::-1, np.newaxis], 1.0))
            text = QRectF(bar.right() + _LABEL_GAP, top, self._label_width(), length)
            places = (Qt.AlignmentFlag.AlignBottom, Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignTop)
        else:
            length = min(max(mosaic.width(), 3.0 * self._label_width()), self.width() - 2.0 * _EDGE)
            left = mosaic.center().x() - length / 2
            bar = QRectF(left, mosaic.bottom() + _BAR_GAP, length, _BAR)
            painter.drawImage(bar, diverging_image(levels[np.newaxis, :], 1.0))
            text = QRectF(left, bar.bottom() + _LABEL_GAP, length, self.fontMetrics().height())
            places = (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignRight)
        for place, label in zip(places, self._labels(), strict=True):
            painter.drawText(text, int(place), label)

    def _outline(self, painter: QPainter, rect: QRectF, width: float) -> None:
        # Two lines, so that the outline stands out from any colour of the tiles.
        for role, line in ((QPalette.ColorRole.Window, width + 2), (QPalette.ColorRole.Accent, width)):
            painter.setPen(QPen(self.palette().color(role), line, j=Qt.PenJoinStyle.MiterJoin))
            painter.drawRect(rect.adjusted(-width / 2, -width / 2, width / 2, width / 2))


def _robust_limit(tiles: NDArray[np.float32]) -> float:
    """Return the 99.5th percentile of the magnitudes, from a sample of them; 1 where all are zero."""
    step = max(tiles.size // _LIMIT_SAMPLES, 1)
    # A step that shares a factor with the pixels of a tile would see the same few pixels of every tile.
    while math.gcd(step, tiles[0].size) > 1:
        step += 1
    units, pixels = np.divmod(np.arange(0, tiles.size, step), tiles[0].size)
    sample = np.abs(tiles[units, *np.divmod(pixels, tiles.shape[2])])
    sample = sample[np.isfinite(sample)]
    limit = float(np.percentile(sample, _PERCENTILE)) if sample.size else 0.0
    return limit or float(sample.max(initial=0.0)) or 1.0


def _next_limit(previous: float | None, target: float) -> float:
    if previous is None or not 1 / _LIMIT_JUMP <= target / previous <= _LIMIT_JUMP:
        return target
    return previous + _LIMIT_STEP * (target - previous)
