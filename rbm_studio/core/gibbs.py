"""Gibbs chains one half-step at a time: parts of them held, and at any temperature."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rbm_studio.core import kernels
from rbm_studio.core.sampling import bernoulli, one_of
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.parameters import Parameters


class Stage(Enum):
    """What a half-step made last, in the order of the chain v → p(h | v) → h → p(v | h) → v."""

    VISIBLE = auto()
    HIDDEN_PROBABILITIES = auto()
    HIDDEN = auto()
    VISIBLE_PROBABILITIES = auto()

    @property
    def next(self) -> Stage:
        """The stage that follows."""
        stages = list(Stage)
        return stages[(stages.index(self) + 1) % len(stages)]


@dataclass(frozen=True, eq=False)
class Clamp:
    """What is held while the rest of a chain moves: the chain then samples the rest given that.

    Attributes
    ----------
    pixels : bool ndarray of shape (D,), or None
        Which visible units keep the value that their chain started with.
    hidden : dict
        The states, 0 or 1, of hidden units that are held, by their indices.
    label : int or None
        The class that is held.
    """

    pixels: npt.NDArray[np.bool_] | None = None
    hidden: dict[int, int] | None = None
    label: int | None = None


FREE = Clamp()


class GibbsChains:
    """Chains that sample an RBM by block Gibbs steps (Smolensky 1986).

    At temperature T all energies are divided by T. Units that are held keep their values; the chains then sample the
    conditional distribution of the others given these.

    Parameters
    ----------
    parameters : Parameters
        May be replaced by others of the same shapes while the chains run.
    start : ndarray of shape (n, D)
        Values in 0..1; the visible units' first values, and those that clamped pixels keep.
    rng : numpy.random.Generator

    Attributes
    ----------
    clamp : Clamp
    temperature : float
        Above 0; 1 samples the model.
    mean_field : bool
        Whether the visible units keep their probabilities, unsampled, on the way to the next hidden units.
    stage : Stage
        What the last half-step made.
    visible : float32 ndarray of shape (n, D)
        The newest states; a start's grey values, until they are replaced.
    visible_probabilities : float32 ndarray of shape (n, D)
        p(v = 1 | h) of the newest hidden units; at first the start.
    hidden, hidden_probabilities : float32 ndarrays of shape (n, H)
        Zeros at first.
    labels : float32 ndarray of shape (n, C)
        The newest class, one-hot; C is 0 without label units.

    Raises
    ------
    RBMStudioError
        If the start does not fit the model.
    """

    def __init__(self, parameters: Parameters, start: FloatArray, rng: np.random.Generator) -> None:
        p = parameters
        if start.ndim != 2 or start.shape[1] != p.visible_num:
            raise RBMStudioError(
                "The chains start from an array of shape {shape}, but the RBM has {visible} visible units.",
                "Give one row of values for each chain.",
                shape=start.shape,
                visible=p.visible_num,
            )
        self.parameters = p
        self.clamp = FREE
        self.temperature = 1.0
        self.mean_field = False
        self._rng = rng
        self._start = start.astype(np.float32)
        self.stage = Stage.VISIBLE
        self.visible = self._start.copy()
        self.visible_probabilities = self._start.copy()
        self.hidden_probabilities = np.zeros((len(start), p.hidden_num), dtype=np.float32)
        self.hidden = np.zeros_like(self.hidden_probabilities)
        self.labels = np.zeros((len(start), p.label_num), dtype=np.float32)
        if p.label_num:
            self._draw_labels(p.label_probabilities(self._start))

    def __len__(self) -> int:
        return len(self.visible)

    def half_step(self) -> None:
        """Go on to the next stage."""
        makes = {
            Stage.VISIBLE: self._expect_hidden,
            Stage.HIDDEN_PROBABILITIES: self._sample_hidden,
            Stage.HIDDEN: self._expect_visible,
            Stage.VISIBLE_PROBABILITIES: self._sample_visible,
        }
        makes[self.stage]()
        self.stage = self.stage.next

    def step(self, count: int = 1) -> None:
        """Go on until the visible units have been drawn ``count`` times more."""
        for _ in range(count):
            self.half_step()
            while self.stage is not Stage.VISIBLE:
                self.half_step()

    def _expect_hidden(self) -> None:
        labels = self._held_labels() if self.parameters.label_num else None
        z = self.parameters.hidden_input(self.visible, labels)
        self.hidden_probabilities = _logistic(z, self.temperature)
        for unit, state in (self.clamp.hidden or {}).items():
            self.hidden_probabilities[:, unit] = state

    def _sample_hidden(self) -> None:
        self.hidden = bernoulli(self.hidden_probabilities, self._rng)

    def _expect_visible(self) -> None:
        p = self.parameters
        z: FloatArray = self.hidden @ p.w.T
        z += p.visible_bias
        self.visible_probabilities = _logistic(z, self.temperature)
        held = self.clamp.pixels
        if held is not None:
            self.visible_probabilities[:, held] = self._start[:, held]

    def _sample_visible(self) -> None:
        held = self.clamp.pixels
        self.visible = self.visible_probabilities.copy()
        if not self.mean_field:
            self.visible = bernoulli(self.visible_probabilities, self._rng)
            if held is not None:
                # As they are: a grey value is a probability, and is held as one.
                self.visible[:, held] = self._start[:, held]
        if self.parameters.label_num:
            self._draw_labels(self.parameters.expect_labels(self.hidden, self.temperature))

    def _draw_labels(self, probabilities: npt.NDArray[np.floating]) -> None:
        self.labels = one_of(probabilities, self._rng)
        self.labels = self._held_labels()

    def _held_labels(self) -> FloatArray:
        if self.clamp.label is not None:
            self.labels = np.zeros_like(self.labels)
            self.labels[:, self.clamp.label] = 1
        return self.labels


def noise(count: int, visible_num: int, rng: np.random.Generator) -> FloatArray:
    """Return states of ``count`` chains that start from noise, each pixel 0 or 1 at even odds."""
    return rng.integers(0, 2, (count, visible_num)).astype(np.float32)


def _logistic(z: FloatArray, temperature: float) -> FloatArray:
    z /= np.float32(temperature)
    kernels.sigmoid(z, z)
    return z
