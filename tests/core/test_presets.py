from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from rbm_studio.core.presets import PRESETS, TrainingSettings, preset_named
from rbm_studio.errors import RBMStudioError


def test_the_article_has_its_own_defaults() -> None:
    settings = TrainingSettings.for_preset("article")
    assert (settings.learning_rate, settings.momentum, settings.seed) == (0.0001, 0.95, 0)


def test_settings_without_a_preset_are_the_recommended_ones() -> None:
    assert TrainingSettings() == TrainingSettings.for_preset("recommended")


def test_changes_win_over_the_preset_and_none_changes_nothing() -> None:
    settings = TrainingSettings.for_preset("article", learning_rate=0.5, momentum=None, epochs=3)
    assert (settings.learning_rate, settings.momentum, settings.epochs) == (0.5, 0.95, 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"preset": "best"}, r"no preset 'best'.*Known presets: recommended, article"),
        ({"learning_rate": 0}, r"learning rate is 0.*a number above 0"),
        ({"learning_rate": -0.1}, r"learning rate is -0\.1.*a number above 0"),
        ({"learning_rate": np.nan}, r"learning rate is nan.*a number above 0"),
        ({"learning_rate": np.inf}, r"learning rate is inf.*a number above 0"),
        ({"learning_rate": "fast"}, r"learning rate is fast.*a number above 0"),
        ({"momentum": 1}, r"momentum is 1.*from 0 to less than 1"),
        ({"momentum": -0.5}, r"momentum is -0\.5.*from 0 to less than 1"),
        ({"momentum": [0.5]}, r"momentum is \[0\.5\].*from 0 to less than 1"),
        ({"batch_size": 0}, r"batch size is 0.*whole number from 1 to 100000"),
        ({"batch_size": 10.0}, r"batch size is 10\.0.*whole number"),
        ({"batch_size": 100_001}, r"batch size is 100001.*from 1 to 100000"),
        ({"epochs": 0}, r"number of epochs is 0.*whole number from 1 to 100000"),
        ({"epochs": True}, r"number of epochs is True.*whole number"),
        ({"seed": -1}, r"seed is -1.*whole number from 0 to 2147483647"),
        ({"seed": "x"}, r"seed is x.*whole number"),
    ],
)
def test_impossible_settings_are_explained(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RBMStudioError, match=message):
        TrainingSettings(**changes)


def test_numpy_numbers_are_numbers_and_can_be_written() -> None:
    numbers: dict[str, Any] = {"learning_rate": np.float32(0.5), "batch_size": np.int64(7), "seed": np.uint8(3)}
    settings = TrainingSettings(**numbers)
    assert json.loads(json.dumps(settings.as_dict())) == {
        "preset": "recommended",
        "learning_rate": 0.5,
        "momentum": 0.9,
        "batch_size": 7,
        "epochs": 10,
        "seed": 3,
    }


@pytest.mark.parametrize("name", PRESETS)
def test_initial_parameters_follow_from_the_seed(name: str) -> None:
    preset = preset_named(name)
    first, again, other = (preset.initial_parameters(6, 4, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.w, again.w)
    assert not np.array_equal(first.w, other.w)
    assert (first.visible_num, first.hidden_num) == (6, 4)


def test_only_the_recommended_preset_starts_at_the_data() -> None:
    mean = np.full(6, 0.2, dtype=np.float32)
    recommended, article = (PRESETS[name].initial_parameters(6, 4, 0, mean, 50) for name in ("recommended", "article"))
    np.testing.assert_allclose(recommended.visible_bias, np.log(0.2 / 0.8), rtol=1e-6)
    assert not article.visible_bias.any()
