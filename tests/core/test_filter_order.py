from __future__ import annotations

import itertools

import numpy as np
import pytest

from rbm_studio.core.filter_order import descending_order, similarity_order


def weights(visible: int, hidden: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(visible, hidden)).astype(np.float32)


def cosine(w: np.ndarray, first: int, second: int) -> float:
    a, b = w[:, first].astype(np.float64), w[:, second].astype(np.float64)
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def test_the_greatest_come_first_equal_ones_by_index_and_nan_last() -> None:
    assert descending_order(np.array([1.0, 5.0, np.nan, 5.0, 9.0, 1.0])).tolist() == [4, 1, 3, 0, 5, 2]


def test_each_is_followed_by_the_most_similar_that_is_left() -> None:
    w = weights(12, 40)
    order = similarity_order(w).tolist()
    assert sorted(order) == list(range(40))
    for place in range(39):
        here = order[place]
        likeness = {unit: cosine(w, here, unit) for unit in order[place + 1 :]}
        assert likeness[order[place + 1]] == pytest.approx(max(likeness.values()), abs=1e-6)
    most_alike = max(cosine(w, a, b) for a in range(40) for b in range(a))
    assert cosine(w, order[0], order[1]) == pytest.approx(most_alike, abs=1e-6)


def test_directions_on_a_circle_come_one_after_the_other() -> None:
    angles = np.linspace(0, np.pi, 20) ** 1.5  # ever farther apart
    shuffled = np.random.default_rng(0).permutation(20)
    lengths = np.random.default_rng(1).uniform(0.1, 9, 20)
    w = (lengths * np.stack([np.cos(angles), np.sin(angles)]))[:, shuffled].astype(np.float32)
    assert shuffled[similarity_order(w)].tolist() == list(range(20))


def test_opposite_filters_are_not_alike() -> None:
    w = weights(50, 4)
    w = np.concatenate([w, -w], axis=1)
    order = similarity_order(w).tolist()
    assert order.index(4) != order.index(0) + 1
    assert all(cosine(w, a, b) > -0.9 for a, b in itertools.pairwise(order[:5]))


@pytest.mark.parametrize("bad", [0.0, np.nan, np.inf, 1e30])
def test_filters_without_a_direction_come_last(bad: float) -> None:
    w = weights(20, 10)
    w[:, [2, 7]] = bad
    order = similarity_order(w).tolist()
    assert sorted(order) == list(range(10))
    assert set(order[-2:]) == {2, 7}


@pytest.mark.parametrize("hidden", [1, 2])
def test_one_or_two_filters_have_an_order(hidden: int) -> None:
    assert sorted(similarity_order(weights(5, hidden)).tolist()) == list(range(hidden))
    assert sorted(similarity_order(np.zeros((5, hidden), dtype=np.float32)).tolist()) == list(range(hidden))


def test_the_order_is_the_same_each_time() -> None:
    w = weights(64, 200)
    assert (similarity_order(w) == similarity_order(w.copy())).all()
