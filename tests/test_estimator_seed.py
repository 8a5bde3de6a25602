from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio import RBM, RBMStudioError
from rbm_studio.core.presets import settings_for
from rbm_studio.core.settings import MAX_SEED, TrainingSettings, drawn_seed

if TYPE_CHECKING:
    from pathlib import Path

IMAGES = np.random.default_rng(0).integers(0, 256, (30, 12)).astype(np.uint8)


def test_without_a_seed_it_is_0_as_in_the_article() -> None:
    assert RBM(12, 3).seed == RBM(12, 3, seed=0).seed == settings_for("article").seed == 0


def test_none_draws_another_seed_each_time() -> None:
    seeds = {RBM(12, 3, seed=None).seed for _ in range(5)}
    assert len(seeds) > 1
    assert all(0 <= seed <= MAX_SEED for seed in seeds)
    assert len({settings_for("article", seed=None).seed for _ in range(5)}) > 1
    assert len({drawn_seed() for _ in range(5)}) > 1
    weights = {RBM(12, 3, seed=None).w.tobytes() for _ in range(3)}
    assert len(weights) > 1


def test_a_drawn_seed_repeats_the_run() -> None:
    drawn = RBM(12, 3, seed=None).fit(IMAGES, epochs=2, verbose=False)
    again = RBM(12, 3, seed=drawn.seed).fit(IMAGES, epochs=2, verbose=False)
    np.testing.assert_array_equal(drawn.w, again.w)


def test_the_run_tells_its_drawn_seed_after_the_articles_first_line(capsys: pytest.CaptureFixture[str]) -> None:
    rbm = RBM(12, 3, seed=None).fit(IMAGES, epochs=1)
    first, told, epoch = capsys.readouterr().out.splitlines()
    assert first == "# Computation will proceed on the CPU."
    assert told == f"# The seed was drawn: {rbm.seed}"
    assert epoch.startswith("Epoch [1/1], KL Divergence: ")
    rbm.fit(IMAGES, epochs=1, verbose=False)
    RBM(12, 3, seed=5).fit(IMAGES, epochs=1)
    assert "seed" not in capsys.readouterr().out


def test_the_file_holds_the_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rbm = RBM(12, 3, seed=None)
    rbm.save(tmp_path / "model.safetensors")
    loaded = RBM(12, 3, seed=None).load(tmp_path / "model.safetensors")
    assert loaded.seed == loaded.settings.seed == rbm.seed
    loaded.fit(IMAGES, epochs=1)
    # It was not drawn for this run.
    assert "seed" not in capsys.readouterr().out


def test_a_changed_seed_may_be_drawn_too(capsys: pytest.CaptureFixture[str]) -> None:
    rbm = RBM(12, 3, seed=7)
    assert rbm.change_settings(learning_rate=0.1).seed == 7
    seeds = {rbm.change_settings(seed=None).seed for _ in range(5)}
    assert len(seeds) > 1
    rbm.fit(IMAGES, epochs=1)
    assert f"# The seed was drawn: {rbm.seed}\n" in capsys.readouterr().out
    rbm.change_settings(seed=3).fit(IMAGES, epochs=1)
    assert "seed" not in capsys.readouterr().out


def test_a_seed_that_cannot_be_leaves_all_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    rbm = RBM(12, 3, seed=7)
    with pytest.raises(RBMStudioError, match="The seed is -1"):
        rbm.change_settings(seed=-1)
    with pytest.raises(RBMStudioError, match="The learning rate is -1"):
        rbm.change_settings(seed=None, learning_rate=-1)
    assert rbm.fit(IMAGES, epochs=1).seed == 7
    assert "seed" not in capsys.readouterr().out
    # Settings themselves are values: none of them is drawn.
    none: Any = None
    with pytest.raises(RBMStudioError, match="The seed is None"):
        TrainingSettings(seed=none)
