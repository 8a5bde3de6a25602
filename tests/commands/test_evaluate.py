from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.cli import main
from rbm_studio.core.likelihood import exact_log_partition
from rbm_studio.core.parameters import Parameters
from rbm_studio.storage.model_file import SavedModel, load_model, save_model

if TYPE_CHECKING:
    from pathlib import Path


def test_the_table_has_a_line_for_each_figure(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(model), "--data", "images.npz"]) == 0
    title, blank, *lines = capsys.readouterr().out.splitlines()
    assert title == f"{model}: 20 visible, 6 hidden, 3 label units; recommended, 100 epochs"
    assert blank == ""
    # ln Z; ten on both parts, but for the gap and the cosine.
    assert len(lines) == 1 + 2 * 9 + 2
    assert re.fullmatch(r"ln Z +-?\d+\.\d+ +nats", lines[0])
    assert re.fullmatch(r"Article's KL +-?0\.\d{4} +nats per pixel +30 training images, grey values", lines[1])
    assert any(re.fullmatch(r"Log-likelihood .* 3 test images, thresholded at 0\.5", line) for line in lines)
    assert any(re.fullmatch(r"Accuracy +100\.00 +% .*", line) for line in lines)
    # A column begins where it begins in the other lines.
    assert len({line.index("nats per image") for line in lines if "nats per image" in line}) == 1


def test_json_holds_the_same(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(model), "--data", "images.npz", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["visible_units"], found["hidden_units"], found["label_units"]) == (20, 6, 3)
    assert found["epochs"] == 100
    assert found["settings"]["preset"] == "recommended"
    first = found["figures"][0]
    assert first["name"] == "log_partition"
    assert first["value"] == pytest.approx(exact_log_partition(load_model(model).parameters))
    assert {figure["binarisation"] for figure in found["figures"]} == {"", "grey values", "thresholded at 0.5"}


def test_images_are_shown_as_in_training_or_as_the_options_say(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = load_model(model)
    assert saved.settings is not None
    save_model(model, replace(saved, settings=replace(saved.settings, binarisation="threshold", threshold=0.25)))

    def shown(*options: str) -> set[str]:
        capsys.readouterr()
        assert main(["evaluate", str(model), "--data", "images.npz", "--json", *options]) == 0
        figures = json.loads(capsys.readouterr().out)["figures"]
        # The article's KL is of grey values always.
        return {figure["binarisation"] for figure in figures if figure["name"] != "article_kl"} - {""}

    assert shown() == {"thresholded at 0.25"}
    assert shown("--threshold", "0.75") == {"thresholded at 0.75"}
    assert shown("--binarisation", "stochastic") == {"made binary at random"}
    assert shown("--binarisation", "grey") == {"grey values", "thresholded at 0.25"}


def test_fewer_images_are_named(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(model), "--data", "images.npz", "--images", "7"]) == 0
    printed = capsys.readouterr().out
    assert "7 of 30 training images" in printed
    assert " 3 test images" in printed


def test_a_large_model_is_bracketed(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    arrays = (rng.normal(0, 0.1, shape).astype(np.float32) for shape in ((30, 26), (30,), (26,)))
    save_model("large.safetensors", SavedModel(Parameters(*arrays), image_shape=(6, 5)))
    options = ["--data", str(images), "--chains", "3", "--temperatures", "20"]
    assert main(["evaluate", "large.safetensors", *options]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("large.safetensors: 30 visible, 26 hidden units\n")
    assert re.search(r"^ln Z \(AIS\) +\d+\.\d+ ± \d+\.\d\d +nats$", printed, re.MULTILINE)
    assert re.search(r"^Log-likelihood \(reverse AIS\) +-\d+\.\d+ ± .* 3 test images", printed, re.MULTILINE)
    # The error of a single chain is not known, and JSON has no infinity.
    options = ["--data", str(images), "--chains", "1", "--temperatures", "2", "--json"]
    assert main(["evaluate", "large.safetensors", *options]) == 0
    assert json.loads(capsys.readouterr().out)["figures"][0]["standard_error"] is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--images", "0"], "The number of images is 0."),
        (["--chains", "0"], "The number of chains is 0."),
        (["--temperatures", "0"], "The number of temperatures is 0."),
        (["--batch-size", "0"], "The batch size is 0."),
        (["--seed", "-1"], "The seed is -1."),
        (["--threshold", "2"], "The threshold is 2.0."),
        (["--data", "missing.npz"], "missing.npz"),
    ],
)
def test_what_cannot_be_is_told(
    model: Path, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    assert main(["evaluate", str(model), "--data", "images.npz", *options]) == 1
    printed = capsys.readouterr()
    assert words in printed.err
    assert printed.out == ""
