from __future__ import annotations

import numpy as np
import pytest

from rbm_studio.core.similarity import cosines, filter_norms, most_alike

from .enumeration import random_parameters


def test_norms_are_the_lengths_of_the_columns() -> None:
    w = random_parameters(30, 7).w
    assert filter_norms(w) == pytest.approx(np.linalg.norm(w.astype(np.float64), axis=0), rel=1e-6)


def test_cosines_by_their_definition() -> None:
    left, right = random_parameters(7, 4, seed=1).w, random_parameters(7, 3, seed=2).w
    expected = [
        [float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b))) for b in right.T.astype(np.float64)]
        for a in left.T.astype(np.float64)
    ]
    np.testing.assert_allclose(cosines(left, right), expected, rtol=1e-5)
    np.testing.assert_allclose(cosines(left, left), cosines(left, left.copy()), atol=1e-6)


@pytest.mark.parametrize("bad", [0.0, np.nan, np.inf, 1e30])
def test_a_filter_that_points_nowhere_is_like_none(bad: float) -> None:
    w = np.array([[bad, 1, -2, 0], [bad, 0, 0, 3]], dtype=np.float32)
    assert cosines(w, w).tolist() == [[0, 0, 0, 0], [0, 1, -1, 0], [0, -1, 1, 0], [0, 0, 0, 1]]
    assert cosines(w[:, [1]], w)[0].tolist() == [0, 1, -1, 0]


def test_the_most_alike_come_first_and_none_is_like_itself() -> None:
    alike = np.array([0.2, 1.0, 0.9, -1.0, 0.9], dtype=np.float32)
    assert most_alike(alike, 1, 3) == (2, 4, 0)
    assert most_alike(alike, 1, 9) == (2, 4, 0, 3)
    assert most_alike(np.ones(1, dtype=np.float32), 0, 6) == ()
