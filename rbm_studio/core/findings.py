"""What a model's health means, in plain words: rules with their source, in one table.

Section numbers are those of Hinton, A Practical Guide to Training Restricted Boltzmann Machines, UTML TR 2010-003.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rbm_studio.core import symptoms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rbm_studio.core.fantasies import Fantasies
    from rbm_studio.core.health import Health
    from rbm_studio.core.settings import TrainingSettings


@dataclass(frozen=True)
class Finding:
    """Something about a model that a person should know.

    Attributes
    ----------
    name : str
        Of its rule in `FINDINGS`.
    problem, remedy : str
        Templates for `str.format`, kept apart from their fields so that the window can translate them.
    fields : mapping
        The values for the fields of both.
    source : str
        Where the rule comes from.
    units : tuple of int
        The hidden units that it is about; empty if it is about all.
    setting : str
        What to change, a name of `TrainingSettings`, or ``"hidden_num"``.
    is_grave : bool
        Whether a model that has it learns no more, whatever one does but begin anew: to be told wherever one looks.
    """

    name: str
    problem: str
    remedy: str
    fields: Mapping[str, object]
    source: str
    units: tuple[int, ...]
    setting: str
    is_grave: bool = False

    def __str__(self) -> str:
        """Return it in English."""
        return f"{self.problem.format(**self.fields)} {self.remedy.format(**self.fields)} ({self.source})"


@dataclass(frozen=True)
class Rule:
    """One thing that can be wrong.

    Attributes
    ----------
    problem, remedy, source, setting : str
        As in `Finding`.
    look : callable
        A function of `rbm_studio.core.symptoms`.
    settled : bool
        Whether the rule waits for the end of the first epoch.
    grave_from : float
        The share of the hidden units, in 0..1, from which on it is a grave finding; by default it never is.
    """

    problem: str
    remedy: str
    source: str
    setting: str
    look: Callable[[Health, TrainingSettings], symptoms.Match | None]
    settled: bool = False
    grave_from: float = math.inf


def find(health: Health, settings: TrainingSettings) -> list[Finding]:
    """Return what is wrong, the gravest first."""
    found = []
    for name, rule in FINDINGS.items():
        match = None if rule.settled and health.epochs < symptoms.SETTLED_EPOCHS else rule.look(health, settings)
        if match is not None:
            found.append(_finding(name, rule, match))
    return found


def find_in_fantasies(fantasies: Fantasies, settings: TrainingSettings) -> list[Finding]:
    """Return what chains from noise alone tell is wrong, the gravest first."""
    dreamt = _Dreamt(fantasies)
    matches = {name: look(dreamt, settings) for name, look in OF_CHAINS.items()}
    return [_finding(name, FINDINGS[name], match) for name, match in matches.items() if match is not None]


@dataclass(frozen=True)
class _Dreamt:
    fantasies: Fantasies


def _finding(name: str, rule: Rule, match: symptoms.Match) -> Finding:
    remedy, setting = match.remedy or rule.remedy, match.setting or rule.setting
    words = match.problem or rule.problem, remedy, match.fields, rule.source
    return Finding(name, *words, match.units, setting, is_grave=match.share >= rule.grave_from)


OF_CHAINS = {
    "worse_than_pixels": symptoms.worse_than_pixels,
    "chains_fade": symptoms.chains_fade,
    "chains_off": symptoms.chains_off,
}
"""Rules that ask for nothing but where chains from noise have ended, the gravest first."""

_BY_PCD = "CD never looks where there are no images. Train anew by PCD, whose chains go there."

FINDINGS: dict[str, Rule] = {
    "broken": Rule(
        "Parameters are infinite, or not numbers.",
        "Reset, and train with a lower learning rate.",
        "Hinton 2010, section 7.1",
        "learning_rate",
        symptoms.broken,
        grave_from=0.0,
    ),
    "dead": Rule(
        "{count} of {hidden} hidden units never switch on.",
        "Lower the learning rate or the sparsity cost, and train anew: such units learn nothing more.",
        "Hinton 2010, sections 8.1 and 15",
        "learning_rate",
        symptoms.dead,
        grave_from=symptoms.NEARLY_ALL,
    ),
    "stuck": Rule(
        "{count} of {hidden} hidden units never switch off.",
        "They only add to the visible biases. A little weight decay (L2), or a sparsity target, unsticks them.",
        "Hinton 2010, sections 10 and 15",
        "l2",
        symptoms.stuck,
        grave_from=symptoms.NEARLY_ALL,
    ),
    "exploded": Rule(
        "{count} of {hidden} hidden units have weights beyond 16; the largest is {largest:.0f}.",
        "Lower the learning rate, or add weight decay (L2).",
        "Hinton 2010, sections 7.1 and 10",
        "learning_rate",
        symptoms.exploded,
        grave_from=symptoms.NEARLY_ALL,
    ),
    "worse_than_pixels": Rule(
        "The log-likelihood is at most {ceiling:.0f} nats: pixels that know nothing of each other reach "
        "{independent:.0f}.",
        _BY_PCD,
        "Salakhutdinov & Murray 2008; Z is at least the sum over the images that chains from noise end in",
        "gradient",
        OF_CHAINS["worse_than_pixels"],
    ),
    "chains_fade": Rule(
        "{blanks:.0%} of {chains} chains from noise fade away: they end blank, as {data_blanks:.0%} of the data are.",
        _BY_PCD,
        "Salakhutdinov & Murray 2008; Decelle, Furtlehner & Seoane 2021",
        "gradient",
        OF_CHAINS["chains_fade"],
    ),
    "chains_off": Rule(
        "Chains from noise do not look like the data: {strays:.0%} end far from every image, their mean image is "
        "{misfit:.1f} deviations off, their ink {ink:.0%} (data: {data_ink:.0%}).",
        _BY_PCD,
        "Salakhutdinov & Murray 2008; Decelle, Furtlehner & Seoane 2021",
        "gradient",
        OF_CHAINS["chains_off"],
    ),
    "large_update": Rule(
        "Each update changes the weights by {ratio:.2g} of their size; about 0.001 is right.",
        "Lower the learning rate (it is {rate:g}).",
        "Hinton 2010, section 7.1",
        "learning_rate",
        symptoms.large_update,
        settled=True,
    ),
    "small_update": Rule(
        "Each update changes the weights by only {ratio:.2g} of their size; about 0.001 is right.",
        "Raise the learning rate (it is {rate:g}), if the model still has to learn.",
        "Hinton 2010, section 7.1",
        "learning_rate",
        symptoms.small_update,
        settled=True,
    ),
    "overfitted": Rule(
        "Overfitting: held-out images have {gap:.0f} ± {error:.0f} nats more free energy than training images.",
        "Stop earlier, train on more images, take fewer hidden units, or add weight decay (L2).",
        "Hinton 2010, sections 6 and 10",
        "l2",
        symptoms.overfitted,
    ),
    "particles_off": Rule(
        "The negative particles do not look like the data: their mean is {misfit:.1f} deviations off.",
        "The model believes in images that are not there. Lower the learning rate, or take more Gibbs steps (k).",
        "Tieleman 2008; Hinton 2010, section 14",
        "k",
        symptoms.particles_off,
        settled=True,
    ),
    "particles_alike": Rule(
        "The negative particles are all alike: they vary {spread:.0%} as much as the data.",
        "The chains are stuck in one place. Lower the learning rate, or take more Gibbs steps (k).",
        "Tieleman 2008; Hinton 2010, section 14",
        "k",
        symptoms.particles_alike,
        settled=True,
    ),
    "certain": Rule(
        "{share:.0%} of the hidden probabilities are next to 0 or 1.",
        "Units that are so certain learn slowly. Lower the learning rate, or add weight decay (L2).",
        "Hinton 2010, sections 8 and 10",
        "l2",
        symptoms.certain,
    ),
    "twins": Rule(
        "{count} of {hidden} hidden units look for the same as another one.",
        "Fewer hidden units would do, or a lower learning rate, so that they can become different.",
        "Hinton 2010, sections 8 and 12",
        "hidden_num",
        symptoms.twins,
        settled=True,
    ),
    "busy": Rule(
        "Hidden units are on {mean:.0%} of the time.",
        "Features that nearly always apply tell little: give the units a sparsity target.",
        "Hinton 2010, sections 8.1 and 11",
        "sparsity_cost",
        symptoms.busy,
    ),
    "quiet": Rule(
        "Hidden units are on only {mean:.1%} of the time.",
        "Lower the learning rate, or give the units a sparsity target of 0.01 to 0.1.",
        "Hinton 2010, sections 8.1 and 11.1",
        "sparsity_cost",
        symptoms.quiet,
    ),
    "above_target": Rule(
        "Hidden units are on {mean:.1%} of the time; the sparsity target is {target:.1%}.",
        "Raise the sparsity cost.",
        "Hinton 2010, section 11.1",
        "sparsity_cost",
        symptoms.above_target,
        settled=True,
    ),
    "below_target": Rule(
        "Hidden units are on {mean:.1%} of the time; the sparsity target is {target:.1%}.",
        "Lower the sparsity cost.",
        "Hinton 2010, section 11.1",
        "sparsity_cost",
        symptoms.below_target,
        settled=True,
    ),
    "at_target": Rule(
        "The activities of all hidden units are crowded at the sparsity target, {target:.1%}.",
        "Lower the sparsity cost, so that it interferes less with learning.",
        "Hinton 2010, section 11.1",
        "sparsity_cost",
        symptoms.at_target,
        settled=True,
    ),
    "biases_off": Rule(
        "The visible biases are far from the data's log odds: off by {error:.2f} in probability.",
        "Hidden units then learn the mean image. Start with the recommended preset, which begins there.",
        "Hinton 2010, section 8",
        "preset",
        symptoms.biases_off,
    ),
}
"""The rules by name, the gravest first."""
