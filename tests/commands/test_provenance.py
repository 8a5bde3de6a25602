from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rbm_studio import RBM
from rbm_studio.cli import main
from rbm_studio.core.parameters import Parameters
from rbm_studio.data.sample import sample_dataset
from rbm_studio.storage.experiment_file import save_experiment
from rbm_studio.storage.model_file import SavedModel, load_model, save_model
from rbm_studio.storage.provenance import Provenance, TrainingData
from rbm_studio.version import __version__
from tests.app.conftest import idx
from tests.experiments import experiment_of

FEW = ["--chains", "2", "--temperatures", "5", "--no-progress"]


def data_of(path: Path | str) -> TrainingData:
    provenance = load_model(path).provenance
    assert provenance is not None
    assert provenance.data is not None
    return provenance.data


def evaluated(capsys: pytest.CaptureFixture[str], model: Path | str, *options: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["evaluate", str(model), "--json", *FEW, *options]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert main(list(arguments)) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err


def without_a_record(path: Path) -> Path:
    """Make a model's file one of an earlier version."""
    save_model(path, replace(load_model(path), provenance=None))
    return path


@pytest.fixture
def small_mnist(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with 40 and 10 images in MNIST's form and size, which is where MNIST is looked for."""
    rng = np.random.default_rng(0)
    place = folder / "mnist"
    place.mkdir()
    for part, count in (("train", 40), ("t10k", 10)):
        images = (rng.random((count, 28, 28)) < 0.2).astype(np.uint8) * np.uint8(255)
        (place / f"{part}-images-idx3-ubyte.gz").write_bytes(idx(images))
        (place / f"{part}-labels-idx1-ubyte.gz").write_bytes(idx(np.arange(count, dtype=np.uint8) % 10))
    monkeypatch.setenv("RBM_STUDIO_MNIST_DIR", str(place))
    return place


# --- what is written down


def test_training_writes_down_its_images_and_what_computed(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--epochs", "1", "--hidden", "3", "--binarisation", "threshold", "--threshold", "0.3"]
    assert main(["train", "--data", "images.npz", "--device", "cpu", *options]) == 0
    capsys.readouterr()
    data, provenance = data_of("model.safetensors"), load_model("model.safetensors").provenance
    assert (data.name, data.train_num, data.test_num, data.image_shape) == ("images.npz", 30, 3, (5, 4))
    assert (data.values, data.binarisation, data.threshold) == ("grey levels 0..255", "threshold", 0.3)
    assert Path(data.source).expanduser() == images
    assert re.fullmatch("[0-9a-f]{64}", data.digest)
    assert re.fullmatch("[0-9a-f]{64}", data.images_digest)
    assert provenance is not None
    assert provenance.version == __version__
    assert provenance.threads >= 1
    assert provenance.kernels.startswith(f"NumPy {np.__version__}")


def test_the_class_and_the_command_know_the_same_images(model: Path) -> None:
    with np.load("images.npz") as arrays:
        everything = arrays["images"].reshape(33, 20)
    rbm = RBM(20, 3).fit(everything[np.arange(33) % 10 != 9] / 255, epochs=1, verbose=False)
    assert rbm.trained_on is not None
    assert rbm.trained_on.images_digest == data_of(model).images_digest


# --- which images are taken


def test_the_images_are_found_where_they_were(
    model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = evaluated(capsys, model, "--data", "images.npz")
    monkeypatch.chdir(tmp_path)
    found = evaluated(capsys, model)
    assert found["figures"] == given["figures"]
    assert found["measured_on"] == given["measured_on"] | {"source": str(model.parent / "images.npz")}
    assert found["measured_on"]["are_its_own"] is True
    assert main(["reconstruct", str(model)]) == 0
    assert "# Images: images.npz" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["evaluate", "reconstruct"])
@pytest.mark.usefixtures("small_mnist")
def test_images_that_are_gone_are_asked_for_and_no_others_are_taken(
    model: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    Path("images.npz").rename("moved.npz")
    error = refused(capsys, command, str(model))
    assert "trained on images.npz (30 training and 3 test images of 5×4 pixels)" in error
    assert "Name them with --data." in error
    assert not Path("reconstructions.png").exists()
    assert main([command, str(model), "--data", "moved.npz"]) == 0


def test_other_images_in_their_place_are_not_taken(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with np.load("images.npz") as arrays:
        changed, labels = arrays["images"].copy(), arrays["labels"]
    changed[0, 0, 0] ^= 1
    np.savez("images.npz", images=changed, labels=labels)
    assert "trained on images.npz" in refused(capsys, "evaluate", str(model))
    assert evaluated(capsys, model, "--data", "images.npz")["measured_on"]["are_its_own"] is False


def test_a_model_of_small_images_is_not_measured_on_mnist(
    small_mnist: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digits = np.random.default_rng(0).integers(0, 17, (50, 64)) / 16
    rbm = RBM(64, 3).fit(digits, epochs=1, verbose=False)
    rbm.image_shape = (8, 8)
    rbm.save("digits.safetensors")
    error = refused(capsys, "evaluate", "digits.safetensors")
    assert "trained on images without a name (50 training images of 64 pixels)" in error
    np.save("digits.npy", digits.reshape(50, 8, 8))
    # Every tenth is held out of a file, and so these are not the same images to train on.
    assert evaluated(capsys, "digits.safetensors", "--data", "digits.npy")["measured_on"]["are_its_own"] is False
    # Nor is one of an earlier version, which does not say on what it was trained.
    path = without_a_record(Path("digits.safetensors"))
    assert "The model sees images of 64 pixels, and its file does not say" in refused(capsys, "evaluate", str(path))
    assert evaluated(capsys, path, "--data", "digits.npy")["measured_on"]["are_its_own"] is None
    assert evaluated(capsys, path, "--data", str(small_mnist))["measured_on"]["name"] == "MNIST"


def test_what_was_trained_on_mnist_is_measured_on_it_at_every_size(
    small_mnist: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for size in ("28x28", "7x7"):
        assert main(["train", "--epochs", "1", "--hidden", "3", "--size", size]) == 0
        # It may have gone elsewhere, such as into the cache.
        path = Path("model.safetensors")
        saved = load_model(path)
        assert saved.provenance is not None
        save_model(path, replace(saved, provenance=replace(saved.provenance, data=replace(data_of(path), source=""))))
        found = evaluated(capsys, path)
        assert found["measured_on"]["source"] == str(small_mnist)
        assert found["measured_on"]["are_its_own"] is True
        assert found["measured_on"]["image_shape"] == [int(side) for side in size.split("x")]


@pytest.mark.usefixtures("small_mnist")
def test_an_old_model_of_mnists_size_is_measured_on_it_and_that_it_may_be_another_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--epochs", "1", "--hidden", "3"]) == 0
    path = without_a_record(folder / "model.safetensors")
    capsys.readouterr()
    assert main(["evaluate", str(path), *FEW]) == 0
    _, trained, measured, *_ = capsys.readouterr().out.splitlines()
    assert trained == "Its file does not say what it was trained on"
    assert "whether it was trained on these is not known" in measured
    assert evaluated(capsys, path)["trained_on"] is None


def test_a_model_of_another_program_asks_for_images_that_are_not_mnists_size(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arrays: dict[str, Any] = {"w": np.zeros((196, 2)), "visible_bias": np.zeros(196), "hidden_bias": np.zeros(2)}
    np.savez(folder / "foreign.npz", **arrays)
    if sample_dataset() is not None:
        assert "its file does not say which it was trained on" in refused(capsys, "evaluate", "foreign.npz")


def test_other_images_are_measured_where_they_are_named_and_called_others(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save("others.npy", np.zeros((30, 5, 4), dtype=np.uint8) + np.arange(30, dtype=np.uint8)[:, None, None])
    assert main(["evaluate", str(model), "--data", "others.npy"]) == 0
    _, trained, measured, *_ = capsys.readouterr().out.splitlines()
    assert trained.startswith("Trained on images.npz")
    assert measured.startswith("Measured on others.npy (others.npy), which are OTHER images; by RBM Studio ")
    found = evaluated(capsys, model, "--data", "others.npy")
    assert found["measured_on"]["are_its_own"] is False
    assert found["trained_on"]["name"] == "images.npz"
    assert main(["reconstruct", str(model), "--data", "others.npy"]) == 0
    assert "# These are other images than the model was trained on, images.npz" in capsys.readouterr().err


def test_the_table_and_json_name_the_version_the_threads_and_the_kernels(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = load_model(model)
    assert saved.provenance is not None
    save_model(model, replace(saved, provenance=replace(saved.provenance, version="0.0.9", threads=1, kernels="X 1")))
    found = evaluated(capsys, model)
    assert found["trained_by"] == {"version": "0.0.9", "threads": 1, "kernels": "X 1"}
    assert found["measured_by"]["version"] == __version__
    assert found["measured_by"]["threads"] >= 1
    assert found["measured_by"]["kernels"].startswith("NumPy ")
    assert main(["evaluate", str(model)]) == 0
    assert "; by RBM Studio 0.0.9, 1 thread, X 1\n" in capsys.readouterr().out


# --- other ways


def test_a_stream_can_only_be_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rbm = RBM(20, 3)
    for _ in range(3):
        rbm.partial_fit(np.eye(20, dtype=np.uint8))
    rbm.save(folder / "stream.safetensors")
    assert "trained on a stream (60 training images of 20 pixels)" in refused(capsys, "evaluate", "stream.safetensors")
    np.save("rows.npy", np.zeros((9, 5, 4), dtype=np.uint8))
    assert evaluated(capsys, "stream.safetensors", "--data", "rows.npy")["measured_on"]["are_its_own"] is None


def test_an_older_experiment_says_what_its_model_was_trained_on(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    identity = data_of(model).identity
    assert identity is not None
    save_experiment("old.rbmx", experiment_of(replace(load_model(model), provenance=None), identity))
    assert "trained on images.npz (30 training and 3 test images" in refused(capsys, "evaluate", "old.rbmx")
    assert evaluated(capsys, "old.rbmx", "--data", "images.npz")["measured_on"]["are_its_own"] is True


def test_training_goes_on_with_the_images_that_it_began_with(
    model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", "--resume", str(model), "--epochs", "1"]) == 0
    assert data_of("model.safetensors") == data_of(model)
    (model.parent / "images.npz").unlink()
    assert "trained on images.npz" in refused(capsys, "train", "--resume", str(model))


class Ended(Exception):
    pass


def end(_at: object) -> None:
    raise Ended


def test_an_interrupted_run_is_not_finished_on_other_images(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with np.load("images.npz") as arrays:
        rows = arrays["images"].reshape(33, 20)[np.arange(33) % 10 != 9]
        everything = arrays["images"]
    rbm = RBM(20, 3, batch_size=10, epochs=2)
    with suppress(Ended):
        rbm.fit(rows, progress=end, verbose=False)
    rbm.save(model)
    np.save("others.npy", everything[::-1])
    for data, epochs in (("images.npz", 2), ("others.npy", 3)):
        assert main(["train", "--resume", str(model), "--data", data, "--output", "more.safetensors"]) == 0
        state = load_model("more.safetensors").state
        assert state is not None
        assert round(state.epochs_trained) == epochs - (data == "others.npy")
        assert (state.epochs_trained > 2) == (data == "others.npy")
        assert ("These are other images" in capsys.readouterr().err) == (data == "others.npy")


@pytest.mark.parametrize(
    "source", ["relative.npz", "", "//host/share/images.npz", "\\\\host\\share\\images.npz", "/dev/zero", "\0"]
)
def test_a_place_that_a_file_names_is_not_believed(
    model: Path, capsys: pytest.CaptureFixture[str], source: str
) -> None:
    Path("images.npz").rename("relative.npz")
    saved = load_model(model)
    save_model(model, replace(saved, provenance=Provenance(replace(data_of(model), source=source))))
    assert "trained on images.npz" in refused(capsys, "evaluate", str(model))


@pytest.mark.usefixtures("folder")
def test_a_name_out_of_a_file_cannot_command_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    arrays = (np.zeros(shape, dtype=np.float32) for shape in ((20, 3), (20,), (3,)))
    data = TrainingData(9, "\x1b[2Jgone", values="\x07", images_digest="0" * 64)
    provenance = Provenance(data, "\x1b]0;\x07", 1, "\x9b2J")
    save_model("bad.safetensors", SavedModel(Parameters(*arrays), provenance=provenance))
    error = refused(capsys, "evaluate", "bad.safetensors")
    assert "?[2Jgone (9 training images of 20 pixels)" in error
    np.save("rows.npy", np.zeros((9, 5, 4), dtype=np.uint8))
    assert main(["evaluate", "bad.safetensors", "--data", "rows.npy"]) == 0
    printed = capsys.readouterr()
    assert all(letter.isprintable() or letter == "\n" for letter in printed.out + printed.err + error)


# --- seeds


def test_a_seed_can_be_drawn_and_is_told(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seeds = []
    for _ in range(2):
        assert main(["train", "--data", str(images), "--epochs", "1", "--hidden", "2", "--seed", "random"]) == 0
        printed = capsys.readouterr()
        told = re.search(r"^# The seed was drawn: (\d+)$", printed.err, re.MULTILINE)
        assert told is not None
        assert printed.out.startswith("# Computation will proceed")
        settings = load_model("model.safetensors").settings
        assert settings is not None
        assert settings.seed == int(told[1])
        seeds.append(settings.seed)
    assert seeds[0] != seeds[1]
    for command in ("evaluate", "reconstruct"):
        assert main([command, "model.safetensors", "--seed", "random"]) == 0
        assert "# The seed was drawn: " in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["train", "--seed", "dice"])
    assert "invalid seed value: 'dice'" in capsys.readouterr().err
