"""Learning rates that break the parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.core.presets import PRESETS, settings_for
from rbm_studio.core.training import Training, TrainingDivergedError
from rbm_studio.core.updates import UPDATES
from tests.core.runs import RUNS, D, flat, force_threads, initial, run, settings_of, zeros

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
@pytest.mark.parametrize("rate", [1e3, 1e6, 1e8])
def test_a_learning_rate_that_explodes_halts_the_run(
    images: FloatArray, preset: str, rate: float, batch_size: int, binary: bool
) -> None:
    shown = np.round(images) if binary else images
    # A clip bounds each update, and so puts off what comes of such a rate.
    settings = settings_for(preset, learning_rate=rate, batch_size=batch_size, clip_norm=0.0)
    training = Training(initial(preset), shown, settings)
    with pytest.raises(TrainingDivergedError, match=r"halted in epoch [12]:.*good.*Lower the learning rate \(it is 1"):
        run_watching(training)
    assert training.snapshot().is_finite
    # What is left can be trained on at once, with a rate that is right.
    again = Training(training.snapshot(), shown, settings_for(preset, epochs=2), state=training.state)
    assert run(again)[-1].kl < 1.0


@EVERY_PRESET
@pytest.mark.parametrize("rate", [1e3, 1e8])
def test_the_last_update_of_a_run_is_measured_too(images: FloatArray, preset: str, rate: float) -> None:
    settings = settings_for(preset, learning_rate=rate, batch_size=50, epochs=1)
    start = initial(preset)
    training = Training(start, images, settings)
    with pytest.raises(TrainingDivergedError):
        run(training)
    np.testing.assert_array_equal(flat(training.snapshot()), flat(start))


@pytest.mark.parametrize("held_out", [False, True])
def test_the_last_good_parameters_are_some_from_before_the_update_that_broke_them(
    images: FloatArray, held_out: bool
) -> None:
    # A velocity from an earlier run with a huge rate breaks the third batch only.
    settings = settings_for("cd-1", batch_size=10, epochs=5)
    training = Training(initial(), images, settings, held_out=images if held_out else None)
    seen = [flat(training.snapshot())]
    for _ in range(2):
        training.step()
        seen.append(flat(training.snapshot()))
    training.state.kept[1][0][...] = np.float32(1e6) * np.resize([1, -1], D)
    with pytest.raises(TrainingDivergedError):
        run(training)
    assert any(np.array_equal(flat(training.snapshot()), good) for good in seen)
    assert not any(array.any() for slots in training.state.kept for array in slots)


@pytest.mark.parametrize("after", range(8, 13))
def test_what_is_put_by_every_ten_batches_was_measured_first(images: FloatArray, after: int) -> None:
    # Finite but absurd parameters come to be just before some are put by, or just after.
    training = Training(initial(), images, settings_for("cd-1", batch_size=5, epochs=5))
    seen = [flat(training.snapshot())]
    for _ in range(after):
        training.step()
        seen.append(flat(training.snapshot()))
    training.state.kept[1][0][...] = np.float32(1e6) * np.resize([1, -1], D)
    with pytest.raises(TrainingDivergedError):
        run_watching(training)
    # Of the last ten batches or so, and not of the first.
    assert any(np.array_equal(flat(training.snapshot()), good) for good in seen[max(0, after - 11) :])


@pytest.mark.parametrize("place", [0, 1, 2], ids=["w", "visible_bias", "hidden_bias"])
@EVERY_PRESET
def test_no_parameter_may_become_infinite(images: FloatArray, preset: str, place: int) -> None:
    settings = settings_for(preset, batch_size=10)
    training = Training(initial(preset), images, settings)
    training.step()
    training.state.kept[place][0].flat[-1] = np.inf
    if not settings.momentum:
        # Without momentum the last update is forgotten.
        training._joint.arrays[place].flat[-1] = np.inf
    with pytest.raises(TrainingDivergedError):
        run_watching(training)
    assert training.snapshot().is_finite


@EVERY_PRESET
def test_parameters_that_are_absurd_from_the_start_are_not_trained_on(preset: str) -> None:
    # The data's share of the cross-entropy overflows float32, and the sum comes out as minus infinity.
    absurd = zeros()
    absurd.visible_bias[...] = 3e38
    training = Training(absurd, np.ones((4, D), dtype=np.float32), settings_for(preset))
    with pytest.raises(TrainingDivergedError):
        training.step()


def test_broken_images_halt_the_run_too() -> None:
    images = np.full((4, D), np.nan, dtype=np.float32)
    training = Training(initial(), images, settings_for("cd-1"))
    with pytest.raises(TrainingDivergedError):
        training.step()
    assert training.snapshot().is_finite


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("rate", [1e3, 1e6, 1e8])
def test_no_estimator_and_no_thread_gives_more_than_the_error(
    images: FloatArray, name: str, threads: int, rate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    # NumPy's warnings are errors in these tests, in whatever thread they come.
    force_threads(monkeypatch, threads)
    settings = settings_of(name, learning_rate=rate, epochs=8, max_norm=0.0, clip_norm=0.0)
    start = initial(settings.preset, labels=3)
    training = Training(start, images, settings, labels=np.arange(50) % 3)
    with pytest.raises(TrainingDivergedError):
        run_watching(training)
    # The state is fit to go on, with a rate that is right.
    assert training.state.is_finite
    good = settings_of(name, learning_rate=0.01)
    again = Training(training.snapshot(), images, good, labels=np.arange(50) % 3, state=training.state)
    assert run(again)[-1].kl < 1.0


@pytest.mark.parametrize("centred", [False, True])
def test_weights_that_are_infinite_leave_no_trace(images: FloatArray, centred: bool) -> None:
    # What follows the hidden units' means has seen them: a dark pixel times infinity is not a number.
    images = np.round(images)
    settings = settings_for("cd-1", batch_size=10, epochs=5, centred=centred, sparsity_cost=0.1)
    training = Training(initial(), images, settings)
    training.step()
    training._joint.arrays[0][0, 0] = np.inf
    with pytest.raises(TrainingDivergedError):
        # The batch that follows sees them.
        training.step()
    assert training.state.is_finite
    again = Training(training.snapshot(), images, settings, state=training.state)
    assert run(again)[-1].kl < 1.0


@pytest.mark.parametrize("threads", [1, 2])
def test_a_gradient_that_is_clipped_or_weights_that_are_limited_do_not_explode(
    images: FloatArray, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    force_threads(monkeypatch, threads)
    for changes in ({"clip_norm": 1e-3}, {"update": "adam", "learning_rate": 0.05}):
        settings = settings_for("cd-1", **({"learning_rate": 100.0, "batch_size": 10, "epochs": 5} | changes))
        training = Training(initial(), images, settings)
        run_watching(training)


EXTREMES = [
    {"clip_norm": 1e8}, {"clip_norm": 1e-12}, {"clip_norm": 1e-12, "learning_rate": 1e-12, "final_rate": 1e-12},
    {"max_norm": 1e8}, {"max_norm": 1e-12}, {"momentum": 0.9999999}, {"final_rate": 1e-12, "schedule": "exponential"},
    {"offset_rate": 1e-12, "centred": True}, {"learning_rate": 1e-12}, {"momentum_epochs": 1e8, "momentum": 0.9},
    {"l1": 1e8}, {"l2": 1e8}, {"sparsity_cost": 1e8}, {"sparsity_cost": 1e8, "sparsity_target": 1.0},
    {"l1": 1e8, "l2": 1e8, "sparsity_cost": 1e8, "learning_rate": 1e8, "momentum": 0.9999999},
    {"l1": 1e8, "max_norm": 1.0}, {"l2": 1e8, "clip_norm": 1e8},
]  # fmt: skip


@pytest.mark.parametrize("changes", EXTREMES, ids=str)
@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("preset", ["cd-1", "article", "recommended"])
def test_a_state_can_be_kept_whatever_the_settings_are(
    images: FloatArray, preset: str, update: str, changes: dict[str, Any]
) -> None:
    settings = settings_for(preset, **({"batch_size": 10, "epochs": 3, "clip_norm": 0.0} | changes), update=update)
    training = Training(initial(preset), images, settings)
    blamed = None
    try:
        for _ in range(14):
            training.step()
            # As if it were stopped after this batch.
            assert training.state.is_finite
            assert training.snapshot().is_finite
    except TrainingDivergedError as error:
        blamed = error.setting
    assert training.state.is_finite
    assert training.snapshot().is_finite
    if not {"l1", "l2", "sparsity_cost", "momentum", "learning_rate"} & changes.keys():
        assert blamed is None
    elif blamed is not None:
        assert blamed in changes
