from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.core.parameters import Parameters
from rbm_studio.core.presets import PRESETS, TrainingSettings
from rbm_studio.core.training import Progress, Training, TrainingDivergedError, TrainingState
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rbm_studio.core.backend import FloatArray

D, H = 12, 6
EVERY_PRESET = pytest.mark.parametrize("preset", PRESETS)
LN2 = math.log(2)


@pytest.fixture
def images() -> FloatArray:
    return np.random.default_rng(0).random((50, D), dtype=np.float32)


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


def trained(images: NDArray[Any], settings: TrainingSettings, **options: Any) -> tuple[FloatArray, list[Progress]]:
    training = Training(initial(settings.preset), images, settings, **options)
    steps = run(training)
    return flat(training.snapshot()), steps


@EVERY_PRESET
def test_the_same_seed_gives_the_same_bits(images: FloatArray, preset: str) -> None:
    settings = TrainingSettings.for_preset(preset, batch_size=10, epochs=3)
    first, steps = trained(images, settings)
    again, steps_again = trained(images, settings)
    other, _ = trained(images, replace(settings, seed=1))
    np.testing.assert_array_equal(first, again)
    assert steps == steps_again
    assert not np.array_equal(first, other)


@EVERY_PRESET
def test_progress_counts_batches_epochs_and_images(images: FloatArray, preset: str) -> None:
    steps = trained(images, TrainingSettings.for_preset(preset, batch_size=20, epochs=2))[1]
    assert [(s.epoch, s.batch, s.images) for s in steps] == [
        (1, 1, 20), (1, 2, 40), (1, 3, 50), (2, 1, 70), (2, 2, 90), (2, 3, 100),
    ]  # fmt: skip
    assert {(s.epochs, s.batches) for s in steps} == {(2, 3)}
    assert [s.epoch_kl is not None for s in steps] == [False, False, True] * 2
    assert [s.epochs_trained for s in steps] == pytest.approx([0.4, 0.8, 1.0, 1.4, 1.8, 2.0])


def test_whole_epochs_are_whole_numbers() -> None:
    # 49 times 1/49 is a little less than 1.
    images = np.full((49, 2), 0.5, dtype=np.float32)
    training = Training(zeros(2, 1), images, TrainingSettings(batch_size=1, epochs=2))
    assert [s.epochs_trained for s in run(training) if s.epoch_kl is not None] == [1.0, 2.0]


@EVERY_PRESET
def test_an_epochs_kl_weights_a_short_last_batch_by_its_images(images: FloatArray, preset: str) -> None:
    steps = trained(images, TrainingSettings.for_preset(preset, batch_size=20, epochs=1))[1]
    assert len({s.kl for s in steps}) == 3
    mean = (20 * steps[0].kl + 20 * steps[1].kl + 10 * steps[2].kl) / 50
    assert steps[2].epoch_kl == pytest.approx(mean, rel=1e-12)


@EVERY_PRESET
def test_the_kl_of_a_model_that_guesses(images: FloatArray, preset: str) -> None:
    # All zero, and not to learn: each pixel costs ln 2, in the short last batch and the held-out images too.
    settings = TrainingSettings.for_preset(preset, learning_rate=1e-12, batch_size=20, epochs=1)
    steps = run(Training(zeros(), images, settings, held_out=images[:7]))
    expected = LN2 - math.log(20) / D
    assert [s.kl for s in steps] == pytest.approx([expected] * 3, abs=1e-6)
    assert steps[-1].epoch_kl == pytest.approx(expected, abs=1e-6)
    assert steps[-1].held_out_kl == pytest.approx(expected, abs=1e-6)


@EVERY_PRESET
def test_a_batch_size_larger_than_the_data_is_one_batch(images: FloatArray, preset: str) -> None:
    few = images[:7]
    large, steps = trained(few, TrainingSettings.for_preset(preset, batch_size=100, epochs=3))
    exact, _ = trained(few, TrainingSettings.for_preset(preset, batch_size=7, epochs=3))
    np.testing.assert_array_equal(large, exact)
    assert {s.batches for s in steps} == {1}


@EVERY_PRESET
def test_grey_levels_train_as_their_fractions_do(preset: str) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (50, D), dtype=np.uint8)
    settings = TrainingSettings.for_preset(preset, batch_size=20, epochs=2)
    from_levels, _ = trained(levels, settings, held_out=levels[:5])
    from_fractions, _ = trained(levels.astype(np.float32) / 255, settings)
    np.testing.assert_array_equal(from_levels, from_fractions)


