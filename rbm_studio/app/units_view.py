"""What the hidden units do: the grey image of p(h | v), cases by units, above each unit's mean activity."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLocale, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPolygonF,
)

from rbm_studio.app.images import grey_image
from rbm_studio.app.items_view import CLICK_KEYS, ItemsView, keys_step
from rbm_studio.app.painting import draw_placeholder, dress_for_paper
from rbm_studio.app.theme import GRID, plot_colours

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PySide6.QtWidgets import QWidget

_MARK = GRID
_GAP = GRID // 2
_IMAGE_SHARE = 0.62
# Ends of the bars' axis: sparse units need a closer look.
_TOPS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
# The axis shrinks only when the bars would fill less than this part of it.
_LEAST_FILLED = 0.3


class UnitsView(ItemsView):
    """Shows the hidden units as columns: above, one grey pixel a case; below, a bar for the mean.

    The arrow keys, Home and End go from unit to unit; Enter and Space click one, as the mouse does.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: QImage | None = None
        self._means: NDArray[np.float64] | None = None
        self._target: float | None = None
        self._top = 1.0
        self._selected: tuple[int, ...] = ()
        self._lit: tuple[int, ...] = ()
        self._placeholder = ""

    def set_units(
        self, activations: NDArray[np.float32], means: NDArray[np.float64], target: float | None = None
    ) -> None:
        """Show other units.

        Parameters
        ----------
        activations : ndarray of shape (cases, units)
            p(h = 1 | v), 0 is black and 1 white.
        means : ndarray of shape (units,)
            Mean activities, also of cases that the image does not show.
        target : float, optional
            A mean activity to mark.
        """
        self._image, self._means, self._target = grey_image(activations), means, target
        highest = min(max(float(np.nanmax(means, initial=0.0)), target or 0.0), 1.0)
        if highest > self._top or highest < _LEAST_FILLED * self._top:
            self._top = next(top for top in _TOPS if top >= highest)
        if self._hovered >= len(means):
            self._hover(-1)
        self.update()

    def set_placeholder(self, text: str) -> None:
        """Show a text, and no units."""
        self._image = self._means = None
        self._placeholder = text
        self._hover(-1)
        self.update()

    def picture(self) -> QImage:
        """Return the grey image to copy or save; a null image where there are no units."""
        return QImage() if self._image is None else self._image

    def printed(self, palette: QPalette, size: QSize) -> UnitsView:
        """Return a view of the same units without any marks, to be rendered on paper."""
        printed = UnitsView()
        dress_for_paper(printed, self, palette, size)
        printed._image, printed._means = self._image, self._means
        printed._target, printed._top = self._target, self._top
        printed._placeholder = self._placeholder
        return printed

    def image(self) -> QImage | None:
        """Return the grey image, one pixel a case and unit; None where there are no units."""
        return self._image

    def hovered_unit(self) -> int:
        """Return the unit that the pointer or the keyboard is on; -1 for none."""
        return self._hovered

    def set_hovered(self, unit: int) -> None:
        """Mark a unit that is pointed at elsewhere, without telling; -1 for none."""
        if unit != self._hovered:
            self._hovered = unit if self._means is not None and unit < len(self._means) else -1
            self.update()

    def set_lit(self, units: tuple[int, ...]) -> None:
        """Mark all units that are pointed at together elsewhere."""
        if units != self._lit:
            self._lit = units
            self.update()

    def selected(self) -> tuple[int, ...]:
        """Return the units that are marked."""
        return self._selected

    def set_selected(self, units: tuple[int, ...]) -> None:
        """Mark some units."""
        self._selected = units
        self.update()

    def item_at(self, pos: QPointF) -> int:
        """Return the index of the unit whose column is at a place of the widget; -1 beside them."""
        if self._means is None:
            return -1
        image, bars = self._plots()
        if not image.united(bars).contains(pos):
            return -1
        return min(int((pos.x() - image.left()) / image.width() * len(self._means)), len(self._means) - 1)

    def column_rect(self, unit: int) -> QRectF:
        """Return where a unit's column of the image lies in the widget."""
        image, _ = self._plots()
        count = 1 if self._means is None else len(self._means)
        return QRectF(image.left() + image.width() * unit / count, image.top(), image.width() / count, image.height())

    def sizeHint(self) -> QSize:
        """Return a size at which 64 units can be told apart."""
        return QSize(44 * GRID, 22 * GRID)

    def minimumSizeHint(self) -> QSize:
        """Return the least size at which a dead unit can be seen."""
        return QSize(20 * GRID, 14 * GRID)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the image, the bars and the marks."""
        painter = QPainter(self)
        if self._image is None or self._means is None:
            draw_placeholder(painter, self.rect(), self._placeholder, self.palette())
            return
        image, bars = self._plots()
        shrinks = image.width() * self.devicePixelRatioF() < self._image.width()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, shrinks)
        painter.drawImage(image, self._image)
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.drawRect(image)
        self._draw_bars(painter, bars, self._means)
        self._draw_marks(painter, image, bars)
        if self.hasFocus():
            painter.setPen(self.palette().color(QPalette.ColorRole.Accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(image.united(bars).adjusted(-2, -2, 2, 2))

    def _plots(self) -> tuple[QRectF, QRectF]:
        """Return where the image and the bars are drawn, on whole screen pixels."""
        ratio = self.devicePixelRatioF()
        metrics = QFontMetricsF(self.font())
        left = math.ceil(metrics.horizontalAdvance(_percent(1.0))) + GRID
        row = math.ceil(metrics.height())
        width, top = max(self.width() - left - _GAP, 1), _MARK + _GAP
        room = max(self.height() - top - row - 3 * _GAP, 2)
        high = round(room * _IMAGE_SHARE * ratio) / ratio
        image = QRectF(left, top, width, high)
        return image, QRectF(left, image.bottom() + 2 * _GAP, width, room - high)

    def _draw_bars(self, painter: QPainter, bars: QRectF, means: NDArray[np.float64]) -> None:
        colours = plot_colours(self.palette())
        metrics = QFontMetricsF(self.font())
        at_right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for share in (0.0, 0.5, 1.0):
            y = bars.bottom() - share * bars.height()
            painter.setPen(colours.grid)
            painter.drawLine(QPointF(bars.left(), y), QPointF(bars.right(), y))
            if share != 0.5 or bars.height() > 2.4 * metrics.height():
                painter.setPen(colours.text)
                box = QRectF(0, y - metrics.height() / 2, bars.left() - GRID, metrics.height())
                painter.drawText(box, at_right, _percent(share * self._top))
        ratio, count = self.devicePixelRatioF(), len(means)
        for unit, mean in enumerate(means.tolist()):
            ends = (bars.left() + bars.width() * n / count for n in (unit, unit + 1))
            left, right = (round(end * ratio) / ratio for end in ends)
            gap = 1 / ratio if right - left > 3 / ratio else 0.0
            height = bars.height() * mean / self._top if mean == mean else 0.0
            painter.fillRect(
                QRectF(left, bars.bottom() - height, max(right - left - gap, 1 / ratio), height), colours.training
            )
        if self._target is not None:
            y = bars.bottom() - bars.height() * self._target / self._top
            painter.fillRect(QRectF(bars.left(), y - 1, bars.width(), 2), colours.held_out)
        painter.setPen(colours.text)
        row = QRectF(bars.left(), bars.bottom() + _GAP, bars.width(), metrics.height())
        painter.drawText(row, int(Qt.AlignmentFlag.AlignLeft), "1")
        painter.drawText(row, int(Qt.AlignmentFlag.AlignRight), QLocale().toString(count))

    def _draw_marks(self, painter: QPainter, image: QRectF, bars: QRectF) -> None:
        """Draw a frame around each row of neighbours that are marked, and an arrow above it."""
        accent = self.palette().color(QPalette.ColorRole.Accent)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for first, last in _runs(self._pointed_at()):
            columns = self.column_rect(first).united(self.column_rect(last))
            centre, top = columns.center().x(), image.top() - 2
            arrow = [QPointF(centre, top), QPointF(centre - _MARK / 2, top - _MARK)]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(accent)
            painter.drawPolygon(QPolygonF([*arrow, QPointF(centre + _MARK / 2, top - _MARK)]))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(accent, 2 if columns.width() > _MARK else 1))
            painter.drawRect(QRectF(columns.left(), image.top(), columns.width(), bars.bottom() - image.top()))

    def _pointed_at(self) -> set[int]:
        count = 0 if self._means is None else len(self._means)
        return {unit for unit in (*self._selected, *self._lit, self._hovered) if 0 <= unit < count}

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go from unit to unit, or click one."""
        count = 0 if self._means is None else len(self._means)
        across = event.key() not in (Qt.Key.Key_Up, Qt.Key.Key_Down)
        target = keys_step(event.key(), self._hovered, count, count) if across else None
        if target is not None:
            self._hover(target)
        elif event.key() in CLICK_KEYS and self._hovered >= 0:
            self._click(self._hovered)
        else:
            super().keyPressEvent(event)


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"


def _runs(units: set[int]) -> list[tuple[int, int]]:
    """Return the first and the last of each row of neighbours."""
    firsts = sorted(unit for unit in units if unit - 1 not in units)
    lasts = sorted(unit for unit in units if unit + 1 not in units)
    return list(zip(firsts, lasts, strict=True))
