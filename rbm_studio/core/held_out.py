"""Held-out images: measured on, and never trained on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rbm_studio.core import kernels
from rbm_studio.core.batches import Batches, check_labels
from rbm_studio.core.images import check_shape
from rbm_studio.core.workspace import Workspace

if TYPE_CHECKING:
    import numpy.typing as npt

    from rbm_studio.core.backend import Backend
    from rbm_studio.core.settings import TrainingSettings
    from rbm_studio.core.threads import Threads
    from rbm_studio.core.workspace import Joint, Part

MOST_IMAGES = 500
LEAST_IMAGES = 50
IMAGES_PER_MEASUREMENT = 60
"""For each held-out image so many are trained on in between: a measurement costs about half as much as training."""


class Measured(NamedTuple):
    """The cross-entropy of some images under their reconstructions.

    Attributes
    ----------
    nats : list
        Of each part of the images, for `Operations.read`: it may not be computed yet.
    images : int
        How many they are.
    dark : float
        What the pixels that are left out add, in nats an image.
    """

    nats: list[Any]
    images: int
    dark: float


def count_held_out(trained_on: int, available: int) -> int:
    """Return how many held-out images are measured on, for so many that are trained on."""
    return min(MOST_IMAGES, max(LEAST_IMAGES, trained_on // 25), available)


class HeldOut:
    """Measures reconstructions with random numbers of its own, so that the training is the same without it.

    Parameters
    ----------
    images : ndarray of shape (m, D)
        float32 in 0..1, or uint8 grey levels. Evenly spaced ones of them are used: at most `MOST_IMAGES`, and a 25th of
        what is trained on, but at least `LEAST_IMAGES`.
    labels : ndarray of shape (m,), optional
        Their classes; without them label units are off.
    joint : Joint
        The model.
    settings : TrainingSettings
        Of the training; the images are measured as grey values, whatever its binarisation.
    trained_on : int
        How many images an epoch has.
    backend : Backend
        Where to compute.
    threads : Threads
        That compute.

    Raises
    ------
    RBMStudioError
        If the images or the labels do not fit the model, or each other.
    """

    def __init__(
        self,
        images: npt.NDArray[Any],
        labels: npt.NDArray[Any] | None,
        joint: Joint,
        settings: TrainingSettings,
        trained_on: int,
        backend: Backend,
        threads: Threads,
    ) -> None:
        check_shape(images, joint.all_pixels)
        if not joint.classes:
            labels = None
        if labels is not None:
            check_labels(labels, len(images), joint.classes)
        count = count_held_out(trained_on, len(images))
        rows = np.linspace(0, len(images) - 1, count).round().astype(np.intp)
        shown = np.empty((count, joint.all_pixels), dtype=np.float32)
        kernels.gather(images, rows, shown)
        self.images = count
        self.interval = IMAGES_PER_MEASUREMENT * count
        self._dark = joint.dark_cross_entropy(shown)
        self._threads = threads
        self._backend = backend
        grey = replace(settings, binarisation="grey")
        batches = Batches(shown, None if labels is None else labels[rows], joint, grey, backend)
        self._parts = Workspace(joint, count, 0, backend, np.random.SeedSequence(0), threads.count).parts(count)
        place = 0
        for part in self._parts:
            batches.fill(np.arange(place, place + len(part.data)), part)
            place += len(part.data)

    def measure(self, seed: np.random.SeedSequence) -> Measured:
        """Measure the images under their reconstructions."""
        sources = [self._backend.generator(child) for child in seed.spawn(len(self._parts))]
        parts = [replace(part, rng=source) for part, source in zip(self._parts, sources, strict=True)]
        return Measured(self._threads.map(reconstruction_cross_entropy, parts), self.images, self._dark)


def reconstruction_cross_entropy(part: Part, measured: int | None = None) -> Any:
    """Return the cross-entropy of a part's first images under their reconstructions from sampled hidden units, in nats.

    It is for `Operations.read`. All of them without ``measured``. The rows of the model may be written over.
    """
    rows = len(part.data) if measured is None else measured
    with np.errstate(over="ignore", invalid="ignore"):
        part.expect_hidden(part.data[:rows], part.hidden_data[:rows])
        return part.reconstruct(rows)
