"""How a model fares: what Hinton's Practical Guide (2010) says to look at, as arrays and numbers.

Everything is measured on a fixed part of the images, so that figures of one run can be compared.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.core import kernels
from rbm_studio.core.backend import CPU
from rbm_studio.core.binarisation import BINARISATIONS
from rbm_studio.core.histogram import Histogram, histogram

if TYPE_CHECKING:
    import numpy.typing as npt

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.fantasies import Fantasies
    from rbm_studio.core.overfitting import Likelihood
    from rbm_studio.core.parameters import Parameters

IMAGES = 500
"""How many images of each set are measured on: a unit that is on for one in a hundred is on for five of them."""

CASES = 100
"""Rows of the image of hidden activations: the largest batch that the guide advises (section 4)."""

CERTAIN = 0.01
"""A probability so near to 0 or 1 is certain: its slope p(1 − p) is under a twenty-fifth of the steepest, 1/4."""

TWINS = 0.98
"""Cosine of two units' weights from which they look for the same: healthy units of MNIST stay under 0.96."""

ROUNDING = 1e-12
"""Of a variance of numbers in 0..1; one pixel that is a grey level off in one of `IMAGES` makes more."""

COMPARED = 1024
"""Among so many units twins are looked for: the work grows with the square."""


@dataclass(frozen=True, eq=False)
class Distribution:
    """One parameter array, and what the last update added to it.

    Attributes
    ----------
    values : Histogram
    updates : Histogram or None
    ratio : float or None
        Mean |update| ÷ mean |value| (section 7.1); None without an update, or where one of them is 0 throughout or not
        finite.
    """

    values: Histogram
    updates: Histogram | None
    ratio: float | None


@dataclass(frozen=True)
class FreeEnergies:
    """Mean free energies of images that were trained on, and of others (section 6).

    Attributes
    ----------
    training, held_out : float
        In nats. Each alone means nothing, since the partition function is not known; their difference does.
    error : float
        The standard error of the gap: what the choice of images alone would make of it.
    """

    training: float
    held_out: float
    error: float

    @property
    def gap(self) -> float:
        """By how much held-out images are less likely, in nats an image; about 0 where nothing is overfitted."""
        return self.held_out - self.training


@dataclass(frozen=True, eq=False)
class Particles:
    """The negative particles: the states that the gradient's negative phase ended in.

    Attributes
    ----------
    images : float32 ndarray of shape (n, D)
        Those that are numbers: after an update that broke the parameters they may not be.
    misfit : float
        Distance of their mean image from the data's, in the data's own deviations: root mean square over the pixels.
        By chance alone it is about 1/√n.
    spread : float
        Their variance ÷ the data's; 0 where all are alike.
    """

    images: FloatArray
    misfit: float
    spread: float


@dataclass(frozen=True, eq=False)
class Health:
    """What the Health panel shows, and what the findings are drawn from.

    Attributes
    ----------
    epochs : float
        Passes through the data that the model has behind it.
    finite : bool
        Whether no parameter is NaN or infinite.
    weights, visible_biases, hidden_biases : Distribution
    largest_weights : float32 ndarray of shape (H,)
        The largest |w| of each hidden unit.
    lengths : float64 ndarray of shape (H,)
        Of the filters: ‖w‖ = √Σw² over the pixels of each hidden unit.
    hidden_bias : float32 ndarray of shape (H,)
    activations : float32 ndarray of shape (cases, H)
        p(h = 1 | v), cases down and units across; at most `CASES` rows.
    images, held_out_images : int
        How many are measured on; the following are means of the training images.
    mean_activity : float64 ndarray of shape (H,)
    certain : float64 ndarray of shape (H,)
        The part of the images for which p(h = 1 | v) lies within `CERTAIN` of 0 or 1.
    twins : tuple of int
        Units whose weights point where those of another unit do, among the first `COMPARED`.
    bias_error : float
        Root mean square over the pixels of sigmoid(a) less the data's mean.
    free_energies : FreeEnergies or None
        None without held-out images, or where they are beyond all numbers.
    particles : Particles or None
        None where there are none that are numbers.
    label_weights : Distribution or None
        None without label units.
    fantasies : Fantasies or None
        Where chains from noise ended last, perhaps of the model some epochs before; None if none have.
    life : tuple of Likelihood, or None
        How likely images were, and are last, as far as it is known; None if nobody measures it.
    """

    epochs: float
    finite: bool
    weights: Distribution
    visible_biases: Distribution
    hidden_biases: Distribution
    largest_weights: FloatArray
    lengths: npt.NDArray[np.float64]
    hidden_bias: FloatArray
    activations: FloatArray
    images: int
    held_out_images: int
    mean_activity: npt.NDArray[np.float64]
    certain: npt.NDArray[np.float64]
    twins: tuple[int, ...]
    bias_error: float
    free_energies: FreeEnergies | None
    particles: Particles | None
    label_weights: Distribution | None = None
    fantasies: Fantasies | None = None
    life: tuple[Likelihood, ...] | None = None

    @property
    def hidden_num(self) -> int:
        """H."""
        return len(self.mean_activity)


def fixed_part(
    images: npt.NDArray[Any], binarisation: str = "grey", threshold: float = 0.5, count: int = IMAGES
) -> FloatArray:
    """Return some images, evenly spaced in their set and always the same, as the training shows them.

    Parameters
    ----------
    images : ndarray of shape (n, D)
        float32 in 0..1, or uint8 grey levels 0..255.
    binarisation : str
        A name in `rbm_studio.core.binarisation.BINARISATIONS`; what is random is the same each time.
    threshold : float
        In 0..1; a pixel above it is on.
    count : int
        How many at most.

    Returns
    -------
    float32 ndarray of shape (min(n, count), D)
    """
    rows = np.linspace(0, len(images) - 1, min(count, len(images))).round().astype(np.intp)
    chosen: FloatArray = np.empty((len(rows), images.shape[1]), dtype=np.float32)
    kernels.gather(images, rows, chosen)
    rng = CPU.generator(np.random.SeedSequence(0))
    BINARISATIONS[binarisation].apply(chosen, rng, threshold, np.empty_like(chosen))
    return chosen


