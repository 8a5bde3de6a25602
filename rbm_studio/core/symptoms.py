"""Signs that something is wrong with a model: one function each, and the limits that they go by.

Each takes the model's health and the settings that it is trained with, and returns None where all is well. What the
signs mean, and where the rules come from, is in `rbm_studio.core.findings`; section numbers are those of Hinton,
A Practical Guide to Training Restricted Boltzmann Machines, UTML TR 2010-003.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from rbm_studio.core.overfitting import find_fall
from rbm_studio.core.presets import preset_named

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from rbm_studio.core.fantasies import Fantasies
    from rbm_studio.core.health import FreeEnergies, Health, Particles
    from rbm_studio.core.settings import TrainingSettings

SETTLED_EPOCHS = 1.0
"""In the first epoch the weights, which start near 0, grow fast; what they were drawn from can still be seen."""

EXPECTED_ONCE, HARDLY_EVER = 1.0, 0.01
"""A unit never switches on if over all measured images together it is expected to be on less than once, and hardly
ever: of a single image any unit is expected to be on less than once."""

LARGE_UPDATE, SMALL_UPDATE = 10**-1.5, 10**-4.5
"""Updates are to be 1e-3 of the weights, to within about an order of magnitude (section 7.1); half an order more, so
that one update, which is noisy, does not raise the alarm."""

GAP_ERRORS, GAP_IMAGES = 4.0, 20
"""Of its standard errors: chance alone gives such a gap once in thirty thousand times. Fewer images than that do not
show how large the error is."""

EXPLODED_WEIGHT = 16.0
"""A float32 can hardly tell sigmoid(16) from 1: one such weight decides for its unit, whatever the others say."""

LOST_WEIGHT = 4 * EXPLODED_WEIGHT
"""Beyond 16 a unit that was trained for long on few images may be; one of such a weight no training brings back."""

BIAS_ERROR = 0.15
"""Biases of 0 are 0.4 off MNIST's mean image, and those that started at its log odds stay within 0.1 of it."""

BUSY, QUIET = 0.8, 0.01
"""Mean activities that leave units no room to tell images apart; sparse codes go down to 0.01 (section 11.1)."""

SPARSITY_FACTOR = 2.0
"""The mean activity should be in the vicinity of its target (section 11.1): within this factor."""

CROWDED = 0.1
"""Units whose activities all lie within this part of the target are held too tightly (section 11.1)."""

ALL_CERTAIN = 0.95
"""Healthy models of MNIST have up to 0.85 of their probabilities next to 0 or 1."""

MISFIT, MISFIT_ERRORS = 0.5, 5.0
"""Half of the data's deviation, or five times what the choice of particles alone makes of it."""

SAME_SPREAD = 0.1
"""Healthy particles have 0.5 (probabilities) to 1 (states) times the variance of the data."""

NEARLY_ALL = 0.9
"""Of a model with that share of its hidden units dead, stuck or exploded, what is left is no model of the data."""

MORE_BLANKS, BLANKS_ERRORS = 0.02, 3.0
"""Blanks among the chains from noise, beyond the data's share of them, and so many standard errors on top. Of models of
MNIST that draw digits at most 0.005 of the chains are blank; of those that fade, 0.1 to 1."""

FAR_IMAGE, STRAYS = 0.5, 0.25
"""Deviations of the data by which the mean image of chains from noise is off, and the share of them that stray from all
of the data; both together. A model that has hardly begun has the data's mean image; one that shows one mode more often
than the others has images like the data's. At the end of ten epochs of MNIST 0.02 to 0.17 of PCD's chains stray, and
0.3 to 0.9 of CD-1's, whose mean images are off by 0.55 to 1."""

NO_INK, INK_ERRORS = 3.0, 5.0
"""Deviations of the data, and standard errors: nothing excuses ink that is so far off, such as that of white noise,
which is 9 deviations from MNIST's."""

BOUND_ERRORS = 4.0
"""Of its standard errors the ceiling has to be below what independent pixels reach, on `GAP_IMAGES` or more."""


@dataclass(frozen=True)
class Match:
    """What a sign has shown.

    Attributes
    ----------
    fields : mapping
        The values for the text about it.
    units : tuple of int
        Those concerned.
    setting : str
        One that is likelier to blame than the rule's.
    remedy, problem : str
        What helps, and what is wrong, rather than as the rule has it.
    share : float
        Of the hidden units that are lost, by this sign or one of its kind.
    """

    fields: Mapping[str, object]
    units: tuple[int, ...] = ()
    setting: str = ""
    remedy: str = ""
    problem: str = ""
    share: float = 0.0


class Dreamt(Protocol):
    """What knows where chains from noise have ended."""

    @property
    def fantasies(self) -> Fantasies | None:
        """Where they did; None if none have."""


def broken(health: Health, _: TrainingSettings) -> Match | None:
    """Look for parameters that are not finite."""
    return None if health.finite else Match({})


