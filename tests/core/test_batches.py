from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.core import batches as batches_module
from rbm_studio.core.backend import CPU
from rbm_studio.core.batches import Batches, as_levels, lit_pixels
from rbm_studio.core.presets import settings_for
from rbm_studio.core.workspace import LEAST_IMAGES, Joint, Part, Workspace
from rbm_studio.errors import RBMStudioError
from tests.core.joint_enumeration import random_model

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from rbm_studio.core.backend import FloatArray

D = 4


def levels(count: int = 50, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, D)).astype(np.uint8)


def whole(labels: int = 0) -> Joint:
    return Joint(random_model(D, 3, labels), np.ones(D, dtype=np.bool_), 50, CPU)


def part_of(joint: Joint, rows: int) -> Part:
    return Workspace(joint, rows, 0, CPU, np.random.SeedSequence(1)).parts(rows)[0]


def filled(images: NDArray[Any], rows: list[int], labels: NDArray[Any] | None = None, **changes: Any) -> FloatArray:
    """Return the batch of these rows, of a model with three classes where labels are given."""
    joint = whole(0 if labels is None else 3)
    part = part_of(joint, len(rows))
    part.data[...] = -1
    Batches(images, labels, joint, settings_for("cd-1", **changes), CPU).fill(np.array(rows), part)
    return part.data


class TestLevels:
    def test_fractions_of_255_become_bytes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(batches_module, "_ROWS", 7)
        images = levels()
        found = as_levels(images.astype(np.float32) / 255)
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, images)

    @pytest.mark.parametrize("row", [0, 6, 7, 49])
    def test_other_fractions_stay(self, row: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(batches_module, "_ROWS", 7)
        images = levels().astype(np.float32) / 255
        images[row, 2] = np.nextafter(images[row, 2], np.float32(0.5))
        assert as_levels(images) is images

    def test_bytes_and_files_stay(self, tmp_path: Path) -> None:
        images = levels()
        assert as_levels(images) is images
        file = np.memmap(tmp_path / "images", dtype=np.float32, mode="w+", shape=(3, D))
        assert as_levels(file) is file

    def test_broken_images_stay(self) -> None:
        images = np.full((3, D), np.nan, dtype=np.float32)
        assert as_levels(images) is images


def test_a_pixel_is_lit_if_one_image_lights_it(tmp_path: Path) -> None:
    images = np.zeros((9, D), dtype=np.uint8)
    images[8, 1] = 1
    assert lit_pixels(images).tolist() == [False, True, False, False]
    assert lit_pixels(images.astype(np.float32)).all()
    file = np.memmap(tmp_path / "images", dtype=np.uint8, mode="w+", shape=(3, D))
    assert lit_pixels(file).all()


class TestFill:
    ROWS = (4, 0, 49, 4)

    @pytest.mark.parametrize("kind", [np.uint8, np.float32])
    def test_writes_the_rows_that_were_asked_for(self, kind: type[Any]) -> None:
        images = levels()
        shown = images if kind is np.uint8 else images.astype(np.float32) / 255
        np.testing.assert_array_equal(filled(shown, [*self.ROWS]), images[[*self.ROWS]].astype(np.float32) / 255)

    def test_reads_a_file_row_by_row(self, tmp_path: Path) -> None:
        images = levels()
        file = np.memmap(tmp_path / "images", dtype=np.uint8, mode="w+", shape=images.shape)
        file[...] = images
        joint = whole()
        batches = Batches(file, None, joint, settings_for("cd-1"), CPU)
        # What is written to the file later is read: no copy was made.
        file[7] = 255
        part = part_of(joint, 1)
        batches.fill(np.array([7]), part)
        np.testing.assert_array_equal(part.data, np.ones((1, D)))

    def test_thresholds_exactly(self) -> None:
        images = levels()
        found = filled(images, [*self.ROWS], binarisation="threshold", threshold=0.4)
        np.testing.assert_array_equal(found, images[[*self.ROWS]] > 0.4 * 255)

    def test_makes_states_anew_each_time_with_the_grey_values_as_probabilities(self) -> None:
        joint, images = whole(), levels(1)
        batches = Batches(images, None, joint, settings_for("cd-1", binarisation="stochastic"), CPU)
        part = part_of(joint, 20_000)
        rows = np.zeros(20_000, dtype=np.intp)
        seen = []
        for _ in range(2):
            batches.fill(rows, part)
            seen.append(part.data.copy())
            assert set(np.unique(part.data)) <= {0.0, 1.0}
            np.testing.assert_allclose(part.data.mean(axis=0), images[0] / 255, atol=4 * 0.5 / np.sqrt(20_000))
        # Two draws of a pixel are independent.
        assert abs(np.corrcoef(seen[0][:, 0], seen[1][:, 0])[0, 1]) < 4 / np.sqrt(20_000)

    @pytest.mark.parametrize("kind", [np.int64, np.uint8])
    @pytest.mark.parametrize("binarisation", ["grey", "stochastic", "threshold"])
    def test_puts_labels_beside_the_pixels(self, binarisation: str, kind: type[Any]) -> None:
        classes = (np.arange(50) % 3).astype(kind)
        found = filled(levels(), [*self.ROWS], classes, binarisation=binarisation)
        np.testing.assert_array_equal(found[:, D:], np.eye(3)[[1, 0, 1, 1]])
        assert (found[:, :D] >= 0).all()

    def test_leaves_label_units_off_without_labels(self) -> None:
        joint = whole(3)
        part = part_of(joint, 2)
        part.data[...] = 1
        Batches(levels(), None, joint, settings_for("cd-1"), CPU).fill(np.array([1, 2]), part)
        assert not part.data[:, D:].any()

    def test_leaves_out_the_pixels_that_the_model_leaves_out(self) -> None:
        p = random_model(D, 3)
        p.w[1], p.visible_bias[1] = 0, -20
        images = levels(LEAST_IMAGES)
        images[:, 1] = 0
        joint = Joint(p, lit_pixels(images), len(images), CPU)
        part = part_of(joint, 3)
        Batches(images, None, joint, settings_for("cd-1"), CPU).fill(np.array([5, 6, 900]), part)
        np.testing.assert_array_equal(part.data, images[[5, 6, 900]][:, [0, 2, 3]].astype(np.float32) / 255)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.full(50, 3), r"labels lie in 3\.\.3, but the model has 3 label units\. They must lie in 0\.\.2"),
        (np.full(50, -1), r"labels lie in -1\.\.-1"),
        (np.zeros(49, dtype=np.int64), r"shape \(49,\) and type int64\. Give one whole number for each of the 50"),
        (np.zeros((50, 3), dtype=np.int64), r"shape \(50, 3\)"),
        (np.zeros(50), r"type float64"),
        (np.full(50, "two"), r"type <U3"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels: NDArray[Any], message: str) -> None:
    with pytest.raises(RBMStudioError, match=message):
        Batches(levels(), labels, whole(3), settings_for("cd-1"), CPU)


def test_a_model_without_label_units_ignores_labels() -> None:
    joint = whole()
    part = part_of(joint, 2)
    Batches(levels(), np.full(50, 99), joint, settings_for("cd-1"), CPU).fill(np.array([0, 1]), part)
    assert part.data.shape == (2, D)
