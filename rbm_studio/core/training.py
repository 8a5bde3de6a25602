"""Training, one batch at a time: what a caller pauses, watches and stops is its own loop over `Training.step`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from rbm_studio.core.backend import CPU, Backend, FloatArray, RandomSource
from rbm_studio.core.gradients import GRADIENTS, Workspace
from rbm_studio.core.held_out import HeldOut
from rbm_studio.core.images import check_shape
from rbm_studio.core.metrics import article_kl
from rbm_studio.core.parameters import Parameters
from rbm_studio.core.presets import TrainingSettings, preset_named
from rbm_studio.errors import RBMStudioError

HELD_OUT_PER_EPOCH = 10
"""How often an epoch measures it."""
DIVERGED_ABOVE = 10.0
"""Nats per pixel. Guessing grey everywhere costs ln 2 = 0.69; above this the parameters have exploded."""


class TrainingDivergedError(RBMStudioError):
    """The parameters became infinite or absurd; the last good ones were put back."""


@dataclass(frozen=True)
class Progress:
    """Where a run stands after a batch.

    Attributes
    ----------
    epoch, epochs : int
        The epoch that the batch belongs to, from 1, and how many the run has.
    batch, batches : int
        The batch within its epoch, from 1, and how many an epoch has.
    epochs_trained : float
        Passes through the data over the model's life.
    images : int
        Images shown in this run.
    kl : float
        The article's KL of this batch.
    epoch_kl : float or None
        Its mean over the epoch's images, at an epoch's end.
    held_out_kl : float or None
        The article's KL of held-out images, where this batch measured it.
    """

    epoch: int
    epochs: int
    batch: int
    batches: int
    epochs_trained: float
    images: int
    kl: float
    epoch_kl: float | None
    held_out_kl: float | None


@dataclass
class TrainingState:
    """What a run must keep, besides the parameters, to go on as if it had not been interrupted.

    Attributes
    ----------
    order : numpy.random.Generator
        Shuffles the images.
    sampling : RandomSource
        Samples the units.
    velocity : tuple of three arrays
        The last update of w, visible and hidden bias.
    device : str
        The name of the backend that the velocity lies on.
    epochs_trained : float
        Passes through the data over the model's life.
    """

    order: np.random.Generator
    sampling: RandomSource
    velocity: tuple[FloatArray, FloatArray, FloatArray]
    device: str
    epochs_trained: float

    @classmethod
    def start(cls, parameters: Parameters, seed: int, backend: Backend, epochs_trained: float = 0.0) -> TrainingState:
        """Return the state of a model whose momentum and random state are not known, as that of a new one."""
        _, order, sampling = np.random.SeedSequence(seed).spawn(3)  # the first draws the initial weights
        xp = backend.xp
        arrays = (parameters.w, parameters.visible_bias, parameters.hidden_bias)
        velocity = tuple(xp.zeros(array.shape, dtype=np.float32) for array in arrays)
        return cls(
            np.random.default_rng(order),
            backend.generator(sampling),
            (velocity[0], velocity[1], velocity[2]),
            backend.name,
            epochs_trained,
        )


@dataclass
class _EpochMean:
    total: float = 0.0
    images: int = 0

    def add(self, value: float, images: int) -> None:
        self.total += value * images
        self.images += images

    @property
    def value(self) -> float:
        return self.total / self.images


@dataclass
class _Position:
    """Where in the run the next batch lies."""

    epoch: int = 0
    batch: int = 0
    images: int = 0
    order: npt.NDArray[np.intp] = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    mean: _EpochMean = field(default_factory=_EpochMean)


class Training:
    """A run of some epochs through a set of images.

    Parameters
    ----------
    parameters : Parameters
        Where to start; copied, not changed.
    images : ndarray of shape (n, D)
        float32 in 0..1, or uint8 grey levels 0..255.
    settings : TrainingSettings
        How to train. The KL is reported for its batch size, also for a shorter last batch and for held-out images, so
        that all figures of a run can be compared.
    held_out : ndarray of shape (m, D), optional
        Images to measure on and never to train on; `rbm_studio.core.held_out.IMAGES` of them, evenly spaced, are used.
    backend : Backend
        Where to compute.
    state : TrainingState, optional
        Of an earlier run of the same model, to continue it.
    epochs_trained : float
        Without a state: how many passes through the data the model has behind it.

    Raises
    ------
    RBMStudioError
        If there are no images, or their width is not the number of visible units.
    """

    def __init__(
        self,
        parameters: Parameters,
        images: npt.NDArray[Any],
        settings: TrainingSettings,
        *,
        held_out: npt.NDArray[Any] | None = None,
        backend: Backend = CPU,
        state: TrainingState | None = None,
        epochs_trained: float = 0.0,
    ) -> None:
        check_shape(images, parameters.visible_num)
        self.settings = settings
        self.backend = backend
        self._preset = preset_named(settings.preset)
        self._gradient = GRADIENTS[self._preset.gradient]
        self._parameters = Parameters(
            *(backend.to_device(a) for a in (parameters.w, parameters.visible_bias, parameters.hidden_bias))
        )
        self._good = self._parameters.copy()
        if state is None or state.device != backend.name:
            epochs_trained = epochs_trained if state is None else state.epochs_trained
            state = TrainingState.start(parameters, settings.seed, backend, epochs_trained)
        self.state = state
        self._images = images if backend is CPU else backend.to_device(images)
        self._batch_size = min(settings.batch_size, len(images))
        self.batches = -(-len(images) // self._batch_size)
        self._workspace = Workspace(self._batch_size, parameters.visible_num, parameters.hidden_num, backend)
        self._position = _Position()
        self._held_out = (
            None if held_out is None or len(held_out) == 0 else HeldOut(held_out, parameters, backend, settings.seed)
        )

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return self._position.epoch >= self.settings.epochs

    def snapshot(self) -> Parameters:
        """Return a copy of the parameters in host memory."""
        p = self._parameters
        return Parameters(*(self.backend.to_host(a) for a in (p.w, p.visible_bias, p.hidden_bias)))

    def step(self) -> Progress:
        """Train on the next batch.

        Raises
        ------
        TrainingDivergedError
            If the parameters became infinite or absurd; `snapshot` then gives the last good ones.
        """
        # A huge learning rate overflows without a word; the measurements find it and halt the run.
        with np.errstate(over="ignore", invalid="ignore"):
            return self._step()

    def _step(self) -> Progress:
        at = self._position
        if at.batch == 0:
            at.order = self.state.order.permutation(len(self._images))
            at.mean = _EpochMean()
        rows = at.order[at.batch * self._batch_size : (at.batch + 1) * self._batch_size]
        kl = self._train_on(rows)
        at.mean.add(kl, len(rows))
        at.batch += 1
        at.images += len(rows)
        self.state.epochs_trained += len(rows) / len(self._images)
        ends_epoch = at.batch == self.batches
        if ends_epoch:
            # The sum of fractions would drift from the whole number of epochs that a person counts.
            self.state.epochs_trained = round(self.state.epochs_trained, 6)
        progress = Progress(
            epoch=at.epoch + 1,
            epochs=self.settings.epochs,
            batch=at.batch,
            batches=self.batches,
            epochs_trained=self.state.epochs_trained,
            images=at.images,
            kl=kl,
            epoch_kl=at.mean.value if ends_epoch else None,
            held_out_kl=self._measure_held_out(),
        )
        if ends_epoch:
            at.epoch += 1
            at.batch = 0
        return progress

    def _train_on(self, rows: npt.NDArray[np.intp]) -> float:
        ws, state = self._workspace, self.state
        ws.resize(len(rows))
        self.backend.gather(self._images, rows, ws.data)
        kl = self._check(self._gradient.estimate(self._parameters, ws, state.sampling) / len(rows))
        self._keep_good()
        self._update(len(rows))
        if self._preset.measured_after_update:
            kl = self._check(ws.reconstruction_cross_entropy(self._parameters, state.sampling) / len(rows))
        elif self._at_last_batch:
            # No later batch will measure this update. Random numbers of its own leave a continued run unchanged.
            own = self.backend.generator(np.random.SeedSequence(self.settings.seed))
            self._check(ws.reconstruction_cross_entropy(self._parameters, own) / len(rows))
        return kl

    @property
    def _at_last_batch(self) -> bool:
        at = self._position
        return at.epoch + 1 == self.settings.epochs and at.batch + 1 == self.batches

    def _update(self, batch_size: int) -> None:
        preset, settings, p, ws = self._preset, self.settings, self._parameters, self._workspace
        momentum = settings.momentum
        if preset.initial_momentum is not None and self.state.epochs_trained < 1:
            momentum = min(momentum, preset.initial_momentum)
        rate = settings.learning_rate * ((1 - momentum) if preset.damped else 1.0)
        mean_rate = rate / batch_size
        rates = (rate if preset.summed_weight_gradient else mean_rate, mean_rate, mean_rate)
        gradients = (ws.w_gradient, ws.visible_gradient, ws.hidden_gradient)
        targets = (p.w, p.visible_bias, p.hidden_bias)
        for target, velocity, gradient, factor in zip(targets, self.state.velocity, gradients, rates, strict=True):
            velocity *= np.float32(momentum)
            gradient *= np.float32(factor)
            velocity += gradient
            target += velocity
        # A sum of squares is finite only if all are, and costs one pass of BLAS.
        if not math.isfinite(sum(self.backend.xp.vdot(array, array) for array in targets)):
            self._halt()

    def _measure_held_out(self) -> float | None:
        every = max(1, self.batches // HELD_OUT_PER_EPOCH)
        batch = self._position.batch
        if self._held_out is None or (batch % every and batch != self.batches):
            return None
        return self._check(self._held_out.cross_entropy(self._parameters))

    def _keep_good(self) -> None:
        for good, array in zip(_arrays(self._good), _arrays(self._parameters), strict=True):
            good[...] = array

    def _check(self, cross_entropy: float) -> float:
        """Return the KL for a cross-entropy in nats per image, or halt the run if it is absurd."""
        pixels = self._parameters.visible_num
        # Where the terms of the sum overflow it can come out as minus infinity; the comparison is false for NaN.
        if not abs(cross_entropy) / pixels < DIVERGED_ABOVE:
            self._halt()
        return article_kl(cross_entropy, pixels, self._batch_size)

    def _halt(self) -> NoReturn:
        for array, good in zip(_arrays(self._parameters), _arrays(self._good), strict=True):
            array[...] = good
        for velocity in self.state.velocity:
            velocity[...] = 0
        raise TrainingDivergedError(
            "Training was halted in epoch {epoch}: the parameters exploded.",
            "The last good parameters were kept. Lower the learning rate (it is {rate:g}), then train again.",
            epoch=self._position.epoch + 1,
            rate=self.settings.learning_rate,
        )


def _arrays(p: Parameters) -> tuple[FloatArray, FloatArray, FloatArray]:
    return p.w, p.visible_bias, p.hidden_bias
