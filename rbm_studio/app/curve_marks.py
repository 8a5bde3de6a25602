"""Marks on the learning curve: where a run went on with other settings, a line with words, as they are painted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rbm_studio.app.curve_history import Tag
    from rbm_studio.app.curve_line import CurveLine, CurveLines
    from rbm_studio.app.curve_view import CurveView
    from rbm_studio.app.theme import PlotColours

_DIAMOND = 5.0
_GAP = GRID / 2
_POINTS_LOOKED_AT = 64
_MOST = 50
_SMALLER = 0.88
# What shows through the ground of words that lie on a curve, of 255.
_VEIL = 216


@dataclass(frozen=True)
class CurveMark:
    """A place of a run's curve, and what happened there.

    Attributes
    ----------
    epoch : float
    text : str
        Short enough to stand on the curve.
    whole : str
        All of it.
    """

    epoch: float
    text: str
    whole: str


class CurveMarks(QObject):
    """Paints the marks of the current run as lines with words, and those of earlier ones as diamonds on their curves.

    Parameters
    ----------
    view : CurveView
        What they are painted on; also its parent.
    lines : CurveLines
        That the words keep clear of, where they can.
    """

    def __init__(self, view: CurveView, lines: CurveLines) -> None:
        super().__init__(view)
        self._view, self._lines = view, lines
        self._marks_of: Callable[[Tag], Sequence[CurveMark]] = lambda _tag: ()
        self._current: tuple[CurveMark, ...] = ()
        self._earlier: list[tuple[CurveLine, float]] = []
        self._places: dict[CurveMark, tuple[int, bool]] = {}
        self._colours: PlotColours | None = None
        view.overlays.append(self.paint)
        view.box.sigRangeChanged.connect(self._repaint)

    def ask(self, marks_of: Callable[[Tag], Sequence[CurveMark]]) -> None:
        """Have the marks of each run from there."""
        self._marks_of = marks_of

    @property
    def source(self) -> Callable[[Tag], Sequence[CurveMark]]:
        """Where the marks of each run are had from."""
        return self._marks_of

    @property
    def current(self) -> tuple[CurveMark, ...]:
        """The marks of the current run."""
        return self._current

    def show(self, current: Tag | None) -> None:
        """Take the marks that the runs have now."""
        self._current = () if current is None else tuple(self._marks_of(current))[-_MOST:]
        self._earlier = [
            (line, mark.epoch) for run, line in self._lines.earlier for mark in tuple(self._marks_of(run.tag))[-_MOST:]
        ]
        self._places = {mark: place for mark, place in self._places.items() if mark in self._current}
        self._repaint()

    def dress(self, colours: PlotColours) -> None:
        """Paint in these colours."""
        self._colours = colours
        self._repaint()

    def near(self, epoch: float, reach: float) -> list[str]:
        """Return what happened to the current run within so many epochs of one, in full."""
        return [mark.whole for mark in self._current if abs(mark.epoch - epoch) <= reach]

    def labels(self) -> dict[CurveMark, QRectF]:
        """Return where words stand, in the view's px; marks for which there is no room have none."""
        metrics = QFontMetricsF(self._font())
        rect = self._view.plot_rect()
        taken: list[QRectF] = []
        found = {}
        # The newest first: where there is no room for all, it is the old ones that have only their line.
        for mark in reversed(self._current):
            x = self._x(mark)
            if not rect.left() <= x <= rect.right():
                continue
            place = self._place(mark, x, metrics, taken)
            if place is not None:
                taken.append(place)
                found[mark] = place
        return found

    def paint(self, painter: QPainter) -> None:
        """Paint them, in the view's px."""
        colours = self._colours
        if colours is None or not (self._current or self._earlier):
            return
        rect = self._view.plot_rect()
        painter.save()
        painter.setClipRect(rect.adjusted(-1, -1, 1, 1))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(colours.text, 1.0)
        pen.setDashPattern([1.0, 3.0])
        painter.setPen(pen)
        for mark in self._current:
            x = round(self._x(mark)) + 0.5
            painter.drawLine(QPointF(x, rect.top()), QPointF(x, rect.bottom()))
        self._paint_diamonds(painter, colours)
        self._paint_words(painter, colours)
        painter.restore()

    def _paint_diamonds(self, painter: QPainter, colours: PlotColours) -> None:
        painter.setPen(QPen(colours.background, 1.0))
        marked = [*self._earlier, *((self._lines.main, mark.epoch) for mark in self._current)]
        for line, epoch in marked:
            if len(line.x) and line.x[0] <= epoch <= line.x[-1]:
                x, y = line.nearest_on(epoch)
                centre = self._view.to_pixels(x, y)
                corners = ((0, -_DIAMOND), (_DIAMOND, 0), (0, _DIAMOND), (-_DIAMOND, 0))
                painter.setBrush(line.pen.color())
                painter.drawPolygon(QPolygonF([centre + QPointF(*corner) for corner in corners]))

    def _paint_words(self, painter: QPainter, colours: PlotColours) -> None:
        ground = QColor(colours.background)
        ground.setAlpha(_VEIL)
        painter.setFont(self._font())
        metrics = QFontMetricsF(self._font())
        for mark, place in self.labels().items():
            painter.fillRect(place, ground)
            painter.setPen(colours.text)
            text = metrics.elidedText(mark.text, Qt.TextElideMode.ElideRight, place.width())
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextSingleLine, text)

    # --- where words stand

    def _place(self, mark: CurveMark, x: float, metrics: QFontMetricsF, taken: list[QRectF]) -> QRectF | None:
        """Return where a mark's words stand: where they were, else where no curve is; None where there is no room."""
        rect = self._view.plot_rect()
        width, height = min(metrics.horizontalAdvance(mark.text) + _GAP, rect.width()), metrics.height()
        places = {key: QRectF(*corner, width, height) for key, corner in self._corners(x, width, height)}
        free = {
            key: place
            for key, place in places.items()
            if rect.contains(place) and not any(place.intersects(other) for other in taken)
        }
        if not free:
            return None
        clear = [key for key, place in free.items() if not self._is_crossed(place)]
        before = self._places.get(mark)
        # It stays where it is while the curve grows.
        key = before if before in clear or (before in free and not clear) else (clear or list(free))[0]
        assert key is not None
        self._places[mark] = key
        return free[key]

    def _corners(self, x: float, width: float, height: float) -> Iterator[tuple[tuple[int, bool], tuple[float, float]]]:
        """Return places beside the line, row by row; across it, where there is not so much room beside it."""
        rect = self._view.plot_rect()
        rows = int(rect.height() // height)
        for row in range(rows):
            for at_right in (True, False):
                left = x + _GAP if at_right else x - _GAP - width
                inside = max(rect.left(), min(left, rect.right() - width))
                yield (row, at_right), (inside, rect.top() + row * height)

    def _is_crossed(self, place: QRectF) -> bool:
        """Whether a line goes through a rectangle."""
        low, high = self._view.from_pixels(place.bottomLeft()), self._view.from_pixels(place.topRight())
        for line in (*self._lines.current, *(line for _, line in self._lines.earlier)):
            if not len(line.x) or line.x[-1] < low.x() or line.x[0] > high.x():
                continue
            begin, end = max(low.x(), float(line.x[0])), min(high.x(), float(line.x[-1]))
            first, last = np.searchsorted(line.x, (begin, end))
            step = max(1, int(last - first) // _POINTS_LOOKED_AT)
            own = line.y[first:last:step]
            ends = np.interp((begin, end), line.x, line.y)
            y = np.concatenate([ends[:1], own, ends[1:]])
            # Between two of them it goes straight.
            above, below = np.maximum(y[:-1], y[1:]), np.minimum(y[:-1], y[1:])
            if ((above >= low.y()) & (below <= high.y())).any():
                return True
        return False

    def _x(self, mark: CurveMark) -> float:
        return self._view.to_pixels(mark.epoch, 0.0).x()

    def _font(self) -> QFont:
        font = self._view.font()
        font.setPointSizeF(font.pointSizeF() * _SMALLER)
        return font

    def _repaint(self) -> None:
        self._view.viewport().update()
