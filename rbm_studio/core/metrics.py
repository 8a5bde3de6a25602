"""What a run is measured by."""

from __future__ import annotations

import math
from dataclasses import dataclass


def article_kl(cross_entropy: float, pixels: int, batch_size: int) -> float:
    """Return what the article calls the KL divergence.

    (1/D)·[cross-entropy − ln B]: the reconstruction's cross-entropy per pixel, less a constant that depends on the
    batch size. It is not the divergence of the model from the data: a model can be broken and have a low one.

    Parameters
    ----------
    cross_entropy : float
        Of the images under their reconstructions, in nats per image.
    pixels : int
        D.
    batch_size : int
        B.

    Returns
    -------
    float
        In nats per pixel.

    References
    ----------
    The article that presents simple_rbm (Watanabe & Kobayashi); its library's ``fit``.
    """
    return (cross_entropy - math.log(batch_size)) / pixels


@dataclass(frozen=True)
class EpochRecord:
    """The figures of one epoch of a model's life.

    Attributes
    ----------
    epoch : float
        Passes through the data when they were measured; whole, but for models that were stopped within an epoch.
    training_kl : float
        The article's KL, mean over the epoch's training images.
    held_out_kl : float or None
        The article's KL of held-out images, if there were any.
    """

    epoch: float
    training_kl: float
    held_out_kl: float | None = None
