"""The area of the learning curve: two axes, and a view that can be zoomed and finds its way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QAction, QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from rbm_studio.app.curve_axes import ValueAxis
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtCore import QEvent, QRect
    from PySide6.QtGui import QFont, QMouseEvent
    from PySide6.QtWidgets import QWidget

    from rbm_studio.app.theme import PlotColours

Range = tuple[float, float]

# Below this height, in px, the curve needs the room more than the x axis needs a name.
_LABEL_FROM_HEIGHT = 160
_DEEPEST_ZOOM = 1e-4
# Grid lines lie below the curves: pyqtgraph puts a view's box at -100.
_BELOW_VIEW = -200.0


_CUT = 9.0
"""The side of the mark where a spike is cut off, in px."""


@dataclass(frozen=True)
class CutMark:
    """Where a line goes on beyond what is shown.

    Attributes
    ----------
    x, y : float
        How far it goes, in the view's coordinates.
    text : str
        The same in words.
    colour : QColor
        Of the line.
    """

    x: float
    y: float
    text: str
    colour: QColor


class CurveView(pg.GraphicsView):
    """Axes and lines; the wheel zooms, a drag moves, a double click shows all again.

    Until the user zooms, the view shows its home range, and follows it when it changes.

    Attributes
    ----------
    pointed_at : Signal(QPointF)
        The pointer moved to this position, in the view's px.
    pointer_left : Signal
        The pointer went elsewhere.
    overlays : list of callable
        Each paints something over the lines, in the view's px.
    zoomed : Signal(object)
        The user shows this range of x, a pair, or, with None, all again.
    axis_fitted : Signal
        The y axis may need another width, which is `axis_width`.
    """

    pointed_at = Signal(QPointF)
    pointer_left = Signal()
    zoomed = Signal(object)
    axis_fitted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, background=None)
        self.box = pg.ViewBox(enableMenu=False, defaultPadding=0.0)
        self._left, self._bottom = ValueAxis("left"), ValueAxis("bottom")
        self._label = ""
        self._names_epochs = True
        self._home: tuple[Range, Range] = ((0.0, 1.0), (0.0, 1.0))
        self._follows_home = True
        self._notice, self._notice_colour = "", QColor()
        self.overlays: list[Callable[[QPainter], None]] = []
        self._cuts: list[CutMark] = []
        # pyqtgraph keeps the plain ground as a pixmap, and so puts one into a vector drawing.
        self.setCacheMode(pg.GraphicsView.CacheModeFlag.CacheNone)
        # Of a menu that is not shown here: pyqtgraph's own export knows nothing of what is painted over the lines.
        for entry in self.scene().findChildren(QAction):
            entry.deleteLater()
        # Qt would rather take the room from the header than go below a least height of its own.
        self.setMinimumHeight(1)
        # Keys and focus are the plot's.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._arrange()
        self.box.sigRangeChangedManually.connect(self._on_zoomed)
        self.box.sigRangeChanged.connect(self._fit_axes)
        self.box.sigResized.connect(self._fit_axes)

    def _arrange(self) -> None:
        layout = self.centralLayout
        layout.setSpacing(0)
        # The last name of the x axis stands half beyond its end.
        layout.setContentsMargins(0, GRID, 2 * GRID, 0)
        layout.addItem(self._left, 0, 0)
        layout.addItem(self.box, 0, 1)
        layout.addItem(self._bottom, 1, 1)
        for axis in (self._left, self._bottom):
            axis.linkToView(self.box)
            axis.setZValue(_BELOW_VIEW)
        self.box.disableAutoRange()

    def dress(self, colours: PlotColours, font: QFont, label: str) -> None:
        """Take these colours, this font, and this name of the x axis."""
        self._label = label
        self._notice_colour = colours.text
        self.setFont(font)
        self.setBackground(colours.background)
        self._left.dress(font, colours.text)
        self._bottom.dress(font, colours.text, label)
        for axis in (self._left, self._bottom):
            axis.setPen(QPen(colours.text))
            axis.setTickPen(QPen(colours.grid))
        self._fit_axes()

    def name_epochs(self, on: bool) -> None:
        """Name the x axis and its values, or leave that to a view below this one."""
        self._names_epochs = on
        self._bottom.name_values(on)
        self._fit_axes()

    def widen_axis(self, least: int) -> None:
        """Give the y axis at least so many px."""
        if least != self._left.least_width:
            self._left.least_width = least
            self._fit_axes()

    @property
    def axis_width(self) -> int:
        """What the y axis needs for itself, in px."""
        return self._left.needed_width

    def set_log(self, log: bool) -> None:
        """Name the y axis' values as powers of ten, or plainly."""
        self._left.set_log(log)

    @property
    def notice(self) -> str:
        """What is said where there is no curve."""
        return self._notice

    def set_notice(self, notice: str) -> None:
        """Say something where there is no curve; nothing, if empty."""
        if notice != self._notice:
            self._notice = notice
            self.viewport().update()

    def show_cuts(self, cuts: list[CutMark]) -> None:
        """Mark where lines go on beyond what is shown; no mark is there where a person has gone to see that."""
        if cuts != self._cuts:
            self._cuts = cuts
            self.viewport().update()

    def cut_words(self) -> list[str]:
        """Return what is said of lines that go on beyond what is shown now."""
        return [mark.text for mark, _ in self._cuts_out_of_view()]

    def _cuts_out_of_view(self) -> Iterator[tuple[CutMark, bool]]:
        """Yield those that are above or below what is shown, and whether they are above."""
        (left, right), (low, high) = self.box.viewRange()
        for mark in self._cuts:
            if left <= mark.x <= right and not low <= mark.y <= high:
                yield mark, mark.y > high

    def set_home(self, x: Range, y: Range, last_x: float, reach: Range | None = None) -> None:
        """Set the range to show, and how far the user can go from there: right to `last_x`, up and down to `reach`."""
        self._home = (x, y)
        self.box.setLimits(
            xMin=x[0],
            xMax=max(last_x, x[1]),
            yMin=min(y[0], reach[0]) if reach is not None else y[0],
            yMax=max(y[1], reach[1]) if reach is not None else y[1],
            minXRange=(x[1] - x[0]) * _DEEPEST_ZOOM,
            minYRange=(y[1] - y[0]) * _DEEPEST_ZOOM,
        )
        if self._follows_home:
            self.show_home()

    def show_home(self) -> None:
        """Show the whole curve, and go on following it."""
        self._follows_home = True
        self.box.setRange(xRange=self._home[0], yRange=self._home[1], padding=0.0)

    def show_all(self) -> None:
        """Show the whole curve: the user asked for it."""
        self.show_home()
        self.zoomed.emit(None)

    def show_part(self, part: Range | None) -> None:
        """Show a range of x, or, with None, all again."""
        if part is None:
            self.show_home()
        else:
            self._follows_home = False
            self.box.setRange(xRange=part, padding=0.0)

    def show_like(self, other: CurveView) -> None:
        """Show the range that another view shows."""
        self._follows_home = other._follows_home
        if not self._follows_home:
            x, y = other.box.viewRange()
            self.box.setRange(xRange=(x[0], x[1]), yRange=(y[0], y[1]), padding=0.0)

    def plot_rect(self) -> QRectF:
        """Return where the lines are drawn, in px."""
        return self.box.sceneBoundingRect()

    def to_pixels(self, x: float, y: float) -> QPointF:
        """Return where a point of the curve lies, in px."""
        return QPointF(self.mapFromScene(self.box.mapViewToScene(QPointF(x, y))))

    def from_pixels(self, position: QPointF) -> QPointF:
        """Return which point of the curve lies at a position, in px."""
        return self.box.mapSceneToView(position)

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        """Paint the marks of what is cut off, the overlays, and the notice over everything."""
        super().drawForeground(painter, rect)
        self._draw_cuts(painter)
        for paint in self.overlays:
            paint(painter)
        if self._notice:
            painter.setFont(self.font())
            painter.setPen(self._notice_colour)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.plot_rect().adjusted(GRID, GRID, -GRID, -GRID), flags, self._notice)

    def _draw_cuts(self, painter: QPainter) -> None:
        """Draw an arrow at the edge for each, and its words beside it where nothing is written yet."""
        plot = self.plot_rect()
        written: list[QRectF] = []
        painter.setFont(self.font())
        metrics = QFontMetricsF(self.font())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for mark, is_above in self._cuts_out_of_view():
            x = self.box.mapViewToScene(QPointF(mark.x, 0.0)).x()
            edge, inwards = (plot.top(), 1.0) if is_above else (plot.bottom(), -1.0)
            arrow = [QPointF(x, edge), *(QPointF(x + side * _CUT / 2, edge + inwards * _CUT) for side in (-1, 1))]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(mark.colour)
            painter.drawPolygon(QPolygonF(arrow))
            room = QRectF(0, 0, metrics.horizontalAdvance(mark.text) + 1, metrics.height())
            left = x + _CUT if x + _CUT + room.width() <= plot.right() else x - _CUT - room.width()
            room.moveTopLeft(QPointF(left, edge if is_above else edge - room.height()))
            if room.left() >= plot.left() and not any(room.intersects(other) for other in written):
                painter.setPen(self._notice_colour)
                painter.drawText(room, Qt.AlignmentFlag.AlignLeft, mark.text)
                written.append(room)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell where the pointer is, pressed or not."""
        super().mouseMoveEvent(event)
        self.pointed_at.emit(event.position())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Tell where a finger came down: it does not hover before."""
        super().mousePressEvent(event)
        self.pointed_at.emit(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show the whole curve again."""
        event.accept()
        self.show_all()

    def leaveEvent(self, event: QEvent) -> None:
        """Tell that the pointer went."""
        super().leaveEvent(event)
        self.pointer_left.emit()

    @Slot()
    def _on_zoomed(self) -> None:
        shown = self.box.viewRange()
        # Further up or down than that it shows what was cut off, and that is not to be taken from the user.
        (low, high), (bottom, top) = shown[1], self._home[1]
        slack = (top - bottom) * _DEEPEST_ZOOM
        is_beyond = low < bottom - slack or high > top + slack
        self._follows_home = not is_beyond and all(
            low <= home[0] + (home[1] - home[0]) * _DEEPEST_ZOOM
            and high >= home[1] - (home[1] - home[0]) * _DEEPEST_ZOOM
            for (low, high), home in zip(shown, self._home, strict=True)
        )
        self.zoomed.emit(None if self._follows_home else (shown[0][0], shown[0][1]))

    @Slot()
    def _fit_axes(self) -> None:
        x, y = self.box.viewRange()
        self._left.fit(y[0], y[1], self.box.size().height())
        self._bottom.showLabel(self._names_epochs and bool(self._label) and self.height() >= _LABEL_FROM_HEIGHT)
        self._bottom.fit(x[0], x[1], self.box.size().width())
        self.centralLayout.activate()
        self.axis_fitted.emit()
