"""Chains that draw a class: each goes on until what it shows is an image of that class, by the model's own measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.core.gibbs import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.gibbs import GibbsChains
    from rbm_studio.core.likeness import KnownImages

MOST_STEPS = 2000
LOOK_EVERY = 20
LOOKS = 3
"""So many looks in a row must be good: a chain passes through images of a class on its way to others."""
SURE = 0.97
PATIENCE = 300
"""Steps after which a chain that shows another class, or nothing, begins again: it would stay there for thousands."""
_STATES = ("visible", "visible_probabilities", "hidden", "hidden_probabilities", "labels")


class ClassDrawing:
    """Looks at chains in which a class is held, and keeps those that are done as they are.

    The label units alone are too weak to lead each chain to its class: of a hundred that start from noise, ten to forty
    are in another mode after 1,000 steps. A chain is done when p(y | v) of the class is at least 0.97 and F(v) is one
    that images of that class have, at three looks in a row. One that is not done after 300 steps begins again.

    Parameters
    ----------
    chains : GibbsChains
        Their clamp holds the class.
    label : int
    known : callable
        Returns what is known of the class's images at present, or None: then p(y | v) alone counts, after 300 steps.
    start : callable
        Returns where the chains start, of shape (n, D), each time anew.

    Attributes
    ----------
    done : bool ndarray of shape (n,)
        Which chains have come to an image of the class.
    likely : float
        The mean p(y | v) of the class at the last look; NaN before.
    below : bool
        Whether, at the last look, some that are not done had less free energy than any of the class's images.
    """

    def __init__(
        self,
        chains: GibbsChains,
        label: int,
        known: Callable[[], KnownImages | None],
        start: Callable[[], FloatArray],
    ) -> None:
        self._chains, self._label, self._known, self._start = chains, label, known, start
        count = len(chains)
        self.done: npt.NDArray[np.bool_] = np.zeros(count, dtype=np.bool_)
        self.likely = float("nan")
        self.below = False
        self._good = np.zeros(count, dtype=np.intp)
        self._age = np.zeros(count, dtype=np.intp)
        self._kept: dict[str, FloatArray] = {}

    @property
    def is_done(self) -> bool:
        """Whether all chains are done."""
        return bool(self.done.all())

    def follow_step(self) -> None:
        """Take a Gibbs step of the chains into account, which have just drawn their visible units."""
        assert self._chains.stage is Stage.VISIBLE
        for name, kept in self._kept.items():
            getattr(self._chains, name)[self.done] = kept[self.done]
        self._age += 1
        if self._age.max() % LOOK_EVERY == 0:
            self._look()

    def _look(self) -> None:
        chains, known = self._chains, self._known()
        with np.errstate(all="ignore"):
            reads = chains.parameters.label_probabilities(chains.visible)[:, self._label]
        good = reads >= SURE
        if known is None or known.parameters.w.shape != chains.parameters.w.shape:
            good &= self._age >= PATIENCE
            self.below = False
        else:
            good &= known.are_like(chains.visible)
            self.below = bool((known.free_energy(chains.visible) < known.band[0])[~self.done].any())
        self.likely = float(reads.mean())
        self._good = np.where(good, self._good + 1, 0)
        self.done |= self._good >= LOOKS
        self._kept = {name: getattr(chains, name).copy() for name in _STATES}
        self._renew(~self.done & (self._good == 0) & (self._age >= PATIENCE))

    def _renew(self, stuck: npt.NDArray[np.bool_]) -> None:
        if stuck.any():
            self._chains.visible[stuck] = self._start()[stuck]
            self._age[stuck] = 0
