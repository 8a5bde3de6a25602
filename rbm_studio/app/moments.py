"""Moments of a run: what a model was on its way, kept so that one can look back, compare, and go on from there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rbm_studio.app.session import Session
    from rbm_studio.app.state import Model
    from rbm_studio.core.metrics import EpochRecord
    from rbm_studio.core.parameters import Parameters
    from rbm_studio.core.state import TrainingState
    from rbm_studio.storage.provenance import DatasetIdentity, Provenance

MOST = 24
"""So many moments of one run are kept at most,"""

BUDGET_BYTES = 128 << 20
"""and so many bytes of parameters and training states, in memory and in an experiment's file; but two at least."""

FIRST_INTERVAL = 0.25
"""Epochs from one moment to the next at first."""


@dataclass(frozen=True, eq=False)
class Moment:
    """A model as it was at some time.

    Attributes
    ----------
    parameters : Parameters
        Never changed afterwards.
    image_shape : tuple of int
        (height, width) of the visible units.
    epochs : float
        Passes through the data that it has behind it.
    record : EpochRecord or None
        The last whole epoch's figures at that time, if they are known.
    path : Path or None
        The file that it was read from; None where it was trained here.
    state : TrainingState or None
        What training goes on with from there, to the same bits as it did then; None where it has only begun, or where
        that is not known.
    data : DatasetIdentity or None
        The images that it was trained on last, if they are known.
    provenance : Provenance or None
        Of the training that led there; see `Model`.
    """

    parameters: Parameters
    image_shape: tuple[int, int]
    epochs: float
    record: EpochRecord | None = None
    path: Path | None = None
    state: TrainingState | None = None
    data: DatasetIdentity | None = None
    provenance: Provenance | None = None

    @classmethod
    def of(cls, model: Model, state: TrainingState | None = None, data: DatasetIdentity | None = None) -> Moment:
        """Return a model's present moment; nothing is copied, for neither parameters nor states are written to."""
        record = model.history.at(model.epochs_trained)
        shape, epochs, provenance = model.image_shape, model.epochs_trained, model.provenance
        return cls(model.parameters, shape, epochs, record, state=state, data=data, provenance=provenance)

    @property
    def size(self) -> int:
        """Bytes of its arrays."""
        own = sum(array.nbytes for array in self.parameters.arrays().values())
        return own + (self.state.nbytes if self.state is not None else 0)


class Moments(QObject):
    """Keeps moments of the present model's life, evenly spaced, and the last one of the model before.

    Of each multiple of an interval the first moment that comes after it is kept, and the one in which a training ended.
    When these are more than `MOST`, or than `BUDGET_BYTES` hold, the interval is doubled, and those in between are
    dropped. The start and the newest always stay: of models with which two fill the budget, these alone. The last
    moment of the model before, which is only compared with, comes on top, without its training state.

    Parameters
    ----------
    session : Session
    parent : QObject, optional

    Signals
    -------
    restarted
        Another model's life begins: all moments are new.
    changed
        `kept` or `before` are others.
    """

    restarted = Signal()
    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._kept: list[Moment] = []
        self._before: Moment | None = None
        self._newest: Moment | None = None
        self._interval = FIRST_INTERVAL
        session.curve_started.connect(self._restart)
        session.newest_changed.connect(self._note_newest)
        self._restart()

    @property
    def kept(self) -> tuple[Moment, ...]:
        """The moments of the present model, from its start; not empty where there is a model."""
        return tuple(self._kept)

    @property
    def start(self) -> Moment | None:
        """The present model as it came."""
        return self._kept[0] if self._kept else None

    @property
    def before(self) -> Moment | None:
        """The last moment of the trained model that the present one replaced."""
        return self._before

    @property
    def interval(self) -> float:
        """From one moment to the next, in epochs."""
        return self._interval

    def _restart(self) -> None:
        model, newest = self._session.newest, self._newest
        # A run begins a curve too, with the untrained model that was drawn for it.
        if newest is not None and newest.epochs > 0:
            self._before = newest
        # The very model that was brought back.
        if self._before is not None and model is not None and model.parameters is self._before.parameters:
            self._before = None
        self._newest = Moment.of(model) if model is not None else None
        state, data = self._session.training_state, self._session.training_data
        start = Moment.of(model, state, data) if model is not None else None
        self._kept = [start] if start is not None else []
        self._interval = FIRST_INTERVAL
        self.restarted.emit()
        self.changed.emit()

    def _note_newest(self) -> None:
        if self._session.newest is not None:
            self._newest = Moment.of(self._session.newest)

    def take(self, moment: Moment) -> None:
        """Keep a moment of the present model, if it is the first after a multiple of the interval."""
        if not self._kept or self._multiple(moment) > self._multiple(self._kept[-1]):
            self._add(moment)

    def take_end(self, moment: Moment) -> None:
        """Keep the moment in which a training of the present model ended, whichever it is."""
        if self._kept and moment.epochs <= self._kept[-1].epochs:
            # Nothing was trained, or the last batch's is kept already; this one shares its arrays with the model.
            if len(self._kept) > 1:
                self._kept[-1] = moment
                self.changed.emit()
            return
        self._add(moment)

    def _add(self, moment: Moment) -> None:
        self._kept.append(moment)
        self._thin()
        self.changed.emit()

    def restore(self, moments: Sequence[Moment]) -> None:
        """Take these moments of the present model, in their order, in the place of those that are kept."""
        present = self._kept[-1:]
        self._kept = list(moments) or self._kept
        if present and present[0].epochs > self._kept[-1].epochs:
            self._kept += present
        self._thin()
        self.restarted.emit()
        self.changed.emit()

    def _thin(self) -> None:
        while len(self._kept) > MOST or (len(self._kept) > 2 and self._size() > BUDGET_BYTES):
            self._interval *= 2
            kept = self._kept[:1]
            for moment in self._kept[1:-1]:
                if self._multiple(moment) > self._multiple(kept[-1]):
                    kept.append(moment)
            self._kept = [*kept, self._kept[-1]]

    def _size(self) -> int:
        return sum(moment.size for moment in self._kept)

    def _multiple(self, moment: Moment) -> int:
        return int(moment.epochs / self._interval)
