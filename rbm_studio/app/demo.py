"""The demo: the window drives itself through its main job, by mouse and keys, and keeps pictures of it."""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QObject, QPoint, QPointF, Qt, QTimer, SignalInstance
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from rbm_studio.app.cover import Part
from rbm_studio.app.main import create_application, create_window
from rbm_studio.app.panels.draw_panel import DrawPanel
from rbm_studio.app.panels.health_panel import HealthPanel
from rbm_studio.app.panels.unit_panel import UnitPanel
from rbm_studio.app.pictures import png
from rbm_studio.app.state import RunState
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.atomic import write_atomically, writing_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rbm_studio.app.window import MainWindow

SIZE = (1280, 800)
TIMEOUT_S = 150
_MOVES_PER_SEGMENT = 4
_TURNS_MS, _DREAM_MS, _LOOK_MS = 200, 2000, 20

# A 3, in two strokes, as fractions of the canvas.
_THREE = [
    [(0.32, 0.25), (0.45, 0.17), (0.6, 0.18), (0.68, 0.28), (0.62, 0.4), (0.46, 0.48)],
    [(0.46, 0.48), (0.63, 0.52), (0.71, 0.65), (0.64, 0.79), (0.46, 0.84), (0.3, 0.76)],
]


def run_demo(output: Path) -> int:
    """Load MNIST, train, draw a digit, look at it in the labs of the real window; print the epochs, save pictures.

    Parameters
    ----------
    output : Path
        The folder for the pictures; made if it is missing.

    Returns
    -------
    int
        The exit status: 0.

    Raises
    ------
    RBMStudioError
        If a step of it did not come about.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise writing_error(output / "pictures", error) from error
    create_application()
    window = create_window()
    window.resize(*SIZE)
    window.restore_default_layout()
    window.show()
    demo = _Demo(window, output)
    try:
        demo.play()
    finally:
        window.session.shut_down()
        window.discard()
    return 0


class _Demo(QObject):
    """Plays the steps, each as a person would do it."""

    def __init__(self, window: MainWindow, output: Path) -> None:
        super().__init__(window)
        self._window = window
        self._session = window.session
        self._output = output
        self._epochs_told = 0
        self._pictures = 0
        self._error: Exception | None = None
        self._session.failed.connect(self._take_error)
        self._session.progressed.connect(self._tell_epochs)

    def play(self) -> None:
        session = self._session
        self._wait(session.task_changed, lambda: session.task is None)
        images = session.images
        if images is None:
            raise RBMStudioError(
                "There is no MNIST on this computer.", "Install the sample: pip install rbm-studio[sample]."
            )
        _say(f"{images.dataset.name}: {len(images.train):,} training images, from {images.dataset.source}")
        # The panels take turns to show a new model.
        self._settle(_TURNS_MS)
        self._save("start")
        session.change_settings(epochs=10)
        QTest.keyClick(self._window, Qt.Key.Key_F5)
        self._wait(session.progressed, lambda: self._epochs_told >= 1)
        # Else, on a fast machine, the run is over before the digit is drawn.
        QTest.keyClick(self._window, Qt.Key.Key_F6)
        self._draw_three()
        if session.run_state is RunState.PAUSED:
            at = session.epochs_trained
            QTest.keyClick(self._window, Qt.Key.Key_F5)
            self._wait(session.progressed, lambda: session.epochs_trained > at)
        self._save("training")
        self._wait(session.run_state_changed, lambda: session.run_state is RunState.IDLE)
        self._settle()
        self._tell_epochs()
        self._save("trained")
        self._select_a_filter()
        self._save("filter")
        self._cover_a_half()
        self._save("completed")
        self._look_at_the_unit()
        self._save("unit")
        self._dream()
        self._save("dream")
        self._look_at_the_health()
        self._save("health")
        _say(f"Pictures of the window are in {self._output}/")
        if self._error is not None:
            raise self._error

    def _draw_three(self) -> None:
        panel = self._window.panel("draw")
        if not isinstance(panel, DrawPanel):
            return
        canvas = panel.canvas
        for number, stroke in enumerate(_THREE, start=1):
            points = [_on(canvas, x, y) for x, y in _dense(stroke)]
            QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=points[0])
            for point in points[1:]:
                QTest.mouseMove(canvas, point)
                self._settle()
            QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=points[-1])
            self._settle()
            self._save(f"stroke-{number}")

    def _select_a_filter(self) -> None:
        mosaic = self._window.panel("weights").findChild(QWidget, "mosaic")
        if mosaic is not None:
            QTest.mouseClick(mosaic, Qt.MouseButton.LeftButton, pos=_on(mosaic, 0.3, 0.3))
            self._settle()

    def _cover_a_half(self) -> None:
        panel = self._window.panel("draw")
        if isinstance(panel, DrawPanel):
            panel.lab.cover(Part.RIGHT)
            self._wait(panel.lab.moved, lambda: not panel.lab.is_settling)

    def _look_at_the_unit(self) -> None:
        panel = self._window.panel("unit")
        if isinstance(panel, UnitPanel):
            self._window.docks["unit"].raise_()
            self._wait(panel.measuring.changed, lambda: panel.measuring.measured is not None)

    def _dream(self) -> None:
        self._window.docks["dream"].raise_()
        self._settle()
        run = self._window.panel("dream").findChild(QWidget, "run_chains")
        if run is not None:
            # The chains are made on another thread; before, there is nothing to run.
            for _ in range(TIMEOUT_S * 1000 // _LOOK_MS):
                if run.isEnabled():
                    break
                self._settle(_LOOK_MS)
            QTest.mouseClick(run, Qt.MouseButton.LeftButton)
        self._settle(_DREAM_MS)

    def _look_at_the_health(self) -> None:
        panel = self._window.panel("health")
        if isinstance(panel, HealthPanel):
            self._window.docks["health"].raise_()
            self._wait(panel.measured, lambda: panel.health is not None)

    def _wait(self, signal: SignalInstance, done: Callable[[], bool]) -> None:
        """Let the window live until a signal finds something done."""
        if done():
            return
        loop, timer = QEventLoop(), QTimer()
        timer.setSingleShot(True)
        timer.timeout.connect(loop.quit)
        timer.start(TIMEOUT_S * 1000)

        def look() -> None:
            if done() or self._error is not None:
                loop.quit()

        signal.connect(look)
        loop.exec()
        signal.disconnect(look)
        if self._error is not None:
            raise self._error
        if not done():
            raise RBMStudioError(
                "The demo waited for {limit} s in vain.", "Run it again on a less busy machine.", limit=TIMEOUT_S
            )

    def _settle(self, milliseconds: int = 20) -> None:
        """Let what was asked for be painted."""
        # Not QTest.qWait: it holds Python while it sleeps, and the training would hardly go on.
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()

    def _save(self, name: str) -> None:
        self._pictures += 1
        self._settle()
        path = self._output / f"{self._pictures:02}-{name}.png"
        data = png(self._window.grab().toImage())
        write_atomically(path, lambda file: file.write(data))

    def _tell_epochs(self) -> None:
        model = self._session.newest
        history = model.history if model else ()
        epochs = self._session.settings.training.epochs
        for number, record in enumerate(history[self._epochs_told :], start=self._epochs_told + 1):
            _say(f"Epoch [{number}/{epochs}], KL Divergence: {record.training_kl:.4f}")
        self._epochs_told = len(history)

    def _take_error(self, error: Exception) -> None:
        self._error = error


def _on(widget: QWidget, x: float, y: float) -> QPoint:
    side = min(widget.width(), widget.height())
    corner = QPointF((widget.width() - side) / 2, (widget.height() - side) / 2)
    return (corner + QPointF(x, y) * side).toPoint()


def _dense(points: list[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Yield points between those given, as a hand moves."""
    for (x, y), (next_x, next_y) in itertools.pairwise(points):
        for part in range(_MOVES_PER_SEGMENT):
            share = part / _MOVES_PER_SEGMENT
            yield x + share * (next_x - x), y + share * (next_y - y)
    yield points[-1]


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
