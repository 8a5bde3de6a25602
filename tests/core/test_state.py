"""What goes on from one run, or one part of a run, to the next: to the same bits as without a break."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.core.backend import CPU
from rbm_studio.core.presets import settings_for
from rbm_studio.core.state import TrainingState
from rbm_studio.core.training import Training
from rbm_studio.core.workspace import LEAST_IMAGES
from rbm_studio.errors import RBMStudioError
from tests.core.joint_enumeration import random_model
from tests.core.runs import RUNS, D, flat, force_threads, initial, run, settings_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rbm_studio.core.parameters import Parameters

EVERY_RUN = pytest.mark.parametrize("name", RUNS)
IMAGES = np.random.default_rng(0).integers(0, 256, (50, D)).astype(np.uint8)
LABELS = np.random.default_rng(1).integers(0, 3, 50)


def training(name: str, labels: int = 0, **options: Any) -> Training:
    settings = options.pop("settings", settings_of(name))
    start = options.pop("start", initial(settings.preset, labels))
    return Training(start, options.pop("images", IMAGES), settings, labels=LABELS if labels else None, **options)


def take(steps: int, of: Training) -> list[Any]:
    return [of.step() for _ in range(steps)]


def through_a_file(state: TrainingState) -> TrainingState:
    """Return what comes back of a state from numbers and JSON."""
    arrays = {name: array.copy() for name, array in state.arrays().items()}
    return TrainingState.restored(arrays, json.loads(json.dumps(state.facts())), CPU)


def assert_same(found: TrainingState, expected: TrainingState) -> None:
    assert found.facts() == expected.facts()
    arrays, others = found.arrays(), expected.arrays()
    assert list(arrays) == list(others)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, others[name])


@EVERY_RUN
@pytest.mark.parametrize("labels", [0, 3])
@pytest.mark.parametrize("threads", [1, 3])
def test_the_seed_and_the_threads_decide_every_bit(
    name: str, labels: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    force_threads(monkeypatch, threads)
    first, again = training(name, labels), training(name, labels)
    other = training(name, labels, settings=settings_of(name, seed=1))
    assert run(first) == run(again)
    run(other)
    np.testing.assert_array_equal(flat(first.snapshot()), flat(again.snapshot()))
    assert_same(first.state, again.state)
    assert not np.array_equal(flat(first.snapshot()), flat(other.snapshot()))


@EVERY_RUN
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("after", [0, 1, 3, 5, 8])
def test_a_run_that_is_interrupted_ends_as_it_would_have(
    name: str, after: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    force_threads(monkeypatch, threads)
    labels = 3 * (after % 2)
    whole = training(name, labels)
    steps = run(whole)
    first = training(name, labels)
    before = take(after, first)
    # From a file first: the state itself goes on with the run that takes it.
    for state in (through_a_file(first.state), first.state):
        second = training(name, labels, start=first.snapshot(), state=state, resume=True)
        assert before + run(second) == steps
        np.testing.assert_array_equal(flat(second.snapshot()), flat(whole.snapshot()))
        assert_same(second.state, whole.state)


@EVERY_RUN
def test_looking_at_a_run_does_not_change_it(name: str) -> None:
    whole, watched = training(name), training(name, held_out=IMAGES[:7])
    run(whole)
    while not watched.finished:
        watched.step()
        watched.snapshot()
        watched.last_update()
        watched.particles()
        through_a_file(watched.state)
    np.testing.assert_array_equal(flat(watched.snapshot()), flat(whole.snapshot()))


@EVERY_RUN
def test_a_run_after_a_run_is_a_longer_one(name: str) -> None:
    # Where nothing follows the part of the run that is over.
    settings = settings_of(name, schedule="constant", final_k=0, epochs=6)
    whole = training(name, settings=settings)
    steps = run(whole)
    first = training(name, settings=replace(settings, epochs=3))
    before = run(first)
    second = training(name, settings=replace(settings, epochs=3), start=first.snapshot(), state=first.state)
    after = run(second)
    np.testing.assert_array_equal(flat(second.snapshot()), flat(whole.snapshot()))
    assert [step.kl for step in before + after] == [step.kl for step in steps]
    assert (after[0].epoch, after[0].images, after[-1].epochs_trained) == (1, 20, 6.0)


@pytest.mark.parametrize(
    ("changes", "images"),
    [({"epochs": 4}, 50), ({"batch_size": 10}, 50), ({"learning_rate": 0.01}, 50), ({}, 40)],
    ids=["epochs", "batch size", "rate", "images"],
)
def test_a_run_of_other_settings_or_data_is_not_finished_but_another_begun(
    changes: dict[str, Any], images: int
) -> None:
    first = training("cd")
    take(4, first)
    kept = first.state.kept[0][0].copy()
    settings = settings_of("cd", **changes)
    second = training(
        "cd", settings=settings, start=first.snapshot(), state=first.state, resume=True, images=IMAGES[:images]
    )
    np.testing.assert_array_equal(second.state.kept[0][0], kept)
    step = second.step()
    assert (step.epoch, step.batch, step.epochs) == (1, 1, settings.epochs)
    # What the model has behind it goes on.
    assert step.epochs_trained == pytest.approx(1.4 + settings.batch_size / images)


def test_a_run_that_is_over_is_not_finished_but_another_begun() -> None:
    first = training("cd")
    assert not first.state.unfinished or first.state.position.total_images == 50
    run(first)
    assert not first.state.unfinished
    second = training("cd", start=first.snapshot(), state=first.state, resume=True)
    assert not second.finished
    assert run(second)[-1].epochs_trained == 6.0


OTHERS: dict[str, tuple[Parameters, dict[str, Any]]] = {
    "hidden units": (random_model(D, 4), {}),
    "label units": (random_model(D, 6, 3), {}),
    "pixels": (random_model(D - 2, 6), {}),
    "chains": (random_model(D, 6), {"chains": 3}),
    "estimator": (random_model(D, 6), {"gradient": "tempering"}),
    "update rule": (random_model(D, 6), {"update": "sgd"}),
    "preset": (random_model(D, 6), {"preset": "article"}),
}


@pytest.mark.parametrize("what", OTHERS)
def test_what_is_kept_of_another_model_is_started_anew(what: str) -> None:
    first = training("all")
    take(4, first)
    model, changes = OTHERS[what]
    settings = settings_for(**{**settings_of("all").as_dict(), **changes})
    images = IMAGES[:, : model.visible_num]
    labels = LABELS if model.label_num else None
    second = Training(model, images, settings, state=through_a_file(first.state), labels=labels)
    alone = Training(model, images, settings, labels=labels)
    shapes = [[array.shape for array in slots] for slots in second.state.kept]
    assert shapes == [[array.shape for array in slots] for slots in alone.state.kept]
    assert second.state.chains.shape == alone.state.chains.shape
    found, expected = (np.mean([step.kl for step in run(each)]) for each in (second, alone))
    assert found == pytest.approx(expected, abs=0.5)


def test_another_data_set_may_light_pixels_that_the_first_left_dark() -> None:
    # They take part from then on, with momentum, offsets and all.
    dark = np.tile(IMAGES, (LEAST_IMAGES // 50, 1))
    dark[:, 3:5] = 0
    start = initial("best-likelihood")
    start.w[3:5], start.visible_bias[3:5] = 0, -20
    settings = settings_of("all", batch_size=500)
    first = Training(start, dark, settings)
    run(first)
    assert first.state.kept[0][0].shape == (D - 2, 6)
    second = Training(first.snapshot(), IMAGES, settings, state=first.state)
    assert second.state.kept[0][0].shape == (D, 6)
    run(second)
    assert second.snapshot().visible_bias[3] != -20


def test_a_state_of_another_device_is_brought_over() -> None:
    first = training("all")
    take(2, first)
    expected = first.state.arrays()
    first.state.device = "GPU"
    second = training("all", start=first.snapshot(), state=first.state, resume=True)
    assert second.state.device == "CPU"
    for name, array in second.state.arrays().items():
        np.testing.assert_array_equal(array, expected[name])
    assert run(second)[-1].epochs_trained == 3.0


def test_a_fresh_state_is_at_rest() -> None:
    state = training("cd").state
    assert [[array.shape for array in slots] for slots in state.kept] == [[(D, 6)], [(D,)], [(6,)]]
    assert not any(array.any() for slots in state.kept for array in slots)
    assert (state.updates, state.epochs_trained) == (0, 0.0)
    assert state.is_finite


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_state_knows_whether_it_is_finite(value: float) -> None:
    state = training("all").state
    arrays: list[NDArray[Any]] = [state.kept[1][2], state.offsets[0], state.activity]
    for array in arrays:
        before = array[0]
        array[0] = value
        assert not state.is_finite
        array[0] = before
    assert state.is_finite


def test_images_that_do_not_fit_leave_the_state_alone() -> None:
    first = training("cd")
    take(4, first)
    before = first.state.facts()
    with pytest.raises(RBMStudioError):
        training("cd", start=first.snapshot(), state=first.state, images=IMAGES[:, :3])
    with pytest.raises(RBMStudioError):
        Training(random_model(D, 6, 3), IMAGES, settings_of("cd"), labels=LABELS + 7, state=first.state)
    assert first.state.facts() == before


@pytest.mark.parametrize("after", [1, 27, 29, 30, 31, 33])
def test_what_is_reported_does_not_depend_on_an_interruption_either(after: int) -> None:
    # Of batches of two each fifth is measured; that one held-out image is, after the thirtieth, as none of them is.
    images = np.random.default_rng(0).integers(0, 256, (200, D)).astype(np.uint8)
    settings = settings_of("cd", batch_size=2, epochs=1)
    whole = run(training("cd", images=images, settings=settings, held_out=images[:1]))
    before = training("cd", images=images, settings=settings, held_out=images[:1])
    assert take(after, before) == whole[:after]
    state = through_a_file(before.state)
    rest = Training(before.snapshot(), images, settings, held_out=images[:1], state=state, resume=True)
    assert run(rest) == whole[after:]


def test_a_state_tells_its_size_and_keeps_what_its_caller_gathers() -> None:
    begun = training("pcd")
    take(2, begun)
    state = begun.state
    assert state.nbytes == sum(array.nbytes for array in state.arrays().values()) > 0
    state.position.gathered = {"sum": 0.5, "count": 2}
    assert through_a_file(state).position.gathered == {"sum": 0.5, "count": 2}
    facts = state.facts()
    for name in ("kl", "gathered"):
        del facts["position"][name]
    old = TrainingState.restored(state.arrays(), facts, CPU)
    assert (old.position.kl, old.position.gathered) == (None, {})
    facts["position"]["gathered"] = {"sum": "nan"}
    with pytest.raises(ValueError, match="nan"):
        TrainingState.restored(state.arrays(), facts, CPU)
