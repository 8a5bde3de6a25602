"""What is said of an image that is not like those that a model learned: its class then means little."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QCoreApplication, QLocale

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.likeness import KnownImages


@dataclass(frozen=True)
class Caveat:
    """Why a class is to be doubted.

    Attributes
    ----------
    kind : str
        In fewer words still, where there is room for no figure.
    short : str
        In a few words, which stand in the place of a probability.
    words : str
        In a sentence.
    """

    kind: str
    short: str
    words: str


def caveat(known: KnownImages | None, visible: FloatArray) -> Caveat | None:
    """Return why the class of an image is to be doubted; None where nothing is known against it.

    Parameters
    ----------
    known : KnownImages or None
    visible : float32 ndarray of shape (n, D)
        The image; or several in its place, of which the median counts.
    """
    if known is None:
        return None
    off = float(np.median(known.free_energy(visible)))
    low, high = known.band
    if not (np.isfinite(off) and np.isfinite(low) and np.isfinite(high)):
        return Caveat(
            _tr("no numbers"),
            _tr("no numbers"),
            _tr("The model has diverged: its free energy is no number, and no class means anything."),
        )
    nats = QLocale().toString(round(abs(off - known.median)))
    if off > high:
        return Caveat(
            _tr("unlike the data"),
            _tr("unlike the data: F +{0} nats").format(nats),
            _tr("Unlike any image it has learned: free energy {0} nats above the data's.").format(nats),
        )
    if off < low:
        return Caveat(
            _tr("unlike the data"),
            _tr("unlike the data: F −{0} nats").format(nats),
            _tr(
                "Unlike the images it has learned: free energy {0} nats below the data's. "
                "The model believes in this more than in any of them."
            ).format(nats),
        )
    if not known.tells_noise:
        return Caveat(
            _tr("perhaps noise"),
            _tr("cannot tell it from noise"),
            _tr("This model does not tell images from noise: noise has no more free energy than the data."),
        )
    return None


def has_ink(visible: FloatArray) -> bool:
    """Tell whether any pixel of images is on."""
    return bool((visible > 0).any())


def _tr(text: str) -> str:
    return QCoreApplication.translate("Likeness", text)
