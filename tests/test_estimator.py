from __future__ import annotations

import contextlib
import io
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio import RBM, RBMStudioError
from rbm_studio.core.presets import PRESETS
from rbm_studio.core.training import TrainingDivergedError
from rbm_studio.storage.atomic import FileError
from rbm_studio.storage.model_file import load_model
from tests.core.enumeration import all_states, energies, hidden_given_visible, joint

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from rbm_studio.core.backend import FloatArray

D, H = 6, 4
ROOT = Path(__file__).parents[1]


@pytest.fixture
def images() -> FloatArray:
    patterns = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1], [1, 0, 1, 0, 1, 0]], dtype=np.float32)
    return np.tile(patterns, (20, 1))


@pytest.fixture
def trained(images: FloatArray) -> RBM:
    return RBM(D, H, seed=3).fit(images, epochs=30, batch_size=10, verbose=False)


def bits(rbm: RBM) -> FloatArray:
    return np.concatenate([rbm.w.ravel(), rbm.visible_bias, rbm.hidden_bias])


class TestFit:
    def test_prints_the_articles_lines(self, images: FloatArray, capsys: pytest.CaptureFixture[str]) -> None:
        rbm = RBM(visible_num=D, hidden_num=H)
        rbm.fit(images, epochs=3, batch_size=10)
        first, second, third = rbm.loss_history
        assert capsys.readouterr().out == (
            "# Computation will proceed on the CPU.\n"
            f"Epoch [1/3], KL Divergence: {first:.4f}\n"
            f"Epoch [2/3], KL Divergence: {second:.4f}\n"
            f"Epoch [3/3], KL Divergence: {third:.4f}\n"
        )

    def test_is_silent_when_asked(self, images: FloatArray, capsys: pytest.CaptureFixture[str]) -> None:
        RBM(D, H).fit(images, epochs=1, verbose=False)
        assert capsys.readouterr() == ("", "")

    @pytest.mark.parametrize("preset", PRESETS)
    def test_the_seed_decides_everything(self, images: FloatArray, preset: str) -> None:
        def fitted(seed: int) -> RBM:
            return RBM(D, H, seed=seed, preset=preset).fit(images, epochs=2, batch_size=10, verbose=False)

        np.testing.assert_array_equal(bits(fitted(5)), bits(fitted(5)))
        np.testing.assert_array_equal(fitted(5).sample_hidden(images), fitted(5).sample_hidden(images))
        assert not np.array_equal(bits(fitted(5)), bits(fitted(6)))

    @pytest.mark.parametrize("preset", PRESETS)
    def test_a_second_call_goes_on_as_one_longer_call(self, images: FloatArray, preset: str) -> None:
        in_one = RBM(D, H, preset=preset).fit(images, epochs=4, batch_size=7, verbose=False)
        in_two = RBM(D, H, preset=preset)
        for _ in range(2):
            in_two.fit(images, epochs=2, batch_size=7, verbose=False)
        np.testing.assert_array_equal(bits(in_one), bits(in_two))
        assert in_one.loss_history == in_two.loss_history
        assert [record.epoch for record in in_two.history] == [1, 2, 3, 4]

    def test_learns(self, trained: RBM, images: FloatArray) -> None:
        assert trained.loss_history[-1] < 0.5 * trained.loss_history[0]
        p_v = joint(trained.parameters).sum(axis=1)
        shown = sorted({int("".join(str(int(pixel)) for pixel in image), 2) for image in images})
        assert p_v[shown].sum() > 0.5

    def test_starts_at_the_log_odds_of_the_data(self, images: FloatArray) -> None:
        rbm = RBM(D, H, learning_rate=1e-12).fit(images, epochs=1, verbose=False)
        mean = images.mean(axis=0)
        np.testing.assert_allclose(rbm.visible_bias, np.log(mean / (1 - mean)), rtol=1e-4)

    def test_measures_held_out_images(self, images: FloatArray) -> None:
        rbm = RBM(D, H).fit(images, epochs=2, held_out=1 - images, verbose=False)
        held_out = [record.held_out_kl for record in rbm.history]
        assert all(kl is not None and kl > rbm.loss_history[0] for kl in held_out)

    def test_takes_lists_and_other_kinds_of_numbers(self, images: FloatArray) -> None:
        expected = RBM(D, H).fit(images, epochs=1, verbose=False)
        for same in (images.tolist(), images.astype(bool), images.astype(np.int64), images.astype(np.float64)):
            np.testing.assert_array_equal(bits(RBM(D, H).fit(same, epochs=1, verbose=False)), bits(expected))

    def test_trains_with_what_is_there_when_the_batch_is_larger(self, images: FloatArray) -> None:
        rbm = RBM(D, H).fit(images[:5], epochs=2, batch_size=1000, verbose=False)
        assert len(rbm.loss_history) == 2
        assert rbm.parameters.is_finite

    def test_leaves_the_global_random_states_alone(self, images: FloatArray) -> None:
        legacy: Callable[[], tuple[Any, ...]] = vars(np.random)["get_state"]
        before, python_before = legacy(), random.getstate()
        rbm = RBM(D, H, seed=1).fit(images, epochs=1, verbose=False)
        rbm.reconstruct(images)
        after = legacy()
        assert all(np.array_equal(old, new) for old, new in zip(before, after, strict=True))
        assert random.getstate() == python_before

    def test_leaves_the_data_alone(self, images: FloatArray) -> None:
        before = images.copy()
        RBM(D, H, preset="article").fit(images, epochs=1, verbose=False)
        np.testing.assert_array_equal(images, before)


