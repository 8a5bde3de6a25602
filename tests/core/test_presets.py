from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rbm_studio.core.presets import PRESETS, preset_named, settings_for
from rbm_studio.core.settings import PRESET_NAMES, TrainingSettings
from rbm_studio.errors import RBMStudioError


def test_the_settings_name_the_same() -> None:
    assert tuple(PRESETS) == PRESET_NAMES


def test_the_article_has_its_own_defaults() -> None:
    settings = settings_for("article")
    assert (settings.learning_rate, settings.momentum, settings.seed) == (0.0001, 0.95, 0)
    assert (settings.gradient, settings.k, settings.visible_units) == ("cd", 1, "sampled")


def test_the_best_likelihood_comes_of_persistent_chains_and_centring() -> None:
    settings = settings_for("best-likelihood")
    assert (settings.gradient, settings.centred, settings.binarisation) == ("pcd", True, "threshold")


def test_settings_without_a_preset_are_the_recommended_ones() -> None:
    assert TrainingSettings() == settings_for("recommended")


@pytest.mark.parametrize("name", PRESETS)
def test_a_presets_settings_are_its_own_on_top_of_the_defaults(name: str) -> None:
    preset = preset_named(name)
    assert settings_for(name) == replace(TrainingSettings(), preset=name, **preset.settings)
    assert preset.source


def test_only_the_article_has_its_quirks() -> None:
    quirks = ("summed_weight_gradient", "sampled_statistics", "damped", "measured_after_update")
    for name, preset in PRESETS.items():
        assert {getattr(preset, quirk) for quirk in quirks} == {name == "article"}
    assert [name for name, preset in PRESETS.items() if not preset.starts_at_data] == ["article"]


def test_changes_win_over_the_preset_and_none_changes_nothing() -> None:
    settings = settings_for("article", learning_rate=0.5, momentum=None, epochs=3)
    assert (settings.learning_rate, settings.momentum, settings.epochs) == (0.5, 0.95, 3)


def test_an_unknown_preset_names_those_that_are_known() -> None:
    unhashable: Any = ["best"]
    for ask in (preset_named, settings_for):
        with pytest.raises(RBMStudioError, match=r"no preset \['best'\].*Known presets: recommended"):
            ask(unhashable)
        with pytest.raises(
            RBMStudioError, match=r"no preset 'best'.*Known presets: recommended, cd-1, article, best-like"
        ):
            ask("best")


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("labels", [0, 3])
def test_initial_parameters_follow_from_the_seed(name: str, labels: int) -> None:
    preset = preset_named(name)
    first, again, other = (preset.initial_parameters(6, 4, seed, label_num=labels) for seed in (1, 1, 2))
    for key, array in first.arrays().items():
        np.testing.assert_array_equal(array, again.arrays()[key])
    assert not np.array_equal(first.w, other.w)
    assert (first.visible_num, first.hidden_num, first.label_num) == (6, 4, labels)
    # The labels do not change what the other weights start at.
    np.testing.assert_array_equal(first.w, preset.initial_parameters(6, 4, 1).w)


def test_all_but_the_article_start_at_the_data() -> None:
    mean = np.array([0.2, 0.2, 0.2, 0.2, 0.0, 1.0], dtype=np.float32)
    for name, preset in PRESETS.items():
        p = preset.initial_parameters(6, 4, 0, mean, 50)
        if name == "article":
            assert not p.visible_bias.any()
            continue
        # Of 50 images that leave a pixel dark, or lit, it is known that it is so in more than 50 of 51.
        expected = np.log([0.2 / 0.8] * 4 + [1 / 50, 50])
        np.testing.assert_allclose(p.visible_bias, expected, rtol=1e-6)
        assert not p.w[4].any()
        assert p.w[5].any()
