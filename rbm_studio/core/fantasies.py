"""What a model dreams up by itself: chains from noise, beside the data; and a ceiling of its likelihood without ln Z.

Chains that start at noise and end where no data lies show a model that has learned something else than the data,
however well it reconstructs (Decelle, Furtlehner & Seoane, Equilibrium and non-equilibrium regimes in the learning of
restricted Boltzmann machines, NeurIPS 2021). Whatever the chains do, Z is at least the sum of exp(−F) over any states
that differ from each other: so the free energies of images, less those of a blank one and of where the chains ended,
bound the log-likelihood from above, rigorously and without annealing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.core.annealing import independent_biases
from rbm_studio.core.binarisation import BINARISATIONS
from rbm_studio.core.gibbs import GibbsChains, noise
from rbm_studio.core.health import ROUNDING, fixed_part
from rbm_studio.core.layer_sum import log_sum_exp
from rbm_studio.core.likelihood import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.parameters import Parameters

    Doubles = npt.NDArray[np.float64]

CHAINS, STEPS = 200, 1000
"""Of 200 chains a share of a tenth is known to 2 %. A step of all takes 6 ms of a core with 64 hidden units and
784 pixels, 21 ms with 512, and 66 ms with 2,000; Salakhutdinov & Murray (ICML 2008) let theirs run for 1,000."""

FAINTEST = 0.01
"""An image is blank if it has no more than half the ink of this part of the data, which has the least."""

NEAR, NEIGHBOURS = 0.95, 5000
"""A part of the held-out images, and how many training images are searched for the nearest."""

GREYEST = 0.1
"""Mean distance of grey values from 0 or 1, whichever is nearer, up to which they may be thresholded; MNIST: 0.04."""


@dataclass(frozen=True)
class Spread:
    """A mean over images, and how the images differ.

    Attributes
    ----------
    mean, deviation : float
    count : int
        How many images.
    """

    mean: float
    deviation: float
    count: int

    @classmethod
    def of(cls, values: npt.NDArray[Any]) -> Spread:
        """Return the mean and the deviation of some values, one of each image."""
        return cls(float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64)), len(values))

    @property
    def error(self) -> float:
        """The standard error of the mean: what the choice of images alone makes of it."""
        return self.deviation / math.sqrt(self.count)


@dataclass(frozen=True)
class Ink:
    """How much is drawn on images.

    Attributes
    ----------
    amount : Spread
        The share of the pixels that differ from the ground, 0..1.
    blanks : float
        The share of the images that have hardly any ink; see `FAINTEST`.
    """

    amount: Spread
    blanks: float


@dataclass(frozen=True)
class Fantasies:
    """Where chains from noise ended, beside the data.

    Attributes
    ----------
    chains, steps : int
    ground : {0, 1}
        What most pixels of the data are: an image of nothing else is empty.
    ink, data_ink : Ink
        Of the chains' last states, and of the data, whose grey values count as parts of a pixel.
    misfit : float
        Distance of the chains' mean image from the data's, in the deviations of states with that mean: root mean
        square over the pixels. By chance alone it is about 1/√chains.
    strays : float
        The share of the chains whose last image, p(v = 1 | h) above 1/2, differs from every training image by more
        pixels than `NEAR` of the held-out images do from the training image that is nearest to each.
    free_energy, data_free_energy : Spread
        Of the chains' last states, and of held-out images as states, in nats; label units are summed out.
    ceiling : float
        The mean log-likelihood of the held-out images is no higher than this, in nats an image.
    independent : float
        What it is where each pixel is on as often as in the data, and knows of no other.
    excess : Spread
        By how much each held-out image may at most be likelier to the model than to independent pixels, in nats; its
        mean is `ceiling` less `independent`.
    binarisation : str
        How the held-out images were made states, in words.
    settled : bool
        Whether the model's learning rate was not still to fall in a run under way: until then what a training with
        persistent chains believes in moves from one mode to another, and chains from noise show one of them only.
    """

    chains: int
    steps: int
    ground: int
    ink: Ink
    data_ink: Ink
    misfit: float
    strays: float
    free_energy: Spread
    data_free_energy: Spread
    ceiling: float
    independent: float
    excess: Spread
    binarisation: str
    settled: bool = True


class Dreaming:
    """Chains from noise that can be cut short between any two steps, and what they say in the end.

    Parameters
    ----------
    parameters : Parameters
    rng : numpy.random.Generator
    chains : int
        At least 1.
    """

    def __init__(self, parameters: Parameters, rng: np.random.Generator, chains: int = CHAINS) -> None:
        self.parameters = parameters
        self.steps = 0
        self._chains = GibbsChains(parameters, noise(chains, parameters.visible_num, rng), rng)

    def advance(self, steps: int = 1) -> None:
        """Go on by some Gibbs steps."""
        # Parameters that training has blown up may overflow; findings of their own tell.
        with np.errstate(over="ignore", invalid="ignore"):
            self._chains.step(steps)
        self.steps += steps

    def states(self) -> FloatArray:
        """Return where the chains are, float32 of shape (n, D), 0 or 1."""
        return self._chains.visible

    def probabilities(self) -> FloatArray:
        """Return p(v = 1 | h) of which the states were drawn last, float32 of shape (n, D)."""
        return self._chains.visible_probabilities

    def _pictures(self, images: FloatArray) -> FloatArray:
        """Return the chains' images without the noise of their last draw, unless the data are mere draws, too."""
        return (self.probabilities() > 0.5).astype(np.float32) if _is_crisp(images) else self.states()

    def compare(
        self,
        images: FloatArray,
        held_out: FloatArray,
        binarisation: str,
        *,
        neighbours: FloatArray | None = None,
        independent: FloatArray | None = None,
        settled: bool = True,
    ) -> Fantasies:
        """Return how the chains differ from the data.

        Parameters
        ----------
        images : float32 ndarray of shape (n, D)
            As the training shows them, in 0..1; at least one.
        held_out : float32 ndarray of shape (m, D)
            States, 0 or 1, at least one, of which the likelihood is bounded.
        binarisation : str
            How these were made, in words.
        neighbours : float32 ndarray of shape (k, D), optional
            Training images as states, made as the held-out ones were; ``images`` at 1/2 without it.
        independent : float32 ndarray of shape (D,), optional
            The biases of pixels as bright as the data's; of ``images`` without it.
        settled : bool
            See `Fantasies`.
        """
        p, states = self.parameters, self.states()
        ground = int(images.mean(dtype=np.float64) > 0.5)
        data = _ink_of(images, ground)
        faint = float(np.quantile(data, FAINTEST)) / 2
        a = (independent_biases(images) if independent is None else independent).astype(np.float64)
        near = (images > 0.5).astype(np.float32) if neighbours is None else neighbours
        far = float(np.quantile(_distances(held_out, near), NEAR)) + 0.5
        alone: Doubles = held_out @ a - np.logaddexp(0, a).sum()
        with np.errstate(over="ignore", invalid="ignore"):
            free, data_free = p.free_energy(states), p.free_energy(held_out)
            highest = -data_free - log_partition_floor(p, states)
            return Fantasies(
                chains=len(states),
                steps=self.steps,
                ground=ground,
                ink=_ink(_ink_of(states, ground), faint),
                data_ink=_ink(data, faint),
                misfit=_misfit(states, images),
                strays=float((_distances(self._pictures(images), near) > far).mean()),
                free_energy=Spread.of(free),
                data_free_energy=Spread.of(data_free),
                ceiling=float(highest.mean()),
                independent=float(alone.mean()),
                excess=Spread.of(highest - alone),
                binarisation=binarisation,
                settled=settled,
            )


