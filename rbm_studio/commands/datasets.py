"""Images for a command: the option that names them, and how they come to fit a model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.data import DataError, Dataset, open_dataset
from rbm_studio.data.download import download_mnist
from rbm_studio.data.mnist import find_mnist, read_mnist_folder

if TYPE_CHECKING:
    import argparse

    import numpy.typing as npt

    from rbm_studio.storage.model_file import SavedModel


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
    print(f"# Images: {dataset.name} ({dataset.source})", file=sys.stderr)
    return dataset


def open_images_for(model: SavedModel, options: argparse.Namespace) -> Dataset:
    """Return the images that the options name in the size that a model sees.

    Raises
    ------
    DataError
        If they cannot be had in that size.
    """
    dataset = open_images(options)
    pixels = model.parameters.visible_num
    shapes = [model.image_shape] if model.image_shape else [s for s in dataset.sizes() if s[0] * s[1] == pixels]
    if not shapes:
        raise DataError(
            "The model sees images of {pixels} pixels; those of {name} have {height} by {width}.",
            "Name the images that it was trained on with --data.",
            pixels=pixels,
            name=dataset.name,
            height=dataset.image_shape[0],
            width=dataset.image_shape[1],
        )
    return dataset.resampled(shapes[0])


def as_rows(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return images of shape (n, height, width) as rows, of shape (n, height · width)."""
    count, height, width = images.shape
    return images.reshape(count, height * width)


def evenly_spaced(count: int, most: int) -> npt.NDArray[np.intp]:
    """Return the places of at most ``most`` of ``count`` images."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.intp)
