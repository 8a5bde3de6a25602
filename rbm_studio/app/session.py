"""The one mutable state of the program, and the signals that tell of its changes.

Panels read it, ask it for things, and redraw when it says so; none of them knows another.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from rbm_studio.app.curve_book import CurveBook
from rbm_studio.app.curve_history import CurvePoint
from rbm_studio.app.documents import Documents
from rbm_studio.app.drawings import Drawings
from rbm_studio.app.epoch_history import EpochHistory
from rbm_studio.app.experiment import Experiment
from rbm_studio.app.moments import Moment, Moments
from rbm_studio.app.numbers import fixed
from rbm_studio.app.selection import Selection
from rbm_studio.app.state import Images, Model, RunState, Settings, Speed
from rbm_studio.app.task import Task, TaskSlot
from rbm_studio.app.timeline import Timeline
from rbm_studio.app.training_runner import Outcome, TrainingRunner, Update
from rbm_studio.app.trainings import next_trainings
from rbm_studio.core.backend import backend_for
from rbm_studio.core.gpu_errors import GPUError
from rbm_studio.core.presets import preset_named
from rbm_studio.core.training import Progress, Training, TrainingDivergedError
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rbm_studio.app.run import Run
    from rbm_studio.app.training_runner import Checkpoint
    from rbm_studio.core.parameters import Parameters
    from rbm_studio.core.state import TrainingState
    from rbm_studio.data import Dataset
    from rbm_studio.storage.experiment_file import DatasetIdentity
    from rbm_studio.storage.model_file import SavedModel


class Session(QObject):
    """The state of the program.

    Attributes
    ----------
    selection : Selection
        The units that are pointed at.
    drawings : Drawings
        What lies on the canvas, and what was kept of it.
    experiment : Experiment
        The document that all this belongs to.
    moments : Moments
        What the model was on its way.
    book : CurveBook
        The runs, and what was measured of them.
    documents : Documents
        Opens and saves all this.
    timeline : Timeline
        Which of the moments is looked at.

    Signals
    -------
    images_changed
        Another dataset, or another size of its images.
    settings_changed
    model_changed
        The model that is shown is another, or has other parameters: at most ten times a second.
    newest_changed
        So is the newest model, which is not shown while the user looks back.
    run_state_changed
    progressed
        `progress` is newer: at most 30 times a second.
    curve_started : str
        A new model has a curve of its own, with this title.
    curve_grew : list of CurvePoint
    task_changed
        A task started or ended; see `task`.
    failed : RBMStudioError
        Something went wrong that a person should know.
    device_failed : GPUError
        A run stopped since the GPU cannot go on; `go_on_on_cpu` does.
    noticed : str
        A short message for the status bar.
    ending
        The program is about to end: what works in the background must end, too.
    setting_pointed_at : str
        Someone should look at the setting of this name, which the Model panel shows.
    """

    images_changed = Signal()
    settings_changed = Signal()
    model_changed = Signal()
    newest_changed = Signal()
    run_state_changed = Signal()
    progressed = Signal()
    curve_started = Signal(str)
    curve_grew = Signal(list)
    task_changed = Signal()
    failed = Signal(object)
    device_failed = Signal(object)
    noticed = Signal(str)
    ending = Signal()
    setting_pointed_at = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.selection = Selection(self)
        self.drawings = Drawings(self)
        self.drawings.failed.connect(self.failed)
        self.drawings.noticed.connect(self.noticed)
        self.experiment = Experiment(self)
        self._images: Images | None = None
        self._settings = Settings()
        self._model: Model | None = None
        self._training_state: TrainingState | None = None
        self._training_data: DatasetIdentity | None = None
        self._drawn: Parameters | None = None
        self._run_state = RunState.IDLE
        self._progress: Progress | None = None
        self._speed = Speed()
        self._tasks = TaskSlot(self)
        self._tasks.changed.connect(self.task_changed)
        self._tasks.failed.connect(self.failed)
        self._tasks.noticed.connect(self.noticed)
        self._history_before_run = EpochHistory()
        self._when_ended: Callable[[], None] | None = None
        self.timeline = Timeline(self, self)
        self._runner = TrainingRunner(self)
        self._runner.updated.connect(self._take_update)
        self._runner.ended.connect(self._end_run)
        self.moments = Moments(self, self)
        self.book = CurveBook(self, self)
        self.moments.changed.connect(lambda: self._runner.keep_every(self.moments.interval))
        self._runner.keep_every(self.moments.interval)
        self.documents = Documents(self, self._tasks, self._runner)

    # --- what there is

    @property
    def images(self) -> Images | None:
        """The dataset at the present image size."""
        return self._images

    @property
    def settings(self) -> Settings:
        """What the next run will do."""
        return self._settings

    @property
    def model(self) -> Model | None:
        """The model that is shown: the newest, or what it was at the moment that the user looks back at."""
        return self.timeline.model or self._model

    @property
    def newest(self) -> Model | None:
        """The model that is trained, saved and measured, whatever is shown."""
        return self._model

    @property
    def training_state(self) -> TrainingState | None:
        """What a next run of the model goes on with, as the last one left it."""
        return self._training_state

    @property
    def training_data(self) -> DatasetIdentity | None:
        """The images that the model was trained on last; None where that is not known."""
        return self._training_data

    @property
    def history_before_run(self) -> EpochHistory:
        """The model's epochs before the run under way."""
        return self._history_before_run

    @property
    def run_state(self) -> RunState:
        """Whether the program trains."""
        return self._run_state

    @property
    def progress(self) -> Progress | None:
        """Where the present or last run stands."""
        return self._progress

    @property
    def epochs_trained(self) -> float:
        """How many passes through the data the model that is shown has behind it."""
        if self.timeline.model is not None:
            return self.timeline.model.epochs_trained
        if self._progress is not None:
            return self._progress.epochs_trained
        return self._model.epochs_trained if self._model is not None else 0.0

    @property
    def images_per_second(self) -> float:
        """How fast the run is, over the last seconds; 0 if that is not known."""
        return self._speed.images_per_second

    @property
    def seconds_left(self) -> float | None:
        """How long the run will take, if that is known."""
        at, speed = self._progress, self.images_per_second
        if at is None or self._images is None or speed <= 0:
            return None
        return max(0.0, at.epochs * len(self._images.train) - at.images) / speed

    @property
    def task(self) -> Task | None:
        """The loading or download under way."""
        return self._tasks.task

    @property
    def can_train(self) -> bool:
        """Whether there is something to train on and nothing in the way."""
        return self._images is not None and self._tasks.task is None

    @property
    def trains_new_model(self) -> bool:
        """Whether Train starts another model, since the present one has other units."""
        model, settings = self._model, self._settings
        if model is None:
            return False
        labels = model.parameters.label_num if self._images is None else self.label_num
        return (model.parameters.hidden_num, model.image_shape, model.parameters.label_num) != (
            settings.hidden_num,
            settings.image_shape,
            labels,
        )

    @property
    def label_num(self) -> int:
        """How many label units the next new model has."""
        return self._images.class_num if self._images is not None and self._settings.labels else 0

    # --- data

    def load(self, title: str, load: Callable[[Task], Dataset | None]) -> None:
        """Load a dataset in the background; the present one stays if that fails, or finds none."""
        if self._run_state is not RunState.IDLE:
            self.failed.emit(
                RBMStudioError(
                    self.tr("The dataset cannot be changed while training."), self.tr("Stop the training first.")
                )
            )
            return
        shape = self._settings.image_shape

        def work(task: Task) -> Images | None:
            dataset = load(task)
            if dataset is None:
                return None
            # Once, and here: of a large file it takes seconds, which to save must not.
            _ = dataset.digest
            return Images.prepare(dataset, shape if shape in dataset.sizes() else dataset.image_shape)

        self._tasks.start(title, work, self._show_images)

    def set_image_shape(self, shape: tuple[int, int]) -> bool:
        """Resample the dataset to another size, in the background; return whether that has begun."""
        if self._images is None or self._run_state is not RunState.IDLE or shape == self._settings.image_shape:
            return False
        return self._resample(self._images.original, shape, self._show_images)

    def _resample(self, original: Dataset, shape: tuple[int, int], done: Callable[[Images], None]) -> bool:
        title = self.tr("Resampling the images to {0}×{1}").format(*shape)
        return self._tasks.start(title, lambda _task: Images.prepare(original, shape), done)

    def _show_images(self, images: Images | None) -> None:
        if images is None:
            return
        self._images = images
        if self._is_replaceable or self._settings.image_shape != images.dataset.image_shape:
            self._note_change()
        self._settings = replace(self._settings, image_shape=images.dataset.image_shape)
        self.images_changed.emit()
        self.settings_changed.emit()
        if self._is_replaceable:
            self._new_model()

    # --- the model

    @property
    def is_trained(self) -> bool:
        """Whether the model has learned anything."""
        model = self._model
        if self._training_state is not None:
            return True
        return bool(model and (model.history or model.epochs_trained or model.origin))

    @property
    def is_drawn(self) -> bool:
        """Whether the model's parameters were only drawn, and may be drawn anew for other settings."""
        return self._model is not None and self._model.parameters is self._drawn

    @property
    def _is_replaceable(self) -> bool:
        return self._model is None or (self.is_drawn and not self.is_trained)

    def change_settings(self, **changes: Any) -> None:
        """Change `hidden_num`, `device`, `labels`, or any of the training settings, by name; not during a run.

        Raises
        ------
        RBMStudioError
            If a value is impossible; nothing is changed then.
        """
        own = {key: changes.pop(key) for key in ("hidden_num", "device", "labels") if key in changes}
        settings = replace(self._settings, **own, training=replace(self._settings.training, **changes))
        self._set_settings(settings)

    def choose_preset(self, name: str) -> None:
        """Take a preset's settings; epochs, batch size and seed stay as they were set, unless the preset names them."""
        self._set_settings(self._settings.with_preset(name))

    def _set_settings(self, settings: Settings) -> None:
        if settings == self._settings or self._run_state is not RunState.IDLE:
            return
        self._settings = settings
        self._note_change()
        self.settings_changed.emit()
        model = self._model
        if model is not None and self._is_replaceable:
            drawn, wanted = model.training, settings.training
            if self.trains_new_model or (drawn.seed, drawn.preset) != (wanted.seed, wanted.preset):
                self._new_model()
            else:
                self._model = replace(model, training=wanted)

    def _new_model(self) -> None:
        images, settings = self._images, self._settings
        if images is None:
            return
        training = settings.training
        parameters = preset_named(training.preset).initial_parameters(
            images.train.shape[1],
            settings.hidden_num,
            training.seed,
            images.mean,
            len(images.train),
            self.label_num,
        )
        self._drawn = parameters
        self._set_model(Model(parameters, images.dataset.image_shape, training, trainings=()))

    def _note_change(self) -> None:
        """Take notice that the document changes, if there is anything in it that a person would miss."""
        if self.experiment.path is not None or self.is_trained:
            self.experiment.touch()

    def _replace_model(self) -> None:
        self._note_change()
        self._new_model()

    @property
    def can_bring_back(self) -> bool:
        """Whether a trained model was replaced, and can be shown again."""
        return self.book.previous is not None and self._run_state is RunState.IDLE

    def bring_back(self, run: Run | None = None) -> None:
        """Show the model of an earlier run, and go on from there: of the last one, without an argument.

        At once, or a little later where the images must be resampled for it. Nothing happens if it is no longer kept.
        """
        run = run or self.book.previous
        if run is None or run.end is None or self._run_state is not RunState.IDLE:
            return
        images, shape = self._images, run.end.image_shape
        if images is not None and shape != images.dataset.image_shape and images.can_have(shape):
            self._resample(images.original, shape, lambda images: self._show_again(run, images))
        else:
            self._show_again(run, images)

    def _show_again(self, run: Run, images: Images | None) -> None:
        end = run.end
        if end is None or run not in self.book.runs:
            return
        training, history = run.settings.training, run.history
        model = Model(end.parameters, end.image_shape, training, history, epochs_trained=end.epochs)
        model = replace(model, origin=run.origin, trainings=run.trainings)
        settings = self.settings_of(model)
        if images is not None and images is not self._images:
            settings = replace(settings, image_shape=model.image_shape)
        self.experiment.touch()
        self.adopt(settings, images, model, end.state, run.data, run=run)

    def settings_of(self, model: Model) -> Settings:
        """Return the settings that a model was trained with, at the present image size."""
        p = model.parameters
        return replace(self._settings, hidden_num=p.hidden_num, labels=p.label_num > 0, training=model.training)

    def adopt(
        self,
        settings: Settings,
        images: Images | None,
        model: Model | None = None,
        state: TrainingState | None = None,
        data: DatasetIdentity | None = None,
        *,
        is_drawn: bool = False,
        run: Run | None = None,
    ) -> None:
        """Take the settings and the model of a document, or of an earlier run; not during a run.

        Parameters
        ----------
        settings : Settings
        images : Images or None
            Of the size that the settings name; None leaves those that are there.
        model : Model or None
            None for a new one, as soon as there are images.
        state : TrainingState or None
            What its training goes on with.
        data : DatasetIdentity or None
            The images that it was trained on, if they are known.
        is_drawn : bool
            Whether its parameters were only drawn.
        run : Run or None
            The earlier run that goes on; a new one without it.
        """
        # Before the model, whose curve is named by them.
        self._settings = settings
        if images is not None and images is not self._images:
            self._images = images
            self.images_changed.emit()
        self.settings_changed.emit()
        if model is not None:
            self._drawn = model.parameters if is_drawn else None
            self._set_model(model, state, data, run=run)
        elif self._images is not None:
            self._new_model()

    def _tell_of_newest(self) -> None:
        self.newest_changed.emit()
        if self.timeline.past is None:
            self.model_changed.emit()

    def _set_model(
        self,
        model: Model,
        state: TrainingState | None = None,
        data: DatasetIdentity | None = None,
        *,
        name: str = "",
        run: Run | None = None,
    ) -> None:
        """Show another model: a new run's, which may have a name, or that of an earlier one that goes on."""
        self.timeline.let_go()
        end, records = self._end_of_run(), self._model.history if self._model is not None else EpochHistory()
        if self.book.present is not None:
            self.book.present.data = self._training_data
            if self._model is not None:
                self.book.present.origin, self.book.present.trainings = self._model.origin, self._model.trainings
        self._model, self._training_state, self._training_data = model, state, data
        self._progress = None
        self.selection.begin_again(model.parameters.hidden_num, model.parameters.visible_num)
        if run is None:
            self.book.begin(name or self._run_name(model), end, records)
        else:
            self.book.take(run, end, records)
        self._tell_of_curve()
        self.progressed.emit()
        self._tell_of_newest()

    def _end_of_run(self) -> Moment | None:
        """Return what brings the present model back; None if it has learned nothing."""
        model = self._model
        return Moment.of(model, self._training_state) if model is not None and self.is_trained else None

    def _run_name(self, model: Model) -> str:
        training = self._settings.training
        return self.tr("{0} hidden, {1}, rate {2:g}, batch {3}").format(
            model.parameters.hidden_num, training.preset, training.learning_rate, training.batch_size
        )

    def _tell_of_curve(self) -> None:
        if self.book.present is not None:
            self.curve_started.emit(self.book.present.name)

    def show_history(self) -> None:
        """Put the figures of the model's epochs into its curve, which begins with them."""
        if self._model is not None:
            self.curve_grew.emit([CurvePoint(r.epoch, r.training_kl, r.held_out_kl) for r in self._model.history])

    # --- files; see `documents`

    def open_model(self, path: Path) -> bool:
        """Show a model in a file as a new experiment; return whether it will be shown, at once or a little later."""
        return self.documents.open_model(path)

    def import_model(self, path: Path) -> bool:
        """Show a model of another program as a new experiment; returns as `open_model` does."""
        return self.documents.import_model(path)

    def save_model(self, path: Path) -> bool:
        """Write the model alone to a file, also while it trains; return whether that was done."""
        return self.documents.save_model(path)

    def saved_model(self) -> SavedModel | None:
        """Return what a file of the model would hold, also while it trains; None if `failed` tells why."""
        return self.documents.saved_model()

    def checkpoint(self) -> Checkpoint | None:
        """Return where the run under way stands, from any thread; None if there is none, or it does not answer."""
        return self._runner.checkpoint()

    def deliver(self) -> None:
        """Take what the run has made so far, without waiting for its turn."""
        self._runner.deliver()

    def open_experiment(self, path: Path) -> bool:
        """Show an experiment in a file; return whether it will be shown, at once or a little later."""
        return self.documents.open_experiment(path)

    def save_experiment(self, path: Path) -> bool:
        """Save all there is, also while it trains; return whether that was done."""
        return self.documents.save_and_wait(path)

    # --- training

    def train(self) -> None:
        """Start training the newest model, which is shown again, or go on after a pause."""
        self.timeline.look_at(None)
        if self._run_state is RunState.PAUSED:
            self._runner.resume()
            self._speed.restart()
            self._set_run_state(RunState.RUNNING)
        else:
            self._start_run(paused=False)

    def go_on_on_cpu(self) -> None:
        """Bring the run that `device_failed` told of to its end on the CPU, from where it stood."""
        self.change_settings(device="cpu")
        self.train()

    def step(self) -> None:
        """Train the newest model, which is shown again, on one batch, then pause."""
        self.timeline.look_at(None)
        if self._run_state is RunState.PAUSED:
            self._runner.step()
        else:
            self._start_run(paused=True)

    def pause(self) -> None:
        """Pause after the present batch."""
        if self._run_state is RunState.RUNNING:
            self._runner.pause()
            self._set_run_state(RunState.PAUSED)

    def stop(self) -> None:
        """End the run after the present batch, and keep what was learned."""
        if self._run_state in (RunState.RUNNING, RunState.PAUSED):
            self._runner.stop()
            self._set_run_state(RunState.STOPPING)

    def reset(self) -> None:
        """Start again with a new, untrained model."""
        if self._run_state is RunState.IDLE:
            self._replace_model()
        else:
            self._when_ended = self._replace_model
            self.stop()

    def continue_from_here(self) -> None:
        """Begin another run at the moment that is looked at; the run so far stays as an earlier one.

        Train then finishes what was interrupted there: with the same settings to the same bits, and with others another
        way. A run under way is ended first.
        """
        past, model = self.timeline.past, self.timeline.model
        if past is None or model is None:
            return
        if self._run_state is RunState.IDLE:
            self._make_room_for_branch(past, model)
        else:
            self._when_ended = lambda: self._make_room_for_branch(past, model)
            self.stop()

    def _make_room_for_branch(self, past: Moment, model: Model) -> None:
        images, shape = self._images, model.image_shape
        if images is not None and shape != images.dataset.image_shape and images.can_have(shape):
            self._resample(images.original, shape, lambda images: self._branch(past, model, images))
        else:
            self._branch(past, model, images)

    def _branch(self, past: Moment, model: Model, images: Images | None) -> None:
        if self.timeline.past is not past:
            # Meanwhile the user went elsewhere.
            return
        moments = [*(moment for moment in self.moments.kept if moment.epochs < past.epochs), past]
        former, epoch = self.book.present, fixed(past.epochs, 2)
        units, pixel = self.selection.units, self.selection.pixel
        self._settings = replace(self.settings_of(model), image_shape=model.image_shape)
        if images is not self._images:
            self._images = images
            self.images_changed.emit()
        self.settings_changed.emit()
        title = self.tr("{0}, from epoch {1}").format(self._run_name(model), epoch)
        self._set_model(model, past.state, self._training_data, name=title)
        if former is not None:
            self.book.branch(former, past.epochs)
        self.moments.restore(moments)
        self.selection.select_units(units)
        self.selection.select_pixel(pixel)
        self.experiment.touch()
        self._tell_of_newest()
        self.noticed.emit(self.tr("A new run begins at epoch {0}. Press Train to go on from there.").format(epoch))

    def halt(self) -> None:
        """Stop the run, if there is one, and wait for its last batch."""
        self._runner.join()

    def shut_down(self) -> None:
        """End the run and the task under way, and wait for both."""
        self.ending.emit()
        self._tasks.shut_down()
        self._runner.join()
        self.documents.close()

    def _start_run(self, *, paused: bool) -> None:
        images = self._images
        if self._run_state is not RunState.IDLE or images is None or not self.can_train:
            return
        if self._model is None or self.trains_new_model:
            self._replace_model()
        model, settings, state = self._model, self._settings, self._training_state
        if model is None:
            return
        if not self.is_trained:
            self.book.rename_untrained(self._run_name(model))
            self._tell_of_curve()
        self.book.note_start()
        trainings = next_trainings(model, state, settings, images)
        self._model = replace(model, training=settings.training, trainings=trainings)
        epochs_trained = model.history[-1].epoch if model.history else 0.0
        self._history_before_run = model.history
        data = self._training_data
        are_the_same = data is None or data.digest == images.identity.digest
        self._speed.restart()
        self._set_run_state(RunState.PAUSED if paused else RunState.RUNNING)
        if state is not None and state.unfinished and not are_the_same:
            self.noticed.emit(
                self.tr("These are other images than before: a new run begins, and none is gone on with.")
            )

        def make() -> Training:
            # On the worker: to find a GPU can take seconds.
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
                epochs_trained=epochs_trained,
                # A run that was stopped, or saved on its way, is brought to its end before another one begins.
                resume=are_the_same,
            )

        self._runner.start(make, paused=paused)

    def _take_update(self, update: Update) -> None:
        model = self._model
        if update.progress is None or model is None:
            return
        self.experiment.touch()
        self._training_data = self._images.identity if self._images is not None else None
        self._progress = update.progress
        self.book.note_progress(update.progress.epochs_trained, update.seconds)
        if self._run_state is RunState.RUNNING:
            self._speed.add(update.progress.images)
        if update.snapshot is not None or update.records:
            model = replace(model, history=model.history + update.records)
            self._model = model.at(update.snapshot) if update.snapshot is not None else model
        for now in update.checkpoints:
            record = model.history.at(now.epochs_trained)
            shape = model.image_shape
            self.moments.take(Moment(now.parameters, shape, now.epochs_trained, record, state=now.state))
        if update.points:
            self.curve_grew.emit(update.points)
        self.progressed.emit()
        if update.snapshot is not None:
            self._tell_of_newest()

    def _end_run(self, outcome: Outcome) -> None:
        was_wanted = self._run_state is not RunState.STOPPING
        if self._model is not None and outcome.snapshot is not None:
            self._model = self._model.at(outcome.snapshot)
            self._training_state = outcome.state
            self._training_data = self._images.identity if self._images is not None else None
            if outcome.records is not None:
                self._model = replace(self._model, history=self._history_before_run + outcome.records)
                # It told of what is lost.
                self._progress = None
                self.progressed.emit()
            if not isinstance(outcome.error, TrainingDivergedError):
                # Else its parameters are of an earlier time than it says.
                self.moments.take_end(Moment.of(self._model, outcome.state))
            self._tell_of_newest()
        self._set_run_state(RunState.IDLE)
        when_ended, self._when_ended = self._when_ended, None
        if when_ended is not None:
            when_ended()
        if isinstance(outcome.error, GPUError) and was_wanted:
            self.device_failed.emit(outcome.error)
        elif outcome.error is not None:
            self.failed.emit(outcome.error)

    def _set_run_state(self, state: RunState) -> None:
        if self._run_state is not state:
            self._run_state = state
            self.run_state_changed.emit()
