"""What the chains of the drawing lab hold, and what they start from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.app.cover import Part, covered_by
from rbm_studio.core.gibbs import Clamp
from rbm_studio.core.sampling import sample_visible

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.parameters import Parameters

COUNTS = (1, 16)
DEFAULT_COUNT = 4


@dataclass(frozen=True, eq=False)
class Held:
    """Pixels and a class that are held, and by how many chains.

    Attributes
    ----------
    part : Part
        What was chosen to be covered.
    covered : bool ndarray of shape (height, width)
        The pixels that are covered, and so not held.
    label : int or None
        The class that is held.
    from_noise : bool
        Whether chains of a class start from noise; else from the drawing.
    count : int
        How many chains there are where something is held.
    """

    part: Part = Part.NOTHING
    covered: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.bool_))
    label: int | None = None
    from_noise: bool = True
    count: int = DEFAULT_COUNT

    @property
    def covers(self) -> bool:
        """Whether any pixel is covered."""
        return bool(self.covered.any())

    @property
    def anything(self) -> bool:
        """Whether something is held: pixels, since others are covered, or a class."""
        return self.covers or self.label is not None

    @property
    def ignores_drawing(self) -> bool:
        """Whether the chains draw a class of which nothing is to be seen in the drawing."""
        return self.label is not None and self.from_noise and not self.covers

    def at(self, shape: tuple[int, int]) -> Held:
        """Return the same for pictures of another size; what a brush has covered has no place there."""
        part = Part.NOTHING if self.part is Part.BRUSH else self.part
        return replace(self, part=part, covered=covered_by(part, shape))

    def known_to(self, parameters: Parameters | None) -> Held:
        """Return the same without a class that a model does not know."""
        knows = self.label is None or (parameters is not None and self.label < parameters.label_num)
        return self if knows else replace(self, label=None)

    def clamp(self) -> Clamp:
        """Return what the chains must not change."""
        return Clamp(pixels=~self.covered.ravel() if self.covers else None, label=self.label)

    def start(
        self, parameters: Parameters, drawing: FloatArray, guess: FloatArray | None, rng: np.random.Generator
    ) -> FloatArray:
        """Return the first visible units of the chains, of shape (n, D).

        Parameters
        ----------
        parameters : Parameters
        drawing : float32 ndarray of shape (height, width)
        guess : float32 ndarray of shape (n, D), or None
            For the pixels that do not start from the drawing; where it does not fit, they start from noise.
        rng : numpy.random.Generator
        """
        count = self.count if self.anything else 1
        start = np.repeat(drawing.reshape(1, -1), count, axis=0)
        free = self.covered.ravel()
        if not self.covers and self.label is not None and self.from_noise:
            free = ~free
        if free.any():
            fits = guess is not None and guess.shape == start.shape
            filling = guess if fits and guess is not None else _noise(parameters, count, rng)
            start[:, free] = filling[:, free]
        return start


def _noise(parameters: Parameters, count: int, rng: np.random.Generator) -> FloatArray:
    """Return pixels that know nothing of each other, as the visible biases have them: p(v | all h = 0)."""
    # From noise at even odds, which no model was shown, the way to a digit is several times as long.
    return sample_visible(parameters, np.zeros((count, parameters.hidden_num), dtype=np.float32), rng)
