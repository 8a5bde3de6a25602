from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.core import images as images_module
from rbm_studio.core.images import as_hidden_values, as_images, as_training_images, mean_image
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike


def test_float32_images_are_not_copied() -> None:
    images = np.random.default_rng(0).random((3, 4), dtype=np.float32)
    assert np.shares_memory(as_images(images, 4), images)


@pytest.mark.parametrize("kind", [np.bool_, np.uint8, np.int64, np.float16, np.float64])
def test_other_numbers_become_float32(kind: type[Any]) -> None:
    images = as_images(np.eye(4).astype(kind), 4)
    assert images.dtype == np.float32
    np.testing.assert_array_equal(images, np.eye(4))


def test_one_image_may_come_without_its_first_axis() -> None:
    np.testing.assert_array_equal(as_images([0, 0.5, 1], 3), np.array([[0, 0.5, 1]], dtype=np.float32))
    np.testing.assert_array_equal(as_hidden_values([1, 0], 2), np.array([[1, 0]], dtype=np.float32))


def test_rounding_just_above_1_is_let_through() -> None:
    np.testing.assert_array_equal(as_images([[1.0 + 1e-9, 0.0]], 2), [[1.0, 0.0]])


BAD: dict[str, tuple[Any, str]] = {
    "grey levels": ([[0.0, 128.0, 255.0]], r"lie in 0\.\.255, but must lie in 0\.\.1.*Divide grey levels.*by 255"),
    "grey bytes": (np.array([[0, 3, 200]], dtype=np.uint8), r"0\.\.200, but must lie in 0\.\.1.*by 255"),
    "negative": ([[-0.5, 0.0, 1.0]], r"lie in -0\.5\.\.1, but must lie in 0\.\.1.*Scale them to 0\.\.1"),
    "infinite": ([[0.0, 0.0, np.inf]], r"0\.\.inf, but must lie in 0\.\.1"),
    "beyond float32": ([[0.0, 0.0, 1e300]], r"0\.\.inf, but must lie in 0\.\.1"),
    "NaN": ([[0.0, np.nan, 1.0]], r"hold NaN \(not a number\).*Replace"),
    "objects": (np.array([[None, 0, 1]], dtype=object), r"array of object.*numbers in 0\.\.1"),
    "text": ([["a", "b", "c"]], r"array of <U1.*numbers in 0\.\.1"),
    "complex": ([[0j, 1j, 0j]], r"array of complex128.*numbers in 0\.\.1"),
    "ragged": ([[0.0, 1.0, 0.0], [1.0]], r"rows of the data differ in length.*same length"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_values_are_named(name: str) -> None:
    data, message = BAD[name]
    for check in (as_images, as_hidden_values):
        with pytest.raises(RBMStudioError, match=message):
            check(data, 3)


@pytest.mark.parametrize("data", [[[0.0, 1.0]], [0.0, 1.0], 0.5, np.zeros((2, 3, 1)), np.zeros((2, 4))])
def test_another_width_is_refused(data: ArrayLike) -> None:
    with pytest.raises(RBMStudioError, match=r"have the shape .*3 visible units.*shape \(number of images, 3\)"):
        as_images(data, 3)
    with pytest.raises(RBMStudioError, match=r"hidden values have the shape .*3 hidden units.*\(number of states, 3\)"):
        as_hidden_values(data, 3)


@pytest.mark.parametrize("data", [[], [[]], np.zeros((0, 3))])
def test_no_data_is_refused(data: ArrayLike) -> None:
    with pytest.raises(RBMStudioError, match=r"no images in the data.*at least one"):
        as_images(data, 3)
    with pytest.raises(RBMStudioError, match="at least one state"):
        as_hidden_values(data, 3)


def test_bytes_to_train_on_are_grey_levels_and_stay_bytes() -> None:
    levels = np.array([[0, 3, 255]], dtype=np.uint8)
    assert as_training_images(levels, 3) is levels


def test_bytes_of_0_and_1_are_states() -> None:
    images = as_training_images(np.array([[0, 1, 1]], dtype=np.uint8), 3)
    assert images.dtype == np.float32
    np.testing.assert_array_equal(images, [[0.0, 1.0, 1.0]])


@pytest.mark.parametrize("kind", [np.uint8, np.bool_])
def test_a_large_file_of_states_is_not_copied(tmp_path: Path, kind: type[Any]) -> None:
    file = np.memmap(tmp_path / "images", dtype=kind, mode="w+", shape=(50, 3))
    file[::2, 1:] = 1
    images = as_training_images(file, 3)
    assert images.dtype == np.bool_
    assert np.shares_memory(images, file)
    np.testing.assert_allclose(mean_image(images), [0, 0.5, 0.5])
    with pytest.raises(RBMStudioError, match="4 visible units"):
        as_training_images(file, 4)


@pytest.mark.parametrize("name", sorted(set(BAD) - {"grey bytes"}))
def test_bad_values_to_train_on_are_named(name: str) -> None:
    data, message = BAD[name]
    with pytest.raises(RBMStudioError, match=message):
        as_training_images(data, 3)


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_a_large_file_is_read_in_blocks_and_not_copied(
    tmp_path: Path, kind: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images_module, "_ROWS", 7)
    values = np.random.default_rng(0).integers(0, 256, (50, 3)).astype(np.uint8)
    shown = values if kind is np.uint8 else values.astype(np.float32) / 255
    file = np.memmap(tmp_path / "images", dtype=kind, mode="w+", shape=(50, 3))
    file[...] = shown
    images = as_training_images(file, 3)
    assert images is file
    assert isinstance(images, np.memmap)
    np.testing.assert_allclose(mean_image(images), values.mean(axis=0) / 255, rtol=1e-6)
    with pytest.raises(RBMStudioError, match="4 visible units"):
        as_training_images(file, 4)


@pytest.mark.parametrize(("value", "message"), [(np.nan, "hold NaN"), (1.5, r"0\.\.1\.5, but must lie in 0\.\.1")])
def test_a_fault_in_any_block_of_a_large_file_is_found(
    tmp_path: Path, value: float, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images_module, "_ROWS", 7)
    for row in (0, 6, 7, 49):
        file = np.memmap(tmp_path / "images", dtype=np.float32, mode="w+", shape=(50, 3))
        file[row, 1] = value
        with pytest.raises(RBMStudioError, match=message):
            as_training_images(file, 3)


def test_the_mean_image() -> None:
    levels = np.array([[0, 51, 255], [0, 153, 255]], dtype=np.uint8)
    for images in (levels, levels.astype(np.float32) / 255):
        mean = mean_image(images)
        assert mean.dtype == np.float32
        np.testing.assert_allclose(mean, [0.0, 0.4, 1.0], rtol=1e-6)
