"""Weights and biases as plain numbers for other programs: NumPy's .npz, and CSV."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.atomic import write_atomically

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from typing import BinaryIO

    from rbm_studio.core.parameters import Parameters


def save_weights(path: str | os.PathLike[str], parameters: Parameters) -> None:
    """Write a model's parameters, atomically; what trained it is not kept.

    Parameters
    ----------
    path : path-like
        The suffix says what to write.

        - ``.npz``: arrays ``w`` (visible, hidden), ``visible_bias`` (visible,) and ``hidden_bias`` (hidden,), and with
          label units ``label_w`` (classes, hidden) and ``label_bias`` (classes,), float32.
        - ``.csv``: a table of ``hidden`` + 2 columns: ``unit``, ``bias``, and the weights to ``hidden_1``, ``hidden_2``
          and so on. Below the header stands one row with the biases of the hidden units, ``hidden_bias``, whose own
          bias is empty; then one row a visible unit, ``visible_1`` and so on, the image's pixels row by row; then one
          row a label unit, ``label_0`` and so on, where there are any. Each number has as many digits as bring its
          float32 back.
    parameters : Parameters

    Raises
    ------
    RBMStudioError
        If the suffix is another; its subclass `FileError` if the file cannot be written.
    """
    name = Path(path).name
    write = _WRITERS.get(Path(path).suffix.lower())
    if write is None:
        raise RBMStudioError(
            "Weights cannot be saved as “{name}”: the ending says what kind of file to write.",
            "Let the name end in .npz (for NumPy) or .csv (for a spreadsheet).",
            name=name,
        )
    write_atomically(path, lambda file: write(file, parameters))


def _write_npz(file: BinaryIO, parameters: Parameters) -> None:
    # Through memory: NumPy leaves a zip file in which the disk was full half open.
    data = io.BytesIO()
    # NumPy says that one of the names could be its own switch `allow_pickle`, which none is.
    np.savez(data, **parameters.arrays())  # type: ignore[arg-type]
    file.write(data.getbuffer())


def _write_csv(file: BinaryIO, parameters: Parameters) -> None:
    text = io.TextIOWrapper(file, encoding="ascii", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(("unit", "bias", *(f"hidden_{number}" for number in range(1, parameters.hidden_num + 1))))
    writer.writerow(("hidden_bias", "", *_numbers(parameters.hidden_bias)))
    visible = zip(_numbers(parameters.visible_bias), parameters.w, strict=True)
    for number, (bias, weights) in enumerate(visible, start=1):
        writer.writerow((f"visible_{number}", bias, *_numbers(weights)))
    if parameters.label_w is not None and parameters.label_bias is not None:
        labels = zip(_numbers(parameters.label_bias), parameters.label_w, strict=True)
        for label, (bias, weights) in enumerate(labels):
            writer.writerow((f"label_{label}", bias, *_numbers(weights)))
    text.detach()


def _numbers(row: np.ndarray) -> list[str]:
    """Return numbers in the fewest digits that bring them back as float32."""
    return [str(number) for number in row]


_WRITERS: dict[str, Callable[[BinaryIO, Parameters], None]] = {".npz": _write_npz, ".csv": _write_csv}
