"""Why a file cannot be read, in words."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rbm_studio.storage.atomic import FileError
from rbm_studio.untrusted import NotAnOrdinaryFileError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator


@contextmanager
def reading(path: str | os.PathLike[str], remedy: str) -> Iterator[None]:
    """Turn what the system says while a file is read into a `FileError`.

    Parameters
    ----------
    path : path-like
    remedy : str
        Which file to take instead of something that is none.
    """
    name = Path(path).name
    try:
        yield
    except IsADirectoryError as error:
        raise FileError("{name} is a folder.", remedy, name=name) from error
    except NotAnOrdinaryFileError as error:
        raise FileError("{name} is not an ordinary file.", remedy, name=name) from error
    except OSError as error:
        raise FileError(
            "{name} cannot be read: {reason}.",
            "Check that the file is still there and that you may read it.",
            name=name,
            reason=error.strerror or error,
        ) from error
    except MemoryError as error:
        raise no_room_for(name) from error


def no_room_for(name: str) -> FileError:
    """Return the error for a file that is too large for the memory."""
    return FileError("{name} does not fit into this computer's memory.", "Close other programs first.", name=name)
