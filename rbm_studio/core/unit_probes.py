"""Single units probed: which others are like them, and what one of them does to a reconstruction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.core.kernels import sigmoid

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.parameters import Parameters


def cosines(vectors: FloatArray, index: int) -> FloatArray:
    """Return how alike each row is to one of them: the cosine of the angle between them.

    Parameters
    ----------
    vectors : float32 ndarray of shape (n, m)
        Such as ``w.T``, the filters of the hidden units, or ``w``, the weights of each pixel.
    index : int
        The row that the others are compared with.

    Returns
    -------
    float32 ndarray of shape (n,)
        In −1..1; 0 where a row is all zeros, and points nowhere.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.sqrt(np.einsum("nm,nm->n", vectors, vectors))
        products = lengths * lengths[index]
        alike = (vectors @ vectors[index]) / np.where(products > 0, products, 1)
        clipped: FloatArray = np.clip(alike, -1, 1).astype(np.float32, copy=False)
    return clipped


def most_alike(alike: FloatArray, index: int, count: int) -> tuple[int, ...]:
    """Return the rows that are most like one of them, itself left out, the most alike first.

    Parameters
    ----------
    alike : float32 ndarray of shape (n,)
        What `cosines` returned.
    index : int
        The row that the others were compared with.
    count : int
        How many; all others, where there are fewer.
    """
    order = np.argsort(-alike, kind="stable")
    return tuple(order[order != index][:count].tolist())


@dataclass(frozen=True, eq=False)
class UnitEffect:
    """The reconstruction of an image, and what becomes of it without one unit, and with it forced on.

    Attributes
    ----------
    probability : float
        p(h = 1 | v) of that unit.
    restored, switched_off, forced_on : float32 ndarrays of shape (D,)
        p(v = 1 | h), with the probabilities of all units in the place of h; that unit's is then 0, or 1.
    """

    probability: float
    restored: FloatArray
    switched_off: FloatArray
    forced_on: FloatArray


def unit_effect(parameters: Parameters, visible: FloatArray, unit: int) -> UnitEffect:
    """Return what one hidden unit does to the reconstruction of an image; nothing is sampled.

    Parameters
    ----------
    parameters : Parameters
    visible : ndarray of shape (D,)
        Values in 0..1.
    unit : int
        Of the hidden units.
    """
    # Parameters that training has blown up may overflow.
    with np.errstate(over="ignore", invalid="ignore"):
        hidden = parameters.expect_hidden(visible.reshape(1, -1))
        weights = parameters.w[:, unit]
        z = parameters.w @ hidden[0] + parameters.visible_bias
        inputs = np.stack([z, z - hidden[0, unit] * weights, z + (1 - hidden[0, unit]) * weights])
        sigmoid(inputs, inputs)
    return UnitEffect(float(hidden[0, unit]), *inputs)
