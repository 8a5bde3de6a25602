"""What a model is measured by, by name in `METRICS`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from rbm_studio.core.exact import MAX_UNITS
from rbm_studio.core.gradient_cosine import gradient_cosine
from rbm_studio.core.likelihood import MAX_EXACT_UNITS, exact_log_partition
from rbm_studio.core.metric_data import entropy_of_images
from rbm_studio.core.pseudo_likelihood import PseudoLikelihood
from rbm_studio.core.reconstruction import cross_entropy, entropy_of_pixels, squared_error

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from rbm_studio.core.metric_data import MetricData
    from rbm_studio.core.parameters import Parameters

    Measure: TypeAlias = Callable[[Parameters, MetricData, np.random.Generator], float]
    Need: TypeAlias = Callable[[Parameters, MetricData], str]


@dataclass(frozen=True)
class EpochRecord:
    """The figures of one epoch of a model's life.

    Attributes
    ----------
    epoch : float
        Passes through the data when they were measured; whole, but for models that were stopped within an epoch.
    training_kl : float
        The article's KL, mean over the epoch's training images.
    held_out_kl : float or None
        The article's KL of held-out images, if there were any.
    """

    epoch: float
    training_kl: float
    held_out_kl: float | None = None


def article_kl(cross_entropy: float, pixels: int, batch_size: int) -> float:
    """Return what the article calls the KL divergence.

    (1/D)·[cross-entropy − ln B]: the reconstruction's cross-entropy per pixel, less a constant that depends on the
    batch size. It is not the divergence of the model from the data: a model can be broken and have a low one.

    Parameters
    ----------
    cross_entropy : float
        Of the images under their reconstructions, in nats per image.
    pixels : int
        D.
    batch_size : int
        B.

    Returns
    -------
    float
        In nats per pixel.

    References
    ----------
    The article that presents simple_rbm (Watanabe & Kobayashi); its library's ``fit``.
    """
    return (cross_entropy - math.log(batch_size)) / pixels


@dataclass(frozen=True)
class Metric:
    """Something that can be measured about a model on images.

    Attributes
    ----------
    name : str
        Its key in `METRICS`.
    title, unit : str
        For people.
    better : {"lower", "higher", ""}
        Which direction is better; "" where neither is by itself.
    note : str
        What it measures, in a line.
    function : callable
        Measures it: see `measure`.
    needs : tuple of callables
        Each returns why the metric cannot be had, or "".
    """

    name: str
    title: str
    unit: str
    better: str
    note: str
    function: Measure
    needs: tuple[Need, ...] = ()

    def problem(self, parameters: Parameters, data: MetricData) -> str:
        """Return why the metric cannot be had for this model and these images, in a sentence; "" if it can."""
        return next((problem for need in self.needs if (problem := need(parameters, data))), "")

    def measure(self, parameters: Parameters, data: MetricData, rng: np.random.Generator) -> float:
        """Return the figure.

        Parameters
        ----------
        parameters : Parameters
        data : MetricData
            Its name and its binarisation belong beside the figure.
        rng : numpy.random.Generator
            Of what is sampled to measure it.

        Returns
        -------
        float
            In `unit`.
        """
        return self.function(parameters, data, rng)

    def shown(self, data: MetricData) -> MetricData:
        """Return images as the metric needs them: some are of states only, the article's KL is of grey values."""
        if self.name == "article_kl":
            return data.as_grey()
        return data.as_states() if _binary_images in self.needs else data

    @property
    def needs_training_images(self) -> bool:
        """Whether images are compared with others that the model learnt from."""
        return _training_images in self.needs

    @property
    def needs_partition_function(self) -> bool:
        """Whether the partition function is in it."""
        return _partition_function in self.needs


def _binary_images(_parameters: Parameters, data: MetricData) -> str:
    return "" if data.is_binary else "Only binary images have a probability: choose a binarisation."


def _partition_function(parameters: Parameters, data: MetricData) -> str:
    if data.log_partition is not None or min(parameters.visible_num, parameters.hidden_num) <= MAX_EXACT_UNITS:
        return ""
    return f"The partition function can be summed up to {MAX_EXACT_UNITS} units in the smaller layer."


def _enumerable(parameters: Parameters, _data: MetricData) -> str:
    if min(parameters.visible_num, parameters.hidden_num) <= MAX_UNITS:
        return ""
    return f"The exact gradient can be had up to {MAX_UNITS} units in the smaller layer."


def _training_images(_parameters: Parameters, data: MetricData) -> str:
    return "" if data.training is not None else "There are no training images to compare with."


def _classes(parameters: Parameters, data: MetricData) -> str:
    if not parameters.label_num:
        return "The model has no label units."
    if data.labels is None:
        return "The classes of these images are not known."
    if int(data.labels.max()) >= parameters.label_num:
        return f"There are images of class {data.labels.max()}, but {parameters.label_num} label units from 0 on."
    return ""


