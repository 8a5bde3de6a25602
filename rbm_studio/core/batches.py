"""Images, and their labels, as rows of visible units: the data set is kept once, and each batch is made from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.core.binarisation import BINARISATIONS
from rbm_studio.core.images import check_shape
from rbm_studio.errors import RBMStudioError

_ROWS = 4096

if TYPE_CHECKING:
    import numpy.typing as npt

    from rbm_studio.core.backend import Backend
    from rbm_studio.core.settings import TrainingSettings
    from rbm_studio.core.workspace import Joint, Part


def as_levels(images: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return float32 images as uint8 where they are grey levels divided by 255, as those of most files are.

    So the data set takes a quarter of the memory, and a batch of it is made faster. Others are returned as they are,
    and so is a `numpy.memmap`, which is larger than memory.
    """
    if images.dtype != np.float32 or isinstance(images, np.memmap):
        return images
    levels = np.empty(images.shape, dtype=np.uint8)
    for start in range(0, len(images), _ROWS):
        some = images[start : start + _ROWS]
        rounded = np.rint(some * np.float32(255))
        # An infinite value would become some grey level without a word.
        if not (np.array_equal(rounded / np.float32(255), some) and 0 <= rounded.min() <= rounded.max() <= 255):
            return images
        levels[start : start + _ROWS] = rounded
    return levels


def as_numbers(images: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return bool images as float32; others as they are."""
    return images.astype(np.float32) if images.dtype == np.bool_ else images


def lit_pixels(images: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return which pixels some image lights, of shape (D,).

    All of them where that would not help: in a `numpy.memmap`, which is not read for it, and in float32 images, which
    are not copied.
    """
    if isinstance(images, np.memmap) or images.dtype != np.uint8:
        return np.ones(images.shape[1], dtype=np.bool_)
    lit: npt.NDArray[np.bool_] = images.max(axis=0) != 0
    return lit


class Batches:
    """A data set that gives batches.

    Parameters
    ----------
    images : ndarray of shape (n, D)
        float32 in 0..1, uint8 grey levels 0..255, or bool. A `numpy.memmap` is read batch by batch.
    labels : ndarray of shape (n,), optional
        The class of each image, 0..C-1, for a model with label units; without them these units are off.
    joint : Joint
        The model.
    settings : TrainingSettings
        Whose binarisation is used.
    backend : Backend
        Where batches are wanted.

    Raises
    ------
    RBMStudioError
        If there are no images, or they or the labels do not fit the model.
    """

    def __init__(
        self,
        images: npt.NDArray[Any],
        labels: npt.NDArray[Any] | None,
        joint: Joint,
        settings: TrainingSettings,
        backend: Backend,
    ) -> None:
        check_shape(images, joint.all_pixels)
        self._pixels = joint.pixels
        self._classes = joint.classes
        self._binarise = BINARISATIONS[settings.binarisation]
        self._threshold = settings.threshold
        self._length = len(images)
        if len(joint.dark):
            images = np.take(images, joint.lit, axis=1)
        self._images = images if backend.xp is np else backend.to_device(as_numbers(images))
        self._labels = None
        if self._classes and labels is not None:
            check_labels(labels, len(images), self._classes)
            self._labels = backend.xp.asarray(labels)

    def __len__(self) -> int:
        return self._length

    def fill(self, rows: npt.NDArray[np.intp], part: Part, *, grey: bool = False) -> None:
        """Write the images of these rows to the first of a part's data, as the binarisation has them, or grey."""
        pixels = part.data[: len(rows), : self._pixels]
        scratch = part.scratch[0][: len(rows), : self._pixels]
        rows = part.xp.asarray(rows)
        binarise = BINARISATIONS["grey"] if grey else self._binarise
        part.operations.show(self._images, rows, binarise, self._threshold, part.rng, pixels, scratch)
        if self._classes:
            classes = part.data[: len(rows), self._pixels :]
            classes[...] = 0
            if self._labels is not None:
                part.xp.equal(
                    part.xp.arange(self._classes),
                    self._labels[rows][:, None],
                    out=classes,
                    casting="unsafe",
                )


def check_labels(labels: npt.NDArray[Any], images: int, classes: int) -> None:
    """Raise `RBMStudioError` unless there is a class 0..C-1 for each of so many images."""
    if labels.shape != (images,) or not np.issubdtype(labels.dtype, np.integer):
        raise RBMStudioError(
            "The labels are an array of shape {shape} and type {dtype}.",
            "Give one whole number for each of the {images} images.",
            shape=labels.shape,
            dtype=labels.dtype,
            images=images,
        )
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0 or highest >= classes:
        raise RBMStudioError(
            "The labels lie in {lowest}..{highest}, but the model has {classes} label units.",
            "They must lie in 0..{most}.",
            lowest=lowest,
            highest=highest,
            classes=classes,
            most=classes - 1,
        )
