"""Three patterns of six pixels, and an RBM that has learned them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rbm_studio import RBM

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray

D, H = 6, 4


def three_patterns() -> FloatArray:
    patterns = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1], [1, 0, 1, 0, 1, 0]], dtype=np.float32)
    return np.tile(patterns, (20, 1))


def trained_rbm() -> RBM:
    return RBM(D, H, seed=3).fit(three_patterns(), epochs=30, batch_size=10, verbose=False)


def bits(rbm: RBM) -> FloatArray:
    return np.concatenate([rbm.w.ravel(), rbm.visible_bias, rbm.hidden_bias])
