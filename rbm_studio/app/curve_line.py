"""The lines of the learning curve: what is drawn of each run, and where the pointer finds it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QBrush, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPathItem

from rbm_studio.app.curve_history import COLUMNS, Span
from rbm_studio.app.curve_range import shown_range
from rbm_studio.app.looks import LOOKS, run_pen
from rbm_studio.app.measures import Measure, is_comparable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PySide6.QtGui import QColor

    from rbm_studio.app.curve_history import CurveRun
    from rbm_studio.app.curve_range import Cut
    from rbm_studio.app.theme import PlotColours

_THICK, _THIN = 2.5, 1.25
_DOT = 8.0


class CurveLine:
    """A polyline over epochs; on a logarithmic axis it is drawn through the decimal logarithms.

    Parameters
    ----------
    dashed : bool
        Whether its pen has dashes. Qt draws them slowly, so that a dashed line is thinned to one point in 4 px; a solid
        one keeps the peaks of every px.

    Attributes
    ----------
    item : pyqtgraph.PlotDataItem
        What a view draws.
    pen : QPen
        Its pen, in px.
    x, y : ndarray of shape (n,), float64
        The drawn points in the view's coordinates: finite ones only.
    hides : bool
        Whether a logarithmic axis leaves out some of its values.
    """

    def __init__(self, *, dashed: bool = False) -> None:
        self.item = pg.PlotDataItem(
            antialias=True,
            skipFiniteCheck=True,
            clipToView=True,
            autoDownsample=True,
            autoDownsampleFactor=0.25 if dashed else 1.0,
            downsampleMethod="subsample" if dashed else "peak",
        )
        # Separate segments are drawn several times as fast as one path, but each would start its dashes anew.
        self.item.curve.setSegmentedLineMode("off" if dashed else "on")
        self.pen = QPen()
        self.x: NDArray[np.float64] = np.empty(0)
        self.y: NDArray[np.float64] = np.empty(0)
        self.hides = False

    def set_pen(self, pen: QPen, ratio: float) -> None:
        """Draw with this pen, in px, on a screen with `ratio` pixels in a px."""
        self.pen = pen
        self.item.setPen(screen_pen(pen, ratio))

    def show(self, epochs: NDArray[np.float64], values: NDArray[np.float64], log: bool) -> None:
        """Draw these values, both of shape (n,); what cannot be drawn is left out, and the line goes on past it."""
        finite = np.isfinite(values)
        drawable = finite & (values > 0) if log else finite
        self.hides = bool((finite & ~drawable).any())
        self.x, self.y = epochs[drawable], values[drawable]
        if log:
            self.y = np.log10(self.y)
        self.thin_anew()

    def thin_anew(self) -> None:
        """Thin the line to the view's present px."""
        self.item.setData(self.x, self.y)

    def path_in(self, box: pg.ViewBox) -> QPainterPath:
        """Return the thinned line in the px of the box that shows it."""
        path = QPainterPath()
        x, y = self.item.getData()
        if x is not None and y is not None:
            points = [QPointF(*point) for point in zip(x.tolist(), y.tolist(), strict=True)]
            path.addPolygon(QPolygonF([box.mapFromView(point) for point in points]))
        return path

    def point(self, index: int) -> tuple[float, float]:
        """Return a drawn point."""
        return float(self.x[index]), float(self.y[index])

    def bounds(self) -> tuple[float, float] | None:
        """Return the least and the greatest drawn value, or None of an empty line."""
        return (float(self.y.min()), float(self.y.max())) if len(self.y) else None

    def last_epoch(self) -> float:
        """Return where the line ends; 0 of an empty line."""
        return float(self.x[-1]) if len(self.x) else 0.0

    def nearest(self, epoch: float) -> int | None:
        """Return the index of the drawn point nearest to an epoch, or None of an empty line."""
        if not len(self.x):
            return None
        after = int(np.searchsorted(self.x, epoch))
        return min(
            (index for index in (after - 1, after) if 0 <= index < len(self.x)),
            key=lambda index: abs(float(self.x[index]) - epoch),
        )

    def nearest_on(self, epoch: float) -> tuple[float, float]:
        """Return the point of the line, which is not empty, at an epoch, or at its nearer end."""
        x = min(max(epoch, float(self.x[0])), float(self.x[-1]))
        return x, float(np.interp(x, self.x, self.y))

    def before(self, epoch: float) -> int | None:
        """Return the index of the last drawn point at or before an epoch, or None where there is none."""
        index = int(np.searchsorted(self.x, epoch, side="right")) - 1
        return index if index >= 0 else None


class Stretch(NamedTuple):
    """The lines of a part of the current run that is of one measure."""

    lines: tuple[CurveLine, CurveLine, CurveLine]
    measure: Measure | None

    @property
    def main(self) -> CurveLine:
        """The line that is read: the training values, or the held-out ones where there are no others."""
        training, held_out, _ = self.lines
        return training if len(training.x) else held_out


