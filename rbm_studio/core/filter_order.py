"""Orders of the hidden units' filters: which of them stands where when all are shown side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.core.similarity import cosines

if TYPE_CHECKING:
    import numpy.typing as npt

    from rbm_studio.core.backend import FloatArray

# Below every cosine: what is taken, or has no direction, comes after all else.
_NOT_THERE = np.float32(-2)


def descending_order(values: npt.NDArray[np.floating]) -> npt.NDArray[np.intp]:
    """Return the units from the greatest value to the least; equal ones by their index, NaN last.

    Parameters
    ----------
    values : ndarray of shape (H,)
        A figure of each unit, such as its norm or its mean activity.

    Returns
    -------
    intp ndarray of shape (H,)
        A permutation: which unit stands at each place.
    """
    return np.argsort(-values, kind="stable")


def similarity_order(w: FloatArray) -> npt.NDArray[np.intp]:
    """Return an order in which neighbours look alike: each unit is followed by the one most like it that is left.

    Seriation as a path through all units (Hahsler, Hornik & Buchta, Journal of Statistical Software 25(3), 2008), found
    by the nearest neighbour heuristic (Rosenkrantz, Stearns & Lewis 1977). How alike two units are is the cosine of
    their weights, so opposite filters are far apart. The path begins with one of the two that are most alike; at its
    end stand those that are like few others, and last of all those without a direction: zero, NaN or infinite weights.
    Nothing is random; the lower index wins where two are equally near.

    Parameters
    ----------
    w : float32 ndarray of shape (D, H)

    Returns
    -------
    intp ndarray of shape (H,)
        A permutation: which unit stands at each place.
    """
    count = w.shape[1]
    alike = cosines(w, w)
    # A unit without a direction is like none, not even like itself.
    nowhere = alike.diagonal() == 0
    np.fill_diagonal(alike, _NOT_THERE)
    alike[:, nowhere] = _NOT_THERE
    alike[nowhere] = _NOT_THERE
    order = np.empty(count, dtype=np.intp)
    left = np.zeros(count, dtype=np.float32)
    unit = int(alike.max(axis=1).argmax())
    for place in range(count):
        order[place] = unit
        left[unit] = 2 * _NOT_THERE
        unit = int((alike[unit] + left).argmax())
    return order
