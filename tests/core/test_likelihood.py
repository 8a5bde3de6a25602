from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from rbm_studio.core import layer_sum
from rbm_studio.core.layer_sum import log_sum_exp
from rbm_studio.core.likelihood import MAX_EXACT_UNITS, Cancelled, exact_log_partition, log_likelihood
from rbm_studio.core.parameters import Parameters
from rbm_studio.errors import RBMStudioError
from tests.core.enumeration import all_states
from tests.core.joint_enumeration import enumerate_joint, log_probability, random_model


def independent_units(visible: int, hidden: int) -> tuple[Parameters, float]:
    """Return a model without weights, and its ln Z: a sum over units, which needs no enumeration."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=visible).astype(np.float32), rng.normal(size=hidden).astype(np.float32)
    log_partition = np.logaddexp(0.0, a.astype(float)).sum() + np.logaddexp(0.0, b.astype(float)).sum()
    return Parameters(np.zeros((visible, hidden), dtype=np.float32), a, b), float(log_partition)


def test_log_sum_exp_does_not_overflow() -> None:
    assert log_sum_exp(np.array([1000.0, 1000.0])) == pytest.approx(1000.0 + np.log(2.0))
    assert log_sum_exp(np.array([-1000.0, -1001.0])) == pytest.approx(-1000.0 + np.log1p(np.exp(-1.0)))


@pytest.mark.parametrize("classes", [0, 2, 3])
@pytest.mark.parametrize(("visible", "hidden"), [(4, 3), (3, 5), (4, 4), (1, 1), (6, 1), (1, 6), (9, 4)])
def test_exact_log_partition_by_enumeration(visible: int, hidden: int, classes: int) -> None:
    p = random_model(visible, hidden, classes, seed=visible + hidden)
    assert exact_log_partition(p) == pytest.approx(enumerate_joint(p).log_partition, abs=1e-5)


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize(("visible", "hidden"), [(6, 4), (4, 6)])
@pytest.mark.parametrize("scale", [10.0, 100.0, 3000.0])
def test_exact_log_partition_of_extreme_weights(visible: int, hidden: int, classes: int, scale: float) -> None:
    p = random_model(visible, hidden, classes, seed=1, scale=scale)
    assert scale < 3000.0 or np.abs(p.hidden_input(all_states(visible).astype(np.float32))).max() > 1e4
    assert exact_log_partition(p) == pytest.approx(enumerate_joint(p).log_partition, rel=1e-6)


def test_exact_log_partition_where_weights_balance_large_biases() -> None:
    # Every state of the hidden units turns the visible ones quite on or quite off.
    p = Parameters(
        np.full((5, 2), 2e4, dtype=np.float32), np.full(5, -1e4, dtype=np.float32), np.full(2, -1e5, dtype=np.float32)
    )
    assert exact_log_partition(p) == pytest.approx(enumerate_joint(p).log_partition, abs=1e-3)


@pytest.mark.parametrize(("visible", "hidden"), [(14, 20), (20, 14)])
def test_exact_log_partition_over_several_blocks(visible: int, hidden: int, monkeypatch: pytest.MonkeyPatch) -> None:
    p, expected = independent_units(visible, hidden)
    monkeypatch.setattr(layer_sum, "_STATES", 1 << 9)
    assert exact_log_partition(p) == pytest.approx(expected, abs=1e-5)


def test_exact_log_partition_takes_memory_for_a_block_only() -> None:
    p, expected = independent_units(100, 20)
    tracemalloc.start()
    assert exact_log_partition(p) == pytest.approx(expected, abs=1e-4)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6  # the logarithms of a million states alone would take 8 MB, and their units 800 MB


@pytest.mark.parametrize(("visible", "hidden", "classes", "states"), [(7, 6, 0, 64), (7, 6, 3, 64), (6, 7, 3, 3 * 64)])
def test_exact_log_partition_counts_the_states(
    visible: int, hidden: int, classes: int, states: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layer_sum, "_STATES", 8)
    monkeypatch.setattr(layer_sum, "blas_threads", lambda: 1)
    calls: list[tuple[int, int]] = []
    exact_log_partition(
        random_model(visible, hidden, classes), progress=lambda done, total: calls.append((done, total))
    )
    assert calls == [(done, states) for done in range(8, states + 1, 8)]


def test_exact_log_partition_ends_when_it_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_sum, "_STATES", 8)
    monkeypatch.setattr(layer_sum, "blas_threads", lambda: 1)
    calls: list[int] = []
    with pytest.raises(Cancelled, match="cancelled"):
        exact_log_partition(
            random_model(7, 6), progress=lambda done, _: calls.append(done), cancelled=lambda: len(calls) == 3
        )
    assert calls == [8, 16, 24]


def test_exact_log_partition_names_its_limit() -> None:
    assert MAX_EXACT_UNITS == 25
    p = Parameters(*(np.zeros(shape, dtype=np.float32) for shape in ((27, 26), (27,), (26,))))
    with pytest.raises(RBMStudioError, match=r"at most 25 units; the smaller one has 26.*annealed importance sampling"):
        exact_log_partition(p)


@pytest.mark.parametrize("classes", [0, 3])
def test_log_likelihood_is_the_mean_log_probability(classes: int) -> None:
    p = random_model(4, 3, classes)
    images = all_states(4)[[2, 7, 7, 15]]
    expected = log_probability(p, images).mean()
    assert log_likelihood(p, images.astype(np.float32), exact_log_partition(p)) == pytest.approx(expected, abs=1e-5)


def test_probabilities_of_all_images_add_up_to_one() -> None:
    p = random_model(8, 5)
    log_partition = exact_log_partition(p)
    each = [log_likelihood(p, v[None].astype(np.float32), log_partition) for v in all_states(8)]
    assert np.exp(each).sum() == pytest.approx(1.0, abs=1e-5)


def test_grey_images_have_no_likelihood() -> None:
    with pytest.raises(RBMStudioError, match=r"other than 0 and 1.*Make them binary"):
        log_likelihood(random_model(4, 3), np.full((2, 4), 0.5, dtype=np.float32), 0.0)
