"""Dreaming in the background: a thread that steps the chains, and a timer that brings their pictures to the window."""

from __future__ import annotations

import logging
import math
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from rbm_studio.app.log_lines import log_failure
from rbm_studio.app.private_names import Own

if TYPE_CHECKING:
    from rbm_studio.app.dream import Dream, Frame, Wishes

_log = logging.getLogger(__name__)

FRAME_MS = 33
TRAINING_FRAME_MS = 100


@dataclass(frozen=True)
class _Share:
    """How much of the computer the chains take.

    Attributes
    ----------
    turn : float
        Seconds for which the thread steps at most before it looks for another wish.
    rest : float
        For so many times as long as it worked it rests, so that others get their turn.
    measure_every : float
        Seconds from one measurement to the next.
    """

    turn: float
    rest: float
    measure_every: float


_ALONE = _Share(turn=0.03, rest=0.25, measure_every=1.0)
# What trains comes first: a tenth of a core is left to dreams.
_BESIDE_TRAINING = _Share(turn=0.01, rest=9.0, measure_every=5.0)


@dataclass(frozen=True)
class Pace:
    """How fast chains go.

    Attributes
    ----------
    rate : float
        Gibbs steps a second, all chains together making each; infinite: as fast as they can.
    """

    rate: float

    @property
    def turn(self) -> tuple[int, float]:
        """Steps in each turn of the thread, and seconds from one turn to the next."""
        if self.rate == math.inf:
            return 1 << 30, 0.0
        per_frame = self.rate * FRAME_MS / 1000
        return (1, 1 / self.rate) if per_frame <= 1 else (round(per_frame), round(per_frame) / self.rate)


class DreamRunner(QObject):
    """Steps one dream at a time on a thread of its own.

    Parameters
    ----------
    parent : QObject, optional

    Signals
    -------
    moved : Frame
        The dream has gone on, or another one has begun; at most 30 times a second, ten while the model trains.
    failed : Exception
        What ended it; the log has it too.
    """

    moved = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._drain)
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._dream: Dream | None = None
        self._wishes: Wishes | None = None
        self._pace: Pace | None = None
        self._owed = 0
        self._busy = False
        self._measured = True
        self._frame: Frame | None = None
        self._error: Exception | None = None
        self._share = _ALONE

    @property
    def running(self) -> bool:
        """Whether the chains go on by themselves."""
        return self._pace is not None

    @property
    def idle(self) -> bool:
        """Whether nothing is under way, and all that was made is shown."""
        return not self._timer.isActive()

    def begin(self, dream: Dream | None) -> None:
        """Go on with another dream, at the present pace; with none, stop."""
        # Before the thread has it: from then on it is the thread's own.
        first = None if dream is None else dream.frame()
        with self._changed:
            self._dream, self._wishes, self._frame = dream, None, None
            self._owed = 0
            self._measured = True
            if dream is None:
                self._pace = None
            self._changed.notify_all()
        if first is not None:
            self.moved.emit(first)

    def follow(self, wishes: Wishes) -> None:
        """Step in another way from the next step on."""
        with self._changed:
            self._wishes = wishes

    def run(self, pace: Pace) -> None:
        """Go on by itself, at this pace."""
        with self._changed:
            if self._dream is None or self._closed:
                return
            self._pace = pace
            self._changed.notify_all()
        self._go()

    def pause(self) -> None:
        """Stop after the present step."""
        with self._changed:
            self._pace = None
            self._changed.notify_all()

    def step(self) -> None:
        """Make one Gibbs step."""
        with self._changed:
            if self._dream is None or self._closed:
                return
            self._owed += 1
            self._changed.notify_all()
        self._go()

    def set_training(self, training: bool) -> None:
        """Leave more of the computer to a training, while there is one."""
        self._share = _BESIDE_TRAINING if training else _ALONE
        self._timer.setInterval(TRAINING_FRAME_MS if training else FRAME_MS)

    def shut_down(self) -> None:
        """End the thread, and do nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._timer.stop()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _go(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="dreaming", daemon=True)
            self._thread.start()
        if not self._timer.isActive():
            self._timer.start()

    def _drain(self) -> None:
        with self._changed:
            frame, self._frame = self._frame, None
            error, self._error = self._error, None
            idle = self._pace is None and not self._has_work() and not self._busy
        if idle:
            self._timer.stop()
        if frame is not None:
            self.moved.emit(frame)
        if error is not None:
            self.failed.emit(error)

    # --- on the thread

    def _has_work(self) -> bool:
        """Whether there is something to do at once; called with the lock held."""
        return self._dream is not None and (self._owed > 0 or (self._pace is None and not self._measured))

    def _work(self) -> None:
        due, measured_at = 0.0, 0.0
        while True:
            with self._changed:
                self._busy = False
                while not self._closed and not self._has_work():
                    runs = self._pace is not None and self._dream is not None
                    wait = due - time.monotonic() if runs else None
                    if wait is not None and wait <= 0:
                        break
                    self._changed.wait(wait)
                dream, wishes, pace, owed = self._dream, self._wishes, self._pace, self._owed
                if self._closed:
                    return
                if dream is None:
                    continue
                self._busy, self._owed = True, 0
            begun = time.monotonic()
            steps, interval = (owed, 0.0) if owed or pace is None else pace.turn
            share = self._share
            settle = pace is None or begun - measured_at >= share.measure_every
            try:
                frame = self._take_turn(
                    dream, wishes, steps, settle=settle, end=math.inf if owed else begun + share.turn
                )
            except Exception as error:
                self._fail(dream, error)
                continue
            now = time.monotonic()
            measured_at = now if settle else measured_at
            # What was missed is not made up for.
            due = max(max(due, begun - interval) + interval, now + share.rest * (now - begun))
            with self._changed:
                if dream is self._dream:
                    self._frame = frame
                    self._measured = settle

    def _take_turn(self, dream: Dream, wishes: Wishes | None, steps: int, *, settle: bool, end: float) -> Frame:
        if wishes is not None:
            dream.follow(wishes)
        for _ in range(steps):
            dream.advance()
            if time.monotonic() >= end:
                break
        if settle:
            dream.measure()
        return dream.frame()

    def _fail(self, dream: Dream, error: Exception) -> None:
        log_failure(_log, Own("Dreaming"), error)
        with self._changed:
            if dream is self._dream:
                self._error, self._dream, self._pace = error, None, None
