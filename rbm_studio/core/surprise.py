"""How surprising single images are to a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.parameters import Parameters


@dataclass(frozen=True, eq=False)
class Surprise:
    """What a model makes of n images, and of m others for comparison.

    Attributes
    ----------
    free_energies : float64 ndarray of shape (n,)
        F(v) in nats, up to ln Z the negative log-likelihood: the higher, the more surprising.
    cross_entropies : float64 ndarray of shape (n,)
        Of each image under its mean-field reconstruction, in nats.
    reconstructions : float32 ndarray of shape (n, D)
        Probabilities of the pixels, given the probabilities of the hidden units.
    reference : float64 ndarray of shape (m,)
        Free energies of the others, rising.
    """

    free_energies: npt.NDArray[np.float64]
    cross_entropies: npt.NDArray[np.float64]
    reconstructions: FloatArray
    reference: npt.NDArray[np.float64]

    @property
    def ranks(self) -> npt.NDArray[np.float64]:
        """Which part of the others, 0..1, is less surprising than each image; equal ones count as half.

        NaN without others, and where a free energy is no number.
        """
        if not len(self.reference):
            return np.full(len(self.free_energies), np.nan)
        below = np.searchsorted(self.reference, self.free_energies, side="left")
        not_above = np.searchsorted(self.reference, self.free_energies, side="right")
        known = np.isfinite(self.free_energies) & np.isfinite(self.reference).all()
        return np.where(known, (below + not_above) / (2 * len(self.reference)), np.nan)


def surprise(parameters: Parameters, visible: FloatArray, others: FloatArray) -> Surprise:
    """Measure how surprising images are to a model; the result is the same each time, since nothing is sampled.

    Parameters
    ----------
    parameters : Parameters
    visible : float32 ndarray of shape (n, D)
        Values in 0..1.
    others : float32 ndarray of shape (m, D)
        Images to compare with, binarised alike; m may be 0.
    """
    hidden = parameters.expect_hidden(visible)
    z = (hidden @ parameters.w.T + parameters.visible_bias).astype(np.float64)
    # −Σ [v ln p + (1 − v) ln(1 − p)] with p = 1 / (1 + exp(−z)), as Σ softplus(z) − v z, which cannot overflow.
    errors = (np.logaddexp(0.0, z) - visible * z).sum(axis=1)
    reference = np.sort(parameters.free_energy(others))
    return Surprise(parameters.free_energy(visible), errors, parameters.expect_visible(hidden), reference)
