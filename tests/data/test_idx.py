from __future__ import annotations

import gzip
import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.data import DataError
from rbm_studio.data.idx import read_idx

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import WriteIdx

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


@pytest.mark.parametrize("name", ["images-idx3-ubyte", "images-idx3-ubyte.gz"])
def test_reads_plain_and_packed_files(tmp_path: Path, write_idx: WriteIdx, name: str) -> None:
    np.testing.assert_array_equal(read_idx(write_idx(tmp_path / name, IMAGES)), IMAGES)


def test_packing_is_told_by_content_not_by_name(tmp_path: Path, write_idx: WriteIdx) -> None:
    packed = write_idx(tmp_path / "images.gz", IMAGES).rename(tmp_path / "images")
    np.testing.assert_array_equal(read_idx(packed), IMAGES)


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "i4", "f4", "f8"])
def test_reads_every_type_in_native_order(tmp_path: Path, write_idx: WriteIdx, dtype: str) -> None:
    values = np.array([0, 1, 100], dtype)
    read = read_idx(write_idx(tmp_path / "values", values))
    np.testing.assert_array_equal(read, values)
    assert read.dtype.isnative


def test_reads_gzip_in_several_members(tmp_path: Path, write_idx: WriteIdx) -> None:
    plain = write_idx(tmp_path / "plain", IMAGES).read_bytes()
    path = tmp_path / "members.gz"
    path.write_bytes(gzip.compress(plain[:20]) + gzip.compress(plain[20:]))
    np.testing.assert_array_equal(read_idx(path), IMAGES)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "begins with nothing, it is empty"),
        (b"\0\0\x08", "is no IDX file"),
        (b"P5 28 28 255", "begins with 50 35 20 32"),
        (b"\0\0\x07\x03" + bytes(12), "is no IDX file"),
        (b"\0\0\x08\x03\0\0\0\x02", "ends within its header"),
        (b"\0\0\x08\x01\0\0\0\x04abc", "promises 4 bytes of data, and at most 3 are there"),
        (b"\0\0\x08\x01\0\0\0\x02abc", "goes on after the 2 bytes"),
        (b"\0\0\x08\x03" + b"\x7f\xff\xff\xff" * 3, "can be opened"),
        (b"\0\0\x08\x01\x70\0\0\0abc", "is cut short"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_damaged_file_is_refused_in_words(tmp_path: Path, content: bytes, says: str, packed: bool) -> None:
    path = tmp_path / "images"
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(DataError) as caught:
        read_idx(path)
    # Of a packed file only the size of what was unpacked is known, and that is the same here.
    assert says in str(caught.value)


@pytest.mark.parametrize("cut", [5, 30, -4])
def test_a_truncated_gzip_is_refused(tmp_path: Path, write_idx: WriteIdx, cut: int) -> None:
    path = write_idx(tmp_path / "images.gz", IMAGES)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataError, match="damaged or cut short"):
        read_idx(path)


def test_a_corrupt_gzip_is_refused(tmp_path: Path, write_idx: WriteIdx) -> None:
    path = write_idx(tmp_path / "images.gz", np.random.default_rng(0).integers(0, 256, (9, 9, 9), np.uint8))
    content = bytearray(path.read_bytes())
    content[200] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        read_idx(path)


@pytest.mark.parametrize("packed", [False, True])
def test_nothing_is_allocated_on_a_headers_word(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "liar"
    content = b"\0\0\x08\x01\x70\0\0\0abc"
    path.write_bytes(gzip.compress(content) if packed else content)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="is cut short"):
            read_idx(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * 1024**2


def test_a_gzip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    # Its header promises 16 bytes, and 64 MiB of zeros follow.
    path.write_bytes(gzip.compress(b"\0\0\x08\x01\0\0\0\x10" + bytes(64 * 1024**2), 1))
    with pytest.raises(DataError, match="goes on after the 16 bytes"):
        read_idx(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no file"):
        read_idx(tmp_path / "absent")
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path)
