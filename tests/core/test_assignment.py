from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.core.assignment import best_assignment, greedy_assignment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def total(scores: Array, columns: NDArray[np.intp]) -> float:
    return float(sum(scores[row, column] for row, column in enumerate(columns) if column >= 0))


def greatest(scores: Array) -> float:
    """Return the greatest total of all ways to pair the fewer with the more."""
    wide = scores if scores.shape[0] <= scores.shape[1] else scores.T
    rows, columns = wide.shape
    return float(max(wide[np.arange(rows), list(order)].sum() for order in permutations(range(columns), rows)))


def one_after_the_other(scores: Array) -> NDArray[np.intp]:
    """Take the greatest score that is left, as the definition says."""
    left, pairs = scores.copy(), np.full(len(scores), -1, dtype=np.intp)
    while np.isfinite(left).any():
        row, column = np.unravel_index(int(left.argmax()), left.shape)
        pairs[row] = column
        left[row], left[:, column] = -np.inf, -np.inf
    return pairs


def is_a_pairing(columns: NDArray[np.intp], shape: tuple[int, ...]) -> bool:
    taken = columns[columns >= 0].tolist()
    return len(taken) == len(set(taken)) == min(shape) and len(columns) == shape[0]


@pytest.mark.parametrize("whole", [False, True])
def test_no_pairing_has_a_greater_sum(whole: bool) -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        shape = tuple(rng.integers(1, 7, 2).tolist())
        # Whole numbers bring ties, where the paths have to be searched.
        scores = rng.integers(-2, 3, shape).astype(np.float64) if whole else rng.normal(size=shape)
        columns = best_assignment(scores)
        assert is_a_pairing(columns, shape)
        assert total(scores, columns) == pytest.approx(greatest(scores), abs=1e-9)


def test_a_permutation_is_found_among_many() -> None:
    rng = np.random.default_rng(1)
    order = rng.permutation(300)
    scores = rng.normal(size=(300, 300)).astype(np.float32)
    scores[np.arange(300), order] += 20
    np.testing.assert_array_equal(best_assignment(scores), order)
    np.testing.assert_array_equal(greedy_assignment(scores), order)


def test_the_best_is_not_always_the_greedy_one() -> None:
    scores = np.array([[10.0, 9.0], [9.0, 0.0]])
    assert best_assignment(scores).tolist() == [1, 0]
    assert greedy_assignment(scores).tolist() == [0, 1]


def test_equal_scores_leave_everyone_in_its_place() -> None:
    for assign in (best_assignment, greedy_assignment):
        assert assign(np.eye(6)).tolist() == list(range(6))
        assert assign(np.zeros((3, 5))).tolist() == [0, 1, 2]


def test_the_greedy_one_takes_the_greatest_first() -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        shape = tuple(rng.integers(1, 9, 2).tolist())
        scores = rng.normal(size=shape)
        assert is_a_pairing(greedy_assignment(scores), shape)
        np.testing.assert_array_equal(greedy_assignment(scores), one_after_the_other(scores))


def test_the_scores_are_left_as_they_are() -> None:
    scores = np.random.default_rng(3).normal(size=(4, 4))
    before = scores.copy()
    best_assignment(scores)
    greedy_assignment(scores)
    np.testing.assert_array_equal(scores, before)
