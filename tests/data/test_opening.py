from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.data import DataError, open_dataset

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from .conftest import WriteIdx, WriteMnist

RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (20, 6, 5), np.uint8)
LABELS = np.arange(20, dtype=np.uint8) % 10


def save(folder: Path, **arrays: NDArray[Any]) -> Path:
    path = folder / "arrays.npz"
    np.savez(path, allow_pickle=False, **arrays)
    return path


@pytest.mark.parametrize("part", ["", "raw", "MNIST/raw"])
@pytest.mark.parametrize("packed", [False, True])
def test_opens_a_folder_in_torchvisions_layout(
    tmp_path: Path, write_mnist: WriteMnist, part: str, packed: bool
) -> None:
    write_mnist(tmp_path / part, packed=packed)
    dataset = open_dataset(str(tmp_path))
    assert dataset.name == "MNIST"
    assert dataset.source == str(tmp_path / part)
    assert "LeCun" in dataset.note
    assert "CC BY-SA 3.0" in dataset.note
    assert (len(dataset.train_images), len(dataset.test_images)) == (30, 10)
    assert dataset.test_labels is not None
    assert dataset.test_labels.tolist() == list(range(10))


def test_a_set_of_the_same_form_is_not_called_mnist(tmp_path: Path, write_mnist: WriteMnist) -> None:
    write_mnist(tmp_path / "FashionMNIST" / "raw")
    dataset = open_dataset(tmp_path / "FashionMNIST")
    assert dataset.name == "FashionMNIST"
    assert "LeCun" not in dataset.note


def test_a_folder_without_mnist_names_what_was_looked_for(tmp_path: Path, write_mnist: WriteMnist) -> None:
    (write_mnist(tmp_path) / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match="does not hold MNIST") as caught:
        open_dataset(tmp_path)
    for name in ("train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        assert name in str(caught.value)


@pytest.mark.parametrize(
    ("train", "labels", "test"),
    [
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte"),
        ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte.gz"),
        ("train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte.gz"),
        ("letters-train-images-idx3-ubyte", "letters-train-labels-idx1-ubyte", "letters-test-images-idx3-ubyte"),
    ],
)
def test_an_idx_file_finds_its_siblings(
    tmp_path: Path, write_idx: WriteIdx, train: str, labels: str, test: str
) -> None:
    path = write_idx(tmp_path / train, BYTES)
    write_idx(tmp_path / labels, LABELS)
    write_idx(tmp_path / test, BYTES[:4])
    dataset = open_dataset(path)
    np.testing.assert_array_equal(dataset.train_images, BYTES)
    np.testing.assert_array_equal(dataset.train_labels, LABELS)
    np.testing.assert_array_equal(dataset.test_images, BYTES[:4])
    assert dataset.test_labels is None
    assert (dataset.name, dataset.source, dataset.note) == (train, str(path), "")


def test_every_tenth_image_is_held_out_where_there_is_no_test_part(tmp_path: Path, write_idx: WriteIdx) -> None:
    write_idx(tmp_path / "digits-labels-idx1-ubyte", LABELS)
    dataset = open_dataset(write_idx(tmp_path / "digits-images-idx3-ubyte", BYTES))
    np.testing.assert_array_equal(dataset.test_images, BYTES[[9, 19]])
    np.testing.assert_array_equal(dataset.train_images, np.delete(BYTES, [9, 19], axis=0))
    np.testing.assert_array_equal(dataset.train_labels, np.delete(LABELS, [9, 19]))
    np.testing.assert_array_equal(dataset.test_labels, LABELS[[9, 19]])
    assert "Every tenth image is held out" in dataset.note


@pytest.mark.parametrize(("count", "held_out"), [(1, 0), (6, 0), (9, 0), (10, 1)])
def test_of_a_few_images_none_is_held_out(tmp_path: Path, write_idx: WriteIdx, count: int, held_out: int) -> None:
    write_idx(tmp_path / "few-labels-idx1-ubyte", LABELS[:count])
    dataset = open_dataset(write_idx(tmp_path / "few-images-idx3-ubyte", BYTES[:count]))
    assert (len(dataset.train_images), len(dataset.test_images)) == (count - held_out, held_out)
    assert ("none is held out" in dataset.note) == (held_out == 0)
    assert dataset.test_labels is not None
    assert len(dataset.test_labels) == held_out
    assert dataset.class_num == (count if 1 < count <= 10 else 0)
    np.testing.assert_array_equal(dataset.examples, dataset.test_images if held_out else dataset.train_images)
    assert dataset.resampled((3, 3)).test_images.shape == (held_out, 3, 3)


@pytest.mark.parametrize("empty", [np.empty((0, 6, 5)), np.empty(0)], ids=["of their shape", "without a shape"])
def test_a_test_part_without_images_holds_out_none(tmp_path: Path, empty: NDArray[Any]) -> None:
    arrays = {"x_train": BYTES, "y_train": LABELS, "x_test": empty, "y_test": np.empty(0, np.uint8)}
    dataset = open_dataset(save(tmp_path, **arrays))
    assert (dataset.train_images.shape, dataset.test_images.shape) == ((20, 6, 5), (0, 6, 5))
    assert dataset.test_labels is not None
    assert dataset.class_num == 10


def test_labels_where_images_were_meant_are_told(tmp_path: Path, write_idx: WriteIdx) -> None:
    with pytest.raises(DataError, match=r"holds labels .* where images were meant"):
        open_dataset(write_idx(tmp_path / "train-labels-idx1-ubyte", LABELS))


def test_labels_of_other_images_are_told(tmp_path: Path, write_idx: WriteIdx) -> None:
    write_idx(tmp_path / "train-labels-idx1-ubyte", LABELS[:7])
    with pytest.raises(DataError, match="holds 7 labels, but there are 20 images"):
        open_dataset(write_idx(tmp_path / "train-images-idx3-ubyte", BYTES))


def test_opens_keras_file(tmp_path: Path) -> None:
    dataset = open_dataset(save(tmp_path, x_train=BYTES, y_train=LABELS, x_test=BYTES[:5], y_test=LABELS[:5]))
    np.testing.assert_array_equal(dataset.train_images, BYTES)
    np.testing.assert_array_equal(dataset.test_labels, LABELS[:5])
    assert dataset.name == "arrays.npz"


@pytest.mark.parametrize("images", ["images", "x", "data"])
@pytest.mark.parametrize("labels", ["labels", "y"])
def test_opens_arrays_by_name(tmp_path: Path, images: str, labels: str) -> None:
    dataset = open_dataset(save(tmp_path, **{images: BYTES, labels: LABELS, "more": np.zeros(3)}))
    assert len(dataset.train_images) == 18
    np.testing.assert_array_equal(dataset.test_labels, LABELS[[9, 19]])


def test_opens_a_single_array_by_any_name(tmp_path: Path) -> None:
    assert open_dataset(save(tmp_path, whatever=BYTES)).image_shape == (6, 5)


def test_unknown_names_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="it holds first, second"):
        open_dataset(save(tmp_path, first=BYTES, second=BYTES))