BAD_DATA: dict[str, tuple[Any, str]] = {
    "grey levels": (np.full((3, D), 255.0), r"lie in 255\.\.255, but must lie in 0\.\.1.*Divide grey levels.*by 255"),
    "bytes": (np.full((3, D), 7, dtype=np.uint8), r"lie in 7\.\.7, but must lie in 0\.\.1.*by 255"),
    "negative": (np.full((3, D), -1.0), r"but must lie in 0\.\.1.*Scale them to 0\.\.1"),
    "NaN": (np.full((3, D), np.nan), r"NaN \(not a number\).*Replace missing values"),
    "infinite": (np.full((3, D), np.inf), r"but must lie in 0\.\.1"),
    "width": (np.zeros((3, D + 1)), r"shape \(3, 7\), but the RBM has 6 visible units.*\(number of images, 6\)"),
    "not flat": (np.zeros((3, 2, 3)), r"shape \(3, 2, 3\), but the RBM has 6 visible units"),
    "empty": (np.zeros((0, D)), r"no images in the data.*at least one"),
    "objects": (np.full((3, D), None), r"array of object.*numbers in 0\.\.1"),
    "text": ([["a"] * D], r"array of <U1.*numbers in 0\.\.1"),
    "ragged": ([[0.0] * D, [0.0]], r"rows of the data differ in length"),
}


