from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from rbm_studio.core.metrics import EpochRecord
from rbm_studio.core.parameters import Parameters
from rbm_studio.core.presets import settings_for
from rbm_studio.storage.atomic import FileError
from rbm_studio.storage.model_file import FORMAT, FORMAT_VERSION, SavedModel, load_model, save_model

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

D, H = 12, 5
SETTINGS = settings_for("article", learning_rate=0.1 + 0.2, batch_size=7, epochs=3, seed=9)
HISTORY = (EpochRecord(1.0, 1 / 3), EpochRecord(2.5, 0.1, 0.2))


def tensors(kind: Any = np.float32) -> dict[str, NDArray[Any]]:
    rng = np.random.default_rng(0)
    shapes = {"w": (D, H), "visible_bias": (D,), "hidden_bias": (H,)}
    return {name: (4 * rng.normal(size=shape)).astype(kind) for name, shape in shapes.items()}


def metadata(**changes: object) -> dict[str, str]:
    values = {"settings": SETTINGS.as_dict(), "history": [[1, 0.5, None]], "image_shape": [3, 4], "state": None}
    return {"format": FORMAT, "format_version": str(FORMAT_VERSION)} | {
        key: json.dumps(value) for key, value in (values | changes).items()
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "digits.safetensors"


@pytest.fixture
def model(path: Path) -> SavedModel:
    """Return a model, and leave it in the file."""
    model = SavedModel(Parameters(**tensors()), SETTINGS, HISTORY, (3, 4))
    save_model(path, model)
    return model


def assert_same_parameters(found: Parameters, expected: Parameters) -> None:
    for name in ("w", "visible_bias", "hidden_bias"):
        assert getattr(found, name).dtype == np.float32
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_what_is_saved_comes_back_to_the_last_bit(path: Path, model: SavedModel) -> None:
    found = load_model(path)
    assert_same_parameters(found.parameters, model.parameters)
    assert (found.settings, found.history, found.image_shape) == (SETTINGS, HISTORY, (3, 4))


def test_a_model_without_a_past_comes_back(path: Path) -> None:
    save_model(path, SavedModel(Parameters(**tensors())))
    found = load_model(str(path))
    assert (found.settings, found.history, found.image_shape) == (None, (), None)


@pytest.mark.usefixtures("model")
def test_other_programs_find_the_three_tensors(path: Path) -> None:
    found = load_file(path)
    assert {name: array.shape for name, array in found.items()} == {
        "w": (D, H), "visible_bias": (D,), "hidden_bias": (H,),
    }  # fmt: skip


def test_weights_that_do_not_lie_in_order_are_saved_as_they_are(path: Path) -> None:
    p = Parameters(**tensors())
    turned = Parameters(np.asfortranarray(p.w), p.visible_bias, p.hidden_bias)
    save_model(path, SavedModel(turned))
    assert_same_parameters(load_model(path).parameters, p)


def test_loaded_parameters_can_be_trained_on(path: Path, model: SavedModel) -> None:
    found = load_model(path).parameters
    found.w[...] += 1.0
    assert_same_parameters(load_model(path).parameters, model.parameters)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_foreign_safetensors_open(path: Path, kind: type[Any]) -> None:
    arrays = tensors(kind)
    save_file(arrays | {"optimiser": np.zeros(3, dtype=np.int64)}, path)
    found = load_model(path)
    assert_same_parameters(found.parameters, Parameters(**{k: v.astype(np.float32) for k, v in arrays.items()}))
    assert (found.settings, found.history, found.image_shape) == (None, (), None)


def test_foreign_metadata_is_left_alone(path: Path) -> None:
    save_file(tensors(), path, {"format": "pt", "history": "garbage"})
    assert load_model(path).history == ()


def test_a_file_of_the_first_version_opens(path: Path) -> None:
    # It knew these settings only, and no training state.
    old: dict[str, Any] = {
        "preset": "recommended", "learning_rate": 0.25, "momentum": 0.9, "batch_size": 15, "epochs": 3, "seed": 8,
    }  # fmt: skip
    written = metadata(settings=old) | {"format_version": "1"}
    del written["state"]
    save_file(tensors(), path, written)
    found = load_model(path)
    assert_same_parameters(found.parameters, Parameters(**tensors()))
    # What was recommended then has another name now.
    assert found.settings == settings_for(**old | {"preset": "cd-1"})
    assert (found.history, found.image_shape, found.state) == ((EpochRecord(1, 0.5),), (3, 4), None)


def test_label_units_come_back(path: Path) -> None:
    rng = np.random.default_rng(1)
    u, c = rng.normal(size=(3, H)).astype(np.float32), rng.normal(size=3).astype(np.float32)
    p = Parameters(**tensors(), label_w=u, label_bias=c)
    save_model(path, SavedModel(p))
    found = load_model(path).parameters
    assert found.label_num == 3
    for name, array in found.arrays().items():
        np.testing.assert_array_equal(array, p.arrays()[name])
    assert set(load_file(path)) == {"w", "visible_bias", "hidden_bias", "label_w", "label_bias"}


@pytest.mark.parametrize(
    "change",
    [
        {"label_w": np.zeros((3, H), dtype=np.float32)},
        {"label_bias": np.zeros(3, dtype=np.float32)},
        {"label_w": np.zeros((3, H + 1), dtype=np.float32), "label_bias": np.zeros(3, dtype=np.float32)},
        {"label_w": np.zeros((1, H), dtype=np.float32), "label_bias": np.zeros(1, dtype=np.float32)},
    ],
)
def test_label_units_that_do_not_fit(path: Path, change: dict[str, NDArray[Any]]) -> None:
    save_file(tensors() | change, path)
    with pytest.raises(FileError, match=r"digits\.safetensors is damaged.*label units do not fit"):
        load_model(path)


def test_a_setting_of_a_later_version_is_left_out(path: Path) -> None:
    save_file(tensors(), path, metadata(settings=SETTINGS.as_dict() | {"weight_decay": 0.1}))
    assert load_model(path).settings == SETTINGS


def test_a_failed_save_leaves_the_old_model(tiny_disk: Path) -> None:
    path = tiny_disk / "digits.safetensors"
    small = SavedModel(Parameters(**tensors()))
    save_model(path, small)
    large = Parameters(*(np.ones(shape, dtype=np.float32) for shape in ((784, 64), (784,), (64,))))
    with pytest.raises(FileError, match="disk is full"):
        save_model(path, SavedModel(large))
    assert_same_parameters(load_model(path).parameters, small.parameters)


@pytest.mark.usefixtures("model")
def test_a_file_that_was_cut_short(path: Path) -> None:
    data = path.read_bytes()
    assert len(data) > 500
    for length in range(0, len(data), 37):
        path.write_bytes(data[:length])
        with pytest.raises(FileError, match=r"digits\.safetensors is not a model file, or is damaged or cut short"):
            load_model(path)


@pytest.mark.usefixtures("model")
def test_a_file_with_a_damaged_byte_opens_or_says_why(path: Path) -> None:
    data = path.read_bytes()
    refused = 0
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x41]) + data[place + 1 :])
        try:
            load_model(path)
        except FileError:
            refused += 1
    assert 100 < refused < len(data)


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 100, 10_000])
def test_random_bytes(path: Path, size: int) -> None:
    path.write_bytes(np.random.default_rng(size).bytes(size))
    with pytest.raises(FileError, match="not a model file"):
        load_model(path)


