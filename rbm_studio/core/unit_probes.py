"""Single units probed: what one of them does to a reconstruction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.core.kernels import sigmoid

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.parameters import Parameters


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
