"""All chains side by side, each as the picture that it shows now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Signal
from PySide6.QtGui import QImage, QKeyEvent, QPainter, QPaintEvent, QPalette, QRegion, qGray

from rbm_studio.app.images import grey_image
from rbm_studio.app.items_view import ItemsView, keys_step
from rbm_studio.app.mosaic_layout import MosaicLayout, lay_out, tile, tile_columns
from rbm_studio.app.painting import draw_outline, draw_placeholder
from rbm_studio.app.theme import GRID
from rbm_studio.data.resampling import resample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PySide6.QtWidgets import QWidget

# Room for the outline of a picture at the edge.
_EDGE = 4
_OUTLINE = 3
# Neither ink nor paper, between pictures that are put into one image.
_BETWEEN = 128


class ChainGrid(ItemsView):
    """Shows n equally large grey pictures in as many columns as fill the widget best; one of them is chosen.

    A click chooses one, and so do the arrow keys, Home and End.

    Parameters
    ----------
    parent : QWidget, optional

    Attributes
    ----------
    chosen : Signal(int)
        Index of the picture that was chosen with the left button or the keyboard.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures: NDArray[np.uint8] | None = None
        self._placeholder = ""
        self._selected = 0
        self._layout: MosaicLayout | None = None
        self._laid_out_for: tuple[object, ...] = ()
        self._mosaic: QImage | None = None
        self.setAccessibleName(self.tr("Chains"))

    def pictures(self) -> NDArray[np.uint8] | None:
        """Return what is shown, of shape (n, height, width); None where there is nothing."""
        return self._pictures

    def picture(self) -> QImage:
        """Return all pictures as one image, a grey line between neighbours; a null image where there is none."""
        if self._pictures is None:
            return QImage()
        return grey_image(tile(self._pictures, tile_columns(len(self._pictures), 1.0), fill=_BETWEEN))

    def chosen_picture(self) -> QImage:
        """Return the picture that is chosen; a null image where there is none."""
        return QImage() if self._pictures is None else grey_image(self._pictures[self._selected])

    def set_pictures(self, pictures: NDArray[np.uint8]) -> None:
        """Show other pictures.

        Parameters
        ----------
        pictures : uint8 ndarray of shape (n, height, width)
            Grey levels, n at least 1. Not copied: give an array that nothing changes afterwards.
        """
        self._pictures = pictures
        self._mosaic = None
        self.set_selected(self._selected)
        self.update()

    def set_placeholder(self, text: str) -> None:
        """Show a text, and no pictures."""
        self._pictures = self._mosaic = None
        self._placeholder = text
        self.setAccessibleDescription(text)
        self.update()

    def placeholder(self) -> str:
        """Return the text that stands where there are no pictures."""
        return self._placeholder if self._pictures is None else ""

    def selected(self) -> int:
        """Return the index of the picture that is chosen."""
        return self._selected

    def set_selected(self, index: int) -> None:
        """Choose a picture without telling; the last one, where there are fewer."""
        last = 0 if self._pictures is None else len(self._pictures) - 1
        self._selected = min(max(index, 0), last)
        self.setAccessibleDescription(self.tr("Chain {0} of {1} is chosen").format(self._selected + 1, last + 1))
        self.update()

    def picture_rect(self, index: int) -> QRectF:
        """Return where a picture lies in the widget; empty where there is no such picture."""
        layout = self._current_layout()
        return QRectF() if layout is None or not 0 <= index < layout.count else layout.tile_rect(index)

    def item_at(self, pos: QPointF) -> int:
        """Return the index of the picture at a place of the widget, or -1 beside them."""
        layout = self._current_layout()
        return -1 if layout is None else layout.index_at(pos)

    def sizeHint(self) -> QSize:
        """Return a size at which 16 digits can be read."""
        return QSize(24 * GRID, 16 * GRID)

    def minimumSizeHint(self) -> QSize:
        """Return the least size at which 16 digits can be told apart."""
        return QSize(15 * GRID, 8 * GRID)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the pictures as one, and the outline of the chosen one."""
        painter = QPainter(self)
        layout = self._current_layout()
        if layout is None or self._pictures is None:
            draw_placeholder(painter, self.rect(), self._placeholder, self.palette())
            return
        lines = self.palette().color(QPalette.ColorRole.Mid)
        if self._mosaic is None:
            shape = (layout.tile_height, layout.tile_width)
            pictures = self._pictures
            pictures = pictures if pictures.shape[1:] == shape else resample(pictures, shape)
            self._mosaic = grey_image(tile(pictures, layout.columns, layout.gap, fill=qGray(lines.rgb())))
        # A line around each picture: they are mostly black, and so may be the ground.
        region = QRegion()
        for rect in layout.filled_rects():
            painter.fillRect(rect, lines)
            region = region.united(QRegion(rect.toAlignedRect()))
        # The places that are left over show the ground.
        painter.setClipRegion(region)
        painter.drawImage(layout.mosaic_rect(), self._mosaic)
        painter.setClipping(False)
        # Thicker where the keyboard is.
        draw_outline(painter, layout.tile_rect(self._selected), _OUTLINE + self.hasFocus(), self.palette())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose another picture."""
        layout = self._current_layout()
        columns, count = (layout.columns, layout.count) if layout is not None else (1, 0)
        target = keys_step(event.key(), self._selected, count, columns)
        if target is None:
            super().keyPressEvent(event)
        else:
            self._click(target)

    def _click(self, index: int) -> None:
        if index != self._selected:
            self.set_selected(index)
            self.chosen.emit(index)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._mosaic = None
            self.update()

    def _current_layout(self) -> MosaicLayout | None:
        if self._pictures is None:
            return None
        shape, ratio = self._pictures.shape, self.devicePixelRatioF()
        state = (shape, self.size(), ratio)
        if self._layout is None or self._laid_out_for != state:
            room = QRectF(self.rect()).adjusted(_EDGE, _EDGE, -_EDGE, -_EDGE)
            self._layout, self._laid_out_for = lay_out(shape, room, ratio), state
            self._mosaic = None
        return self._layout
