from __future__ import annotations

import json
import re
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.cli import main
from rbm_studio.commands.terminal import INTERRUPTED, ProgressBar
from rbm_studio.core.likelihood import exact_log_partition
from rbm_studio.core.parameters import Parameters
from rbm_studio.storage.model_file import SavedModel, load_model, save_model

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="no file can have such a name")
def test_a_files_name_tells_the_terminal_nothing(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = model.rename(model.with_name("m\x1b[31m\x9b\udcff.safetensors"))
    images = model.with_name("images.npz").rename(model.with_name("i\x1b]0;title\x07\u202e\udcff.npz"))
    output = str(model.with_name("o\x1b[2J\udcff"))
    few = ["--data", str(images), "--chains", "2", "--temperatures", "5", "--within", "inf"]
    assert main(["evaluate", str(named), *few]) == 0
    assert main(["convert", str(named), f"{output}.csv"]) == 0
    assert main(["reconstruct", str(named), "--data", str(images), "--output", f"{output}.png"]) == 0
    resumed = ["--resume", str(named), "--epochs", "1", "--data", str(images)]
    assert main(["train", *resumed, "--output", f"{output}.safetensors", "--loss", f"{output}.dat"]) == 0
    printed = capsys.readouterr()
    assert all(line.isprintable() for line in (printed.out + printed.err).split("\n"))
    assert "m?[31m??.safetensors: 20 visible" in printed.out
    assert printed.err.count("# Saved: ") == 3
    assert main(["evaluate", str(named), *few, "--json"]) == 0
    text = capsys.readouterr().out
    assert all(line.isprintable() for line in text.split("\n"))
    assert json.loads(text)["model"] == str(named)


def test_the_table_has_a_line_for_each_figure(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(model), "--data", "images.npz"]) == 0
    title, trained, measured, blank, *lines = capsys.readouterr().out.splitlines()
    assert title == f"{model}: 20 visible, 6 hidden, 3 label units; recommended, 100 epochs"
    assert trained.startswith("Trained on images.npz (30 training and 3 test images of 5×4 pixels), grey levels 0..255")
    assert measured.startswith("Measured on the same images; by RBM Studio ")
    assert blank == ""
    # ln Z; ten on both parts, but for the gap and the cosine; six of chains from noise.
    assert len(lines) == 1 + 2 * 9 + 2 + 6
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


def large_model(*, weight: float = 0.1) -> str:
    rng = np.random.default_rng(0)
    sizes = (((30, 26), weight), ((30,), 0.1), ((26,), 0.1))
    arrays = (rng.normal(0, scale, shape).astype(np.float32) for shape, scale in sizes)
    save_model("large.safetensors", SavedModel(Parameters(*arrays), image_shape=(6, 5)))
    return "large.safetensors"


