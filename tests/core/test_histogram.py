from __future__ import annotations

import numpy as np
import pytest

from rbm_studio.core.histogram import BINS, Histogram, histogram


def values(*numbers: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array(numbers, dtype=np.float32)


def counted(found: Histogram) -> dict[int, int]:
    return {int(place): int(found.counts[place]) for place in np.flatnonzero(found.counts)}


def test_every_value_is_in_its_bin() -> None:
    found = histogram(values(-1.0, 0.0, 0.0, 0.01, 1.0))
    assert found.limit == 1
    assert found.edges[0] == -1
    # Bins are 2/41 wide, and the middle one stands on zero.
    assert counted(found) == {0: 1, BINS // 2: 3, BINS - 1: 1}


@pytest.mark.parametrize(
    ("reach", "limit"), [(0.9, 1.0), (1.1, 2.0), (2.1, 5.0), (0.051, 0.1), (3e-7, 5e-7), (2e4, 2e4), (0.0, 1.0)]
)
def test_the_axis_ends_at_a_round_number(reach: float, limit: float) -> None:
    assert histogram(values(-reach, reach)).limit == pytest.approx(limit)


def test_the_axis_rests_while_the_values_fit_it() -> None:
    axis = histogram(values(0.9))
    assert histogram(values(0.31), axis).limit == 1
    assert histogram(values(0.29), axis).limit == 0.5
    assert histogram(values(1.1), axis).limit == 2
    assert histogram(values(0.31)).limit == 0.5


def test_a_few_values_far_out_do_not_set_the_axis_but_are_counted_at_its_end() -> None:
    many = np.full(100_000, 0.5, dtype=np.float32)
    many[:10] = 1000
    found = histogram(many)
    assert found.limit == 0.5
    assert found.counts.sum() == 100_000
    assert found.counts[-1] == 100_000


def test_what_is_not_finite_is_left_out() -> None:
    found = histogram(values(np.nan, np.inf, -np.inf, 0.5))
    assert found.counts.sum() == 1
    assert found.limit == 0.5
    assert histogram(values(np.nan)).limit == 1


@pytest.mark.parametrize("columns", [64, 100, 1000])
def test_of_very_many_values_all_columns_have_their_share(columns: int) -> None:
    rows = 2_000_000 // columns
    w = np.zeros((rows, columns), dtype=np.float32)
    w[:, -1] = 1
    found = histogram(w)
    assert 100_000 < found.counts.sum() < 400_000
    assert found.counts[-1] / found.counts.sum() == pytest.approx(1 / columns, rel=0.02)


def test_each_value_lies_in_the_bin_that_counts_it() -> None:
    values = np.random.default_rng(0).normal(size=500).astype(np.float32)
    values[:3] = (np.nan, np.inf, -np.inf)
    # A bin's own edges, and beyond the axis.
    values[3:6] = (0.0, -100.0, 100.0)
    found = histogram(values, histogram(values[6:]))
    values[6:47] = found.edges[:-1]
    found = histogram(values, found)
    bins = found.bins_of(values)
    assert bins[:3].tolist() == [-1, -1, -1]
    np.testing.assert_array_equal(np.bincount(bins[3:], minlength=BINS), found.counts)