def _article_kl(parameters: Parameters, data: MetricData, rng: np.random.Generator) -> float:
    return article_kl(cross_entropy(parameters, data, rng), parameters.visible_num, data.batch_size)


def _kl_per_pixel(parameters: Parameters, data: MetricData, rng: np.random.Generator) -> float:
    return (cross_entropy(parameters, data, rng) - entropy_of_pixels(data)) / parameters.visible_num


def _pseudo_likelihood(parameters: Parameters, data: MetricData, _rng: np.random.Generator) -> float:
    pseudo = PseudoLikelihood(parameters)
    return math.fsum(pseudo.of(block.visible).sum() for block in data.blocks()) / len(data)


def _free_energy(parameters: Parameters, data: MetricData, _rng: np.random.Generator) -> float:
    return math.fsum(parameters.free_energy(block.visible).sum() for block in data.blocks()) / len(data)


def _free_energy_gap(parameters: Parameters, data: MetricData, rng: np.random.Generator) -> float:
    training = 0.0 if data.training is None else _free_energy(parameters, data.training, rng)
    return _free_energy(parameters, data, rng) - training


def _log_likelihood(parameters: Parameters, data: MetricData, rng: np.random.Generator) -> float:
    log_partition = exact_log_partition(parameters) if data.log_partition is None else data.log_partition
    return -_free_energy(parameters, data, rng) - log_partition


def _true_kl(parameters: Parameters, data: MetricData, rng: np.random.Generator) -> float:
    return -_log_likelihood(parameters, data, rng) - entropy_of_images(data)


def _accuracy(parameters: Parameters, data: MetricData, _rng: np.random.Generator) -> float:
    right = 0
    for visible, labels in data.blocks():
        right += int((parameters.label_probabilities(visible).argmax(axis=1) == labels).sum())
    return 100.0 * right / len(data)


METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            "article_kl",
            "Article's KL",
            "nats per pixel",
            "lower",
            "What the article calls the KL divergence: the reconstruction's cross-entropy less ln B, per pixel, for "
            "batches of B images; of grey values, as in the article, whatever the model is shown. It is not the "
            "divergence of the model from the data.",
            _article_kl,
        ),
        Metric(
            "cross_entropy",
            "Reconstruction cross-entropy",
            "nats per image",
            "lower",
            "Of the images under their reconstructions from one sample of the hidden units.",
            cross_entropy,
        ),
        Metric(
            "kl_per_pixel",
            "Reconstruction KL",
            "nats per pixel",
            "lower",
            "Of the reconstructed pixels from the image's, both as probabilities: 0 where the reconstruction is "
            "perfect, whatever the batch size.",
            _kl_per_pixel,
        ),
        Metric(
            "squared_error",
            "Squared reconstruction error",
            "per pixel",
            "lower",
            "Mean square of what the reconstruction is off. Use it, but do not trust it (Hinton 2010, section 5).",
            squared_error,
        ),
        Metric(
            "pseudo_likelihood",
            "Pseudo-log-likelihood",
            "nats per image",
            "higher",
            "Sum over all pixels of the log-probability of each, given all others (Besag 1975); exact. Classes are "
            "summed out.",
            _pseudo_likelihood,
            (_binary_images,),
        ),
        Metric(
            "free_energy",
            "Free energy",
            "nats per image",
            "",
            "Mean of -ln p(v) - ln Z. Only differences between images mean something.",
            _free_energy,
        ),
        Metric(
            "free_energy_gap",
            "Free-energy gap",
            "nats per image",
            "lower",
            "Mean free energy of these images less that of training images: it grows where the model overfits "
            "(Hinton 2010, section 6).",
            _free_energy_gap,
            (_training_images,),
        ),
        Metric(
            "log_likelihood",
            "Log-likelihood",
            "nats per image",
            "higher",
            "Mean ln p(v), exact where the partition function is. Classes are summed out.",
            _log_likelihood,
            (_binary_images, _partition_function),
        ),
        Metric(
            "true_kl",
            "True KL divergence",
            "nats per image",
            "lower",
            "Of the model from these images as a distribution: minus the log-likelihood, less the images' entropy.",
            _true_kl,
            (_binary_images, _partition_function),
        ),
        Metric(
            "gradient_cosine",
            "Cosine of the gradients",
            "",
            "higher",
            "Of the angle between the exact gradient of the log-likelihood and its estimate: 1 for the same direction.",
            gradient_cosine,
            (_enumerable,),
        ),
        Metric(
            "accuracy",
            "Accuracy",
            "%",
            "higher",
            "How many images' class is the most probable one, p(y | v) (Larochelle & Bengio 2008).",
            _accuracy,
            (_classes,),
        ),
    )
}
"""The metrics, in the order in which a table shows them."""
