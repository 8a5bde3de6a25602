"""Why a quantity is negative, in one line, of each that can be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from rbm_studio.app.measurement import ANNEALED
from rbm_studio.app.numbers import short
from rbm_studio.app.quantities import LIVE

if TYPE_CHECKING:
    from rbm_studio.app.measures import Measure

_LOG_PROBABILITIES = ("pseudo_likelihood", "log_likelihood", ANNEALED)


def why_negative(name: str, value: float, measure: Measure | None = None) -> str:
    """Return why a figure is below 0; "" of one that is not, or that no quantity of this name can be.

    Parameters
    ----------
    name : str
        Of the quantity.
    value : float
    measure : Measure, optional
        What it is of.
    """
    if not value < 0:
        return ""
    if name == LIVE:
        return _live_words(measure)
    if name in _LOG_PROBABILITIES:
        return _tr("negative: the logarithm of a probability")
    return {
        "free_energy": _tr("negative or not: ln Z is missing from it, so that only differences mean something"),
        "free_energy_gap": _tr("negative: the held-out images are the more probable ones"),
        "gradient_cosine": _tr("negative: the estimate points away from the gradient"),
    }.get(name, "")


def is_noteworthy(name: str) -> bool:
    """Whether one would not expect a quantity to be negative, so that it is said wherever it is read."""
    return name not in (*_LOG_PROBABILITIES, "free_energy")


def _live_words(measure: Measure | None) -> str:
    if measure is None or not measure.batch_size or not measure.pixels:
        return _tr("negative since (ln B)/D is taken off")
    taken = short(math.log(measure.batch_size) / measure.pixels, 3)
    words = _tr("negative since (ln B)/D is taken off, here (ln {batch})/{pixels} = {taken}")
    return words.format(batch=measure.batch_size, pixels=measure.pixels, taken=taken)


def _tr(text: str) -> str:
    return QCoreApplication.translate("negative", text)
