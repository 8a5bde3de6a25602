"""Measuring what the training does not, in the background: only what is looked at, and never in the way."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from rbm_studio.app.measurement import Parts, Subject
from rbm_studio.app.quantities import LIVE
from rbm_studio.app.state import RunState
from rbm_studio.app.task import Task
from rbm_studio.core.likelihood import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rbm_studio.app.curve_book import CurveBook
    from rbm_studio.app.curve_history import CurvePoint, CurveRun
    from rbm_studio.app.session import Session
    from rbm_studio.app.state import Images
    from rbm_studio.core.parameters import Parameters

INTERVAL_MS = 50
REST = 4
"""After each measurement, so many times as long as it took, while the model trains: a fifth of the time is measured."""
_PROGRESS_AFTER_S, _PROGRESS_EVERY_S = 0.3, 0.1
"""What takes no longer than the first needs no progress bar, which would flash."""


class Measuring(QObject):
    """Measures the newest parameters on a thread of its own, one measurement at a time.

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
        self._parts: tuple[Images, Parts] | None = None
        self._task: Task | None = None
        self._begun = 0.0
        self._closed = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self.consider)
        book.begun.connect(self._tried.clear)
        session.newest_changed.connect(self.consider)
        session.run_state_changed.connect(self.consider)
        session.ending.connect(self.shut_down)

    def is_measuring(self, name: str) -> bool:
        """Whether a quantity is being measured."""
        return name in self._under_way

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
        """End the measurement under way, wait for that, and begin no other."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            self._task.join()

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
        trains = self._session.run_state is RunState.RUNNING
        if self._closed or self._task is not None or not self._names or (trains and self._rest.isActive()):
            return
        subject = self.subject()
        names = tuple(name for name in self._names if subject is not None and self._is_due(name, subject))
        if subject is None or not names or not self._is_in_view():
            return
        self._tried |= dict.fromkeys(names, subject.model.parameters)
        self._under_way = {name: run for name in names if (run := self._book.history(name).current) is not None}
        self._begun = time.monotonic()
        self._task = Task(self.tr("Measuring the model"), lambda task: subject.measure(names, _Reporter(task)), self)
        self._task.progressed.connect(self.progressed)
        self._task.succeeded.connect(self._finish)
        self._task.failed.connect(self._fail)
        self._task.start()

    def _is_due(self, name: str, subject: Subject) -> bool:
        run = self._book.history(name).current
        if run is None or self._tried.get(name) is subject.model.parameters or subject.problem(name):
            return False
        return not len(run) or float(run.values("epoch")[-1]) < subject.model.epochs_trained

    @Slot(object)
    def _finish(self, points: dict[str, CurvePoint]) -> None:
        for name, point in points.items():
            self._book.history(name).append([point], self._under_way[name])
        self._end(time.monotonic() - self._begun)

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        if isinstance(error, Cancelled):
            # It may be chosen again.
            for name in self._under_way:
                self._tried.pop(name, None)
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
        self._under_way = {}
        self._rest.start(max(INTERVAL_MS, round(1000 * REST * took)))
        self.ended.emit()
        self.consider()


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
