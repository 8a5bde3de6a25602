"""Watching over the newest model's health, also where nobody looks: what is grave is told all over the window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from rbm_studio.app.background import Background
from rbm_studio.app.state import RunState
from rbm_studio.core.divergence import TrainingDivergedError
from rbm_studio.core.findings import Finding, find
from rbm_studio.core.health import Health, fixed_part, measure_health

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rbm_studio.app.session import Session
    from rbm_studio.app.state import Images, Model
    from rbm_studio.core.fantasies import Fantasies
    from rbm_studio.core.overfitting import Likelihood

INTERVAL_MS = 4_000
"""From one measurement to the next while the model trains."""


def health_of(
    model: Model,
    images: Images,
    epochs: float,
    previous: Health | None = None,
    *,
    fantasies: Fantasies | None = None,
    life: tuple[Likelihood, ...] | None = None,
) -> Health:
    """Measure a model on a fixed part of the images, as its training shows them; on any thread.

    Parameters
    ----------
    model : Model
    images : Images
        Of the model's size.
    epochs : float
        That it has behind it.
    previous : Health, optional
        An earlier measurement, whose histograms' axes are kept as long as they fit.
    fantasies : Fantasies, optional
        Where chains from noise have ended.
    life : tuple of Likelihood, optional
        How likely held-out images were along the run, as far as that was measured.
    """
    training, held_out = (
        fixed_part(part, model.training.binarisation, model.training.threshold) for part in (images.train, images.test)
    )
    return measure_health(
        model.parameters,
        training,
        held_out=held_out,
        update=model.update,
        particles=model.particles,
        previous=previous,
        epochs=epochs,
        fantasies=fantasies,
        life=life,
    )


@dataclass(frozen=True, eq=False)
class _Found:
    """Findings, and of which model in whose life."""

    life: int
    model: Model
    findings: tuple[Finding, ...]


class HealthWatch(QObject):
    """Measures the newest model now and then in the background, once it is asked to, and remembers what is grave.

    Parameters
    ----------
    session : Session

    Signals
    -------
    changed
        `grave` or `has_diverged` are others.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._watches = False
        self._grave: tuple[Finding, ...] = ()
        self._has_diverged = False
        # Whether the last measurement had none of what is grave: chance may decide about a unit more or less.
        self._is_doubted = False
        self._life = self._life_in_training = 0
        self._measured_at = 0.0
        self._background = Background("Watching over the model's health", INTERVAL_MS, self)
        self._background.done.connect(self._take)
        self._background.failed.connect(session.failed)
        session.newest_changed.connect(self._consider)
        session.images_changed.connect(self._consider)
        session.run_state_changed.connect(self._follow_run)
        session.curve_started.connect(self._begin_again)
        session.failed.connect(self._note_failure)
        session.ending.connect(self._background.shut_down)

    @property
    def grave(self) -> tuple[Finding, ...]:
        """What makes the newest model one that learns no more, the gravest first; empty where it is well."""
        return self._grave

    @property
    def has_diverged(self) -> bool:
        """Whether the newest model is what a run that was halted has left, and nothing was done about it."""
        return self._has_diverged

    @property
    def is_measuring(self) -> bool:
        """Whether a measurement is under way, or waits."""
        return not self._background.is_idle

    def watch(self) -> None:
        """Measure from now on."""
        self._watches = True
        self._consider()

    def note(self, model: Model, findings: Sequence[Finding]) -> None:
        """Take what somebody else has found out about a model; of an earlier moment than the last, it is too late."""
        if model.epochs_trained < self._measured_at:
            return
        self._measured_at = model.epochs_trained
        found = tuple(finding for finding in findings if finding.is_grave)
        trains = self._session.run_state is RunState.RUNNING
        if trains and self._grave and not found and not self._is_doubted:
            self._is_doubted = True
            return
        self._is_doubted = False
        self._set(found, self._has_diverged)

    def _set(self, grave: tuple[Finding, ...], has_diverged: bool) -> None:
        if (grave, has_diverged) != (self._grave, self._has_diverged):
            self._grave, self._has_diverged = grave, has_diverged
            self.changed.emit()

    @Slot()
    def _consider(self) -> None:
        session = self._session
        model, images, life = session.newest, session.images, self._life
        # Of what was only drawn, and of what no images fit, there is nothing to tell.
        if not self._watches or model is None or (session.is_drawn and not session.is_trained):
            return
        if images is None or images.dataset.image_shape != model.image_shape:
            return
        epochs = model.epochs_trained
        self._background.request(
            lambda: _Found(life, model, tuple(find(health_of(model, images, epochs), model.training))),
            urgent=session.run_state is not RunState.RUNNING,
        )

    def _take(self, found: _Found) -> None:
        if found.life == self._life:
            self.note(found.model, found.findings)

    @Slot()
    def _follow_run(self) -> None:
        if self._session.run_state is RunState.RUNNING:
            self._life_in_training = self._life
            self._set(self._grave, has_diverged=False)
        self._consider()

    @Slot()
    def _begin_again(self) -> None:
        self._life += 1
        self._measured_at = 0.0
        self._background.forget()
        self._is_doubted = False
        self._set((), has_diverged=False)

    @Slot(object)
    def _note_failure(self, error: Exception) -> None:
        # The model may have been replaced as soon as its run had ended.
        if isinstance(error, TrainingDivergedError) and self._life == self._life_in_training:
            self._set(self._grave, has_diverged=True)
