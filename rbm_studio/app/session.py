"""The one mutable state of the program, and the signals that tell of its changes.

Panels read it, ask it for things, and redraw when it says so; none of them knows another.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from rbm_studio.app.curve_book import CurveBook
from rbm_studio.app.curve_history import CurvePoint
from rbm_studio.app.drawings import Drawings
from rbm_studio.app.experiment import Experiment
from rbm_studio.app.experiment_files import gather, opened
from rbm_studio.app.model_files import read_foreign, read_model, saved_model, write_model
from rbm_studio.app.moments import Moment, Moments
from rbm_studio.app.selection import Selection
from rbm_studio.app.state import Images, Model, RunState, Settings, Speed
from rbm_studio.app.task import Task, TaskSlot
from rbm_studio.app.training_runner import Outcome, TrainingRunner, Update
from rbm_studio.app.trainings import next_trainings
from rbm_studio.core.backend import backend_for
from rbm_studio.core.presets import preset_named
from rbm_studio.core.training import Progress, Training
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.experiment_file import load_experiment, save_experiment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rbm_studio.app.experiment_files import Opened
    from rbm_studio.core.metrics import EpochRecord
    from rbm_studio.core.parameters import Parameters
    from rbm_studio.core.settings import TrainingSettings
    from rbm_studio.core.state import TrainingState
    from rbm_studio.data import Dataset
    from rbm_studio.storage.model_file import SavedModel

    _Read = Callable[[Path, Images | None, TrainingSettings], tuple[Model, TrainingState | None]]


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

    Signals
    -------
    images_changed
        Another dataset, or another size of its images.
    settings_changed
    model_changed
        Another model, or other parameters: at most ten times a second.
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
    run_state_changed = Signal()
    progressed = Signal()
    curve_started = Signal(str)
    curve_grew = Signal(list)
    task_changed = Signal()
    failed = Signal(object)
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
        self._run_state = RunState.IDLE
        self._progress: Progress | None = None
        self._speed = Speed()
        self._previous: tuple[Model, TrainingState | None, bool] | None = None
        self._tasks = TaskSlot(self)
        self._tasks.changed.connect(self.task_changed)
        self._tasks.failed.connect(self.failed)
        self._tasks.noticed.connect(self.noticed)
        self._history_before_run: tuple[EpochRecord, ...] = ()
        self._reset_when_ended = False
        self._runner = TrainingRunner(self)
        self._runner.updated.connect(self._take_update)
        self._runner.ended.connect(self._end_run)
        self.moments = Moments(self, self)
        self.book = CurveBook(self, self)
        self.moments.changed.connect(lambda: self._runner.keep_every(self.moments.interval))
        self._runner.keep_every(self.moments.interval)

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
        """The model that is shown and trained."""
        return self._model

    @property
    def training_state(self) -> TrainingState | None:
        """What a next run of the model goes on with, as the last one left it."""
        return self._training_state

    @property
    def history_before_run(self) -> tuple[EpochRecord, ...]:
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
        """How many passes through the data the model has behind it."""
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
    def has_unsaved_training(self) -> bool:
        """Whether closing would lose what the model has learned."""
        return self.experiment.is_modified

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
        self._settings = replace(self._settings, image_shape=images.dataset.image_shape)
        self.images_changed.emit()
        self.settings_changed.emit()
        if self._is_replaceable:
            self._new_model()

    # --- the model

    @property
    def _is_trained(self) -> bool:
        model = self._model
        return self._training_state is not None or bool(model and (model.history or model.origin))

    @property
    def _is_replaceable(self) -> bool:
        """Whether another model may take the present one's place unasked: nothing was learned, and it has no file."""
        return self._model is None or (self._model.path is None and not self._is_trained)

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
        self._set_model(Model(parameters, images.dataset.image_shape, training, trainings=()))

    @property
    def can_bring_back(self) -> bool:
        """Whether a trained model was replaced, and can be shown again."""
        return self._previous is not None and self._run_state is RunState.IDLE

    def bring_back(self) -> None:
        """Show the trained model that the present one replaced, and go on from there.

        At once, or a little later where the images must be resampled for it.
        """
        if self._previous is None or self._run_state is not RunState.IDLE:
            return
        previous, shape = self._previous, self._previous[0].image_shape
        if self._images is not None and shape != self._images.dataset.image_shape and self._images.can_have(shape):
            self._resample(self._images.original, shape, lambda images: self._show_again(previous, images))
        else:
            self._show_again(previous, self._images)

    def _show_again(self, previous: tuple[Model, TrainingState | None, bool], images: Images | None) -> None:
        if previous is not self._previous:
            return
        model, state, unsaved = previous
        self._previous = None
        if images is not None and images is not self._images:
            self._images = images
            self._settings = replace(self._settings, image_shape=model.image_shape)
            self.images_changed.emit()
        # Before the model, whose curve is named by them.
        self._settings = self._settings_of(model.parameters, model.training)
        self._set_model(model)
        self._training_state = state
        if unsaved:
            self.experiment.touch()
        self._show_history(model)
        self.settings_changed.emit()
        self.model_changed.emit()

    def _settings_of(self, parameters: Parameters, training: TrainingSettings) -> Settings:
        labels = parameters.label_num > 0
        return replace(self._settings, hidden_num=parameters.hidden_num, labels=labels, training=training)

    def _set_model(self, model: Model, *, is_foreign: bool = False) -> None:
        if self._model is not None and self._is_trained:
            self._previous = (self._model, self._training_state, self.experiment.is_modified)
        self._model = model
        self._training_state = None
        self._progress = None
        if is_foreign:
            self.experiment.begin()
        elif self.experiment.path is None:
            self.experiment.begin(self.experiment.identity, notes=self.experiment.notes)
        self.selection.begin_again(model.parameters.hidden_num, model.parameters.visible_num)
        self._start_curve(model)
        self.progressed.emit()
        self.model_changed.emit()

    def _start_curve(self, model: Model) -> None:
        training = self._settings.training
        self.curve_started.emit(
            self.tr("{0} hidden, {1}, rate {2:g}, batch {3}").format(
                model.parameters.hidden_num, training.preset, training.learning_rate, training.batch_size
            )
        )

    def _show_history(self, model: Model) -> None:
        self.curve_grew.emit([CurvePoint(r.epoch, r.training_kl, r.held_out_kl) for r in model.history])

    def open_model(self, path: Path) -> bool:
        """Show a saved model, with its settings and curve; on any fault the present one stays, and `failed` tells.

        Returns whether it will be shown: at once, or a little later where the images must be resampled for it.
        """
        return self._open(path, read_model)

    def import_model(self, path: Path) -> bool:
        """Show a model of another program, or a copy of one, as a new experiment; returns as `open_model` does."""
        return self._open(path, read_foreign)

    def _open(self, path: Path, read: _Read) -> bool:
        try:
            if self._run_state is not RunState.IDLE:
                raise RBMStudioError(
                    self.tr("A model cannot be opened while training."), self.tr("Stop the training first.")
                )
            model, state = read(path, self._images, self._settings.training)
        except RBMStudioError as error:
            self.failed.emit(error)
            return False
        images, shape = self._images, model.image_shape
        if images is not None and shape != images.dataset.image_shape:
            return self._resample(images.original, shape, lambda resampled: self._adopt(model, state, resampled))
        self._adopt(model, state, images)
        return True

    def _adopt(self, model: Model, state: TrainingState | None, images: Images | None) -> None:
        self._settings = replace(self._settings_of(model.parameters, model.training), image_shape=model.image_shape)
        if images is not self._images:
            self._images = images
            self.images_changed.emit()
        self.settings_changed.emit()
        self._set_model(model, is_foreign=bool(model.origin))
        self._training_state = state
        self._show_history(model)
        if model.path is not None:
            self.noticed.emit(self.tr("Opened {0}").format(model.path.name))
        elif model.origin:
            self.noticed.emit(self.tr("Imported {0}").format(model.origin))

    def save_model(self, path: Path) -> bool:
        """Save the model as it is now, also while it trains; return whether that was done, else `failed` tells why."""
        model = self._model
        if model is None:
            self.failed.emit(
                RBMStudioError(self.tr("There is no model to save yet."), self.tr("Download MNIST, or open images."))
            )
            return False
        try:
            state = self._training_state if self._run_state is RunState.IDLE else None
            write_model(path, model, state, self._history_before_run, self._runner.checkpoint())
        except RBMStudioError as error:
            self.failed.emit(error)
            return False
        self._model = replace(model, path=path)
        self.experiment.note_saved(path)
        if self._run_state is not RunState.IDLE:
            self.experiment.touch()
        self.noticed.emit(self.tr("Saved {0}").format(path.name))
        return True

    def saved_model(self) -> SavedModel | None:
        """Return what a file of the model would hold, as it is now, also while it trains; None without a model."""
        if self._model is None:
            return None
        state = self._training_state if self._run_state is RunState.IDLE else None
        return saved_model(self._model, state, self._history_before_run, self._runner.checkpoint())

    # --- the experiment

    def save_experiment(self, path: Path) -> bool:
        """Save all there is, also while it trains; return whether that was done, else `failed` tells why."""
        try:
            save_experiment(path, gather(self, self._runner.checkpoint()))
        except RBMStudioError as error:
            self.failed.emit(error)
            return False
        self.experiment.note_saved(path)
        self.noticed.emit(self.tr("Saved {0}").format(path.name))
        return True

    def open_experiment(self, path: Path) -> bool:
        """Show what is in a file; on any fault all stays as it is, and `failed` tells.

        Returns whether it will be shown: at once, or a little later where the images must be resampled for it.
        """
        try:
            if self._run_state is not RunState.IDLE:
                raise RBMStudioError(
                    self.tr("An experiment cannot be opened while training."), self.tr("Stop the training first.")
                )
            found = opened(load_experiment(path))
        except RBMStudioError as error:
            self.failed.emit(error)
            return False
        images, shape = self._images, found.settings.image_shape
        if images is not None and shape != images.dataset.image_shape and images.can_have(shape):
            return self._resample(images.original, shape, lambda images: self._show_experiment(path, found, images))
        self._show_experiment(path, found, images)
        return True

    def _show_experiment(self, path: Path, found: Opened, images: Images | None) -> None:
        if images is not None and images is not self._images:
            self._images = images
            self.images_changed.emit()
        self._settings = found.settings
        self.experiment.begin(found.identity, path, found.notes)
        self.settings_changed.emit()
        if found.model is not None:
            self._set_model(found.model)
            self._training_state = found.state
        self.book.restore(found.runs, found.present)
        self.moments.restore(found.moments)
        self.selection.select_units(found.units)
        self.selection.select_pixel(found.pixel)
        self.drawings.add_missing(found.kept)
        if found.canvas is not None:
            self.drawings.want(found.canvas)
        self.noticed.emit(self.tr("Opened {0}").format(path.name))

    # --- training

    def train(self) -> None:
        """Start training, or go on after a pause."""
        if self._run_state is RunState.PAUSED:
            self._runner.resume()
            self._speed.restart()
            self._set_run_state(RunState.RUNNING)
        else:
            self._start_run(paused=False)

    def step(self) -> None:
        """Train on one batch, then pause."""
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
            self._new_model()
        else:
            self._reset_when_ended = True
            self.stop()

    def halt(self) -> None:
        """Stop the run, if there is one, and wait for its last batch."""
        self._runner.join()

    def shut_down(self) -> None:
        """End the run and the task under way, and wait for both."""
        self.ending.emit()
        self._tasks.shut_down()
        self._runner.join()

    def _start_run(self, *, paused: bool) -> None:
        images = self._images
        if self._run_state is not RunState.IDLE or images is None or not self.can_train:
            return
        if self._model is None or self.trains_new_model:
            self._new_model()
        model, settings, state = self._model, self._settings, self._training_state
        if model is None:
            return
        if not self._is_trained:
            self._start_curve(model)
        trainings = next_trainings(model, state, settings, images)
        self._model = replace(model, training=settings.training, trainings=trainings)
        epochs_trained = model.history[-1].epoch if model.history else 0.0
        self._history_before_run = model.history
        self._speed.restart()
        self._set_run_state(RunState.PAUSED if paused else RunState.RUNNING)
        self._runner.start(
            # On the worker: to find a GPU can take seconds.
            lambda: Training(
                model.parameters,
                images.train,
                settings.training,
                labels=images.train_labels,
                held_out=images.test,
                held_out_labels=images.test_labels,
                backend=backend_for(settings.device),
                state=state,
                epochs_trained=epochs_trained,
                # A run that was stopped, or saved on its way, is brought to its end before another one begins.
                resume=True,
            ),
            paused=paused,
        )

    def _take_update(self, update: Update) -> None:
        model = self._model
        if update.progress is None or model is None:
            return
        self.experiment.touch()
        self._progress = update.progress
        if self._run_state is RunState.RUNNING:
            self._speed.add(update.progress.images)
        if update.snapshot is not None or update.records:
            model = replace(model, history=model.history + tuple(update.records))
            self._model = model.at(update.snapshot) if update.snapshot is not None else model
        for now in update.checkpoints:
            past = self._history_before_run + now.records
            record = past[-1] if past else None
            shape = model.image_shape
            self.moments.take(Moment(now.parameters, shape, now.epochs_trained, record, state=now.state))
        if update.points:
            self.curve_grew.emit(update.points)
        self.progressed.emit()
        if update.snapshot is not None:
            self.model_changed.emit()

    def _end_run(self, outcome: Outcome) -> None:
        if self._model is not None and outcome.snapshot is not None:
            self._model = self._model.at(outcome.snapshot)
            self._training_state = outcome.state
            self.model_changed.emit()
        self._set_run_state(RunState.IDLE)
        if self._reset_when_ended:
            self._reset_when_ended = False
            self._new_model()
        if outcome.error is not None:
            self.failed.emit(outcome.error)

    def _set_run_state(self, state: RunState) -> None:
        if self._run_state is not state:
            self._run_state = state
            self.run_state_changed.emit()