class Trap:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return self.path.mkdir, ()


def test_a_pickle_is_not_run(path: Path, tmp_path: Path) -> None:
    path.write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    with pytest.raises(FileError, match="not a model file"):
        load_model(path)
    assert not (tmp_path / "sprung").exists()


def test_a_missing_file(path: Path) -> None:
    with pytest.raises(FileError, match=r"digits\.safetensors cannot be read: No such file.*still there"):
        load_model(path)


def test_a_folder(path: Path) -> None:
    path.mkdir()
    with pytest.raises(FileError, match=r"digits\.safetensors is a folder\. Open a"):
        load_model(path)


def test_a_newer_format(path: Path) -> None:
    save_file(tensors(), path, metadata() | {"format_version": "4"})
    with pytest.raises(FileError, match=r"newer version of RBM Studio \(format 4; this version reads 3\)\. Update"):
        load_model(path)


def test_a_newer_format_is_told_from_a_file_without_the_tensors(path: Path) -> None:
    save_file({"weights": np.zeros((2, 2), dtype=np.float32)}, path, metadata() | {"format_version": "12"})
    with pytest.raises(FileError, match=r"newer version of RBM Studio \(format 12"):
        load_model(path)


def test_other_tensors(path: Path) -> None:
    save_file({"weight": np.zeros((2, 2), dtype=np.float32), "bias": np.zeros(2, dtype=np.float32)}, path)
    with pytest.raises(FileError, match=r"holds no RBM: its arrays are bias, weight\. A model file holds w, vis"):
        load_model(path)


