"""Runs at the edges of what can be asked for: tiny and constant data, and weights that make all units certain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.core.gradients import GRADIENTS
from rbm_studio.core.parameters import Parameters
from rbm_studio.core.presets import PRESETS, settings_for
from rbm_studio.core.training import Training, TrainingDivergedError
from tests.core.joint_enumeration import random_model
from tests.core.runs import RUNS, flat, force_threads, run, settings_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

EVERY_RUN = pytest.mark.parametrize("name", RUNS)
THREADS = pytest.mark.parametrize("threads", [1, 3])


@EVERY_RUN
@THREADS
@pytest.mark.parametrize("labels", [0, 2])
@pytest.mark.parametrize(
    ("images", "batch_size", "pixels", "hidden"),
    [(1, 1, 1, 1), (5, 1, 3, 2), (5, 4, 3, 1), (7, 100, 2, 30)],
)
def test_the_smallest_runs(
    name: str, threads: int, labels: int, images: int, batch_size: int, pixels: int, hidden: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    force_threads(monkeypatch, threads)
    settings = settings_of(name, batch_size=batch_size, epochs=4)
    p = PRESETS[settings.preset].initial_parameters(pixels, hidden, 0, label_num=labels)
    data = np.random.default_rng(0).random((images, pixels), dtype=np.float32)
    classes = np.arange(images) % 2 if labels else None
    training = Training(p, data, settings, labels=classes, held_out=data, held_out_labels=classes)
    for step in run(training):
        assert np.isfinite(step.kl)
    assert training.snapshot().is_finite
    assert training.last_update().is_finite
    assert not np.array_equal(flat(training.snapshot()), flat(p))


CONSTANT = {
    "all dark": np.zeros((30, 6)),
    "all lit": np.ones((30, 6)),
    "grey": np.full((30, 6), 0.5),
    "one image": np.tile([1, 0, 0, 1, 0, 1], (30, 1)),
    "sparse": np.eye(30, 6),
    "constant pixels": np.c_[np.zeros(30), np.ones(30), np.random.default_rng(0).random((30, 4))],
}


@pytest.mark.parametrize("what", CONSTANT)
@pytest.mark.parametrize("gradient", GRADIENTS)
@pytest.mark.parametrize("centred", [False, True])
def test_a_model_learns_pixels_that_hardly_change(what: str, gradient: str, centred: bool) -> None:
    images = CONSTANT[what].astype(np.float32)
    settings = settings_for(
        "cd-1",
        gradient=gradient, centred=centred, learning_rate=0.3, momentum=0.5, batch_size=15, epochs=40, temperatures=2,
        visible_units="sampled",
    )  # fmt: skip
    training = Training(random_model(6, 4, scale=0.01), images, settings)
    run(training)
    p = training.snapshot()
    assert p.is_finite
    mean = p.expect_visible(p.expect_hidden(images)).mean(axis=0)
    # Forty updates at a constant rate end in some noise.
    np.testing.assert_allclose(mean, images.mean(axis=0), atol=0.25)


def certain(scale: float, labels: int = 0) -> tuple[Parameters, NDArray[np.float32]]:
    """Return a model in which each hidden unit copies a pixel, and images that it reconstructs without a fault."""
    eye = np.eye(4, dtype=np.float32)
    bias = np.full(4, -scale / 2, dtype=np.float32)
    p = Parameters(scale * eye, bias, bias.copy())
    if labels:
        u = scale * np.eye(labels, 4, dtype=np.float32)
        p = Parameters(p.w, p.visible_bias, p.hidden_bias, u, np.zeros(labels, dtype=np.float32))
    return p, np.array([[1, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0]], dtype=np.float32)


@EVERY_RUN
@pytest.mark.parametrize("labels", [0, 2])
@pytest.mark.parametrize("scale", [100.0, 1e4, 1e6])
def test_units_that_are_certain(name: str, scale: float, labels: int) -> None:
    p, images = certain(scale, labels)
    changes: dict[str, Any] = {"learning_rate": 1e-3, "max_norm": 0.0, "sparsity_cost": 0.0}
    settings = settings_of(name, batch_size=2, epochs=2, **changes)
    training = Training(p, images, settings, labels=images[:, 1].astype(int) if labels else None, held_out=images)
    kls = [step.kl for step in run(training)]
    # Each pixel costs nothing, and a KL is the less by the logarithm of the batch size.
    assert kls == pytest.approx([-np.log(2) / 4] * 4, abs=1e-3)
    assert training.snapshot().is_finite
    free = training.snapshot().free_energy(images)
    assert np.isfinite(free).all()


@EVERY_RUN
@pytest.mark.parametrize("scale", [1e2, 1e4, 1e20])
def test_weights_without_sense_never_make_more_than_a_halt(name: str, scale: float) -> None:
    p = random_model(6, 4, 2, scale=scale)
    images = np.random.default_rng(0).random((9, 6), dtype=np.float32)
    training = Training(p, images, settings_of(name, batch_size=4), labels=np.arange(9) % 2)
    try:
        kls = [step.kl for step in run(training)]
    except TrainingDivergedError:
        kls = []
    assert np.isfinite(kls).all()
    assert training.snapshot().is_finite


@pytest.mark.parametrize("preset", PRESETS)
def test_the_smallest_batches_of_a_preset_learn(preset: str) -> None:
    image = np.array([[1, 0, 1, 1, 0, 0]], dtype=np.float32)
    rate = {"article": 0.5}.get(preset, 0.05)
    settings = settings_for(preset, batch_size=1, epochs=300, learning_rate=rate)
    training = Training(PRESETS[preset].initial_parameters(6, 3, 0), image, settings)
    steps = run(training)
    assert steps[-1].kl < 0.3 * steps[0].kl
