"""NumPy's .npy and .npz files, read without ever running what is in them."""

from __future__ import annotations

import io
import math
import os
import tokenize
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from rbm_studio.data.dataset import DataError
from rbm_studio.data.mapping import mapped
from rbm_studio.data.reading import DEFLATE_RATIO, as_array, read_exactly, reading
from rbm_studio.untrusted import open_entry, open_ordinary, open_zip

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

NPY_MAGIC = b"\x93NUMPY"
ZIP_MAGIC = b"PK"
_SUFFIX = ".npy"
_LONGEST_HEADER = 10_000
_LONGEST_SIDE = 2**40

# NumPy gives the header to Python's own parser, which gives up in as many ways (the last two on deep nesting).
_BAD_HEADER = (ValueError, TypeError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError)


def npz_names(path: Path) -> tuple[str, ...]:
    """Return the names of the arrays in an .npz file.

    Raises
    ------
    DataError
        If the file cannot be read or is damaged.
    """
    with reading(path), open_zip(path) as archive:
        return tuple(name.removesuffix(_SUFFIX) for name in archive.namelist() if name.endswith(_SUFFIX))


def read_npz(path: Path, name: str) -> NDArray[Any]:
    """Read one array of an .npz file.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        One of `npz_names(path)`.

    Returns
    -------
    ndarray
        Of booleans, integers or real numbers.

    Raises
    ------
    DataError
        If the file cannot be read or is damaged, or the array holds anything but numbers (Python objects are never
        unpickled) or promises more than 2 GiB.
    """
    with reading(path), open_zip(path) as archive:
        member = archive.getinfo(name + _SUFFIX)
        if member.flag_bits & 1:
            raise DataError("{file} is locked with a password.", "Save it again without one.", file=path)
        with open_entry(archive, member.filename) as stream:
            return _read_array(stream, min(member.file_size, member.compress_size * DEFLATE_RATIO), path, name)


def read_npy(path: Path) -> NDArray[Any]:
    """Read an .npy file; returns and raises as `read_npz` does. A large array is a `numpy.memmap`."""
    with reading(path), open_ordinary(path) as stream:
        return _read_array(stream, os.fstat(stream.fileno()).st_size, path, path.stem)


def _read_array(stream: IO[bytes], held: int, path: Path, name: str) -> NDArray[Any]:
    # np.load would trust the header, and allocate whatever it says.
    shape, column_major, dtype = _read_header(stream, path, name)
    if dtype.hasobject:
        raise DataError(
            'The array "{name}" in {file} holds Python objects, which are never opened: they could run code.',
            "Save it as plain numbers, for instance with array.astype(numpy.uint8).",
            file=path,
            name=name,
        )
    if dtype.kind not in "biuf":
        raise DataError(
            'The array "{name}" in {file} holds {dtype}, not plain numbers.',
            "Save it as numbers, for instance with array.astype(numpy.uint8).",
            file=path,
            name=name,
            dtype=dtype,
        )
    left = mapped(stream, shape, dtype) if isinstance(stream, io.BufferedReader) and not column_major else None
    if left is not None:
        return left
    content = read_exactly(stream, math.prod(shape) * dtype.itemsize, held - stream.tell(), path)
    return as_array(content, dtype, shape, path, column_major=column_major)


def _read_header(stream: IO[bytes], path: Path, name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    try:
        version = np.lib.format.read_magic(stream)
        length = stream.read(2 if version == (1, 0) else 4)
        # NumPy would read a header of any length before it finds it too long.
        if int.from_bytes(length, "little") > _LONGEST_HEADER:
            raise _damaged_header(path, name)
        header = io.BytesIO(length + stream.read(int.from_bytes(length, "little")))
        # Version 3 differs only in the names of fields, and arrays with fields are no images.
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, column_major, dtype = read(header)
    except _BAD_HEADER as error:
        raise _damaged_header(path, name) from error
    if not all(type(side) is int and 0 <= side <= _LONGEST_SIDE for side in shape):
        raise _damaged_header(path, name)
    return shape, column_major, dtype


def _damaged_header(path: Path, name: str) -> DataError:
    return DataError(
        'The array "{name}" in {file} is damaged: its header cannot be read.',
        "Copy, download or save it again.",
        file=path,
        name=name,
    )
