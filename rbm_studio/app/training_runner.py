"""Training in the background: a thread that trains, and a timer that brings what it made to the window.

The worker never emits a signal: it leaves the newest snapshot in a slot and the curve's points in a list, and the
timer takes both, however many batches went by.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from enum import Enum, auto
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from threadpoolctl import threadpool_limits

from rbm_studio.app.curve_history import CurvePoint
from rbm_studio.app.log_lines import log_failure
from rbm_studio.app.private_names import Own
from rbm_studio.app.run_messages import Checkpoint, Outcome, Snapshot, Update
from rbm_studio.app.task import give_up
from rbm_studio.core.backend import CPU
from rbm_studio.core.gpu_errors import GPUError, gpu_errors
from rbm_studio.core.metrics import EpochRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from rbm_studio.core.state import TrainingState
    from rbm_studio.core.training import Progress, Training

_log = logging.getLogger(__name__)

DRAIN_INTERVAL_MS = 33
SNAPSHOT_INTERVAL_S = 0.1
KEPT_REST = 50
"""Between two checkpoints that are kept the training goes on for so many times as long as one takes: 2 % at most."""
MOST_UNTAKEN = 8
"""So many checkpoints wait for the window at most; while it is busy for long, no more are kept."""
PUT_BY_INTERVAL_S = 5.0
"""From one checkpoint of a GPU's run to the next, at least: were the GPU to vanish, nothing of it could be fetched."""
POINTS_PER_EPOCH = 20
IMAGES_PER_POINT = 100
"""Measured ones, at least, as far as an epoch has so many: the mean of fewer jumps about."""
PATIENCE_S = 20.0
"""For so long the program's end waits for the last batch, with which the run is kept: a device may never answer."""
ANSWER_TIMEOUT_S = 5.0
"""A batch takes a fraction of a second; to find a GPU, at a run's start, can take longer."""


class _Wish(Enum):
    RUN = auto()
    PAUSE = auto()
    STEP = auto()
    STOP = auto()