@EVERY_PRESET
def test_measuring_held_out_images_does_not_change_the_training(images: FloatArray, preset: str) -> None:
    settings = TrainingSettings.for_preset(preset, batch_size=10, epochs=3)
    without, steps = trained(images, settings)
    measured, steps_measured = trained(images, settings, held_out=np.ones((30, D), dtype=np.float32))
    np.testing.assert_array_equal(without, measured)
    assert all(s.held_out_kl is None for s in steps)
    assert all(s.held_out_kl is not None for s in steps_measured if s.epoch_kl is not None)


def test_held_out_images_are_measured_ten_times_an_epoch(images: FloatArray) -> None:
    steps = trained(images, TrainingSettings(batch_size=1, epochs=2), held_out=images)[1]
    assert [s.batch for s in steps if s.held_out_kl is not None] == list(range(5, 51, 5)) * 2


def test_held_out_images_are_those_that_the_kl_is_of() -> None:
    # The model reconstructs darkness, whatever it is shown.
    dark = zeros()
    dark.visible_bias[...] = -5.0
    settings = TrainingSettings(learning_rate=1e-12, batch_size=1, epochs=1)
    data = np.zeros((1, D), dtype=np.float32)
    held_out = np.concatenate([np.zeros((300, D)), np.ones((900, D))]).astype(np.float32)
    kl = run(Training(dark, data, settings, held_out=held_out))[-1].held_out_kl
    # A quarter of the images is dark, among those that are picked too.
    assert kl == pytest.approx(0.25 * math.log1p(math.exp(-5)) + 0.75 * math.log1p(math.exp(5)), abs=1e-5)


@EVERY_PRESET
def test_a_run_goes_on_as_if_it_had_not_ended(images: FloatArray, preset: str) -> None:
    settings = TrainingSettings.for_preset(preset, batch_size=20, epochs=4)
    uninterrupted, steps = trained(images, settings)
    halves = replace(settings, epochs=2)
    first = Training(initial(preset), images, halves)
    before = run(first)
    second = Training(first.snapshot(), images, halves, state=first.state)
    after = run(second)
    np.testing.assert_array_equal(flat(second.snapshot()), uninterrupted)
    assert [s.kl for s in before + after] == [s.kl for s in steps]
    assert after[-1].epochs_trained == 4.0


def test_a_state_of_another_device_starts_afresh_but_remembers_the_epochs(images: FloatArray) -> None:
    settings = TrainingSettings(batch_size=20, epochs=1)
    first = Training(initial(), images, settings)
    run(first)
    first.state.device = "GPU"
    second = Training(first.snapshot(), images, settings, state=first.state)
    assert second.state is not first.state
    assert not any(velocity.any() for velocity in second.state.velocity)
    assert run(second)[-1].epochs_trained == 2.0


def test_a_snapshot_does_not_change_and_the_start_is_not_written_to(images: FloatArray) -> None:
    start = initial()
    before = flat(start)
    training = Training(start, images, TrainingSettings(batch_size=20))
    training.step()
    snapshot = training.snapshot()
    kept = flat(snapshot)
    training.step()
    np.testing.assert_array_equal(flat(start), before)
    np.testing.assert_array_equal(flat(snapshot), kept)
    assert not np.array_equal(flat(training.snapshot()), kept)


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
    settings = TrainingSettings.for_preset(preset, learning_rate=rate, batch_size=2, epochs=5)
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
    moves("recommended", [(0.5 * f, 0.5 * f) for f in (first, second, third)], rate=0.5)


def test_a_model_with_an_epoch_behind_it_has_its_full_momentum() -> None:
    moves("recommended", [(0.5, 0.5), (0.95, 0.95)], rate=0.5, epochs_trained=1.0)


def test_a_lower_momentum_stays_in_the_first_epoch() -> None:
    settings = TrainingSettings(learning_rate=0.5, momentum=0.2, batch_size=2)
    training = Training(certain(), SHOWN, settings)
    training.step()
    before = training.snapshot().visible_bias
    training.step()
    np.testing.assert_allclose(training.snapshot().visible_bias - before, 0.6 * GRADIENT[1], atol=1e-4)


def naive_kl(p: Parameters, v: FloatArray, hidden: list[float]) -> float:
    z = p.w.astype(np.float64) @ hidden + p.visible_bias
    q = 1.0 / (1.0 + np.exp(-z))
    nats = -(v * np.log(q) + (1.0 - v) * np.log(1.0 - q)).sum(axis=1).mean()
    return float(nats - math.log(len(v))) / v.shape[1]