class TestBadInput:
    @pytest.mark.parametrize("name", BAD_DATA)
    def test_data_that_cannot_be_used(self, trained: RBM, images: FloatArray, name: str) -> None:
        data, message = BAD_DATA[name]
        before, epochs = bits(trained), len(trained.history)
        for use in (
            lambda: trained.fit(data),
            lambda: trained.fit(images, held_out=data),
            lambda: trained.reconstruct(data),
            lambda: trained.expect_hidden(data),
            lambda: trained.get_hidden(data),
            lambda: trained.sample_hidden(data),
        ):
            with pytest.raises(RBMStudioError, match=message):
                use()
        np.testing.assert_array_equal(bits(trained), before)
        assert len(trained.history) == epochs

    @pytest.mark.parametrize("method", ["expect_visible", "sample_visible"])
    def test_hidden_values_that_cannot_be_used(self, trained: RBM, method: str) -> None:
        use = getattr(trained, method)
        with pytest.raises(RBMStudioError, match=r"hidden values have the shape \(2, 6\), but the RBM has 4 hidden units"):
            use(np.zeros((2, D)))
        with pytest.raises(RBMStudioError, match=r"lie in 0\.\.3, but must lie in 0\.\.1"):
            use([[0, 1, 2, 3]])

    def test_pairs_of_unequal_number(self, trained: RBM) -> None:
        with pytest.raises(RBMStudioError, match=r"3 rows of visible and 2 rows of hidden units.*as many of one"):
            trained.calculate_energy(np.zeros((3, D)), np.zeros((2, H)))

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"visible_num": 0}, r"number of visible units is 0.*whole number from 1 to 1000000"),
            ({"visible_num": 784.0}, r"number of visible units is 784\.0.*whole number"),
            ({"hidden_num": 0}, r"number of hidden units is 0.*whole number from 1 to 4096"),
            ({"hidden_num": 4097}, r"number of hidden units is 4097.*whole number from 1 to 4096"),
            ({"hidden_num": "64"}, r"number of hidden units is 64.*whole number"),
            ({"learning_rate": 0}, r"learning rate is 0.*above 0"),
            ({"learning_rate": "0.1"}, r"learning rate is 0\.1.*a number above 0"),
            ({"momentum": 1.0}, r"momentum is 1\.0.*less than 1"),
            ({"seed": -1}, r"seed is -1.*from 0 to"),
            ({"preset": "articel"}, r"no preset 'articel'.*Known presets: recommended, article"),
        ],
    )
    def test_constructor(self, arguments: dict[str, Any], message: str) -> None:
        with pytest.raises(RBMStudioError, match=message):
            RBM(**({"visible_num": D, "hidden_num": H} | arguments))

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"epochs": 0}, r"number of epochs is 0.*from 1 to"),
            ({"epochs": 1.5}, r"number of epochs is 1\.5.*whole number"),
            ({"batch_size": 0}, r"batch size is 0.*from 1 to"),
            ({"batch_size": -5}, r"batch size is -5.*from 1 to"),
        ],
    )
    def test_fit(self, images: FloatArray, arguments: dict[str, Any], message: str) -> None:
        rbm = RBM(D, H)
        with pytest.raises(RBMStudioError, match=message):
            rbm.fit(images, **arguments)
        assert rbm.loss_history == []

    @pytest.mark.parametrize("rate", [1e6, 1e38, 1e300])
    def test_a_learning_rate_that_explodes(self, images: FloatArray, rate: float) -> None:
        rbm = RBM(D, H, learning_rate=rate)
        with pytest.raises(TrainingDivergedError, match=r"parameters exploded.*last good.*Lower the learning rate"):
            rbm.fit(images, epochs=3, batch_size=10, verbose=False)
        assert rbm.parameters.is_finite
        assert np.isfinite(rbm.reconstruct(images)).all()


