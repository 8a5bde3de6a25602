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

from rbm_studio import RBM
from rbm_studio.core.presets import PRESETS
from tests.core.enumeration import all_states, energies, hidden_given_visible, joint
from tests.patterns import D, H, bits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.training import Progress

ROOT = Path(__file__).parents[1]


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
    def test_numbers_of_numpys_are_as_good_as_others(self, images: FloatArray, preset: str) -> None:
        sizes: dict[str, Any] = {"visible_num": np.int16(D), "hidden_num": np.uint8(H)}
        settings: dict[str, Any] = {"preset": preset, "batch_size": np.uint8(7), "epochs": np.int16(50)}
        same = RBM(**sizes, **settings).fit(images, verbose=False)
        expected = RBM(D, H, preset=preset, batch_size=7, epochs=50).fit(images, verbose=False)
        np.testing.assert_array_equal(bits(same), bits(expected))

    def test_sizes_of_numpys_do_not_overflow(self) -> None:
        sizes: dict[str, Any] = {"visible_num": np.uint8(200), "hidden_num": np.uint8(100)}
        np.testing.assert_array_equal(bits(RBM(**sizes, preset="article")), bits(RBM(200, 100, preset="article")))

    @pytest.mark.parametrize("preset", PRESETS)
    def test_a_second_call_goes_on_as_one_longer_call(self, images: FloatArray, preset: str) -> None:
        # Where the learning rate falls it does so over a call's epochs.
        in_one = RBM(D, H, preset=preset, schedule="constant").fit(images, epochs=4, batch_size=7, verbose=False)
        in_two = RBM(D, H, preset=preset, schedule="constant")
        for _ in range(2):
            in_two.fit(images, epochs=2, batch_size=7, verbose=False)
        np.testing.assert_array_equal(bits(in_one), bits(in_two))
        assert in_one.loss_history == in_two.loss_history
        assert [record.epoch for record in in_two.history] == [1, 2, 3, 4]

    def test_epochs_and_batch_size_are_the_settings_own(self, images: FloatArray) -> None:
        rbm = RBM(D, H, preset="fast-preview", batch_size=30)
        seen: list[Progress] = []
        rbm.fit(images, verbose=False, progress=seen.append)
        assert [(at.epochs, at.batches, at.batch) for at in seen] == [(2, 2, 1), (2, 2, 2)] * 2
        rbm.fit(images, epochs=1, batch_size=60, verbose=False)
        assert (rbm.settings.epochs, rbm.settings.batch_size) == (1, 60)

    def test_takes_any_setting_by_name(self, images: FloatArray) -> None:
        rbm = RBM(D, H, gradient="pcd", k=2, centred=True, update="adam", learning_rate=0.01)
        settings = rbm.fit(images, epochs=1, verbose=False).settings
        assert (settings.gradient, settings.k, settings.centred, settings.update) == ("pcd", 2, True, "adam")

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
        kinds = (bool, np.int64, np.float64, np.uint8)
        for same in (images.tolist(), *(images.astype(kind) for kind in kinds), (255 * images).astype(np.uint8)):
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
        assert (recommended.learning_rate, recommended.momentum) == (1.0, 0.0)

    def test_rates_that_were_given(self) -> None:
        rbm = RBM(D, H, 0.5, 0.25, preset="article")
        assert (rbm.learning_rate, rbm.momentum) == (0.5, 0.25)

    def test_what_it_says_of_itself(self, trained: RBM) -> None:
        assert repr(trained) == "RBM(visible_num=6, hidden_num=4, preset='recommended', epochs trained: 30)"


class TestGPU:
    def test_without_a_gpu_it_says_what_to_do(self, tmp_path: Path) -> None:
        (tmp_path / "cupy.py").write_text("raise ModuleNotFoundError(\"No module named 'cupy'\", name='cupy')")
        program = (
            "import numpy as np, rbm_studio\n"
            "rbm = rbm_studio.RBM(3, 2, use_GPU=True)\n"
            "before = rbm.w.copy()\n"
            "try:\n"
            "    rbm.fit(np.eye(3), epochs=1)\n"
            "except rbm_studio.RBMStudioError as error:\n"
            "    print(error)\n"
            "assert (rbm.w == before).all() and rbm.loss_history == []\n"
            "rbm.use_GPU = False\n"
            "rbm.fit(np.eye(3), epochs=1)\n"
        )
        result = subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        problem, *lines = result.stdout.splitlines()
        assert problem.startswith(
            "The GPU cannot be used: CuPy is not installed (pip install rbm-studio[gpu]). Choose the CPU"
        )
        assert lines[0] == "# Computation will proceed on the CPU."
        assert lines[1].startswith("Epoch [1/1], KL Divergence: ")


class InterruptingOutput(io.StringIO):
    """Presses Ctrl+C when a text is printed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def write(self, printed: str) -> int:
        if self.text in printed:
            signal.raise_signal(signal.SIGINT)
        return super().write(printed)


@pytest.fixture
def _keyboard_interrupts() -> Iterator[None]:
    """As in a terminal; a shell that runs the tests in the background has them ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_keyboard_interrupts")
class TestInterrupted:
    def test_what_was_learned_is_kept_and_goes_on(self, images: FloatArray) -> None:
        # A schedule would fall faster over fewer epochs.
        rbm = RBM(D, H, schedule="constant")
        with contextlib.redirect_stdout(InterruptingOutput("Epoch [2/5]")), pytest.raises(KeyboardInterrupt):
            rbm.fit(images, epochs=5, batch_size=10)
        two = RBM(D, H, schedule="constant").fit(images, epochs=2, batch_size=10, verbose=False)
        np.testing.assert_array_equal(bits(rbm), bits(two))
        assert rbm.loss_history == two.loss_history
        rbm.fit(images, epochs=3, batch_size=10, verbose=False)
        uninterrupted = RBM(D, H, schedule="constant").fit(images, epochs=5, batch_size=10, verbose=False)
        np.testing.assert_array_equal(bits(rbm), bits(uninterrupted))
