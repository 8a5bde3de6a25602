"""The program at work, for a test that kills it: trains, saves over the same file again and again, keeps drawings.

Run as ``python -m tests.app.killed FILE INTERVAL SEED``; tells on its standard output, a line each, what is safe. With
a negative seed it only trains.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from rbm_studio.app.drawings import MOST_KEPT, Kept
from rbm_studio.app.main import Program, create_application
from rbm_studio.app.state import RunState

from .conftest import bars_dataset
from .test_drawings import drawing

if TYPE_CHECKING:
    from rbm_studio.app.session import Session


class Work(QObject):
    def __init__(self, program: Program, file: Path, seed: int) -> None:
        super().__init__(program)
        self._session: Session = program.window.session
        self._file = file
        self._seed = seed
        self._rng = random.Random(seed)
        self._told = 0.0
        self._session.progressed.connect(self._tell_progress)
        self._session.failed.connect(lambda error: tell(f"failed:{type(error).__name__}", 0.0))
        program.autosave.written.connect(lambda epochs: tell("written", epochs))
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._begin)
        self._timer.start(10)

    def _begin(self) -> None:
        if self._session.task is None:
            self._timer.timeout.disconnect(self._begin)
            self._timer.stop()
            self._session.load("Loading", lambda _task: bars_dataset())
            self._session.images_changed.connect(self._train)

    def _train(self) -> None:
        self._session.images_changed.disconnect(self._train)
        self._session.change_settings(hidden_num=12, batch_size=20, epochs=100_000, device="cpu")
        self._session.train()
        if self._seed >= 0:
            self._timer.timeout.connect(self._act)
        self._timer.start(30)

    def _act(self) -> None:
        session = self._session
        act = self._rng.random()
        if session.run_state is RunState.IDLE:
            session.train()
        elif act < 0.15:
            session.stop()
        elif act < 0.3:
            epochs = session.epochs_trained
            if session.save_experiment(self._file):
                tell("saved", epochs)
        elif act < 0.4 and len(session.drawings.kept) < MOST_KEPT:
            session.drawings.add([Kept(drawing(0.1 + 0.8 * self._rng.random()))])

    def _tell_progress(self) -> None:
        now = time.monotonic()
        if now - self._told > 0.03 and self._session.epochs_trained > 0:
            self._told = now
            tell("trained", self._session.epochs_trained)


def tell(what: str, epochs: float) -> None:
    sys.stdout.write(f"{what} {epochs!r} {time.monotonic()!r}\n")
    sys.stdout.flush()


def main() -> int:
    file, interval, seed = sys.argv[1:]
    application = create_application()
    program = Program(application, autosave_s=float(interval))
    Work(program, Path(file), int(seed))
    return application.exec()


if __name__ == "__main__":
    sys.exit(main())