class TestUnits:
    def test_expectations_are_the_conditionals(self, trained: RBM) -> None:
        v = all_states(D)
        expected = hidden_given_visible(trained.parameters) @ all_states(H)
        np.testing.assert_allclose(trained.expect_hidden(v), expected, rtol=1e-4)
        np.testing.assert_array_equal(trained.get_hidden(v), trained.expect_hidden(v))
        h = all_states(H)
        np.testing.assert_array_equal(
            trained.expect_visible(h), trained.parameters.expect_visible(h.astype(np.float32))
        )

    def test_samples_are_states_with_the_expected_means(self, trained: RBM, images: FloatArray) -> None:
        many = np.repeat(images[:1], 10_000, axis=0)
        hidden = trained.sample_hidden(many)
        visible = trained.sample_visible(np.repeat([[1, 0, 1, 0]], 10_000, axis=0))
        assert hidden.shape == (10_000, H)
        assert visible.shape == (10_000, D)
        assert set(np.unique(hidden)) | set(np.unique(visible)) <= {0.0, 1.0}
        np.testing.assert_allclose(hidden.mean(axis=0), trained.expect_hidden(images[0])[0], atol=0.025)
        np.testing.assert_allclose(visible.mean(axis=0), trained.expect_visible([1, 0, 1, 0])[0], atol=0.025)

    def test_reconstruction_brings_patterns_back(self, trained: RBM, images: FloatArray) -> None:
        restored = trained.reconstruct(images)
        assert restored.shape == images.shape
        assert restored.dtype == np.float32
        assert restored.min() >= 0
        assert restored.max() <= 1
        assert np.mean((restored > 0.5) == images) > 0.9

    def test_reconstruction_samples_the_hidden_units(self, images: FloatArray) -> None:
        # An untrained unit is on in half of the cases: two calls differ, as the article's do.
        rbm = RBM(D, H)
        assert not np.array_equal(rbm.reconstruct(images), rbm.reconstruct(images))

    def test_energy_belongs_to_a_pair_of_rows(self, trained: RBM) -> None:
        table = energies(trained.parameters)
        v, h = all_states(D)[[3, 3, 60]], all_states(H)[[0, 9, 15]]
        found = trained.calculate_energy(v, h)
        assert found.shape == (3,)
        np.testing.assert_allclose(found, table[[3, 3, 60], [0, 9, 15]], rtol=1e-4, atol=1e-4)

    def test_one_row_may_come_without_its_first_axis(self, trained: RBM) -> None:
        assert trained.reconstruct([0.0] * D).shape == (1, D)
        assert trained.expect_visible([0.0] * H).shape == (1, D)
        assert trained.calculate_energy([0.0] * D, [0.0] * H).tolist() == [0.0]


class TestAttributes:
    def test_the_parameters(self) -> None:
        rbm = RBM(D, H)
        assert (rbm.visible_num, rbm.hidden_num) == (D, H)
        assert (rbm.w.shape, rbm.visible_bias.shape, rbm.hidden_bias.shape) == ((D, H), (D,), (H,))

    def test_the_presets_own_rates(self) -> None:
        article, recommended = RBM(D, H, preset="article"), RBM(D, H)
        assert (article.learning_rate, article.momentum) == (0.0001, 0.95)
        assert (recommended.learning_rate, recommended.momentum) == (0.15, 0.9)

    def test_rates_that_were_given(self) -> None:
        rbm = RBM(D, H, 0.5, 0.25, preset="article")
        assert (rbm.learning_rate, rbm.momentum) == (0.5, 0.25)

    def test_what_it_says_of_itself(self, trained: RBM) -> None:
        assert repr(trained) == "RBM(visible_num=6, hidden_num=4, preset='recommended', epochs trained: 30)"


class TestGPU:
    def test_without_a_gpu_it_warns_and_trains(self, tmp_path: Path) -> None:
        (tmp_path / "cupy.py").write_text("raise ModuleNotFoundError(\"No module named 'cupy'\", name='cupy')")
        program = (
            "import numpy as np, rbm_studio\n"
            "rbm = rbm_studio.RBM(3, 2, use_GPU=True).fit(np.eye(3), epochs=1)\n"
            "assert len(rbm.loss_history) == 1\n"
        )
        result = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        assert (
            "<string>:2: RuntimeWarning: CuPy is not installed (pip install rbm-studio[gpu]): training on the CPU."
            in result.stderr
        )
        assert result.stdout.startswith("# Computation will proceed on the CPU.\nEpoch [1/1], KL Divergence: ")


