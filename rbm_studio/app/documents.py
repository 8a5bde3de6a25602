"""Documents: the session's experiment is begun, or opened from a file, and models are opened as new ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from rbm_studio.app.document_file import DocumentFile
from rbm_studio.app.drawings import MOST_KEPT
from rbm_studio.app.model_files import opened_model
from rbm_studio.app.opened_experiment import opened
from rbm_studio.app.saving import Saving
from rbm_studio.app.state import Images, RunState, Settings
from rbm_studio.data.mnist import find_by_digest
from rbm_studio.errors import RBMStudioError
from rbm_studio.model_import import import_model
from rbm_studio.storage.experiment_file import load_experiment
from rbm_studio.storage.model_file import load_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rbm_studio.app.opened_experiment import Opened
    from rbm_studio.app.session import Session
    from rbm_studio.app.task import Task, TaskSlot
    from rbm_studio.app.training_runner import TrainingRunner
    from rbm_studio.storage.experiment_file import DatasetIdentity

LARGE_BYTES = 4_000_000
"""A file of more than this is read in the background: that takes longer than a person would not notice."""


class Documents(QObject):
    """Begins and opens what a session holds; what goes wrong is told by the session's `failed`.

    Parameters
    ----------
    session : Session
    tasks : TaskSlot
        Where a large file is read, and images are looked for.
    runner : TrainingRunner
        Tells how far a run under way has come.

    Attributes
    ----------
    saving : Saving
        Writes it.

    Signals
    -------
    opened : Path
        What is in this file is shown now.
    recovered : Opened
        This is shown now, and not saved yet.
    missing_changed
        `missing` is another.
    """

    opened = Signal(object)
    recovered = Signal(object)
    missing_changed = Signal()

    def __init__(self, session: Session, tasks: TaskSlot, runner: TrainingRunner) -> None:
        super().__init__(session)
        self._session, self._tasks = session, tasks
        self._file = DocumentFile(session.experiment, self)
        self._file.refused.connect(session.failed)
        self.saving = Saving(session, self._file, runner, self)
        self._missing: DatasetIdentity | None = None
        session.images_changed.connect(self._look_for_missing)
        session.newest_changed.connect(self._look_for_missing)
        session.curve_started.connect(self._miss_nothing)

    @property
    def missing(self) -> DatasetIdentity | None:
        """The images that what was opened belongs to, as long as they are not here and its run could go on."""
        return self._missing

    def _miss_nothing(self) -> None:
        self._miss(None)

    def _miss(self, data: DatasetIdentity | None) -> None:
        if data != self._missing:
            self._missing = data
            self.missing_changed.emit()

    def _look_for_missing(self) -> None:
        session, missing = self._session, self._missing
        if missing is None:
            return
        here = session.images.identity if session.images is not None else None
        trained_on = session.training_data
        # Once it has trained on others, its run is another.
        if (here is not None and here.digest == missing.digest) or (
            trained_on is not None and trained_on.digest != missing.digest
        ):
            self._miss(None)

    # --- a new one

    def begin(self) -> bool:
        """Begin a new experiment, with the settings of the first start and the images that are there."""
        session = self._session
        if not self._may_change(self.tr("A new experiment cannot be begun while training.")):
            return False
        images = session.images
        if images is None and session.newest is not None:
            session.failed.emit(
                RBMStudioError(self.tr("There are no images to begin a new model with."), self.tr("Open images first."))
            )
            return False
        shape = images.dataset.image_shape if images is not None else Settings().image_shape
        session.book.leave()
        session.experiment.begin()
        session.adopt(Settings(image_shape=shape, device=session.settings.device), images)
        return True

    # --- opening

    def open_experiment(self, path: Path) -> bool:
        """Show what is in an experiment's file; on any fault all stays as it is.

        Returns whether it will be shown: at once, or a little later where the file is large, or images must be looked
        for or resampled for it.
        """
        busy = self.tr("An experiment cannot be opened while training.")
        return self._open(path, busy, lambda: opened(load_experiment(path), path.name))

    def open_model(self, path: Path) -> bool:
        """Show a model in a file, as a new experiment without a file; see `open_experiment`."""
        session = self._session
        images, settings = session.images, session.settings
        busy = self.tr("A model cannot be opened while training.")
        return self._open(path, busy, lambda: opened_model(load_model(path), path.name, images, settings))

    def import_model(self, path: Path) -> bool:
        """Show a model of another program, as a new experiment without a file; see `open_experiment`."""
        session = self._session
        images, settings = session.images, session.settings
        busy = self.tr("A model cannot be opened while training.")
        return self._open(path, busy, lambda: opened_model(import_model(path), path.name, images, settings, path.name))

    def recover(self, found: Opened, path: Path | None, name: str) -> bool:
        """Show what was written down by itself, as not saved yet; see `open_experiment`.

        Parameters
        ----------
        found : Opened
        path : Path or None
            The experiment's own file, where Save writes it.
        name : str
            What it is called where it has none.
        """
        busy = self.tr("An experiment cannot be opened while training.")
        return self._may_change(busy) and self._bring_images(path, name, found, is_saved=False)

    def _may_change(self, busy: str) -> bool:
        self.saving.wait()
        if self._session.run_state is not RunState.IDLE:
            self._session.failed.emit(RBMStudioError(busy, self.tr("Stop the training first.")))
            return False
        return True

    def _open(self, path: Path, busy: str, read: Callable[[], Opened]) -> bool:
        if not self._may_change(busy):
            return False
        title = self.tr("Opening {0}").format(path.name)
        if self._tasks.task is not None or _size(path) > LARGE_BYTES:
            # Where something else is under way, the slot says so.
            show = self._if_unchanged(path.name, lambda found: self._bring_images(path, path.name, found))
            return self._tasks.start(title, lambda _task: read(), show)
        try:
            found = read()
        except RBMStudioError as error:
            self._session.failed.emit(error)
            return False
        return self._bring_images(path, path.name, found)

    def _if_unchanged(self, name: str, show: Callable[[Any], object]) -> Callable[[Any], None]:
        """Return what shows a document later, unless what is open has changed by then, of which nobody was asked."""
        experiment = self._session.experiment
        revision = experiment.revision

        def go_on(found: Any) -> None:
            # What is being written is of the experiment that goes now.
            self.saving.wait()
            if experiment.revision == revision or not experiment.is_modified:
                show(found)
                return
            self._session.failed.emit(
                RBMStudioError(
                    self.tr("{file} was not opened: what is open here has changed meanwhile."),
                    self.tr("Save it, or not, and open the file again."),
                    file=name,
                )
            )

        return go_on

    def _bring_images(self, path: Path | None, name: str, found: Opened, *, is_saved: bool = True) -> bool:
        """Show what was found, as soon as the images that it needs are there."""
        images, shape = self._session.images, found.settings.image_shape
        if found.model is None and images is None and self._session.newest is not None:
            self._session.failed.emit(
                RBMStudioError(
                    self.tr("{file} holds no model yet, and there are no images to begin one with."),
                    self.tr("Open images first."),
                    file=name,
                )
            )
            return False
        wanted = None if _are_wanted(images, found) else found.dataset
        if wanted is None and (images is None or not _needs_resampling(images, shape)):
            self._show(path, name, found, images, is_saved=is_saved)
            return True

        def work(_task: Task) -> Images | None:
            original = find_by_digest(wanted.digest) if wanted is not None else None
            if original is None:
                return images if images is None or not _needs_resampling(images, shape) else images.resampled(shape)
            prepared = Images.prepare(original, original.image_shape)
            return prepared.resampled(shape) if prepared.can_have(shape) else prepared

        title = self.tr("Bringing the images of {0}").format(name or self.tr("an experiment without a name"))
        show = self._if_unchanged(name, lambda images: self._show(path, name, found, images, is_saved=is_saved))
        return self._tasks.start(title, work, show)

    def _show(self, path: Path | None, name: str, found: Opened, images: Images | None, *, is_saved: bool) -> None:
        session, is_experiment = self._session, bool(found.identity)
        settings = found.settings
        if images is not None:
            # Else no images fit the model, which can be looked at all the same.
            settings = replace(settings, image_shape=images.dataset.image_shape)
        file = path if is_experiment else None
        session.book.leave()
        # Another window may have the file, and then it is a copy.
        session.experiment.begin(found.identity, file, found.notes, name.rpartition(".")[0] or name)
        data = found.dataset if not found.is_new else None
        session.adopt(settings, images, found.model, found.state, data, is_drawn=found.is_new)
        if found.present is None:
            session.show_history()
        if is_experiment:
            session.book.restore(found.runs, found.present)
            if found.moments:
                session.moments.restore(found.moments)
            session.selection.select_units(found.units)
            session.selection.select_pixel(found.pixel)
            self._bring_drawings(name, found)
        if is_saved and session.experiment.path is not None:
            session.book.note_saved(session.book.marks())
        if not is_saved:
            session.experiment.touch()
            self.recovered.emit(found)
        is_foreign = found.model is not None and bool(found.model.origin) and not is_experiment
        shown = name or self.tr("an experiment without a name")
        notice = (self.tr("Imported {0}") if is_foreign else self.tr("Opened {0}")).format(shown)
        if not _are_wanted(images, found):
            self._miss(found.dataset)
            notice = self.tr("Opened {0}; its images are not open here: “Dataset” says which they are.").format(shown)
        session.noticed.emit(notice)
        if path is not None:
            self.opened.emit(path)

    def _bring_drawings(self, name: str, found: Opened) -> None:
        session = self._session
        if found.canvas is not None:
            session.drawings.bring(found.canvas)
        left = session.drawings.add_missing(found.kept)
        session.experiment.hold(left)
        if left:
            session.failed.emit(
                RBMStudioError(
                    self.tr("“Drawings” has room for {most}: {count} of those in {name} are not shown."),
                    self.tr("They stay in the file. Remove some that are kept, then open it again."),
                    most=MOST_KEPT,
                    count=len(left),
                    name=name,
                )
            )

    def close(self) -> None:
        """Wait for the files that are being written, and let others have the experiment's."""
        self.saving.wait()
        self._file.release()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # who reads it will say why


def _are_wanted(images: Images | None, found: Opened) -> bool:
    """Whether images are those that a file belongs to, as far as it says."""
    wanted = found.dataset
    return wanted is None or (images is not None and images.identity.digest == wanted.digest)


def _needs_resampling(images: Images, shape: tuple[int, int]) -> bool:
    return images.dataset.image_shape != shape and images.can_have(shape)
