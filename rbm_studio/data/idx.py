"""The IDX format, in which MNIST is published, plain or packed with gzip."""

from __future__ import annotations

import math
import os
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from rbm_studio.data.dataset import DataError
from rbm_studio.data.mapping import mapped
from rbm_studio.data.reading import DEFLATE_RATIO, as_array, read_exactly, reading
from rbm_studio.untrusted import Gunzip, open_ordinary

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

GZIP_MAGIC = b"\x1f\x8b"
_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MOST_AXES = 4


def read_idx(path: Path) -> NDArray[Any]:
    """Read an IDX file.

    The format: two zero bytes, a byte for the type, one for the number of axes, each axis as a big-endian 32-bit
    count, then the values, last axis fastest (LeCun, Cortes & Burges, the MNIST database). Whether it is packed with
    gzip is told by its content, not by its name.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    ndarray of 1 to 4 axes
        With the file's own type, in the machine's byte order; a large array of an unpacked file is a `numpy.memmap`.

    Raises
    ------
    DataError
        If the file cannot be read, is no IDX file, is damaged, cut short or over-long, or promises more than 2 GiB.
    """
    with reading(path), open_ordinary(path) as file:
        size = os.fstat(file.fileno()).st_size
        packed = file.read(2) == GZIP_MAGIC
        file.seek(0)
        unpacked = Gunzip(file) if packed else None
        # GzipFile reads like any binary file, but is not one by the type checker's rules.
        stream = cast("IO[bytes]", unpacked or file)
        dtype, shape = _read_header(stream, path)
        left = mapped(file, shape, dtype) if unpacked is None else None
        if left is not None:
            return left
        promised = math.prod(shape) * dtype.itemsize
        if unpacked is not None:
            unpacked.want(promised)
        at_most = size * DEFLATE_RATIO if packed else size - stream.tell()
        content = read_exactly(stream, promised, at_most, path)
    return as_array(content, dtype, shape, path)


def _read_header(stream: IO[bytes], path: Path) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES or not 1 <= magic[3] <= _MOST_AXES:
        raise DataError(
            "{file} is no IDX file: it begins with {seen}.",
            "MNIST's image files begin with 00 00 08 03, and its label files with 00 00 08 01.",
            file=path,
            seen=magic.hex(" ") or "nothing, it is empty",
        )
    counts = stream.read(4 * magic[3])
    if len(counts) < 4 * magic[3]:
        raise DataError("{file} ends within its header.", "Copy or download it again.", file=path)
    return np.dtype(_TYPES[magic[2]]), tuple(int(count) for count in np.frombuffer(counts, ">u4"))
