"""The Gibbs chains of the drawing lab: a stage at a time, with parts of the drawing covered, or a class held."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from rbm_studio.app.cover import Part, covered_by
from rbm_studio.app.held import Held
from rbm_studio.core.class_drawing import MOST_STEPS, ClassDrawing
from rbm_studio.core.gibbs import GibbsChains, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.likeness import KnownImages
    from rbm_studio.core.parameters import Parameters

DEFAULT_SPEED = 2.0
SETTLING_STEPS = 20
"""Gibbs steps that complete a drawing unasked after each change."""
_GROWS_EVERY = 60
"""After so many steps a frame makes one more: the first are seen one by one, and 2,000 take some four seconds."""
_STEPS_A_SNAPSHOT = 2
"""So many follow new parameters while a model trains."""
_FRAME_S = 0.016
_BUDGET_S = 0.003
"""Of a frame; the rest is the drawing's and its reconstruction's."""
_WAITS_S = 0.2
"""At most so long a stage waits for a hand that draws: what it draws comes first."""
_REST = 3
"""At least so many times as long as a stage took, the window has for everything else."""


class LabChain(QObject):
    """Chains that start from a drawing, and their clock.

    With nothing held there is one chain; it starts from the drawing, moves when it is stepped or runs, and rests
    otherwise. With pixels covered, or with a class held, there are `held.count` of them: their free pixels start from
    noise, each on as often as its bias says, and they settle unasked after each change, a few steps a frame: those that
    draw a class until each shows an image of it, or `MOST_STEPS` are made, or they are stopped. The pixels that are not
    covered keep the drawing's values exactly.

    Parameters
    ----------
    rng : numpy.random.Generator
    in_view : callable
        Tells whether anybody can see the chains; out of view they stand still.
    known : callable, optional
        Returns what is known of the images of a class, or None.
    parent : QObject, optional

    Signals
    -------
    moved
        The chains have come to another stage.
    restarted
        They begin again: what they start from or what is held has changed.
    run_changed
        They began to run, or to pause.
    speed_changed
    """

    moved = Signal()
    restarted = Signal()
    run_changed = Signal()
    speed_changed = Signal()

    def __init__(
        self,
        rng: np.random.Generator,
        in_view: Callable[[], bool],
        known: Callable[[int], KnownImages | None] = lambda _label: None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._rng = rng
        self._in_view = in_view
        self._known = known
        self._class_drawing: ClassDrawing | None = None
        self._parameters: Parameters | None = None
        self._drawing: FloatArray = np.zeros((0, 0), dtype=np.float32)
        self._chains: GibbsChains | None = None
        self._held = Held()
        self._speed = DEFAULT_SPEED
        self._steps = 0
        self._is_running = False
        self._is_stepped = False
        self._steps_to_settle = 0
        # When a drawing came last, and a stage.
        self._drawn_at = self._moved_at = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    # --- what there is

    @property
    def chains(self) -> GibbsChains | None:
        """The chains; None without a model."""
        return self._chains

    @property
    def steps(self) -> int:
        """How many Gibbs steps were made since the start."""
        return self._steps

    @property
    def is_running(self) -> bool:
        """Whether the chains go on by themselves."""
        return self._is_running

    @property
    def is_active(self) -> bool:
        """Whether the chains have been stepped or run since the start, so that their stages are to be seen."""
        return self._is_running or self._is_stepped

    @property
    def is_settling(self) -> bool:
        """Whether steps are being made unasked."""
        return self._steps_to_settle > 0

    @property
    def class_drawing(self) -> ClassDrawing | None:
        """How far the chains of a class have come; None while none is held."""
        return self._class_drawing

    @property
    def held(self) -> Held:
        """What is held."""
        return self._held

    @property
    def speed(self) -> float:
        """Stages a second."""
        return self._speed

    # --- what is given

    def set_input(self, parameters: Parameters | None, drawing: FloatArray) -> bool:
        """Take the model's newest parameters and the drawing, and return whether the chains began again.

        Other parameters of the same shapes do not make them begin again.

        Parameters
        ----------
        parameters : Parameters or None
        drawing : float32 ndarray of shape (height, width)
            With as many pixels as the model has visible units.
        """
        before = self._parameters
        self._parameters = parameters
        if drawing.shape != self._drawing.shape:
            self._held = self._held.at(drawing.shape)
        self._held = self._held.known_to(parameters)
        fits = parameters is not None and before is not None and _shapes(parameters) == _shapes(before)
        if fits and self._chains is not None and parameters is not None and np.array_equal(drawing, self._drawing):
            self._take_parameters(parameters)
            return False
        if not np.array_equal(drawing, self._drawing) and self._held.ignores_drawing:
            # Who draws wants to see the drawing, and not a class that has nothing of it.
            self._held = replace(self._held, label=None)
            self._steps_to_settle = 0
        self._drawing = drawing
        self._drawn_at = time.perf_counter()
        self._begin(goes_on=fits)
        return True

    def _take_parameters(self, parameters: Parameters) -> None:
        if self._chains is not None and self._chains.parameters is not parameters:
            self._chains.parameters = parameters
            if self._held.anything and not self.is_active:
                self._settle(_STEPS_A_SNAPSHOT)

    def cover(self, part: Part) -> None:
        """Cover a part; with the brush, what is covered stays so."""
        covered = self._held.covered if part is Part.BRUSH else covered_by(part, self._drawing.shape)
        self._cover(part, covered)

    def cover_pixels(self, covered: NDArray[np.bool_]) -> None:
        """Cover these pixels, of the drawing's shape."""
        self._cover(Part.BRUSH, covered)

    def _cover(self, part: Part, covered: NDArray[np.bool_]) -> None:
        changes = not np.array_equal(covered, self._held.covered)
        self._held = replace(self._held, part=part, covered=covered)
        if changes:
            self._begin()
        self.restarted.emit()

    def set_label(self, label: int | None) -> None:
        """Hold a class, or none."""
        self._hold(label=label)

    def draw(self, label: int) -> None:
        """Draw a class: hold it, and begin anew, also where it was drawn before."""
        self.pause()
        self._held = replace(self._held, label=label)
        self.restart()

    def set_from_noise(self, from_noise: bool) -> None:
        """Start chains that draw a class from noise, or from the drawing."""
        self._hold(from_noise=from_noise)

    def set_count(self, count: int) -> None:
        """Set how many chains there are where something is held; 1 to 16."""
        self._hold(count=count)

    def _hold(self, **changes: Any) -> None:
        if any(getattr(self._held, name) != value for name, value in changes.items()):
            self._held = replace(self._held, **changes)
            self.restart()

    def set_speed(self, speed: float) -> None:
        """Set the stages a second; above 0."""
        if speed != self._speed:
            self._speed = speed
            if self._is_running:
                self._timer.start(round(1000 / speed))
            self.speed_changed.emit()

    # --- moving

    def stop(self) -> None:
        """Make no more of the steps that nobody asked for."""
        if self.is_settling:
            self._steps_to_settle = 0
            self._timer.stop()
            self.moved.emit()

    def restart(self) -> None:
        """Begin again from the drawing."""
        self._begin()
        self.restarted.emit()

    def half_step(self) -> None:
        """Go on by one stage, as asked; the chains pause there."""
        if self._chains is None:
            return
        self.pause()
        self._steps_to_settle = 0
        self._is_stepped = True
        self._make_stage(self._chains)
        self.moved.emit()

    def run(self) -> None:
        """Go on by themselves, a stage at a time."""
        if self._chains is not None and not self._is_running:
            self._steps_to_settle = 0
            self._is_running = self._is_stepped = True
            self._timer.start(0)
            self.run_changed.emit()

    def pause(self) -> None:
        """Stay at the present stage."""
        if self._is_running:
            self._is_running = False
            self._timer.stop()
            self.run_changed.emit()

    def wake(self) -> None:
        """Go on after standing still out of view."""
        if (self._is_running or self.is_settling) and not self._timer.isActive():
            self._timer.start(0)

    def _begin(self, *, goes_on: bool = False) -> None:
        """Make the chains anew; those that move go on from what they have in the covered pixels, if they may."""
        before, parameters = self._chains, self._parameters
        moving = self._is_running or self.is_settling
        self._steps = 0
        self._is_stepped = self._is_running
        self._chains = self._class_drawing = None
        if parameters is None:
            self.pause()
            self._timer.stop()
            self._is_stepped = False
            self._steps_to_settle = 0
            return
        guess = before.visible if before is not None and goes_on and moving else None
        start = self._held.start(parameters, self._drawing, guess, self._rng)
        self._chains = GibbsChains(parameters, start, self._rng)
        self._chains.clamp = self._held.clamp()
        self._steps_to_settle = 0
        self._watch_class(self._chains)
        if self._is_running:
            if not self._timer.isActive():
                self._timer.start(round(1000 / self._speed))
        elif self._held.anything:
            self._settle(SETTLING_STEPS if self._held.label is None else MOST_STEPS)
        else:
            self._timer.stop()

    def _watch_class(self, chains: GibbsChains) -> None:
        label = self._held.label
        if label is not None:
            self._class_drawing = ClassDrawing(chains, label, lambda: self._known(label), self._start_anew)

    def _start_anew(self) -> FloatArray:
        assert self._parameters is not None
        return self._held.start(self._parameters, self._drawing, None, self._rng)

    def _settle(self, steps: int) -> None:
        self._steps_to_settle = max(self._steps_to_settle, steps)
        if not self._timer.isActive():
            self._timer.start(0)

    def _tick(self) -> None:
        chains = self._chains
        if chains is None or not self._in_view():
            return
        begun = time.perf_counter()
        if begun < self._drawn_at + _FRAME_S and begun < self._moved_at + _WAITS_S:
            self._timer.start(round(1000 * _FRAME_S))
            return
        self._moved_at = begun
        if self._is_running:
            self._make_stage(chains)
        else:
            self._make_steps(chains, begun + _BUDGET_S)
        took = time.perf_counter() - begun
        if self._is_running:
            self._timer.start(round(1000 * max(1 / self._speed - took, _REST * took)))
        elif self.is_settling:
            self._timer.start(round(1000 * max(_FRAME_S - took, _REST * took)))
        self.moved.emit()

    def _make_steps(self, chains: GibbsChains, until: float) -> None:
        drawing = self._class_drawing
        most = self._steps_to_settle if drawing is None else 1 + self._steps // _GROWS_EVERY
        for _ in range(min(most, self._steps_to_settle)):
            self._make_stage(chains)
            while chains.stage is not Stage.VISIBLE:
                self._make_stage(chains)
            self._steps_to_settle -= 1
            if drawing is not None and not drawing.is_done:
                drawing.follow_step()
                if drawing.is_done:
                    self._steps_to_settle = 0
            if self._steps_to_settle == 0 or time.perf_counter() > until:
                return

    def _make_stage(self, chains: GibbsChains) -> None:
        chains.half_step()
        self._steps += chains.stage is Stage.VISIBLE


def _shapes(parameters: Parameters) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in parameters.arrays().items()}