def dream(
    parameters: Parameters,
    rng: np.random.Generator,
    *,
    chains: int = CHAINS,
    steps: int = STEPS,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Dreaming:
    """Let chains run from noise, all in one go.

    Parameters
    ----------
    parameters : Parameters
    rng : numpy.random.Generator
    chains, steps : int
    progress : callable, optional
        Called with the steps done and their number.
    cancelled : callable, optional
        Asked whether to end.

    Raises
    ------
    Cancelled
        If ``cancelled`` returned True.
    """
    dreaming = Dreaming(parameters, rng, chains)
    while dreaming.steps < steps:
        if cancelled is not None and cancelled():
            raise Cancelled
        dreaming.advance()
        if progress is not None:
            progress(dreaming.steps, steps)
    return dreaming


def shown_as(images: npt.NDArray[Any], binarisation: str, threshold: float) -> tuple[str, float]:
    """Return by which binarisation images become states: their training's, if it makes them so.

    Grey ones are thresholded at 1/2, as for the log-likelihood; but those that hardly tell black from white, which that
    would make another picture of, are binary at random.

    Parameters
    ----------
    images : ndarray of shape (n, D)
        float32 in 0..1, or uint8 grey levels.
    binarisation : str
        A name in `rbm_studio.core.binarisation.BINARISATIONS`.
    threshold : float
    """
    if BINARISATIONS[binarisation].is_binary:
        return binarisation, threshold
    return ("threshold" if _is_crisp(fixed_part(images)) else "stochastic"), 0.5


def log_partition_floor(parameters: Parameters, states: FloatArray) -> float:
    """Return what ln Z is at least: ln Σ exp(−F) over an empty image, a full one, and each of some states once.

    Every term of Z = Σ_v exp(−F(v)) is positive, so no choice of states can make the sum too large.

    Parameters
    ----------
    parameters : Parameters
    states : ndarray of shape (n, D)
        0 or 1; equal ones count once.
    """
    plain = np.repeat(np.array([[0], [1]], dtype=np.float32), parameters.visible_num, axis=1)
    _, first = np.unique(np.packbits(np.concatenate([plain, states]) > 0.5, axis=1), axis=0, return_index=True)
    distinct = np.concatenate([plain, states])[first]
    return float(log_sum_exp(-parameters.free_energy(distinct)))


def _ink_of(images: FloatArray, ground: int) -> Doubles:
    amounts: Doubles = images.mean(axis=1, dtype=np.float64)
    return 1 - amounts if ground else amounts


def _ink(amounts: Doubles, faint: float) -> Ink:
    # To within rounding of the mean.
    return Ink(Spread.of(amounts), float((amounts <= faint + 1e-9).mean()))


def _is_crisp(images: FloatArray) -> bool:
    return bool(np.minimum(images, 1 - images).mean() <= GREYEST)


def _misfit(states: FloatArray, images: FloatArray) -> float:
    mean = images.mean(axis=0, dtype=np.float64)
    distance = states.mean(axis=0, dtype=np.float64) - mean
    # The variance of states with that mean; images that are all the same have no deviation to measure in.
    scale = float(np.mean(mean * (1 - mean)))
    scale = scale if scale > ROUNDING else 1.0
    return math.sqrt(float(np.mean(distance**2)) / scale)


def _distances(images: FloatArray, near: FloatArray) -> Doubles:
    """Return by how many pixels each of some states (n, D) differs from the nearest of others (k, D)."""
    overlaps = images @ near.T
    own = near.sum(axis=1)
    # A row at a time, so that nothing larger than the overlaps is made.
    nearest: Doubles = np.array([(own - 2 * row).min() for row in overlaps], dtype=np.float64)
    nearest += images.sum(axis=1, dtype=np.float64)
    return nearest
