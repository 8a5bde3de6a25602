"""The Dream panel: what the model makes up when nobody shows it anything."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from rbm_studio.app.dream import FILM_LENGTH, Dream, DreamMoment, Frame, Wishes, levels
from rbm_studio.app.dream_controls import DreamControls, Start
from rbm_studio.app.dream_runner import DreamRunner
from rbm_studio.app.dream_view import DreamView
from rbm_studio.app.dream_words import empty_words, joined, kind_words, looks_like, mixing_words, visits_words
from rbm_studio.app.likeness_words import caveat, has_ink
from rbm_studio.app.picture_export import PictureButton
from rbm_studio.app.standing import epoch_text
from rbm_studio.app.state import RunState, Speed
from rbm_studio.app.theme import GRID
from rbm_studio.app.throttle import Throttle
from rbm_studio.app.yardstick import Yardstick
from rbm_studio.core.gibbs import noise

if TYPE_CHECKING:
    import numpy.typing as npt
    from PySide6.QtGui import QPaintEvent

    from rbm_studio.app.likeness_words import Caveat
    from rbm_studio.app.session import Session
    from rbm_studio.app.state import Model
    from rbm_studio.core.backend import FloatArray

TURN_MS = 30


class DreamPanel(QWidget):
    """Gibbs chains of the model, run in the background while the panel is in view.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._rng = np.random.default_rng()
        self._controls, self._view = DreamControls(), DreamView()
        self._export = PictureButton(self._view.pictures, session)
        self._runner = DreamRunner(self)
        self._frame: Frame | None = None
        self._watched: deque[tuple[DreamMoment, str]] = deque(maxlen=FILM_LENGTH)
        self._labels: npt.NDArray[np.float64] | None = None
        self._caveat: Caveat | None = None
        self._yardstick = Yardstick(session, self)
        self._runs = False
        self._speed = Speed()
        # Whether new chains are wanted, and whether anything happened while the panel was out of sight.
        self._outdated = self._stale = True
        self._shape: tuple[int, ...] = ()
        self._arrange()
        # Not at once: other panels take the same signal.
        self._turn = Throttle(TURN_MS, self.refresh, self, at_once=False)
        self._connect()
        self._view.clear(empty_words(self._session, self._controls.start))
        self._controls.set_possible(possible=False, watching=False)

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID, GRID // 2, GRID, GRID // 2)
        column.setSpacing(GRID // 2)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self._view, 1)
        row.addWidget(self._export, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(row, 1)
        column.addWidget(self._controls)

    def _connect(self) -> None:
        session, controls = self._session, self._controls
        controls.run_asked.connect(self._toggle)
        controls.step_asked.connect(self._step)
        controls.restart_asked.connect(self._restart)
        controls.pace_changed.connect(self._change_pace)
        controls.wishes_changed.connect(self._follow)
        controls.shown_changed.connect(self._show)
        self._view.chosen.connect(self._show)
        self._runner.moved.connect(self._take)
        self._runner.failed.connect(self._fail)
        self._yardstick.changed.connect(self._measure_anew)
        session.model_changed.connect(self._turn.request)
        session.run_state_changed.connect(self._follow_run)
        session.curve_started.connect(self._renew)
        session.images_changed.connect(self._renew)
        session.drawings.changed.connect(self._renew_from_drawing)
        session.selection.units_changed.connect(self._follow_selection)
        session.ending.connect(self._runner.shut_down)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Go on with what rested out of sight: Qt shows no dock that is behind another, but does not hide it."""
        super().paintEvent(event)
        if self._stale:
            self._turn.request()

    @property
    def _in_view(self) -> bool:
        return not self.visibleRegion().isEmpty() and not self.window().isMinimized()

    @property
    def _watching(self) -> bool:
        """Whether the chains shown are the training's."""
        return self._controls.start is Start.TRAINING

    # --- what the controls ask for

    def _toggle(self) -> None:
        self._runs = not self._runs
        self._controls.show_running(self._runs)
        if self._runs:
            self._speed.restart()
            self._runner.run(self._controls.pace)
        else:
            self._runner.pause()
            self._show_words()

    def _step(self) -> None:
        if self._runs:
            self._toggle()
        self._runner.step()

    def _restart(self) -> None:
        self._outdated = True
        self.refresh()

    def _change_pace(self) -> None:
        self._follow()
        self._speed.restart()
        if self._runs:
            self._runner.run(self._controls.pace)

    def _wishes(self, model: Model) -> Wishes:
        controls = self._controls
        return Wishes(model.parameters, controls.temperature, controls.clamp, controls.film_every)

    def _follow(self) -> None:
        model = self._session.model
        # Another model tells of what it deselects before it tells of itself.
        if model is not None and not self._outdated and self._shape == _shape(model):
            self._runner.follow(self._wishes(model))

    def _follow_selection(self) -> None:
        self._controls.set_units(self._session.selection.units)
        self._follow()

    def _follow_run(self) -> None:
        self._runner.set_training(self._session.run_state is RunState.RUNNING)
        self._turn.request()

    def _renew(self) -> None:
        self._outdated = True
        self._watched.clear()
        self._turn.request()

    def _renew_from_drawing(self) -> None:
        if self._controls.start is Start.DRAWING:
            self._renew()

    # --- chains

    def refresh(self) -> None:
        """Follow the newest parameters; begin again where the chains do not fit."""
        if not self._in_view:
            self._stale = True
            return
        self._stale = False
        model = self._session.model
        if model is None or empty_words(self._session, self._controls.start):
            self._rest(empty_words(self._session, self._controls.start))
        elif self._watching:
            self._watch(model)
        elif self._outdated or self._shape != _shape(model):
            self._begin(model)
        else:
            self._runner.follow(self._wishes(model))
            self._resume()

    def _rest(self, words: str) -> None:
        """Show no chains, and why."""
        self._runner.begin(None)
        self._frame = None
        self._outdated = True
        self._stop_running()
        self._controls.set_possible(possible=False, watching=self._watching)
        model = self._session.model
        self._controls.set_label_num(0 if model is None else model.parameters.label_num)
        self._view.clear(words)

    def _stop_running(self) -> None:
        self._runs = False
        self._controls.show_running(False)

    def _begin(self, model: Model) -> None:
        self._outdated = False
        self._shape = _shape(model)
        self._controls.set_label_num(model.parameters.label_num)
        self._controls.set_possible(possible=True, watching=False)
        self._speed.restart()
        rng = np.random.default_rng(self._rng.integers(1 << 63))
        self._runner.begin(Dream(self._first_states(model), self._wishes(model), rng))
        self._resume()

    def _first_states(self, model: Model) -> FloatArray:
        count, images, drawing = self._controls.chains, self._session.images, self._session.drawings.visible
        if self._controls.start is Start.DATA and images is not None:
            chosen = self._rng.choice(len(images.train), count, replace=count > len(images.train))
            return np.divide(images.train[chosen], 255, dtype=np.float32)
        if self._controls.start is Start.DRAWING and drawing is not None:
            return np.tile(drawing.reshape(1, -1), (count, 1))
        return noise(count, model.parameters.visible_num, self._rng)

    def _resume(self) -> None:
        if self._runs and not self._runner.running:
            self._speed.restart()
            self._runner.run(self._controls.pace)

    def _watch(self, model: Model) -> None:
        """Show the negative particles of the training, as they are now."""
        self._runner.begin(None)
        self._stop_running()
        self._outdated = True
        self._controls.set_label_num(model.parameters.label_num)
        self._controls.set_possible(possible=False, watching=True)
        particles = model.particles
        if particles is None:
            return
        name = self.tr("epoch {0}").format(epoch_text(self._session.epochs_trained))
        shown = levels(particles)
        if not self._watched or not np.array_equal(self._watched[-1][0].states, shown):
            self._watched.append((DreamMoment(len(self._watched), shown, shown, None), name))
        fitting = [moment for moment, _ in self._watched if moment.states.shape == shown.shape]
        self._frame = Frame(fitting[-1], tuple(fitting), 1)
        self._show()

    # --- showing

    def _take(self, frame: Frame) -> None:
        if self._watching:
            return
        self._frame = frame
        self._speed.add(frame.moment.step)
        if self._in_view:
            self._show()
        else:
            # It goes on when it is seen again.
            self._stale = True
            self._runner.pause()

    def _measure_anew(self) -> None:
        # Chains that run come by themselves; those out of sight when they are seen.
        if self._in_view and not self._runner.running:
            self._show()

    def _fail(self, error: Exception) -> None:
        self._stop_running()
        self._outdated = True
        self._session.failed.emit(error)

    def _show(self) -> None:
        frame, model = self._frame, self._session.model
        if frame is None or model is None or frame.moment.states.shape[1] != model.parameters.visible_num:
            return
        self._view.show_frame(
            frame, model.image_shape, probabilities=self._controls.probabilities, names=self._film_names(frame)
        )
        self._read(frame, model)
        self._view.show_labels(self._labels, self._caveat, knows=model.parameters.label_num > 0)
        self._view.show_mixing(frame.mixing, mixing_words(frame, watching=self._watching))
        self._view.show_visits(frame, visits_words(model, self._controls.clamp.label, watching=self._watching))
        self._show_words()

    def _read(self, frame: Frame, model: Model) -> None:
        """Read the class of the chosen chain, and how far it is from the data; of a blank picture, none."""
        self._labels = self._caveat = None
        row = frame.moment.states[self._view.chain][None].astype(np.float32) / np.float32(255)
        if model.parameters.label_num and has_ink(row):
            # Of a model that training has blown up, too.
            with np.errstate(all="ignore"):
                self._labels = model.parameters.label_probabilities(row)[0]
            self._caveat = caveat(self._yardstick.known(), row)

    def _film_names(self, frame: Frame) -> list[str]:
        if self._watching:
            return [name for _, name in self._watched][-len(frame.film) :]
        number = QLocale().toString
        return [self.tr("step {0}").format(number(moment.step)) for moment in frame.film]

    def _show_words(self) -> None:
        frame, model = self._frame, self._session.model
        if frame is None or model is None:
            return
        distance = "" if self._watching else self.tr("every {0} steps").format(QLocale().toString(frame.film_every))
        if frame.film_every == 1 and not self._watching:
            distance = self.tr("every step")
        film = joined(looks_like(self._labels, caveat=self._caveat), distance)
        short = looks_like(self._labels, most=1, caveat=self._caveat)
        self._view.show_words(*self._status(frame, model), film, short)

    def _status(self, frame: Frame, model: Model) -> tuple[str, str]:
        count, number = len(frame.moment.states), QLocale().toString
        if self._watching:
            heading = self.tr("{0} chains of the training").format(count)
            return heading, joined(self._film_names(frame)[-1], kind_words(model))
        shown = self.tr("p(v = 1 | h)") if self._controls.probabilities else self.tr("states")
        speed = self._speed.images_per_second
        going = self.tr("{0} steps/s").format(number(float(f"{speed:.2g}"), "g", 6)) if self._runs and speed else ""
        return self.tr("Step {0}").format(number(frame.moment.step)), joined(shown, going)


def _shape(model: Model) -> tuple[int, ...]:
    p = model.parameters
    return p.visible_num, p.hidden_num, p.label_num
