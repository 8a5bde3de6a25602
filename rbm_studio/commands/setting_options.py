"""An option for each of the training settings, from `TrainingSettings` itself."""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from typing import Any

from rbm_studio.core.presets import PRESETS
from rbm_studio.core.settings import (
    BINARISATION_NAMES,
    GRADIENT_NAMES,
    PRESET_NAMES,
    SCHEDULE_NAMES,
    UPDATE_NAMES,
    VISIBLE_NAMES,
    TrainingSettings,
    drawn_seed,
)

_CHOICES = {
    "preset": PRESET_NAMES,
    "gradient": GRADIENT_NAMES,
    "visible_units": VISIBLE_NAMES,
    "binarisation": BINARISATION_NAMES,
    "update": UPDATE_NAMES,
    "schedule": SCHEDULE_NAMES,
}

HELP = {
    "preset": "the settings to start from (default: recommended)",
    "epochs": "passes through the images",
    "batch_size": "images per update",
    "seed": "of all that is random; “random” draws one, and says which",
    "learning_rate": "how far each update goes",
    "momentum": "how much of the last update is kept; with Adam, of the mean gradient",
    "initial_momentum": "momentum at the beginning of a model's life, where it is lower",
    "momentum_epochs": "how many epochs that lasts",
    "update": "the update rule",
    "schedule": "how the learning rate falls over the epochs",
    "final_rate": "what part of the learning rate is left at the end",
    "gradient": "the estimator of the gradient: contrastive divergence, with chains that start at the images (cd) or "
    "go on (pcd), at several temperatures (tempering), or the sum over all states of up to 20 units (exact)",
    "k": "Gibbs steps per update",
    "final_k": "k grows to this over the epochs; 0: it stays",
    "chains": "persistent chains; 0: as many as a batch has images",
    "temperatures": "replicas of each chain, for tempering",
    "visible_units": "whether the negative phase has probabilities or states",
    "centred": "the centred gradient",
    "offset_rate": "how fast its offsets follow the images",
    "binarisation": "whether grey values are probabilities, or made binary: at random in each epoch, or by the "
    "threshold",
    "threshold": "grey values above it are on",
    "l1": "weight decay, of the sum of |w|",
    "l2": "weight decay, of half the sum of w squared",
    "max_norm": "the largest norm of a hidden unit's weights; 0: no limit",
    "sparsity_target": "the mean activity that hidden units are drawn to",
    "sparsity_cost": "how strongly; 0: not at all",
    "clip_norm": "the largest norm of the gradient; 0: no limit",
}
"""What each setting does; those above 0 to 1, and the like, are checked by `TrainingSettings`."""


def add_setting_options(parser: argparse.ArgumentParser) -> None:
    """Add an option for each setting, without a default: what is not given is as the preset has it."""
    defaults = {field.name: field.default for field in fields(TrainingSettings)}
    group = parser.add_argument_group(
        "settings", "What is not given is as the preset has it; see --list-presets for the presets."
    )
    for name, text in HELP.items():
        flag, default = "--" + name.replace("_", "-"), defaults[name]
        if isinstance(default, bool):
            group.add_argument(flag, action=argparse.BooleanOptionalAction, help=text)
        elif name in _CHOICES:
            group.add_argument(flag, choices=_CHOICES[name], help=text)
        elif name == "seed":
            group.add_argument(flag, type=seed, metavar="N", help=text)
        else:
            kind = type(default)
            group.add_argument(flag, type=kind, metavar={int: "N", float: "X"}.get(kind), help=text)


def seed(text: str) -> int:
    """Return the seed that an option names; for ``random`` one that is drawn, and told on the standard error."""
    if text != "random":
        return int(text)
    drawn = drawn_seed()
    print(f"# The seed was drawn: {drawn}", file=sys.stderr)
    return drawn


def chosen_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that were given."""
    return {name: value for name in HELP if (value := getattr(options, name)) is not None}


def preset_list() -> str:
    """Return the presets in words, each with its source, its settings, and what it was measured to reach."""
    lines = []
    for name, preset in PRESETS.items():
        lines.append(f"{name}: {preset.source}")
        if preset.settings:
            lines.append("  " + ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in preset.settings.items()))
        if preset.result:
            lines.append(f"  {preset.result}")
    return "\n".join(lines)
