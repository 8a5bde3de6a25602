from __future__ import annotations

import os
import pickle
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.cli import main
from rbm_studio.storage.model_file import load_model

if TYPE_CHECKING:
    from pathlib import Path


def test_a_pickle_becomes_a_model_that_the_other_commands_take(
    folder: Path, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = {"w": np.eye(20, 3), "visible_bias": np.zeros(20), "hidden_bias": np.ones(3)}
    (folder / "theirs.pkl").write_bytes(pickle.dumps(weights))
    assert main(["convert", "theirs.pkl", "ours.safetensors"]) == 0
    assert capsys.readouterr().err == "# Saved: ours.safetensors\n"
    np.testing.assert_array_equal(load_model(folder / "ours.safetensors").parameters.w, weights["w"])
    assert main(["convert", "ours.safetensors", "again.npz"]) == 0
    with np.load(folder / "again.npz") as arrays:
        np.testing.assert_array_equal(arrays["hidden_bias"], weights["hidden_bias"])
    capsys.readouterr()
    tables = []
    for model in ("theirs.pkl", "ours.safetensors", "again.npz"):
        options = ["--data", str(images), "--no-progress", "--chains", "5", "--temperatures", "10"]
        assert main(["evaluate", model, *options]) == 0
        tables.append(capsys.readouterr().out.partition("\n")[2])
    assert tables[0] == tables[1] == tables[2]
    assert main(["reconstruct", "again.npz", "--data", str(images)]) == 0
    assert (folder / "reconstructions.png").exists()


def test_a_trained_model_becomes_a_table_and_a_curve(folder: Path, model: Path) -> None:
    assert main(["convert", str(model), "weights.csv"]) == 0
    assert (folder / "weights.csv").read_text().startswith("unit,bias,hidden_1")
    assert main(["convert", str(model), "curve.dat"]) == 0
    assert (folder / "curve.dat").read_text() == (folder / "loss.dat").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["model.safetensors", "x.png"], "A model cannot be written as “x.png”"),
        (["weights.npz", "x.dat"], "The file does not say what the model's KL was."),
        (["attack.pkl", "x.npz"], "attack.pkl holds more than arrays of numbers"),
        (["none.npz", "x.npz"], "none.npz cannot be read: No such file or directory."),
        (["weights.npz", "nowhere/x.npz"], "x.npz was not saved: there is no folder"),
    ],
)
def test_what_cannot_be_converted_is_told(
    folder: Path, model: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["convert", str(model), "weights.npz"]) == 0

    class Attack:
        def __reduce__(self) -> Any:
            return os.system, ("touch owned",)

    (folder / "attack.pkl").write_bytes(pickle.dumps(Attack()))
    capsys.readouterr()
    assert main(["convert", *arguments]) == 1
    assert words in capsys.readouterr().err
    assert not (folder / "owned").exists()


@pytest.mark.parametrize("axes", [8, 43, 65, 1000])
@pytest.mark.parametrize("side", [0, 1, 2, 2**40])
def test_arrays_of_many_axes_are_told_by_every_command(
    folder: Path, model: Path, capsys: pytest.CaptureFixture[str], axes: int, side: int
) -> None:
    header = repr({"descr": "<f4", "fortran_order": False, "shape": (side,) * axes}).encode()
    array = (
        b"\x93NUMPY\2\0"
        + struct.pack("<I", len(header) + 1)
        + header
        + b"\n"
        + bytes(4 * side**axes if side < 2 else 0)
    )
    (folder / "images.npy").write_bytes(array)
    for name, held in (("weights.npz", ("w", "visible_bias", "hidden_bias")), ("images.npz", ("images",))):
        with zipfile.ZipFile(folder / name, "w") as archive:
            for each in held:
                archive.writestr(f"{each}.npy", array)
    commands = [["convert", "weights.npz", "x.npz"], ["evaluate", "weights.npz"], ["reconstruct", "weights.npz"]]
    for images in ("images.npy", "images.npz"):
        commands.append(["train", "--data", images])
        commands += [[command, str(model), "--data", images] for command in ("evaluate", "reconstruct")]
    for command in commands:
        assert main(command) == 1
        assert capsys.readouterr().err.startswith("rbm-studio: ")
