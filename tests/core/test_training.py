from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.core.presets import PRESETS, settings_for
from rbm_studio.core.training import Training
from rbm_studio.errors import RBMStudioError
from tests.core.runs import RUNS, D, flat, initial, run, settings_of, zeros

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.settings import TrainingSettings
    from rbm_studio.core.training import Progress

EVERY_PRESET = pytest.mark.parametrize("preset", PRESETS)
LN2 = math.log(2)


@pytest.fixture
def images() -> FloatArray:
    return np.random.default_rng(0).random((50, D), dtype=np.float32)


def trained(images: NDArray[Any], settings: TrainingSettings, **options: Any) -> tuple[FloatArray, list[Progress]]:
    training = Training(initial(settings.preset), images, settings, **options)
    steps = run(training)
    return flat(training.snapshot()), steps


@EVERY_PRESET
def test_progress_counts_batches_epochs_and_images(images: FloatArray, preset: str) -> None:
    steps = trained(images, settings_for(preset, batch_size=20, epochs=2))[1]
    assert [(s.epoch, s.batch, s.images) for s in steps] == [
        (1, 1, 20), (1, 2, 40), (1, 3, 50), (2, 1, 70), (2, 2, 90), (2, 3, 100),
    ]  # fmt: skip
    assert {(s.epochs, s.batches) for s in steps} == {(2, 3)}
    assert [s.epoch_kl is not None for s in steps] == [False, False, True] * 2
    assert [s.epochs_trained for s in steps] == pytest.approx([0.4, 0.8, 1.0, 1.4, 1.8, 2.0])


def test_whole_epochs_are_whole_numbers() -> None:
    # 49 times 1/49 is a little less than 1.
    images = np.full((49, 2), 0.5, dtype=np.float32)
    training = Training(zeros(2, 1), images, settings_for("cd-1", batch_size=1, epochs=2))
    assert [s.epochs_trained for s in run(training) if s.epoch_kl is not None] == [1.0, 2.0]


@EVERY_PRESET
def test_an_epochs_kl_weights_a_short_last_batch_by_its_images(images: FloatArray, preset: str) -> None:
    steps = trained(images, settings_for(preset, batch_size=20, epochs=1))[1]
    assert len({s.kl for s in steps}) == 3
    every = 1 if preset == "article" else 20
    full, short = -(-20 // every), -(-10 // every)
    mean = (full * (steps[0].kl + steps[1].kl) + short * steps[2].kl) / (2 * full + short)
    assert steps[2].epoch_kl == pytest.approx(mean, rel=1e-12)


@EVERY_PRESET
def test_the_kl_of_a_model_that_guesses(images: FloatArray, preset: str) -> None:
    # All zero, and not to learn: each pixel costs ln 2, in the short last batch and the held-out images too.
    settings = settings_for(preset, learning_rate=1e-12, batch_size=20, epochs=1)
    steps = run(Training(zeros(), images, settings, held_out=images[:7]))
    expected = LN2 - math.log(20) / D
    assert [s.kl for s in steps] == pytest.approx([expected] * 3, abs=1e-6)
    assert steps[-1].epoch_kl == pytest.approx(expected, abs=1e-6)
    assert steps[-1].held_out_kl == pytest.approx(expected, abs=1e-6)


@EVERY_PRESET
def test_a_batch_size_larger_than_the_data_is_one_batch(images: FloatArray, preset: str) -> None:
    few = images[:7]
    large, steps = trained(few, settings_for(preset, batch_size=100, epochs=3))
    exact, _ = trained(few, settings_for(preset, batch_size=7, epochs=3))
    np.testing.assert_array_equal(large, exact)
    assert {s.batches for s in steps} == {1}


@EVERY_PRESET
def test_grey_levels_train_as_their_fractions_do(preset: str) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (50, D), dtype=np.uint8)
    settings = settings_for(preset, batch_size=20, epochs=2)
    from_levels, _ = trained(levels, settings, held_out=levels[:5])
    from_fractions, _ = trained(levels.astype(np.float32) / 255, settings)
    np.testing.assert_array_equal(from_levels, from_fractions)


def test_held_out_images_are_measured_so_seldom_that_it_costs_little(images: FloatArray) -> None:
    many = np.tile(images, (50, 1))
    steps = trained(many, settings_for("cd-1", batch_size=100, epochs=2), held_out=images[:40])[1]
    # After each 60 times as many images as are measured on, and at the end of an epoch.
    assert [s.batch for s in steps if s.held_out_kl is not None] == [24, 25, 23, 25]


