"""The program's own main window, driven by a benchmark."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QTimer, SignalInstance

from rbm_studio.app.curve_history import CurvePoint
from rbm_studio.app.main import create_application, create_window
from rbm_studio.app.state import RunState
from rbm_studio.app.training_runner import SNAPSHOT_INTERVAL_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SIZE = (1280, 800)
_LIMIT_S = 60
_SETTLE_S = 1.0
_EPOCHS_A_REDRAW, _SOME_KL = 0.05, 0.15
_EPOCHS = 500  # more than a benchmark sees the end of, and few enough that the curve is a curve


class DrivenWindow:
    """The main window at its default size, with MNIST loaded.

    Parameters
    ----------
    hidden_num : int
        Hidden units of the model.

    Raises
    ------
    RuntimeError
        If there is no MNIST on this computer, or whatever the window itself complains of.
    """

    def __init__(self, hidden_num: int) -> None:
        self.application = create_application()
        self.window = create_window()
        self.session = self.window.session
        self._error: Exception | None = None
        self.session.failed.connect(self._take_error)
        self.window.resize(*_SIZE)
        self.window.restore_default_layout()
        self.window.show()
        self.wait_for(self.session.task_changed, lambda: self.session.task is None)
        if self.session.images is None:
            raise RuntimeError("there is no MNIST on this computer")
        self.session.change_settings(hidden_num=hidden_num, epochs=_EPOCHS)
        spend(_SETTLE_S)

    @contextmanager
    def training(self, batch_size: int) -> Iterator[None]:
        """Train in the background; settled when the block begins, ended when it is left."""
        session = self.session
        session.change_settings(batch_size=batch_size)
        session.train()
        spend(_SETTLE_S)
        yield
        if session.run_state is not RunState.RUNNING:
            raise RuntimeError("the training ended before it was measured")
        session.stop()
        self.wait_for(session.run_state_changed, lambda: session.run_state is RunState.IDLE)
        spend(_SETTLE_S)

    @contextmanager
    def redrawing(self) -> Iterator[None]:
        """Draw as while training, as often and without it: the newest parameters again, and a point of the curve."""
        session = self.session
        epoch = session.progress.epochs_trained if session.progress else 0.0
        timer = QTimer(self.window)

        def redraw() -> None:
            nonlocal epoch
            epoch += _EPOCHS_A_REDRAW
            session.curve_grew.emit([CurvePoint(epoch, _SOME_KL, None)])
            session.progressed.emit()
            session.model_changed.emit()

        timer.timeout.connect(redraw)
        timer.start(round(1000 * SNAPSHOT_INTERVAL_S))
        yield
        timer.deleteLater()

    def wait_for(self, signal: SignalInstance, reached: Callable[[], bool]) -> None:
        """Let the window live until a signal finds that something was reached.

        Raises
        ------
        RuntimeError
            If that does not come about within a minute.
        """
        loop = QEventLoop()

        def look() -> None:
            if reached():
                loop.quit()

        signal.connect(look)
        if not reached():
            QTimer.singleShot(_LIMIT_S * 1000, loop.quit)
            loop.exec()
        signal.disconnect(look)
        if self._error is not None:
            raise RuntimeError(str(self._error))
        if not reached():
            raise RuntimeError(f"the window was waited for in vain for {_LIMIT_S} s")

    def end(self) -> None:
        """End what runs; the window is not closed, for that would save its layout."""
        self.session.shut_down()

    def _take_error(self, error: Exception) -> None:
        self._error = error


def spend(seconds: float) -> None:
    """Let the window live for a time."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()
