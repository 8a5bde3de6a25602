"""Grey images as states of binary units, by name in `BINARISATIONS`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from rbm_studio.core import kernels

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.random_numbers import RandomSource


class Binarisation(Protocol):
    """What is shown to an RBM for a grey image.

    Attributes
    ----------
    is_binary : bool
        Whether the outcome is 0 or 1 everywhere: only such images have a probability.
    is_random : bool
        Whether it needs random numbers.
    formula : str
        The outcome for the GPU, in C: of ``value``, ``threshold`` and a number ``uniform`` in [0, 1).
    """

    is_binary: bool
    is_random: bool
    formula: str

    def apply(self, values: FloatArray, rng: RandomSource, threshold: float, scratch: FloatArray) -> None:
        """Change grey values in place.

        Parameters
        ----------
        values : float32 array of shape (n, D)
            In 0..1.
        rng : RandomSource
            Of the same device.
        threshold : float
            A value above it is on.
        scratch : float32 array of shape (n, D)
            Work space.
        """

    def words(self, threshold: float) -> str:
        """Return how to name it beside a figure."""


class Grey:
    """Grey values stay: they are taken as the probabilities of the pixels (Hinton 2010, section 3)."""

    is_binary = False
    is_random = False
    formula = "value"

    def apply(self, values: FloatArray, rng: RandomSource, threshold: float, scratch: FloatArray) -> None:
        """Leave the values; see `Binarisation`."""

    def words(self, threshold: float) -> str:
        """Return how to name it beside a figure."""
        del threshold
        return "grey values"


class Stochastic:
    """Each pixel is on with its grey value as the probability (Salakhutdinov & Murray 2008, section 5)."""

    is_binary = True
    is_random = True
    formula = "value > uniform"

    def apply(self, values: FloatArray, rng: RandomSource, threshold: float, scratch: FloatArray) -> None:
        """Sample the pixels; see `Binarisation`."""
        del threshold
        rng.random(out=scratch, dtype=np.float32)
        kernels.sample(values, scratch, values)

    def words(self, threshold: float) -> str:
        """Return how to name it beside a figure."""
        del threshold
        return "made binary at random"


class Threshold:
    """A pixel is on where its grey value exceeds the threshold."""

    is_binary = True
    is_random = False
    formula = "value > threshold"

    def apply(self, values: FloatArray, rng: RandomSource, threshold: float, scratch: FloatArray) -> None:
        """Compare the pixels; see `Binarisation`."""
        del rng, scratch
        np.greater(values, np.float32(threshold), out=values, casting="unsafe")

    def words(self, threshold: float) -> str:
        """Return how to name it beside a figure."""
        return f"thresholded at {threshold:g}"


BINARISATIONS: dict[str, Binarisation] = {"grey": Grey(), "stochastic": Stochastic(), "threshold": Threshold()}
"""The ways that the settings can name."""
