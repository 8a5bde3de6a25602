"""Small runs of training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.core.parameters import Parameters
from rbm_studio.core.presets import PRESETS

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.training import Progress, Training

D, H = 12, 6


def initial(preset: str = "recommended") -> Parameters:
    return PRESETS[preset].initial_parameters(D, H, 0)


def zeros(visible: int = D, hidden: int = H) -> Parameters:
    return Parameters(*(np.zeros(shape, dtype=np.float32) for shape in ((visible, hidden), (visible,), (hidden,))))


def run(training: Training) -> list[Progress]:
    steps = []
    while not training.finished:
        steps.append(training.step())
    return steps


def flat(p: Parameters) -> FloatArray:
    return np.concatenate([p.w.ravel(), p.visible_bias, p.hidden_bias])
