"""What must be said of a plot so that nobody reads it wrongly, in a sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from rbm_studio.app.negative_words import is_noteworthy, why_negative

if TYPE_CHECKING:
    from rbm_studio.app.curve_plot import CurvePlot
    from rbm_studio.app.measures import Measure


def remarks(name: str, plot: CurvePlot) -> list[str]:
    """Return what is to be said of a plot of the quantity of this name: why it is negative, and what it leaves out."""
    return [_capital(each) for each in (_negative(name, plot), _left_out(plot), _hidden(plot)) if each]


def remark_on_value(name: str, value: float, measure: Measure | None) -> str:
    """Return what is to be said of a value that is read; "" if nothing."""
    return why_negative(name, value, measure) if is_noteworthy(name) else ""


def why_all_negative(name: str, plot: CurvePlot) -> str:
    """Return why a quantity is negative, if it is at the end of its curve, also where one expects it to be."""
    run = plot.history.current
    lasts = [] if run is None else [run.last("training"), run.last("held_out")]
    return next((words for value in lasts if (words := why_negative(name, value, plot.measure))), "")


def _left_out(plot: CurvePlot) -> str:
    runs = [
        (_tr("{count} run ({measure})") if count == 1 else _tr("{count} runs ({measure})")).format(
            count=count, measure=measure
        )
        for count, measure in plot.left_out()
    ]
    return _tr("not drawn, since not comparable: {runs}").format(runs=", ".join(runs)) if runs else ""


def _negative(name: str, plot: CurvePlot) -> str:
    return why_all_negative(name, plot) if is_noteworthy(name) else ""


def _hidden(plot: CurvePlot) -> str:
    return _tr("the logarithmic axis leaves out values of 0 and below") if plot.hides_values else ""


def _capital(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _tr(text: str) -> str:
    return QCoreApplication.translate("curve", text)
