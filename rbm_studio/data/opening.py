"""A file or folder that the user chose, whatever its format, as a `Dataset`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rbm_studio.data.arrays import Grey, as_grey, as_labels, scale_note
from rbm_studio.data.dataset import DataError, Dataset
from rbm_studio.data.idx import GZIP_MAGIC, read_idx
from rbm_studio.data.mnist import read_keras, read_mnist_folder
from rbm_studio.data.npz import NPY_MAGIC, ZIP_MAGIC, npz_names, read_npy, read_npz
from rbm_studio.data.reading import at_home, reading
from rbm_studio.untrusted import open_ordinary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

HELD_OUT_NOTE = "Every tenth image is held out of the training, to judge it."
LAST_HELD_OUT_NOTE = (
    "The last tenth of the images is held out of the training, to judge it. The file is too large to be read at once: "
    "leave it where it is, and if its images are sorted, shuffle them first."
)
NONE_HELD_OUT_NOTE = "They are so few that none is held out: the model is judged by the images that it learns from."

_HOLD_OUT_EVERY = 10
_IMAGE_NAMES = ("images", "x", "data")
_LABEL_NAMES = ("labels", "y")
_KERAS_NAMES = {"x_train", "x_test"}


class _Labelled(NamedTuple):
    images: NDArray[np.uint8]
    labels: NDArray[np.uint8] | None


_Parts = tuple[_Labelled, _Labelled]


def open_dataset(path: str | os.PathLike[str]) -> Dataset:
    """Open a file or a folder as a dataset.

    Parameters
    ----------
    path : str or path-like
        One of, told by content and not by name:

        - an IDX file of images, plain or packed with gzip. The label and test files beside it are found if they are
          named as MNIST's (``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``, ``t10k-…`` or ``test-…``, also
          with dots for the last hyphen);
        - an .npz file with Keras' ``x_train``, ``y_train``, ``x_test``, ``y_test`` (labels may be absent), or with
          ``images``, ``x`` or ``data`` and, if known, ``labels`` or ``y``, or with a single array;
        - an .npy file of images;
        - a folder that holds MNIST's four files, itself or in ``raw`` or ``MNIST/raw``.

        `rbm_studio.data.arrays.as_grey` says which shapes and values are taken.

    Returns
    -------
    Dataset
        Where there is no test part, every tenth image is held out, so that of fewer than ten none is, and the note says
        so; a test part without images holds out none of however many. An unpacked
        IDX or .npy file of grey levels that is larger than `rbm_studio.data.mapping.MAPPED_FROM` is not read but
        mapped, and the last tenth of it held out.

    Raises
    ------
    DataError
        If there is nothing there, or it cannot be used; nothing in it is ever run as code.
    """
    path = at_home(Path(path))
    if os.path.isdir(path):
        return read_mnist_folder(path)
    start = _first_bytes(path)
    if start.startswith(NPY_MAGIC):
        return _held_out(path, as_grey(read_npy(path), path), None)
    if start.startswith(ZIP_MAGIC):
        return _open_npz(path)
    if start.startswith((GZIP_MAGIC, b"\0\0")):
        return _open_idx(path)
    raise DataError(
        "{file} is empty." if not start else "{file} is no file of images that can be opened here.",
        "Choose an IDX file (plain or .gz), an .npz or .npy file, or a folder with MNIST's four files.",
        file=path,
    )


def _first_bytes(path: Path) -> bytes:
    with reading(path), open_ordinary(path) as file:
        return file.read(len(NPY_MAGIC))


def _open_idx(path: Path) -> Dataset:
    train = as_grey(read_idx(path), path)
    labels = _sibling_labels(path, len(train.images))
    test_path = _first_file(path, _test_names(path.name))
    if test_path is None:
        return _held_out(path, train, labels)
    test = as_grey(read_idx(test_path), test_path)
    parts = _Labelled(train.images, labels), _Labelled(test.images, _sibling_labels(test_path, len(test.images)))
    return _dataset(path, parts, scale=scale_note(train, test, path))


def _sibling_labels(images: Path, count: int) -> NDArray[np.uint8] | None:
    name = images.name.replace("images", "labels").replace("idx3", "idx1")
    path = _first_file(images, [name]) if name != images.name else None
    return None if path is None else as_labels(read_idx(path), count, path)


def _test_names(name: str) -> list[str]:
    return [re.sub(r"(^|[-_.])train([-_.])", rf"\g<1>{part}\g<2>", name) for part in ("t10k", "test")]


def _first_file(beside: Path, names: list[str]) -> Path | None:
    """Return the first of the names, plain or .gz, that is a file beside another, and is not that file itself."""
    plain = [name.removesuffix(".gz") for name in names]
    candidates: Iterator[Path] = (beside.with_name(name + suffix) for name in plain for suffix in ("", ".gz"))
    own = beside.name.removesuffix(".gz")
    return next((path for path in candidates if path.name.removesuffix(".gz") != own and os.path.isfile(path)), None)


def _open_npz(path: Path) -> Dataset:
    names = npz_names(path)
    if _KERAS_NAMES.issubset(names):
        return read_keras(path)
    images_name = next((name for name in _IMAGE_NAMES if name in names), names[0] if len(names) == 1 else None)
    if images_name is None:
        raise DataError(
            "{file} holds no array of images by a known name: it holds {names}.",
            "Name the images “images” and, if there are any, the labels “labels”; or x_train, y_train, x_test, y_test.",
            file=path,
            names=", ".join(names) or "no arrays",
        )
    grey = as_grey(read_npz(path, images_name), path)
    labels_name = next((name for name in _LABEL_NAMES if name in names), None)
    labels = None if labels_name is None else as_labels(read_npz(path, labels_name), len(grey.images), path)
    return _held_out(path, grey, labels)


def _held_out(path: Path, grey: Grey, labels: NDArray[np.uint8] | None) -> Dataset:
    """Split one set of images into a training and a test part."""
    everything, scale = _Labelled(grey.images, labels), scale_note(grey, None, path)
    count = len(everything.images)
    if isinstance(everything.images, np.memmap):
        return _dataset(path, _last_held_out(everything), LAST_HELD_OUT_NOTE, scale)
    held_out = np.zeros(count, bool)
    # The tenth, the twentieth and so on: of files sorted by class this takes the same part of each class.
    held_out[_HOLD_OUT_EVERY - 1 :: _HOLD_OUT_EVERY] = True
    train, test = (
        _Labelled(everything.images[part], None if everything.labels is None else everything.labels[part])
        for part in (~held_out, held_out)
    )
    return _dataset(path, (train, test), HELD_OUT_NOTE if len(test.images) else NONE_HELD_OUT_NOTE, scale)


def _last_held_out(everything: _Labelled) -> _Parts:
    """Split images that stay in their file, where only those that follow each other can be taken without a copy."""
    split = len(everything.images) - max(len(everything.images) // _HOLD_OUT_EVERY, 1)
    train, test = (
        _Labelled(everything.images[part], None if everything.labels is None else everything.labels[part])
        for part in (slice(split), slice(split, None))
    )
    return train, test


def _dataset(path: Path, parts: _Parts, note: str = "", scale: str = "") -> Dataset:
    train, test = parts
    return Dataset(path.name, str(path), *train, *test, note, scale)
