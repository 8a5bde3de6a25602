"""Measuring what the training does not, in the background: only what is looked at, and never in the way."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from rbm_studio.app.measurement import Parts, Subject
from rbm_studio.app.measures import measure_of
from rbm_studio.app.past_measuring import distance, due_moment, model_at
from rbm_studio.app.quantities import LIVE
from rbm_studio.app.state import RunState
from rbm_studio.app.task import Task
from rbm_studio.core.likelihood import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rbm_studio.app.curve_book import CurveBook
    from rbm_studio.app.curve_history import CurvePoint, CurveRun
    from rbm_studio.app.measures import Measure
    from rbm_studio.app.moments import Moment
    from rbm_studio.app.session import Session
    from rbm_studio.app.state import Images, Model
    from rbm_studio.core.parameters import Parameters
    from rbm_studio.storage.experiment_file import DatasetIdentity

INTERVAL_MS = 50
REST = 4
"""After each measurement, so many times as long as it took, while the model trains: a fifth of the time is measured."""
_PROGRESS_AFTER_S, _PROGRESS_EVERY_S = 0.3, 0.1
"""What takes no longer than the first needs no progress bar, which would flash."""
PAST_WITHIN_S, PAST_MEANWHILE_S = 20.0, 0.05
"""What takes longer than the first is not measured of the past, and what takes longer than the second not while the
model trains: there it would be in the way of what is new."""


class Measuring(QObject):
    """Measures the newest parameters on a thread of its own, one measurement at a time.

    When there is nothing new, it measures the moments that are kept of the run's past; what is new ends that.

    Parameters
    ----------
    session : Session
    book : CurveBook
        Where the points go.
    is_in_view : callable
        Whether somebody can see them.
    parent : QObject, optional

    Signals
    -------
    progressed : int, int
        Done and total, of a measurement that takes long.
    ended
        A measurement is over, and its points, if it came to its end, are in the book.
    """

    progressed = Signal(int, int)
    ended = Signal()

    def __init__(
        self, session: Session, book: CurveBook, is_in_view: Callable[[], bool], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._book, self._is_in_view = session, book, is_in_view
        self._names: tuple[str, ...] = ()
        # What is being measured, and for which runs.
        self._under_way: dict[str, CurveRun] = {}
        # Which parameters each quantity was measured of last, or not to be had of.
        self._tried: dict[str, Parameters] = {}
        # What each of these is of, beside the quantity.
        self._measures: dict[str, Measure] = {}
        # How long the last measurement of each took, and at which moments of the run it cannot be had.
        self._took: dict[str, float] = {}
        self._tried_past: dict[str, set[float]] = {}
        # The moment that is being measured; None: the newest parameters.
        self._past: Moment | None = None
        self._parts: tuple[Images, Parts] | None = None
        self._task: Task | None = None
        self._begun = 0.0
        self._closed = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self.consider)
        book.begun.connect(self._tried.clear)
        book.begun.connect(self._tried_past.clear)
        session.newest_changed.connect(self.consider)
        session.run_state_changed.connect(self.consider)
        session.ending.connect(self.shut_down)

    def is_measuring(self, name: str) -> bool:
        """Whether a quantity is being measured, and not of the past."""
        return name in self._under_way and self._past is None

    def expected(self, name: str) -> Measure | None:
        """Return what the next figure of a quantity would be of; None where there is nothing to measure."""
        subject, images = self.subject(), self._session.images
        if subject is None or images is None:
            return None
        return measure_of(name, subject.model.training, images.identity, subject.model.image_shape)

    def choose(self, names: Sequence[str]) -> None:
        """Measure these quantities from now on; what is under way for others ends."""
        self._names = tuple(dict.fromkeys(name for name in names if name != LIVE))
        if self._under_way.keys() - set(self._names):
            self.cancel()
        # Who chooses wants to see.
        self._rest.stop()
        self.consider()

    def cancel(self) -> None:
        """End the measurement under way, without a point."""
        if self._task is not None:
            self._task.cancel()

    @Slot()
    def shut_down(self) -> None:
        """Give up the measurement under way, and begin no other."""
        self._closed = True
        if self._task is not None:
            self._task.give_up()

    def subject(self) -> Subject | None:
        """Return what there is to measure; None without a model, or images of its size."""
        images, model = self._session.images, self._session.newest
        if model is None or images is None or images.dataset.image_shape != model.image_shape:
            return None
        if self._parts is None or self._parts[0] is not images:
            self._parts = images, Parts.of(images)
        return Subject(model, self._parts[1])

    @Slot()
    def consider(self) -> None:
        """Begin a measurement if there is something new to measure, somebody looks, and it is time."""
        if self._closed or not self._names:
            return
        subject = self.subject()
        names = tuple(name for name in self._names if subject is not None and self._is_due(name, subject))
        if self._task is not None:
            if self._past is not None and names and time.monotonic() - self._begun > PAST_MEANWHILE_S:
                # What is new does not wait for what was.
                self.cancel()
            return
        trains = self._session.run_state is RunState.RUNNING
        if subject is None or (trains and self._rest.isActive()) or not self._is_in_view():
            return
        if names:
            self._tried |= dict.fromkeys(names, subject.model.parameters)
            self._begin(subject, names)
        else:
            self._begin_past(subject.model)

    def _begin(self, subject: Subject, names: tuple[str, ...], past: Moment | None = None) -> None:
        images = self._session.images
        if images is None:
            return
        model = subject.model
        self._past = past
        self._under_way = {name: run for name in names if (run := self._book.history(name).current) is not None}
        self._measures = {
            name: measure_of(name, model.training, images.identity, model.image_shape) for name in self._under_way
        }
        self._begun = time.monotonic()
        self._task = Task(self.tr("Measuring the model"), lambda task: subject.measure(names, _Reporter(task)), self)
        if past is None:
            self._task.progressed.connect(self.progressed)
        self._task.succeeded.connect(self._finish)
        self._task.failed.connect(self._fail)
        self._task.start()

    def _begin_past(self, newest: Model) -> None:
        """Measure a moment of the run's past, if there is one of which a curve is short."""
        session, parts = self._session, self._parts
        data = session.training_data
        if parts is None or not _are_same(data, parts[0]):
            return
        trains = session.run_state is RunState.RUNNING
        within = PAST_MEANWHILE_S if trains else PAST_WITHIN_S
        names = [name for name in self._names if self._took.get(name, within + 1) <= within]
        moment = next((moment for name in names if (moment := self._due_moment(name)) is not None), None)
        if moment is None:
            return
        subject = Subject(model_at(session, newest, moment), parts[1])
        lacking = [name for name in names if self._lacks(name, moment)]
        for name in lacking:
            # With or without a point: it is not measured twice.
            self._tried_past.setdefault(name, set()).add(moment.epochs)
        self._begin(subject, tuple(name for name in lacking if not subject.problem(name)), moment)

    def _due_moment(self, name: str) -> Moment | None:
        run = self._book.history(name).current
        images, kept = self._session.images, self._session.moments.kept
        if run is None or images is None:
            return None
        mine = [moment for moment in kept if _are_same(moment.data, images)]
        return due_moment(mine, run, self._tried_past.get(name, ()))

    def _lacks(self, name: str, moment: Moment) -> bool:
        run = self._book.history(name).current
        tried = self._tried_past.get(name, ())
        return run is not None and moment.epochs not in tried and distance(moment, run) > 0

    def _is_due(self, name: str, subject: Subject) -> bool:
        run = self._book.history(name).current
        if run is None or self._tried.get(name) is subject.model.parameters or subject.problem(name):
            return False
        return not len(run) or float(run.values("epoch")[-1]) < subject.model.epochs_trained

    @Slot(object)
    def _finish(self, points: dict[str, CurvePoint]) -> None:
        took = time.monotonic() - self._begun
        for name, run in self._under_way.items():
            self._took[name] = took
            point = points.get(name)
            if point is not None and self._past is not None:
                self._book.history(name).insert(point, run, self._measures[name])
            elif point is not None:
                self._book.history(name).append([point], run, self._measures[name])
        self._end(took)

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        if isinstance(error, Cancelled):
            # It may be chosen again.
            for name in self._under_way:
                if self._past is None:
                    self._tried.pop(name, None)
                else:
                    self._tried_past.get(name, set()).discard(self._past.epochs)
        else:
            # Whatever is wrong would be so with the next parameters, too.
            self._names = tuple(name for name in self._names if name not in self._under_way)
            self._session.failed.emit(error)
        self._end(0.0)

    def _end(self, took: float) -> None:
        if self._task is not None:
            self._task.join()
            self._task.deleteLater()
            self._task = None
        self._under_way, self._past = {}, None
        self._rest.start(max(INTERVAL_MS, round(1000 * REST * took)))
        self.ended.emit()
        self.consider()


def _are_same(data: DatasetIdentity | None, images: Images) -> bool:
    """Whether a model learned from these images, as far as that is known: on others it would be another measure."""
    return data is None or data.digest == images.identity.digest


class _Reporter:
    """Tells a task's progress, seldom, and ends it where it is cancelled."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._next = time.monotonic() + _PROGRESS_AFTER_S

    def __call__(self, share: float) -> None:
        if self._task.cancelled.is_set():
            raise Cancelled
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _PROGRESS_EVERY_S
            self._task.report(round(100 * share), 100)
