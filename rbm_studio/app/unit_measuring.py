"""Measures in the background what all hidden units do over the data."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLocale, QObject, Signal

from rbm_studio.app.background import Background
from rbm_studio.app.numbers import short
from rbm_studio.app.standing import epoch_text
from rbm_studio.app.state import RunState
from rbm_studio.core.metric_data import MetricData
from rbm_studio.core.unit_activity import UnitActivity, measure_activity

if TYPE_CHECKING:
    import numpy.typing as npt

    from rbm_studio.app.session import Session
    from rbm_studio.app.state import Images, Model
    from rbm_studio.core.settings import TrainingSettings

INTERVAL_MS = 1000
PART, TEST_PART = 5000, 2000
"""So many images at most are measured on at first, and while the model trains; then, at rest, all."""

# Images times units: what bounds the time of a measurement of a large model, while it trains and else.
_PART_WORK, _WORK = PART * 1024, 60_000 * 1024


class _DroppedError(Exception):
    """Nobody wants the measurement any more."""


@dataclass(frozen=True)
class _Key:
    """What a measurement is of."""

    life: int
    epochs: float
    binarisation: str
    threshold: float
    whole: bool = False


@dataclass(frozen=True, eq=False)
class Measured:
    """What the units did over the data.

    Attributes
    ----------
    activity : UnitActivity
    images : Images
        What it was measured on.
    test_rows : int64 ndarray
        Which of the test images were; the activity counts these.
    epochs : float
        Passes through the data that the model had behind it.
    training : TrainingSettings
        How the images were made binary.
    """

    activity: UnitActivity
    images: Images
    test_rows: npt.NDArray[np.int64]
    epochs: float
    training: TrainingSettings

    def fits(self, model: Model) -> bool:
        """Return whether it can be of this model, by the numbers of its units."""
        p, activity = model.parameters, self.activity
        return (p.hidden_num, p.visible_num) == (len(activity.mean_activity), len(activity.mean_visible))


class UnitMeasuring(QObject):
    """Measures the session's model when it is asked to: on a part of the images, and at rest then on all.

    Whoever wants all asks again when the part is there.

    Parameters
    ----------
    session : Session
    parent : QObject, optional

    Signals
    -------
    changed
        `measured` is another.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._measured: Measured | None = None
        self._life = 0
        self._asked: _Key | None = None
        self._known: _Key | None = None
        self._dropped = threading.Event()
        self._background = Background("Measuring what each unit does", INTERVAL_MS, self)
        self._background.done.connect(self._take)
        self._background.failed.connect(session.failed)
        session.images_changed.connect(self._begin_again)
        session.curve_started.connect(self._begin_again)
        session.ending.connect(self._shut_down)

    @property
    def measured(self) -> Measured | None:
        """The newest measurement of the session's model."""
        return self._measured

    @property
    def can_measure(self) -> bool:
        """Whether there are a model, and images of its size."""
        images, model = self._session.images, self._session.model
        return model is not None and images is not None and images.dataset.image_shape == model.image_shape

    def missing_words(self) -> str:
        """Return why there is no measurement."""
        images, model = self._session.images, self._session.model
        if images is None or model is None:
            return self.tr("There are no images to measure on.")
        if not self.can_measure:
            return self.tr("The images have another size than the model.")
        return self.tr("Measuring…")

    def training_words(self, measured: Measured) -> str:
        """Return on which training images, and when, it was measured."""
        part, whole = measured.activity.images, len(measured.images.train)
        if part < whole:
            words = self.tr("{0} of {1} training images").format(_count(part), _count(whole))
        else:
            words = self.tr("{0} training images").format(_count(part))
        return self._as_of(words, measured)

    def test_words(self, measured: Measured) -> str:
        """Return on which test images, and when, it was measured; on training images where none are held out."""
        part, whole = measured.activity.test_images, len(measured.images.test)
        if not whole:
            return self.training_words(measured)
        if part < whole:
            words = self.tr("{0} of {1} test images").format(_count(part), _count(whole))
        else:
            words = self.tr("{0} test images").format(_count(part))
        return self._as_of(words, measured)

    def _as_of(self, words: str, measured: Measured) -> str:
        shown = {
            "grey": self.tr("grey values"),
            "stochastic": self.tr("binary at random"),
            "threshold": self.tr("binary above {0}").format(short(measured.training.threshold)),
        }[measured.training.binarisation]
        return self.tr("epoch {0}: {1}, {2}").format(epoch_text(measured.epochs), words, shown)

    def refresh(self) -> None:
        """Measure the newest parameters, unless that is done."""
        images, model = self._session.images, self._session.model
        if model is None or images is None or not self.can_measure:
            return
        rests = self._session.run_state in (RunState.IDLE, RunState.PAUSED)
        training = model.training
        key = _Key(self._life, model.epochs_trained, training.binarisation, training.threshold)
        if self._known is not None and replace(self._known, whole=False) == key:
            if self._known.whole or not rests or not _has_more(images):
                return
            key = replace(key, whole=True)
        if key == self._asked:
            return
        if self._asked is not None and self._asked.whole:
            # A run has begun, and what takes long is not for now; or there are other parameters, and it comes too late.
            self._drop()
        self._asked = key
        dropped = self._dropped
        # Where nothing trains nothing has to be spared; the rest after that is not owed by the run that follows.
        urgent = rests or self._known is None or self._known.whole
        self._background.request(lambda: _measure(model, images, key, dropped), urgent=urgent)

    def _begin_again(self) -> None:
        """Forget the model that was measured."""
        self._life += 1
        self._asked = self._known = None
        self._drop()
        self._background.forget()
        if self._measured is not None:
            self._measured = None
            self.changed.emit()

    def _drop(self) -> None:
        """End what is under way."""
        self._dropped.set()
        self._dropped = threading.Event()

    def _take(self, result: tuple[_Key, Measured] | None) -> None:
        if result is not None and result[0].life == self._life:
            self._known, self._measured = result
            self.changed.emit()

    def _shut_down(self) -> None:
        self._dropped.set()
        self._background.shut_down()


def _measure(model: Model, images: Images, key: _Key, dropped: threading.Event) -> tuple[_Key, Measured] | None:
    """Measure; on another thread, so nothing here may touch a widget or the session."""

    def watch(_done: int, _total: int) -> None:
        if dropped.is_set():
            raise _DroppedError

    parts = ((images.train, len(images.train)), (images.examples, len(images.examples)))
    if not key.whole:
        parts = ((images.train, PART), (images.examples, TEST_PART))
    most = max((_WORK if key.whole else _PART_WORK) // model.parameters.hidden_num, 1)
    rows = [_rows(len(part), min(count, most)) for part, count in parts]
    training, test = (
        MetricData(
            part if len(chosen) == len(part) else part[chosen],
            binarisation=key.binarisation,
            threshold=key.threshold,
            watch=watch,
        )
        for (part, _count), chosen in zip(parts, rows, strict=True)
    )
    try:
        watch(0, 0)
        activity = measure_activity(model.parameters, training, test)
    except _DroppedError:
        return None
    return key, Measured(activity, images, rows[1], key.epochs, model.training)


def _has_more(images: Images) -> bool:
    """Return whether all images are more than the part that is measured on first."""
    return len(images.train) > PART or len(images.examples) > TEST_PART


def _rows(images: int, count: int) -> npt.NDArray[np.int64]:
    """Return which images are measured on: evenly spaced in their set, and always the same."""
    return np.linspace(0, images - 1, min(count, images)).round().astype(np.int64)


def _count(number: int) -> str:
    return QLocale().toString(number)
