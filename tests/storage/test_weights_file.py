from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.core.parameters import Parameters
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.atomic import FileError
from rbm_studio.storage.weights_file import save_weights

if TYPE_CHECKING:
    from pathlib import Path


def parameters(classes: int = 0) -> Parameters:
    rng = np.random.default_rng(4)

    def draw(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.3, shape).astype(np.float32)

    labels = (draw(classes, 3), draw(classes)) if classes else (None, None)
    return Parameters(draw(6, 3), draw(6), draw(3), *labels)


@pytest.mark.parametrize("classes", [0, 4])
def test_npz_holds_the_parameters_by_name(tmp_path: Path, classes: int) -> None:
    saved = parameters(classes)
    save_weights(tmp_path / "weights.npz", saved)
    with np.load(tmp_path / "weights.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    assert list(arrays) == ["w", "visible_bias", "hidden_bias"] + ["label_w", "label_bias"] * (classes > 0)
    again = Parameters(**arrays)
    for name, array in saved.arrays().items():
        assert (again.arrays()[name] == array).all()
        assert again.arrays()[name].dtype == np.float32


@pytest.mark.parametrize("classes", [0, 4])
def test_csv_has_a_row_for_each_unit_and_brings_each_number_back(tmp_path: Path, classes: int) -> None:
    saved = parameters(classes)
    saved.w[0, 0], saved.w[1, 1] = 1e-20, np.nan
    save_weights(tmp_path / "weights.csv", saved)
    with (tmp_path / "weights.csv").open(newline="") as file:
        header, hidden, *rows = csv.reader(file)
    assert header == ["unit", "bias", "hidden_1", "hidden_2", "hidden_3"]
    assert hidden[:2] == ["hidden_bias", ""]
    assert [row[0] for row in rows] == [f"visible_{n}" for n in range(1, 7)] + [f"label_{n}" for n in range(classes)]
    numbers = np.array([[np.float32(number) for number in row[1:]] for row in rows])
    np.testing.assert_array_equal(numbers[:6], np.column_stack([saved.visible_bias, saved.w]))
    np.testing.assert_array_equal(np.array(hidden[2:], dtype=np.float32), saved.hidden_bias)
    if saved.label_w is not None and saved.label_bias is not None:
        np.testing.assert_array_equal(numbers[6:], np.column_stack([saved.label_bias, saved.label_w]))


def test_another_ending_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(RBMStudioError, match=r"as “weights\.xlsx”.*\.csv \(for a spreadsheet\)"):
        save_weights(tmp_path / "weights.xlsx", parameters())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".npz", ".csv"])
def test_what_cannot_be_written_is_said_in_words_and_leaves_nothing(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"weights{suffix}").mkdir()
    with pytest.raises(FileError, match="is a folder"):
        save_weights(tmp_path / f"weights{suffix}", parameters())
    with pytest.raises(FileError, match="there is no folder"):
        save_weights(tmp_path / "absent" / f"weights{suffix}", parameters())
    assert [path.name for path in tmp_path.iterdir()] == [f"weights{suffix}"]
