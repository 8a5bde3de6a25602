"""Grey pictures as PNG, without a library for pictures."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.storage.atomic import write_atomically

if TYPE_CHECKING:
    import os

    import numpy.typing as npt

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY_OF_8_BITS = bytes((8, 0, 0, 0, 0))
"""Bit depth, colour type, compression, filter and interlace method (PNG specification, section 11.2.2)."""


def save_png(path: str | os.PathLike[str], picture: npt.NDArray[np.uint8]) -> None:
    """Write a picture of shape (height, width), 0 for black to 255 for white, atomically.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    height, width = picture.shape
    # Each row begins with its filter: 0, none.
    rows = np.concatenate([np.zeros((height, 1), dtype=np.uint8), picture], axis=1)
    chunks = (
        (b"IHDR", struct.pack(">II", width, height) + _GREY_OF_8_BITS),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    data = _SIGNATURE + b"".join(_chunk(*chunk) for chunk in chunks)
    write_atomically(path, lambda file: file.write(data))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
