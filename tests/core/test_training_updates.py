"""What an update does: where all that is sampled is certain, and against a naive trainer where nothing is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.core.binarisation import BINARISATIONS
from rbm_studio.core.gradients import GRADIENTS
from rbm_studio.core.parameters import Parameters
from rbm_studio.core.presets import settings_for
from rbm_studio.core.training import Training
from tests.core.joint_enumeration import random_model
from tests.core.reference import Reference, sigmoid, stacked
from tests.core.runs import D, H, epoch_rows, flat, force_threads, run, zeros

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.settings import TrainingSettings


def certain() -> Parameters:
    """Return parameters whose samples are certain, and wrong about few enough pixels for the run not to be halted.

    Hidden unit 0 follows pixel 0, hidden unit 1 is on; of the pixels only the third is reconstructed as on.
    """
    w = np.zeros((D, 2), dtype=np.float32)
    w[0, 0] = 200.0
    a = np.full(D, -25.0, dtype=np.float32)
    a[0], a[2] = -225.0, 25.0
    return Parameters(w, a, np.array([-100.0, 100.0], dtype=np.float32))


SHOWN = np.array([[1, 1] + [0] * (D - 2)] * 4, dtype=np.float32)
GRADIENT = (
    # v hᵀ with v = 1100…, h = 11, less that with v' = 0010…, h' = 01.
    np.array([[1, 1], [1, 1], [0, -1]] + [[0, 0]] * (D - 3), dtype=np.float32),
    np.array([1, 1, -1] + [0] * (D - 3), dtype=np.float32),
    np.array([1, 0], dtype=np.float32),
)
"""Of each image of `SHOWN`, under `certain`."""


def moves(preset: str, factors: list[tuple[float, float]], *, rate: float, epochs_trained: float = 0.0) -> None:
    """Train in batches of two, two an epoch, and compare each update with the gradient times two factors."""
    settings = settings_for(preset, learning_rate=rate, batch_size=2, epochs=5)
    training = Training(certain(), SHOWN, settings, epochs_trained=epochs_trained)
    for weight_factor, bias_factor in factors:
        before = training.snapshot()
        training.step()
        after = training.snapshot()
        for name, gradient, factor in zip(
            ("w", "visible_bias", "hidden_bias"), GRADIENT, (weight_factor, bias_factor, bias_factor), strict=True
        ):
            moved = getattr(after, name) - getattr(before, name)
            np.testing.assert_allclose(moved, factor * gradient, atol=1e-4, err_msg=name)


def test_the_articles_weights_get_the_sum_and_its_biases_the_mean() -> None:
    # Both times (1 - momentum), and on top of momentum times the last update.
    sums = [2 * 0.05 * sum(0.95**k for k in range(n)) for n in (1, 2, 3)]
    moves("article", [(2.0 * s, 2.0 * s / 2) for s in sums], rate=2.0)


def test_the_recommended_gradients_are_means_with_momentum_a_half_in_the_first_epoch() -> None:
    first, second = 1.0, 0.5 + 1.0
    third = 0.9 * second + 1.0
    moves("cd-1", [(0.5 * f, 0.5 * f) for f in (first, second, third)], rate=0.5)


def test_a_model_with_an_epoch_behind_it_has_its_full_momentum() -> None:
    moves("cd-1", [(0.5, 0.5), (0.95, 0.95)], rate=0.5, epochs_trained=1.0)


def test_a_lower_momentum_stays_in_the_first_epoch() -> None:
    settings = settings_for("cd-1", learning_rate=0.5, momentum=0.2, batch_size=2)
    training = Training(certain(), SHOWN, settings)
    training.step()
    before = training.snapshot().visible_bias
    training.step()
    np.testing.assert_allclose(training.snapshot().visible_bias - before, 0.6 * GRADIENT[1], atol=1e-4)


def naive_kl(p: Parameters, v: FloatArray, hidden: list[float]) -> float:
    z = p.w.astype(np.float64) @ hidden + p.visible_bias
    q = 1.0 / (1.0 + np.exp(-z))
    nats = float(-(v * np.log(q) + (1.0 - v) * np.log(1.0 - q)).sum(axis=1).mean())
    return (nats - math.log(len(v))) / D


@pytest.mark.parametrize(("preset", "after_update"), [("cd-1", False), ("article", True)])
def test_when_the_kl_is_measured(preset: str, after_update: bool) -> None:
    images = np.random.default_rng(0).random((50, D), dtype=np.float32)
    # The hidden units are certain to be on, before and after.
    start = zeros()
    start.hidden_bias[...] = 100.0
    training = Training(start, images, settings_for(preset, learning_rate=0.5, batch_size=50))
    kl = training.step().kl
    measured = training.snapshot() if after_update else start
    other = start if after_update else training.snapshot()
    assert kl == pytest.approx(naive_kl(measured, images, [1.0] * H), abs=1e-5)
    assert abs(kl - naive_kl(other, images, [1.0] * H)) > 0.001


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("gradient", GRADIENTS)
@pytest.mark.parametrize("binarisation", BINARISATIONS)
@pytest.mark.parametrize("preset", ["cd-1", "article"])
def test_the_kl_is_that_of_grey_values_whatever_the_model_is_shown(
    preset: str, binarisation: str, gradient: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    force_threads(monkeypatch, threads)
    images = np.tile(np.linspace(0.1, 0.9, D, dtype=np.float32), (60, 1))
    # The hidden units are certain to be on, whichever states are drawn; and the model stays as it is.
    start = zeros()
    start.hidden_bias[...] = 100.0
    settings = settings_for(
        preset, learning_rate=1e-12, batch_size=60, gradient=gradient, binarisation=binarisation, temperatures=3
    )
    training = Training(start, images, settings, held_out=images)
    progress = training.step()
    expected = naive_kl(start, images, [1.0] * H)
    assert progress.kl == pytest.approx(expected, abs=1e-5)
    assert progress.held_out_kl == pytest.approx(expected, abs=1e-5)


IMAGES = (np.random.default_rng(1).random((14, 5)) < 0.4).astype(np.float32)
CLASSES = np.random.default_rng(2).integers(0, 3, 14)
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {"momentum": 0.0},
    "momentum": {"initial_momentum": 0.3, "momentum_epochs": 1.5},
    "short last batch": {"batch_size": 5},
    "linear": {"schedule": "linear", "final_rate": 0.1, "batch_size": 5},
    "exponential": {"schedule": "exponential", "final_rate": 0.01, "batch_size": 5},
    "search, then converge": {"schedule": "search-then-converge", "final_rate": 0.1, "batch_size": 5},
    "l1": {"l1": 0.05},
    "l2": {"l2": 0.1},
    "both decays": {"l1": 0.05, "l2": 0.1},
    "max-norm": {"max_norm": 0.7},
    "clipped": {"clip_norm": 0.2},
    "clipped with decay": {"clip_norm": 0.2, "l1": 0.1, "l2": 0.2},
    "sparse": {"sparsity_cost": 0.5, "sparsity_target": 0.1},
    "centred": {"centred": True, "offset_rate": 0.2, "batch_size": 5},
    "centred at the batch": {"centred": True, "offset_rate": 1.0, "batch_size": 5},
    "centred and sparse": {"centred": True, "sparsity_cost": 0.5, "offset_rate": 0.3},
    "adam": {"update": "adam", "learning_rate": 0.05},
    "adam with all": {
        "update": "adam", "learning_rate": 0.05, "momentum": 0.7, "batch_size": 5, "centred": True, "l1": 0.05,
        "l2": 0.1, "clip_norm": 0.3, "sparsity_cost": 0.5, "max_norm": 0.9, "schedule": "linear",
    },
    "sgd with all": {
        "batch_size": 5, "centred": True, "l1": 0.05, "l2": 0.1, "clip_norm": 0.3, "sparsity_cost": 0.5,
        "max_norm": 0.9, "schedule": "exponential",
    },
    "article": {"preset": "article", "learning_rate": 0.02, "batch_size": 5},
    "article with all": {
        "preset": "article", "learning_rate": 0.02, "batch_size": 5, "centred": True, "l1": 0.05, "l2": 0.1,
        "sparsity_cost": 0.5, "max_norm": 0.9, "schedule": "linear",
    },
}  # fmt: skip


def expected_rate(settings: TrainingSettings, done: float, updates: float) -> float:
    fall = {
        "constant": 1.0,
        "linear": 1.0 - done * (1.0 - settings.final_rate),
        "exponential": math.exp(done * math.log(settings.final_rate)),
        "search-then-converge": (1.0 - done * (1.0 - settings.final_rate)) / (1.0 + updates / 300),
    }
    return settings.learning_rate * fall[settings.schedule]


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("name", SETTINGS)
def test_updates_are_those_of_a_naive_trainer(
    name: str, threads: int, classes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    force_threads(monkeypatch, threads)
    changes: dict[str, Any] = {"gradient": "exact", "learning_rate": 0.3, "batch_size": 14, "epochs": 4} | SETTINGS[
        name
    ]
    settings = settings_for(changes.pop("preset", "cd-1"), **changes)
    p = random_model(5, 3, classes, scale=0.5)
    training = Training(p, IMAGES, settings, labels=CLASSES if classes else None)
    reference = Reference(p, settings)
    shown = np.concatenate([IMAGES, np.eye(3)[CLASSES]], axis=1) if classes else IMAGES.astype(np.float64)
    seen = 0
    while not training.finished:
        before = training.snapshot()
        step = training.step()
        first = (step.batch - 1) * settings.batch_size
        rows = epoch_rows(training)[first : first + settings.batch_size]
        done = (step.epoch - 1 + (step.batch - 1) / step.batches) / 4
        rate = expected_rate(settings, done, seen / settings.batch_size)
        early = seen / len(IMAGES) < settings.momentum_epochs and settings.update == "sgd"
        momentum = min(settings.momentum, settings.initial_momentum) if early else settings.momentum
        article = settings.preset == "article"
        reference.step(
            shown[rows],
            rate * (1 - momentum) if article else rate,
            momentum,
            weight_factor=len(rows) if article else 1.0,
        )
        seen += len(rows)
        # Adam's steps do not grow less where the gradient, and so its digits, do.
        atol = 1e-5 if settings.update == "sgd" else 2e-4
        for array, other in zip(stacked(training.snapshot()), reference.arrays, strict=True):
            np.testing.assert_allclose(array, other, atol=atol)
        if not settings.max_norm:
            moved = flat(training.snapshot()) - flat(before)
            np.testing.assert_allclose(flat(training.last_update()), moved, atol=1e-6)
    assert seen == 4 * len(IMAGES)


def test_centring_with_offsets_of_0_changes_nothing() -> None:
    p = random_model(5, 3, 3)
    found = []
    for centred in (False, True):
        settings = settings_for("cd-1", gradient="exact", centred=centred, offset_rate=1e-30, batch_size=14, epochs=1)
        training = Training(p, IMAGES, settings, labels=CLASSES)
        for offsets in training.state.offsets:
            offsets[...] = 0
        training.step()
        found.append(flat(training.last_update()))
    np.testing.assert_allclose(found[1], found[0], atol=1e-7)


def test_centring_makes_training_blind_to_which_state_is_called_on() -> None:
    # Pixels turned to their opposite, and weights and biases as this needs, are the same model of the same data.
    p = random_model(5, 3, scale=0.5)
    turned = Parameters(-p.w, -p.visible_bias, p.hidden_bias + p.w.sum(axis=0))
    found = []
    for model, images in ((p, IMAGES), (turned, 1 - IMAGES)):
        settings = settings_for("cd-1", gradient="exact", centred=True, learning_rate=0.2, batch_size=14, epochs=20)
        training = Training(model, images, settings)
        run(training)
        found.append(training.snapshot())
    np.testing.assert_allclose(found[1].w, -found[0].w, atol=1e-4)
    np.testing.assert_allclose(found[1].visible_bias, -found[0].visible_bias, atol=1e-4)
    np.testing.assert_allclose(found[1].hidden_bias, found[0].hidden_bias + found[0].w.sum(axis=0), atol=1e-4)


@pytest.mark.parametrize("target", [0.05, 0.3])
def test_a_sparsity_target_is_what_the_activity_comes_to(target: float) -> None:
    images = (np.random.default_rng(0).random((40, 5)) < 0.5).astype(np.float32)
    activity = []
    for cost in (0.0, 3.0):
        settings = settings_for(
            "cd-1",
            sparsity_cost=cost,
            sparsity_target=target,
            learning_rate=0.05,
            momentum=0.5,
            batch_size=20,
            epochs=300,
        )
        training = Training(random_model(5, 3, scale=0.5), images, settings)
        run(training)
        p = stacked(training.snapshot())
        activity.append(sigmoid(images @ p[0] + p[2]).mean(axis=0))
    np.testing.assert_allclose(activity[1], target, atol=0.03)
    assert np.abs(activity[0] - target).max() > 0.15


def test_max_norm_holds_for_every_hidden_unit() -> None:
    settings = settings_for("cd-1", max_norm=0.5, learning_rate=0.5, batch_size=7, epochs=10)
    training = Training(random_model(5, 3, 3), IMAGES, settings, labels=CLASSES)
    run(training)
    norms = np.linalg.norm(stacked(training.snapshot())[0], axis=0)
    assert norms.max() == pytest.approx(0.5, rel=1e-5)


def test_the_clipped_gradient_has_the_norm_that_was_asked_for() -> None:
    settings = settings_for("cd-1", clip_norm=0.01, learning_rate=0.25, momentum=0.0, batch_size=14, epochs=1)
    training = Training(random_model(5, 3, 3), IMAGES, settings, labels=CLASSES)
    training.step()
    assert np.linalg.norm(flat(training.last_update())) == pytest.approx(0.0025, rel=1e-5)


def test_adam_begins_anew_where_what_it_keeps_does() -> None:
    # Its first step is the learning rate, whatever the gradient: also after a life with another rule.
    p = random_model(5, 3, scale=0.5)
    first = Training(p, IMAGES, settings_for("cd-1", gradient="exact", batch_size=14, epochs=30))
    run(first)
    settings = settings_for("cd-1", gradient="exact", update="adam", learning_rate=0.01, batch_size=14)
    second = Training(first.snapshot(), IMAGES, settings, state=first.state)
    second.step()
    np.testing.assert_allclose(np.abs(flat(second.last_update())), 0.01, rtol=1e-3)


def spreading(gradient: str, **changes: Any) -> list[int]:
    """Train a model in which each Gibbs step lights one more pixel; return how many more each update's particle has."""
    pixels = 8
    # A hidden unit sees its pixel and the next one, and lights both.
    w = 60 * (np.eye(pixels) + np.eye(pixels, k=-1)).astype(np.float32)
    bias = np.full(pixels, -30, dtype=np.float32)
    settings = settings_for("cd-1", gradient=gradient, learning_rate=1e-9, batch_size=1, **changes)
    image = np.zeros((1, pixels), dtype=np.float32)
    image[0, 0] = 1
    training = Training(Parameters(w, bias, bias.copy()), image, settings)
    if gradient == "pcd":
        training.state.chains[...] = image
    lit = []
    while not training.finished:
        training.step()
        lit.append(round(float(training.particles()[0].sum())) - 1)
    return lit


def test_k_steps_are_run_and_their_number_follows_the_schedule() -> None:
    assert spreading("cd", k=1, epochs=2) == [1, 1]
    assert spreading("cd", k=4, epochs=2) == [4, 4]
    assert spreading("cd", k=1, final_k=4, epochs=8) == [1, 1, 2, 2, 3, 3, 4, 4]
    assert spreading("cd", k=5, final_k=2, epochs=4) == [5, 4, 3, 2]
    # Persistent chains go on from update to update.
    assert spreading("pcd", k=1, epochs=4) == [1, 2, 3, 4]
    assert spreading("pcd", k=1, final_k=2, epochs=4) == [1, 2, 4, 6]
