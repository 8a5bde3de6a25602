from __future__ import annotations

import pickle
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio import RBM, RBMStudioError
from rbm_studio.model_import import holds_weights, import_model

from .patterns import three_patterns, trained_rbm

if TYPE_CHECKING:
    from pathlib import Path

RNG = np.random.default_rng(1)
W, A, B = RNG.normal(size=(6, 4)), RNG.normal(size=6), RNG.normal(size=4)
OWN = {"w": W, "visible_bias": A, "hidden_bias": B}
THEIRS = {"components_": W.T, "intercept_visible_": A, "intercept_hidden_": B}


def npz(folder: Path, **arrays: np.ndarray) -> Path:
    np.savez(folder / "model.npz", **arrays)  # type: ignore[arg-type]
    return folder / "model.npz"


def assert_is_ours(path: Path) -> None:
    p = import_model(path).parameters
    for found, expected in zip((p.w, p.visible_bias, p.hidden_bias), (W, A, B), strict=True):
        assert found.dtype == np.float32
        assert found.flags.c_contiguous
        assert found.flags.writeable
        np.testing.assert_array_equal(found, expected.astype(np.float32))


# --- what is taken


def test_plain_arrays_are_taken(tmp_path: Path) -> None:
    assert_is_ours(npz(tmp_path, **OWN, anything=np.zeros(3)))


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_numbers_of_any_width_become_float32(tmp_path: Path, kind: type[np.floating]) -> None:
    p = import_model(npz(tmp_path, **{name: array.astype(kind) for name, array in OWN.items()})).parameters
    np.testing.assert_array_equal(p.w, W.astype(kind).astype(np.float32))


def test_label_units_are_taken(tmp_path: Path) -> None:
    u, c = RNG.normal(size=(3, 4)), RNG.normal(size=3)
    p = import_model(npz(tmp_path, **OWN, label_w=u, label_bias=c)).parameters
    assert p.label_num == 3
    np.testing.assert_array_equal(p.label_w, u.astype(np.float32))


def test_scikit_learn_s_model_gives_the_same_probabilities(tmp_path: Path) -> None:
    neural_network = pytest.importorskip("sklearn.neural_network")
    theirs = neural_network.BernoulliRBM(n_components=4, n_iter=5, random_state=0).fit(three_patterns())
    attributes = {name: getattr(theirs, name) for name in THEIRS}
    p = import_model(npz(tmp_path, **attributes)).parameters
    np.testing.assert_allclose(p.expect_hidden(three_patterns()), theirs.transform(three_patterns()), atol=1e-6)


def test_scikit_learn_s_names_are_taken_without_the_last_underscore(tmp_path: Path) -> None:
    assert_is_ours(npz(tmp_path, **{name.removesuffix("_"): array for name, array in THEIRS.items()}))


@pytest.mark.parametrize("name", ["rbm_mnist.pkl", "rbm.pickle", "rbm.dat"])
def test_a_pickle_is_told_by_its_name_or_its_first_byte(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(pickle.dumps(OWN | {"delta_w": np.zeros_like(W)}))
    assert_is_ours(tmp_path / name)


def test_a_model_of_this_program_keeps_its_past(tmp_path: Path) -> None:
    rbm = trained_rbm()
    rbm.save(tmp_path / "model.safetensors")
    saved = import_model(tmp_path / "model.safetensors")
    assert list(saved.history) == rbm.history
    assert saved.settings == rbm.settings


def test_exported_weights_come_back(tmp_path: Path) -> None:
    from rbm_studio.storage.weights_file import save_weights

    rbm = RBM(6, 4, seed=2, labels=3)
    save_weights(tmp_path / "weights.npz", rbm.parameters)
    found = import_model(tmp_path / "weights.npz").parameters
    for name, array in rbm.parameters.arrays().items():
        np.testing.assert_array_equal(found.arrays()[name], array)


# --- what is refused


def refusal(path: Path) -> str:
    with pytest.raises(RBMStudioError) as refused:
        import_model(path)
    return str(refused.value)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"a": W}, "model.npz holds no RBM: its arrays are a. Name the arrays w, visible_bias"),
        ({"w": W, "hidden_bias": B}, "holds no RBM: its arrays are hidden_bias, w."),
        (OWN | {"w": W.T}, "The parameters do not fit together: w is (4, 6), visible_bias (6,), hidden_bias (4,)."),
        (OWN | {"visible_bias": A[:, None]}, "visible_bias (6, 1)"),
        (THEIRS | {"components_": W}, "w is (4, 6)"),
        (OWN | {"w": W[None]}, "w is (1, 6, 4)"),
        ({"w": W[:0], "visible_bias": A[:0], "hidden_bias": B}, "w is (0, 4)"),
        (OWN | {"w": np.zeros((6, 4), int)}, "w holds int64 numbers. They must be real numbers"),
        (OWN | {"w": W.astype(complex)}, "holds complex128, not plain numbers"),
        (OWN | {"w": np.array([None])}, "holds Python objects, which are never opened"),
        (OWN | {"hidden_bias": B * np.nan}, "hidden_bias holds numbers that are not finite"),
        (OWN | {"hidden_bias": B + np.inf}, "hidden_bias holds numbers that are not finite"),
        (OWN | {"w": W * 1e300}, "w holds numbers that are not finite"),
        (OWN | {"label_w": W, "label_bias": B}, "label units do not fit: label_w is (6, 4), label_bias (4,)"),
        (
            {"w": np.zeros((2, 5000)), "visible_bias": np.zeros(2), "hidden_bias": np.zeros(5000)},
            "The model in model.npz has 5,000 hidden units. A model may have at most 4,096 here.",
        ),
    ],
)
def test_arrays_that_are_no_model_are_refused_in_words(
    tmp_path: Path, arrays: dict[str, np.ndarray], words: str
) -> None:
    assert words in refusal(npz(tmp_path, **arrays))


def test_files_that_are_no_model_are_refused_in_words(tmp_path: Path) -> None:
    assert "There is no file" in refusal(tmp_path / "none.npz") or "cannot be read" in refusal(tmp_path / "none.npz")
    assert "is a folder, or no file at all" in refusal(tmp_path)
    assert "too long" in refusal(tmp_path / ("ж" * 200 + ".safetensors"))
    (tmp_path / "text.txt").write_text("hello")
    assert refusal(tmp_path / "text.txt").startswith("text.txt is no model that can be imported. Choose an .npz file")
    (tmp_path / "cut.npz").write_bytes(npz(tmp_path, **OWN).read_bytes()[:-30])
    assert "cannot be unpacked" in refusal(tmp_path / "cut.npz")
    with zipfile.ZipFile(tmp_path / "other.npz", "w") as archive:
        archive.writestr("../w.npy", b"x")
    assert "one of its parts would lie outside it" in refusal(tmp_path / "other.npz")


# --- weights or images


def test_weights_are_told_from_images_by_the_names_in_the_file(tmp_path: Path) -> None:
    assert holds_weights(npz(tmp_path, **OWN))
    assert holds_weights(npz(tmp_path, **THEIRS))
    assert not holds_weights(npz(tmp_path, x_train=W, x_test=W))
    assert not holds_weights(npz(tmp_path, images=W))
    assert holds_weights(tmp_path / "any.pkl")
    (tmp_path / "broken.npz").write_bytes(b"PK")
    assert not holds_weights(tmp_path / "broken.npz")
    assert not holds_weights(tmp_path / "none.npz")
    assert not holds_weights(tmp_path)
