"""The images that are measured on: the full MNIST where it is found on this computer, else the packaged sample."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.data import load_mnist
from rbm_studio.data.mnist import FOLDER_VARIABLE, find_mnist

if TYPE_CHECKING:
    import numpy.typing as npt

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.data import Dataset

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


@lru_cache(maxsize=1)
def training_levels() -> npt.NDArray[np.uint8]:
    """Return the training images as grey levels 0..255, of shape (n, 784): what the data set is kept as."""
    return _levels(training_images())


@lru_cache(maxsize=1)
def test_images() -> FloatArray:
    """Return the test images, of shape (n, 784), in 0..1."""
    _, (images, _) = load_mnist(download=False)
    return images


@lru_cache(maxsize=1)
def training_labels() -> npt.NDArray[np.uint8]:
    """Return the training images' digits, of shape (n,)."""
    (_, labels), _ = load_mnist(download=False)
    return labels


@lru_cache(maxsize=1)
def test_labels() -> npt.NDArray[np.uint8]:
    """Return the test images' digits, of shape (n,)."""
    _, (_, labels) = load_mnist(download=False)
    return labels


def _levels(images: FloatArray) -> npt.NDArray[np.uint8]:
    levels: npt.NDArray[np.uint8] = np.rint(images * 255).astype(np.uint8)
    return levels


def in_words() -> str:
    """Say which images these are, and how to have the targets' own."""
    dataset = _found()
    if dataset is None:
        return f"no MNIST found: set {FOLDER_VARIABLE} to its folder"
    count = len(dataset.train_images)
    advice = "" if count == _FULL else f" (the targets are for the full MNIST: set {FOLDER_VARIABLE} to its folder)"
    return f"{dataset.name}, {count:,} training images from {dataset.source}{advice}"


def name() -> str:
    """Return the dataset's name in short."""
    dataset = _found()
    return "no MNIST" if dataset is None else f"{dataset.name}, {len(dataset.train_images):,} images"


@lru_cache(maxsize=1)
def _found() -> Dataset | None:
    return find_mnist()