def dead(health: Health, settings: TrainingSettings) -> Match | None:
    """Look for units that never switch on."""
    match = _units(health, _never(health.mean_activity, health.images))
    return match and replace(match, setting="sparsity_cost" if _is_sparse(settings) else "", share=_lost(health))


def stuck(health: Health, _: TrainingSettings) -> Match | None:
    """Look for units that never switch off."""
    match = _units(health, _never(1 - health.mean_activity, health.images))
    return match and replace(match, share=_lost(health))


def exploded(health: Health, _: TrainingSettings) -> Match | None:
    """Look for units with huge weights."""
    match = _units(health, health.largest_weights > EXPLODED_WEIGHT) if health.finite else None
    if match is None:
        return None
    share = float((health.largest_weights > LOST_WEIGHT).mean())
    return replace(match, fields={**match.fields, "largest": float(health.largest_weights.max())}, share=share)


def twins(health: Health, _: TrainingSettings) -> Match | None:
    """Look for units that look for the same; of those that never change, other signs tell."""
    concerned = np.zeros(health.hidden_num, dtype=np.bool_)
    concerned[list(health.twins)] = True
    match = _units(health, concerned & _alive(health))
    return match if match is not None and len(match.units) > 1 else None


def large_update(health: Health, settings: TrainingSettings) -> Match | None:
    """Look for updates that are too large for their weights."""
    ratio = health.weights.ratio
    too_large = ratio is not None and ratio > LARGE_UPDATE
    return Match({"ratio": ratio, "rate": settings.learning_rate}) if too_large else None


def small_update(health: Health, settings: TrainingSettings) -> Match | None:
    """Look for updates that are too small for their weights; a schedule may make them so, and dead units do."""
    ratio = health.weights.ratio
    too_small = ratio is not None and ratio < SMALL_UPDATE and settings.schedule == "constant" and _alive(health).any()
    return Match({"ratio": ratio, "rate": settings.learning_rate}) if too_small else None


def overfitted(health: Health, _: TrainingSettings) -> Match | None:
    """Look for a gap between the free energies of held-out and training images that chance does not explain, and harms.

    It does where held-out images have become less likely by it; where nobody measures that, the gap has to do.
    """
    energies = health.free_energies
    if energies is None or not is_gap(energies, health.images, health.held_out_images):
        return None
    fields = {"gap": energies.gap, "error": energies.error}
    if health.life is None:
        return Match(fields)
    fall = find_fall(health.life)
    if fall is None or not fall.is_overfitting:
        return None
    fields |= {"since": fall.best.epochs, "fall": fall.nats}
    return Match(fields, problem=OVERFITTED_SINCE, remedy=BACK_TO_THE_BEST)


def is_gap(energies: FreeEnergies, images: int, held_out_images: int) -> bool:
    """Whether held-out images have more free energy than chance explains, for so many images."""
    return min(images, held_out_images) >= GAP_IMAGES and energies.gap > GAP_ERRORS * energies.error


OVERFITTED_SINCE = (
    "Overfitting since epoch {since:.4g}: held-out images have {gap:.0f} ± {error:.0f} nats more free energy than "
    "training images, and are {fall:.0f} nats less likely than they were then."
)
BACK_TO_THE_BEST = (
    "Go back to that moment in the timeline, and continue from there if at all; or train on more images, take fewer "
    "hidden units, or add weight decay (L2)."
)


def worse_than_pixels(health: Dreamt, settings: TrainingSettings) -> Match | None:
    """Look for a likelihood that cannot be as high as that of pixels that know nothing of each other."""
    f = health.fantasies
    if f is None or f.data_free_energy.count < GAP_IMAGES or not f.excess.mean < -BOUND_ERRORS * f.excess.error:
        return None
    return _of_chains(settings, {"ceiling": f.ceiling, "independent": f.independent})


def chains_fade(health: Dreamt, settings: TrainingSettings) -> Match | None:
    """Look for chains from noise that end in blank images, where the data has few."""
    f = health.fantasies
    if f is None:
        return None
    share, among_data = f.ink.blanks, f.data_ink.blanks
    pooled = (share * f.chains + among_data * f.data_ink.amount.count) / (f.chains + f.data_ink.amount.count)
    error = math.sqrt(pooled * (1 - pooled) * (1 / f.chains + 1 / f.data_ink.amount.count))
    if not share - among_data > MORE_BLANKS + BLANKS_ERRORS * error:
        return None
    return _of_chains(settings, {"blanks": share, "data_blanks": among_data, "chains": f.chains})


def chains_off(health: Dreamt, settings: TrainingSettings) -> Match | None:
    """Look for chains from noise that do not come to look like the data; a step that is to fall still may."""
    f = health.fantasies
    if f is None:
        return None
    far = max(FAR_IMAGE, MISFIT_ERRORS / math.sqrt(f.chains))
    strays = f.misfit > far and f.strays > STRAYS and f.data_free_energy.count >= GAP_IMAGES
    if not (_ink_off(f) > NO_INK or (f.settled and strays)):
        return None
    fields = {"misfit": f.misfit, "strays": f.strays, "ink": f.ink.amount.mean, "data_ink": f.data_ink.amount.mean}
    return _of_chains(settings, fields)


