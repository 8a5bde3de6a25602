"""Chains that dream, and what is remembered of them: their pictures, how they mix, and which classes they visit."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rbm_studio.core.gibbs import FREE, Clamp, GibbsChains
from rbm_studio.core.mixing import ChainRecord, ClassVisits, Mixing

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.parameters import Parameters

Levels = npt.NDArray[np.uint8]

FILM_LENGTH = 40
"""Moments that a film remembers."""


@dataclass(frozen=True, eq=False)
class DreamMoment:
    """What all chains showed after a step.

    Attributes
    ----------
    step : int
    probabilities, states : uint8 ndarrays of shape (n, D)
        Of the visible units, as grey levels 0..255.
    classes : int ndarray of shape (n,), or None
        Each chain's class, where the model has label units.
    """

    step: int
    probabilities: Levels
    states: Levels
    classes: npt.NDArray[np.intp] | None


@dataclass(frozen=True, eq=False)
class Visits:
    """How often the classes were visited.

    Attributes
    ----------
    counts : int64 ndarray of shape (C,)
        Steps at which a chain was in each class, of all chains together.
    switches, chances : int
        Steps at which a chain was in another class than before, and at which it could have been.
    """

    counts: npt.NDArray[np.int64]
    switches: int
    chances: int


@dataclass(frozen=True, eq=False)
class Frame:
    """What is shown of a dream.

    Attributes
    ----------
    moment : DreamMoment
        The newest.
    film : tuple of DreamMoment
        Earlier ones at equal distances, the oldest first.
    film_every : int
        These distances, in Gibbs steps.
    mixing : Mixing or None
        As it was measured last; None if it is too early to tell.
    visits : Visits or None
        Where the model has label units.
    """

    moment: DreamMoment
    film: tuple[DreamMoment, ...]
    film_every: int
    mixing: Mixing | None = None
    visits: Visits | None = None


@dataclass(frozen=True, eq=False)
class Wishes:
    """How the chains shall go on.

    Attributes
    ----------
    parameters : Parameters
        Of the shapes that the chains have.
    temperature : float
    clamp : Clamp
    film_every : int
        Gibbs steps from one picture of the film to the next.
    """

    parameters: Parameters
    temperature: float = 1.0
    clamp: Clamp = FREE
    film_every: int = 1


class Dream:
    """Chains from their start on.

    Parameters
    ----------
    start : ndarray of shape (n, D)
        Values in 0..1.
    wishes : Wishes
        How they begin.
    rng : numpy.random.Generator
    """

    def __init__(self, start: FloatArray, wishes: Wishes, rng: np.random.Generator) -> None:
        # Of a model that training has blown up the numbers may be infinite, and are shown all the same.
        with np.errstate(all="ignore"):
            self._chains = GibbsChains(wishes.parameters, start, rng)
        self._step = 0
        self._film: deque[DreamMoment] = deque(maxlen=FILM_LENGTH)
        self._film_every = wishes.film_every
        self._mixing: Mixing | None = None
        self._moment = self._take()
        self._film.append(self._moment)
        self._set_chains(wishes)
        self._begin_record()

    def follow(self, wishes: Wishes) -> None:
        """Go on in another way; what tells of the way before is forgotten."""
        changed = (self._chains.temperature, self._chains.clamp) != (wishes.temperature, wishes.clamp)
        self._set_chains(wishes)
        if changed:
            self._begin_record()
        if wishes.film_every != self._film_every:
            self._film_every = wishes.film_every
            self._film.clear()

    def _set_chains(self, wishes: Wishes) -> None:
        self._chains.parameters = wishes.parameters
        self._chains.temperature = wishes.temperature
        self._chains.clamp = wishes.clamp

    def _begin_record(self) -> None:
        chains = self._chains
        self._record = ChainRecord(*chains.visible.shape)
        self._visits = ClassVisits(chains.parameters.label_num) if chains.parameters.label_num else None
        self._mixing = None

    def advance(self) -> None:
        """Make one Gibbs step."""
        with np.errstate(all="ignore"):
            self._chains.step()
            self._record.add(self._chains.visible_probabilities)
        self._step += 1
        if self._visits is not None:
            self._visits.add(self._chains.labels)
        if self._step % self._film_every == 0:
            self._film.append(self._take())

    def measure(self) -> None:
        """Measure how the chains mix; takes some 20 ms."""
        self._mixing = self._record.measure()

    def frame(self) -> Frame:
        """Return what there is to show, in arrays that nothing changes afterwards."""
        if self._moment.step != self._step:
            newest = self._film[-1] if self._film else self._moment
            self._moment = newest if newest.step == self._step else self._take()
        visits = self._visits
        return Frame(
            self._moment,
            tuple(self._film),
            self._film_every,
            self._mixing,
            None if visits is None else Visits(visits.counts.copy(), visits.switches, visits.chances),
        )

    def _take(self) -> DreamMoment:
        chains = self._chains
        classes = chains.labels.argmax(axis=1) if chains.parameters.label_num else None
        return DreamMoment(self._step, levels(chains.visible_probabilities), levels(chains.visible), classes)


def levels(values: FloatArray) -> Levels:
    """Return values in 0..1 as grey levels; NaN is black."""
    with np.errstate(invalid="ignore"):
        grey: Levels = np.rint(np.nan_to_num(values) * np.float32(255)).astype(np.uint8)
        return grey
