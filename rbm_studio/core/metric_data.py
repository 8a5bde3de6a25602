"""The images that a metric is measured on, and how they are shown to the model."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rbm_studio.core.backend import CPU
from rbm_studio.core.binarisation import BINARISATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.settings import TrainingSettings

ROWS = 1000
"""Images are taken in blocks of so many, which bounds the memory."""


class Block(NamedTuple):
    """Some of the images.

    Attributes
    ----------
    visible : float32 ndarray of shape (n, D)
        As they are shown to the model.
    labels : integer ndarray of shape (n,), or None
        Their classes.
    """

    visible: FloatArray
    labels: npt.NDArray[Any] | None


@dataclass(frozen=True, eq=False)
class MetricData:
    """Images to measure on.

    Attributes
    ----------
    images : ndarray of shape (n, D)
        float32 in 0..1, or uint8 grey levels 0..255.
    labels : integer ndarray of shape (n,), optional
        Their classes, 0..C-1.
    name : str
        How to name them beside a figure, such as ``"10,000 test images"``.
    binarisation : {"grey", "stochastic", "threshold"}
        See `rbm_studio.core.binarisation.BINARISATIONS`.
    threshold : float
        In 0..1; of ``"threshold"``.
    seed : int
        Of ``"stochastic"``: each metric sees the same states.
    batch_size : int
        B in the article's KL.
    training : MetricData, optional
        Images that the model learnt from, to compare with.
    log_partition : float, optional
        ln Z of the model, where it is known; otherwise what needs it sums it up.
    settings : TrainingSettings, optional
        Whose estimator of the gradient is compared with the gradient; CD-1 without them.
    particles : ndarray of shape (m, D), optional
        The visible units of that estimator's negative phase, where they are not to be drawn anew.
    watch : callable, optional
        Called with how many images are done, and of how many; what it raises ends the measurement.
    """

    images: npt.NDArray[Any]
    labels: npt.NDArray[Any] | None = None
    name: str = "images"
    binarisation: str = "grey"
    threshold: float = 0.5
    seed: int = 0
    batch_size: int = ROWS
    training: MetricData | None = None
    log_partition: float | None = None
    settings: TrainingSettings | None = None
    particles: FloatArray | None = None
    watch: Callable[[int, int], None] | None = None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def is_binary(self) -> bool:
        """Whether the model is shown states and no grey values: only these have a probability."""
        return BINARISATIONS[self.binarisation].is_binary

    @property
    def binarisation_in_words(self) -> str:
        """How to name the binarisation beside a figure."""
        return BINARISATIONS[self.binarisation].words(self.threshold)

    def as_states(self) -> MetricData:
        """Return the same images as binary ones: by the threshold where they are shown as grey values."""
        training = None if self.training is None else self.training.as_states()
        return replace(self, training=training, binarisation=self.binarisation if self.is_binary else "threshold")

    def as_grey(self) -> MetricData:
        """Return the same images as they are, without a binarisation."""
        training = None if self.training is None else self.training.as_grey()
        return replace(self, training=training, binarisation="grey")

    def blocks(self) -> Iterator[Block]:
        """Yield the images in order, `ROWS` at a time."""
        rng = CPU.generator(np.random.SeedSequence(self.seed))
        binarise = BINARISATIONS[self.binarisation]
        for start in range(0, len(self), ROWS):
            rows = slice(start, start + ROWS)
            visible = self.images[rows].astype(np.float32)
            if self.images.dtype == np.uint8:
                visible /= np.float32(255)
            binarise.apply(visible, rng, self.threshold, np.empty_like(visible))
            yield Block(visible, None if self.labels is None else self.labels[rows])
            if self.watch is not None:
                self.watch(min(rows.stop, len(self)), len(self))


def entropy_of_images(data: MetricData) -> float:
    """Return the entropy of the distribution of binary images that a set of them is, in nats.

    −Σ p ln p with p = k/n for an image that is there k times; ln n where all differ.
    """
    # Eight pixels a byte; whole rows are compared as strings of bytes.
    rows = np.concatenate([np.packbits(block.visible > 0.5, axis=1) for block in data.blocks()])
    _, counts = np.unique(rows.view(np.dtype((np.void, rows.shape[1]))), return_counts=True)
    return math.log(len(rows)) - float(counts @ np.log(counts)) / len(rows)
