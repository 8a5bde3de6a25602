"""Chains from noise as figures of an evaluation, each with what it is to be compared with."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.core.fantasies import CHAINS, NEAR, NEIGHBOURS, STEPS, dream

if TYPE_CHECKING:
    from collections.abc import Callable

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.metric_data import MetricData
    from rbm_studio.core.parameters import Parameters

MOST_IMAGES = 10_000


def fantasy_figures(
    parameters: Parameters,
    training: MetricData,
    test: MetricData,
    independent: FloatArray,
    rng: np.random.Generator,
    *,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[dict[str, Any]]:
    """Return what chains from noise show, by the names of `rbm_studio.core.evaluation.Figure`.

    Parameters
    ----------
    parameters : Parameters
    training : MetricData
        What the chains should come to look like; `MOST_IMAGES` of them are looked at.
    test : MetricData
        Whose likelihood is bounded.
    independent : float32 ndarray of shape (D,)
        The biases of pixels as bright as the training images'.
    rng : numpy.random.Generator
    progress : callable, optional
        Called with the steps done and their number.
    cancelled : callable, optional
        Asked whether to end.

    Raises
    ------
    rbm_studio.core.likelihood.Cancelled
        If ``cancelled`` returned True.
    """
    states = test.as_states()
    dreaming = dream(parameters, rng, progress=progress, cancelled=cancelled)
    words = states.binarisation_in_words
    f = dreaming.compare(
        _images(training, MOST_IMAGES),
        _images(states, len(states)),
        words,
        neighbours=_images(training.as_states(), NEIGHBOURS),
        independent=independent,
    )
    chains = f"{CHAINS} chains after {STEPS:,} Gibbs steps from noise"
    of_states = {"unit": "nats", "data": states.name, "binarisation": words}
    of_chains = {"unit": "%", "data": chains, "binarisation": ""}
    share = f.ink.blanks
    of_data = f.data_free_energy.mean
    energy = f"{of_data:.1f}" if math.isfinite(of_data) else "–"
    return [
        {
            "name": "log_likelihood_ceiling",
            "title": "Log-likelihood, upper bound",
            "value": f.ceiling,
            "standard_error": None,
            **of_states,
            "note": "No mean ln p(v) is higher, for Z is at least the sum of exp(-F) over an empty image, a full one, "
            "and those that chains from noise end in. It needs no annealing.",
        },
        {
            "name": "log_likelihood_independent",
            "title": "Log-likelihood of independent pixels",
            "value": f.independent,
            "standard_error": None,
            **of_states,
            "note": "Of pixels that are on as often as in the training images, and know nothing of each other: a model "
            "whose upper bound is below it has learned less than nothing.",
        },
        {
            "name": "fantasy_ink",
            "title": "Ink of chains from noise",
            "value": 100 * f.ink.amount.mean,
            "standard_error": 100 * f.ink.amount.error,
            **of_chains,
            "note": f"Pixels that differ from the ground; {training.name}: {f.data_ink.amount.mean:.1%}.",
        },
        {
            "name": "fantasy_blanks",
            "title": "Blanks among chains from noise",
            "value": 100 * share,
            "standard_error": 100 * math.sqrt(share * (1 - share) / f.chains),
            **of_chains,
            "note": "Images of at most half the ink of the faintest hundredth of the data; "
            f"{training.name}: {f.data_ink.blanks:.1%}.",
        },
        {
            "name": "fantasy_strays",
            "title": "Strays among chains from noise",
            "value": 100 * f.strays,
            "standard_error": 100 * math.sqrt(f.strays * (1 - f.strays) / f.chains),
            **of_chains,
            "note": f"Images that are further from the nearest of {NEIGHBOURS:,} training images than {NEAR:.0%} of "
            "the held-out ones.",
        },
        {
            "name": "fantasy_free_energy",
            "title": "Free energy of chains from noise",
            "value": f.free_energy.mean,
            "standard_error": f.free_energy.error,
            **of_chains,
            "unit": "nats",
            "note": f"{states.name}, {words}: {energy}. The model believes more in what has less.",
        },
    ]


def _images(data: MetricData, most: int) -> FloatArray:
    rows = np.linspace(0, len(data) - 1, min(len(data), most)).round().astype(np.intp)
    few = data if len(rows) == len(data) else replace(data, images=data.images[rows], labels=None)
    return np.concatenate([block.visible for block in replace(few, watch=None).blocks()])
