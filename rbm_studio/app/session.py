"""The one mutable state of the program, and the signals that tell of its changes.

Panels read it, ask it for things, and redraw when it says so; none of them knows another.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from rbm_studio.app.chain_watch import ChainWatch
from rbm_studio.app.curve_book import CurveBook
from rbm_studio.app.curve_history import CurvePoint
from rbm_studio.app.documents import Documents
from rbm_studio.app.drawings import Drawings
from rbm_studio.app.experiment import Experiment
from rbm_studio.app.going_back import GoingBack
from rbm_studio.app.health_watch import HealthWatch
from rbm_studio.app.life_watch import LifeWatch
from rbm_studio.app.moments import Moments
from rbm_studio.app.newest_model import NewestModel
from rbm_studio.app.next_run import NextRun
from rbm_studio.app.run_under_way import RunUnderWay
from rbm_studio.app.selection import Selection
from rbm_studio.app.state import Images, Model, RunState, Settings
from rbm_studio.app.task import Task, TaskSlot
from rbm_studio.app.timeline import Timeline
from rbm_studio.app.training_runner import TrainingRunner
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rbm_studio.app.epoch_history import EpochHistory
    from rbm_studio.app.run import Run
    from rbm_studio.app.run_messages import Checkpoint
    from rbm_studio.core.state import TrainingState
    from rbm_studio.core.training import Progress
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
    chains : ChainWatch
        Chains from noise, now and then, of the newest model.
    life : LifeWatch
        How likely held-out images were along the run, once that may have fallen.
    timeline : Timeline
        Which of the moments is looked at.
    next_run : NextRun
        Whether Train goes on with the model, or begins a new run.
    health : HealthWatch
        Whether the newest model can still learn.

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
    ended
        It has, and all files are written.
    setting_pointed_at : str
        Someone should look at the setting of this name, which the Model panel shows.
    panel_wanted : str
        Someone should look at the panel of this name.
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
    ended = Signal()
    setting_pointed_at = Signal(str)
    panel_wanted = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.selection = Selection(self)
        self.drawings = Drawings(self)
        self.drawings.failed.connect(self.failed)
        self.drawings.noticed.connect(self.noticed)
        self.experiment = Experiment(self)
        self._images: Images | None = None
        self._settings = Settings()
        self._tasks = TaskSlot(self)
        self._tasks.changed.connect(self.task_changed)
        self._tasks.failed.connect(self.failed)
        self._tasks.noticed.connect(self.noticed)
        self.timeline = Timeline(self, self)
        self._runner = TrainingRunner(self)
        self._newest = NewestModel(self)
        self._run = RunUnderWay(self, self._newest, self._runner)
        self._going_back = GoingBack(self, self._newest)
        self.moments = Moments(self, self)
        self.book = CurveBook(self, self)
        self.next_run = NextRun(self, self._newest)
        self.moments.changed.connect(lambda: self._runner.keep_every(self.moments.interval))
        self._runner.keep_every(self.moments.interval)
        self.documents = Documents(self, self._tasks, self._runner)
        self.health = HealthWatch(self)
        self.chains = ChainWatch(self, self)
        self.life = LifeWatch(self, self)

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
        return self.timeline.model or self._newest.model

    @property
    def newest(self) -> Model | None:
        """The model that is trained, saved and measured, whatever is shown."""
        return self._newest.model

    @property
    def training_state(self) -> TrainingState | None:
        """What a next run of the model goes on with, as the last one left it."""
        return self._newest.training_state

    @property
    def training_data(self) -> DatasetIdentity | None:
        """The images that the model was trained on last; None where that is not known."""
        return self._newest.training_data

    @property
    def history_before_run(self) -> EpochHistory:
        """The model's epochs before the run under way."""
        return self._run.history_before

    @property
    def run_state(self) -> RunState:
        """Whether the program trains."""
        return self._run.state

    @property
    def progress(self) -> Progress | None:
        """Where the present or last run stands."""
        return self._newest.progress

    @property
    def epochs_trained(self) -> float:
        """How many passes through the data the model that is shown has behind it."""
        past = self.timeline.model
        return past.epochs_trained if past is not None else self._newest.epochs_trained

    @property
    def images_per_second(self) -> float:
        """How fast the run is, over the last seconds; 0 if that is not known."""
        return self._run.images_per_second

    @property
    def seconds_left(self) -> float | None:
        """How long the run will take, if that is known."""
        return self._run.seconds_left

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
        """Whether Train starts another model: the present one has other units, or it is to be a new run."""
        return self.next_run.begins_new

    @property
    def label_num(self) -> int:
        """How many label units the next new model has."""
        return self._images.class_num if self._images is not None and self._settings.labels else 0

    # --- data

    def load(self, title: str, load: Callable[[Task], Dataset | None], shape: tuple[int, int] | None = None) -> None:
        """Load a dataset in the background; the present one stays if that fails, or finds none.

        It comes in this size, if it can be had in it; without one, in that of the settings.
        """
        if self.run_state is not RunState.IDLE:
            self.failed.emit(
                RBMStudioError(
                    self.tr("The dataset cannot be changed while training."), self.tr("Stop the training first.")
                )
            )
            return
        shape = shape or self._settings.image_shape

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
        if self._images is None or self.run_state is not RunState.IDLE or shape == self._settings.image_shape:
            return False
        return self.resample(self._images.original, shape, self._show_images)

    def resample(self, original: Dataset, shape: tuple[int, int], done: Callable[[Images], None]) -> bool:
        """Bring images to another size in the background, for something to be done; return whether that has begun."""
        title = self.tr("Resampling the images to {0}×{1}").format(*shape)
        return self._tasks.start(title, lambda _task: Images.prepare(original, shape), done)

    def _show_images(self, images: Images | None) -> None:
        if images is None:
            return
        self._images = images
        if self._newest.is_replaceable or self._settings.image_shape != images.dataset.image_shape:
            self.note_change()
        self._settings = replace(self._settings, image_shape=images.dataset.image_shape)
        self.images_changed.emit()
        self.settings_changed.emit()
        if self._newest.is_replaceable:
            self._newest.draw()

    # --- the model

    @property
    def is_trained(self) -> bool:
        """Whether the model has learned anything."""
        return self._newest.is_trained

    @property
    def is_drawn(self) -> bool:
        """Whether the model's parameters were only drawn, and may be drawn anew for other settings."""
        return self._newest.is_drawn

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
        if settings == self._settings or self.run_state is not RunState.IDLE:
            return
        self._settings = settings
        self.note_change()
        self.settings_changed.emit()
        self._newest.follow_settings()

    def note_change(self) -> None:
        """Take notice that the document changes, if there is anything in it that a person would miss."""
        if self.experiment.path is not None or self.is_trained:
            self.experiment.touch()

    @property
    def can_bring_back(self) -> bool:
        """Whether a trained model was replaced, and can be shown again."""
        return self.book.previous is not None and self.run_state is RunState.IDLE

    def bring_back(self, run: Run | None = None) -> None:
        """Show the model of an earlier run, and go on from there: of the last one, without an argument.

        At once, or a little later where the images must be resampled for it. Nothing happens if it is no longer kept.
        """
        run = run or self.book.previous
        if run is not None and self.run_state is RunState.IDLE:
            self._going_back.bring_back(run)

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
        self.take(settings, images)
        if model is not None:
            self._newest.adopt(model, state, data, is_drawn=is_drawn, run=run)
        else:
            self._newest.draw()

    def take(self, settings: Settings, images: Images | None) -> None:
        """Take settings, and images of the size that they name, before a model; None leaves those that are there."""
        self._settings = settings
        if images is not None and images is not self._images:
            self._images = images
            self.images_changed.emit()
        self.settings_changed.emit()

    def show_history(self) -> None:
        """Put the figures of the model's epochs into its curve, which begins with them."""
        model = self.newest
        if model is not None:
            self.curve_grew.emit([CurvePoint(r.epoch, r.training_kl, r.held_out_kl) for r in model.history])

    # --- files; see `documents`

    def open_model(self, path: Path) -> bool:
        """Show a model in a file as a new experiment; return whether it will be shown, at once or a little later."""
        return self.documents.open_model(path)

    def import_model(self, path: Path) -> bool:
        """Show a model of another program as a new experiment; returns as `open_model` does."""
        return self.documents.import_model(path)

    def save_model(self, path: Path) -> bool:
        """Write the model alone to a file, also while it trains; return whether that was done."""
        return self.documents.saving.save_model(path)

    def saved_model(self) -> SavedModel | None:
        """Return what a file of the model would hold, also while it trains; None if `failed` tells why."""
        return self.documents.saving.saved_model()

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
        return self.documents.saving.save_and_wait(path)

    # --- training

    def train(self) -> None:
        """Start training the newest model, which is shown again, or go on after a pause."""
        self._run.train()

    def go_on_on_cpu(self) -> None:
        """Bring the run that `device_failed` told of to its end on the CPU, from where it stood."""
        self.change_settings(device="cpu")
        self.train()

    def step(self) -> None:
        """Train the newest model, which is shown again, on one batch, then pause."""
        self._run.step()

    def pause(self) -> None:
        """Pause after the present batch."""
        self._run.pause()

    def stop(self) -> None:
        """End the run after the present batch, and keep what was learned."""
        self._run.stop()

    def reset(self) -> None:
        """Start again with a new, untrained model."""
        self._run.end_then(self._newest.begin_again)

    def continue_from_here(self) -> None:
        """Begin another run at the moment that is looked at; the run so far stays as an earlier one.

        Train then finishes what was interrupted there: with the same settings to the same bits, and with others another
        way. A run under way is ended first.
        """
        past, model = self.timeline.past, self.timeline.model
        if past is not None and model is not None:
            self._run.end_then(lambda: self._going_back.branch(past, model))

    def halt(self) -> None:
        """Stop the run, if there is one, and wait for its last batch."""
        self._runner.join()

    def give_up_run(self) -> None:
        """Stop the run at the program's end: its last batch is waited for, but not for ever."""
        self._runner.give_up()

    def shut_down(self) -> None:
        """End the run and the task under way; what does not end in a while is given up."""
        self.ending.emit()
        self._tasks.shut_down()
        self._runner.give_up()
        self.documents.close()
        self.ended.emit()