class CurveLines:
    """The current run's lines, and the earlier runs' thinner ones.

    A line breaks where its measure changes. What the current run was by another measure is drawn faint; of earlier runs
    it is not drawn, for the one axis would compare it.

    Parameters
    ----------
    box : pyqtgraph.ViewBox
        Where they are drawn.

    Attributes
    ----------
    training, held_out, lower : CurveLine
        The current run, by its present measure.
    former : list of Stretch
        What it was before that.
    expected : Measure or None
        What its first point will be of.
    earlier : list of (CurveRun, CurveLine)
        The shown runs before it, and their main values by the present measure, one or more for each.
    log : bool
        Whether they are drawn on a logarithmic axis.
    dots : bool
        Whether a dot ends each line, so that a single point is seen too.
    cuts : list of (Cut, CurveLine)
        What the last `bounds` left out of the lines.
    """

    def __init__(self, box: pg.ViewBox) -> None:
        self._box = box
        self.training, self.held_out, self.lower = CurveLine(), CurveLine(dashed=True), CurveLine(dashed=True)
        self.former: list[Stretch] = []
        self.expected: Measure | None = None
        self._measure: Measure | None = None
        self._drawn_former: object = None
        self.earlier: list[tuple[CurveRun, CurveLine]] = []
        self.log = False
        self.dots = False
        self.cuts: list[tuple[Cut, CurveLine]] = []
        self._colours: PlotColours | None = None
        self._ratio = 1.0
        self._ends = pg.ScatterPlotItem(size=_DOT, antialias=True, useCache=False)
        # The dashes lie on top: what is below them shows through the gaps.
        for item, z in ((self.training, 9.0), (self.held_out, 10.0), (self.lower, 10.0)):
            item.item.setZValue(z)
            box.addItem(item.item)
        self._ends.setZValue(11.0)
        box.addItem(self._ends)
        # pyqtgraph thins lines again when the range changes, but not when only the size does.
        box.sigResized.connect(self._thin_anew)

    @property
    def current(self) -> tuple[CurveLine, CurveLine, CurveLine]:
        """The current run's lines."""
        return self.training, self.held_out, self.lower

    @property
    def main(self) -> CurveLine:
        """The line that is read: the training values, or the held-out ones where there are no others."""
        return self._present.main

    @property
    def _present(self) -> Stretch:
        return Stretch(self.current, self.measure)

    @property
    def measure(self) -> Measure | None:
        """What is drawn is of this, beside the quantity; None where that is not known."""
        return self._measure or self.expected

    def stretch_at(self, epoch: float) -> Stretch:
        """Return the part of the current run that is nearest to an epoch."""

        def distance(stretch: Stretch) -> float:
            x = stretch.main.x
            return max(float(x[0]) - epoch, epoch - float(x[-1]), 0.0) if len(x) else math.inf

        return min([self._present, *self.former[::-1]], key=distance)

    def read_points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the points of the current run that are read one by one."""
        mains = [stretch.main for stretch in (*self.former, self._present)]
        return np.concatenate([line.x for line in mains]), np.concatenate([line.y for line in mains])

    def show_current(self, run: CurveRun) -> None:
        """Draw the current run anew."""
        *former, present = run.spans() or [Span(0, 0, None)]
        self._measure = run.measure
        # They stay as they are while the last one grows many times a second.
        drawn = (run, [(span.start, span.stop) for span in former], self.log)
        if drawn != self._drawn_former:
            self._drawn_former = drawn
            self._show_former(run, former)
        for line, column in zip(self.current, COLUMNS[1:], strict=True):
            self._show_rows(line, run, column, present)
        self._show_ends()

    def _show_former(self, run: CurveRun, spans: Sequence[Span]) -> None:
        for stretch in self.former:
            for line in stretch.lines:
                self._box.removeItem(line.item)
        self.former = []
        for span in spans:
            lines = CurveLine(), CurveLine(dashed=True), CurveLine(dashed=True)
            for line, column in zip(lines, COLUMNS[1:], strict=True):
                line.item.curve.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
                self._box.addItem(line.item)
                self._show_rows(line, run, column, span)
            self.former.append(Stretch(lines, span.measure))
        self._dress_former()

    def _show_rows(self, line: CurveLine, run: CurveRun, column: str, span: Span) -> None:
        rows = slice(span.start, span.stop)
        line.show(run.values("epoch")[rows], run.values(column)[rows], self.log)

    def show_earlier(self, runs: Sequence[CurveRun]) -> None:
        """Draw the earlier runs anew, as far as they can be compared; of many the last, as far as there are looks."""
        for _, line in self.earlier:
            self._box.removeItem(line.item)
        self.earlier = []
        for run in runs[-len(LOOKS) :]:
            values = run.main()
            for span in run.spans():
                if not is_comparable(span.measure, self.measure):
                    continue
                line = CurveLine(dashed=bool(LOOKS[run.tag.look % len(LOOKS)][1]))
                # It stays as it is while the current run is drawn many times a second.
                line.item.curve.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
                self._box.addItem(line.item)
                rows = slice(span.start, span.stop)
                line.show(run.values("epoch")[rows], values[rows], self.log)
                self.earlier.append((run, line))
        self._dress_earlier()
        self._show_ends()

    def dress(self, colours: PlotColours, ratio: float) -> None:
        """Draw in these colours, on a screen with `ratio` pixels in a px."""
        self._colours, self._ratio = colours, ratio
        self.training.set_pen(training_pen(colours), ratio)
        self.held_out.set_pen(held_out_pen(colours), ratio)
        self.lower.set_pen(lower_pen(colours), ratio)
        self._dress_former()
        self._dress_earlier()
        self._show_ends()

    def _dress_former(self) -> None:
        if self._colours is None:
            return
        for stretch in self.former:
            is_faint = not is_comparable(stretch.measure, self.measure)
            for line, pen_of in zip(stretch.lines, (training_pen, held_out_pen, lower_pen), strict=True):
                pen = pen_of(self._colours)
                line.set_pen(faint_pen(pen, self._colours) if is_faint else pen, self._ratio)

    def _dress_earlier(self) -> None:
        if self._colours is not None:
            for run, line in self.earlier:
                line.set_pen(run_pen(run.tag.look, self._colours), self._ratio)

    def freeze(self) -> None:
        """Draw the lines as paths in px, once and for all: on paper, a pen cannot keep its width in a scaled view."""
        for line in self._all()[::-1]:
            line.item.hide()
            path = line.path_in(self._box)
            if path.elementCount() > 1:
                QGraphicsPathItem(path, self._box).setPen(line.pen)

    def bounds(self) -> tuple[float, float] | None:
        """Return the least and the greatest value to show, or None where there is nothing to draw; see `cuts`."""
        lines = self._all()
        points = [(line.x, 10.0**line.y if self.log else line.y) for line in lines]
        present = len(self.current)
        bounds, cuts = shown_range(points[:present], points[present:], log=self.log)
        self.cuts = [(cut, lines[cut.line]) for cut in cuts]
        if bounds is not None and self.log:
            return math.log10(bounds[0]), math.log10(bounds[1])
        return bounds

    def reach(self) -> tuple[float, float] | None:
        """Return the least and the greatest value drawn, or None where there is nothing to draw."""
        bounds = [bound for line in self._all() if (bound := line.bounds()) is not None]
        return (min(low for low, _ in bounds), max(high for _, high in bounds)) if bounds else None

    def hide_values(self) -> bool:
        """Whether a logarithmic axis leaves out some of the current run's values."""
        return any(line.hides for stretch in (*self.former, self._present) for line in stretch.lines)

    def last_earlier_epoch(self) -> float:
        """Return where the longest of the earlier runs ends; 0 without one."""
        return max((line.last_epoch() for _, line in self.earlier), default=0.0)

    def _all(self) -> list[CurveLine]:
        former = [line for stretch in self.former for line in stretch.lines]
        return [*self.current, *former, *(line for _, line in self.earlier)]

    def _show_ends(self) -> None:
        ended = [line for line in self._all() if len(line.x)] if self.dots else []
        self._ends.setData(
            x=[line.x[-1] for line in ended],
            y=[line.y[-1] for line in ended],
            brush=[QBrush(line.pen.color()) for line in ended],
            pen=None,
        )

    def _thin_anew(self) -> None:
        for line in self._all():
            line.thin_anew()


