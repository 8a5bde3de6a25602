"""Reading files of unknown origin: nothing is allocated on a header's word alone, and every failure has words."""

from __future__ import annotations

import gzip
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from rbm_studio.data.dataset import DataError
from rbm_studio.untrusted import BROKEN_ZIP, NotAnOrdinaryFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

LARGEST_ARRAY = 2 * 1024**3
"""The largest array that is read, in bytes once unpacked: 2 GiB, or 2.7 million images of MNIST's size."""

# Deflate packs at most 258 bytes into 2 bits.
DEFLATE_RATIO = 1032

_CHUNK = 1024**2
_DAMAGED = (gzip.BadGzipFile, *BROKEN_ZIP)


def at_home(path: Path) -> Path:
    """Return a path with ``~`` as the home folder; as it is where nobody has that name."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what can go wrong while `path` is read into a `DataError` that says what to do."""
    try:
        yield
    except FileNotFoundError as error:
        raise DataError("There is no file {file}.", "Check the name, or choose another file.", file=path) from error
    except PermissionError as error:
        raise DataError(
            "{file} may not be read.", "Ask for the right to read it, or choose a copy of your own.", file=path
        ) from error
    except _DAMAGED as error:
        raise DataError(
            "{file} is damaged or cut short: it cannot be unpacked ({reason}).",
            "Copy or download it again.",
            file=path,
            reason=error,
        ) from error
    except NotAnOrdinaryFileError as error:
        raise DataError("{file} is neither a file nor a folder.", "Choose a file or a folder.", file=path) from error
    except OSError as error:
        raise DataError(
            "{file} cannot be read: {reason}.",
            "Check the disk or the connection to it, and try again.",
            file=path,
            reason=error.strerror or error,
        ) from error
    except MemoryError as error:
        raise DataError(
            "{file} does not fit into this computer's memory.", "Choose a file with fewer images.", file=path
        ) from error


def read_exactly(stream: IO[bytes], promised: int, at_most: int, path: Path) -> NDArray[np.uint8]:
    """Read the rest of a stream, which must hold exactly as many bytes as its header promised.

    Parameters
    ----------
    stream : binary file
        Stands after the header.
    promised : int
        The bytes that the header promised.
    at_most : int
        The most bytes that can possibly follow, by the size of the file.
    path : Path
        For the messages.

    Returns
    -------
    ndarray of shape (promised,), uint8

    Raises
    ------
    DataError
        If there are fewer or more bytes, or more are promised than `LARGEST_ARRAY`.
    """
    if promised > LARGEST_ARRAY:
        raise DataError(
            "{file} promises {promised:,} bytes of data.",
            "At most {largest:,} bytes can be opened: choose a file with fewer images.",
            file=path,
            promised=promised,
            largest=LARGEST_ARRAY,
        )
    if promised > at_most:
        raise _cut_short(path, promised, at_most)
    content = np.empty(promised, np.uint8)
    filled = 0
    while filled < promised:
        chunk = stream.read(min(_CHUNK, promised - filled))
        if not chunk:
            raise _cut_short(path, promised, filled)
        content[filled : filled + len(chunk)] = np.frombuffer(chunk, np.uint8)
        filled += len(chunk)
    # Reading past the end also makes gzip and zip compare their checksums.
    if stream.read(1):
        raise DataError(
            "{file} goes on after the {promised:,} bytes that its header promises.",
            "It is damaged, or two files were joined: copy or download it again.",
            file=path,
            promised=promised,
        )
    return content


def as_array(
    content: NDArray[np.uint8], dtype: np.dtype[Any], shape: tuple[int, ...], path: Path, *, column_major: bool = False
) -> NDArray[Any]:
    """Return bytes as an array of a shape that they suffice for, in the machine's byte order.

    Raises
    ------
    DataError
        If NumPy cannot have such a shape: one with a side of 0 may be absurd in the others.
    """
    try:
        values = content.view(dtype).reshape(shape, order="F" if column_major else "C")
    except (ValueError, TypeError) as error:
        raise DataError(
            "{file} promises an array of shape {shape}, which there cannot be.",
            "Copy, download or save it again.",
            file=path,
            shape=shape,
        ) from error
    return values.astype(dtype.newbyteorder("="), copy=False)


def _cut_short(path: Path, promised: int, held: int) -> DataError:
    return DataError(
        "{file} is cut short: its header promises {promised:,} bytes of data, and at most {held:,} are there.",
        "Copy or download it again.",
        file=path,
        promised=promised,
        held=held,
    )
