"""The learning curve: one quantity against epochs, live, with the runs before it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPalette, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from rbm_studio.app.curve_axes import nice_log_range, nice_range
from rbm_studio.app.curve_header import CurveHeader, LegendEntry
from rbm_studio.app.curve_history import CurveHistory, CurveRun
from rbm_studio.app.curve_line import CurveLines, faint_pen, held_out_pen, lower_pen, screen_pen, training_pen
from rbm_studio.app.curve_marks import CurveMarks
from rbm_studio.app.curve_reading import CurveReading
from rbm_studio.app.curve_view import CurveView, CutMark
from rbm_studio.app.looks import LOOKS, run_pen
from rbm_studio.app.measures import apart, counted, is_comparable
from rbm_studio.app.numbers import short
from rbm_studio.app.standing import epoch_text
from rbm_studio.app.theme import GRID, plot_colours

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray
    from PySide6.QtGui import QFocusEvent, QKeyEvent

    from rbm_studio.app.curve_line import CurveLine
    from rbm_studio.app.curve_range import Cut
    from rbm_studio.app.measures import Measure

_LEAST_POINT_SIZE = 11.0
_DRESSING_EVENTS = (QEvent.Type.PaletteChange, QEvent.Type.FontChange, QEvent.Type.LanguageChange)
_LEAST_WIDTH, _LEAST_HEIGHT = 240, 112


class CurvePlot(QWidget):
    """A live curve of training and held-out values, over the thinner ones of earlier runs.

    The wheel zooms, a drag moves, a double click or Escape shows all again. The pointer and the arrow keys read values.

    Attributes
    ----------
    view : CurveView
        The axes and lines.
    marks : CurveMarks
        Where runs went on with other settings.

    Signals
    -------
    read_at : float or None
        A person reads values at this epoch, or no more.
    """

    read_at = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._history = CurveHistory(self)
        self._expected_epochs = 0.0
        self._labels = ("", "")
        self._heading: str | None = None
        self._empty_words = ""
        self._colours = plot_colours(self.palette())
        self._header, self.view = CurveHeader(self), CurveView(self)
        self._lines = CurveLines(self.view.box)
        self.marks = CurveMarks(self.view, self._lines)
        self._reading = CurveReading(self, self.view, self._lines, self.marks)
        self._mark = pg.InfiniteLine(angle=90)
        self._marked_epoch: float | None = None
        self._mark.setZValue(-10)
        self._mark.hide()
        self.view.box.addItem(self._mark, ignoreBounds=True)
        self._arrange()
        self.view.pointed_at.connect(self._reading.point_at)
        self.view.pointer_left.connect(self._reading.clear_reading)
        self._reading.moved.connect(self.read_at)
        self._follow(self._history)
        self._dress()
        self._rebuild()

    def _arrange(self) -> None:
        self._layout = QVBoxLayout(self)
        self._layout.setSpacing(0)
        self._layout.addWidget(self._header)
        self._layout.addWidget(self.view, 1)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setAutoFillBackground(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.set_compact(False)

    @property
    def title(self) -> str:
        """What is plotted, in words, with its unit."""
        return self._labels[1]

    @property
    def history(self) -> CurveHistory:
        """What is plotted; the plot follows it."""
        return self._history

    def show_history(self, history: CurveHistory, *, dots: bool = False) -> None:
        """Plot another quantity.

        Parameters
        ----------
        history : CurveHistory
            Its runs.
        dots : bool
            Whether each line ends in a dot: for what is measured so seldom that a single point must be seen.
        """
        self._history.grew.disconnect(self._show_current_run)
        self._history.changed.disconnect(self._rebuild)
        self._history = history
        self._follow(history)
        self._lines.dots = dots
        self._rebuild()
        self.view.show_home()

    def _follow(self, history: CurveHistory) -> None:
        history.grew.connect(self._show_current_run)
        history.changed.connect(self._rebuild)

    def set_log(self, on: bool) -> None:
        """Show the values on a logarithmic axis, or a linear one; a logarithmic one leaves out zero and below."""
        if on != self._lines.log:
            self._lines.log = on
            self.view.set_log(on)
            self._rebuild()
            # A zoomed range means nothing on the other axis.
            self.view.show_home()

    def set_expected_epochs(self, epochs: float) -> None:
        """Fix the epochs' axis at 0 to `epochs`; with 0, it follows the data."""
        if epochs != self._expected_epochs:
            self._expected_epochs = epochs
            self._fit()

    def mark_epoch(self, epoch: float | None) -> None:
        """Draw a line through an epoch that is looked at in the rest of the window; none with None."""
        self._marked_epoch = epoch
        if epoch is None:
            self._mark.hide()
        else:
            self._mark.setValue(epoch)
            self._mark.show()

    @property
    def marked_epoch(self) -> float | None:
        """The epoch that a line is drawn through."""
        return self._marked_epoch

    def set_labels(self, *, x: str, y: str, heading: str | None = None) -> None:
        """Name the axes, with their units, in the user's language.

        Parameters
        ----------
        x, y : str
            The names.
        heading : str, optional
            What stands above the plot on the screen; `y` without it, and always in print.
        """
        self._labels = (x, y)
        self._heading = heading
        self._dress()

    def expect(self, measure: Measure | None) -> None:
        """Say what the current run's first point will be of, as long as it has none."""
        if measure != self._lines.expected:
            self._lines.expected = measure
            self._rebuild()

    def set_remark(self, remark: Callable[[float, Measure | None], str]) -> None:
        """Say something of a value that is read, if it needs it: what this returns of a value and its measure."""
        self._reading.set_remark(remark)

    @property
    def measure(self) -> Measure | None:
        """What is plotted is of this, beside the quantity; None where that is not known."""
        return self._lines.measure

    @property
    def hides_values(self) -> bool:
        """Whether the logarithmic axis leaves out what is zero or below."""
        return self._lines.hide_values()

    def left_out(self) -> list[tuple[int, str]]:
        """Return how many earlier runs are not drawn, in part or whole, since they are of another measure, and which.

        Returns
        -------
        list of (int, str)
            For each of these measures; in words, what tells it from the present one.
        """
        present = self._lines.measure
        measures = [
            measure
            for run in self._left_out_runs()
            for measure in dict.fromkeys(span.measure for span in run.spans())
            if not is_comparable(measure, present)
        ]
        return counted(measures, present)

    def _left_out_runs(self) -> list[CurveRun]:
        present, runs = self._lines.measure, self._history.shown_earlier
        return [run for run in runs if any(not is_comparable(span.measure, present) for span in run.spans())]

    def set_empty_words(self, words: str) -> None:
        """Say something else where there is no curve; what it says at first, if empty."""
        if words != self._empty_words:
            self._empty_words = words
            self._fit()

    def set_compact(self, on: bool, *, above: bool = False) -> None:
        """Do with half the height, above a plot over the same epochs, or below it."""
        self._header.may_wrap, self._header.in_part = not on, above or not on
        self._header.updateGeometry()
        # Both have the least height of one; the lower one needs more of it, for the names of the epochs.
        half = _LEAST_HEIGHT // 2 + (-GRID if above else GRID)
        self.setMinimumSize(_LEAST_WIDTH, half if on else _LEAST_HEIGHT)
        self._layout.setContentsMargins(GRID, GRID if above or not on else 0, GRID, 0 if above else GRID)
        self.view.name_epochs(not above)

    def runs(self) -> list[tuple[str, NDArray[np.float64]]]:
        """Return every run that was measured, from the first to the current one.

        Returns
        -------
        list of (str, ndarray of shape (n, 4), float64)
            The title; `rbm_studio.app.curve_history.COLUMNS`, NaN where it was not measured.
        """
        return [(run.title, run.table()) for run in self._history.measured]

    def reading(self) -> str:
        """Return what the plot reads under the pointer or the arrow keys; empty where it reads nothing."""
        return "" if self._reading.isHidden() else self._reading.text()

    @Slot(object)
    def read_epoch(self, epoch: float | None) -> None:
        """Read values at an epoch, or, with None, no more."""
        self._reading.read_epoch(epoch)

    def printed(self, palette: QPalette, size: QSize) -> CurvePlot:
        """Return a plot to be rendered on paper: the same runs in the same range, fixed at this size.

        Parameters
        ----------
        palette : QPalette
            Its colours.
        size : QSize
            Its size, in px.
        """
        printed = CurvePlot()
        printed.setFont(self.font())
        printed.setPalette(palette)
        printed.set_labels(x=self._labels[0], y=self._labels[1])
        printed.set_log(self._lines.log)
        printed.expect(self._lines.expected)
        printed.set_expected_epochs(self._expected_epochs)
        printed.marks.ask(self.marks.source)
        printed.show_history(self._history, dots=self._lines.dots)
        # On paper, no pointer reads the names of what is left out.
        printed._header.most_rows = len(LOOKS)
        printed.resize(size)
        # Qt lays a widget out when it is first shown, or first painted.
        printed.grab()
        printed.view.show_like(self.view)
        printed._lines.freeze()
        printed.view.setRenderHint(QPainter.RenderHint.Antialiasing)
        return printed

    @Slot()
    def _rebuild(self) -> None:
        """Draw all lines anew."""
        self._lines.show_current(self._history.current or CurveRun(""))
        self._lines.show_earlier(self._history.shown_earlier)
        self.marks.show(self._history.current.tag if self._history.current is not None else None)
        self._show_rest()

    @Slot()
    def _show_current_run(self) -> None:
        before = self._lines.measure
        self._lines.show_current(self._history.current or CurveRun(""))
        if self._lines.measure != before:
            self._lines.show_earlier(self._history.shown_earlier)
        self._show_rest()

    def _show_rest(self) -> None:
        self._show_legend()
        self._fit()
        self._reading.refresh()

    def _show_legend(self) -> None:
        names = (self.tr("training"), self.tr("held-out"), self.tr("reverse AIS"))
        pens = (training_pen, held_out_pen, lower_pen)
        entries = [
            LegendEntry(name, pen(self._colours))
            for name, pen, line in zip(names, pens, self._lines.current, strict=True)
            if len(line.x) or (line is self._lines.training and not len(self._lines.main.x))
        ]
        entries += self._former_entries()
        if left_out := self._left_out_runs():
            words = self.tr("{count} not comparable").format(count=len(left_out))
            entries.append(LegendEntry(words, QPen(Qt.PenStyle.NoPen), is_whole=True))
        # The newest first: where there is no room for all, it is the old ones that are only counted.
        runs = dict.fromkeys(run for run, _ in self._lines.earlier[::-1])
        entries += [LegendEntry(run.title, run_pen(run.tag.look, self._colours)) for run in runs]
        self._header.show_entries(self._heading_words(), entries)

    def _former_entries(self) -> list[LegendEntry]:
        """Return the entries of what the current run was by other measures, the last first."""
        present, entries = self._lines.measure, []
        for stretch in self._lines.former[::-1]:
            if is_comparable(stretch.measure, present) or not len(stretch.main.x):
                continue
            words = apart([present, stretch.measure])[stretch.measure]
            name = self.tr("until {epoch}: {measure}").format(
                epoch=epoch_text(stretch.main.last_epoch()), measure=words
            )
            entries.append(LegendEntry(name, faint_pen(training_pen(self._colours), self._colours), is_whole=True))
        return entries

    def _heading_words(self) -> str:
        """Return what is plotted: with its unit, and of what it is."""
        heading, measure = self._labels[1] if self._heading is None else self._heading, self._lines.measure
        return ", ".join(part for part in (heading, measure.brief if measure is not None else "") if part)

    def _fit(self) -> None:
        """Give the view the range of what it draws."""
        bounds = self._lines.bounds()
        y = ((-1.0, 0.0) if self._lines.log else (0.0, 1.0)) if bounds is None else self._nice(bounds)
        reach = self._lines.reach() if self._lines.cuts else None
        self.view.show_cuts([self._cut_mark(cut, line) for cut, line in self._lines.cuts])
        self.view.set_notice(self._notice() if bounds is None else "")
        earlier = self._lines.last_earlier_epoch()
        self.view.set_home((0.0, self._last_epoch(earlier)), y, earlier, y if reach is None else self._nice(reach))

    def _nice(self, bounds: tuple[float, float]) -> tuple[float, float]:
        return nice_log_range(*bounds) if self._lines.log else nice_range(*bounds)

    def _cut_mark(self, cut: Cut, line: CurveLine) -> CutMark:
        up, down = self.tr("up to {value} at epoch {epoch}"), self.tr("down to {value} at epoch {epoch}")
        place = math.log10(cut.value) if self._lines.log else cut.value
        text = (up if cut.is_above else down).format(value=short(cut.value), epoch=epoch_text(cut.epoch))
        return CutMark(cut.epoch, place, text, line.pen.color())

    def _last_epoch(self, earlier: float) -> float:
        trained = self._lines.main.last_epoch()
        if 0 < self._expected_epochs >= trained:
            return self._expected_epochs
        return nice_range(0.0, trained or earlier or 1.0)[1]

    def _notice(self) -> str:
        current = self._history.current
        if self._history.shown_earlier or (current is not None and len(current)):
            return self.tr("No value is above zero: a logarithmic axis cannot show them.")
        return self._empty_words or self.tr("The curve grows here while the model trains.")

    def _dress(self) -> None:
        """Take the palette's colours, the font, and the words of the language."""
        self._colours = plot_colours(self.palette())
        font = self.font()
        font.setPointSizeF(max(font.pointSizeF(), _LEAST_POINT_SIZE))
        self._header.dress(font, self._colours.text)
        ratio = self.devicePixelRatioF()
        self._lines.dress(self._colours, ratio)
        self.view.dress(self._colours, font, self._labels[0])
        self.marks.dress(self._colours)
        self._reading.dress(self._colours, font, ratio)
        self._mark.setPen(screen_pen(QPen(self._colours.text, 2.0, Qt.PenStyle.DashLine), ratio))
        self._show_legend()
        self.setAccessibleName(": ".join(part for part in (self.tr("Learning curve"), self.title) if part))
        self.setToolTip(
            self.tr(
                "Point at the curve to read values (Left, Right).\n"
                "Turn the wheel to zoom, drag to move, double-click to see all again (Esc)."
            )
        )

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette, the font and the language."""
        super().changeEvent(event)
        if event.type() in _DRESSING_EVENTS:
            self._dress()
            self._fit()

    def event(self, event: QEvent) -> bool:
        """Follow the window to a screen of another scale; keep the tooltip off the curve that is being read."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._dress()
        if event.type() == QEvent.Type.ToolTip and self.reading():
            return True
        return super().event(event)

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(480, 320)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Read values with Left and Right, show all with Escape."""
        if event.key() == Qt.Key.Key_Left:
            self._reading.step(-1)
        elif event.key() == Qt.Key.Key_Right:
            self._reading.step(1)
        elif event.key() == Qt.Key.Key_Escape:
            self._reading.clear_reading()
            self.view.show_all()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Stop reading values."""
        super().focusOutEvent(event)
        self._reading.clear_reading()
