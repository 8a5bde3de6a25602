"""Presets that have another name now than in the files of earlier versions."""

from __future__ import annotations

from typing import Any

from rbm_studio.core.presets import PRESETS, settings_for

PROGRAM = "program"
"""By this name files say which version wrote them; those that do not are of the time of the old names."""

RENAMED = {"recommended": "cd-1"}
"""The name then, and the name now."""

FIRST_NAMES = {
    "preset": ("recommended", "article", "best-likelihood", "fast-preview"),
    "schedule": ("constant", "linear", "exponential"),
}
"""That the program knew then: a file with another one says by its format that it is of a later version."""


def are_first_names(about: Any) -> bool:
    """Whether a program of that time knows all names in what a file says of itself."""
    if isinstance(about, dict):
        known = all(about[setting] in names for setting, names in FIRST_NAMES.items() if setting in about)
        return known and all(map(are_first_names, about.values()))
    return all(map(are_first_names, about)) if isinstance(about, list) else True


def name_now(name: Any) -> Any:
    """Return the name that a preset has now; what is no name of one, as it is."""
    now = RENAMED.get(name, name) if isinstance(name, str) else name
    return now if now in tuple(PRESETS) else name


def settings_now(about: dict[str, Any]) -> dict[str, Any]:
    """Return settings of an old file as they are called now, those that were not there yet among them."""
    name = name_now(about.get("preset"))
    own = settings_for(name).as_dict() if name in tuple(PRESETS) else {}
    return {**own, **about, "preset": name}


def experiment_now(facts: Any) -> Any:
    """Return what an old experiment's file says of itself, with all settings in it as they are called now."""
    if isinstance(facts, list):
        return [experiment_now(each) for each in facts]
    if not isinstance(facts, dict):
        return facts
    if "preset" in facts:
        return settings_now(facts)
    now = {key: experiment_now(value) for key, value in facts.items()}
    name, is_named = now.get("name"), now.get("is_named", True)
    if isinstance(name, str) and is_named is False:
        # A run that nobody gave a name is called by its preset, among others.
        for old, new in RENAMED.items():
            now["name"] = name.replace(f", {old}, ", f", {name_now(old)}, ") if new in PRESETS else name
    return now
