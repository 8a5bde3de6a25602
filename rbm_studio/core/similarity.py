"""How alike filters are: the cosine of the angle between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray


def filter_norms(w: FloatArray) -> FloatArray:
    """Return the length ‖w_j‖ of each hidden unit's weights: float32 of shape (H,), for w of shape (D, H)."""
    # Weights that training has blown up may overflow: an infinite length is a great one.
    with np.errstate(over="ignore"):
        norms: FloatArray = np.sqrt(np.einsum("ij,ij->j", w, w))
    return norms


def cosines(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return the cosine of each column of one matrix with each of the other.

    Parameters
    ----------
    left, right : float32 ndarrays of shape (D, H) and (D, K)
        Such as the weights of two models; the transposed weights have a column for each pixel.

    Returns
    -------
    float32 ndarray of shape (H, K)
        In −1..1; 0 where a column points nowhere: its length is 0 or not finite.
    """
    a = _directions(left)
    # A matrix with its own transpose takes half the time, and comes out symmetric.
    b = a if right is left else _directions(right)
    product: FloatArray = a.T @ b
    return np.clip(product, -1, 1, out=product)


def _directions(w: FloatArray) -> FloatArray:
    norms = filter_norms(w)
    points = np.isfinite(norms) & (norms > 0)
    return np.divide(w, norms, out=np.zeros_like(w), where=points)


def most_alike(alike: FloatArray, index: int, count: int) -> tuple[int, ...]:
    """Return the columns that are most like one of them, itself left out, the most alike first.

    Parameters
    ----------
    alike : float32 ndarray of shape (n,)
        Their row of what `cosines` returned.
    index : int
        The column that the others were compared with.
    count : int
        How many; all others, where there are fewer.
    """
    order = np.argsort(-alike, kind="stable")
    return tuple(order[order != index][:count].tolist())
