"""Estimators of the gradient of the log-likelihood, by name in `GRADIENTS`.

All of them subtract the model's statistics from the data's; they differ in how they find the model's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rbm_studio.core import kernels
from rbm_studio.core.exact import MAX_UNITS, check_exact, model_moments

if TYPE_CHECKING:
    from rbm_studio.core.backend import Backend, FloatArray
    from rbm_studio.core.settings import TrainingSettings
    from rbm_studio.core.workspace import Joint, Part

__all__ = ["GRADIENTS", "MAX_UNITS", "GradientEstimator", "Moments", "Phase"]

Moments = tuple["FloatArray", "FloatArray", "FloatArray"]
"""⟨v hᵀ⟩, ⟨v⟩ and ⟨h⟩ under the model."""


@dataclass(frozen=True)
class Phase:
    """How the negative phase of this update is to be run.

    Attributes
    ----------
    k : int
        Gibbs steps.
    sampled_visible : bool
        Whether its visible units are states or probabilities.
    sampled_statistics : bool
        Whether its last hidden units, and those of the data, are states (the article's library) or probabilities.
    """

    k: int = 1
    sampled_visible: bool = False
    sampled_statistics: bool = False


class GradientEstimator(Protocol):
    """Finds the model's statistics.

    Attributes
    ----------
    reconstructs : bool
        Whether `run` measures a reconstruction of the data in passing.
    """

    reconstructs: bool

    def chains(self, settings: TrainingSettings, batch_size: int) -> int:
        """Return the number of rows of the negative phase; 0: as many as each batch has images."""

    def start(
        self, joint: Joint, settings: TrainingSettings, batch_size: int, backend: Backend, rng: np.random.Generator
    ) -> FloatArray:
        """Return the chains of a new model; empty where there are none."""

    def run(self, part: Part, chains: FloatArray, phase: Phase, measured: int) -> Any:
        """Fill the model's rows of a part, whose hidden_data are known, and move its chains on.

        Returns the cross-entropy of the first ``measured`` images under their reconstruction, in nats, where the
        estimator `reconstructs`.
        """

    def moments(self, joint: Joint) -> Moments | None:
        """Return the model's statistics where they are known without rows."""


class _Sampling:
    """What the estimators that sample have in common."""

    reconstructs = False

    def chains(self, settings: TrainingSettings, batch_size: int) -> int:
        return settings.chains or batch_size

    def start(
        self, joint: Joint, settings: TrainingSettings, batch_size: int, backend: Backend, rng: np.random.Generator
    ) -> FloatArray:
        del joint, settings, batch_size, rng
        empty: FloatArray = backend.xp.empty((0, 0), dtype=np.float32)
        return empty

    def moments(self, joint: Joint) -> Moments | None:
        del joint
        return None


class ContrastiveDivergence(_Sampling):
    """CD-k: the model's statistics are those k Gibbs steps from the data (Hinton 2002).

    The hidden units that drive a reconstruction are always sampled; its pixels, and the hidden units of the
    statistics, may be probabilities, which have less noise (Hinton 2010, section 3).
    """

    reconstructs = True

    def chains(self, settings: TrainingSettings, batch_size: int) -> int:
        """Return 0: a chain for each image."""
        del settings, batch_size
        return 0

    def run(self, part: Part, chains: FloatArray, phase: Phase, measured: int) -> Any:
        """Fill the model's rows; see `GradientEstimator`."""
        del chains
        part.sample_hidden(part.hidden_data, part.hidden_sample)
        part.visible_input(part.hidden_sample, part.model)
        cross_entropy = part.cross_entropy(part.model, measured) if measured else 0.0
        part.expect_visible(part.model[measured:])
        if phase.sampled_statistics:
            part.hidden_data[...] = part.hidden_sample
        for step in range(1, phase.k + 1):
            if step > 1:
                part.visible_input(part.hidden_sample, part.model)
                part.expect_visible(part.model, sampled=phase.sampled_visible)
            elif phase.sampled_visible:
                part.sample_visible(part.model)
            is_last = step == phase.k and not phase.sampled_statistics
            part.expect_hidden(part.model, part.hidden_model, states=None if is_last else part.hidden_sample)
        if phase.sampled_statistics:
            part.hidden_model[...] = part.hidden_sample
        return cross_entropy


class PersistentContrastiveDivergence(_Sampling):
    """PCD-k: the chains go on from where the last update left them (Tieleman, ICML 2008)."""

    def start(
        self, joint: Joint, settings: TrainingSettings, batch_size: int, backend: Backend, rng: np.random.Generator
    ) -> FloatArray:
        """Return hidden states that follow from independent pixels with the visible biases' probabilities."""
        return _hidden_states(joint, self.chains(settings, batch_size), backend, rng)

    def run(self, part: Part, chains: FloatArray, phase: Phase, measured: int) -> Any:
        """Fill the model's rows; see `GradientEstimator`."""
        del measured
        for _ in range(phase.k):
            part.visible_input(chains, part.model)
            part.expect_visible(part.model, sampled=phase.sampled_visible)
            part.expect_hidden(part.model, part.hidden_model, states=chains)
        if phase.sampled_statistics:
            part.hidden_model[...] = chains
            part.sample_hidden(part.hidden_data, part.hidden_sample[: len(part.data)])
            part.hidden_data[...] = part.hidden_sample[: len(part.data)]
        return 0.0


class ParallelTempering(_Sampling):
    """Persistent chains, each with replicas whose energies are scaled by β in 0..1, which exchange their states.

    Replicas of low β mix fast and hand what they find to that of β = 1, which gives the statistics. Neighbours
    exchange with probability min(1, exp((β − β')(E − E'))) (Desjardins, Courville, Bengio, Vincent & Delalleau,
    AISTATS 2010; Cho, Raiko & Ilin, IJCNN 2010).
    """

    def start(
        self, joint: Joint, settings: TrainingSettings, batch_size: int, backend: Backend, rng: np.random.Generator
    ) -> FloatArray:
        """Return hidden states of shape (chains, temperatures · H)."""
        chains = self.chains(settings, batch_size)
        return _hidden_states(joint, chains * settings.temperatures, backend, rng).reshape(chains, -1)

    def run(self, part: Part, chains: FloatArray, phase: Phase, measured: int) -> Any:
        """Fill the model's rows; see `GradientEstimator`."""
        del measured
        hidden_num = part.hidden_model.shape[1]
        replicas = chains.shape[1] // hidden_num
        betas = np.linspace(0.0, 1.0, replicas)
        states = [chains[:, place * hidden_num : (place + 1) * hidden_num] for place in range(replicas)]
        xp = part.xp
        visible = [part.model if beta == 1 else xp.empty_like(part.model) for beta in betas]
        for _ in range(phase.k):
            for beta, v, h in zip(betas, visible, states, strict=True):
                part.visible_input(xp.ascontiguousarray(h), v)
                part.expect_visible(v, beta=float(beta), sampled=True)
                own = part.hidden_sample[: len(h)]
                part.expect_hidden(v, part.hidden_model, beta=float(beta), states=own)
                h[...] = own
            self._exchange(part, betas, visible, states)
        if len(part.model):
            part.expect_hidden(part.model, part.hidden_model)
        return 0.0

    @staticmethod
    def _exchange(part: Part, betas: Any, visible: list[FloatArray], states: list[FloatArray]) -> None:
        xp, joint = part.xp, part.joint
        energies = [
            -((v @ joint.w) * h).sum(axis=1) - v @ joint.visible_bias - h @ joint.hidden_bias
            for v, h in zip(visible, states, strict=True)
        ]
        uniforms = xp.empty((len(betas), len(energies[0])), dtype=np.float32)
        part.rng.random(out=uniforms, dtype=np.float32)
        for upper in range(len(betas) - 1, 0, -1):
            lower = upper - 1
            gain = np.float32(betas[upper] - betas[lower]) * (energies[upper] - energies[lower])
            swaps = xp.log(uniforms[upper]) < gain
            for pair in (visible, states):
                above = pair[upper].copy()
                xp.copyto(pair[upper], pair[lower], where=swaps[:, None])
                xp.copyto(pair[lower], above, where=swaps[:, None])
            above = energies[upper].copy()
            xp.copyto(energies[upper], energies[lower], where=swaps)
            xp.copyto(energies[lower], above, where=swaps)


class ExactGradient(_Sampling):
    """The model's statistics by summing over all states of the smaller layer, of at most `MAX_UNITS` units."""

    def chains(self, settings: TrainingSettings, batch_size: int) -> int:
        """Return 1: a row that stays empty."""
        del settings, batch_size
        return 1

    def start(
        self, joint: Joint, settings: TrainingSettings, batch_size: int, backend: Backend, rng: np.random.Generator
    ) -> FloatArray:
        """Return no chains, or say that the model is too large."""
        check_exact(joint.taken())
        return super().start(joint, settings, batch_size, backend, rng)

    def run(self, part: Part, chains: FloatArray, phase: Phase, measured: int) -> Any:
        """Leave the model's rows alone: `moments` knows what they stand for."""
        del chains, phase, measured
        part.model[...] = 0
        part.hidden_model[...] = 0
        return 0.0

    def moments(self, joint: Joint) -> Moments:
        """Return the statistics by enumeration."""
        return model_moments(joint.taken())


def _hidden_states(joint: Joint, count: int, backend: Backend, rng: np.random.Generator) -> FloatArray:
    """Return states of hidden units given independent pixels, of shape (count, H), on the device."""
    p = joint.taken()
    pixels = np.tile(p.visible_bias, (count, 1))
    kernels.sigmoid(pixels, pixels)
    visible = (rng.random(pixels.shape, dtype=np.float32) < pixels).astype(np.float32)
    probabilities = p.expect_hidden(visible)
    states = (rng.random(probabilities.shape, dtype=np.float32) < probabilities).astype(np.float32)
    return backend.to_device(states)


GRADIENTS: dict[str, GradientEstimator] = {
    "cd": ContrastiveDivergence(),
    "pcd": PersistentContrastiveDivergence(),
    "tempering": ParallelTempering(),
    "exact": ExactGradient(),
}
"""The gradient estimators that the settings can name."""
