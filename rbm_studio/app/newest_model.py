"""The model that is trained, saved and measured, whatever is shown; and how another one takes its place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from rbm_studio.app.change_words import run_name
from rbm_studio.app.epoch_history import EpochHistory
from rbm_studio.app.moments import Moment
from rbm_studio.app.stages import stages_of
from rbm_studio.app.state import Model
from rbm_studio.core.presets import preset_named

if TYPE_CHECKING:
    from rbm_studio.app.run import Run
    from rbm_studio.app.session import Session
    from rbm_studio.core.parameters import Parameters
    from rbm_studio.core.state import TrainingState
    from rbm_studio.core.training import Progress
    from rbm_studio.storage.experiment_file import DatasetIdentity


class NewestModel(QObject):
    """A session's model with all that belongs to it; the session's signals tell of it.

    Parameters
    ----------
    session : Session

    Attributes
    ----------
    model : Model or None
    training_state : TrainingState or None
        What a next run goes on with, as the last one left it.
    training_data : DatasetIdentity or None
        The images that it was trained on last; None where that is not known.
    progress : Progress or None
        Where its present or last run stands.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.model: Model | None = None
        self.training_state: TrainingState | None = None
        self.training_data: DatasetIdentity | None = None
        self.progress: Progress | None = None
        self._drawn: Parameters | None = None

    @property
    def epochs_trained(self) -> float:
        """How many passes through the data it has behind it."""
        if self.progress is not None:
            return self.progress.epochs_trained
        return self.model.epochs_trained if self.model is not None else 0.0

    @property
    def is_trained(self) -> bool:
        """Whether it has learned anything."""
        model = self.model
        if self.training_state is not None:
            return True
        return bool(model and (model.history or model.epochs_trained or model.origin))

    @property
    def is_drawn(self) -> bool:
        """Whether its parameters were only drawn, and may be drawn anew for other settings."""
        return self.model is not None and self.model.parameters is self._drawn

    @property
    def is_replaceable(self) -> bool:
        """Whether nothing is lost with it."""
        return self.model is None or (self.is_drawn and not self.is_trained)

    @property
    def fits_settings(self) -> bool:
        """Whether it has the units that the settings ask for; so does none."""
        session, model = self._session, self.model
        if model is None:
            return True
        settings = session.settings
        labels = model.parameters.label_num if session.images is None else session.label_num
        return (model.parameters.hidden_num, model.image_shape, model.parameters.label_num) == (
            settings.hidden_num,
            settings.image_shape,
            labels,
        )

    def draw(self) -> None:
        """Draw a new one, if there are images."""
        session = self._session
        images, settings = session.images, session.settings
        if images is None:
            return
        training = settings.training
        parameters = preset_named(training.preset).initial_parameters(
            images.train.shape[1],
            settings.hidden_num,
            training.seed,
            images.mean,
            len(images.train),
            session.label_num,
        )
        self._drawn = parameters
        self.become(Model(parameters, images.dataset.image_shape, training, trainings=()))

    def begin_again(self) -> None:
        """Draw a new one, whatever is lost with the present one."""
        self._session.note_change()
        self.draw()

    def follow_settings(self) -> None:
        """Be what the settings say now, as long as nothing is lost with it."""
        model, wanted = self.model, self._session.settings.training
        if model is None or not self.is_replaceable:
            return
        drawn = model.training
        if not self.fits_settings or (drawn.seed, drawn.preset) != (wanted.seed, wanted.preset):
            self.draw()
        else:
            self.model = replace(model, training=wanted)

    def adopt(
        self,
        model: Model,
        state: TrainingState | None,
        data: DatasetIdentity | None,
        *,
        is_drawn: bool,
        run: Run | None,
    ) -> None:
        """Be the model of a document, or of an earlier run; see `Session.adopt`."""
        self._drawn = model.parameters if is_drawn else None
        self.become(model, state, data, run=run)

    def become(
        self,
        model: Model,
        state: TrainingState | None = None,
        data: DatasetIdentity | None = None,
        *,
        name: str = "",
        run: Run | None = None,
    ) -> None:
        """Be another model: a new run's, which may have a name, or that of an earlier one that goes on."""
        session, book = self._session, self._session.book
        session.timeline.let_go()
        end, records = self._end_of_run(), self.model.history if self.model is not None else EpochHistory()
        if book.present is not None:
            book.present.data = self.training_data
            if self.model is not None:
                book.present.origin, book.present.trainings = self.model.origin, self.model.trainings
                book.present.provenance = self.model.provenance
        self.model, self.training_state, self.training_data = model, state, data
        self.progress = None
        session.selection.begin_again(model.parameters.hidden_num, model.parameters.visible_num)
        if run is None:
            book.begin(name or self.run_name(model), end, records)
            self._tell_of_stages(model)
        else:
            book.take(run, end, records)
        self.tell_of_curve()
        session.progressed.emit()
        self.tell()

    def _tell_of_stages(self, model: Model) -> None:
        """Let the run of a model that came with a past, such as from a file, know with what it was trained."""
        present = self._session.book.present
        if present is not None:
            present.stages = stages_of(model.trainings, present.settings)

    def tell(self) -> None:
        """Let the window know that it has changed."""
        self._session.newest_changed.emit()
        if self._session.timeline.past is None:
            self._session.model_changed.emit()

    def tell_of_curve(self) -> None:
        """Let the window know that its curve begins."""
        present = self._session.book.present
        if present is not None:
            self._session.curve_started.emit(present.name)

    def run_name(self, model: Model) -> str:
        """Return what a run of a model is called, with the present settings."""
        training = self._session.settings.training
        return run_name(model.parameters.hidden_num, [training])

    def _end_of_run(self) -> Moment | None:
        """Return what brings it back; None if it has learned nothing."""
        model = self.model
        if model is None or not self.is_trained:
            return None
        return Moment.of(model, self.training_state, self.training_data)
