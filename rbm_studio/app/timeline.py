"""Looking back along the present run: which of its moments the window shows in the place of the newest model."""

from __future__ import annotations

import bisect
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from rbm_studio.app.epoch_history import EpochHistory

if TYPE_CHECKING:
    from rbm_studio.app.moments import Moment
    from rbm_studio.app.session import Session
    from rbm_studio.app.state import Model


class Timeline(QObject):
    """The moment that is looked at, of those that are kept; training goes on meanwhile, unseen.

    Parameters
    ----------
    session : Session
    parent : QObject, optional

    Signals
    -------
    changed
        Another moment is looked at, or the newest model again. The session's `model_changed` follows.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._past: Moment | None = None
        self._model: Model | None = None

    @property
    def past(self) -> Moment | None:
        """The moment that is looked at; None: the newest model."""
        return self._past

    @property
    def model(self) -> Model | None:
        """The model as it was at that moment."""
        return self._model

    @property
    def now(self) -> float:
        """How many epochs the newest model has behind it."""
        newest = self._session.newest
        return newest.epochs_trained if newest is not None else 0.0

    @property
    def end(self) -> float:
        """The epoch in which the run will end, or has; of a new model, what the settings say."""
        session = self._session
        progress, state = session.progress, session.training_state
        if progress is not None:
            images = len(session.images.train) if session.images is not None else 1
            return max(round(progress.epochs_trained - progress.images / images + progress.epochs, 3), self.now)
        if state is not None and state.unfinished:
            begun = state.epochs_trained - state.position.images / state.position.total_images
            return max(round(begun + state.settings.epochs, 3), self.now)
        return self.now or float(session.settings.training.epochs)

    def stops(self) -> tuple[Moment, ...]:
        """Return the moments before now that can be looked at, in their order; the one that is looked at stays."""
        stops = [moment for moment in self._session.moments.kept if moment.epochs < self.now]
        if self._past is not None and self._past.epochs not in [moment.epochs for moment in stops]:
            # It has been thinned out meanwhile.
            bisect.insort(stops, self._past, key=lambda moment: moment.epochs)
        return tuple(stops)

    def look_at(self, moment: Moment | None) -> None:
        """Show a moment of the present run in all of the window; the newest model with None."""
        if moment is self._past or (moment is not None and self._session.newest is None):
            return
        self._past = moment
        self._model = None if moment is None else self._model_at(moment)
        self.changed.emit()
        self._session.model_changed.emit()

    def let_go(self) -> None:
        """Look at the newest model again, which another one is about to replace: of that the session will tell."""
        if self._past is not None:
            self._past = self._model = None
            self.changed.emit()

    def look_earlier(self) -> None:
        """Go back to the moment before."""
        before = [moment for moment in self.stops() if self._past is None or moment.epochs < self._past.epochs]
        if before:
            self.look_at(before[-1])

    def look_later(self) -> None:
        """Go on to the next moment, or to now."""
        if self._past is not None:
            after = [moment for moment in self.stops() if moment.epochs > self._past.epochs]
            self.look_at(after[0] if after else None)

    def _model_at(self, moment: Moment) -> Model:
        newest = self._session.newest
        assert newest is not None
        return replace(
            newest,
            parameters=moment.parameters,
            image_shape=moment.image_shape,
            training=newest.training if moment.state is None else moment.state.settings,
            history=EpochHistory([record for record in newest.history if record.epoch <= moment.epochs]),
            trainings=None
            if newest.trainings is None
            else tuple(training for training in newest.trainings if training.begun < moment.epochs),
            provenance=moment.provenance,
            # Of the steps that led there nothing is kept.
            update=None,
            particles=None,
            epochs_trained=moment.epochs,
        )
