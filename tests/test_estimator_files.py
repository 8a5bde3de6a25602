"""Models and loss files that the article's class writes and reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio import RBM, RBMStudioError
from rbm_studio.core.settings import TrainingSettings
from rbm_studio.core.training import TrainingDivergedError
from rbm_studio.storage.atomic import FileError
from rbm_studio.storage.model_file import load_model
from tests.patterns import D, H, bits

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from rbm_studio.core.backend import FloatArray


def test_a_round_trip(trained: RBM, images: FloatArray, tmp_path: Path) -> None:
    path = tmp_path / "digits.safetensors"
    trained.save(path)
    loaded = RBM(D, H, seed=99)
    assert loaded.load(path) is loaded
    np.testing.assert_array_equal(bits(loaded), bits(trained))
    assert loaded.history == trained.history
    np.testing.assert_array_equal(loaded.expect_hidden(images), trained.expect_hidden(images))


def test_a_loaded_model_is_trained_on_and_not_anew(trained: RBM, images: FloatArray, tmp_path: Path) -> None:
    path = tmp_path / "digits.safetensors"
    trained.save(path)
    loaded = RBM(D, H).load(path).fit(images, epochs=1, batch_size=10, verbose=False)
    assert [record.epoch for record in loaded.history] == list(range(1, 32))
    assert loaded.loss_history[-1] < 0.5 * loaded.loss_history[0]


def test_the_file_holds_how_it_was_trained(images: FloatArray, tmp_path: Path) -> None:
    path = tmp_path / "digits.safetensors"
    rbm = RBM(D, H, learning_rate=0.25, seed=8)
    rbm.fit(images, epochs=3, batch_size=15, verbose=False)
    rbm.save(path)
    settings = load_model(path).settings
    assert settings == TrainingSettings(learning_rate=0.25, seed=8, epochs=3, batch_size=15)


def test_a_loaded_model_is_trained_as_it_was_before(images: FloatArray, tmp_path: Path) -> None:
    path = tmp_path / "digits.safetensors"
    rbm = RBM(D, H, learning_rate=0.25, seed=8, gradient="pcd", chains=5)
    rbm.fit(images, epochs=3, batch_size=15, verbose=False).save(path)
    loaded = RBM(D, H, preset="article").load(path)
    assert loaded.settings == rbm.settings
    for each in (rbm, loaded):
        each.fit(images, verbose=False)
    np.testing.assert_array_equal(bits(loaded), bits(rbm))
    assert loaded.history == rbm.history


def test_a_model_of_other_classes(images: FloatArray, tmp_path: Path) -> None:
    path = tmp_path / "digits.safetensors"
    RBM(D, H, labels=3).save(path)
    with pytest.raises(RBMStudioError, match=r"digits\.safetensors knows 3 classes; this one knows 0.*labels=3"):
        RBM(D, H).load(path)
    loaded = RBM(D, H, labels=3).load(path)
    assert loaded.predict(images).shape == (60,)


def test_a_model_that_exploded_can_be_saved_and_opened(images: FloatArray, tmp_path: Path) -> None:
    path = tmp_path / "digits.safetensors"
    rbm = RBM(D, H, learning_rate=1e8)
    with pytest.raises(TrainingDivergedError):
        rbm.fit(images, verbose=False)
    rbm.save(path)
    np.testing.assert_array_equal(bits(RBM(D, H).load(path)), bits(rbm))


def test_numbers_from_numpy_can_be_saved(tmp_path: Path) -> None:
    numbers: dict[str, Any] = {"learning_rate": np.float32(0.25), "seed": np.int64(2)}
    RBM(D, H, **numbers).save(tmp_path / "model.safetensors")
    assert RBM(D, H).load(tmp_path / "model.safetensors").w.any()


def test_the_image_shape_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    rbm = RBM(D, H)
    shapes: list[Any] = [(2, 3), (np.int64(3), np.int64(2)), None]
    for shape in shapes:
        rbm.image_shape = shape
        rbm.save(path)
        assert RBM(D, H).load(path).image_shape == shape


@pytest.mark.parametrize("shape", [(2, 2), (6,), (-2, -3), (1, 2, 3)])
def test_an_image_shape_of_other_pixels_is_refused(shape: Any) -> None:
    rbm = RBM(D, H)
    with pytest.raises(RBMStudioError, match=r"has 6 visible units, which are no image of shape .* Give \(height"):
        rbm.image_shape = shape
    assert rbm.image_shape is None


def test_a_model_of_another_size(trained: RBM, tmp_path: Path) -> None:
    path = tmp_path / "digits.safetensors"
    trained.save(path)
    other = RBM(D, H + 1)
    before = bits(other)
    with pytest.raises(
        RBMStudioError,
        match=r"model in digits\.safetensors has 6 visible and 4 hidden units; this one has 6 and 5.*RBM\(6, 4\)",
    ):
        other.load(path)
    np.testing.assert_array_equal(bits(other), before)
    assert other.history == []


def test_a_file_that_is_no_model(trained: RBM, tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"not a model")
    before = bits(trained)
    with pytest.raises(FileError, match="model is not a model file"):
        trained.load(tmp_path / "model")
    np.testing.assert_array_equal(bits(trained), before)
    assert len(trained.history) == 30


def test_a_folder_that_is_missing(trained: RBM, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="there is no folder"):
        trained.save(tmp_path / "missing" / "model.safetensors")
    with pytest.raises(FileError, match="there is no folder"):
        trained.save_loss(tmp_path / "missing" / "loss.dat")


def test_the_loss_file(trained: RBM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    trained.save_loss()
    table: NDArray[np.float64] = np.loadtxt("loss.dat")
    np.testing.assert_array_equal(table[:, 0], np.arange(1, 31))
    np.testing.assert_allclose(table[:, 1], trained.loss_history, atol=1e-6)
