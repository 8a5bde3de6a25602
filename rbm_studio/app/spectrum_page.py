"""The page on which the singular values of the weights are followed over a run."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from rbm_studio.app.background import Background
from rbm_studio.app.curve_axes import nice_range
from rbm_studio.app.curve_header import CurveHeader, LegendEntry
from rbm_studio.app.elided_label import ElidedLabel
from rbm_studio.app.lines_plot import Line, LinesPlot
from rbm_studio.app.moments import Moment
from rbm_studio.app.numbers import fixed, short
from rbm_studio.app.pictures import plot_picture
from rbm_studio.app.spectrum_history import KEPT, SpectrumHistory
from rbm_studio.app.standing import epoch_text
from rbm_studio.app.state import RunState
from rbm_studio.app.theme import GRID, plot_colours
from rbm_studio.app.throttle import Throttle
from rbm_studio.core.spectrum import singular_values, stable_rank

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PySide6.QtGui import QPaintEvent

    from rbm_studio.app.moments import Moments
    from rbm_studio.app.pictures import Picture
    from rbm_studio.app.session import Session

INTERVAL_MS = 500
TURN_MS = 30
# No longer at a stretch: whoever closes the window waits for it.
_PORTION_S = 0.3
_THICK, _THIN = 2.5, 1.25
# The last of the lines keeps so much of its colour.
_LEAST_ALPHA = 90


@dataclass(frozen=True, eq=False)
class _Spectra:
    """Singular values of some times, and in whose life."""

    life: int
    values: list[tuple[float, NDArray[np.float64]]]


def _measure(life: int, moments: list[Moment]) -> _Spectra:
    begun = time.monotonic()
    values = []
    for moment in moments:
        values.append((moment.epochs, singular_values(moment.parameters.w)))
        if time.monotonic() - begun > _PORTION_S:
            break
    return _Spectra(life, values)


class SpectrumPage(QWidget):
    """Plots the singular values, measured in the background while the page is in view.

    Parameters
    ----------
    session : Session
    moments : Moments
        Of which those are measured, too, that came about out of view.
    parent : QWidget, optional

    Attributes
    ----------
    options : QWidget
        How it is plotted: for the panel to place.
    over_time, present : LinesPlot
    """

    def __init__(self, session: Session, moments: Moments, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._moments = moments
        self._history = SpectrumHistory()
        self._life = 0
        self._stale = True
        self._background = Background("Measuring singular values", INTERVAL_MS, self)
        self.over_time = LinesPlot(self.tr("epochs"), 0.0)
        self.present = LinesPlot(self.tr("rank"), 1.0)
        self._headers = [CurveHeader(self), CurveHeader(self)]
        self._caption = ElidedLabel(Qt.TextElideMode.ElideRight)
        self._log = QCheckBox(self.tr("Lo&garithmic"))
        self.options = QWidget()
        self._arrange()
        self._background.done.connect(self._take)
        self._background.failed.connect(session.failed)
        self._log.toggled.connect(self._show)
        self._turn = Throttle(TURN_MS, self._follow, self, at_once=False)
        session.newest_changed.connect(self._turn.request)
        moments.restarted.connect(self._begin_again)
        session.ending.connect(self._background.shut_down)
        self._show()

    def _arrange(self) -> None:
        self._log.setToolTip(self.tr("Plot the values on a logarithmic axis"))
        self._log.setAccessibleName(self.tr("Logarithmic axis"))
        words = QLabel(self.tr("Singular values of the weights as they are, not centred"))
        words.setObjectName("quiet")
        words.setWordWrap(True)
        column = QVBoxLayout(self.options)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        column.addWidget(self._log, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(words)
        column.addStretch()
        self.over_time.setAccessibleName(self.tr("Largest singular values over the epochs"))
        self.over_time.setToolTip(
            self.tr(
                "The {0} largest singular values of the weights along this run.\n"
                "Each is a direction that the weights amplify; training lifts one after the other above the noise\n"
                "of the start (Decelle, Fissore & Furtlehner 2017)."
            ).format(KEPT)
        )
        self.present.setAccessibleName(self.tr("All singular values now"))
        self.present.setToolTip(
            self.tr(
                "All singular values of the weights, from the largest down, now and at the start.\n"
                "The stable rank Σ s² ÷ s₁² says how many directions carry the weights."
            )
        )
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2 * GRID)
        grid.setVerticalSpacing(GRID // 2)
        for number, (header, plot, share) in enumerate(
            zip(self._headers, (self.over_time, self.present), (3, 2), strict=True)
        ):
            header.may_wrap = False
            grid.addWidget(header, 0, number)
            grid.addWidget(plot, 1, number)
            grid.setColumnStretch(number, share)
        grid.addWidget(self._caption, 2, 0, 1, 2)
        grid.setRowStretch(1, 1)

    def history(self) -> SpectrumHistory:
        """Return what is plotted."""
        return self._history

    def caption(self) -> str:
        """Return what the plots say."""
        return self._caption.accessibleName()

    def pictures(self) -> list[Picture]:
        """Return what can be copied or saved: both plots."""
        if self._history.last is None:
            return []
        count = self._history.values.shape[1]
        return [
            plot_picture(self.tr("The {0} largest singular values").format(count), self.over_time, self.caption()),
            plot_picture(
                self.tr("All singular values"),
                self.present,
                self.tr("{0}  ·  thick: now; thin: at the start").format(self.caption()),
            ),
        ]

    def paintEvent(self, event: QPaintEvent) -> None:
        """Measure what has come about out of sight."""
        super().paintEvent(event)
        if self._stale:
            self._follow()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette and the font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._show()

    # --- measuring

    def _begin_again(self) -> None:
        self._life += 1
        self._history = SpectrumHistory()
        self._background.forget()
        self._follow(urgent=True)
        self._show()

    def _follow(self, *, urgent: bool = False) -> None:
        model = self._session.newest
        self._stale = self.visibleRegion().isEmpty()
        if model is None or self._stale:
            return
        life = self._life
        # The newest first, then the start: so the plots have their ends.
        wanted = [moment for moment in (Moment.of(model), *self._moments.kept) if moment.epochs not in self._history]
        if wanted:
            self._background.request(lambda: _measure(life, wanted), urgent=urgent)

    def _take(self, spectra: _Spectra) -> None:
        if spectra.life != self._life:
            return
        for epoch, values in spectra.values:
            self._history.add(epoch, values)
        self._show()
        # What there was no time for; a run that goes on is not to be disturbed by it.
        self._follow(urgent=self._session.run_state is not RunState.RUNNING)

    # --- showing

    def _show(self) -> None:
        history, log = self._history, self._log.isChecked()
        colours, palette = plot_colours(self.palette()), self.palette()
        now, start = QPen(colours.training, _THICK), QPen(colours.earlier, _THIN)
        for header in self._headers:
            header.dress(self.font(), palette.color(palette.ColorRole.WindowText))
        values = history.values
        self._headers[0].show_entries(self.tr("The {0} largest singular values").format(values.shape[1] or KEPT), [])
        self._headers[1].show_entries(
            self.tr("All"), [LegendEntry(self.tr("now"), now), LegendEntry(self.tr("start"), start)]
        )
        notice = self.tr("Measuring…") if self._session.newest is not None else self.tr("There is no model yet.")
        last = nice_range(0.0, float(history.epochs[-1]))[1] if len(history.epochs) else 1.0
        lines = self._lines_over_time(history.epochs, values, colours.training)
        self.over_time.show_lines(lines, log=log, x_end=last, notice=notice)
        ranked = [
            Line(np.arange(1, len(spectrum) + 1, dtype=np.float64), spectrum, pen)
            for spectrum, pen in ((history.first, start), (history.last, now))
            if spectrum is not None
        ]
        self.present.show_lines(ranked, log=log, x_end=max((len(line.x) for line in ranked), default=1), notice=notice)
        self._caption.set_text(self._words())

    def _lines_over_time(self, epochs: NDArray[np.float64], values: NDArray[np.float64], colour: QColor) -> list[Line]:
        """Return the lines from the smallest to the largest, which is the thickest and has its full colour."""
        count = values.shape[1]
        lines = []
        for rank in range(count, 0, -1):
            faint = QColor(colour)
            faint.setAlpha(255 - (255 - _LEAST_ALPHA) * (rank - 1) // max(count - 1, 1))
            pen = QPen(faint, _THICK if rank == 1 else _THIN)
            # Names of the inner ones would lie on each other.
            lines.append(Line(epochs, values[:, rank - 1], pen, str(rank) if rank in (1, count) else ""))
        return lines

    def _words(self) -> str:
        last = self._history.last
        if last is None:
            return ""
        if not np.isfinite(last).all():
            return self.tr("Some weights are not finite numbers.")
        return self.tr("Epoch {0}  ·  largest {1}, smallest {2}  ·  stable rank {3} of {4}").format(
            epoch_text(float(self._history.epochs[-1])),
            short(float(last[0]), 3),
            short(float(last[-1]), 3),
            fixed(stable_rank(last), 1),
            len(last),
        )
