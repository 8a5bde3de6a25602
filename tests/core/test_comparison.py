from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from rbm_studio.core import comparison
from rbm_studio.core.comparison import ORDERS, PAIRINGS, compare
from rbm_studio.core.parameters import Parameters
from rbm_studio.core.similarity import cosines
from rbm_studio.errors import RBMStudioError

from .enumeration import random_parameters


def with_filters(p: Parameters, order: list[int], scale: float = 1.0) -> Parameters:
    return Parameters(scale * p.w[:, order], p.visible_bias, p.hidden_bias[order])


def test_a_model_is_found_again_however_its_units_are_numbered() -> None:
    left = random_parameters(9, 5)
    order = [3, 0, 4, 1, 2]
    found = compare(left, with_filters(left, order, 2.0))
    assert found.left.tolist() == [0, 1, 2, 3, 4]
    assert [order[unit] for unit in found.right] == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(found.similarity, 1, atol=1e-6)
    np.testing.assert_allclose(found.distance, np.linalg.norm(left.w, axis=0), rtol=1e-5)
    assert found.mean_similarity == pytest.approx(1)
    assert found.total_distance == pytest.approx(found.left_norm, rel=1e-5)
    assert found.right_norm == pytest.approx(2 * found.left_norm, rel=1e-5)


def test_the_sum_of_the_similarities_is_the_greatest() -> None:
    left, right = random_parameters(6, 4, seed=1), random_parameters(6, 4, seed=2)
    units = np.arange(4)
    scores = cosines(left.w, right.w)
    best = max(scores[units, list(order)].sum() for order in permutations(range(4)))
    assert compare(left, right).similarity.sum() == pytest.approx(best, rel=1e-6)


def test_a_similarity_is_the_cosine_of_two_filters() -> None:
    left, right = random_parameters(6, 3, seed=1), random_parameters(6, 3, seed=2)
    found = compare(left, right, "number")
    assert found.right.tolist() == [0, 1, 2]
    for unit in range(3):
        a, b = left.w[:, unit].astype(np.float64), right.w[:, unit].astype(np.float64)
        assert found.similarity[unit] == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-6)
        assert found.distance[unit] == pytest.approx(np.linalg.norm(a - b), rel=1e-5)
    assert found.total_distance == pytest.approx(np.linalg.norm(left.w - right.w), rel=1e-5)


def test_a_filter_and_its_negative_are_not_alike() -> None:
    left = random_parameters(6, 2)
    assert compare(left, with_filters(left, [0, 1], -1.0), "number").similarity.tolist() == pytest.approx([-1, -1])


def test_a_filter_of_zeros_is_like_none() -> None:
    empty = Parameters(*(np.zeros(shape, dtype=np.float32) for shape in ((6, 2), (6,), (2,))))
    found = compare(empty, random_parameters(6, 2))
    assert found.similarity.tolist() == [0, 0]
    assert found.left_norm == 0


@pytest.mark.parametrize("pairing", list(PAIRINGS))
def test_units_without_a_partner_stand_alone(pairing: str) -> None:
    left, right = random_parameters(6, 2, seed=1), random_parameters(6, 5, seed=2)
    more = compare(left, right, pairing)
    assert more.left.tolist() == [0, 1, -1, -1, -1]
    assert sorted(more.right.tolist()) == [0, 1, 2, 3, 4]
    fewer = compare(right, left, pairing)
    assert fewer.left.tolist() == [0, 1, 2, 3, 4]
    assert sorted(fewer.right.tolist()) == [-1, -1, -1, 0, 1]
    for found in (more, fewer):
        assert found.matched.sum() == 2
        np.testing.assert_array_equal(np.isnan(found.similarity), ~found.matched)
        np.testing.assert_array_equal(np.isnan(found.distance), ~found.matched)
        assert np.isfinite([found.mean_similarity, found.total_distance]).all()


def test_the_orders() -> None:
    left, right = random_parameters(6, 4, seed=1), random_parameters(6, 6, seed=2)
    found = compare(left, right)
    assert set(ORDERS) == {"left", "changed", "alike"}
    assert found.ordered("left").left.tolist() == found.left.tolist()
    changed, alike = found.ordered("changed"), found.ordered("alike")
    assert changed.similarity[:4].tolist() == sorted(found.similarity[:4].tolist())
    assert alike.similarity[:4].tolist() == sorted(found.similarity[:4].tolist(), reverse=True)
    for ordered in (changed, alike):
        assert ordered.left[4:].tolist() == [-1, -1]
        pairs = set(zip(found.left.tolist(), found.right.tolist(), strict=True))
        assert set(zip(ordered.left.tolist(), ordered.right.tolist(), strict=True)) == pairs
        assert ordered.total_distance == pytest.approx(found.total_distance)


def test_beyond_a_size_the_greedy_pairs_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "BEST_UP_TO", 2)
    # The left filter 0 is most like the right filter 0; the best sum pairs both crosswise.
    left, right = np.eye(3, 3, dtype=np.float32), np.zeros((3, 3), dtype=np.float32)
    right[:, 0], right[:, 1], right[:, 2] = (0.8, 0.6, 0), (0.7, -0.1, 0.7), (0, 0, 1)
    bias = np.zeros(3, dtype=np.float32)
    found = compare(Parameters(left, bias, bias), Parameters(right, bias, bias))
    assert found.right.tolist() == [0, 1, 2]
    monkeypatch.setattr(comparison, "BEST_UP_TO", 3)
    assert compare(Parameters(left, bias, bias), Parameters(right, bias, bias)).right.tolist() == [1, 0, 2]


def test_other_visible_units_are_refused_in_words() -> None:
    with pytest.raises(RBMStudioError, match="6 visible units and the right one 8"):
        compare(random_parameters(6, 2), random_parameters(8, 2))


def test_weights_that_overflow_are_like_nothing() -> None:
    huge = with_filters(random_parameters(6, 2), [0, 1], 1e38)
    found = compare(huge, with_filters(huge, [0, 1], -1.0))
    assert found.similarity.tolist() == [0, 0]
    assert found.left_norm == np.inf


def test_weights_that_are_not_finite_are_refused_in_words() -> None:
    broken = random_parameters(6, 2)
    broken.w[2, 1] = np.nan
    with pytest.raises(RBMStudioError, match="not finite"):
        compare(random_parameters(6, 2), broken)
