"""The hidden units as dots: how long their filters are, and how often they are on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLocale, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen, QPolygonF

from rbm_studio.app.curve_axes import linear_ticks, nice_range, nice_step, number_text
from rbm_studio.app.dots_image import dots_image
from rbm_studio.app.items_view import CLICK_KEYS, ItemsView, keys_step
from rbm_studio.app.painting import draw_placeholder, dress_for_paper
from rbm_studio.app.theme import GRID, plot_colours

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PySide6.QtWidgets import QWidget

_GAP = GRID // 2
_REACH = 8.0  # px: a finger's or a hurried pointer's
_DOT = 6.0  # px across
_SMALL_DOT = 4.0
_MARKED_DOT = 12.0
_MANY = 256
_OPAQUE = 176
# The axis of lengths shrinks only when the dots would fill less than this part of it.
_LEAST_FILLED = 0.4
_SHARES = (0.0, 0.5, 1.0)


class UnitsScatter(ItemsView):
    """Shows a dot a hidden unit: to the right the length of its filter, upwards its mean activity.

    Left and Right go from unit to unit in the order of their lengths, Up and Down in that of their activities; Enter
    and Space click one, as the mouse does.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lengths: NDArray[np.float64] = np.empty(0)
        self._means: NDArray[np.float64] = np.empty(0)
        self._end = 1.0
        self._selected: tuple[int, ...] = ()
        self._lit: tuple[int, ...] = ()
        self._placeholder = ""
        self._is_printed = False
        # All dots as they were painted last, and what for: thousands take longer than a pointer that moves may wait.
        self._dots = QImage()
        self._painted_for: tuple[object, ...] = ()

    def set_units(self, lengths: NDArray[np.float64], means: NDArray[np.float64]) -> None:
        """Show other units: the lengths of their filters, and their mean activities in 0..1, each of shape (units,).

        Units with a number that is not finite have no dot.
        """
        self._lengths, self._means = lengths, means
        longest = float(np.max(lengths[np.isfinite(lengths)], initial=0.0))
        if longest > self._end or longest < _LEAST_FILLED * self._end:
            self._end = nice_range(0.0, longest)[1] if longest > 0 else 1.0
        self._painted_for = ()
        if self._hovered >= len(lengths):
            self._hover(-1)
        self.update()

    def set_placeholder(self, text: str) -> None:
        """Show a text, and no units."""
        self._placeholder = text
        self._lengths = self._means = np.empty(0)
        self._hover(-1)
        self.update()

    def count(self) -> int:
        """Return how many units there are."""
        return len(self._lengths)

    def hovered_unit(self) -> int:
        """Return the unit that the pointer or the keyboard is on, here or elsewhere; -1 for none or several."""
        return self._hovered

    def set_selected(self, units: tuple[int, ...]) -> None:
        """Mark some units."""
        self._selected = units
        self.update()

    def set_lit(self, units: tuple[int, ...]) -> None:
        """Mark the units that are pointed at, here or elsewhere."""
        self._lit = units
        self._hovered = units[0] if len(units) == 1 and units[0] < self.count() else -1
        self.update()

    def marked(self) -> tuple[int, ...]:
        """Return the units that are drawn larger."""
        units = {*self._selected, *self._lit, self._hovered}
        return tuple(sorted(unit for unit in units if 0 <= unit < self.count() and self._has_dot()[unit]))

    def dot_at(self, unit: int) -> QPointF:
        """Return where the middle of a unit's dot lies in the widget."""
        x, y = self._places()
        return QPointF(float(x[unit]), float(y[unit]))

    def item_at(self, pos: QPointF) -> int:
        """Return the unit whose dot is nearest to a place of the widget; -1 if all are far."""
        x, y = self._places()
        away = np.where(self._has_dot(), np.hypot(x - pos.x(), y - pos.y()), np.inf)
        return int(away.argmin()) if away.size and away.min() <= _REACH else -1

    def printed(self, palette: QPalette, size: QSize) -> UnitsScatter:
        """Return a view of the same units without any marks, to be rendered on paper."""
        printed = UnitsScatter()
        dress_for_paper(printed, self, palette, size)
        printed._lengths, printed._means, printed._end = self._lengths, self._means, self._end
        printed._placeholder, printed._is_printed = self._placeholder, True
        return printed

    def sizeHint(self) -> QSize:
        """Return a size at which 64 units can be told apart."""
        return QSize(44 * GRID, 24 * GRID)

    def minimumSizeHint(self) -> QSize:
        """Return the least size at which one can see where the units gather."""
        return QSize(20 * GRID, 18 * GRID)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go from unit to unit, or click one."""
        upright = event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down)
        # Home and End, too, go along the lengths.
        order = np.argsort(self._means if upright else self._lengths, kind="stable")
        order = order[self._has_dot()[order]]
        key = {Qt.Key.Key_Up: Qt.Key.Key_Right, Qt.Key.Key_Down: Qt.Key.Key_Left}.get(Qt.Key(event.key()), event.key())
        place = np.flatnonzero(order == self._hovered)
        target = keys_step(key, int(place[0]) if place.size else -1, len(order), 1)
        if target is not None:
            self._hover(int(order[target]))
        elif event.key() in CLICK_KEYS and self._hovered >= 0:
            self._click(self._hovered)
        else:
            super().keyPressEvent(event)

    # --- drawing

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the axes, the dots and the marks."""
        painter = QPainter(self)
        if not self.count():
            draw_placeholder(painter, self.rect(), self._placeholder, self.palette())
            return
        self._draw_axes(painter)
        if self._is_printed:
            self._draw_dots(painter)
        else:
            painter.drawImage(QPointF(), self._all_dots())
        self._draw_marks(painter)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(self.palette().color(QPalette.ColorRole.Accent))
            painter.drawRect(self._plot().adjusted(-_DOT, -_DOT, _DOT, _DOT))

    def _plot(self) -> QRectF:
        """Return where the axes' ends lie: a dot on them is whole."""
        metrics = QFontMetricsF(self.font())
        left = math.ceil(metrics.horizontalAdvance(_percent(1.0))) + 2 * GRID
        top = math.ceil(metrics.height()) + GRID
        return QRectF(
            left, top, max(self.width() - left - 2 * GRID, 1), max(self.height() - top - 2 * metrics.height() - GRID, 1)
        )

    def _draw_axes(self, painter: QPainter) -> None:
        plot, colours, metrics = self._plot(), plot_colours(self.palette()), QFontMetricsF(self.font())
        row = metrics.height()
        at_right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for share in _SHARES:
            y = plot.bottom() - share * plot.height()
            painter.setPen(colours.grid)
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            if share != _SHARES[1] or plot.height() > 2.4 * row:
                painter.setPen(colours.text)
                painter.drawText(QRectF(0, y - row / 2, plot.left() - 1.5 * GRID, row), at_right, _percent(share))
        most = max(int(plot.width() / (5 * row)), 2)
        step = nice_step(self._end / most)
        for tick in linear_ticks(0.0, self._end, most):
            x = plot.left() + plot.width() * tick / self._end
            painter.setPen(colours.grid)
            painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
            painter.setPen(colours.text)
            text = number_text(tick, step)
            width = metrics.horizontalAdvance(text) + GRID
            box = QRectF(x - width / 2, plot.bottom() + GRID, width, row)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), text)
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        painter.drawText(QRectF(0, 0, self.width(), row), int(Qt.AlignmentFlag.AlignLeft), self.tr("mean activity"))
        below = QRectF(plot.left(), plot.bottom() + GRID + row, plot.width(), row)
        centred = int(Qt.AlignmentFlag.AlignHCenter)
        painter.drawText(below, centred, self.tr("length of filter √Σw² (w in nats)"))

    def _all_dots(self) -> QImage:
        ratio = self.devicePixelRatioF()
        painted_for = (self.size(), ratio, self.palette().cacheKey(), self.font().key())
        if painted_for != self._painted_for:
            self._painted_for = painted_for
            self._dots = self._many_dots(ratio) if self.count() > _MANY else self._few_dots(ratio)
            self._dots.setDevicePixelRatio(ratio)
        return self._dots

    def _few_dots(self, ratio: float) -> QImage:
        image = QImage(self.size() * ratio, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(ratio)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        self._draw_dots(painter)
        painter.end()
        return image

    def _many_dots(self, ratio: float) -> QImage:
        has_dot, size = self._has_dot(), self.size() * ratio
        x, y = (ratio * places[has_dot] for places in self._places())
        return dots_image(x, y, (size.width(), size.height()), ratio * _SMALL_DOT, self._colour())

    def _colour(self) -> QColor:
        colour = QColor(plot_colours(self.palette()).training)
        # Where many lie on one another it is denser.
        colour.setAlpha(_OPAQUE)
        return colour

    def _draw_dots(self, painter: QPainter) -> None:
        size = _DOT if self.count() <= _MANY else _SMALL_DOT
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._colour(), size, c=Qt.PenCapStyle.RoundCap))
        has_dot = self._has_dot()
        x, y = (places[has_dot].tolist() for places in self._places())
        painter.drawPoints(QPolygonF([QPointF(*place) for place in zip(x, y, strict=True)]))

    def _draw_marks(self, painter: QPainter) -> None:
        role = QPalette.ColorRole
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        dots = QPolygonF([self.dot_at(unit) for unit in self.marked()])
        # A rim of the ground's colour: the accent is near to that of the dots.
        for colour, size in ((role.Text, _MARKED_DOT + 4), (role.Base, _MARKED_DOT + 2), (role.Accent, _MARKED_DOT)):
            painter.setPen(QPen(self.palette().color(colour), size, c=Qt.PenCapStyle.RoundCap))
            painter.drawPoints(dots)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _has_dot(self) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = np.isfinite(self._lengths) & np.isfinite(self._means)
        return found

    def _places(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        plot = self._plot()
        x = plot.left() + plot.width() * self._lengths / self._end
        return x, plot.bottom() - plot.height() * self._means


def _percent(share: float) -> str:
    return f"{QLocale().toString(round(100 * share))}%"
