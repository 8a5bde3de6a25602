from __future__ import annotations

import io
import pickle
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.data import DataError
from rbm_studio.data.npz import npz_names, read_npy, read_npz

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.path,)


def npy(header: str, content: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header.encode() + b"\n" + content


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    "array",
    [IMAGES, np.asfortranarray(IMAGES), IMAGES.astype(">f8"), IMAGES > 3, np.zeros((0, 4), np.float32)],
    ids=["bytes", "column-major", "big-endian", "booleans", "empty"],
)
def test_reads_what_numpy_writes(tmp_path: Path, save: Callable[..., None], array: NDArray[Any]) -> None:
    path = tmp_path / "arrays.npz"
    save(path, digits=array, other=np.zeros(3))
    assert npz_names(path) == ("digits", "other")
    read = read_npz(path, "digits")
    np.testing.assert_array_equal(read, array)
    assert read.dtype.isnative


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    path = tmp_path / "objects.npz"
    np.savez(path, allow_pickle=True, images=np.array([Trap(trap)], dtype=object))
    with pytest.raises(DataError, match="holds Python objects, which are never opened"):
        read_npz(path, "images")
    assert not trap.exists()
    # The trap is a real one.
    pickle.loads(pickle.dumps(Trap(trap)))
    assert trap.exists()


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([1j]), np.zeros(2, [("a", "u1")])])
def test_other_things_than_numbers_are_refused(tmp_path: Path, array: NDArray[Any]) -> None:
    path = tmp_path / "array.npy"
    np.save(path, array)
    with pytest.raises(DataError, match="not plain numbers"):
        read_npy(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (npy("{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }", b"abc"), "at most 3 are there"),
        (npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }", b"abc"), "goes on after the 2 bytes"),
        (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (99999, 99999), }"), "can be opened"),
        (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (9999, 999), }"), "is cut short"),
        (npy("{'descr': '|u1', 'fortran_order': False, 'shape': (-2, -2), }", b"abcd"), "header cannot be read"),
        (npy("(" * 5000), "header cannot be read"),
        (b"\x93NUMPY\x01", "header cannot be read"),
        (b"\x93NUMPY\x09\x00" + bytes(80), "header cannot be read"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_damaged_array_is_refused_in_words(tmp_path: Path, content: bytes, says: str, packed: bool) -> None:
    path = tmp_path / "array"
    if packed:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("images.npy", content)
    else:
        path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_npz(path, "images") if packed else read_npy(path)
    assert says in str(caught.value)


@pytest.mark.parametrize("cut", [10, 200, -30])
def test_a_truncated_archive_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "arrays.npz"
    np.savez_compressed(path, images=np.random.default_rng(0).integers(0, 256, (9, 9, 9), np.uint8))
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataError, match="damaged or cut short"):
        npz_names(path)


def test_a_corrupt_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "arrays.npz"
    np.savez(path, images=IMAGES)
    content = bytearray(path.read_bytes())
    content[content.index(IMAGES.tobytes())] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        read_npz(path, "images")


def test_a_zip_bomb_is_refused_before_anything_is_allocated(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    header = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2000000000,), }")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", header)
    content = bytearray(path.read_bytes())
    # The archive's directory claims the size that the header promises, too.
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = struct.pack("<I", len(header) + 2_000_000_000)
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="is cut short"):
            read_npz(path, "images")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * 1024**2


def test_a_locked_archive_is_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.savez(stream, images=IMAGES)
    content = bytearray(stream.getvalue())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    path = tmp_path / "locked.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match="locked with a password"):
        read_npz(path, "images")