def evaluated(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    capsys.readouterr()
    assert main(["evaluate", "large.safetensors", "--data", "images.npz", *options]) == 0
    return capsys.readouterr().out


@pytest.mark.usefixtures("images")
def test_a_large_model_is_bracketed(capsys: pytest.CaptureFixture[str]) -> None:
    large_model()
    printed = evaluated(capsys, "--chains", "30", "--temperatures", "20")
    assert printed.startswith("large.safetensors: 30 visible, 26 hidden units\n")
    chains = r"\d\d of 30 chains effective"
    assert re.search(rf"^ln Z \(AIS\) +\d+\.\d+ ± \d+\.\d\d +nats +{chains}$", printed, re.MULTILINE)
    assert re.search(
        rf"^Log-likelihood \(AIS\) .* 3 test images, thresholded at 0\.5, {chains}$", printed, re.MULTILINE
    )
    assert re.search(
        r"^Log-likelihood \(reverse AIS\) +-\d+\.\d+ ± .* 3 test images, .* all of 30 chains effective$",
        printed,
        re.MULTILINE,
    )
    last = printed.splitlines()[-1]
    assert re.match(r"Bracket of the test images' log-likelihood, .* 20 temperatures: -.* to -.* nats: 0\.\d\d", last)


@pytest.mark.usefixtures("images")
def test_json_tells_split_count_and_what_was_annealed(capsys: pytest.CaptureFixture[str]) -> None:
    large_model()
    found = json.loads(evaluated(capsys, "--json", "--chains", "30", "--temperatures", "20"))
    parts = {(figure["split"], figure["count"]) for figure in found["figures"]}
    assert parts == {(None, None), ("training", 30), ("test", 3)}
    first, last = found["figures"][0], found["figures"][-1]
    assert (first["chains"], first["temperatures"], last["effective_chains"]) == (30, 20, 30.0)
    assert 1.0 < first["effective_chains"] < 30.0
    bracket = found["bracket"]
    (upper,) = (f for f in found["figures"] if (f["name"], f["split"]) == ("log_likelihood_ais", "test"))
    assert (bracket["lower"], bracket["upper"]) == (last["value"], upper["value"])
    assert bracket["width"] == pytest.approx(
        abs(last["value"] - upper["value"]) + last["standard_error"] + upper["standard_error"]
    )
    assert (bracket["inverted"], bracket["narrow"], bracket["within"], bracket["temperatures"]) == (False, True, 1, 20)
    assert found["warnings"] == []


@pytest.mark.usefixtures("images")
@pytest.mark.parametrize("weight", [1e30, 1e38])
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_figure_that_is_no_number_is_a_dash(
    capsys: pytest.CaptureFixture[str], weight: float, form: tuple[str, ...]
) -> None:
    rng = np.random.default_rng(0)
    w, visible, hidden = (rng.normal(0, 1, shape).astype(np.float32) for shape in ((20, 26), (20,), (26,)))
    np.savez("huge.npz", w=np.sign(w) * np.float32(weight), visible_bias=visible, hidden_bias=hidden)
    options = ["--data", "images.npz", "--chains", "4", "--temperatures", "5", "--most-temperatures", "5"]
    assert main(["evaluate", "huge.npz", *options, *form]) == 0
    assert not re.search(r"\b(nan|inf(inity)?)\b", capsys.readouterr().out, re.IGNORECASE)


def test_an_exact_model_has_no_bracket_in_json(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(model), "--data", "images.npz", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["bracket"], found["warnings"]) == (None, [])
    assert {figure["effective_chains"] for figure in found["figures"]} == {None}


@pytest.mark.usefixtures("images")
def test_the_error_of_a_single_chain_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    large_model()
    # JSON has no infinity.
    found = json.loads(evaluated(capsys, "--chains", "1", "--temperatures", "2", "--json"))
    assert found["figures"][0]["standard_error"] is None
    assert found["bracket"]["width"] is None
    assert found["bracket"]["temperatures"] == 2
    assert found["warnings"] == ["A single chain has no error to judge by: more chains (--chains)."]


@pytest.mark.usefixtures("images")
def test_the_bracket_is_narrowed_until_it_is_as_narrow_as_asked(capsys: pytest.CaptureFixture[str]) -> None:
    large_model(weight=1.0)

    def bracket(*options: str) -> dict[str, object]:
        printed = evaluated(capsys, "--json", "--temperatures", "5", *options)
        found: dict[str, object] = json.loads(printed)["bracket"]
        return found

    first = bracket("--within", "inf")
    assert (first["temperatures"], first["within"]) == (5, None)
    later = bracket("--within", "1")
    assert later["narrow"]
    assert isinstance(later["temperatures"], int)
    assert later["temperatures"] > 5
    # The limit, and that it was reached.
    printed = evaluated(capsys, "--temperatures", "5", "--within", "0.0001", "--most-temperatures", "15")
    assert "Not as narrow as asked for, 0.0001 nats (--within): 15 temperatures are the most" in printed


@pytest.mark.usefixtures("images")
def test_an_inverted_bracket_and_few_chains_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    # A model of two modes: annealing, if fast, ends mostly in the less probable one, where the test images are.
    rng = np.random.default_rng(0)
    w, visible_bias, hidden_bias = np.zeros((30, 26)), np.zeros(30), np.zeros(26)
    w[:6, 0], visible_bias[:6], hidden_bias[0] = 6.0, -1.0, -22.0
    p = Parameters(*(x.astype(np.float32) for x in (w, visible_bias, hidden_bias)))
    save_model("large.safetensors", SavedModel(p, image_shape=(6, 5)))
    images = 255 * rng.integers(0, 2, (1000, 30), dtype=np.uint8)
    images[::10, :6] = 0
    labels = np.zeros(1000, dtype=np.uint8)
    np.savez("images.npz", images=images.reshape(-1, 6, 5), labels=labels)
    printed = evaluated(capsys, "--temperatures", "3", "--within", "0.5", "--most-temperatures", "6")
    *_, first, second = printed.splitlines()
    assert re.match(r"Bracket inverted: more temperatures\. Reverse AIS lies \d+\.\d\d nats above AIS: with 6 t", first)
    assert second.startswith("Not as narrow as asked for, 0.5 nats (--within): 6 temperatures are the most")
    large_model(weight=1.0)
    printed = evaluated(capsys, "--temperatures", "3", "--within", "inf")
    assert re.search(r"^Few chains: [1-9]\.\d of 100 carry .*: more temperatures", printed, re.MULTILINE)


@pytest.mark.usefixtures("images")
def test_ctrl_c_ends_an_annealing_at_its_next_step(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    large_model(weight=1.0)
    steps: list[str] = []

    def show(_bar: ProgressBar, part: float, text: str) -> None:
        steps.append(text)
        if text.startswith("AIS, 10 temperatures") and part > 0:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(ProgressBar, "show", show)
    options = ["--data", "images.npz", "--temperatures", "5", "--within", "0.001"]
    assert main(["evaluate", "large.safetensors", *options]) == INTERRUPTED
    assert [step for step in steps if "10 temperatures" in step] == steps[-2:]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--images", "0"], "The number of images is 0."),
        (["--chains", "0"], "The number of chains is 0."),
        (["--temperatures", "0"], "The number of temperatures is 0."),
        (["--most-temperatures", "0"], "The highest number of temperatures is 0."),
        (["--within", "0"], "The bracket is to be narrower than 0 nats."),
        (["--within", "nan"], "The bracket is to be narrower than nan nats."),
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
