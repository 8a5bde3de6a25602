"""Images for a command: the option that names them, and how they come to fit a model."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.core.images import as_training_images
from rbm_studio.data import DataError, Dataset, open_dataset
from rbm_studio.data.download import download_mnist
from rbm_studio.data.mnist import find_mnist, read_mnist_folder, sets_on_this_computer
from rbm_studio.data.reading import at_home
from rbm_studio.storage.image_digest import image_digest
from rbm_studio.storage.provenance import NO_NAME, place_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    import numpy.typing as npt

    from rbm_studio.storage.model_file import SavedModel
    from rbm_studio.storage.provenance import TrainingData


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that name images."""
    group = parser.add_argument_group("images")
    group.add_argument(
        "--data",
        type=Path,
        metavar="PATH",
        help="an IDX, .npz or .npy file, or a folder with MNIST's four files (default: MNIST, where it is found on "
        "this computer, or the packaged sample of it)",
    )
    group.add_argument(
        "--download", action="store_true", help="download MNIST (11 MB) if it was not downloaded before, and take it"
    )


def open_images(options: argparse.Namespace) -> Dataset:
    """Return the images that the options name, and say on the standard error which they are.

    Raises
    ------
    DataError
        If there are none, or they cannot be used.
    """
    if options.data is not None:
        dataset = open_dataset(options.data)
    elif options.download:
        dataset = read_mnist_folder(download_mnist())
    else:
        found = find_mnist()
        if found is None:
            raise DataError(
                "MNIST is not on this computer.",
                "Name images with --data, or download MNIST with --download.",
            )
        dataset = found
    _tell(dataset)
    return dataset


def _tell(dataset: Dataset) -> None:
    print(printable(f"# Images: {dataset.name} ({dataset.source})"), file=sys.stderr)
    if dataset.scale:
        print(printable(f"# {dataset.scale}"), file=sys.stderr)


@dataclass(frozen=True)
class Shown:
    """Images for a model.

    Attributes
    ----------
    dataset : Dataset
        In the size that the model sees.
    original : Dataset
        As they were opened.
    are_its_own : bool or None
        Whether the model was trained on them; None where its file does not say on which it was.
    """

    dataset: Dataset
    original: Dataset
    are_its_own: bool | None


def open_images_for(model: SavedModel, options: argparse.Namespace) -> Shown:
    """Return the images for a model, in the size that it sees, and say on the standard error which they are.

    Those that the options name, whichever they are; without such those that the model was trained on; or MNIST, where
    the model's file does not say on which it was, and it sees images of MNIST's own size.

    Raises
    ------
    DataError
        If there are none, the model's own are not found, or they cannot be had in that size.
    """
    data = data_of(model)
    if options.data is not None or options.download:
        dataset = open_images(options)
        shown = _fitting(model, dataset)
        return Shown(shown, dataset, None if data is None else are_its_own(data, dataset, shown))
    if data is None:
        dataset = open_images(options)
        if _in_its_size(model, dataset) is not dataset:
            raise DataError(
                "The model sees images of {pixels} pixels, and its file does not say which it was trained on.",
                "Name images with --data.",
                pixels=model.parameters.visible_num,
            )
        return Shown(dataset, dataset, None)
    for dataset in _candidates(data):
        found = _in_its_size(model, dataset)
        if found is not None and are_its_own(data, dataset, found):
            _tell(dataset)
            return Shown(found, dataset, are_its_own=True)
    raise DataError(
        "The model was trained on {data}, which are neither where they were nor where MNIST is looked for.",
        "Name them with --data. Other images that you name there will do, too, and will be called others.",
        data=in_words(data, model.parameters.visible_num),
    )


def data_of(model: SavedModel) -> TrainingData | None:
    """Return what a model was trained on, if its file says that."""
    return None if model.provenance is None else model.provenance.data


def are_its_own(data: TrainingData, dataset: Dataset, shown: Dataset) -> bool | None:
    """Whether a model was trained on these images.

    Parameters
    ----------
    data : TrainingData
        What it was trained on.
    dataset : Dataset
    shown : Dataset
        The same images, in the size that the model sees.

    Returns
    -------
    bool or None
        None where nothing tells which images those were.
    """
    if not data.digest and not data.images_digest:
        return None
    if len(dataset.train_images) != data.train_num:
        return False
    if data.images_digest and data.images_digest == _digest(shown):
        return True
    # To resample may round in another way elsewhere.
    return bool(data.digest) and data.digest == dataset.digest


def _digest(shown: Dataset) -> str:
    images, rows = shown.train_images, as_rows(shown.train_images)
    # As the training was shown them: images of zeros and ones are black and white. A large file is not read for that.
    return image_digest(rows if isinstance(images, np.memmap) else as_training_images(rows, rows.shape[1]))[0]


def described(data: TrainingData, original: Dataset) -> TrainingData:
    """Return what a model was trained on with all that is known of the dataset, as it was opened.

    Of a file larger than memory the training images tell which it is: it is not read once more for a digest of all.
    """
    return replace(
        data,
        name=original.name,
        test_num=len(original.test_images),
        image_shape=original.image_shape,
        digest="" if isinstance(original.train_images, np.memmap) else original.digest,
        source=place_of(original.source),
    )


def in_words(data: TrainingData, pixels: int) -> str:
    """Return which images they are: their name, how many, and of what size."""
    size = f"{data.image_shape[0]}×{data.image_shape[1]}" if data.image_shape else f"{pixels}"
    test = f" and {data.test_num:,} test" if data.test_num else ""
    name = printable(data.name) or NO_NAME
    return f"{name} ({data.train_num:,} training{test} images of {size} pixels)"


def printable(text: str) -> str:
    """Return text out of a file without what could tell a terminal what to do."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _in_its_size(model: SavedModel, dataset: Dataset) -> Dataset | None:
    pixels = model.parameters.visible_num
    shapes = [model.image_shape] if model.image_shape else [s for s in dataset.sizes() if s[0] * s[1] == pixels]
    return dataset.resampled(shapes[0]) if shapes else None


def _fitting(model: SavedModel, dataset: Dataset) -> Dataset:
    shown = _in_its_size(model, dataset)
    if shown is None:
        raise DataError(
            "The model sees images of {pixels} pixels; those of {name} have {height} by {width}.",
            "Name the images that it was trained on with --data.",
            pixels=model.parameters.visible_num,
            name=dataset.name,
            height=dataset.image_shape[0],
            width=dataset.image_shape[1],
        )
    return shown


def _candidates(data: TrainingData) -> Iterator[Dataset]:
    """Yield the sets that may be those which a model was trained on, as far as their numbers tell."""
    for dataset in chain(_where_it_was(data.source), sets_on_this_computer()):
        is_of_its_size = data.image_shape in (None, dataset.image_shape)
        if is_of_its_size and len(dataset.train_images) == data.train_num:
            yield dataset


def _where_it_was(source: str) -> Iterator[Dataset]:
    path = at_home(Path(source))
    # Who made the file may have named a computer of his own, to which Windows would introduce the user.
    if not source or source.startswith(("\\\\", "//")) or not path.is_absolute() or not os.path.exists(path):
        return
    with suppress(DataError, OSError):
        yield open_dataset(path)


def as_rows(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return images of shape (n, height, width) as rows, of shape (n, height · width)."""
    count, height, width = images.shape
    return images.reshape(count, height * width)


def evenly_spaced(count: int, most: int) -> npt.NDArray[np.intp]:
    """Return the places of at most ``most`` of ``count`` images."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.intp)
