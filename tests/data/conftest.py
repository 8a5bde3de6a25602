from __future__ import annotations

import gzip
import struct
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

IDX_TYPES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


class WriteIdx(Protocol):
    def __call__(self, path: Path, array: NDArray[Any]) -> Path: ...


class WriteMnist(Protocol):
    def __call__(self, folder: Path, *, packed: bool = True, train: int = 30, test: int = 10) -> Path: ...


@pytest.fixture(autouse=True)
def _nothing_found_by_chance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees this computer's own MNIST, cache, working folder or proxy."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.delenv("RBM_STUDIO_MNIST_DIR", raising=False)
    monkeypatch.setenv("RBM_STUDIO_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def write_idx() -> WriteIdx:
    """Write an array as IDX, packed where the name ends in .gz."""

    def write(path: Path, array: NDArray[Any]) -> Path:
        header = struct.pack(">BBBB", 0, 0, IDX_TYPES[array.dtype.str[1:]], array.ndim)
        header += struct.pack(f">{array.ndim}I", *array.shape)
        content = header + array.astype(array.dtype.newbyteorder(">")).tobytes()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content, 1) if path.suffix == ".gz" else content)
        return path

    return write


@pytest.fixture
def write_mnist(write_idx: WriteIdx) -> WriteMnist:
    """Write four files of MNIST's form, with images made up."""

    def write(folder: Path, *, packed: bool = True, train: int = 30, test: int = 10) -> Path:
        rng = np.random.default_rng(7)
        for part, count in (("train", train), ("t10k", test)):
            suffix = ".gz" if packed else ""
            images = rng.integers(0, 256, (count, 28, 28), np.uint8)
            write_idx(folder / f"{part}-images-idx3-ubyte{suffix}", images)
            write_idx(folder / f"{part}-labels-idx1-ubyte{suffix}", np.arange(count, dtype=np.uint8) % 10)
        return folder

    return write
