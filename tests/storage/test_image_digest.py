from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.core.images import as_training_images
from rbm_studio.data import open_dataset
from rbm_studio.storage import image_digest as module
from rbm_studio.storage.image_digest import BINARY, GREY, REAL, image_digest

if TYPE_CHECKING:
    from pathlib import Path

LEVELS = np.random.default_rng(0).integers(0, 256, (9000, 6)).astype(np.uint8)


def of(images: np.ndarray) -> tuple[str, str]:
    return image_digest(as_training_images(images, 6))


def test_grey_levels_and_the_numbers_that_they_are_are_the_same_images() -> None:
    expected = image_digest(LEVELS)
    assert expected[1] == GREY
    assert of(LEVELS / np.float32(255)) == of(LEVELS / 255) == of(np.asfortranarray(LEVELS)) == expected


def test_black_and_white_is_the_same_in_every_type() -> None:
    states = LEVELS > 99
    expected = image_digest(np.uint8(255) * states.view(np.uint8))
    assert expected[1] == BINARY
    for kind in (np.bool_, np.uint8, np.float32, np.float64, np.int64):
        assert of(states.astype(kind)) == expected


@pytest.mark.parametrize("kind", [np.uint8, np.bool_, np.float32])
def test_a_file_that_is_mapped_is_the_same_as_what_is_in_it(tmp_path: Path, kind: type) -> None:
    images = LEVELS > 99 if kind is np.bool_ else LEVELS if kind is np.uint8 else LEVELS / np.float32(255)
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    assert isinstance(mapped, np.memmap)
    assert of(mapped) == of(images)


def test_other_numbers_are_the_grey_levels_that_a_file_of_them_is_opened_as(tmp_path: Path) -> None:
    values = np.random.default_rng(1).integers(0, 17, (90, 2, 3)) / 16
    np.save(tmp_path / "values.npy", values)
    dataset = open_dataset(tmp_path / "values.npy")
    rows = values.reshape(90, 6)[np.arange(90) % 10 != 9]
    digest, kind = of(rows)
    assert kind == REAL
    assert digest == image_digest(dataset.train_images.reshape(81, 6))[0]


@pytest.mark.parametrize("place", [(0, 0), (4096, 3), (8999, 5)])
def test_one_other_pixel_is_another_digest(place: tuple[int, int]) -> None:
    changed = LEVELS.copy()
    changed[place] ^= 1
    assert image_digest(changed)[0] != image_digest(LEVELS)[0]


def test_the_shape_and_the_order_count() -> None:
    digests = {image_digest(images)[0] for images in (LEVELS, LEVELS[::-1], LEVELS[:-1], LEVELS.reshape(18_000, 3))}
    assert len(digests) == 4


def test_of_a_large_file_rows_are_read_all_over_it(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = image_digest(LEVELS)
    monkeypatch.setattr(module, "SAMPLED_FROM", LEVELS.size)
    monkeypatch.setattr(module, "SAMPLE", 600)
    some = image_digest(LEVELS)
    assert some != whole
    assert some == image_digest(LEVELS.copy())
    assert some == image_digest(LEVELS / np.float32(255))
    for row in (0, 8999):
        changed = LEVELS.copy()
        changed[row] ^= 1
        assert image_digest(changed) != some
    blank = LEVELS.copy()
    blank[1000:2000] = 0
    assert image_digest(blank) != some
