"""Pickled arrays of numbers, such as simple_rbm's models, read without Python's unpickler; nothing is executed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rbm_studio.storage.atomic import FileError
from rbm_studio.storage.pickle_machine import Machine
from rbm_studio.storage.pickle_values import USE_NPZ, Instance, PickleRefused

if TYPE_CHECKING:
    import os

MOST_BYTES = 512 * 1024**2
"""Of the file; a model of 784 × 4,096 units in float64 with its last update, as simple_rbm keeps it, takes 51 MB."""


def read_pickled(path: str | os.PathLike[str]) -> dict[str, npt.NDArray[Any]]:
    """Read the arrays in a pickled dict, or in a pickled instance of simple_rbm's class; nothing in it is executed.

    Parameters
    ----------
    path : path-like
        A pickle of any protocol, not packed.

    Returns
    -------
    dict of ndarray
        Of booleans, integers or real numbers, by name; what else the pickle holds is left out. They may lie in the
        file's bytes, and so cannot be written to.

    Raises
    ------
    FileError
        If it cannot be read, is no pickle, is damaged, or names anything but arrays of numbers.
    """
    name = Path(path).name
    try:
        return pickled_arrays(_content(Path(path)))
    except PickleRefused as refusal:
        raise FileError(refusal.problem, refusal.remedy, **(refusal.fields | {"name": name})) from refusal
    except OSError as error:
        raise FileError(
            "{name} cannot be read: {reason}.",
            "Check that the file is still there and that you may read it.",
            name=name,
            reason=error.strerror or error,
        ) from error


def _content(path: Path) -> bytes:
    # A pipe would be waited for, and a device never ends.
    if not path.is_file():
        raise PickleRefused("{name} is a folder, or no file at all.", "Choose a file.")
    if path.stat().st_size > MOST_BYTES:
        raise PickleRefused(
            "{name} is too large for a pickle of a model: at most {most:,} bytes are read.",
            USE_NPZ,
            most=MOST_BYTES,
        )
    with path.open("rb") as file:
        # One more: a file that grows meanwhile is cut, and so refused as damaged.
        return file.read(MOST_BYTES + 1)


def pickled_arrays(data: bytes) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays in a pickle, as `read_pickled`.

    Raises
    ------
    PickleRefused
        If it is no pickle, is damaged, or names anything but arrays of numbers.
    """
    value = Machine(data).run()
    held = value.state if isinstance(value, Instance) else value
    if not isinstance(held, dict):
        raise PickleRefused(
            "{name} holds neither a dict of arrays nor an RBM.",
            "Pickle what RBM.get_state() returns, or a dict with w, visible_bias and hidden_bias.",
        )
    return {key: array for key, array in held.items() if isinstance(array, np.ndarray)}
