"""Two models beside each other: which filter of one is which of the other, and by how much they differ."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.core.assignment import best_assignment, greedy_assignment
from rbm_studio.core.similarity import cosines
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.parameters import Parameters

BEST_UP_TO = 512
"""Up to so many hidden units the best pairs are looked for; beyond, it takes seconds, and greed does nearly as well."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Pairs of the filters of two models, in some order; n pairs, those without a partner among them.

    Attributes
    ----------
    left, right : intp ndarrays of shape (n,)
        Each pair's hidden unit in either model; −1 where the unit of the other has no partner.
    similarity : float64 ndarray of shape (n,)
        Cosine of the two filters, in −1..1; NaN without a partner.
    distance : float64 ndarray of shape (n,)
        ‖right filter − left filter‖; NaN without a partner.
    left_norm, right_norm : float
        Frobenius norms of the models' weights.
    """

    left: npt.NDArray[np.intp]
    right: npt.NDArray[np.intp]
    similarity: npt.NDArray[np.float64]
    distance: npt.NDArray[np.float64]
    left_norm: float
    right_norm: float

    @property
    def matched(self) -> npt.NDArray[np.bool_]:
        """Which pairs have both partners."""
        return (self.left >= 0) & (self.right >= 0)

    @property
    def total_distance(self) -> float:
        """Frobenius norm of the difference of the weights, as they are paired; units without a partner left out."""
        return float(np.sqrt(np.sum(self.distance[self.matched] ** 2)))

    @property
    def mean_similarity(self) -> float:
        """Mean over the pairs with both partners."""
        return float(self.similarity[self.matched].mean())

    def ordered(self, name: str) -> Comparison:
        """Return the same pairs in an order of `ORDERS`."""
        order = ORDERS[name](self)
        return replace(
            self,
            left=self.left[order],
            right=self.right[order],
            similarity=self.similarity[order],
            distance=self.distance[order],
        )


def compare(left: Parameters, right: Parameters, pairing: str = "similarity") -> Comparison:
    """Pair the filters of two models.

    Parameters
    ----------
    left, right : Parameters
        With equally many visible units.
    pairing : str
        A name in `PAIRINGS`: by the greatest sum of cosines, or by their numbers. A filter and its negative are not
        alike.

    Returns
    -------
    Comparison
        In the order of the left model's units; the right model's units without a partner come last.

    Raises
    ------
    RBMStudioError
        If the models have other numbers of visible units, or a weight is not finite.
    """
    if left.visible_num != right.visible_num:
        raise RBMStudioError(
            "The left model has {left} visible units and the right one {right}: their filters cannot be compared.",
            "Choose two models of the same image size.",
            left=left.visible_num,
            right=right.visible_num,
        )
    if not (np.isfinite(left.w).all() and np.isfinite(right.w).all()):
        raise RBMStudioError(
            "One of the models has weights that are not finite numbers.", "Choose an earlier moment of its training."
        )
    # Weights that training has blown up may overflow; what is too long to be measured is like nothing.
    with np.errstate(over="ignore"):
        return _compare(left, right, pairing)


def _compare(left: Parameters, right: Parameters, pairing: str) -> Comparison:
    similarity = cosines(left.w, right.w)
    partner = PAIRINGS[pairing](similarity)
    alone = np.setdiff1d(np.arange(right.hidden_num), partner)
    lefts = np.concatenate([np.arange(left.hidden_num), np.full(len(alone), -1)])
    rights = np.concatenate([partner, alone])
    matched = (lefts >= 0) & (rights >= 0)
    pair = lefts[matched], rights[matched]
    similarities, distances = np.full((2, len(lefts)), np.nan)
    similarities[matched] = similarity[pair]
    distances[matched] = np.linalg.norm(right.w[:, pair[1]] - left.w[:, pair[0]], axis=0)
    norms = (float(np.linalg.norm(model.w)) for model in (left, right))
    return Comparison(lefts, rights, similarities, distances, *norms)


def _by_similarity(similarity: FloatArray) -> npt.NDArray[np.intp]:
    return best_assignment(similarity) if max(similarity.shape) <= BEST_UP_TO else greedy_assignment(similarity)


def _by_number(similarity: FloatArray) -> npt.NDArray[np.intp]:
    numbers = np.arange(similarity.shape[0])
    return np.where(numbers < similarity.shape[1], numbers, -1)


PAIRINGS: dict[str, Callable[[FloatArray], npt.NDArray[np.intp]]] = {
    "similarity": _by_similarity,
    "number": _by_number,
}
"""How filters find their partners, by name: from cosines (H, K) to the partner of each of H, −1 for none."""


# Stable, so that equals stay in the order of the left model; NaN, of those without a partner, is sorted last.
ORDERS: dict[str, Callable[[Comparison], npt.NDArray[np.intp]]] = {
    "left": lambda comparison: np.arange(len(comparison.left)),
    "changed": lambda comparison: np.argsort(comparison.similarity, kind="stable"),
    "alike": lambda comparison: np.argsort(-comparison.similarity, kind="stable"),
}
"""Orders of the pairs, by name: as the left model numbers its units, least similar first, most similar first."""
