from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from rbm_studio.core.presets import settings_for
from rbm_studio.core.settings import SETTING_NAMES, TrainingSettings, check_names
from rbm_studio.errors import RBMStudioError

ABOVE_0_TO_1 = "a number above 0, to 1"
FROM_0_TO_1 = "a number from 0 to 1"
AT_LEAST_0 = "a number of at least 0"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"preset": "best"}, r"no preset 'best'.*Known presets: recommended, cd-1, article"),
        ({"learning_rate": 0}, r"learning rate is 0.*a number above 0"),
        ({"learning_rate": -0.1}, r"learning rate is -0\.1.*a number above 0"),
        ({"learning_rate": np.nan}, r"learning rate is nan.*a number above 0"),
        ({"learning_rate": np.inf}, r"learning rate is inf.*a number above 0"),
        pytest.param({"learning_rate": 10**400}, r"learning rate is 10+\..*a number above 0", id="too large a number"),
        ({"learning_rate": "fast"}, r"learning rate is fast.*a number above 0"),
        ({"learning_rate": True}, r"learning rate is True.*a number above 0"),
        ({"momentum": 1}, r"momentum is 1.*from 0 to less than 1"),
        ({"momentum": -0.5}, r"momentum is -0\.5.*from 0 to less than 1"),
        ({"momentum": [0.5]}, r"momentum is \[0\.5\].*from 0 to less than 1"),
        ({"initial_momentum": 1.5}, r"initial momentum is 1\.5.*from 0 to less than 1"),
        ({"batch_size": 0}, r"batch size is 0.*whole number from 1 to 100000"),
        ({"batch_size": 10.0}, r"batch size is 10\.0.*whole number"),
        ({"batch_size": 100_001}, r"batch size is 100001.*from 1 to 100000"),
        ({"epochs": 0}, r"number of epochs is 0.*whole number from 1 to 100000"),
        ({"epochs": True}, r"number of epochs is True.*whole number"),
        ({"seed": -1}, r"seed is -1.*whole number from 0 to 2147483647"),
        ({"seed": "x"}, r"seed is x.*whole number"),
        ({"gradient": "cd1"}, r"no gradient estimator 'cd1'.*Known gradient estimators: cd, pcd, tempering, exact"),
        ({"k": 0}, r"Gibbs steps, k, is 0.*from 1 to 1000"),
        ({"k": 1001}, r"Gibbs steps, k, is 1001.*from 1 to 1000"),
        ({"final_k": -1}, r"final number of Gibbs steps is -1.*from 0 to 1000"),
        ({"chains": -1}, r"number of chains is -1.*from 0 to 100000"),
        ({"temperatures": 1}, r"number of temperatures is 1.*from 2 to 100"),
        ({"visible_units": "real"}, r"no visible unit kind 'real'.*mean-field, sampled"),
        ({"centred": 1}, r"Centred is 1.*True or False"),
        ({"centred": "yes"}, r"Centred is yes.*True or False"),
        ({"offset_rate": 0}, rf"offset rate is 0.*{ABOVE_0_TO_1}"),
        ({"offset_rate": 1.1}, rf"offset rate is 1\.1.*{ABOVE_0_TO_1}"),
        ({"binarisation": "none"}, r"no binarisation 'none'.*grey, stochastic, threshold"),
        ({"threshold": -0.1}, rf"threshold is -0\.1.*{FROM_0_TO_1}"),
        ({"threshold": 1.5}, rf"threshold is 1\.5.*{FROM_0_TO_1}"),
        ({"update": "rmsprop"}, r"no update rule 'rmsprop'.*sgd, adam"),
        ({"update": None}, r"no update rule None.*sgd, adam"),
        ({"schedule": ["linear"]}, r"no schedule \['linear'\].*constant, linear, exponential"),
        ({"final_rate": 0}, rf"final rate is 0.*{ABOVE_0_TO_1}"),
        ({"final_rate": 2}, rf"final rate is 2.*{ABOVE_0_TO_1}"),
        ({"momentum_epochs": -1}, rf"momentum epochs is -1.*{AT_LEAST_0}"),
        ({"l1": -1e-9}, rf"l1 is -1e-09.*{AT_LEAST_0}"),
        ({"l2": np.nan}, rf"l2 is nan.*{AT_LEAST_0}"),
        ({"max_norm": -1}, rf"max norm is -1.*{AT_LEAST_0}"),
        ({"sparsity_target": 1.1}, rf"sparsity target is 1\.1.*{FROM_0_TO_1}"),
        ({"sparsity_cost": np.inf}, rf"sparsity cost is inf.*{AT_LEAST_0}"),
        ({"clip_norm": -2}, rf"clip norm is -2.*{AT_LEAST_0}"),
        *(
            ({name: value}, rf"{name.replace('_', ' ')} is {re.escape(str(value))}.*at most 1e\+08")
            for name in ("momentum_epochs", "l1", "l2", "sparsity_cost")
            for value in (1e30, 1e39, 10**10)
        ),
        *(
            ({name: value}, rf"{name.replace('_', ' ')} is {re.escape(str(value))}.*from 1e-12 to 1e\+08")
            for name in ("learning_rate", "max_norm", "clip_norm")
            for value in (1e-50, 1e30, 1e39, 10**10)
        ),
        ({"final_rate": 1e-50}, r"final rate is 1e-50.*at least 1e-12"),
        # The nearest number in float32 is 1.
        *(
            ({name: 1 - 1e-9}, r"momentum is 0\.999.*from 0 to less than 1")
            for name in ("momentum", "initial_momentum")
        ),
        ({"momentum": 1e300}, r"momentum is 1e\+300.*from 0 to less than 1"),
    ],
    ids=str,
)
def test_impossible_settings_are_explained(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RBMStudioError, match=message):
        TrainingSettings(**changes)


