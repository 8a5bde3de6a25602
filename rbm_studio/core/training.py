"""Training, one batch at a time: what a caller pauses, watches and stops is its own loop over `Training.step`."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from rbm_studio.core.backend import CPU, Backend, FloatArray
from rbm_studio.core.batches import Batches, as_levels, lit_pixels
from rbm_studio.core.divergence import TrainingDivergedError as TrainingDivergedError
from rbm_studio.core.divergence import explanation
from rbm_studio.core.gpu_errors import gpu_errors
from rbm_studio.core.held_out import HeldOut, Measured
from rbm_studio.core.images import check_shape
from rbm_studio.core.learner import Learner
from rbm_studio.core.metrics import article_kl
from rbm_studio.core.state import LARGEST, LARGEST_KEPT, Position, TrainingState
from rbm_studio.core.threads import Threads, blas_threads
from rbm_studio.core.workspace import Joint
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from rbm_studio.core.parameters import Parameters
    from rbm_studio.core.settings import TrainingSettings

DIVERGED_ABOVE = 10.0
"""Nats per pixel. Guessing grey everywhere costs ln 2 = 0.69; above this the parameters have exploded."""
GOOD_EVERY = 10
"""Batches after which parameters that are sound are put by; each time would cost a tenth of a step."""
PARTICLES = 100


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
        The article's KL, the newest that was measured: on a part of this batch, or of one a few batches before, since
        all of each would cost too much of the time (see `rbm_studio.core.learner`), and to read each holds a GPU up.
    epoch_kl : float or None
        Its mean over the epoch's measured images, at an epoch's end.
    held_out_kl : float or None
        The article's KL of held-out images, where this batch measured it, or on a GPU read it.
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


class Training:
    """A run of some epochs through a set of images.

    Parameters
    ----------
    parameters : Parameters
        Where to start; copied, not changed.
    images : ndarray of shape (n, D)
        float32 in 0..1, uint8 grey levels 0..255, or bool; kept as it is, so a `numpy.memmap` will do.
    settings : TrainingSettings
        How to train. The KL is reported for its batch size, also for a shorter last batch and for held-out images, so
        that all figures of a run can be compared.
    labels : ndarray of shape (n,), optional
        Classes 0..C-1 of the images, for a model with label units.
    held_out : ndarray of shape (m, D), optional
        Images to measure on and never to train on; see `rbm_studio.core.held_out.HeldOut`.
    held_out_labels : ndarray of shape (m,), optional
        Their classes.
    backend : Backend
        Where to compute.
    state : TrainingState, optional
        Of an earlier run of the same model, to go on with its momentum, chains and random numbers.
    epochs_trained : float
        Without a state: how many passes through the data the model has behind it.
    resume : bool
        Whether to finish the state's run, if it was interrupted and had these settings and as many images, to the same
        bits as without the interruption; without that, another run begins.
    stream : bool
        Whether more images will follow in a later run: then no pixel counts as dark because it is so in these.

    Raises
    ------
    RBMStudioError
        If there are no images, they or the labels do not fit the model, or the model is too large for the estimator.
    GPUError
        If the GPU's memory is full, or it fails.
    """

    @gpu_errors()
    def __init__(
        self,
        parameters: Parameters,
        images: npt.NDArray[Any],
        settings: TrainingSettings,
        *,
        labels: npt.NDArray[Any] | None = None,
        held_out: npt.NDArray[Any] | None = None,
        held_out_labels: npt.NDArray[Any] | None = None,
        backend: Backend = CPU,
        state: TrainingState | None = None,
        epochs_trained: float = 0.0,
        resume: bool = False,
        stream: bool = False,
    ) -> None:
        self.settings = settings
        self.backend = backend
        check_shape(images, parameters.visible_num)
        if parameters.label_num and labels is None:
            raise RBMStudioError(
                "The model has {classes} label units, but the images come without labels.",
                "Give the labels too, or train a model without label units.",
                classes=parameters.label_num,
            )
        images = images if stream else as_levels(images)
        self._given = [images] if held_out is None else [images, held_out]
        lit = np.ones(parameters.visible_num, dtype=np.bool_) if stream else lit_pixels(images)
        self._joint = Joint(parameters, lit, len(images), backend)
        self._images = Batches(images, labels, self._joint, settings, backend)
        threads = Threads(blas_threads() if backend.xp is np else 1)
        self._held_out = None
        if held_out is not None and len(held_out):
            self._held_out = HeldOut(held_out, held_out_labels, self._joint, settings, len(images), backend, threads)
        # What is wrong with the arguments is known by now, and the state of an earlier run is as it was.
        if state is not None and state.device != backend.name:
            state = state.moved(backend)
        self._state = state or TrainingState.start(settings, backend.name, epochs_trained)
        if not (resume and self._state.continues(settings, len(images))):
            self._state.position = Position(total_images=len(images))
        self._learner = Learner(self._joint, self._images, settings, backend, threads, self._state)
        self.batches = -(-len(images) // self._learner.batch_size)
        self._order: npt.NDArray[np.intp] = np.empty(0, dtype=np.intp)
        w, a, b = self._joint.arrays
        self._good, self._next_good = ((w.copy(), a.copy(), b.copy()) for _ in range(2))
        # What was measured and not yet read, and the newest that was.
        self._unread: list[Measured] = []
        self._unread_batches = 0
        self._unread_held_out: Measured | None = None
        at = self._state.position
        mean = at.total / at.measured if at.batch and at.measured else None
        # The mean stands in where an older file does not know.
        self._kl = at.kl if at.kl is not None else mean
        self._held_out_kl: float | None = None
        # A sum of the weights that were put by, while these wait to be found good; and when others follow them.
        self._put_by: list[Any] = []
        self._puts_by_at = self._begun_at = self._state.updates

    @property
    @gpu_errors()
    def state(self) -> TrainingState:
        """What a later run, or this one's rest, goes on with; changed by further steps."""
        if self._unread:
            # If they explode, that is known now, and the good ones are back.
            with contextlib.suppress(TrainingDivergedError):
                self._read()
        parameters = dict(enumerate(map(self.backend.to_host, self._joint.arrays)))
        if not (_are_below(parameters, LARGEST) and _are_below(self._state.arrays(), LARGEST_KEPT)):
            # A file would not hold what the last updates have broken.
            with contextlib.suppress(TrainingDivergedError):
                self._halt()
        self._learner.save_randomness()
        return self._state

    @property
    def measured_per_epoch(self) -> int:
        """About how many images of an epoch the training KL is measured on."""
        return self._learner.measured_per_epoch

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return self._state.position.epoch >= self.settings.epochs

    @gpu_errors()
    def snapshot(self) -> Parameters:
        """Return a copy of the parameters in host memory: the newest that are neither infinite nor absurd."""
        parameters = self._joint.parameters()
        return parameters if _are_below(parameters.arrays(), LARGEST) else self._joint.spread(self._good)

    @gpu_errors()
    def last_update(self) -> Parameters:
        """Return what the last step added to each array, in host memory."""
        w, a, b = (slots[0] for slots in self._state.kept)
        return self._joint.spread((w, a, b), 0.0)

    @gpu_errors()
    def particles(self) -> FloatArray:
        """Return the newest negative particles, pixels only, of shape (n, D), in host memory; at most `PARTICLES`."""
        shown = self.backend.to_host(self._learner.particles(PARTICLES))
        whole = np.zeros((len(shown), self._joint.all_pixels), dtype=np.float32)
        whole[:, self._joint.lit] = shown
        return whole

    @gpu_errors()
    def step(self) -> Progress:
        """Train on the next batch.

        Raises
        ------
        TrainingDivergedError
            If the parameters became infinite or absurd; `snapshot` then gives the last good ones.
        GPUError
            If the GPU's memory is full, or it fails; of what was learned, what it still gives is as good as before.
        """
        # A huge learning rate overflows without a word; the measurements find it and halt the run.
        with np.errstate(over="ignore", invalid="ignore"):
            return self._step()

    def _step(self) -> Progress:
        state, at = self._state, self._state.position
        if at.batch == 0:
            at.order = dict(state.order.bit_generator.state)
            at.measured, at.total = 0, 0.0
            self._order = self.backend.xp.asarray(state.order.permutation(len(self._images)))
        elif not len(self._order):
            self._order = self.backend.xp.asarray(self._interrupted_order())
        rows = self._order[at.batch * self._learner.batch_size : (at.batch + 1) * self._learner.batch_size]
        ends_epoch = at.batch + 1 == self.batches
        kl = self._train_on(rows, ends_epoch)
        at.batch += 1
        at.images += len(rows)
        state.epochs_trained += len(rows) / len(self._images)
        if ends_epoch:
            # The sum of fractions would drift from the whole number of epochs that a person counts.
            state.epochs_trained = round(state.epochs_trained, 6)
        progress = Progress(
            epoch=at.epoch + 1,
            epochs=self.settings.epochs,
            batch=at.batch,
            batches=self.batches,
            epochs_trained=state.epochs_trained,
            images=at.images,
            kl=kl,
            epoch_kl=at.total / at.measured if ends_epoch else None,
            held_out_kl=self._held_out_kl,
        )
        self._held_out_kl = None
        if ends_epoch:
            at.epoch += 1
            at.batch = 0
        return progress

    def _interrupted_order(self) -> npt.NDArray[np.intp]:
        """Return the order of the epoch in which the run was interrupted."""
        again = np.random.default_rng()
        again.bit_generator.state = self._state.position.order
        return again.permutation(len(self._images))

    def _train_on(self, rows: npt.NDArray[np.intp], ends_epoch: bool) -> float:
        """Update the parameters by a batch, and return the newest KL that is known."""
        at, operations = self._state.position, self.backend.operations
        if not self._unread and self._state.updates >= self._puts_by_at:
            self._put_by_parameters()
        done = (at.epoch + at.batch / self.batches) / self.settings.epochs
        measured = self._learner.learn(rows, done, at.batch)
        if measured.images:
            self._unread.append(measured)
        self._measure_held_out(len(rows), ends_epoch)
        self._unread_batches += 1
        # A measurement that waited for another batch's would be missing in what a run goes on with.
        due = self._unread_batches >= operations.reads_every and (self._unread or self._unread_held_out)
        if ends_epoch or self._kl is None or due:
            self._read()
        if at.epoch + 1 == self.settings.epochs and ends_epoch:
            self._check_last_update()
        assert self._kl is not None
        return self._kl

    def _measure_held_out(self, trained: int, ends_epoch: bool) -> None:
        if self._held_out is None:
            return
        before, interval = self._state.position.images, self._held_out.interval
        if ends_epoch or (before + trained) // interval > before // interval:
            seed = np.random.SeedSequence(self.settings.seed, spawn_key=(4, self._state.updates))
            self._unread_held_out = self._held_out.measure(seed)

    def _read(self) -> None:
        """Wait for the device, and halt the run if what was measured since the last time is absurd."""
        unread, held_out, put_by = self._unread, self._unread_held_out, self._put_by
        self._unread, self._unread_held_out, self._put_by = [], None, []
        self._unread_batches = 0
        measured = unread if held_out is None else [*unread, held_out]
        # A sum of squares is finite only if all are; what is wrong with the weights shows in the next cross-entropy.
        biases = [self.backend.xp.vdot(array, array) for array in self._joint.arrays[1:]]
        found = self.backend.operations.read([*(each.nats for each in measured), *([one] for one in biases + put_by)])
        kls = [self._check(*pair) for pair in zip(measured, found, strict=False)]
        if not all(map(math.isfinite, found[len(measured) :])):
            self._halt()
        if put_by:
            # A batch since then has measured them: they are good.
            self._good, self._next_good = self._next_good, self._good
        at = self._state.position
        for each, kl in zip(unread, kls, strict=False):
            at.total += kl * each.images
            at.measured += each.images
        if unread:
            self._kl = at.kl = kls[len(unread) - 1]
        if held_out is not None:
            self._held_out_kl = kls[-1]

    def _check_last_update(self) -> None:
        """Measure the run's last update, which no later batch will."""
        self._learner.save_randomness()
        last = self._learner.measure_one()
        self._check(last, *self.backend.operations.read([last.nats]))
        # So that a run that goes on later is the same with and without this.
        self._learner.restore_randomness()

    def _put_by_parameters(self) -> None:
        # Not a product: BLAS would wake its own threads for it, which then wait for more, in the way of ours.
        self._put_by = [self._joint.w.sum()]
        self._puts_by_at = self._state.updates + GOOD_EVERY
        for kept, array in zip(self._next_good, self._joint.arrays, strict=True):
            kept[...] = array

    def _check(self, measured: Measured, nats: float) -> float:
        """Return the KL for a cross-entropy, or halt the run if it is absurd."""
        pixels = self._joint.all_pixels
        cross_entropy = nats / measured.images + measured.dark
        # Where the terms of the sum overflow it can come out as minus infinity; the comparison is false for NaN.
        if not abs(cross_entropy) / pixels < DIVERGED_ABOVE:
            self._halt()
        return article_kl(cross_entropy, pixels, self._learner.batch_size)

    def _halt(self) -> NoReturn:
        for array, good in zip(self._joint.arrays, self._good, strict=True):
            array[...] = good
        for slots in self._state.kept:
            for kept in slots:
                kept[...] = 0
        self._state.kept_updates = 0
        for means in (*self._state.offsets, self._state.activity):
            if len(means):
                self.backend.xp.nan_to_num(means, copy=False, nan=0.5, posinf=1.0, neginf=0.0)
        # What was broken before the first update was broken by none of the settings.
        start = tuple(map(self.backend.to_host, self._good)) if self._state.updates <= self._begun_at + 1 else ()
        raise explanation(self.settings, self._state.position.epoch + 1, start, self._given)


def _are_below(arrays: Mapping[Any, FloatArray], most: float) -> bool:
    # The comparison is false for NaN.
    return all(bool(np.abs(array).max(initial=0) < most) for array in arrays.values())
