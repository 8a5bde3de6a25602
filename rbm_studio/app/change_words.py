"""What was changed on a run's way, in words and values: for its curve, its name, and the table of runs."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from rbm_studio.app.curve_marks import CurveMark
from rbm_studio.app.numbers import fixed
from rbm_studio.app.preset_field import preset_title
from rbm_studio.app.run import Run
from rbm_studio.app.setting_words import SettingWords
from rbm_studio.app.stages import DATASET, PRESET, chain, changes, tells_of_training
from rbm_studio.plain import SHORT, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget

    from rbm_studio.app.curve_history import Tag
    from rbm_studio.app.stages import Change
    from rbm_studio.app.state import Settings
    from rbm_studio.core.settings import TrainingSettings

_MOST_TOLD = 2
_MOST_IN_CHAIN = 3


class ChangeWords:
    """Tells of changes; the fields that know the words are made when there is something to tell.

    Parameters
    ----------
    parent : QWidget
        Owns those fields.
    """

    def __init__(self, parent: QWidget) -> None:
        self._parent = parent
        self._words: SettingWords | None = None

    def change(self, change: Change) -> str:
        """Return one change, such as “rate 20 → 0.15”."""
        if change.name == DATASET:
            if change.before == change.after:
                return _tr("other images")
            return arrow([plain(name, SHORT) for name in (change.before, change.after)])
        if change.name == PRESET:
            return arrow((preset_title(change.before), preset_title(change.after)))
        if self._words is None:
            self._words = SettingWords(self._parent)
        words = self._words
        values = arrow([bare(words.words(change.name, value)) for value in (change.before, change.after)])
        return f"{_short(change.name) or words.title(change.name)} {values}"

    def some(self, found: Sequence[Change]) -> str:
        """Return the first changes, and how many there are besides."""
        told = ", ".join(self.change(each) for each in found[:_MOST_TOLD])
        return f"{told}, +{len(found) - _MOST_TOLD}" if len(found) > _MOST_TOLD else told

    def all(self, found: Sequence[Change]) -> str:
        """Return every change."""
        return ", ".join(map(self.change, found))

    def marks(self, tag: Tag) -> tuple[CurveMark, ...]:
        """Return the marks of a run's curve: where it went on with other settings or images."""
        if not isinstance(tag, Run):
            return ()
        marks = []
        for before, after in itertools.pairwise(tag.stages):
            trained = before.settings.training, after.settings.training
            found = [each for each in changes(before, after) if tells_of_training(each, *trained)]
            if found:
                epoch = _tr("epoch {0}").format(_plain(after.begun))
                marks.append(CurveMark(after.begun, f"{self.some(found)}, {epoch}", f"{self.all(found)}, {epoch}"))
        return tuple(marks)


def arrow(texts: Sequence[str]) -> str:
    """Return what became what; of many only the first and the last."""
    told = [texts[0], "…", texts[-1]] if len(texts) > _MOST_IN_CHAIN else texts
    return " → ".join(told)


def bare(words: str) -> str:
    """Return a value without its unit: beside another of the same setting it would only repeat it."""
    number = words.partition(" ")[0]
    return number if number[:1].isdigit() else words


def run_name(hidden_num: int, trained: Sequence[TrainingSettings]) -> str:
    """Return what a run is called after its settings, one after another."""
    presets = arrow(chain(each.preset for each in trained))
    rates = arrow(chain(f"{each.learning_rate:g}" for each in trained))
    batches = arrow(chain(str(each.batch_size) for each in trained))
    words = QCoreApplication.translate("NewestModel", "{0} hidden, {1}, rate {2}, batch {3}")
    return words.format(hidden_num, presets, rates, batches)


def settings_title(settings: Settings) -> str:
    """Return what settings are called after their preset."""
    title = preset_title(settings.training.preset)
    return _tr("{0}, changed").format(title) if settings.changed else title


def _short(name: str) -> str:
    """Return what a setting is called on a curve; "" where that is its title."""
    return {
        "learning_rate": _tr("rate"),
        "momentum": _tr("momentum"),
        "batch_size": _tr("batch"),
        "epochs": _tr("epochs"),
        "seed": _tr("seed"),
        "gradient": _tr("estimator"),
        "schedule": _tr("schedule"),
        "update": _tr("update rule"),
        "k": "k",
        "device": _tr("compute on"),
        "hidden_num": _tr("hidden units"),
        "image_shape": _tr("visible units"),
        "labels": _tr("labels"),
        "binarisation": _tr("binarisation"),
        "centred": _tr("centred"),
    }.get(name, "")


def _plain(epochs: float) -> str:
    return fixed(epochs, 2).rstrip("0").rstrip(".,")


def _tr(text: str) -> str:
    return QCoreApplication.translate("changes", text)
