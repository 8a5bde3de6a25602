"""What Train does next: goes on with the model, or begins a new run, and which of them where a person can choose."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from rbm_studio.app.stages import DATASET, Change, training_changes
from rbm_studio.app.state import RunState

if TYPE_CHECKING:
    from rbm_studio.app.newest_model import NewestModel
    from rbm_studio.app.session import Session
    from rbm_studio.core.settings import TrainingSettings

_OF_THE_START = ("preset", "seed", "binarisation", "threshold")
"""What a run begins with: its weights are drawn by the first two, its images made by the others. With one of them
changed a run that goes on is neither the old one nor the one that the settings name; the others only say how it steps,
and to turn them on the way is what they are there for."""


class NextRun(QObject):
    """Whether Train and Step begin a new run where the settings, or the images, are not those of the last training.

    Nothing is to choose as long as these are the same, but for the epochs and the device, which change nothing of how
    a model is trained.

    Parameters
    ----------
    session : Session
    newest : NewestModel

    Signals
    -------
    chosen
        A person chose.
    """

    chosen = Signal()

    def __init__(self, session: Session, newest: NewestModel) -> None:
        super().__init__(session)
        self._session, self._newest = session, newest
        self._choice: tuple[tuple[object, ...], bool] | None = None
        session.run_state_changed.connect(self._forget)
        session.newest_changed.connect(self._forget)

    @property
    def is_open(self) -> bool:
        """Whether there is something to choose, or to be told: Train would not just go on."""
        newest, session = self._newest, self._session
        if session.run_state is not RunState.IDLE or session.images is None or newest.is_replaceable:
            return False
        return not newest.fits_settings or any(change.name != "epochs" for change in self.changes)

    @property
    def can_continue(self) -> bool:
        """Whether the model has the units that the settings ask for."""
        return self._newest.fits_settings

    @property
    def begins_new(self) -> bool:
        """Whether Train draws new weights, whatever the model has learned."""
        if not self.can_continue:
            return True
        if not self.is_open:
            return False
        if self._choice is not None and self._choice[0] == self._key():
            return self._choice[1]
        return self._is_better_new()

    def choose(self, new: bool) -> None:
        """Begin a new run, or go on with the model; forgotten where something else of a run's start is changed."""
        self._choice = self._key(), new
        self.chosen.emit()

    @property
    def changes(self) -> tuple[Change, ...]:
        """What is another than in the last training, of the settings and the images."""
        model, session = self._newest.model, self._session
        if model is None:
            return ()
        found = training_changes(self._before(), session.settings.training)
        if not self._newest.is_trained:
            # Nothing but its weights is of the past.
            found = tuple(change for change in found if change.name in ("preset", "seed"))
        images, data = session.images, self._newest.training_data
        if images is not None and data is not None and data.digest != images.identity.digest:
            found = (*found, Change(DATASET, data.name, images.identity.name))
        return found

    def _before(self) -> TrainingSettings:
        model, present = self._newest.model, self._session.book.present
        assert model is not None
        return present.stages[-1].settings.training if present is not None and present.stages else model.training

    def _is_better_new(self) -> bool:
        names = {change.name for change in self.changes}
        present = self._session.book.present
        # Weights of which nothing is known, as those of another program, are here to be trained.
        is_known = present is not None and bool(present.stages)
        return DATASET in names or (is_known and not names.isdisjoint(_OF_THE_START))

    def _key(self) -> tuple[object, ...]:
        """Return what a choice holds for."""
        session, training = self._session, self._session.settings.training
        images = session.images
        return (
            replace(self._before(), epochs=1),
            *(getattr(training, name) for name in _OF_THE_START),
            "" if images is None else images.identity.digest,
            None if self._newest.training_data is None else self._newest.training_data.digest,
        )

    def _forget(self) -> None:
        """Forget what was chosen once a training has begun with it."""
        if self._choice is not None and self._session.run_state is RunState.IDLE and not self.is_open:
            self._choice = None
