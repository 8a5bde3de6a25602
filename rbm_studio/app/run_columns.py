"""The columns of the table of runs: what there is to say of each run, and only where the runs differ."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication

from rbm_studio.app.change_words import arrow, bare
from rbm_studio.app.curve_axes import number_text
from rbm_studio.app.measures import apart
from rbm_studio.app.negative_words import why_negative
from rbm_studio.app.numbers import fixed
from rbm_studio.app.quantities import LIVE, quantities
from rbm_studio.app.stages import chain
from rbm_studio.app.standing import epoch_text
from rbm_studio.plain import SHORT, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rbm_studio.app.curve_book import CurveBook
    from rbm_studio.app.measures import Measure
    from rbm_studio.app.quantities import Quantity
    from rbm_studio.app.run import Run
    from rbm_studio.app.setting_words import SettingWords

Value = str | float | int | bool | None

NAME = "name"
"""The key of the column with the run's name."""


@dataclass(frozen=True)
class Column:
    """What is said of each run.

    Attributes
    ----------
    key : str
        What tells it from the others.
    title : str
        With what tells it from others of its name, and the unit, if it has one, on lines of their own.
    tip : str
    value : callable
        What a run has there, in full: to sort by, and to save. None where it is not known.
    text : callable
        The same as it is shown.
    unit : str
        Of the saved value, where what is shown has its own.
    better : {"lower", "higher", ""}
        Which of the column's numbers is the best one; "" where that cannot be said.
    note : callable
        What there is to say of a run's value; "" if nothing.
    """

    key: str
    title: str
    tip: str
    value: Callable[[Run], Value]
    text: Callable[[Run], str]
    unit: str = ""
    better: str = ""
    note: Callable[[Run], str] = field(default=lambda _run: "")

    def best(self, runs: Sequence[Run]) -> set[Run]:
        """Return which of the runs have the best value; none where fewer than two differ."""
        values = {run: value for run in runs if isinstance(value := self.value(run), int | float)}
        if not self.better or len(set(values.values())) < 2:
            return set()
        best = (min if self.better == "lower" else max)(values.values())
        return {run for run, value in values.items() if value == best}

    @property
    def heading(self) -> str:
        """The title on one line, with the unit of the saved values."""
        title = self.title.replace("\n(", " (").replace("\n", ", ")
        return f"{title} ({self.unit})" if self.unit else title


def columns_of(runs: Sequence[Run], book: CurveBook, words: SettingWords) -> list[Column]:
    """Return the columns for these runs, from the left.

    Parameters
    ----------
    runs : sequence of Run
        All that are in the table, the newest first.
    book : CurveBook
        Knows which of them is the present one.
    words : SettingWords
    """
    return [
        Column(
            NAME,
            _tr("Run"),
            _tr("Press F2 or double-click to rename it"),
            lambda run: plain(run.name),
            lambda run: plain(run.name),
        ),
        Column(
            "epochs",
            _tr("Epochs"),
            _tr("Passes through the data"),
            lambda run: run.epochs,
            lambda run: epoch_text(run.epochs),
        ),
        Column(
            "seconds",
            _tr("Time"),
            _tr("How long it has trained, without pauses and measurements"),
            lambda run: run.seconds,
            lambda run: duration(run.seconds),
            _tr("s"),
        ),
        *_measured(runs),
        *_settings(runs, words),
        *_origins(runs),
        Column(
            "model",
            _tr("Model"),
            _tr("Whether the run's model can be brought back"),
            lambda run: _model(run, book),
            lambda run: _model(run, book),
        ),
    ]


def _measured(runs: Sequence[Run]) -> Iterator[Column]:
    """Return a column for each quantity and measure: nothing ranks what cannot be compared."""
    for quantity in quantities().values():
        # The oldest first: what comes anew does not move what is there.
        occurring = [
            measure for run in reversed(runs) for side in sides() for measure in run.lasts(quantity.name, side)
        ]
        words = apart(occurring)
        for measure in words or ([None] if quantity.name == LIVE else []):
            for side, side_words in sides().items():
                known = any(measure in run.lasts(quantity.name, side) for run in runs)
                if known or (quantity.name == LIVE and side != "lower"):
                    yield _figure(quantity, side, side_words, measure, words.get(measure, ""))


