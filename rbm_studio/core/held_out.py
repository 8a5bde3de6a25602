"""Held-out images: measured on, and never trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.core.gradients import Workspace
from rbm_studio.core.images import check_shape

if TYPE_CHECKING:
    import numpy.typing as npt

    from rbm_studio.core.backend import Backend
    from rbm_studio.core.parameters import Parameters

IMAGES = 500
"""How many images are measured on, evenly spaced in the set: more would cost training time."""


class HeldOut:
    """Measures reconstructions with random numbers of its own, so that the training is the same without it.

    Parameters
    ----------
    images : ndarray of shape (n, D)
        float32 in 0..1, or uint8 grey levels 0..255.
    parameters : Parameters
        Of the size that will be measured.
    backend : Backend
        Where to compute.
    seed : int
        Of the run.

    Raises
    ------
    RBMStudioError
        If the images' width is not the number of visible units.
    """

    def __init__(self, images: npt.NDArray[Any], parameters: Parameters, backend: Backend, seed: int) -> None:
        check_shape(images, parameters.visible_num)
        count = min(IMAGES, len(images))
        rows = np.linspace(0, len(images) - 1, count).round().astype(np.intp)
        self._workspace = Workspace(count, parameters.visible_num, parameters.hidden_num, backend)
        backend.gather(backend.to_device(images[rows]), np.arange(count), self._workspace.data)
        self._rng = backend.generator(np.random.SeedSequence(seed).spawn(4)[3])

    def cross_entropy(self, parameters: Parameters) -> float:
        """Return the mean cross-entropy of the images under their reconstructions, in nats per image."""
        return self._workspace.reconstruction_cross_entropy(parameters, self._rng) / self._workspace.size
