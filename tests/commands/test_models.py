from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rbm_studio.cli import main
from rbm_studio.storage.experiment_file import save_experiment
from rbm_studio.storage.model_file import load_model
from tests.experiments import experiment_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def experiment(model: Path) -> Path:
    path = model.with_suffix(".rbmx")
    save_experiment(path, experiment_of(load_model(model)))
    return path


def test_an_experiments_model_is_measured_as_the_model_is(
    model: Path, experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = []
    for path in (model, experiment):
        assert main(["evaluate", str(path), "--data", "images.npz", "--json", "--no-progress"]) == 0
        figures.append(json.loads(capsys.readouterr().out))
    of_model, of_experiment = figures
    assert of_experiment["figures"] == of_model["figures"]
    assert of_experiment["settings"] == of_model["settings"]


def test_an_experiments_model_restores_as_the_model_does(model: Path, experiment: Path) -> None:
    pictures = []
    for path in (model, experiment):
        assert main(["reconstruct", str(path), "--data", "images.npz", "--output", f"{path.suffix}.png"]) == 0
        pictures.append((model.parent / f"{path.suffix}.png").read_bytes())
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("command", ["evaluate", "reconstruct"])
def test_what_holds_no_model_is_refused_in_one_sentence(
    folder: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    save_experiment(folder / "empty.rbmx", experiment_of())
    (folder / "broken.rbmx").write_bytes(b"PK")
    assert main([command, "empty.rbmx"]) == 1
    assert capsys.readouterr().err == "rbm-studio: There is no model in empty.rbmx yet. Choose another experiment.\n"
    assert main([command, "broken.rbmx"]) == 1
    assert "not an experiment of RBM Studio" in capsys.readouterr().err
