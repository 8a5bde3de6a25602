"""The images that are measured on: the full MNIST where it is found on this computer, else the packaged sample."""

from __future__ import annotations

from functools import lru_cache

from rbm_studio.core.backend import FloatArray
from rbm_studio.data import Dataset, load_mnist
from rbm_studio.data.mnist import FOLDER_VARIABLE, find_mnist

_FULL = 60_000


@lru_cache(maxsize=1)
def training_images() -> FloatArray:
    """Return the training images, of shape (n, 784), in 0..1.

    Raises
    ------
    DataError
        If there is no MNIST on this computer.
    """
    (images, _), _ = load_mnist(download=False)
    return images


def in_words() -> str:
    """Say which images these are, and how to have the targets' own."""
    dataset = find_mnist()
    if dataset is None:
        return f"no MNIST found: set {FOLDER_VARIABLE} to its folder"
    count = len(dataset.train_images)
    advice = "" if count == _FULL else f" (the targets are for the full MNIST: set {FOLDER_VARIABLE} to its folder)"
    return f"{dataset.name}, {count:,} training images from {_source(dataset)}{advice}"


def _source(dataset: Dataset) -> str:
    return dataset.source
