"""Two models' filters, paired and in order, ready to be shown: made on a worker, for they can be many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.core.comparison import Comparison, compare

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rbm_studio.app.moments import Moment
    from rbm_studio.core.backend import FloatArray

_QUANTILE = 0.995
_SAMPLE = 1 << 16


@dataclass(frozen=True, eq=False)
class PairPictures:
    """What a comparison shows.

    Attributes
    ----------
    left, right : Moment
    pairing : str
        How the pairs were found.
    found : Comparison
        The pairs in the order in which they were found.
    pairs : Comparison
        The pairs in the order in which they are shown; n of them.
    left_tiles, right_tiles, differences : float32 ndarrays of shape (n, height, width)
        A filter of each pair, and right − left; NaN where there is none.
    left_limit, right_limit, difference_limit : float
        The 99.5th percentile of the magnitudes of each model's weights, and of their differences; greater than 0.
    """

    left: Moment
    right: Moment
    pairing: str
    found: Comparison
    pairs: Comparison
    left_tiles: NDArray[np.float32]
    right_tiles: NDArray[np.float32]
    differences: NDArray[np.float32]
    left_limit: float
    right_limit: float
    difference_limit: float


def picture_pairs(
    left: Moment, right: Moment, pairing: str, order: str, earlier: PairPictures | None = None
) -> PairPictures:
    """Pair the filters of two models of one image size.

    Parameters
    ----------
    left, right : Moment
    pairing, order : str
        Names in `rbm_studio.core.comparison.PAIRINGS` and ``ORDERS``.
    earlier : PairPictures, optional
        Its pairs are taken where they are of the same models.

    Raises
    ------
    RBMStudioError
        If the models cannot be compared.
    """
    same = (
        earlier is not None
        and earlier.left.parameters is left.parameters
        and earlier.right.parameters is right.parameters
        and earlier.pairing == pairing
    )
    found = earlier.found if earlier is not None and same else compare(left.parameters, right.parameters, pairing)
    pairs = found.ordered(order)
    shape = left.image_shape
    left_tiles, right_tiles = (
        _tiles(left.parameters.w, pairs.left, shape),
        _tiles(right.parameters.w, pairs.right, shape),
    )
    # Weights that training has blown up may overflow.
    with np.errstate(over="ignore"):
        differences = right_tiles - left_tiles
    return PairPictures(
        left,
        right,
        pairing,
        found,
        pairs,
        left_tiles,
        right_tiles,
        differences,
        _limit(left.parameters.w),
        _limit(right.parameters.w),
        _limit(differences[pairs.matched]),
    )


def _tiles(w: FloatArray, units: NDArray[np.intp], shape: tuple[int, int]) -> NDArray[np.float32]:
    tiles = w.T[units].reshape(-1, *shape)
    tiles[units < 0] = np.nan
    return tiles


def _limit(values: NDArray[np.float32]) -> float:
    flat = values.ravel()
    # An odd step: an even one would see the same columns of every row.
    magnitudes = np.abs(flat[:: flat.size // _SAMPLE | 1])
    magnitudes = magnitudes[np.isfinite(magnitudes)]
    limit = float(np.quantile(magnitudes, _QUANTILE)) if magnitudes.size else 0.0
    return limit or float(magnitudes.max(initial=0.0)) or 1.0
