from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.data import DataError, open_dataset
from rbm_studio.data.idx import read_idx
from rbm_studio.data.mapping import MAPPED_FROM
from rbm_studio.data.npz import read_npy

if TYPE_CHECKING:
    from pathlib import Path

SIDE = 256
COUNT = MAPPED_FROM // SIDE**2


def write_npy(path: Path, count: int, *, rest: int = 0, order: bool = False) -> Path:
    """Write images, black but for the first, which lie in a hole of the file and take no room."""
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": order, "shape": (count, SIDE, SIDE)}
        np.lib.format.write_array_header_1_0(file, header)
        file.write(b"\xff")
        file.truncate(file.tell() - 1 + count * SIDE**2 + rest)
    return path


def write_idx(path: Path, count: int) -> Path:
    with path.open("wb") as file:
        file.write(struct.pack(">BBBB3I", 0, 0, 8, 3, count, SIDE, SIDE) + b"\xff")
        file.truncate(16 + count * SIDE**2)
    return path


def test_a_large_array_stays_in_its_file(tmp_path: Path) -> None:
    for array in (read_npy(write_npy(tmp_path / "a.npy", COUNT)), read_idx(write_idx(tmp_path / "a-idx3", COUNT))):
        assert isinstance(array, np.memmap)
        assert not array.flags.writeable
        assert array.shape == (COUNT, SIDE, SIDE)
        assert (array[0, 0, 0], array[0, 0, 1], array[-1, -1, -1]) == (255, 0, 0)


def test_a_smaller_one_is_read(tmp_path: Path) -> None:
    path = write_npy(tmp_path / "a.npy", 2)
    array = read_npy(path)
    path.unlink()
    assert not isinstance(array, np.memmap)
    assert (array[0, 0, 0], array[-1, -1, -1]) == (255, 0)


@pytest.mark.parametrize("rest", [-1, 1])
def test_a_large_file_of_another_length_than_it_says_is_refused(tmp_path: Path, rest: int) -> None:
    with pytest.raises(DataError, match="cut short" if rest < 0 else "goes on after"):
        read_npy(write_npy(tmp_path / "a.npy", COUNT, rest=rest))


def test_a_large_array_in_another_order_is_read(tmp_path: Path) -> None:
    array = read_npy(write_npy(tmp_path / "a.npy", COUNT, order=True))
    assert not isinstance(array, np.memmap)


def test_the_images_of_a_large_file_are_split_without_a_copy(tmp_path: Path) -> None:
    dataset = open_dataset(write_npy(tmp_path / "a.npy", COUNT))
    assert isinstance(dataset.train_images, np.memmap)
    assert isinstance(dataset.test_images, np.memmap)
    assert (len(dataset.train_images), len(dataset.test_images)) == (COUNT - COUNT // 10, COUNT // 10)
    assert "last tenth" in dataset.note
