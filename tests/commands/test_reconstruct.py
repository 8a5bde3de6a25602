from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rbm_studio.cli import main
from rbm_studio.commands.reconstruct import pairs_picture
from rbm_studio.storage.atomic import FileError
from rbm_studio.storage.model_file import load_model, save_model
from rbm_studio.storage.png import save_png


def read_png(path: Path) -> np.ndarray:
    """Return a grey picture, after checking each chunk."""
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length) == (zlib.crc32(kind + content),)
        chunks[kind] = content
        at += 12 + length
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert rest == [8, 0, 0, 0, 0]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), dtype=np.uint8).reshape(height, width + 1)
    assert not rows[:, 0].any()
    return rows[:, 1:]


def test_a_picture_can_be_read_again(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (7, 13)).astype(np.uint8)
    save_png(tmp_path / "picture.png", picture)
    np.testing.assert_array_equal(read_png(tmp_path / "picture.png"), picture)
    with pytest.raises(FileError, match="there is no folder"):
        save_png(tmp_path / "nowhere" / "picture.png", picture)


def test_each_image_is_left_of_what_is_made_of_it() -> None:
    inputs = np.arange(1, 8, dtype=np.uint8)[:, None, None] * np.ones((1, 60, 50), dtype=np.uint8)
    picture = pairs_picture(inputs, inputs + np.uint8(100))
    runs = [[int(v) for v, before in zip(row[1:], row, strict=False) if v not in (255, before)] for row in picture]
    assert [run for run, before in zip(runs[1:], runs, strict=False) if run and run != before] == [
        [1, 101, 2, 102, 3, 103, 4, 104, 5, 105],
        [6, 106, 7, 107],
    ]
    assert (picture == 1).sum() == 60 * 50
    border = (picture[0], picture[-1], picture[:, 0], picture[:, -1])
    assert all((edge == 255).all() for edge in border)


def test_small_images_are_magnified() -> None:
    inputs = np.zeros((1, 28, 28), dtype=np.uint8)
    assert (pairs_picture(inputs, inputs + np.uint8(9)) == 9).sum() == 112 * 112


def test_the_first_test_images_are_shown_beside_their_reconstructions(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reconstruct", str(model), "--data", "images.npz", "--images", "2", "--output", "pairs.png"]) == 0
    assert "# Saved: pairs.png, 2 pairs" in capsys.readouterr().err
    picture = read_png(Path("pairs.png"))
    with np.load("images.npz") as arrays:
        held_out = arrays["images"][[9, 19]]
    scale = 112 // 5
    lit = picture[4 * scale :, 4 * scale :][::scale, ::scale]
    np.testing.assert_array_equal(lit[:5, :4], held_out[0])
    # The bright row of the first one is bright in what the model makes of it too, and the others are not.
    restored = picture[4 * scale :, (4 + 4 + 1) * scale :][::scale, ::scale][:5, :4].astype(int)
    assert restored.mean(axis=1).argmax() == held_out[0].mean(axis=1).argmax()
    assert restored.mean(axis=1).max() > 150


def test_the_same_seed_gives_the_same_picture(images: Path) -> None:
    # A model whose hidden units are not sure of anything yet.
    assert main(["train", "--data", str(images), "--epochs", "1", "--learning-rate", "0.5"]) == 0
    pictures = []
    for seed in ("1", "1", "2"):
        assert main(["reconstruct", "model.safetensors", "--data", "images.npz", "--seed", seed]) == 0
        pictures.append(Path("reconstructions.png").read_bytes())
    assert pictures[0] == pictures[1] != pictures[2]


def test_what_cannot_be_is_told(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reconstruct", "missing.safetensors", "--data", "images.npz"]) == 1
    assert "missing.safetensors cannot be read" in capsys.readouterr().err
    assert main(["reconstruct", str(model), "--data", "images.npz", "--images", "0"]) == 1
    assert "The number of images is 0" in capsys.readouterr().err
    assert not Path("reconstructions.png").exists()


def test_images_of_another_size_are_resampled_where_the_model_knows_its_own(model: Path) -> None:
    np.save("large.npy", np.zeros((10, 10, 8), dtype=np.uint8))  # the tenth is held out
    assert main(["reconstruct", str(model), "--data", "large.npy"]) == 0
    assert read_png(Path("reconstructions.png")).shape == (4 * 22 + 5 * 22 + 4 * 22, (2 * 4 + 1 + 2 * 4) * 22)


def test_without_a_shape_the_number_of_pixels_must_fit(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_model(model, replace(load_model(model), image_shape=None))
    assert main(["reconstruct", str(model), "--data", "images.npz"]) == 0
    np.save("other.npy", np.zeros((3, 7, 9), dtype=np.uint8))
    capsys.readouterr()
    assert main(["reconstruct", str(model), "--data", "other.npy"]) == 1
    assert "images of 20 pixels; those of other.npy have 7 by 9" in capsys.readouterr().err
