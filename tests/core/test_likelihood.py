from __future__ import annotations

import numpy as np
import pytest

from rbm_studio.core.likelihood import annealed_log_partition, exact_log_partition, log_likelihood, log_sum_exp
from rbm_studio.core.parameters import Parameters
from rbm_studio.errors import RBMStudioError
from tests.core.enumeration import all_states, joint, log_partition, random_parameters


def test_log_sum_exp_does_not_overflow() -> None:
    assert log_sum_exp(np.array([1000.0, 1000.0])) == pytest.approx(1000.0 + np.log(2.0))
    assert log_sum_exp(np.array([-1000.0, -1001.0])) == pytest.approx(-1000.0 + np.log1p(np.exp(-1.0)))


@pytest.mark.parametrize(("visible", "hidden"), [(4, 3), (3, 5), (1, 1), (6, 1), (1, 6)])
def test_exact_log_partition_by_enumeration(visible: int, hidden: int) -> None:
    p = random_parameters(visible, hidden)
    assert exact_log_partition(p) == pytest.approx(log_partition(p), abs=1e-5)


def test_exact_log_partition_over_several_blocks_of_states() -> None:
    # Without weights ln Z is a sum over units, which needs no enumeration.
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=20).astype(np.float32), rng.normal(size=14).astype(np.float32)
    p = Parameters(np.zeros((20, 14), dtype=np.float32), a, b)
    expected = np.logaddexp(0.0, a.astype(float)).sum() + np.logaddexp(0.0, b.astype(float)).sum()
    assert exact_log_partition(p) == pytest.approx(expected, abs=1e-5)


def test_exact_log_partition_names_its_limit() -> None:
    p = Parameters(*(np.zeros(shape, dtype=np.float32) for shape in ((27, 26), (27,), (26,))))
    with pytest.raises(RBMStudioError, match=r"at most 25 units; the smaller one has 26.*annealed importance sampling"):
        exact_log_partition(p)


@pytest.mark.parametrize("with_base", [False, True])
@pytest.mark.parametrize(("visible", "hidden", "seed"), [(12, 5, 0), (6, 10, 1)])
def test_annealed_log_partition_within_its_error(visible: int, hidden: int, seed: int, with_base: bool) -> None:
    p = random_parameters(visible, hidden, seed)
    base = np.linspace(-2.0, 2.0, visible, dtype=np.float32) if with_base else None
    estimate = annealed_log_partition(p, np.random.default_rng(0), base_visible_bias=base, chains=500, temperatures=300)
    assert 0.0 < estimate.standard_error < 0.1
    assert abs(estimate.value - exact_log_partition(p)) < 4.0 * estimate.standard_error


def test_annealing_states_a_larger_error_with_fewer_chains_and_steps() -> None:
    p = random_parameters(12, 5)
    coarse = annealed_log_partition(p, np.random.default_rng(0), chains=10, temperatures=5)
    fine = annealed_log_partition(p, np.random.default_rng(0), chains=200, temperatures=200)
    assert coarse.standard_error > 3.0 * fine.standard_error
    assert annealed_log_partition(p, np.random.default_rng(0), chains=1, temperatures=5).standard_error == np.inf


def test_annealing_from_the_model_itself_is_exact() -> None:
    a = np.array([0.5, -200.0, 200.0], dtype=np.float32)
    p = Parameters(np.zeros((3, 2), dtype=np.float32), a, np.zeros(2, dtype=np.float32))
    estimate = annealed_log_partition(p, np.random.default_rng(0), chains=5, temperatures=3)
    assert estimate.value == pytest.approx(np.logaddexp(0.0, a.astype(float)).sum() + 2 * np.log(2.0))
    assert estimate.standard_error == pytest.approx(0.0, abs=1e-9)


def test_log_likelihood_is_the_mean_log_probability() -> None:
    p = random_parameters(4, 3)
    rows = [2, 7, 7, 15]
    expected = np.log(joint(p).sum(axis=1))[rows].mean()
    images = all_states(4)[rows].astype(np.float32)
    assert log_likelihood(p, images, exact_log_partition(p)) == pytest.approx(expected, abs=1e-5)
