"""What a figure is of, beside its quantity: the images, how they are shown, and what else enters its definition.

Figures of two measures cannot be compared: they stand in columns of their own, and on no common axis.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QCoreApplication, QLocale

from rbm_studio.app.measurement import ANNEALED
from rbm_studio.app.quantities import LIVE
from rbm_studio.core.binarisation import BINARISATIONS
from rbm_studio.core.metric_data import MetricData
from rbm_studio.core.metrics import METRICS
from rbm_studio.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from rbm_studio.core.settings import TrainingSettings
    from rbm_studio.storage.experiment_file import DatasetIdentity

_LONGEST_NAME = 20
_DIGITS = 6
"""Of a digest: enough to tell two data sets of one name apart."""


@dataclass(frozen=True)
class Measure:
    """What a figure is of, beside its quantity.

    Attributes
    ----------
    dataset, digest : str
        The images' name, and their hash; "" where they are not known.
    train_num, test_num : int
        How many there are to train on, and held out; 0 where that is not known.
    image_shape : tuple of int
        (height, width) as they were shown.
    binarisation : str
        A name in `BINARISATIONS`.
    threshold : float
        Of ``"threshold"``; 0 else.
    batch_size : int
        B of the article's KL; 0 of what does not depend on it.
    """

    dataset: str = ""
    digest: str = ""
    train_num: int = 0
    test_num: int = 0
    image_shape: tuple[int, int] = (0, 0)
    binarisation: str = "grey"
    threshold: float = 0.0
    batch_size: int = 0

    @property
    def pixels(self) -> int:
        """D."""
        return self.image_shape[0] * self.image_shape[1]

    @property
    def shown(self) -> str:
        """The binarisation in words."""
        return _tr(BINARISATIONS[self.binarisation].words(self.threshold))

    @property
    def words(self) -> str:
        """All of it in words."""
        return ", ".join(words for words in (aspect(self) for aspect in _ASPECTS) if words)

    @property
    def brief(self) -> str:
        """What stands beside a figure, where the images are the only ones."""
        return ", ".join(words for words in (self.shown, _batches(self)) if words)


def measure_of(
    name: str,
    training: TrainingSettings,
    data: DatasetIdentity | None,
    image_shape: tuple[int, int],
    dataset: str = "",
) -> Measure:
    """Return what a quantity is of, for a model that is trained with these settings.

    Parameters
    ----------
    name : str
        Of the quantity.
    training : TrainingSettings
    data : DatasetIdentity or None
        The images, if they are known.
    image_shape : tuple of int
        (height, width) of the model.
    dataset : str
        The images' name, where no more is known of them.
    """
    binarisation = _binarisation(name, training)
    batch = 0
    if name == LIVE:
        # Fewer images than a batch asks for are one batch.
        batch = training.batch_size if data is None else min(training.batch_size, data.train_num)
    return Measure(
        dataset if data is None else data.name,
        "" if data is None else data.digest,
        0 if data is None else data.train_num,
        0 if data is None else data.test_num,
        image_shape,
        binarisation,
        training.threshold if binarisation == "threshold" else 0.0,
        batch,
    )


def measure_before(
    name: str, training: TrainingSettings, data: DatasetIdentity | None, image_shape: tuple[int, int], dataset: str
) -> Measure:
    """Return the same for figures of files that do not say: then the article's KL was of what the model was shown."""
    measure = measure_of(name, training, data, image_shape, dataset)
    if name != LIVE:
        return measure
    threshold = training.threshold if training.binarisation == "threshold" else 0.0
    return replace(measure, binarisation=training.binarisation, threshold=threshold)


def _binarisation(name: str, training: TrainingSettings) -> str:
    """Return how the images are shown for a quantity: some are of states only, and others of grey values only."""
    data = MetricData(np.empty((0, 0)), binarisation=training.binarisation)
    if name == ANNEALED:
        return data.as_states().binarisation
    return METRICS[name].shown(data).binarisation if name in METRICS else data.binarisation


def apart(measures: Collection[Measure | None]) -> dict[Measure | None, str]:
    """Return for each of several measures, in words, what tells it from the others; "" for one that is alone."""
    known = [measure for measure in dict.fromkeys(measures) if measure is not None]
    differing = [aspect for aspect in _ASPECTS if len({aspect(measure) for measure in known}) > 1]
    words: dict[Measure | None, str] = {
        measure: ", ".join(text for text in (aspect(measure) for aspect in differing) if text) for measure in known
    }
    # Two data sets may have one name.
    doubled = [measure for measure in known if list(words.values()).count(words[measure]) > 1]
    words |= {measure: ", ".join(text for text in (words[measure], _digits(measure)) if text) for measure in doubled}
    if len(words) + (None in measures) > 1:
        words = {measure: text or _tr("images not known") for measure, text in words.items()}
    if None in measures:
        words[None] = _tr("not known on what") if words else ""
    return words


def is_comparable(one: Measure | None, other: Measure | None) -> bool:
    """Whether figures of two measures may stand on one axis; what is not known is in nobody's way."""
    return one is None or other is None or one == other


def counted(measures: Iterable[Measure | None], present: Measure | None) -> list[tuple[int, str]]:
    """Return how many there are of each measure that is not the present one, and what tells it from that."""
    of_each: dict[Measure | None, int] = {}
    for measure in measures:
        of_each[measure] = of_each.get(measure, 0) + 1
    return [(count, apart([present, measure])[measure]) for measure, count in of_each.items()]


def _name(measure: Measure) -> str:
    return plain(measure.dataset, _LONGEST_NAME)


def _size(measure: Measure) -> str:
    return "{}×{}".format(*measure.image_shape) if measure.pixels else ""


def _shown(measure: Measure) -> str:
    return measure.shown


def _batches(measure: Measure) -> str:
    return _tr("B = {count}").format(count=QLocale().toString(measure.batch_size)) if measure.batch_size else ""


def _digits(measure: Measure) -> str:
    return f"#{measure.digest[:_DIGITS]}" if measure.digest else _tr("images not known")


_ASPECTS: tuple[Callable[[Measure], str], ...] = (_name, _size, _shown, _batches)


def _tr(text: str) -> str:
    return QCoreApplication.translate("measures", text)
