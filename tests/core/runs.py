"""Small runs of training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.core import training as training_module
from rbm_studio.core import workspace
from rbm_studio.core.parameters import Parameters
from rbm_studio.core.presets import PRESETS, settings_for

if TYPE_CHECKING:
    import pytest
    from numpy.typing import NDArray

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.settings import TrainingSettings
    from rbm_studio.core.training import Progress, Training

D, H = 12, 6


RUNS: dict[str, dict[str, Any]] = {
    "cd": {},
    "cd of states": {"k": 3, "visible_units": "sampled", "binarisation": "stochastic"},
    "pcd": {"gradient": "pcd", "chains": 7},
    "tempering": {"gradient": "tempering", "temperatures": 3, "chains": 9},
    "exact": {"gradient": "exact", "schedule": "exponential"},
    "recommended": {"preset": "recommended"},
    "article": {"preset": "article", "learning_rate": 0.01},
    "best likelihood": {"preset": "best-likelihood", "schedule": "constant"},
    "adam": {"update": "adam", "learning_rate": 0.01, "sparsity_cost": 0.1},
    "all": {
        "gradient": "pcd", "update": "adam", "learning_rate": 0.01, "centred": True, "sparsity_cost": 0.1, "l1": 1e-3,
        "max_norm": 2.0, "clip_norm": 0.5, "schedule": "linear", "final_k": 3, "binarisation": "stochastic",
    },
}  # fmt: skip
"""Settings that between them keep all that a state can hold."""


def settings_of(name: str, **changes: Any) -> TrainingSettings:
    """Return settings of `RUNS` for three epochs of three batches of 50 images."""
    wanted: dict[str, Any] = {"batch_size": 20, "epochs": 3} | RUNS[name] | changes
    return settings_for(wanted.pop("preset", "cd-1"), **wanted)


def initial(preset: str = "cd-1", labels: int = 0) -> Parameters:
    return PRESETS[preset].initial_parameters(D, H, 0, label_num=labels)


def zeros(visible: int = D, hidden: int = H) -> Parameters:
    return Parameters(*(np.zeros(shape, dtype=np.float32) for shape in ((visible, hidden), (visible,), (hidden,))))


def run(training: Training) -> list[Progress]:
    steps = []
    while not training.finished:
        steps.append(training.step())
    return steps


def flat(p: Parameters) -> FloatArray:
    return np.concatenate([array.ravel() for array in p.arrays().values()])


def epoch_rows(training: Training) -> NDArray[Any]:
    """Return the order of the images in the epoch that a step began."""
    again = np.random.default_rng()
    again.bit_generator.state = training.state.position.order
    return again.permutation(training.state.position.total_images)


def force_threads(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Let each step be shared by so many threads, however small it is and however many cores there are."""
    monkeypatch.setattr(workspace, "LEAST_ROWS_PER_PART", 1)
    monkeypatch.setattr(workspace, "LEAST_WORK_PER_THREAD", 1)
    monkeypatch.setattr(training_module, "blas_threads", lambda: count)
