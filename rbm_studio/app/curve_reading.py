"""What the learning curve says under the pointer: a line, dots, and a label."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QBrush, QPen
from PySide6.QtWidgets import QFrame, QLabel

from rbm_studio.app.curve_axes import number_text
from rbm_studio.app.curve_line import screen_pen
from rbm_studio.app.standing import epoch_text
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QColor, QFont
    from PySide6.QtWidgets import QWidget

    from rbm_studio.app.curve_line import CurveLines
    from rbm_studio.app.curve_marks import CurveMarks
    from rbm_studio.app.curve_view import CurveView
    from rbm_studio.app.measures import Measure
    from rbm_studio.app.theme import PlotColours

_DOT = 10.0
# The pointer reads an earlier run within this distance, in px.
_NEAR = 12.0
# What is no further off than this part of the view stands at the same place.
_SAME_PLACE = 0.02
# An arrow key moves the reading by one point, or by this part of a long curve.
_KEY_STEPS = 100
_BETWEEN = " · "
# Reverse AIS may lie above AIS by chance, by so many nats: the error of either is a fraction of one.
_CHANCE = 0.5


@dataclass(frozen=True)
class Mark:
    """A point of a line, in the view's coordinates, and its colour."""

    x: float
    y: float
    colour: QColor


class CurveReading(QLabel):
    """A label over the plot, beside a vertical line; it takes no clicks.

    Parameters
    ----------
    parent : QWidget
        The plot, which holds the view.
    view : CurveView
        Where it stands.
    lines : CurveLines
        What it reads.
    marks : CurveMarks
        What it tells in full where one points at it.

    Signals
    -------
    moved : float or None
        A person reads at this epoch, or nowhere any more.
    """

    moved = Signal(object)

    def __init__(self, parent: QWidget, view: CurveView, lines: CurveLines, marks: CurveMarks) -> None:
        super().__init__(parent)
        self._changes = marks
        self._plot = parent
        self._view = view
        self._lines = lines
        self._pointer: QPointF | None = None
        self._remark: Callable[[float, Measure | None], str] = lambda _value, _measure: ""
        self._ground = QPen()
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._dots = pg.ScatterPlotItem(size=_DOT, antialias=True)
        for item, z in ((self._cursor, 20.0), (self._dots, 30.0)):
            item.setZValue(z)
            item.hide()
            view.box.addItem(item, ignoreBounds=True)
        self.setObjectName("curve_reading")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAutoFillBackground(True)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setMargin(GRID // 2)
        self.hide()

    def point_at(self, position: QPointF) -> None:
        """Read the points nearest to a position of the view, in px, and the earlier run that it points at."""
        self._pointer = position
        self.refresh()
        self.moved.emit(self._view.from_pixels(position).x())

    def step(self, direction: int) -> None:
        """Read a neighbouring point; at first, the last one."""
        x, y = self._lines.read_points()
        count = len(x)
        if not count:
            return
        index = count - 1
        if self._pointer is not None:
            nearest = int(abs(x - self._view.from_pixels(self._pointer).x()).argmin())
            index = nearest + direction * max(1, count // _KEY_STEPS)
        place = min(max(index, 0), count - 1)
        self.point_at(self._view.to_pixels(float(x[place]), float(y[place])))

    def set_remark(self, remark: Callable[[float, Measure | None], str]) -> None:
        """Say something of a value that is read, which needs an explanation."""
        self._remark = remark

    def read_epoch(self, epoch: float | None) -> None:
        """Read at an epoch, where that is in view, and tell nobody."""
        self._pointer = None
        if epoch is not None:
            low, high = self._view.box.viewRange()[1]
            position = self._view.to_pixels(epoch, (low + high) / 2)
            if self._view.plot_rect().contains(position):
                self._pointer = position
        self.refresh()

    def clear_reading(self) -> None:
        """Stop reading."""
        if self._pointer is not None:
            self._pointer = None
            self.refresh()
            self.moved.emit(None)

    def refresh(self) -> None:
        """Read anew: the lines have changed."""
        parts, marks = self._read_all(self._pointer) if self._pointer is not None else ([], [])
        if marks:
            self._show(parts, marks)
        else:
            for item in (self._cursor, self._dots):
                item.hide()
            self.hide()

    def dress(self, colours: PlotColours, font: QFont, ratio: float) -> None:
        """Take these colours and this font, on a screen with `ratio` pixels in a px."""
        self.setFont(font)
        self._cursor.setPen(screen_pen(QPen(colours.text, 1.0), ratio))
        self._ground = screen_pen(QPen(colours.background, 1.5), ratio)

    def _read_all(self, position: QPointF) -> tuple[list[str], list[Mark]]:
        at = self._view.from_pixels(position).x()
        parts, marks = self._read_current(at)
        if (near := self._earlier_near(position, at)) is not None:
            title, mark = near
            if not marks:
                parts.append(self._epoch_text(mark.x))
            parts.append(f"{title}: {self._text(mark.y)}")
            marks.append(mark)
        return parts, marks

    def _read_current(self, at: float) -> tuple[list[str], list[Mark]]:
        stretch = self._lines.stretch_at(at)
        main = stretch.main
        index = main.nearest(at)
        if index is None:
            return [], []
        epoch, _ = main.point(index)
        low, high = self._view.box.viewRange()[0]
        near = (high - low) * _SAME_PLACE
        parts, marks = [self._epoch_text(epoch)], []
        values: dict[str, float] = {}
        names = (self.tr("training {value}"), self.tr("held-out {value}"), self.tr("reverse AIS {value}"))
        for line, name in zip(stretch.lines, names, strict=True):
            if (place := line.before(epoch)) is None:
                continue
            measured, value = line.point(place)
            values[name] = value
            text = name.format(value=self._text(value))
            if epoch - measured > near:
                text = self.tr("{reading} (at {epoch})").format(reading=text, epoch=epoch_text(measured))
            parts.append(text)
            marks.append(Mark(measured, value, line.pen.color()))
        held_out, reverse = (values.get(name) for name in names[1:])
        if held_out is not None and reverse is not None and reverse - held_out > _CHANCE:
            parts.append(self.tr("bracket inverted: more temperatures"))
        if stretch.measure is not None:
            parts.append(stretch.measure.brief)
        remarks = [self._remark(self._value(mark.y), stretch.measure) for mark in marks]
        parts += list(dict.fromkeys(remark for remark in remarks if remark))
        return [*parts, *self._changes.near(at, near / 2)], marks

    def _earlier_near(self, position: QPointF, at: float) -> tuple[str, Mark] | None:
        best, least = None, _NEAR
        for run, line in self._lines.earlier:
            if (index := line.nearest(at)) is None:
                continue
            offset = self._view.to_pixels(*line.nearest_on(at)) - position
            distance = math.hypot(offset.x(), offset.y())
            if distance < least:
                best, least = (run.title, Mark(*line.point(index), line.pen.color())), distance
        return best

    def _show(self, parts: Sequence[str], marks: Sequence[Mark]) -> None:
        self._cursor.setValue(marks[0].x)
        self._dots.setData(
            x=[mark.x for mark in marks],
            y=[mark.y for mark in marks],
            brush=[QBrush(mark.colour) for mark in marks],
            pen=self._ground,
        )
        self._cursor.show()
        self._dots.show()
        self._place(parts, self._view.to_pixels(marks[0].x, marks[0].y))
        self.show()

    def _place(self, parts: Sequence[str], point: QPointF) -> None:
        """Stand at the top beside the line: at the right, where a falling curve is not, if there is room."""
        room = self._view.plot_rect().translated(self._view.pos())
        x = point.x() + self._view.x()
        left_room, right_room = x - room.left() - GRID, room.right() - x - GRID
        self.setWordWrap(False)
        self.setText(_BETWEEN.join(parts))
        if self.sizeHint().width() > max(left_room, right_room):
            self.setText("\n".join(parts))
        size = self.sizeHint()
        if 2 * size.height() > room.height() or size.width() > max(left_room, right_room):
            self._place_above(parts)
            return
        at_right = size.width() <= right_room
        self.setGeometry(
            round(x + GRID if at_right else x - GRID - size.width()), round(room.top()), size.width(), size.height()
        )

    def _place_above(self, parts: Sequence[str]) -> None:
        """Stand over the plot's header: in a small plot the label would hide the curve."""
        self.setWordWrap(True)
        self.setText(_BETWEEN.join(parts))
        width = self._plot.width()
        self.setGeometry(0, 0, width, max(self.heightForWidth(width), self._view.y()))

    def _epoch_text(self, epoch: float) -> str:
        return self.tr("epoch {epoch}").format(epoch=epoch_text(epoch))

    def _text(self, y: float) -> str:
        return number_text(self._value(y))

    def _value(self, y: float) -> float:
        return 10.0**y if self._lines.log else y
