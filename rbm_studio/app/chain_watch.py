"""Chains from noise, run in the background now and then, of the newest model: what it believes in by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.app.newest_watch import NewestWatch
from rbm_studio.core.binarisation import BINARISATIONS
from rbm_studio.core.fantasies import CHAINS, NEIGHBOURS, STEPS, Dreaming, shown_as
from rbm_studio.core.findings import find_in_fantasies
from rbm_studio.core.health import fixed_part
from rbm_studio.core.parameters import log_odds

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QObject

    from rbm_studio.app.newest_watch import Steps
    from rbm_studio.app.session import Session
    from rbm_studio.app.state import Images, Model
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.fantasies import Fantasies
    from rbm_studio.core.findings import Finding

SHARE = 0.012
"""Part of the time that the chains take from a training."""

SHOWN = 40
_SEED = 0
"""The same each time: what changes is the model."""


@dataclass(frozen=True, eq=False)
class Dreamt:
    """Where chains of a model ended.

    Attributes
    ----------
    model : Model
    fantasies : Fantasies
    images : float32 ndarray of shape (n, pixels)
        Of some of the chains: p(v = 1 | h) of their last step.
    findings : tuple of Finding
        What is wrong with that, the gravest first.
    """

    model: Model
    fantasies: Fantasies
    images: FloatArray
    findings: tuple[Finding, ...]


class ChainWatch(NewestWatch):
    """Runs chains of the newest model; see `rbm_studio.core.fantasies`.

    Parameters
    ----------
    session : Session
    parent : QObject, optional

    Attributes
    ----------
    dreamt : Dreamt or None
        Where chains of the present model ended last; None before they have.
    """

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(session, "Running chains from noise", SHARE, parent)
        self.dreamt: Dreamt | None = None

    def _work(self, model: Model, images: Images, is_settled: bool) -> Callable[[Steps], object]:
        return lambda steps: _dream(model, images, is_settled, steps)

    def _take(self, result: object) -> None:
        assert isinstance(result, Dreamt)
        self.dreamt = result

    def _forget(self) -> None:
        self.dreamt = None


def _dream(model: Model, images: Images, is_settled: bool, steps: Steps) -> Dreamt:
    settings = model.training
    dreaming = Dreaming(model.parameters, np.random.default_rng(_SEED), CHAINS)
    while dreaming.steps < STEPS:
        dreaming.advance()
        steps.rest()
    held_out = images.test if len(images.test) else images.train
    binarisation, threshold = shown_as(held_out, settings.binarisation, settings.threshold)
    fantasies = dreaming.compare(
        fixed_part(images.train, settings.binarisation, settings.threshold),
        fixed_part(held_out, binarisation, threshold),
        BINARISATIONS[binarisation].words(threshold),
        neighbours=fixed_part(images.train, binarisation, threshold, NEIGHBOURS),
        independent=log_odds(images.mean, len(images.train)),
        settled=is_settled,
    )
    findings = tuple(find_in_fantasies(fantasies, settings))
    return Dreamt(model, fantasies, dreaming.probabilities()[:SHOWN], findings)