class _Curve:
    """Gathers batches into points, always at the same batches so that a curve does not depend on the clock.

    Parameters
    ----------
    batches : int
        Of an epoch.
    measured : int
        Images of an epoch that are measured.
    gathered : dict of float
        What an interrupted run had gathered for its next point.
    """

    def __init__(self, batches: int, measured: int, gathered: dict[str, float]) -> None:
        points = max(1, min(POINTS_PER_EPOCH, measured // IMAGES_PER_POINT))
        self._every = max(1, -(-batches // points))
        self._sum = gathered.get("sum", 0.0)
        self._count = int(gathered.get("count", 0))
        self._held_out = gathered.get("held_out")

    def gathered(self) -> dict[str, float]:
        """Return what there is for the next point, as it is kept in a training's state."""
        held_out = {} if self._held_out is None else {"held_out": self._held_out}
        return {"sum": self._sum, "count": self._count, **held_out}

    def add(self, progress: Progress) -> CurvePoint | None:
        self._sum += progress.kl
        self._count += 1
        if progress.held_out_kl is not None:
            self._held_out = progress.held_out_kl
        if progress.batch % self._every and progress.batch != progress.batches:
            return None
        point = CurvePoint(progress.epochs_trained, self._sum / self._count, self._held_out)
        self._sum, self._count, self._held_out = 0.0, 0, None
        return point


def leave_a_core_to_the_window() -> None:
    """Let BLAS use all cores but one, from now on and in the whole process.

    With BLAS on every core the window waits for a core while it trains; and where there are two, threads that wait for
    each other take thirty times as long for the small products of a drawing as one thread does.
    """
    threadpool_limits(limits=max(1, (os.cpu_count() or 2) - 1), user_api="blas")


class TrainingRunner(QObject):
    """Runs one training at a time on a thread of its own.

    Signals
    -------
    updated : Update
        At most 30 times a second.
    ended : Outcome
        Once for each start, on the window's thread; the worker has ended by then.
    """

    updated = Signal(object)
    ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setInterval(DRAIN_INTERVAL_MS)
        self._timer.timeout.connect(self._drain)
        self._changed = threading.Condition()
        self._wish = _Wish.STOP
        self._update = Update()
        self._outcome: Outcome | None = None
        self._thread: threading.Thread | None = None
        self._checkpoint: Checkpoint | None = None
        self._is_asked = False
        self._records: list[EpochRecord] = []
        self._curve: _Curve | None = None
        self._kept_interval = math.inf
        self._good: tuple[Snapshot, TrainingState, tuple[EpochRecord, ...]] | None = None
        self._put_by_at = 0.0

    @property
    def running(self) -> bool:
        """Whether a run has started and not yet ended; a paused one has not."""
        return self._thread is not None

    def start(self, make: Callable[[], Training], *, paused: bool = False) -> None:
        """Start a run.

        Parameters
        ----------
        make : callable
            Builds the training; called on the worker.
        paused : bool
            Whether to do one batch and pause.
        """
        if self.running:
            return
        self._wish = _Wish.STEP if paused else _Wish.RUN
        self._update, self._outcome, self._records = Update(), None, []
        self._curve = self._good = None
        self._thread = threading.Thread(target=self._work, args=(make,), name="training")
        self._thread.start()
        self._timer.start()

    def pause(self) -> None:
        """Pause after the present batch."""
        self._tell(_Wish.PAUSE)

    def resume(self) -> None:
        """Go on after a pause."""
        self._tell(_Wish.RUN)

    def step(self) -> None:
        """Do one batch and pause again."""
        self._tell(_Wish.STEP)

    def stop(self) -> None:
        """End the run after the present batch; `ended` follows."""
        self._tell(_Wish.STOP)

    def checkpoint(self) -> Checkpoint | None:
        """Return where the run stands after its present batch; None if there is no run, or it does not answer.

        From any thread; see `deliver` for what came before it.
        """
        with self._changed:
            if not self.running or self._outcome is not None:
                return None
            self._checkpoint, self._is_asked = None, True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._is_asked or self._outcome is not None, ANSWER_TIMEOUT_S)
            self._is_asked = False
            return self._checkpoint

    def deliver(self) -> None:
        """Bring what the worker has made so far, and the end of a run that is over, before the timer does.

        On the window's thread. After a `checkpoint` nothing that came before it is missing.
        """
        self._drain()

    def keep_every(self, epochs: float) -> None:
        """Keep a checkpoint of the first batch after each multiple of so many epochs; `updated` brings them."""
        self._kept_interval = epochs

    def join(self) -> None:
        """Stop, wait for the worker, and deliver what it left."""
        self.stop()
        if self._thread is not None:
            self._thread.join()
            self._drain()

    def give_up(self) -> None:
        """Stop, wait for the worker for a while, and deliver what it left: at the program's end."""
        self.stop()
        if self._thread is not None and give_up(self._thread, PATIENCE_S):
            self._drain()

    def _tell(self, wish: _Wish) -> None:
        with self._changed:
            # A stop that was asked for is not taken back by a later click.
            if self._wish is not _Wish.STOP:
                self._wish = wish
            self._changed.notify_all()

    def _drain(self) -> None:
        with self._changed:
            update, self._update = self._update, Update()
            outcome = self._outcome
        if update.progress is not None:
            self.updated.emit(update)
        if outcome is None or self._thread is None:
            return
        self._thread.join()
        self._thread = None
        self._timer.stop()
        self.ended.emit(outcome)

    def _work(self, make: Callable[[], Training]) -> None:
        training: Training | None = None
        error: Exception | None = None
        try:
            training = make()
            if training.backend is not CPU:
                self._put_by(training)
            self._train(training)
        except Exception as problem:
            error = problem
        if error is not None:
            log_failure(_log, Own("Training"), error)
        try:
            outcome = self._outcome_of(training, error)
        except Exception as problem:  # a GPU that went away must not leave the window waiting for an end
            log_failure(_log, "Fetching the trained parameters", problem)
            outcome = self._outcome_as_put_by(error or problem)
        with self._changed:
            self._outcome = outcome
            self._changed.notify_all()

    def _outcome_of(self, training: Training | None, error: Exception | None) -> Outcome:
        if training is None:
            return Outcome(False, None, None, error)
        with gpu_errors():
            if isinstance(error, GPUError):
                training.backend.release_memory()
            state = self._state_of(training).moved(CPU)
            return Outcome(training.finished, Snapshot.take(training), state, error)

    def _outcome_as_put_by(self, error: Exception) -> Outcome:
        """Return the end of a run of which nothing can be fetched any more."""
        if self._good is None:
            return Outcome(False, None, None, error)
        snapshot, state, records = self._good
        return Outcome(False, snapshot, state, error, records)

    def _put_by(self, training: Training) -> None:
        # The state first; see `_checkpoint_of`.
        state = self._state_of(training).moved(CPU)
        self._good = (Snapshot.take(training), state, tuple(self._records))
        self._put_by_at = time.monotonic()

    def _train(self, training: Training) -> None:
        at = training.state.position
        curve = self._curve = _Curve(training.batches, training.measured_per_epoch, at.gathered)
        last_snapshot = may_keep_at = 0.0
        kept_at = training.state.epochs_trained
        progress: Progress | None = None
        due = True
        while not training.finished:
            with self._changed:
                self._answer(training)
                if self._wish is _Wish.PAUSE and progress is not None and not due:
                    # What is looked at in a pause is where the run stands, and not a moment before.
                    self._update.progress, self._update.snapshot = progress, Snapshot.take(training)
                    due = True
                while self._wish is _Wish.PAUSE:
                    self._changed.wait()
                    self._answer(training)
                if self._wish is _Wish.STOP:
                    return
                single = self._wish is _Wish.STEP
                if single:
                    # Now: one more that is asked for once this one is told of is not to be lost.
                    self._wish = _Wish.PAUSE
            begun = time.monotonic()
            progress = training.step()
            now = time.monotonic()
            due = single or now - last_snapshot >= SNAPSHOT_INTERVAL_S
            snapshot = Snapshot.take(training) if due else None
            last_snapshot = now if due else last_snapshot
            self._publish(progress, curve.add(progress), snapshot, now - begun)
            rested = single or now >= may_keep_at
            if rested and self._is_multiple_between(kept_at, progress.epochs_trained):
                # Of this thread: others can have the processor meanwhile.
                kept_at, begin = progress.epochs_trained, time.thread_time()
                self._keep(training)
                may_keep_at = now + KEPT_REST * (time.thread_time() - begin)
            if training.backend is not CPU and now - self._put_by_at >= PUT_BY_INTERVAL_S:
                self._put_by(training)

    def _answer(self, training: Training) -> None:
        """Give the checkpoint that was asked for; called with the lock held."""
        if self._is_asked:
            self._checkpoint = self._checkpoint_of(training)
            self._is_asked = False
            self._changed.notify_all()

    def _checkpoint_of(self, training: Training) -> Checkpoint:
        # The state first: to read it may find that the parameters exploded, and put the last good ones back.
        state = self._state_of(training).moved(CPU)
        return Checkpoint(training.snapshot(), state, tuple(self._records))

    def _state_of(self, training: Training) -> TrainingState:
        state = training.state
        if self._curve is not None:
            state.position.gathered = self._curve.gathered()
        return state

    def _is_multiple_between(self, before: float, after: float) -> bool:
        return int(after / self._kept_interval) > int(before / self._kept_interval)

    def _keep(self, training: Training) -> None:
        if len(self._update.checkpoints) >= MOST_UNTAKEN:
            return
        checkpoint = self._checkpoint_of(training)
        with self._changed:
            self._update.checkpoints.append(checkpoint)

    def _publish(self, progress: Progress, point: CurvePoint | None, snapshot: Snapshot | None, seconds: float) -> None:
        with self._changed:
            update = self._update
            update.progress = progress
            update.seconds += seconds
            update.snapshot = snapshot or update.snapshot
            if point is not None:
                update.points.append(point)
            if progress.epoch_kl is not None:
                record = EpochRecord(progress.epochs_trained, progress.epoch_kl, progress.held_out_kl)
                update.records.append(record)
                self._records.append(record)