def test_no_tensors(path: Path) -> None:
    save_file({}, path)
    with pytest.raises(FileError, match="holds no RBM: its arrays are none"):
        load_model(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["w", "visible_bias", "hidden_bias"])
def test_numbers_that_are_not_finite(path: Path, name: str, value: float) -> None:
    arrays = tensors()
    arrays[name].flat[-1] = value
    save_file(arrays, path)
    with pytest.raises(FileError, match=r"parameters that are not finite numbers\. Open an earlier copy"):
        load_model(path)


def test_numbers_beyond_float32(path: Path) -> None:
    save_file({name: 1e300 * array for name, array in tensors(np.float64).items()}, path)
    with pytest.raises(FileError, match="not finite"):
        load_model(path)


@pytest.mark.parametrize("kind", [np.int64, np.uint8, np.bool_])
def test_whole_numbers(path: Path, kind: type[Any]) -> None:
    save_file(tensors(kind), path)
    with pytest.raises(FileError, match=r"w holds (int64|uint8|bool) numbers\. It must hold float32"):
        load_model(path)


@pytest.mark.parametrize(
    "change",
    [
        {"w": np.zeros((H, D), dtype=np.float32)},
        {"w": np.zeros(D, dtype=np.float32)},
        {"visible_bias": np.zeros(D + 1, dtype=np.float32)},
        {"hidden_bias": np.zeros((H, 1), dtype=np.float32)},
        {"w": np.zeros((0, H), dtype=np.float32), "visible_bias": np.zeros(0, dtype=np.float32)},
    ],
)
def test_shapes_that_do_not_fit(path: Path, change: dict[str, NDArray[Any]]) -> None:
    save_file(tensors() | change, path)
    with pytest.raises(FileError, match=r"digits\.safetensors is damaged.*do not fit together.*\(D, H\)"):
        load_model(path)


@pytest.mark.parametrize(
    "garbage",
    [
        {"settings": "not JSON"},
        {"settings": '{"learning_rate": "fast"}'},
        {"settings": '{"learning_rate": -1}'},
        {"settings": '{"preset": "unheard of"}'},
        {"settings": "[]"},
        {"settings": '"article"'},
        {"settings": "[" * 100_000},
        {"history": "null"},
        {"history": "[[1, 0.5]]"},
        {"history": '[["a", "b", "c"]]'},
        {"history": "[[1, NaN, null]]"},
        {"history": "[[1, Infinity, null]]"},
        {"history": "[[1, 0.5, NaN]]"},
        {"history": f"[[{'9' * 400}, 0.5, null]]"},
        {"image_shape": "[28]"},
        {"image_shape": "[3, 4, 1]"},
        {"image_shape": "[-3, -4]"},
        {"image_shape": "[1e999, 1]"},
        {"image_shape": "[28, 28]"},
        {"image_shape": '"ab"'},
        {"image_shape": "{}"},
        {"format_version": "one"},
        {"format_version": ""},
    ],
)
def test_metadata_that_cannot_be_read(path: Path, garbage: dict[str, str]) -> None:
    save_file(tensors(), path, metadata() | garbage)
    told = r"digits\.safetensors (is damaged: .* cannot be read|cannot be opened\. .*)\. Open another"
    with pytest.raises(FileError, match=told):
        load_model(path)


@pytest.mark.parametrize("missing", ["settings", "history", "image_shape", "format_version"])
def test_metadata_that_is_missing(path: Path, missing: str) -> None:
    present = metadata()
    del present[missing]
    save_file(tensors(), path, present)
    with pytest.raises(FileError, match=r"digits\.safetensors is damaged"):
        load_model(path)
