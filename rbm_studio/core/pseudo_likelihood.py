"""The pseudo-likelihood over all pixels, in closed form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rbm_studio.core.kernels import sigmoid
from rbm_studio.core.threads import Threads, blas_threads

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.parameters import Parameters

    Array = npt.NDArray[np.float64]

_TOGETHER = 4
"""How many hidden units have their factors multiplied in one matrix product."""
_ROWS = 64
"""Images a block, so that what is worked on stays in a core's cache."""
_LARGEST_POWER = 30.0
"""Of e, in a factor: well within float32, also where a probability that it is multiplied by has become 0."""
_FULL = 80.0
"""Of e, in a product of factors."""
_SMALLEST = np.float32(1e-33)
"""A smaller probability is 0: it does not matter, and processors are slow where numbers lose digits."""


class PseudoLikelihood:
    """Finds Σ_i ln p(v_i | all other pixels) of binary images (Besag 1975).

    With h_j = p(h_j = 1 | v), and s_i = 1 − 2 v_i, so that s_i w_ij is what an input gains if pixel i is flipped,

        ln p(v with i flipped) − ln p(v) = s_i a_i + Σ_j ln(1 − h_j + h_j exp(s_i w_ij)),

    and ln p(v_i | …) = −softplus of it. The product of such factors of some hidden units is a matrix product of the
    probabilities of their joint states with the exponentials of what these add to the energy.

    Classes are summed out: with label units, the sum is over ln p(v_i | all other pixels), not p(v_i | …, class).

    Parameters
    ----------
    parameters : Parameters
    """

    def __init__(self, parameters: Parameters) -> None:
        self._p = parameters
        starts = range(0, parameters.hidden_num, _TOGETHER)
        slices = [slice(start, start + _TOGETHER) for start in starts]
        self._groups = [_group(units, parameters.w[:, units].T) for units in slices]

    def of(self, visible: FloatArray) -> Array:
        """Return the logarithm, in nats, of each image; of shape (n,), for states v of shape (n, D)."""
        blocks = [visible[start : start + _ROWS] for start in range(0, len(visible), _ROWS)]
        return np.concatenate(Threads(blas_threads()).map(self._of_block, blocks))

    def _of_block(self, v: FloatArray) -> Array:
        p = self._p
        z = p.hidden_input(v)
        on = v > 0.5
        if p.label_w is None:
            change = self._change(z, on)
        else:
            # Σ_y p(v, y) Π_j (…) / p(v), in logarithms.
            classes = np.eye(p.label_num, dtype=np.float32)
            shares = np.stack([-p.free_energy(v, np.broadcast_to(y, (len(v), len(y)))) for y in classes])
            changed = [q[:, None] + self._change(z + u, on) for q, u in zip(shares, p.label_w, strict=True)]
            change = _log_sum_exp(np.stack(changed)) - _log_sum_exp(shares)[:, None]
        change += np.where(on, -p.visible_bias, p.visible_bias)
        logarithms: Array = -np.logaddexp(0.0, change).sum(axis=1)
        return logarithms

    def _change(self, z: FloatArray, on: npt.NDArray[np.bool_]) -> Array:
        """Return Σ_j ln(1 − h_j + h_j exp(s_i w_ij)), of shape (n, D), for inputs z of shape (n, H)."""
        off, lit = -z, z.copy()
        sigmoid(off, off)
        sigmoid(lit, lit)
        images, pixels = on.shape
        # For each pixel, what changes if it goes on, and then, for each, what changes if it goes off.
        total = np.zeros((images, 2 * pixels))
        product = np.ones((images, 2 * pixels), dtype=np.float32)
        power = 0.0
        for group in self._groups:
            if isinstance(group, _Sum):
                total += group.logarithms(z)
                continue
            if power + group.power > _FULL:
                total += np.log(product)
                product[...] = 1
                power = 0.0
            product *= group.values(off, lit)
            power += group.power
        total += np.log(product)
        return np.where(on, total[:, pixels:], total[:, :pixels])


def _group(units: slice, w: FloatArray) -> _Product | _Sum:
    """Return the factors of some hidden units with weights w of shape (m, D), for pixels that go on and off."""
    signed = np.concatenate([w, -w], axis=1).astype(np.float64)
    power = float(np.abs(w).sum(axis=0).max())
    return _Product(units, signed, power) if power <= _LARGEST_POWER else _Sum(units, signed)


def _log_sum_exp(values: Array) -> Array:
    """Return ln Σ exp(values) over the first axis, without overflow."""
    highest = values.max(axis=0)
    total: Array = highest + np.log(np.exp(values - highest).sum(axis=0))
    return total


class _Product:
    """Factors as a matrix product; within exp(±`power`)."""

    def __init__(self, units: slice, w: Array, power: float) -> None:
        self._units = units
        self.power = power
        energies = np.zeros((1, w.shape[1]))
        for row in w:
            energies = np.concatenate([energies, energies + row])
        self._powers = np.exp(energies).astype(np.float32)

    def values(self, off: FloatArray, lit: FloatArray) -> FloatArray:
        """Return the product of 1 − h + h exp(w), of shape (n, 2 D), for 1 − h and h of shape (n, H)."""
        joint = np.ones((1, len(off)), dtype=np.float32)
        for zero, one in zip(off[:, self._units].T, lit[:, self._units].T, strict=True):
            joint = np.concatenate([joint * zero, joint * one])
        joint[joint < _SMALLEST] = 0
        values: FloatArray = joint.T @ self._powers
        return values


class _Sum:
    """Factors one by one, for weights so large that a product in float32 would lose what matters."""

    def __init__(self, units: slice, w: Array) -> None:
        self._units = units
        self._w = w

    def logarithms(self, z: FloatArray) -> Array:
        """Return the logarithm of their product, of shape (n, 2 D), for inputs of shape (n, H)."""
        total = np.zeros((len(z), self._w.shape[1]))
        for inputs, w in zip(z[:, self._units].astype(np.float64).T, self._w, strict=True):
            total += np.logaddexp(0.0, inputs[:, None] + w) - np.logaddexp(0.0, inputs)[:, None]
        return total
