"""Pairs of the greatest total score: the assignment problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Indices = npt.NDArray[np.intp]

_REDUCTIONS = 2
"""How often rows without a column bid for one before the paths are searched."""


def best_assignment(scores: npt.NDArray[np.floating[Any]]) -> Indices:
    """Pair rows with columns so that the sum of their scores is the greatest that there is.

    The Hungarian method (Kuhn, "The Hungarian method for the assignment problem", 1955) by shortest augmenting paths,
    after the row reductions of Jonker & Volgenant ("A shortest augmenting path algorithm for dense and sparse linear
    assignment problems", 1987). No randomness: the same scores give the same pairs.

    Parameters
    ----------
    scores : ndarray of shape (n, m)
        Finite.

    Returns
    -------
    intp ndarray of shape (n,)
        The column of each row; -1 for the rows that are left over where there are more rows than columns.
    """
    rows, columns = scores.shape
    if rows > columns:
        return _inverted(best_assignment(scores.T), rows)
    return _Search(-scores.astype(np.float64)).pairs() if rows else np.empty(0, dtype=np.intp)


def greedy_assignment(scores: npt.NDArray[np.floating[Any]]) -> Indices:
    """Pair the row and the column of the greatest score, then go on with the others; for more than the best one takes.

    The sum of the scores is at least half of the greatest where none is negative (Avis, "A survey of heuristics for
    the weighted matching problem", 1983).

    Parameters
    ----------
    scores : ndarray of shape (n, m)
        Finite.

    Returns
    -------
    intp ndarray of shape (n,)
        The column of each row; -1 for the rows that are left over.
    """
    rows, columns = scores.shape
    column_of = np.full(rows, -1, dtype=np.intp)
    free = np.arange(rows)
    open_columns = np.arange(columns)
    # In rounds: pairs that are each other's best are what one pair after the other would come to as well.
    while free.size and open_columns.size:
        left = scores[np.ix_(free, open_columns)]
        wish, answer = left.argmax(axis=1), left.argmax(axis=0)
        mutual = answer[wish] == np.arange(free.size)
        column_of[free[mutual]] = open_columns[wish[mutual]]
        free, open_columns = free[~mutual], np.delete(open_columns, wish[mutual])
    return column_of


def _inverted(partner: Indices, count: int) -> Indices:
    """Return whose partner each of `count` is; -1 for those that are nobody's."""
    inverse = np.full(count, -1, dtype=np.intp)
    inverse[partner] = np.arange(len(partner))
    return inverse


class _Search:
    """The least total cost of pairs for a matrix that is no taller than wide.

    Each column has a price. Prices only fall, and those of columns that nobody has are 0; each row has a column that
    is the cheapest for it at these prices, or none.
    """

    def __init__(self, costs: Floats) -> None:
        self._costs = costs
        self._prices: Floats = np.zeros(costs.shape[1])
        self._column_of: Indices = np.full(costs.shape[0], -1, dtype=np.intp)
        self._row_of: Indices = np.full(costs.shape[1], -1, dtype=np.intp)

    def pairs(self) -> Indices:
        free = list(range(len(self._costs)))
        for _ in range(_REDUCTIONS):
            free = self._reduce(free)
        for row in free:
            self._augment(row)
        return self._column_of

    def _reduce(self, free: list[int]) -> list[int]:
        """Let each row outbid the one that has its cheapest column; return the rows that are without one."""
        outbid = []
        for row in free:
            offers = self._costs[row] - self._prices
            column = int(offers.argmin())
            cheapest = offers[column]
            offers[column] = np.inf
            second = float(offers.min()) if len(offers) > 1 else cheapest
            owner = int(self._row_of[column])
            if owner >= 0:
                if second <= cheapest:
                    outbid.append(row)
                    continue
                outbid.append(owner)
                self._column_of[owner] = -1
            self._prices[column] -= second - cheapest
            self._take(row, column)
        return outbid

    def _augment(self, first: int) -> None:
        """Find the cheapest chain of changes that ends at a column that nobody has, and make them."""
        costs, prices = self._costs, self._prices
        count = len(prices)
        from_row = np.full(count, first, dtype=np.intp)
        distance = costs[first] - prices
        open_distance = distance.copy()
        done: list[int] = []
        while True:
            column = int(open_distance.argmin())
            reached = float(open_distance[column])
            row = int(self._row_of[column])
            if row < 0:
                break
            done.append(column)
            open_distance[column] = np.inf
            reduced = costs[row] - prices
            reduced += reached - reduced[column]
            shorter = reduced < open_distance
            shorter[done] = False
            np.copyto(open_distance, reduced, where=shorter)
            np.copyto(distance, reduced, where=shorter)
            from_row[shorter] = row
        prices[done] += distance[done] - reached
        while True:
            row = int(from_row[column])
            before = int(self._column_of[row])
            self._take(row, column)
            if row == first:
                return
            column = before

    def _take(self, row: int, column: int) -> None:
        self._column_of[row], self._row_of[column] = column, row
