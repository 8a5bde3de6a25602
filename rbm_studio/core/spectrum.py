"""The singular values of the weights: how many directions the hidden units share out among themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from rbm_studio.core.backend import FloatArray


def singular_values(w: FloatArray) -> npt.NDArray[np.float64]:
    """Return the singular values of the weights as they are: w = U diag(s) Vᵀ, nothing subtracted before.

    Untrained, independent weights of deviation d have values between d(√D − √H) and d(√D + √H) for D > H
    (Marchenko & Pastur 1967); what training has learned stands out above them
    (Decelle, Fissore & Furtlehner, "Spectral dynamics of learning in restricted Boltzmann machines", EPL 2017).

    Parameters
    ----------
    w : float32 ndarray of shape (D, H)

    Returns
    -------
    float64 ndarray of shape (min(D, H),)
        From the largest down, not negative; NaN throughout where a weight is not finite.
    """
    if not np.isfinite(w).all():
        return np.full(min(w.shape), np.nan)
    return np.linalg.svd(w, compute_uv=False).astype(np.float64)


def stable_rank(values: npt.NDArray[np.float64]) -> float:
    """Return Σ s² ÷ s₁² of singular values s: how many directions carry the weights, in 1..len(s).

    After Rudelson & Vershynin, "Sampling from large matrices", 2007. 0 where all values are 0.
    """
    largest = float(values[0])
    return float(np.sum((values / largest) ** 2)) if largest > 0 else 0.0