@pytest.mark.parametrize(
    ("array", "shape"),
    [
        (BYTES[..., None], (6, 5)),
        (BYTES[:, None], (6, 5)),
        (np.zeros((20, 784), np.uint8), (28, 28)),
        (BYTES, (6, 5)),
    ],
)
def test_shapes_that_are_taken(tmp_path: Path, array: NDArray[Any], shape: tuple[int, int]) -> None:
    path = tmp_path / "images.npy"
    np.save(path, array)
    assert open_dataset(path).image_shape == shape


@pytest.mark.parametrize(
    ("array", "grey"),
    [
        (np.array([0.0, 0.5, 1.0], np.float32), [0, 128, 255]),
        (np.array([0.0, 0.25, 0.75], np.float64), [0, 64, 191]),
        (np.array([0.0, 7.0, 255.0], np.float16), [0, 7, 255]),
        (np.array([0, 7, 255], np.int64), [0, 7, 255]),
        (np.array([0, 1, 1], np.int32), [0, 255, 255]),
        (np.array([False, True, True]), [0, 255, 255]),
        (np.array([0, 7, 9], np.uint8), [0, 7, 9]),
    ],
)
def test_values_that_are_taken(tmp_path: Path, array: NDArray[Any], grey: list[int]) -> None:
    path = tmp_path / "images.npy"
    np.save(path, np.tile(array, (2, 1)).reshape(2, 1, 3))
    assert open_dataset(path).train_images[0].tolist() == [grey]


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.full((2, 4, 4), np.nan), "holds the value NaN (not a number)"),
        (np.full((2, 4, 4), np.inf), "holds the value inf"),
        (np.full((2, 4, 4), -0.5), "holds the value -0.5"),
        (np.full((2, 4, 4), -1), "holds the value -1"),
        (np.full((2, 4, 4), 256), "holds the value 256"),
        (np.full((2, 4, 4), 1000.0), "holds the value 1000.0"),
        (np.full((2, 4, 4), 37.5), "holds fractions, and values up to 37.5"),
        (np.zeros((0, 28, 28)), "holds no images"),
        (np.zeros((5, 0)), "holds no images"),
        (np.zeros((5, 0, 28)), "holds no images"),
        (np.zeros((2, 785)), "rows of 785 values"),
        (np.zeros((2, 32, 32, 3)), "in colour"),
        (np.zeros((2, 4, 4, 7)), "shape (2, 4, 4, 7)"),
        (np.zeros(10), "where images were meant"),
        (np.array(3.0), "shape ()"),
        (np.array(["a"]), "not plain numbers"),
    ],
)
def test_arrays_that_are_refused(tmp_path: Path, array: NDArray[Any], says: str) -> None:
    path = tmp_path / "images.npy"
    np.save(path, array)
    with pytest.raises(DataError) as caught:
        open_dataset(path)
    assert says in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (LABELS.astype(float) + 0.5, "holds the label 0.5"),
        (np.full(20, -1), "holds the label -1"),
        (np.full(20, 256), "holds the label 256"),
        (np.full(20, np.nan), "holds the label nan"),
        (np.eye(20), "shape (20, 20)"),
        (LABELS[:3], "holds 3 labels"),
    ],
)
def test_labels_that_are_refused(tmp_path: Path, labels: NDArray[Any], says: str) -> None:
    with pytest.raises(DataError) as caught:
        open_dataset(save(tmp_path, images=BYTES, labels=labels))
    assert says in str(caught.value)


