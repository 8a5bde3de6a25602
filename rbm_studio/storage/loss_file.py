"""The article's ``loss.dat``: the KL divergence of each epoch as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rbm_studio.storage.atomic import write_atomically

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from rbm_studio.core.metrics import EpochRecord


def save_loss(path: str | os.PathLike[str], history: Iterable[EpochRecord]) -> None:
    """Write a header line, then ``epoch kl`` a line; `numpy.loadtxt` reads it.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    lines = ["# epoch kl_divergence", *(f"{record.epoch:g} {record.training_kl:.6f}" for record in history)]
    text = "\n".join(lines) + "\n"
    write_atomically(path, lambda file: file.write(text.encode("ascii")))