def sides() -> dict[str, str]:
    """Return what a figure is of by the name of its column in a curve's table, in words."""
    return {"training": _tr("training"), "held_out": _tr("held-out"), "lower": _tr("reverse AIS")}


def _figure(quantity: Quantity, side: str, words: str, measure: Measure | None, apart_by: str) -> Column:
    title = _tr("{side} KL") if quantity.name == LIVE else _tr("{side}: {quantity}")
    title = title.format(side=words.capitalize(), quantity=quantity.title)
    if apart_by:
        title = f"{title}\n{apart_by}"
    tip = _tr("{quantity}, on the run's {side} images, as its curve ends.\n{note}")
    tip = tip.format(quantity=quantity.title, side=words, note=quantity.note)
    if measure is not None:
        tip = "\n".join((tip, _tr("Measured on: {measure}.").format(measure=measure.words)))
    if apart_by:
        tip = "\n".join((tip, _tr("Other columns of this quantity are measured otherwise: they are not comparable.")))

    def value(run: Run) -> float | None:
        return run.lasts(quantity.name, side).get(measure)

    def note(run: Run) -> str:
        figure = value(run)
        return "" if figure is None else why_negative(quantity.name, figure, measure)

    return Column(
        f"{quantity.name}/{side}/{measure}",
        f"{title}\n({quantity.unit})" if quantity.unit else title,
        tip,
        value,
        lambda run: _number(math.nan if (figure := value(run)) is None else figure),
        better="" if side == "lower" else quantity.better,
        note=note,
    )


def _settings(runs: Sequence[Run], words: SettingWords) -> Iterator[Column]:
    for name in words.names:
        values = {setting_values(run, name) for run in runs}
        if len(values) > 1 or any(len(each) > 1 for each in values):
            yield _setting(name, words)


def _setting(name: str, words: SettingWords) -> Column:
    def text(run: Run) -> str:
        *before, last = [words.words(name, value) for value in setting_values(run, name)]
        return arrow([*map(bare, before), last])

    def value(run: Run) -> Value:
        *before, own = setting_values(run, name)
        return own if not before and isinstance(own, int | float) and not isinstance(own, bool) else text(run)

    return Column(f"setting/{name}", words.title(name), words.tip(name), value, text)


def _origins(runs: Sequence[Run]) -> Iterator[Column]:
    names = {_dataset(run) for run in runs}
    if len(names) > 1 or any(len(chain(_datasets(run))) > 1 for run in runs):
        yield Column("dataset", _tr("Dataset"), _tr("The images it was trained on"), _dataset, _dataset)
    if len({run.owner for run in runs}) > 1:

        def experiment(run: Run) -> str:
            return plain(run.owner.file if run.owner is not None else "", SHORT) or _tr("not saved yet")

        yield Column("experiment", _tr("Experiment"), _tr("The file that it belongs to"), experiment, experiment)


def setting_values(run: Run, name: str) -> tuple[Any, ...]:
    """Return which values a setting had in a run, one after another; it was not trained with others."""
    if len(run.stages) < 2:
        return (run.settings.value(name),)
    return chain(stage.settings.value(name) for stage in run.stages)


def _datasets(run: Run) -> list[str]:
    names = [stage.dataset for stage in run.stages if stage.dataset] or [run.dataset]
    return [plain(name, SHORT) for name in names]


def _dataset(run: Run) -> str:
    return arrow(chain(_datasets(run)))


def _model(run: Run, book: CurveBook) -> str:
    if run is book.present:
        return _tr("present")
    return _tr("kept") if run.end is not None else _tr("no longer kept")


def duration(seconds: float) -> str:
    """Return a time in words, to three digits or so."""
    if seconds < 60:
        return _tr("{0} s").format(fixed(seconds, 1))
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return _tr("{0} min {1:02} s").format(minutes, rest)
    return _tr("{0} h {1:02} min").format(*divmod(minutes, 60))


def _number(number: float) -> str:
    return number_text(number) if math.isfinite(number) else "–"


def _tr(text: str) -> str:
    return QCoreApplication.translate("runs", text)
