"""One update: both phases over the rows of a batch, then the product of all rows, and what it does to the weights."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.core import schedules, statistics, updates
from rbm_studio.core.binarisation import BINARISATIONS
from rbm_studio.core.gradients import GRADIENTS, Moments, Phase
from rbm_studio.core.held_out import Measured, reconstruction_cross_entropy
from rbm_studio.core.presets import preset_named
from rbm_studio.core.workspace import Workspace, threads_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from rbm_studio.core.backend import Backend, FloatArray
    from rbm_studio.core.batches import Batches
    from rbm_studio.core.random_numbers import RandomSource
    from rbm_studio.core.settings import TrainingSettings
    from rbm_studio.core.state import TrainingState
    from rbm_studio.core.threads import Threads
    from rbm_studio.core.workspace import Joint, Part

MEASURED_OF = 20
"""One image in so many is measured: with the held-out images that costs less than a twentieth of the time."""
MEASURED_TOGETHER = 200
"""Where a batch has fewer images to give, so many are measured in one of several batches: each call costs time."""
MEASUREMENTS_PER_EPOCH = 20
"""At least, where there are as many batches."""
ACTIVITY_DECAY = 0.95
"""Of the mean activity that the sparsity penalty looks at: 0.9 to 0.99 (Hinton 2010, section 11)."""


class Learner:
    """Updates a model by batches.

    Parameters
    ----------
    joint : Joint
        The model; changed.
    images : Batches
        What it learns from.
    settings : TrainingSettings
    backend : Backend
        Where to compute.
    threads : Threads
        That compute.
    state : TrainingState
        What is kept from batch to batch; what does not belong to the settings is started anew.

    Raises
    ------
    RBMStudioError
        If the model is too large for the estimator.
    """

    def __init__(
        self,
        joint: Joint,
        images: Batches,
        settings: TrainingSettings,
        backend: Backend,
        threads: Threads,
        state: TrainingState,
    ) -> None:
        self.batch_size = min(settings.batch_size, len(images))
        self._joint, self._images, self._settings, self._state = joint, images, settings, state
        self._threads = threads
        self._xp, self._operations = backend.xp, backend.operations
        self._dark = joint.dark_cross_entropy()
        self._preset = preset_named(settings.preset)
        self._estimator = GRADIENTS[settings.gradient]
        self._rule = updates.UPDATES[settings.update]
        seeds = np.random.SeedSequence(settings.seed, spawn_key=(2, state.updates))
        chains = self._estimator.chains(settings, self.batch_size)
        self._workspace = Workspace(joint, self.batch_size, chains, backend, seeds, threads.count)
        self._blocks = self._divide_weights()
        self._measured_each = self._measures_each(-(-len(images) // self.batch_size))
        # What part of a batch that is measured; the rest of its images only wait for their turn.
        self._measured_share = min(1.0, self._measured_each / MEASURED_OF)
        if self._preset.measured_after_update:
            self._measured_share = 0.0
        # The article's KL is of grey values, whatever the model is shown: the reconstruction of states would not do.
        self._shows_states = BINARISATIONS[settings.binarisation].is_binary
        self._measures_apart = self._shows_states or not self._estimator.reconstructs
        self._shown: list[tuple[Part, npt.NDArray[np.intp]]] = []
        self._rows = 0
        self._fit_state(backend)

    def _fit_state(self, backend: Backend) -> None:
        """Keep of the state what belongs to the settings, and start the rest."""
        state, settings, xp = self._state, self._settings, self._xp
        rng = np.random.default_rng(np.random.SeedSequence(settings.seed, spawn_key=(3, state.updates)))
        chains = self._estimator.start(self._joint, settings, self.batch_size, backend, rng)
        if state.settings.gradient != settings.gradient or state.chains.shape != chains.shape:
            state.chains = chains
        wanted = [[array.shape] * len(self._rule.kept) for array in self._joint.arrays]
        if [[array.shape for array in slots] for slots in state.kept] != wanted:
            state.kept = [[xp.zeros(shape, dtype=np.float32) for shape in shapes] for shapes in wanted]
            state.kept_updates = 0
        hidden_num = len(self._joint.hidden_bias)
        # Of a model of more or fewer pixels, or hidden units, than take part now.
        if [offsets.shape for offsets in state.offsets] != [bias.shape for bias in self._joint.arrays[1:]]:
            state.offsets = []
        if settings.centred and not state.offsets:
            odds = xp.exp(-xp.clip(self._joint.visible_bias, -80, 80))
            state.offsets = [(1 / (1 + odds)).astype(np.float32), xp.full(hidden_num, 0.5, dtype=np.float32)]
        if settings.sparsity_cost and state.activity.shape != (hidden_num,):
            state.activity = xp.full(hidden_num, settings.sparsity_target, dtype=np.float32)
        kinds = [source.get_state().get("kind") for source in self._workspace.sources]
        # Those of another device, or of another number of threads, do not fit.
        if kinds == [source.get("kind") for source in state.sources]:
            self.restore_randomness()
        state.settings = settings

    def _divide_weights(self) -> list[slice]:
        """Return the rows of the weights that each thread multiplies and updates."""
        width, hidden_num = self._joint.w.shape
        count = threads_for(self.batch_size, width * hidden_num, self._threads.count)
        edges = [place * width // count for place in range(count + 1)]
        return [slice(start, stop) for start, stop in itertools.pairwise(edges)]

    def _measures_each(self, batches: int) -> int:
        """Return that the KL is measured in each so many-th batch, where an epoch has ``batches``."""
        if self._preset.measured_after_update:
            return 1
        wanted = MEASURED_TOGETHER * MEASURED_OF // self.batch_size
        return max(1, min(wanted, MEASURED_OF, batches // MEASUREMENTS_PER_EPOCH))

    @property
    def measured_per_epoch(self) -> int:
        """About how many images of an epoch are measured."""
        if self._preset.measured_after_update:
            return len(self._images)
        return max(1, round(len(self._images) * self._measured_share / self._measured_each))

    def learn(self, rows: npt.NDArray[np.intp], done: float, batch: int = 0) -> Measured:
        """Update the model by the images of these rows.

        Parameters
        ----------
        rows : ndarray of shape (n,)
            At most `batch_size` of them.
        done : float
            What part of the run is over, 0..1.
        batch : int
            Which batch of the epoch it is, from 0; the first is always measured.

        Returns
        -------
        Measured
            The KL's cross-entropy: before the update and of some of the images, or after it and of all, as the preset
            has it; of no image, where others are measured instead.
        """
        settings, state, n = self._settings, self._state, len(rows)
        momentum = schedules.momentum(settings, state.epochs_trained)
        # By epochs, which a model knows whose training state is lost.
        updates_before = state.epochs_trained * len(self._images) / self.batch_size
        rate = schedules.learning_rate(settings, done, updates_before)
        if self._preset.damped:
            rate *= 1 - momentum
        step = updates.Step(rate, momentum, state.kept_updates + 1)
        k = schedules.gibbs_steps(settings, done)
        phase = Phase(k, settings.visible_units == "sampled", self._preset.sampled_statistics)
        self._rows = n
        parts = self._workspace.parts(n)
        scale = self._rule.gradient_scale(step)
        weight_scale = scale * (n if self._preset.summed_weight_gradient else 1)
        shares = self._shares(rows, parts)
        self._shown = [(part, images) for part, images, _ in shares]
        share_measured = self._measured_share if batch % self._measured_each == 0 else 0.0
        apart = self._sources_apart(len(shares)) if share_measured else [None] * len(shares)
        found = self._threads.map(
            lambda share: self._run_phases(*share[0], phase, weight_scale, share_measured, share[1]),
            list(zip(shares, apart, strict=True)),
        )
        self._update(n, statistics.add_up([sums for _, _, sums in found]), step, scale, weight_scale)
        state.updates += 1
        state.kept_updates += 1
        if self._preset.measured_after_update:
            return self.measure()
        return Measured([nats for nats, _, _ in found], sum(images for _, images, _ in found), self._dark)

    def _sources_apart(self, parts: int) -> Sequence[RandomSource | None]:
        """Return random numbers for what is measured beside the training, which is the same without it."""
        if not self._measures_apart:
            return [None] * parts
        seed = np.random.SeedSequence(self._settings.seed, spawn_key=(5, self._state.updates))
        return [self._operations.generator(child) for child in seed.spawn(parts)]

    def save_randomness(self) -> None:
        """Tell the state where the random numbers stand."""
        self._state.sources = [source.get_state() for source in self._workspace.sources]

    def restore_randomness(self) -> None:
        """Go on with the random numbers from where the state says."""
        for source, at in zip(self._workspace.sources, self._state.sources, strict=True):
            source.set_state(at)

    def measure(self) -> Measured:
        """Measure the last batch under the model as it is now."""
        if self._shows_states:
            for part, rows in self._shown:
                self._images.fill(rows, part, grey=True)
        nats = self._threads.map(reconstruction_cross_entropy, self._workspace.parts(self._rows))
        return Measured(nats, self._rows, self._dark)

    def measure_one(self) -> Measured:
        """Measure one image of the last batch under the model as it is now."""
        part = self._workspace.parts(self._rows)[-1]  # of few rows this one has some, if any has
        particle = part.model[0].copy()
        nats = reconstruction_cross_entropy(part, 1)
        part.model[0] = particle
        return Measured([nats], 1, self._dark)

    def particles(self, most: int) -> FloatArray:
        """Return the newest negative particles, pixels only, of shape (n, D), on the device."""
        n = min(self._workspace.chains(self._rows), most) if self._rows else 0
        rows: FloatArray = self._workspace.visible[self._rows : self._rows + n, : self._joint.pixels]
        return rows

    def _shares(
        self, rows: npt.NDArray[np.intp], parts: list[Part]
    ) -> list[tuple[Part, npt.NDArray[np.intp], FloatArray]]:
        """Return each part with its images' rows and its chains."""
        shares, image, chain = [], 0, 0
        for part in parts:
            n, m = len(part.data), len(part.model)
            shares.append((part, rows[image : image + n], self._state.chains[chain : chain + m]))
            image, chain = image + n, chain + m
        return shares

    def _run_phases(
        self,
        part: Part,
        rows: npt.NDArray[np.intp],
        chains: FloatArray,
        phase: Phase,
        weight_scale: float,
        measured: float,
        apart: RandomSource | None,
    ) -> tuple[Any, int, statistics.Sums]:
        n, m = self._rows, self._workspace.chains(self._rows)
        # Warnings are a thread's own.
        with np.errstate(over="ignore", invalid="ignore"):
            images = math.ceil(measured * len(part.data))
            nats: Any = 0.0
            if images and apart is not None:
                self._images.fill(rows[:images], part, grey=True)
                nats = reconstruction_cross_entropy(replace(part, rng=apart), images)
            self._images.fill(rows, part)
            part.expect_hidden(part.data, part.hidden_data)
            found = self._estimator.run(part, chains, phase, images if apart is None else 0)
            if apart is None:
                nats = found
            push = self._push() if self._settings.sparsity_cost else None
            sums = self._operations.collect(part, push, weight_scale / n, weight_scale / m)
        return nats, images, sums

    def _push(self) -> FloatArray:
        """Return what draws the hidden units' total input towards the target activity (Hinton 2010, section 11)."""
        settings = self._settings
        push: FloatArray = np.float32(settings.sparsity_cost) * (
            np.float32(settings.sparsity_target) - self._state.activity
        )
        return push

    def _update(self, n: int, sums: statistics.Sums, step: updates.Step, scale: float, weight_scale: float) -> None:
        settings, xp, m = self._settings, self._xp, self._workspace.chains(n)
        means, difference = self._operations.means(sums, n, m)
        moments = self._moments()
        if moments is not None:
            difference = means - xp.concatenate(moments[1:])
        width = len(self._joint.visible_bias)
        if settings.sparsity_cost:
            difference[width:] += self._push()
            self._state.activity *= np.float32(ACTIVITY_DECAY)
            self._state.activity += np.float32(1 - ACTIVITY_DECAY) * means[width:]
        offsets = self._follow(means[:width], means[width:])
        rows = statistics.write_centring(
            self._workspace, n + m, offsets, difference[:width], difference[width:], weight_scale
        )
        w_gradient, a, b = self._workspace.gradient
        xp.multiply(difference, np.float32(scale), out=self._workspace.bias_gradient)
        clips = settings.clip_norm > 0

        def multiply(block: slice) -> FloatArray | None:
            gradient = statistics.product(self._workspace, rows, block, moments, weight_scale, xp)
            shift: FloatArray | None = None
            if offsets is not None:
                factor = np.float32(scale / weight_scale)
                a[block] -= factor * (gradient @ offsets.hidden)
                shift = factor * (offsets.visible[block] @ gradient)
            updates.decay(self._joint.w[block], gradient, settings, weight_scale, xp)
            if not clips:
                apply(block)
            return shift

        def apply(block: slice) -> None:
            kept = [array[block] for array in self._state.kept[0]]
            self._operations.update(self._rule, self._joint.w[block], w_gradient[block], kept, step)

        for shift in self._threads.map(multiply, self._blocks):
            if shift is not None:
                b -= shift
        if clips:
            factor = updates.clip_factor((w_gradient, a, b), settings, scale, xp)
            for gradient in (w_gradient, a, b):
                gradient *= factor
            self._threads.map(apply, self._blocks)
        self._operations.update(self._rule, self._joint.visible_bias, a, self._state.kept[1], step)
        self._operations.update(self._rule, self._joint.hidden_bias, b, self._state.kept[2], step)
        updates.limit_norms(self._joint.w, settings, xp)

    def _moments(self) -> Moments | None:
        moments = self._estimator.moments(self._joint)
        if moments is None:
            return None
        w, v, h = (self._xp.asarray(array, dtype=np.float32) for array in moments)
        return w, v, h

    def _follow(self, v: FloatArray, h: FloatArray) -> statistics.Offsets | None:
        if not self._settings.centred:
            return None
        offsets = statistics.Offsets(*self._state.offsets)
        offsets.follow(v, h, self._settings.offset_rate)
        return offsets
