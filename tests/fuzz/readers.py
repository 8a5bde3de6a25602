"""Every reader of the program, with real files, what changes them, and what makes sense of what is opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.app.drawings_file import read_drawings
from rbm_studio.app.opened_experiment import opened
from rbm_studio.app.picture_import import as_ink, read_picture
from rbm_studio.data import Dataset, open_dataset
from rbm_studio.data.dataset import DataError
from rbm_studio.data.idx import read_idx
from rbm_studio.data.npz import read_npy
from rbm_studio.data.sample import as_dataset, read_table
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.atomic import FileError
from rbm_studio.storage.experiment_file import load_experiment
from rbm_studio.storage.model_file import SavedModel, load_model, model_from_bytes

from . import formats, seeds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .formats import Mutate


@dataclass(frozen=True)
class Reader:
    """A reader under test.

    Attributes
    ----------
    seeds : callable
        Returns real files; pickles are among those of every reader.
    mutate : callable
        Changes one of them.
    open : callable
        Opens a file.
    check : callable
        Raises an AssertionError unless what was opened makes sense.
    refusals : tuple of Exception types
        What a file may be refused with.
    suffix : str
        Of the files.
    """

    seeds: Callable[[], tuple[bytes, ...]]
    mutate: Mutate
    open: Callable[[Path], Any]
    check: Callable[[Any], None]
    refusals: tuple[type[Exception], ...] = (DataError,)
    suffix: str = ""

    def files(self) -> tuple[bytes, ...]:
        """Return all that mutants are made of."""
        return (*self.seeds(), *seeds.pickles())


def _is_array(array: np.ndarray[Any, Any]) -> None:
    assert array.dtype.kind in "biuf"
    assert array.dtype.isnative
    assert array.nbytes <= 2**31


def _is_dataset(dataset: Dataset) -> None:
    height, width = dataset.image_shape
    for images, labels in ((dataset.train_images, dataset.train_labels), (dataset.test_images, dataset.test_labels)):
        assert images.dtype == np.uint8
        assert images.shape == (len(images), height, width)
        assert labels is None or labels.shape == (len(images),)


def _is_model(saved: SavedModel) -> None:
    p = saved.parameters
    assert p.is_finite
    assert p.w.shape == (p.visible_num, p.hidden_num)
    if saved.image_shape is not None:
        assert np.prod(saved.image_shape) == p.visible_num
    assert all(np.isfinite([record.epoch, record.training_kl]).all() for record in saved.history)
    assert saved.state is None or saved.state.is_finite


def _is_experiment(found: Any) -> None:
    assert isinstance(found.notes, str)
    assert all(np.isfinite(moment.epochs) for moment in found.moments)
    for run in (*found.runs, found.present):
        for curve in run.curves.values() if run is not None else ():
            table = curve.table()
            assert np.isfinite(table[:, 0]).all()
            assert not np.isinf(table).any()
    for kept in (*found.kept, found.canvas):
        assert kept is None or np.isfinite(kept.seen((28, 28))).all()


def _are_drawings(kept: list[Any]) -> None:
    for each in kept:
        assert each.seen((28, 28)).shape == (28, 28)
        assert np.isfinite(each.seen((28, 28))).all()


def _is_ink(result: Any) -> None:
    image, inverted = result
    assert isinstance(inverted, bool)
    assert 0 < image.width() == image.height() <= 512


READERS = {
    "idx": Reader(seeds.idx, formats.idx, read_idx, _is_array),
    "gzip": Reader(seeds.gzipped, formats.packed(formats.idx), read_idx, _is_array),
    "npy": Reader(seeds.npy, formats.npy, read_npy, _is_array),
    "npz": Reader(seeds.npz, formats.zipped(lambda _name: formats.npy), open_dataset, _is_dataset),
    "images": Reader(
        lambda: (*seeds.idx(), *seeds.gzipped(), *seeds.npy(), *seeds.npz()), formats.idx, open_dataset, _is_dataset
    ),
    "csv": Reader(seeds.csv, formats.packed(formats.csv), lambda path: as_dataset(read_table(path)), _is_dataset),
    "safetensors": Reader(
        seeds.safetensors, formats.safetensors, load_model, _is_model, (FileError,), suffix=".safetensors"
    ),
    "model bytes": Reader(
        seeds.safetensors,
        formats.safetensors,
        lambda path: model_from_bytes(path.read_bytes(), path.name),
        _is_model,
        (FileError,),
    ),
    "experiment": Reader(
        seeds.experiments,
        formats.zipped(formats.by_entry),
        lambda path: opened(load_experiment(path)),
        _is_experiment,
        (RBMStudioError,),
        suffix=".rbmx",
    ),
    "drawings": Reader(seeds.drawings, formats.any_json, read_drawings, _are_drawings, (RBMStudioError, OSError)),
    "pictures": Reader(
        seeds.pictures, formats.picture, lambda path: as_ink(read_picture(path)), _is_ink, (RBMStudioError,)
    ),
}
"""The readers by name; another one is one more line."""
