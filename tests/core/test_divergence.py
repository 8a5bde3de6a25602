"""Which setting a run that exploded is blamed on, in runs that explode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.core.backend import CPU
from rbm_studio.core.divergence import culprit
from rbm_studio.core.presets import PRESETS, settings_for
from rbm_studio.core.training import DIVERGED_ABOVE, Training, TrainingDivergedError
from tests.core.runs import run
from tests.core.stand_in import stand_in_gpu

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.parameters import Parameters
    from rbm_studio.core.presets import Preset

D, H, N = 100, 30, 1000


@pytest.fixture(scope="module")
def images() -> FloatArray:
    """Return images of which half the pixels are alike, so that gradients stay the same for long."""
    images = (np.random.default_rng(0).random((N, D)) < 0.3).astype(np.float32)
    images[:, : D // 2] = images[:, :1]
    return images


def start(preset: Preset, images: FloatArray) -> Parameters:
    return preset.initial_parameters(D, H, 0, images.mean(axis=0), N)


@pytest.mark.parametrize(
    ("setting", "changes"),
    [
        ("learning_rate", {"learning_rate": 1e6}),
        ("learning_rate", {"learning_rate": 100.0, "l2": 0.001, "momentum": 0.95}),
        ("learning_rate", {"learning_rate": 10.0, "update": "adam"}),
        ("learning_rate", {"learning_rate": 100.0, "gradient": "tempering"}),
        ("momentum", {"momentum": 0.999, "learning_rate": 1.0, "batch_size": 10, "epochs": 20}),
        ("l2", {"l2": 1e4}),
        ("l2", {"l2": 30.0}),
        ("l1", {"l1": 1e3}),
        ("sparsity_cost", {"sparsity_cost": 1e4}),
        ("learning_rate", {"preset": "article", "learning_rate": 1e6}),
        ("l2", {"preset": "article", "l2": 1e4}),
        ("sparsity_cost", {"preset": "article", "sparsity_cost": 1e4}),
        ("l1", {"preset": "best-likelihood", "l1": 1e3}),
        ("sparsity_cost", {"preset": "fast-preview", "sparsity_cost": 1e4}),
    ],
)
def test_the_setting_that_broke_a_run_is_named_and_what_to_try_heals_it(
    images: FloatArray, setting: str, changes: dict[str, Any]
) -> None:
    wanted: dict[str, Any] = {"preset": "cd-1", "epochs": 5, "clip_norm": 0.0} | changes
    settings = settings_for(wanted.pop("preset"), **wanted)
    training = Training(start(PRESETS[settings.preset], images), images, settings)
    with pytest.raises(TrainingDivergedError, match="the parameters exploded") as caught:
        run(training)
    error = caught.value
    assert error.setting == setting
    value, better = getattr(settings, setting), error.fields["better"]
    assert f"(it is {value:g}; try {better:g})" in str(error)
    assert training.snapshot().is_finite
    healed = settings_for(settings.preset, **({**wanted, setting: better, "epochs": 2}))
    again = Training(training.snapshot(), images, healed, state=training.state)
    # From the last good ones, which need not be any good: they had begun to explode.
    assert run(again)[-1].kl < DIVERGED_ABOVE / 2


@pytest.mark.parametrize("backend", [CPU, stand_in_gpu()], ids=["CPU", "GPU"])
@pytest.mark.parametrize("setting", ["learning_rate", "l2"])
def test_it_is_named_on_each_device(images: FloatArray, backend: Any, setting: str) -> None:
    settings = settings_for("cd-1", **{setting: 1e6}, epochs=3)
    training = Training(start(PRESETS["cd-1"], images), images, settings, backend=backend)
    with pytest.raises(TrainingDivergedError) as caught:
        run(training)
    assert caught.value.setting == setting
    assert training.snapshot().is_finite


@pytest.mark.parametrize("broken", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["images", "held out"])
def test_images_that_hold_no_numbers_are_blamed_themselves(images: FloatArray, broken: float, where: str) -> None:
    shown, held_out = images.copy(), images[:100].copy()
    (shown if where == "images" else held_out)[:, 3] = broken
    training = Training(start(PRESETS["cd-1"], images), shown, settings_for("cd-1"), held_out=held_out)
    with pytest.raises(TrainingDivergedError, match=r"halted in epoch 1: the images hold.*NaN.*Replace") as caught:
        run(training)
    assert caught.value.setting is None
    assert training.snapshot().is_finite
    assert run(Training(training.snapshot(), images, settings_for("cd-1", epochs=1), state=training.state))[-1].kl < 1


def test_a_model_that_was_absurd_before_is_blamed_itself(images: FloatArray) -> None:
    model = start(PRESETS["cd-1"], images)
    model.w[...] = 1e20
    training = Training(model, images, settings_for("cd-1"))
    with pytest.raises(TrainingDivergedError, match=r"absurd before.*Reset") as caught:
        run(training)
    assert caught.value.setting is None


@pytest.mark.parametrize("preset", PRESETS)
def test_where_nothing_stands_out_it_is_the_learning_rate_and_a_tenth_of_it(preset: str) -> None:
    found = culprit(settings_for(preset))
    assert found.setting == "learning_rate"
    assert found.better == pytest.approx(found.value / 10)
    assert found.excess < 1