def test_the_bounds_themselves_are_possible() -> None:
    lowest = TrainingSettings(
        learning_rate=1e-12, momentum=0, batch_size=1, epochs=1, seed=0, k=1, final_k=0, chains=0, temperatures=2,
        offset_rate=1e-9, threshold=0, final_rate=1e-9, initial_momentum=0, momentum_epochs=0, sparsity_target=0,
    )  # fmt: skip
    highest = TrainingSettings(
        learning_rate=1e8, momentum=0.9999999, batch_size=100_000, epochs=100_000, seed=2**31 - 1, k=1000, final_k=1000,
        chains=100_000, temperatures=100, offset_rate=1, threshold=1, final_rate=1, sparsity_target=1, l1=1e8, l2=1e8,
        max_norm=1e8, sparsity_cost=1e8, clip_norm=1e8, momentum_epochs=1e8,
    )  # fmt: skip
    assert lowest != highest


def test_numpy_numbers_are_numbers_and_can_be_written() -> None:
    numbers: dict[str, Any] = {
        "learning_rate": np.float32(0.5), "batch_size": np.int64(7), "seed": np.uint8(3), "centred": np.True_,
    }  # fmt: skip
    written = json.loads(json.dumps(TrainingSettings(**numbers).as_dict()))
    assert written == TrainingSettings(learning_rate=0.5, batch_size=7, seed=3, centred=True).as_dict()
    assert TrainingSettings(**written) == TrainingSettings(**numbers)


def test_small_numbers_of_numpys_do_not_overflow() -> None:
    small: dict[str, Any] = {"batch_size": np.uint8(100), "k": np.int8(100), "learning_rate": np.float32(0.1)}
    settings = TrainingSettings(**small)
    assert (settings.batch_size * 300, settings.k * 2) == (30_000, 200)
    assert type(settings.learning_rate * 0.5) is float


def test_every_setting_is_written() -> None:
    settings = settings_for("best-likelihood", l1=0.1, final_k=7)
    written = settings.as_dict()
    assert tuple(written) == SETTING_NAMES == tuple(field.name for field in fields(TrainingSettings))
    assert TrainingSettings(**json.loads(json.dumps(written))) == settings


def test_settings_are_told_apart_by_each_of_them() -> None:
    settings = TrainingSettings()
    assert settings == TrainingSettings()
    assert settings != replace(settings, l2=1e-6)


def test_a_name_that_is_no_setting() -> None:
    check_names({"k": 1, "centred": True})
    with pytest.raises(
        RBMStudioError, match=r"no setting 'learning_rates'\. Known settings: preset, learning_rate, mo"
    ):
        check_names({"k": 1, "learning_rates": 0.1})