def training_pen(colours: PlotColours) -> QPen:
    """Return the pen of the current run's training values: thick."""
    return _pen(colours.training, _THICK)


def held_out_pen(colours: PlotColours) -> QPen:
    """Return the pen of its held-out values: dashed too, so that colour is not the only difference."""
    pen = _pen(colours.held_out, _THICK)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    pen.setDashPattern([3.0, 1.5])
    return pen


def lower_pen(colours: PlotColours) -> QPen:
    """Return the pen of a bracket's lower end: dotted, in the colour of the upper one."""
    pen = _pen(colours.held_out, _THIN)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    pen.setDashPattern([2.0, 2.0])
    return pen


def faint_pen(pen: QPen, colours: PlotColours) -> QPen:
    """Return the pen of what the current run was by another measure, from that of what it is."""
    faint = QPen(pen)
    faint.setColor(colours.earlier)
    faint.setWidthF(_THIN)
    return faint


def screen_pen(pen: QPen, ratio: float) -> QPen:
    """Return a pen whose width stays in px whatever a view's scale; `ratio` is the screen's pixels in a px."""
    screen = QPen(pen)
    screen.setCosmetic(True)
    # Qt counts a cosmetic pen's width in the screen's own pixels.
    screen.setWidthF(pen.widthF() * ratio)
    return screen


def _pen(colour: QColor, width: float) -> QPen:
    pen = QPen(colour, width)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    return pen
