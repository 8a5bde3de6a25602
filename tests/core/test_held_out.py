from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.core.backend import CPU
from rbm_studio.core.batches import lit_pixels
from rbm_studio.core.held_out import IMAGES_PER_MEASUREMENT, LEAST_IMAGES, MOST_IMAGES, HeldOut
from rbm_studio.core.presets import settings_for
from rbm_studio.core.threads import Threads
from rbm_studio.core.workspace import LEAST_IMAGES as LEAST_TO_LEAVE_OUT
from rbm_studio.core.workspace import Joint
from rbm_studio.errors import RBMStudioError
from tests.core.gibbs import Gibbs
from tests.core.joint_enumeration import random_model
from tests.core.runs import force_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rbm_studio.core.parameters import Parameters
    from tests.core.enumeration import Array

D = 4
SEEDS = range(40)


def images(count: int) -> NDArray[np.float32]:
    return np.random.default_rng(0).random((count, D)).astype(np.float32)


def held_out(
    p: Parameters, shown: NDArray[Any], labels: NDArray[Any] | None = None, threads: int = 1, **changes: Any
) -> HeldOut:
    joint = Joint(p, np.ones(p.visible_num, dtype=np.bool_), 1, CPU)
    settings = settings_for("cd-1", **changes)
    return HeldOut(shown, labels, joint, settings, 100_000, CPU, Threads(threads))


def cross_entropy(measured: HeldOut, seed: int = 0) -> float:
    """Return the mean cross-entropy in nats an image."""
    found = measured.measure(np.random.SeedSequence(seed))
    return CPU.operations.read([found.nats])[0] / found.images + found.dark


def expected(p: Parameters, shown: Array, classes: NDArray[Any] | None = None) -> float:
    """Return the expectation over hidden states of the cross-entropy of the pixels, by enumeration."""
    gibbs = Gibbs(p)
    rows = shown if classes is None else np.concatenate([shown, np.eye(p.label_num)[classes]], axis=1)
    q = gibbs.expect_visible(gibbs.hidden_states)[:, :D]
    of_states = -(shown @ np.log(q).T + (1 - shown) @ np.log(1 - q).T)
    return float((gibbs.hidden_given(rows) * of_states).sum(axis=1).mean())


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("labels", [0, 3])
@pytest.mark.parametrize("binarisation", ["grey", "threshold"])
def test_the_cross_entropy_by_enumeration(
    labels: int, binarisation: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    force_threads(monkeypatch, threads)
    p, shown = random_model(D, 3, labels), images(500)
    classes = np.arange(500) % 3 if labels else None
    measured = held_out(p, shown, classes, threads, binarisation=binarisation, threshold=0.6)
    found = np.mean([cross_entropy(measured, seed) for seed in SEEDS])
    # Grey values, whatever the training makes of its images.
    assert found == pytest.approx(expected(p, shown.astype(np.float64), classes), abs=0.02)


def test_grey_levels_are_what_their_fractions_are() -> None:
    levels = np.random.default_rng(0).integers(0, 256, (60, D)).astype(np.uint8)
    p = random_model(D, 3)
    fractions = cross_entropy(held_out(p, levels.astype(np.float32) / 255))
    assert cross_entropy(held_out(p, levels)) == fractions


def test_the_seed_decides() -> None:
    measured = held_out(random_model(D, 3), images(60))
    assert cross_entropy(measured, 1) == cross_entropy(measured, 1)
    assert cross_entropy(measured, 1) != cross_entropy(measured, 2)


def test_the_measurement_follows_the_model() -> None:
    p = random_model(D, 3)
    joint = Joint(p, np.ones(D, dtype=np.bool_), 1, CPU)
    measured = HeldOut(images(60), None, joint, settings_for("cd-1"), 100_000, CPU, Threads(1))
    joint.w[...] = 0
    joint.visible_bias[...] = 0
    assert cross_entropy(measured) == pytest.approx(D * np.log(2), rel=1e-6)


@pytest.mark.parametrize(
    ("trained_on", "there", "used"),
    [(10, 200, LEAST_IMAGES), (10, 7, 7), (2500, 2000, 100), (60_000, 10_000, MOST_IMAGES)],
)
def test_as_many_images_are_used_as_are_worth_their_time(trained_on: int, there: int, used: int) -> None:
    joint = Joint(random_model(D, 3), np.ones(D, dtype=np.bool_), 1, CPU)
    measured = HeldOut(images(there), None, joint, settings_for("cd-1"), trained_on, CPU, Threads(1))
    assert (measured.images, measured.interval) == (used, IMAGES_PER_MEASUREMENT * used)


@pytest.mark.parametrize("lit", [False, True])
@pytest.mark.parametrize("binarisation", ["grey", "threshold"])
def test_pixels_that_the_model_leaves_out_are_measured_too(lit: bool, binarisation: str) -> None:
    p = random_model(D, 3)
    p.w[2], p.visible_bias[2] = 0, -8
    trained_on = np.full((LEAST_TO_LEAVE_OUT, D), 255, dtype=np.uint8)
    trained_on[:, 2] = 0
    shown = images(500)
    if not lit:
        shown[:, 2] = 0
    joint = Joint(p, lit_pixels(trained_on), len(trained_on), CPU)
    assert joint.pixels == D - 1
    settings = settings_for("cd-1", binarisation=binarisation, threshold=0.7)
    measured = HeldOut(shown, None, joint, settings, 100_000, CPU, Threads(1))
    found = np.mean([cross_entropy(measured, seed) for seed in SEEDS])
    assert found == pytest.approx(expected(p, shown.astype(np.float64)), abs=0.02)


def test_images_of_another_size_are_refused() -> None:
    with pytest.raises(RBMStudioError, match="4 visible units"):
        held_out(random_model(D, 3), np.ones((3, D + 1), dtype=np.float32))


@pytest.mark.parametrize("labels", [np.arange(59) % 3, np.arange(61) % 3, np.arange(60) % 4, np.zeros(60)])
def test_labels_that_do_not_fit_the_images_are_refused(labels: NDArray[Any]) -> None:
    with pytest.raises(RBMStudioError, match=r"one whole number for each of the 60 images|must lie in 0\.\.2"):
        held_out(random_model(D, 3, 3), images(60), labels)


def test_a_model_without_label_units_needs_no_labels() -> None:
    p = random_model(D, 3)
    assert cross_entropy(held_out(p, images(60), np.zeros(1))) == cross_entropy(held_out(p, images(60)))