@pytest.mark.parametrize(("content", "says"), [(b"", "is empty"), (b"\x89PNG\r\n", "is no file of images")])
def test_other_files_are_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "file.idx"
    path.write_bytes(content)
    with pytest.raises(DataError, match=says):
        open_dataset(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no file"):
        open_dataset(tmp_path / "absent.npz")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_rather_than_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="neither a file nor a folder"):
        open_dataset(tmp_path / "pipe")


ONES = (BYTES > 127).astype(np.uint8)


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (BYTES, ONES),
        (ONES, BYTES),
        (BYTES, ONES.astype(np.float64)),
        (BYTES.astype(np.float32), ONES / np.float32(2)),
        (BYTES / 255, BYTES),
    ],
    ids=["ones to test", "ones to train", "ones as floats", "fractions to test", "fractions to train"],
)
def test_parts_on_two_scales_are_refused(
    tmp_path: Path, write_idx: WriteIdx, train: NDArray[Any], test: NDArray[Any]
) -> None:
    with pytest.raises(DataError, match=r"which scale is meant cannot be told\. Bring both to one scale"):
        open_dataset(save(tmp_path, x_train=train, x_test=test))
    if train.dtype == test.dtype == np.uint8:
        write_idx(tmp_path / "train-images-idx3-ubyte", train)
        write_idx(tmp_path / "t10k-images-idx3-ubyte", test)
        with pytest.raises(DataError, match="which scale is meant"):
            open_dataset(tmp_path / "train-images-idx3-ubyte")


@pytest.mark.parametrize("test", [BYTES, 0 * ONES, ONES.astype(bool)], ids=["bytes", "nothing", "booleans"])
def test_parts_that_can_be_on_one_scale_are(tmp_path: Path, test: NDArray[Any]) -> None:
    dataset = open_dataset(save(tmp_path, x_train=BYTES, x_test=test))
    np.testing.assert_array_equal(dataset.train_images, BYTES)
    np.testing.assert_array_equal(dataset.test_images, test * np.uint8(255) if test.dtype == bool else test)
    assert dataset.scale == ""


@pytest.mark.parametrize("images", [ONES, ONES.astype(np.float32), BYTES / 255])
def test_that_1_is_taken_for_full_ink_is_said(tmp_path: Path, images: NDArray[Any]) -> None:
    for arrays in ({"images": images}, {"x_train": images, "x_test": images[:5]}):
        dataset = open_dataset(save(tmp_path, **arrays))
        assert dataset.train_images.max() == 255
        assert "1 is taken for full ink" in dataset.scale
        assert dataset.resampled((3, 3)).scale == dataset.scale
