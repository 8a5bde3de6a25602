"""Files that were written when "recommended" was CD-1: see tests/storage/old, by the program of that time."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from threadpoolctl import threadpool_limits

from rbm_studio import RBM
from rbm_studio.core.presets import settings_for
from rbm_studio.storage.experiment_file import SavedExperiment, SavedRun, load_experiment
from rbm_studio.storage.model_file import load_model, save_model
from rbm_studio.storage.old_presets import settings_now
from tests.experiments import pack

if TYPE_CHECKING:
    from rbm_studio.core.settings import TrainingSettings

OLD = Path(__file__).parent / "old"
STOPPED, ENDED = OLD / "recommended-stopped.safetensors", OLD / "recommended-ended.safetensors"
EXPERIMENT = OLD / "recommended.rbmx"
CD_1 = settings_for("cd-1", batch_size=8, epochs=4, seed=5)
IMAGES = (np.arange(40 * 16) ** 2 * 37 % 251).astype(np.uint8).reshape(40, 16)


def resumed(path: Path) -> RBM:
    with threadpool_limits(1, user_api="blas"):  # as then
        return RBM(16, 3).load(path).fit(IMAGES, held_out=IMAGES[::9], resume=True, verbose=False)


def format_version(path: Path) -> str:
    data = path.read_bytes()
    return str(json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]["format_version"])


def written_as(path: Path, metadata: dict[str, str], preset: str, **settings: Any) -> None:
    """Write a model's file anew, with another preset's name in it."""
    data = STOPPED.read_bytes()
    old = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
    about = json.loads(old["settings"]) | {"preset": preset} | settings
    state = json.loads(old["state"])
    state["settings"] |= {"preset": preset} | settings
    save_file(load_file(STOPPED), path, old | {"settings": json.dumps(about), "state": json.dumps(state)} | metadata)


def test_what_was_recommended_then_is_cd_1_now() -> None:
    saved = load_model(STOPPED)
    assert saved.settings == CD_1
    assert saved.state is not None
    assert saved.state.settings == CD_1
    assert saved.image_shape == (4, 4)
    assert saved.provenance is None
    assert load_model(ENDED).settings == CD_1


def test_a_run_that_was_stopped_then_is_finished_as_it_would_have_been(tmp_path: Path) -> None:
    rbm, ended = resumed(STOPPED), load_model(ENDED)
    # The rest of the run, and no other one.
    assert [record.epoch for record in rbm.history] == [1, 2, 3, 4]
    assert rbm.settings == CD_1
    np.testing.assert_allclose(rbm.w, ended.parameters.w, atol=1e-4)
    np.testing.assert_allclose(rbm.visible_bias, ended.parameters.visible_bias, atol=1e-4)
    # To the bits of the same run by its name of today.
    written_as(tmp_path / "today.safetensors", {"program": "0.1.0", "format_version": "3"}, "cd-1")
    today = resumed(tmp_path / "today.safetensors")
    np.testing.assert_array_equal(rbm.w, today.w)
    np.testing.assert_array_equal(rbm.hidden_bias, today.hidden_bias)


def test_what_was_written_since_means_what_it_says(tmp_path: Path) -> None:
    written_as(tmp_path / "new.safetensors", {"program": "0.1.0"}, "recommended")
    saved = load_model(tmp_path / "new.safetensors")
    assert saved.settings == replace(CD_1, preset="recommended")
    assert saved.state is not None
    assert saved.state.settings.preset == "recommended"


def test_what_is_saved_again_stays_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "again.safetensors"
    save_model(path, load_model(STOPPED))
    saved = load_model(path)
    assert saved.settings == CD_1
    assert saved.state is not None
    assert saved.state.settings == CD_1


def test_an_earlier_version_is_told_that_it_does_not_know_the_preset(tmp_path: Path) -> None:
    path, saved = tmp_path / "model.safetensors", load_model(STOPPED)
    save_model(path, saved)
    assert format_version(path) == "3"
    save_model(path, replace(saved, settings=settings_for("article"), state=None))
    assert format_version(path) == "2"
    save_model(path, replace(saved, settings=settings_for("article", schedule="search-then-converge"), state=None))
    assert format_version(path) == "3"


@pytest.mark.parametrize("name", ["article", "best-likelihood", "fast-preview", "unheard of", None, 3, ["recommended"]])
def test_other_names_stay_as_they_are(name: object) -> None:
    found = settings_now({"preset": name, "learning_rate": 0.3})
    assert (found["preset"], found["learning_rate"]) == (name, 0.3)


def test_values_that_were_changed_stay_changed() -> None:
    old: dict[str, Any] = {"preset": "recommended", "learning_rate": 0.4, "gradient": "pcd"}
    assert settings_now(old) == settings_for("cd-1", learning_rate=0.4, gradient="pcd").as_dict()


def test_all_settings_of_an_experiment_are_called_as_they_are_now() -> None:
    saved = load_experiment(EXPERIMENT)
    found = [
        saved.facts["settings"]["training"],
        *(training["settings"] for training in saved.facts["trainings"]),
        *(run.facts["settings"]["training"] for run in saved.runs),
        *(training["settings"] for run in saved.runs for training in run.facts["trainings"] or ()),
    ]
    assert [each["epochs"] for each in found] == [60, 60, 2, 60, 2]
    for each in found:
        assert each == settings_for("cd-1", batch_size=8, epochs=each["epochs"], seed=5).as_dict()
    models = [saved.model, *(moment.model for moment in saved.moments), *(run.model for run in saved.runs)]
    settings: list[TrainingSettings] = []
    for model in models:
        if model is not None and model.settings is not None:
            settings.append(model.settings)
            settings += [] if model.state is None else [model.state.settings]
    assert len(settings) > 5
    assert {each.preset for each in settings} == {"cd-1"}
    assert [run.facts["name"] for run in saved.runs] == [
        "3 hidden, cd-1, rate 0.15, batch 8",
        "3 hidden, cd-1, rate 0.15, batch 8 (2)",
    ]


def test_an_experiment_keeps_names_that_a_person_gave(tmp_path: Path) -> None:
    run = {"name": "mine, recommended, I think", "is_named": True, "settings": {"training": {"preset": "recommended"}}}
    path = tmp_path / "new.rbmx"
    pack(path, SavedExperiment({"settings": {"preset": "recommended"}}, runs=(SavedRun(run),), drawings={}))
    found = load_experiment(path)
    assert found.facts["settings"] == {"preset": "recommended"}
    assert found.runs[0].facts["settings"] == {"training": {"preset": "recommended"}}
    assert found.runs[0].facts["name"] == "mine, recommended, I think"
