"""The learning curve: one quantity against epochs, live, with the runs before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QVBoxLayout, QWidget

from rbm_studio.app.curve_axes import nice_log_range, nice_range
from rbm_studio.app.curve_header import CurveHeader, LegendEntry
from rbm_studio.app.curve_history import CurvePoint, CurveRun
from rbm_studio.app.curve_line import CurveLines, earlier_pen, held_out_pen, training_pen
from rbm_studio.app.curve_reading import CurveReading
from rbm_studio.app.curve_view import CurveView
from rbm_studio.app.theme import GRID, plot_colours

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from PySide6.QtGui import QFocusEvent, QKeyEvent

__all__ = ["CurvePlot", "CurvePoint"]

_LEAST_POINT_SIZE = 11.0
_DRESSING_EVENTS = (QEvent.Type.PaletteChange, QEvent.Type.FontChange, QEvent.Type.LanguageChange)
# An arrow key moves the reading by one point, or by this part of a long curve.
_KEY_STEPS = 100


class CurvePlot(QWidget):
    """A live curve of training and held-out values, over the faint curves of earlier runs.

    The wheel zooms, a drag moves, a double click or Escape shows all again. The pointer and the arrow keys read values.

    Parameters
    ----------
    parent : QWidget, optional
        The parent.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs: list[CurveRun] = []
        self._expected_epochs = 0.0
        self._labels = ("", "")
        self._pointer: QPointF | None = None
        self._colours = plot_colours(self.palette())
        self._header, self._view = CurveHeader(self), CurveView(self)
        self._lines = CurveLines(self._view.box)
        self._reading = CurveReading(self, self._view, self._lines)
        self._arrange()
        self._view.pointed_at.connect(self._on_pointed_at)
        self._view.pointer_left.connect(self.clear_reading)
        self._dress()
        self._rebuild()

    def _arrange(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID, GRID, GRID, GRID)
        layout.setSpacing(0)
        layout.addWidget(self._header)
        layout.addWidget(self._view, 1)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setAutoFillBackground(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(240, 160)

    def append(self, points: Sequence[CurvePoint]) -> None:
        """Add measurements to the current run, and draw once.

        Parameters
        ----------
        points : sequence of CurvePoint
            In the order of their epochs, and none before those already there.
        """
        if not points:
            return
        self._current_run().append(points)
        self._show_current_run()

    def start_run(self, title: str) -> None:
        """Begin a new curve; the present one becomes an earlier one.

        Parameters
        ----------
        title : str
            What the user knows the new run by.
        """
        if self._runs and not len(self._runs[-1]):
            self._runs.pop()
        self._runs.append(CurveRun(title))
        self._rebuild()

    def clear_all(self) -> None:
        """Forget every run."""
        self._runs.clear()
        self._rebuild()
        self._view.show_home()

    def set_log(self, on: bool) -> None:
        """Show the values on a logarithmic axis, or a linear one; a logarithmic one leaves out zero and below."""
        if on == self._lines.log:
            return
        self._lines.log = on
        self._view.set_log(on)
        self._rebuild()
        # A zoomed range means nothing on the other axis.
        self._view.show_home()

    def set_expected_epochs(self, epochs: float) -> None:
        """Fix the epochs' axis at 0 to `epochs`; with 0, it follows the data."""
        if epochs != self._expected_epochs:
            self._expected_epochs = epochs
            self._fit()

    def set_labels(self, *, x: str, y: str) -> None:
        """Name the axes, with their units, in the user's language."""
        self._labels = (x, y)
        self._dress()

    @property
    def is_empty(self) -> bool:
        """Whether no run was measured; unlike `runs`, this copies nothing."""
        return not any(len(run) for run in self._runs)

    def runs(self) -> list[tuple[str, NDArray[np.float64]]]:
        """Return every run that was measured, from the first to the current one.

        Returns
        -------
        list of (str, ndarray of shape (n, 3), float64)
            The title; epoch, training and held-out values, NaN where it was not measured.
        """
        return [(run.title, run.table()) for run in self._runs if len(run)]

    def reading(self) -> str:
        """Return what the plot reads under the pointer or the arrow keys; empty where it reads nothing."""
        return "" if self._reading.isHidden() else self._reading.text()

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
        printed._runs = list(self._runs)
        printed.setFont(self.font())
        printed.setPalette(palette)
        printed.set_labels(x=self._labels[0], y=self._labels[1])
        printed.set_log(self._lines.log)
        printed.set_expected_epochs(self._expected_epochs)
        printed._rebuild()
        printed.resize(size)
        # Qt lays a widget out when it is first shown, or first painted.
        printed.grab()
        printed._view.show_like(self._view)
        printed._lines.freeze()
        printed._view.setRenderHint(QPainter.RenderHint.Antialiasing)
        return printed

    def _current_run(self) -> CurveRun:
        if not self._runs:
            self._runs.append(CurveRun(self.tr("Run {number}").format(number=1)))
        return self._runs[-1]

    def _rebuild(self) -> None:
        """Draw all lines anew."""
        self._lines.show_earlier([run for run in self._runs[:-1] if len(run)])
        self._show_current_run()

    def _show_current_run(self) -> None:
        self._lines.show_current(self._runs[-1] if self._runs else CurveRun(""))
        self._show_legend()
        self._fit()
        self._read()

    def _show_legend(self) -> None:
        entries = [LegendEntry(self.tr("training"), training_pen(self._colours))]
        if len(self._lines.held_out.x):
            entries.append(LegendEntry(self.tr("held-out"), held_out_pen(self._colours)))
        if self._lines.earlier:
            entries.append(LegendEntry(self.tr("earlier runs"), earlier_pen(self._colours)))
        self._header.show_entries(self._labels[1], entries)

    def _fit(self) -> None:
        """Give the view the range of what it draws."""
        bounds = self._lines.bounds()
        if bounds is None:
            y = (-1.0, 0.0) if self._lines.log else (0.0, 1.0)
        else:
            y = nice_log_range(*bounds) if self._lines.log else nice_range(*bounds)
        self._view.set_notice(self._notice() if bounds is None else "")
        earlier = self._lines.last_earlier_epoch()
        self._view.set_home((0.0, self._last_epoch(earlier)), y, earlier)

    def _last_epoch(self, earlier: float) -> float:
        trained = self._lines.training.last_epoch()
        if 0 < self._expected_epochs >= trained:
            return self._expected_epochs
        return nice_range(0.0, trained or earlier or 1.0)[1]

    def _notice(self) -> str:
        if any(len(run) for run in self._runs):
            return self.tr("No value is above zero: a logarithmic axis cannot show them.")
        return self.tr("The curve grows here while the model trains.")

    def _dress(self) -> None:
        """Take the palette's colours, the font, and the words of the language."""
        self._colours = plot_colours(self.palette())
        font = self.font()
        font.setPointSizeF(max(font.pointSizeF(), _LEAST_POINT_SIZE))
        self._header.dress(font, self._colours.text)
        ratio = self.devicePixelRatioF()
        self._lines.dress(self._colours, ratio)
        self._view.dress(self._colours, font, self._labels[0])
        self._reading.dress(self._colours, font, ratio)
        self._show_legend()
        self.setAccessibleName(self.tr("Learning curve"))
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
            self._move_reading(-1)
        elif event.key() == Qt.Key.Key_Right:
            self._move_reading(1)
        elif event.key() == Qt.Key.Key_Escape:
            self.clear_reading()
            self._view.show_home()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Stop reading values."""
        super().focusOutEvent(event)
        self.clear_reading()

    def _move_reading(self, direction: int) -> None:
        """Read a neighbouring point; at first, the last one."""
        line = self._lines.training
        count = len(line.x)
        if not count:
            return
        index = count - 1
        if self._pointer is not None:
            nearest = line.nearest(self._view.from_pixels(self._pointer).x())
            index = (index if nearest is None else nearest) + direction * max(1, count // _KEY_STEPS)
        self._pointer = self._view.to_pixels(*line.point(min(max(index, 0), count - 1)))
        self._read()

    @Slot(QPointF)
    def _on_pointed_at(self, position: QPointF) -> None:
        self._pointer = position
        self._read()

    @Slot()
    def clear_reading(self) -> None:
        """Stop reading values."""
        self._pointer = None
        self._reading.clear_reading()

    def _read(self) -> None:
        if self._pointer is not None:
            self._reading.read(self._pointer)