def measure_health(
    parameters: Parameters,
    images: FloatArray,
    *,
    held_out: FloatArray | None = None,
    update: Parameters | None = None,
    particles: FloatArray | None = None,
    previous: Health | None = None,
    epochs: float = 0.0,
    fantasies: Fantasies | None = None,
    life: tuple[Likelihood, ...] | None = None,
) -> Health:
    """Measure a model.

    Parameters
    ----------
    parameters : Parameters
    images : float32 ndarray of shape (n, D)
        Of the training set, in 0..1, at least one; see `fixed_part`.
    held_out : float32 ndarray of shape (m, D), optional
    update : Parameters, optional
        What the last step added to each parameter.
    particles : float32 ndarray of shape (k, D), optional
    previous : Health, optional
        An earlier measurement: its histograms' axes are kept as long as they fit.
    epochs : float
        Passes through the data that the model has behind it.
    fantasies : Fantasies, optional
        Where chains of the model from noise ended last: they take too long to be run here.
    life : tuple of Likelihood, optional
        How likely images were and are: that takes too long, too.
    """
    # Parameters that training has blown up may overflow; `finite` and the findings tell.
    with np.errstate(over="ignore", invalid="ignore"):
        hidden = parameters.expect_hidden(images)
        arrays, updates = parameters.arrays(), update.arrays() if update else {}
        before = (previous.weights, previous.visible_biases, previous.hidden_biases) if previous else (None,) * 3
        weights, visible_biases, hidden_biases = (
            _distribution(arrays[name], updates.get(name), earlier)
            for name, earlier in zip(("w", "visible_bias", "hidden_bias"), before, strict=True)
        )
        return Health(
            epochs=epochs,
            finite=parameters.is_finite,
            weights=weights,
            visible_biases=visible_biases,
            hidden_biases=hidden_biases,
            largest_weights=np.abs(parameters.w).max(axis=0),
            lengths=np.sqrt(np.square(parameters.w, dtype=np.float64).sum(axis=0)),
            hidden_bias=parameters.hidden_bias.copy(),
            activations=hidden[:CASES].copy(),
            images=len(images),
            held_out_images=0 if held_out is None else len(held_out),
            mean_activity=hidden.mean(axis=0, dtype=np.float64),
            certain=((hidden < CERTAIN) | (hidden > 1 - CERTAIN)).mean(axis=0),
            twins=_twins(parameters.w[:, :COMPARED]),
            bias_error=_bias_error(parameters.visible_bias, images),
            free_energies=None
            if held_out is None or len(held_out) == 0
            else _finite_energies(measure_free_energies(parameters, images, held_out)),
            particles=None if particles is None else _particles(particles, images),
            label_weights=None
            if parameters.label_w is None
            else _distribution(
                parameters.label_w, updates.get("label_w"), previous.label_weights if previous else None
            ),
            fantasies=fantasies,
            life=life,
        )


def _distribution(values: FloatArray, update: FloatArray | None, previous: Distribution | None) -> Distribution:
    size = float(np.abs(values).mean(dtype=np.float64))
    ratio = float(np.abs(update).mean(dtype=np.float64)) / size if update is not None and size > 0 else 0.0
    return Distribution(
        histogram(values, previous.values if previous else None),
        None if update is None else histogram(update, previous.updates if previous else None),
        ratio if ratio > 0 and math.isfinite(ratio) else None,
    )


def _twins(w: FloatArray) -> tuple[int, ...]:
    lengths = np.linalg.norm(w, axis=0)
    directions = w / np.where(lengths > 0, lengths, 1)
    alike = directions.T @ directions >= TWINS
    np.fill_diagonal(alike, False)
    return tuple(np.flatnonzero(alike.any(axis=0)).tolist())


def _bias_error(visible_bias: FloatArray, images: FloatArray) -> float:
    expected = 1 / (1 + np.exp(-visible_bias.astype(np.float64)))
    return float(np.sqrt(np.mean((expected - images.mean(axis=0, dtype=np.float64)) ** 2)))


def measure_free_energies(parameters: Parameters, images: FloatArray, held_out: FloatArray) -> FreeEnergies:
    """Return the mean free energies of training and of held-out images (n, D), as the training shows them."""
    training, other = parameters.free_energy(images), parameters.free_energy(held_out)
    error = math.sqrt(training.var(dtype=np.float64) / len(training) + other.var(dtype=np.float64) / len(other))
    return FreeEnergies(float(training.mean()), float(other.mean()), error)


def _finite_energies(found: FreeEnergies) -> FreeEnergies | None:
    return found if math.isfinite(found.gap) and math.isfinite(found.error) else None


def _particles(particles: FloatArray, images: FloatArray) -> Particles | None:
    particles = particles[np.isfinite(particles).all(axis=1)]
    if not len(particles):
        return None
    distance = particles.mean(axis=0, dtype=np.float64) - images.mean(axis=0, dtype=np.float64)
    variance = float(images.var(axis=0, dtype=np.float64).mean())
    spread = float(particles.var(axis=0, dtype=np.float64).mean())
    # Images that are all the same, but for rounding, have no deviation to measure in.
    scale = variance if variance > ROUNDING else 1.0
    return Particles(particles, math.sqrt(float(np.mean(distance**2)) / scale), spread / scale)