def biases_off(health: Health, settings: TrainingSettings) -> Match | None:
    """Look for visible biases that did not start at the mean image; later they may go where training leads them."""
    started_elsewhere = health.epochs < SETTLED_EPOCHS or not preset_named(settings.preset).starts_at_data
    return Match({"error": health.bias_error}) if started_elsewhere and health.bias_error > BIAS_ERROR else None


def certain(health: Health, settings: TrainingSettings) -> Match | None:
    """Look for living units whose probabilities are nearly all next to 0 or 1; those of sparse ones have to be."""
    alive = _alive(health)
    share = float(health.certain[alive].mean()) if alive.any() else 0.0
    return Match({"share": share}) if share > ALL_CERTAIN and not _is_sparse(settings) else None


def busy(health: Health, settings: TrainingSettings) -> Match | None:
    """Look for units that are on most of the time."""
    mean = _mean_activity(health)
    return Match({"mean": mean}) if mean > BUSY and not _is_sparse(settings) else None


def quiet(health: Health, settings: TrainingSettings) -> Match | None:
    """Look for units that live, and are hardly ever on."""
    mean = _mean_activity(health)
    return Match({"mean": mean}) if mean < QUIET and not _is_sparse(settings) and _alive(health).any() else None


def above_target(health: Health, settings: TrainingSettings) -> Match | None:
    """Look for a mean activity far above the sparsity target."""
    mean, target = _mean_activity(health), settings.sparsity_target
    return Match({"mean": mean, "target": target}) if _is_sparse(settings) and mean > SPARSITY_FACTOR * target else None


def below_target(health: Health, settings: TrainingSettings) -> Match | None:
    """Look for a mean activity far below the sparsity target."""
    mean, target = _mean_activity(health), settings.sparsity_target
    return Match({"mean": mean, "target": target}) if _is_sparse(settings) and mean < target / SPARSITY_FACTOR else None


def at_target(health: Health, settings: TrainingSettings) -> Match | None:
    """Look for activities that are all the same: the sparsity target."""
    target = settings.sparsity_target
    furthest = float(np.abs(health.mean_activity - target).max())
    crowded = _is_sparse(settings) and health.hidden_num > 1 and furthest < CROWDED * target
    return Match({"target": target}) if crowded else None


def particles_off(health: Health, _: TrainingSettings) -> Match | None:
    """Look for negative particles that do not look like the data."""
    particles = health.particles
    return Match({"misfit": particles.misfit}) if particles is not None and _misfits(particles) else None


def particles_alike(health: Health, _: TrainingSettings) -> Match | None:
    """Look for negative particles that are all in one place; without living units there is no other."""
    particles = health.particles
    if particles is None or len(particles.images) < 2 or particles.spread >= SAME_SPREAD or not _alive(health).any():
        return None
    return Match({"spread": particles.spread})


def _units(health: Health, concerned: npt.NDArray[np.bool_]) -> Match | None:
    units = tuple(np.flatnonzero(concerned).tolist())
    return Match({"count": len(units), "hidden": health.hidden_num}, units) if units else None


def _never(activity: npt.NDArray[np.float64], images: int) -> npt.NDArray[np.bool_]:
    never: npt.NDArray[np.bool_] = (activity * images < EXPECTED_ONCE) & (activity < HARDLY_EVER)
    return never


def _alive(health: Health) -> npt.NDArray[np.bool_]:
    """Return which units are now on and now off."""
    never_on, never_off = (_never(a, health.images) for a in (health.mean_activity, 1 - health.mean_activity))
    return ~(never_on | never_off)


def _lost(health: Health) -> float:
    """Return the share of the units that are never on or never off."""
    return float(1 - _alive(health).mean())


def _ink_off(f: Fantasies) -> float:
    """Return by how many deviations of the data the chains' mean ink is off; 0 where chance may have made it so."""
    ink, data = f.ink.amount, f.data_ink.amount
    off = abs(ink.mean - data.mean)
    if off <= INK_ERRORS * math.hypot(ink.error, data.error):
        return 0.0
    # Where all images have as much ink as each other, the chains' own deviation is what is left to compare with.
    scale = max(data.deviation, ink.deviation, 1e-6)
    return off / scale


def _of_chains(settings: TrainingSettings, fields: Mapping[str, object]) -> Match:
    if settings.gradient == "cd":
        return Match(fields)
    return Match(fields, setting="learning_rate", remedy=SMALLER_STEPS)


SMALLER_STEPS = "Train on with a learning rate that falls to the end of the run, with a lower one, or for longer."


def _mean_activity(health: Health) -> float:
    return float(health.mean_activity.mean())


def _is_sparse(settings: TrainingSettings) -> bool:
    return settings.sparsity_cost > 0 and settings.sparsity_target > 0


def _misfits(particles: Particles) -> bool:
    return particles.misfit > max(MISFIT, MISFIT_ERRORS / math.sqrt(len(particles.images)))
