"""What training goes on with, in a model file: to the same bits after it was saved in the middle of an epoch."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from rbm_studio.core.training import Training
from rbm_studio.storage.atomic import FileError
from rbm_studio.storage.model_file import SavedModel, load_model, save_model
from tests.core.runs import RUNS, D, flat, initial, run, settings_of

if TYPE_CHECKING:
    from pathlib import Path

IMAGES = np.random.default_rng(0).integers(0, 256, (50, D)).astype(np.uint8)
LABELS = np.random.default_rng(1).integers(0, 3, 50)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "digits.safetensors"


def training(name: str, labels: int = 0, **options: Any) -> Training:
    settings = settings_of(name)
    start = options.pop("start", initial(settings.preset, labels))
    return Training(start, IMAGES, settings, labels=LABELS if labels else None, **options)


def save(path: Path, run_so_far: Training) -> None:
    # The state first: to read it may put the last good parameters back.
    state = run_so_far.state
    save_model(path, SavedModel(run_so_far.snapshot(), run_so_far.settings, state=state))


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("after", [0, 1, 3, 5, 8, 9])
@pytest.mark.parametrize("labels", [0, 3])
def test_a_run_goes_on_from_its_file_to_the_same_bits(path: Path, name: str, after: int, labels: int) -> None:
    whole = training(name, labels)
    steps = run(whole)
    first = training(name, labels)
    before = [first.step() for _ in range(after)]
    save(path, first)
    saved = load_model(path)
    assert saved.settings == first.settings
    if after == len(steps):
        # Nothing is left to do.
        assert saved.state is not None
        assert not saved.state.unfinished
        return
    second = training(name, labels, start=saved.parameters, state=saved.state, resume=True)
    assert before + run(second) == steps
    np.testing.assert_array_equal(flat(second.snapshot()), flat(whole.snapshot()))
    # And what the file of the end holds is that of the run without a break.
    ends = []
    for each in (whole, second):
        save(path, each)
        ends.append(load_model(path).state)
    assert ends[0] is not None
    assert ends[1] is not None
    assert ends[0].facts() == ends[1].facts()
    for key, array in ends[0].arrays().items():
        np.testing.assert_array_equal(array, ends[1].arrays()[key])


def test_a_model_without_a_state(path: Path) -> None:
    save_model(path, SavedModel(initial()))
    assert load_model(path).state is None


def test_the_names_of_the_arrays(path: Path) -> None:
    run_so_far = training("all", 3)
    run_so_far.step()
    save(path, run_so_far)
    kept = {f"state.kept.{place}.{slot}" for place in range(3) for slot in range(3)}
    own = {"w", "visible_bias", "hidden_bias", "label_w", "label_bias"}
    assert set(load_file(path)) == own | kept | {"state.offsets.0", "state.offsets.1", "state.chains", "state.activity"}


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_state_that_is_not_finite_is_begun_anew(path: Path, value: float) -> None:
    run_so_far = training("cd")
    run_so_far.step()
    run_so_far.state.kept[0][0][0, 0] = value
    save(path, run_so_far)
    saved = load_model(path)
    assert saved.state is not None
    assert not any(array.any() for slots in saved.state.kept for array in slots)
    assert saved.state.kept_updates == 0
    np.testing.assert_array_equal(flat(saved.parameters), flat(run_so_far.snapshot()))


def test_that_a_state_is_left_out_is_said(path: Path) -> None:
    run_so_far = training("cd")
    run_so_far.step()
    state = run_so_far.state
    state.kept[0][0][0, 0] = np.inf
    with pytest.warns(UserWarning, match="not finite, and is left out of the file"):
        save_model(path, SavedModel(run_so_far.snapshot(), state=state))
    assert load_model(path).state is None


def test_settings_beyond_their_bounds_are_told(path: Path) -> None:
    run_so_far = training("cd")
    run_so_far.step()
    save(path, run_so_far)
    change: Any = lambda facts: {**facts, "settings": {**facts["settings"], "clip_norm": 1e39}}  # noqa: E731
    rewrite(path, change)
    with pytest.raises(
        FileError, match=r"cannot be opened\. The clip norm is 1e\+39\. It must be a number of at least"
    ):
        load_model(path)


def rewrite(path: Path, change_facts: Any = None, **arrays: Any) -> None:
    """Write a file again with other facts about its state, and other arrays."""
    tensors = load_file(path)
    with safe_open(str(path), framework="numpy") as file:
        metadata = dict(file.metadata())
    facts = json.loads(metadata["state"])
    if change_facts is not None:
        facts = change_facts(facts)
    metadata["state"] = json.dumps(facts)
    save_file(tensors | {name.replace("__", "."): array for name, array in arrays.items()}, path, metadata)


def without(key: str) -> Any:
    return lambda facts: {name: value for name, value in facts.items() if name != key}


def with_fact(key: str, value: Any) -> Any:
    return lambda facts: facts | {key: value}


def with_position(**changes: Any) -> Any:
    return lambda facts: facts | {"position": facts["position"] | changes}


DAMAGES = {
    **{f"no {key}": without(key) for key in ("settings", "order", "epochs_trained", "updates", "sources", "position")},
    "a list": lambda facts: [facts],
    "a number": lambda facts: len(facts),
    "settings": with_fact("settings", {"learning_rate": -1}),
    "unknown settings": with_fact("settings", {"speed": 1}),
    "settings that are none": with_fact("settings", "fast"),
    "order": with_fact("order", {"bit_generator": "PCG64"}),
    "another generator": with_fact("order", {"bit_generator": "MT19937", "state": {"key": [1], "pos": 0}}),
    "order that is none": with_fact("order", 7),
    "sources": with_fact("sources", [{"kind": "SFC64", "state": [1, 2]}]),
    "sources of words": with_fact("sources", [{"kind": "SFC64", "state": ["a", "b", "c", "d"]}]),
    "negative sources": with_fact("sources", [{"kind": "SFC64", "state": [-1, 2, 3, 4]}]),
    "huge sources": with_fact("sources", [{"kind": "SFC64", "state": [2**64, 2, 3, 4]}]),
    "unknown sources": with_fact("sources", [{"kind": "dice", "state": [1, 2, 3, 4]}]),
    "sources that are none": with_fact("sources", 3),
    "epochs": with_fact("epochs_trained", "many"),
    "endless epochs": with_fact("epochs_trained", float("inf")),
    "updates": with_fact("updates", -1),
    "broken updates": with_fact("updates", 1.5),
    "position": with_fact("position", [1, 2]),
    "epoch": with_position(epoch=-1),
    "batch": with_position(batch="first"),
    "a batch beyond the images": with_position(batch=4),
    "images": with_position(total_images=None),
    "total": with_position(total="much"),
    "total that is none": with_position(total=float("nan")),
    "the epoch's order": with_position(order={"bit_generator": "PCG64", "state": {"state": "x", "inc": 1}}),
}


@pytest.mark.parametrize("what", DAMAGES)
def test_a_damaged_state_is_refused_in_words(path: Path, what: str) -> None:
    run_so_far = training("all")
    for _ in range(4):
        run_so_far.step()
    save(path, run_so_far)
    rewrite(path)
    assert load_model(path).state is not None
    rewrite(path, DAMAGES[what])
    told = r"digits\.safetensors (is damaged: .* cannot be read|cannot be opened\. .*)\. Open another copy"
    with pytest.raises(FileError, match=told):
        load_model(path)


@pytest.mark.parametrize(
    "arrays",
    [
        {"state__chains": np.full((20, 6), np.nan, dtype=np.float32)},
        {"state__chains": np.zeros((20, 6))},
        {"state__activity": np.zeros(6, dtype=np.int64)},
        {"state__kept__9__0": np.zeros(6, dtype=np.float32)},
        {"state__kept__x__0": np.zeros(6, dtype=np.float32)},
    ],
    ids=["nan", "float64", "whole numbers", "too many", "no number"],
)
def test_a_states_damaged_arrays_are_refused_in_words(path: Path, arrays: dict[str, Any]) -> None:
    run_so_far = training("all")
    run_so_far.step()
    save(path, run_so_far)
    rewrite(path, **arrays)
    with pytest.raises(FileError, match=r"digits\.safetensors is damaged"):
        load_model(path)


@pytest.mark.parametrize(
    "name",
    ["state__chains", "state__activity", "state__offsets__0", "state__offsets__1", "state__kept__0__0",
     "state__kept__1__2", "state__kept__2__1"],
)  # fmt: skip
@pytest.mark.parametrize("shape", [(3,), (6, 2), (D, 7), (1, 1, 1), ()])
def test_arrays_of_another_shape_are_not_used(path: Path, name: str, shape: tuple[int, ...]) -> None:
    run_so_far = training("all")
    run_so_far.step()
    save(path, run_so_far)
    rewrite(path, **{name: np.ones(shape, dtype=np.float32)})
    saved = load_model(path)
    again = training("all", start=saved.parameters, state=saved.state, resume=True)
    run(again)
    assert again.snapshot().is_finite
    for key, array in again.state.arrays().items():
        assert array.shape == run_so_far.state.arrays()[key].shape


def test_facts_of_a_foreign_file_are_left_alone(path: Path) -> None:
    run_so_far = training("cd")
    run_so_far.step()
    save(path, run_so_far)
    tensors = load_file(path)
    save_file(tensors, path, {"format": "pt", "state": "{}"})
    assert load_model(path).state is None


def test_what_it_says_of_a_run_can_be_asked_without_training(path: Path) -> None:
    run_so_far = training("cd")
    for _ in range(5):
        run_so_far.step()
    save(path, run_so_far)
    state = load_model(path).state
    assert state is not None
    assert (state.unfinished, state.position.epoch, state.position.batch, state.updates) == (True, 1, 2, 5)
    assert state.continues(run_so_far.settings, 50)
    assert not state.continues(replace(run_so_far.settings, seed=4), 50)
    assert not state.continues(run_so_far.settings, 51)