def test_held_out_images_are_those_that_the_kl_is_of() -> None:
    # The model reconstructs darkness, whatever it is shown.
    dark = zeros()
    dark.visible_bias[...] = -5.0
    settings = settings_for("cd-1", learning_rate=1e-12, batch_size=1, epochs=1)
    data = np.zeros((1, D), dtype=np.float32)
    held_out = np.concatenate([np.zeros((10, D)), np.ones((30, D))]).astype(np.float32)
    kl = run(Training(dark, data, settings, held_out=held_out))[-1].held_out_kl
    # A quarter of the images is dark, among those that are picked too.
    assert kl == pytest.approx(0.25 * math.log1p(math.exp(-5)) + 0.75 * math.log1p(math.exp(5)), abs=1e-5)


def test_a_snapshot_does_not_change_and_the_start_is_not_written_to(images: FloatArray) -> None:
    start = initial()
    before = flat(start)
    training = Training(start, images, settings_for("cd-1", batch_size=20))
    training.step()
    snapshot = training.snapshot()
    kept = flat(snapshot)
    training.step()
    np.testing.assert_array_equal(flat(start), before)
    np.testing.assert_array_equal(flat(snapshot), kept)
    assert not np.array_equal(flat(training.snapshot()), kept)


@EVERY_PRESET
def test_training_lowers_the_kl(preset: str) -> None:
    patterns = np.random.default_rng(1).integers(0, 2, (3, D)).astype(np.float32)
    images = np.tile(patterns, (40, 1))
    rate = {"article": {"learning_rate": 0.02}, "best-likelihood": {"learning_rate": 0.5}}.get(preset, {})
    settings = settings_for(preset, batch_size=20, epochs=60, **rate)
    means = [s.epoch_kl for s in trained(images, settings)[1] if s.epoch_kl is not None]
    assert means[-1] < 0.5 * means[0]


@pytest.mark.parametrize("shape", [(0, D), (5, D + 1), (D,)])
def test_images_that_do_not_fit_are_refused(shape: tuple[int, ...]) -> None:
    bad = np.zeros(shape, dtype=np.float32)
    with pytest.raises(RBMStudioError, match=r"no images|have the shape .* 12 visible units"):
        Training(initial(), bad, settings_for("cd-1"))
    if len(bad):
        with pytest.raises(RBMStudioError, match="12 visible units"):
            Training(initial(), np.zeros((5, D), dtype=np.float32), settings_for("cd-1"), held_out=bad)


def test_held_out_images_are_measured_at_each_epochs_end(images: FloatArray) -> None:
    settings = settings_for("cd-1", batch_size=10, epochs=2)
    ends = [s.held_out_kl is not None for s in trained(images, settings, held_out=images[:9])[1]]
    assert ends == [False, False, False, False, True] * 2
    for nothing in ({}, {"held_out": images[:0]}):
        assert all(s.held_out_kl is None for s in trained(images, settings, **nothing)[1])


@pytest.mark.parametrize("name", RUNS)
def test_the_particles_are_the_newest_images_of_the_model(images: FloatArray, name: str) -> None:
    settings = settings_of(name)
    training = Training(initial(settings.preset), images, settings)
    assert training.particles().shape == (0, D)
    training.step()
    particles = training.particles()
    chains = {"exact": 1, "pcd": 7, "tempering": 9}.get(name, 20)
    assert particles.shape == (chains, D)
    assert particles.dtype == np.float32
    assert particles.min() >= 0
    assert particles.max() <= 1
    training.step()
    assert name == "exact" or not np.array_equal(training.particles(), particles)


def test_the_particles_of_a_large_batch_are_a_hundred() -> None:
    images = np.random.default_rng(0).random((300, D), dtype=np.float32)
    training = Training(initial(), images, settings_for("cd-1", batch_size=300))
    training.step()
    assert training.particles().shape == (100, D)


def test_a_finished_runs_particles_are_not_the_images_that_check_it(images: FloatArray) -> None:
    training = Training(initial(), images, settings_for("cd-1", batch_size=50, epochs=1, visible_units="sampled"))
    run(training)
    # A reconstruction has probabilities; these are states.
    assert set(np.unique(training.particles())) <= {0.0, 1.0}
