"""The run under way: started, paused and ended, and what it makes of the newest model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from rbm_studio.app.epoch_history import EpochHistory
from rbm_studio.app.moments import Moment
from rbm_studio.app.state import RunState, Speed
from rbm_studio.app.trainings import next_trainings, provenance_of
from rbm_studio.core.backend import backend_for
from rbm_studio.core.gpu_errors import GPUError
from rbm_studio.core.training import Training, TrainingDivergedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rbm_studio.app.curve_book import Remembered
    from rbm_studio.app.newest_model import NewestModel
    from rbm_studio.app.run_messages import Outcome, Update
    from rbm_studio.app.session import Session
    from rbm_studio.app.state import Images, Model, Settings
    from rbm_studio.app.training_runner import TrainingRunner
    from rbm_studio.core.state import TrainingState
    from rbm_studio.storage.provenance import DatasetIdentity, Provenance


@dataclass(frozen=True, eq=False)
class _Before:
    """What there was before a training began."""

    model: Model
    state: TrainingState | None
    data: DatasetIdentity | None
    run: Remembered | None


class RunUnderWay(QObject):
    """Trains a session's newest model; the session's signals tell how it goes.

    Parameters
    ----------
    session : Session
    newest : NewestModel
    runner : TrainingRunner

    Attributes
    ----------
    state : RunState
        Whether the program trains.
    history_before : EpochHistory
        The model's epochs before it.
    """

    def __init__(self, session: Session, newest: NewestModel, runner: TrainingRunner) -> None:
        super().__init__(session)
        self._session, self._newest, self._runner = session, newest, runner
        self.state = RunState.IDLE
        self.history_before = EpochHistory()
        self._speed = Speed()
        self._when_ended: Callable[[], None] | None = None
        self._provenance: Provenance | None = None
        self._before: _Before | None = None
        runner.updated.connect(self._take_update)
        runner.ended.connect(self._end)

    @property
    def images_per_second(self) -> float:
        """How fast it is, over the last seconds; 0 if that is not known."""
        return self._speed.images_per_second

    @property
    def seconds_left(self) -> float | None:
        """How long it will take, if that is known."""
        at, images, speed = self._newest.progress, self._session.images, self.images_per_second
        if at is None or images is None or speed <= 0:
            return None
        return max(0.0, at.epochs * len(images.train) - at.images) / speed

    def train(self) -> None:
        """Start, or go on after a pause."""
        self._session.timeline.look_at(None)
        if self.state is RunState.PAUSED:
            self._runner.resume()
            self._speed.restart()
            self._set_state(RunState.RUNNING)
        else:
            self._start(paused=False)

    def step(self) -> None:
        """Train on one batch, then pause."""
        self._session.timeline.look_at(None)
        if self.state is RunState.PAUSED:
            self._runner.step()
        else:
            self._start(paused=True)

    def pause(self) -> None:
        """Pause after the present batch."""
        if self.state is RunState.RUNNING:
            self._runner.pause()
            self._set_state(RunState.PAUSED)

    def stop(self) -> None:
        """End after the present batch, and keep what was learned."""
        if self.state in (RunState.RUNNING, RunState.PAUSED):
            self._runner.stop()
            self._set_state(RunState.STOPPING)

    def end_then(self, do: Callable[[], None]) -> None:
        """Do something that a run is in the way of, once it has ended; at once where there is none."""
        if self.state is RunState.IDLE:
            do()
        else:
            self._when_ended = do
            self.stop()

    def _start(self, *, paused: bool) -> None:
        session, newest, images = self._session, self._newest, self._session.images
        if self.state is not RunState.IDLE or images is None or not session.can_train:
            return
        replaces = newest.is_trained and session.next_run.begins_new
        if newest.model is None or session.next_run.begins_new:
            newest.begin_again()
        model, settings, state = newest.model, session.settings, newest.training_state
        if model is None:
            return
        if not newest.is_trained:
            session.book.rename_untrained(newest.run_name(model))
            newest.tell_of_curve()
        data = newest.training_data
        are_the_same = data is None or data.digest == images.identity.digest
        self._before = _Before(model, state, data, session.book.remember())
        session.book.note_start(model)
        trainings = next_trainings(model, state if are_the_same else None, settings, images)
        newest.model = replace(model, training=settings.training, trainings=trainings)
        self.history_before = model.history
        self._speed.restart()
        self._set_state(RunState.PAUSED if paused else RunState.RUNNING)
        if replaces:
            session.noticed.emit(self.tr("A new run begins; the one before stays among the runs."))
        if state is not None and state.unfinished and not are_the_same:
            session.noticed.emit(self.tr("These are other images than before: their epochs begin anew."))

        def training() -> Training:
            # On the worker, which knows what computes; before it tells of any step.
            training = _training(model, state, settings, images, resume=are_the_same)
            self._provenance = provenance_of(settings, images, training.backend)
            return training

        # A run that was stopped, or saved on its way, is brought to its end before another one begins.
        self._runner.start(training, paused=paused)

    def _take_update(self, update: Update) -> None:
        session, newest, model = self._session, self._newest, self._newest.model
        if update.progress is None or model is None:
            return
        session.experiment.touch()
        if model.provenance is not self._provenance:
            model = newest.model = replace(model, provenance=self._provenance)
        newest.training_data = session.images.identity if session.images is not None else None
        newest.progress = update.progress
        session.book.note_progress(update.progress.epochs_trained, update.seconds)
        if self.state is RunState.RUNNING:
            self._speed.add(update.progress.images)
        if update.snapshot is not None or update.records:
            model = replace(model, history=model.history + update.records)
            newest.model = model.at(update.snapshot) if update.snapshot is not None else model
        for now in update.checkpoints:
            then = replace(model, parameters=now.parameters, epochs_trained=now.epochs_trained)
            session.moments.take(Moment.of(then, now.state, newest.training_data))
        if update.points:
            session.curve_grew.emit(update.points)
        session.progressed.emit()
        if update.snapshot is not None:
            newest.tell()

    def _end(self, outcome: Outcome) -> None:
        session, was_wanted = self._session, self.state is not RunState.STOPPING
        self._take_end(outcome)
        self._take_back_if_idle()
        self._set_state(RunState.IDLE)
        when_ended, self._when_ended = self._when_ended, None
        if when_ended is not None:
            when_ended()
        if isinstance(outcome.error, GPUError) and was_wanted:
            session.device_failed.emit(outcome.error)
        elif outcome.error is not None:
            session.failed.emit(outcome.error)

    def _take_end(self, outcome: Outcome) -> None:
        session, newest = self._session, self._newest
        if newest.model is None or outcome.snapshot is None:
            return
        newest.model = replace(newest.model.at(outcome.snapshot), provenance=self._provenance)
        newest.training_state = outcome.state
        newest.training_data = session.images.identity if session.images is not None else None
        if outcome.records is not None:
            newest.model = replace(newest.model, history=self.history_before + outcome.records)
            # It told of what is lost.
            newest.progress = None
            session.progressed.emit()
        before = self._before
        # What took no step leaves the moment before it as it is, and what diverged is of an earlier time than it says.
        has_stepped = before is None or newest.model.epochs_trained > before.model.epochs_trained
        if has_stepped and not isinstance(outcome.error, TrainingDivergedError):
            session.moments.take_end(Moment.of(newest.model, outcome.state, newest.training_data))
        newest.tell()

    def _take_back_if_idle(self) -> None:
        """Have trained with nothing, if no step was taken: neither the model nor its run is to say otherwise."""
        before, self._before = self._before, None
        newest = self._newest
        if before is None or newest.model is None or newest.model.epochs_trained > before.model.epochs_trained:
            return
        kept = before.model
        newest.model = replace(
            newest.model, training=kept.training, trainings=kept.trainings, provenance=kept.provenance
        )
        # What an interrupted run goes on with; the first training's own is as good as none, and on the CPU.
        newest.training_state = before.state or newest.training_state
        newest.training_data = before.data
        self._session.book.put_back(before.run)

    def _set_state(self, state: RunState) -> None:
        if self.state is not state:
            self.state = state
            self._session.run_state_changed.emit()


def _training(
    model: Model, state: TrainingState | None, settings: Settings, images: Images, *, resume: bool
) -> Training:
    """Build the training that a run does; on the worker, for to find a GPU can take seconds."""
    backend = backend_for(settings.device)
    return Training(
        model.parameters,
        images.train,
        settings.training,
        labels=images.train_labels,
        held_out=images.test,
        held_out_labels=images.test_labels,
        backend=backend,
        # A copy: moments share the state, and must stay what they were.
        state=None if state is None else state.moved(backend),
        epochs_trained=model.history[-1].epoch if model.history else 0.0,
        resume=resume,
    )
