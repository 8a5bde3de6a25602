"""Learning rates that break the parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.core.presets import PRESETS, TrainingSettings
from rbm_studio.core.training import Training, TrainingDivergedError
from tests.core.runs import D, flat, initial, run, zeros

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray

EVERY_PRESET = pytest.mark.parametrize("preset", PRESETS)


@pytest.fixture
def images() -> FloatArray:
    return np.random.default_rng(0).random((50, D), dtype=np.float32)


def run_watching(training: Training) -> None:
    """Run to the end, and see that a person could stop after any batch."""
    while not training.finished:
        training.step()
        assert training.snapshot().is_finite


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
    with pytest.raises(TrainingDivergedError, match=r"halted in epoch [12]:.*good.*Lower the learning rate \(it is 1"):
        run_watching(training)
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
    training = Training(initial(), images, settings, held_out=images if held_out else None)
    training.step()
    training.step()
    good = flat(training.snapshot())
    training.state.velocity[1][...] = np.float32(1e6) * np.resize([1, -1], D)
    with pytest.raises(TrainingDivergedError):
        run(training)
    np.testing.assert_array_equal(flat(training.snapshot()), good)
    assert not any(velocity.any() for velocity in training.state.velocity)


@pytest.mark.parametrize("name", ["w", "visible_bias", "hidden_bias"])
@EVERY_PRESET
def test_no_parameter_may_become_infinite(images: FloatArray, preset: str, name: str) -> None:
    training = Training(initial(preset), images, TrainingSettings.for_preset(preset, batch_size=10))
    training.step()
    good = flat(training.snapshot())
    place = ("w", "visible_bias", "hidden_bias").index(name)
    training.state.velocity[place].flat[-1] = np.inf
    with pytest.raises(TrainingDivergedError):
        training.step()
    np.testing.assert_array_equal(flat(training.snapshot()), good)


@EVERY_PRESET
def test_parameters_that_are_absurd_from_the_start_are_not_trained_on(preset: str) -> None:
    # The data's share of the cross-entropy overflows float32, and the sum comes out as minus infinity.
    absurd = zeros()
    absurd.visible_bias[...] = 3e38
    training = Training(absurd, np.ones((4, D), dtype=np.float32), TrainingSettings.for_preset(preset))
    with pytest.raises(TrainingDivergedError):
        training.step()


def test_broken_images_halt_the_run_too() -> None:
    images = np.full((4, D), np.nan, dtype=np.float32)
    training = Training(initial(), images, TrainingSettings())
    with pytest.raises(TrainingDivergedError):
        training.step()
    assert training.snapshot().is_finite