@pytest.mark.parametrize(("preset", "after_update"), [("recommended", False), ("article", True)])
def test_when_the_kl_is_measured(images: FloatArray, preset: str, after_update: bool) -> None:
    # The hidden units are certain to be on, before and after.
    start = zeros()
    start.hidden_bias[...] = 100.0
    training = Training(start, images, TrainingSettings.for_preset(preset, learning_rate=0.5, batch_size=50))
    kl = training.step().kl
    measured = training.snapshot() if after_update else start
    other = start if after_update else training.snapshot()
    assert kl == pytest.approx(naive_kl(measured, images, [1.0] * H), abs=1e-5)
    assert abs(kl - naive_kl(other, images, [1.0] * H)) > 0.001


@EVERY_PRESET
@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("batch_size", [5, 50])
@pytest.mark.parametrize("rate", [1e3, 1e6, 1e20, 1e37, 1e38, 1e39, 1e300])
def test_a_learning_rate_that_explodes_halts_the_run(
    images: FloatArray, preset: str, rate: float, batch_size: int, binary: bool
) -> None:
    shown = np.round(images) if binary else images
    training = Training(
        initial(preset), shown, TrainingSettings.for_preset(preset, learning_rate=rate, batch_size=batch_size)
    )
    with pytest.raises(TrainingDivergedError, match=r"halted in epoch [12]:.*last good.*Lower the learning rate \(it is 1"):
        run(training)
    assert training.snapshot().is_finite
    # What is left can be trained on at once, with a rate that is right.
    again = Training(training.snapshot(), shown, TrainingSettings.for_preset(preset, epochs=2), state=training.state)
    assert run(again)[-1].kl < 1.0


@EVERY_PRESET
@pytest.mark.parametrize("rate", [1e3, 1e39])
def test_the_last_update_of_a_run_is_measured_too(images: FloatArray, preset: str, rate: float) -> None:
    settings = TrainingSettings.for_preset(preset, learning_rate=rate, batch_size=50, epochs=1)
    start = initial(preset)
    training = Training(start, images, settings)
    with pytest.raises(TrainingDivergedError):
        run(training)
    np.testing.assert_array_equal(flat(training.snapshot()), flat(start))


@pytest.mark.parametrize("held_out", [False, True])
def test_the_last_good_parameters_are_those_before_the_update_that_broke_them(
    images: FloatArray, held_out: bool
) -> None:
    # A velocity from an earlier run with a huge rate breaks the third batch only.
    settings = TrainingSettings(batch_size=10, epochs=5)
    options = {"held_out": images} if held_out else {}
    training = Training(initial(), images, settings, **options)
    training.step()
    training.step()
    good = flat(training.snapshot())
    training.state.velocity[1][...] = np.float32(1e6) * np.resize([1, -1], D)
    with pytest.raises(TrainingDivergedError):
        run(training)
    np.testing.assert_array_equal(flat(training.snapshot()), good)
    assert not any(velocity.any() for velocity in training.state.velocity)


def test_broken_images_halt_the_run_too() -> None:
    images = np.full((4, D), np.nan, dtype=np.float32)
    training = Training(initial(), images, TrainingSettings())
    with pytest.raises(TrainingDivergedError):
        training.step()
    assert training.snapshot().is_finite


@EVERY_PRESET
def test_training_lowers_the_kl(preset: str) -> None:
    patterns = np.random.default_rng(1).integers(0, 2, (3, D)).astype(np.float32)
    images = np.tile(patterns, (40, 1))
    rate = {"learning_rate": 0.02} if preset == "article" else {}
    settings = TrainingSettings.for_preset(preset, batch_size=20, epochs=60, **rate)
    means = [s.epoch_kl for s in trained(images, settings)[1] if s.epoch_kl is not None]
    assert means[-1] < 0.5 * means[0]


@pytest.mark.parametrize("shape", [(0, D), (5, D + 1), (D,)])
def test_images_that_do_not_fit_are_refused(shape: tuple[int, ...]) -> None:
    bad = np.zeros(shape, dtype=np.float32)
    with pytest.raises(RBMStudioError, match=r"no images|have the shape .* 12 visible units"):
        Training(initial(), bad, TrainingSettings())
    if len(bad):
        with pytest.raises(RBMStudioError, match="12 visible units"):
            Training(initial(), np.zeros((5, D), dtype=np.float32), TrainingSettings(), held_out=bad)


def test_a_fresh_state_is_at_rest() -> None:
    from rbm_studio.core.backend import CPU

    state = TrainingState.start(initial(), 0, CPU)
    assert [velocity.shape for velocity in state.velocity] == [(D, H), (D,), (H,)]
    assert not any(velocity.any() for velocity in state.velocity)
