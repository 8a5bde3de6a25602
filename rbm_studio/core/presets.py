"""The named ways to train, in `PRESETS`: settings that go together, and where a model starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.core.parameters import Parameters, gaussian_parameters, uniform_parameters
from rbm_studio.core.settings import TrainingSettings, drawn_seed
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rbm_studio.core.backend import FloatArray


@dataclass(frozen=True)
class Preset:
    """A training algorithm with its defaults.

    Attributes
    ----------
    source : str
        Where it comes from.
    result : str
        What it was measured to reach on the full MNIST, thresholded at 0.5 for the log-likelihood.
    settings : mapping
        What its settings are where they are not `TrainingSettings`' defaults.
    summed_weight_gradient : bool
        Whether the weights get the batch's sum of the gradient while the biases get its mean (the article's library).
    sampled_statistics : bool
        Whether the hidden units of both phases' statistics are states (the article's library) or probabilities.
    damped : bool
        Whether the gradient enters the velocity times (1 − momentum).
    measured_after_update : bool
        Whether a batch's KL is measured on all of its images after the update, by a second reconstruction, or in
        passing, before it, on some of them.
    starts_at_data : bool
        Whether the visible biases start at the data's log odds and the weights at N(0, 0.01), or all as in the article.
    """

    source: str
    result: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    summed_weight_gradient: bool = False
    sampled_statistics: bool = False
    damped: bool = False
    measured_after_update: bool = False
    starts_at_data: bool = True

    def initial_parameters(
        self,
        visible_num: int,
        hidden_num: int,
        seed: int,
        mean_image: FloatArray | None = None,
        count: int = 0,
        label_num: int = 0,
    ) -> Parameters:
        """Return the parameters that training starts from; see `gaussian_parameters` for the arguments."""
        rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(1)[0])
        if self.starts_at_data:
            return gaussian_parameters(visible_num, hidden_num, rng, mean_image, count, label_num)
        return uniform_parameters(visible_num, hidden_num, rng, label_num)


_CD = {"gradient": "cd", "centred": False, "visible_units": "mean-field", "binarisation": "grey", "clip_norm": 0.0}
"""CD-1 on grey values, with probabilities for the negative phase's pixels (Hinton 2010, section 3)."""

PRESETS = {
    "recommended": Preset(
        source="PCD: Tieleman (ICML 2008); centred: Melchior, Fischer & Wiskott (JMLR 17:99, 2016); "
        "schedule: Darken & Moody (NIPS 1990)",
        result="10 epochs, 64 / 512 hidden: test log-likelihood -103 / -78 nats (AIS)",
    ),
    "cd-1": Preset(
        source="Hinton, A Practical Guide to Training Restricted Boltzmann Machines (2010)",
        result="10 epochs, 64 / 512 hidden: test log-likelihood -132 / -130 nats (AIS)",
        settings={**_CD, "learning_rate": 0.15, "momentum": 0.9, "schedule": "constant"},
    ),
    "article": Preset(
        source="the article that presents simple_rbm (Watanabe & Kobayashi)",
        result="10 epochs in batches of 1,000, 64 / 512 hidden: test log-likelihood -427 / -110 nats (AIS)",
        settings={
            "gradient": "cd",
            "centred": False,
            "binarisation": "grey",
            "clip_norm": 0.0,
            "learning_rate": 0.0001,
            "momentum": 0.95,
            "momentum_epochs": 0.0,
            "schedule": "constant",
        },
        summed_weight_gradient=True,
        sampled_statistics=True,
        damped=True,
        measured_after_update=True,
        starts_at_data=False,
    ),
    "best-likelihood": Preset(
        source="Tieleman (ICML 2008); Melchior, Fischer & Wiskott (JMLR 17:99, 2016)",
        result="50 epochs, 64 / 512 hidden: test log-likelihood -99 / -71 nats (AIS)",
        settings={"epochs": 50},
    ),
    "fast-preview": Preset(
        source="as the recommended one, in two epochs",
        result="2 epochs, 64 / 512 hidden: test log-likelihood -109 / -86 nats (AIS)",
        settings={"batch_size": 100, "epochs": 2},
    ),
}


def preset_named(name: str) -> Preset:
    """Return a preset.

    Raises
    ------
    RBMStudioError
        If there is none of that name.
    """
    if name not in tuple(PRESETS):  # it may be anything, also what no mapping takes
        raise RBMStudioError(
            "There is no preset {name!r}.", "Known presets: {known}.", name=name, known=", ".join(PRESETS)
        )
    return PRESETS[name]


def settings_for(preset: str, **changes: Any) -> TrainingSettings:
    """Return a preset's own settings, with some changed; changes to None are left out, but None as a seed draws one.

    Raises
    ------
    RBMStudioError
        If there is no such preset, or a value is impossible.
    """
    if "seed" in changes and changes["seed"] is None:
        changes["seed"] = drawn_seed()
    chosen = {name: value for name, value in changes.items() if value is not None}
    return TrainingSettings(**({**preset_named(preset).settings, "preset": preset} | chosen))
