"""Whether images are like those that a model learned, as far as its free energy can tell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.core.gibbs import noise

if TYPE_CHECKING:
    import numpy.typing as npt

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.parameters import Parameters

TAIL = 0.01
"""The part of the data, at either end, that counts as unusual."""
LEAST_MARGIN = 10.0
"""Nats. A pixel that is off costs some; where all data are alike, an image with one such is still like them."""
_NOISE_IMAGES = 50


@dataclass(frozen=True, eq=False)
class KnownImages:
    """What free energies data have under a model: p(v) = exp(−F(v)) / Z, so that differences of F need no Z.

    Attributes
    ----------
    parameters : Parameters
        Of the model.
    free_energies : float64 ndarray of shape (m,)
        F(v) of m images in nats, rising; m is at least 1.
    noise : float
        The median F(v) of images of which each pixel is on or off at even odds.
    """

    parameters: Parameters
    free_energies: npt.NDArray[np.float64]
    noise: float

    @cached_property
    def median(self) -> float:
        """The median free energy of the data."""
        return float(np.median(self.free_energies))

    @cached_property
    def band(self) -> tuple[float, float]:
        """The lowest and the highest free energy of what counts as like the data.

        Beyond all but a hundredth of the data by as much again as these are from the median: an image that was drawn
        by another hand is less usual than most of a set, and noise is farther off by far.
        """
        low, middle, high = np.quantile(self.free_energies, (TAIL, 0.5, 1 - TAIL)).tolist()
        return low - max(middle - low, LEAST_MARGIN), high + max(high - middle, LEAST_MARGIN)

    @property
    def tells_noise(self) -> bool:
        """Whether the free energy tells noise from the data; false also where it is no number."""
        return self.noise > self.band[1]

    def free_energy(self, visible: FloatArray) -> npt.NDArray[np.float64]:
        """Return F(v) of each image, of shape (n,), for v (n, D) in 0..1; of a model that has diverged, NaN or inf."""
        with np.errstate(all="ignore"):
            return self.parameters.free_energy(visible)

    def are_like(self, visible: FloatArray) -> npt.NDArray[np.bool_]:
        """Tell of each image, (n, D), whether its free energy is one that the data could have."""
        low, high = self.band
        energies = self.free_energy(visible)
        # Far below is as wrong as far above: the model then believes more in what it was never shown.
        return (low <= energies) & (energies <= high)


def know(parameters: Parameters, images: FloatArray) -> KnownImages:
    """Measure the data's free energies; the result is the same each time.

    Parameters
    ----------
    parameters : Parameters
    images : float32 ndarray of shape (m, D)
        Values in 0..1, binarised as the model's training does; m is at least 1.
    """
    even = noise(_NOISE_IMAGES, parameters.visible_num, np.random.default_rng(0))
    with np.errstate(all="ignore"):
        known = np.sort(parameters.free_energy(images))
        return KnownImages(parameters, known, float(np.median(parameters.free_energy(even))))
