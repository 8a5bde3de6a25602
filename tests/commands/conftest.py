from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder, which is the working folder."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.delenv("RBM_STUDIO_MNIST_DIR", raising=False)
    return tmp_path / "work"


@pytest.fixture
def images(folder: Path) -> Path:
    """Return a file of 33 images of 5 by 4 pixels in three classes, 30 to learn from and 3 held out."""
    rng = np.random.default_rng(0)
    labels = np.arange(33, dtype=np.uint8) % 3
    bright = np.repeat(np.eye(5)[labels * 2][:, :, None], 4, axis=2)
    grey = np.clip(200 * bright + rng.integers(0, 56, (33, 5, 4)), 0, 255).astype(np.uint8)
    np.savez(folder / "images.npz", images=grey, labels=labels)
    return folder / "images.npz"


@pytest.fixture
def model(images: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Return a trained model that knows the classes."""
    path = images.parent / "model.safetensors"
    options = ["--data", str(images), "--hidden", "6", "--labels", "--epochs", "100", "--batch-size", "10"]
    assert main(["train", *options]) == 0
    capsys.readouterr()
    return path
