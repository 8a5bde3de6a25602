"""Estimators of the gradient of the log-likelihood, by name in `GRADIENTS`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rbm_studio.core import kernels

if TYPE_CHECKING:
    from rbm_studio.core.backend import Backend, FloatArray, RandomSource
    from rbm_studio.core.parameters import Parameters


class Workspace:
    """The arrays of one step, allocated once and used again for every batch.

    Data and model statistics lie in one array each, data above model, so that one matrix product gives the difference
    of both phases.

    Parameters
    ----------
    batch_size, visible_num, hidden_num : int
        B, D, H.
    backend : Backend
        Where the arrays lie.
    """

    def __init__(self, batch_size: int, visible_num: int, hidden_num: int, backend: Backend) -> None:
        self.xp: Any = backend.xp
        self._visible = self._empty(2 * batch_size, visible_num)
        self._scratch = self._empty(2 * batch_size, visible_num)
        self._hidden = self._empty(2 * batch_size, hidden_num)
        self._hidden_scratch = self._empty(2 * batch_size, hidden_num)
        self.w_gradient = self._empty(visible_num, hidden_num)
        self.visible_gradient = self._empty(visible_num)
        self.hidden_gradient = self._empty(hidden_num)
        self.resize(batch_size)

    def _empty(self, *shape: int) -> FloatArray:
        array: FloatArray = self.xp.empty(shape, dtype=np.float32)
        return array

    def resize(self, batch_size: int) -> None:
        """Point at the first rows of the arrays, for a batch of at most the size given at first."""
        n = batch_size
        self.size = n
        self.data, self.model = self._visible[:n], self._visible[n : 2 * n]
        self.z, self.log_scratch = self._scratch[:n], self._scratch[n : 2 * n]
        self.hidden_data, self.hidden_model = self._hidden[:n], self._hidden[n : 2 * n]
        self.hidden_sample, self.uniforms = self._hidden_scratch[:n], self._hidden_scratch[n : 2 * n]

    def infer_hidden(self, p: Parameters, visible: FloatArray, out: FloatArray) -> None:
        """Write p(h = 1 | v) to ``out``."""
        self.xp.matmul(visible, p.w, out=out)
        out += p.hidden_bias
        kernels.sigmoid(out, out, self.xp)

    def sample_hidden(self, probabilities: FloatArray, rng: RandomSource) -> None:
        """Sample `hidden_sample` from probabilities of its shape."""
        rng.random(out=self.uniforms, dtype=np.float32)
        kernels.sample(probabilities, self.uniforms, self.hidden_sample, self.xp)

    def reconstruct(self, p: Parameters) -> float:
        """Write p(v = 1 | `hidden_sample`) to `model`; return the data's cross-entropy under it, in nats a batch."""
        self.xp.matmul(self.hidden_sample, p.w.T, out=self.z)
        self.z += p.visible_bias
        return float(kernels.sigmoid_with_cross_entropy(self.data, self.z, self.model, self.log_scratch, self.xp))

    def reconstruction_cross_entropy(self, p: Parameters, rng: RandomSource) -> float:
        """Return the cross-entropy of `data` under its reconstruction from sampled hidden units, in nats a batch."""
        self.infer_hidden(p, self.data, self.hidden_data)
        self.sample_hidden(self.hidden_data, rng)
        return self.reconstruct(p)

    def subtract_phases(self) -> None:
        """Write ⟨vᵀh⟩, ⟨v⟩ and ⟨h⟩ of the data less those of the model to the gradients, summed over the batch."""
        n = self.size
        self.visible_gradient[...] = self.data.sum(axis=0) - self.model.sum(axis=0)
        self.hidden_gradient[...] = self.hidden_data.sum(axis=0) - self.hidden_model.sum(axis=0)
        self.xp.negative(self.hidden_model, out=self.hidden_model)
        self.xp.matmul(self._visible[: 2 * n].T, self._hidden[: 2 * n], out=self.w_gradient)


class GradientEstimator(Protocol):
    """Estimates the gradient of a batch's log-likelihood."""

    def estimate(self, p: Parameters, workspace: Workspace, rng: RandomSource) -> float:
        """Fill the workspace's gradients from its `data`, summed over the batch.

        Returns the cross-entropy of the batch under its reconstruction, before the update, in nats.
        """


@dataclass(frozen=True)
class ContrastiveDivergence:
    """CD-1: the model's statistics are those of one Gibbs step from the data (Hinton 2002).

    Attributes
    ----------
    sampled : bool
        Whether reconstructed pixels and the hidden units of both phases' statistics are sampled, as the article's
        library does. Without it they are probabilities, which have the same expectation, to first order, and less
        noise (Hinton 2010, section 3); the hidden units that drive the reconstruction are always sampled.
    """

    sampled: bool = False

    def estimate(self, p: Parameters, workspace: Workspace, rng: RandomSource) -> float:
        """Fill the workspace's gradients; see `GradientEstimator`."""
        ws = workspace
        cross_entropy = ws.reconstruction_cross_entropy(p, rng)
        if self.sampled:
            ws.hidden_data[...] = ws.hidden_sample
            rng.random(out=ws.z, dtype=np.float32)
            kernels.sample(ws.model, ws.z, ws.model, ws.xp)
        ws.infer_hidden(p, ws.model, ws.hidden_model)
        if self.sampled:
            ws.sample_hidden(ws.hidden_model, rng)
            ws.hidden_model[...] = ws.hidden_sample
        ws.subtract_phases()
        return cross_entropy


GRADIENTS: dict[str, GradientEstimator] = {
    "cd1": ContrastiveDivergence(),
    "cd1-sampled": ContrastiveDivergence(sampled=True),
}
"""The gradient estimators that a preset can name."""