class InterruptingOutput(io.StringIO):
    """Presses Ctrl+C when a text is printed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def write(self, printed: str) -> int:
        if self.text in printed:
            signal.raise_signal(signal.SIGINT)
        return super().write(printed)


class TestInterrupted:
    def test_what_was_learned_is_kept_and_goes_on(self, images: FloatArray) -> None:
        rbm = RBM(D, H)
        with contextlib.redirect_stdout(InterruptingOutput("Epoch [2/5]")), pytest.raises(KeyboardInterrupt):
            rbm.fit(images, epochs=5, batch_size=10)
        two = RBM(D, H).fit(images, epochs=2, batch_size=10, verbose=False)
        np.testing.assert_array_equal(bits(rbm), bits(two))
        assert rbm.loss_history == two.loss_history
        rbm.fit(images, epochs=3, batch_size=10, verbose=False)
        uninterrupted = RBM(D, H).fit(images, epochs=5, batch_size=10, verbose=False)
        np.testing.assert_array_equal(bits(rbm), bits(uninterrupted))


class TestFiles:
    def test_a_round_trip(self, trained: RBM, images: FloatArray, tmp_path: Path) -> None:
        path = tmp_path / "digits.safetensors"
        trained.save(path)
        loaded = RBM(D, H, seed=99)
        assert loaded.load(path) is loaded
        np.testing.assert_array_equal(bits(loaded), bits(trained))
        assert loaded.history == trained.history
        np.testing.assert_array_equal(loaded.expect_hidden(images), trained.expect_hidden(images))

    def test_a_loaded_model_is_trained_on_and_not_anew(self, trained: RBM, images: FloatArray, tmp_path: Path) -> None:
        path = tmp_path / "digits.safetensors"
        trained.save(path)
        loaded = RBM(D, H).load(path).fit(images, epochs=1, batch_size=10, verbose=False)
        assert [record.epoch for record in loaded.history] == list(range(1, 32))
        assert loaded.loss_history[-1] < 0.5 * loaded.loss_history[0]

    def test_the_file_holds_how_it_was_trained(self, images: FloatArray, tmp_path: Path) -> None:
        path = tmp_path / "digits.safetensors"
        rbm = RBM(D, H, learning_rate=0.25, seed=8)
        rbm.fit(images, epochs=3, batch_size=15, verbose=False)
        rbm.save(path)
        settings = load_model(path).settings
        assert settings is not None
        assert settings.as_dict() == {
            "preset": "recommended",
            "learning_rate": 0.25,
            "momentum": 0.9,
            "batch_size": 15,
            "epochs": 3,
            "seed": 8,
        }

    def test_numbers_from_numpy_can_be_saved(self, tmp_path: Path) -> None:
        numbers: dict[str, Any] = {"learning_rate": np.float32(0.25), "seed": np.int64(2)}
        RBM(D, H, **numbers).save(tmp_path / "model.safetensors")
        assert RBM(D, H).load(tmp_path / "model.safetensors").w.any()

    def test_a_model_of_another_size(self, trained: RBM, tmp_path: Path) -> None:
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

    def test_a_file_that_is_no_model(self, trained: RBM, tmp_path: Path) -> None:
        (tmp_path / "model").write_bytes(b"not a model")
        before = bits(trained)
        with pytest.raises(FileError, match="model is not a model file"):
            trained.load(tmp_path / "model")
        np.testing.assert_array_equal(bits(trained), before)
        assert len(trained.history) == 30

    def test_a_folder_that_is_missing(self, trained: RBM, tmp_path: Path) -> None:
        with pytest.raises(FileError, match="there is no folder"):
            trained.save(tmp_path / "missing" / "model.safetensors")
        with pytest.raises(FileError, match="there is no folder"):
            trained.save_loss(tmp_path / "missing" / "loss.dat")

    def test_the_loss_file(self, trained: RBM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        trained.save_loss()
        table: NDArray[np.float64] = np.loadtxt("loss.dat")
        np.testing.assert_array_equal(table[:, 0], np.arange(1, 31))
        np.testing.assert_allclose(table[:, 1], trained.loss_history, atol=1e-6)
