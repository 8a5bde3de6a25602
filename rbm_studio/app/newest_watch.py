"""Slow measurements of the newest model in the background: step by step, with rests, and never in the way."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from rbm_studio.app.state import RunState
from rbm_studio.app.task import Task
from rbm_studio.core.likelihood import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable

    from rbm_studio.app.session import Session
    from rbm_studio.app.state import Images, Model

DELAY_MS = 300
"""After a run's end, or a new model, so long nothing happens: often another follows at once."""

SETTLED_EPOCHS = 1.0
"""While a model trains, so many epochs pass before the first measurement."""

IDLE_SHARE = 0.6
"""Part of the time that a measurement takes while nothing trains."""


class Pace:
    """Rests between pieces of work, so that these take a part of the time, which may become another meanwhile."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._share = 1.0
        self._is_awake = False

    def take(self, share: float) -> None:
        """Let the work take this part of the time, above 0, to 1; also the rest under way follows."""
        with self._changed:
            self._share = share
            self._changed.notify_all()

    def wake(self) -> None:
        """End the rest under way."""
        with self._changed:
            self._is_awake = True
            self._changed.notify_all()

    def rest(self, worked: float) -> None:
        """Rest after so many seconds of work; on the worker's thread."""
        begun = time.monotonic()
        with self._changed:
            while not self._is_awake:
                left = begun + worked * (1 / self._share - 1) - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            self._is_awake = False


class Steps:
    """Lets a measurement rest after each of its steps, and ends it where it is cancelled.

    Parameters
    ----------
    task : Task
        That measures.
    pace : Pace
    """

    def __init__(self, task: Task, pace: Pace) -> None:
        self._task, self._pace = task, pace
        self._begun = time.monotonic()

    def rest(self) -> None:
        """Rest, as long as it is due after what was done since the last time.

        Raises
        ------
        Cancelled
            If the measurement is to end.
        """
        if not self._task.cancelled.is_set():
            self._pace.rest(time.monotonic() - self._begun)
        if self._task.cancelled.is_set():
            raise Cancelled
        self._begun = time.monotonic()


class NewestWatch(QObject):
    """Measures the newest model on a thread of its own, again when it has become another.

    While the model trains, each step of the measurement is followed by a rest many times as long, and what was begun
    comes to its end whatever the model becomes. At a run's end, and while nothing trains, the newest parameters have
    their turn at once.

    Parameters
    ----------
    session : Session
    title : str
        What it does, for the log.
    share : float
        Part of the time that it takes from a training.
    parent : QObject, optional

    Signals
    -------
    changed
        There is another result, or none any more.
    """

    changed = Signal()

    def __init__(self, session: Session, title: str, share: float, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._title = title
        self._share = share
        # Which model's life it is: what comes of another is too late.
        self._life = 0
        self._task: Task | None = None
        # What is measured, and what was.
        self._under_way: Model | None = None
        self._measured: Model | None = None
        self._closed = False
        self._pace = Pace()
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(DELAY_MS)
        self._delay.timeout.connect(self._begin)
        session.newest_changed.connect(self._consider)
        session.run_state_changed.connect(self._consider)
        session.images_changed.connect(self._begin_again)
        session.curve_started.connect(self._begin_again)
        session.ending.connect(self.shut_down)

    # --- what is measured

    def _work(self, model: Model, images: Images, is_settled: bool) -> Callable[[Steps], object]:
        """Return what measures a model, and calls `Steps.rest` between its steps, on another thread."""
        raise NotImplementedError

    def _take(self, result: object) -> None:
        """Take a result, on the window's thread."""
        raise NotImplementedError

    def _forget(self) -> None:
        """Forget the results, which are another model's."""
        raise NotImplementedError

    # --- when

    @property
    def is_at_work(self) -> bool:
        """Whether a measurement is under way, or about to be."""
        return self._task is not None or self._delay.isActive()

    @Slot()
    def shut_down(self) -> None:
        """Give up the measurement under way, and begin no other."""
        self._closed = True
        # A timer that runs on would outlive the thread that it belongs to.
        self._delay.stop()
        if self._task is not None:
            self._cancel()
            self._task.give_up()

    @Slot()
    def _begin_again(self) -> None:
        self._life += 1
        self._delay.stop()
        self._cancel()
        self._measured = None
        self._forget()
        self.changed.emit()
        self._consider()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._pace.wake()

    @property
    def _trains(self) -> bool:
        return self._session.run_state in (RunState.RUNNING, RunState.STOPPING)

    @Slot()
    def _consider(self) -> None:
        """Begin with the newest parameters soon, if it is their turn; end what is no longer wanted."""
        self._pace.take(self._share if self._trains else IDLE_SHARE)
        model = self._due()
        if self._closed or model is None:
            return
        if self._task is None:
            if not self._delay.isActive():
                self._delay.start()
        elif not self._trains and self._under_way is not None and self._under_way.parameters is not model.parameters:
            self._cancel()

    def _due(self) -> Model | None:
        """Return the model that is to be measured; None if there is none, or it has been."""
        model, images = self._session.newest, self._session.images
        if model is None or images is None or images.dataset.image_shape != model.image_shape:
            return None
        if self._session.is_drawn or (self._trains and model.epochs_trained < SETTLED_EPOCHS):
            return None
        measured = self._measured
        return None if measured is not None and measured.parameters is model.parameters else model

    @Slot()
    def _begin(self) -> None:
        model, images = self._due(), self._session.images
        if self._closed or self._task is not None or model is None or images is None:
            return
        is_settled = self._session.run_state is RunState.IDLE or model.training.schedule == "constant"
        work, life, pace = self._work(model, images, is_settled), self._life, self._pace
        self._under_way = model
        self._task = Task(self._title, lambda task: (life, model, work(Steps(task, pace))), self)
        self._task.succeeded.connect(self._finish)
        self._task.failed.connect(self._fail)
        self._task.start()

    @Slot(object)
    def _finish(self, result: tuple[int, Model, object]) -> None:
        life, model, found = result
        self._end()
        if life == self._life:
            self._measured = model
            self._take(found)
            self.changed.emit()
        self._consider()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self._end()
        if isinstance(error, Cancelled):
            self._consider()
        else:
            # Whatever is wrong would be so with the next parameters, too.
            self._closed = True
            self._session.failed.emit(error)

    def _end(self) -> None:
        if self._task is not None:
            self._task.join()
            self._task.deleteLater()
        self._task = self._under_way = None
