"""The learning curve as a file: a picture, a drawing, or its numbers."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QPoint, QSize

from rbm_studio.app.curve_history import COLUMNS
from rbm_studio.app.pictures import DrawnPicture, png
from rbm_studio.app.theme import light_palette
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from PySide6.QtGui import QPainter

    from rbm_studio.app.curve_history import CurveRun, Span
    from rbm_studio.app.curve_plot import CurvePlot

_SCALE = 2
# With those of full width, which are read as the others where Chinese and Japanese are written.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# A curve in a narrow dock is still printed at a size that can be read.
_LEAST_SIZE = QSize(800, 500)


def save_curves(plots: Sequence[CurvePlot], path: Path) -> None:
    """Save what plots show, or all of its numbers.

    Parameters
    ----------
    plots : sequence of CurvePlot
        At least one, from the top.
    path : Path
        Where to; the suffix says what to write. ``.png``: a picture at twice the plots' size, in light colours.
        ``.svg``: the same as a vector drawing. ``.csv``: columns run, epoch, training, held_out, lower (of a bracket),
        quantity and measure (what it is of), the whole history, empty where a value was not measured. A file of that
        name is replaced, and only once the new one is complete.

    Raises
    ------
    RBMStudioError
        If the suffix is another, or if there is no curve yet; its subclass `FileError` if the file cannot be written.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise RBMStudioError(
            "A curve cannot be saved as “{name}”: the ending says what kind of file to write.",
            "Let the name end in .png (a picture), .svg (a drawing for print) or .csv (the numbers).",
            name=path.name,
        )
    if not any(plot.history.measured for plot in plots):
        raise RBMStudioError("There is no learning curve to save yet.", "Train the model first.")
    data = write(plots)
    write_atomically(path, lambda file: file.write(data))


def _picture(plots: Sequence[CurvePlot]) -> DrawnPicture:
    sheet = _Sheet(plots)
    title = " / ".join(plot.accessibleName() for plot in plots)
    return DrawnPicture(title, sheet.size, sheet.paint, plots[0].logicalDpiX())


def _png(plots: Sequence[CurvePlot]) -> bytes:
    return png(_picture(plots).image(_SCALE))


def _svg(plots: Sequence[CurvePlot]) -> bytes:
    return _picture(plots).svg()


def _csv(plots: Sequence[CurvePlot]) -> bytes:
    return curves_csv([(plot.title, [written(run) for run in plot.history.measured]) for plot in plots])


class Written(NamedTuple):
    """A run's curve as it is written: its name, a copy of its table of `COLUMNS`, and the measures of its rows."""

    name: str
    table: NDArray[np.float64]
    spans: list[Span]


def written(run: CurveRun) -> Written:
    """Return a copy of a curve that can be written while the run goes on."""
    return Written(run.title, run.table(), run.spans())


def curves_csv(curves: Iterable[tuple[str, Iterable[Written]]]) -> bytes:
    """Return curves as CSV (RFC 4180, UTF-8): columns run, epoch, training, held_out, lower, quantity and measure.

    Parameters
    ----------
    curves : iterable of (str, iterable of Written)
        For each quantity, with its unit, its runs.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("run", *COLUMNS, "quantity", "measure"))
    for quantity, runs in curves:
        for run in runs:
            for span in run.spans:
                measure = "" if span.measure is None else harmless(span.measure.words)
                for row in run.table[span.start : span.stop].tolist():
                    values = ("" if math.isnan(value) else repr(value) for value in row)
                    writer.writerow((harmless(run.name), *values, quantity, measure))
    return text.getvalue().encode()


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: what could be one gets an apostrophe before it."""
    return f"'{text}" if text.lstrip().startswith(_FORMULA) or text.startswith(("\t", "\r", "\n")) else text


_WRITERS: dict[str, Callable[[Sequence[CurvePlot]], bytes]] = {".png": _png, ".svg": _svg, ".csv": _csv}


class _Sheet:
    """Printed plots, one below the other; painted once."""

    def __init__(self, plots: Sequence[CurvePlot]) -> None:
        self._plots = [plot.printed(light_palette(), plot.size().expandedTo(_LEAST_SIZE)) for plot in plots]
        self.size = QSize(self._plots[0].width(), sum(plot.height() for plot in self._plots))

    def paint(self, painter: QPainter) -> None:
        top = 0
        for plot in self._plots:
            plot.render(painter, QPoint(0, top))
            top += plot.height()
            # Python would delete it on whichever thread finds it unused; a widget must go on the window's.
            plot.deleteLater()
