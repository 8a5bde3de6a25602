from __future__ import annotations

import numpy as np
import pytest

from rbm_studio.core.bracket import Bracket, likelihood_bracket, narrowed
from rbm_studio.core.likelihood import Cancelled, Estimate, exact_log_partition, log_likelihood
from rbm_studio.core.parameters import Parameters
from rbm_studio.errors import RBMStudioError
from tests.core.joint_enumeration import random_model


def large_model(visible: int = 27, hidden: int = 26) -> tuple[Parameters, float]:
    """Return a model of whose hidden units all but 5 have no weights, and its exact ln Z."""
    small = random_model(visible, 5, scale=0.5)
    rest = np.linspace(-1.0, 1.0, hidden - 5, dtype=np.float32)
    w = np.concatenate([small.w, np.zeros((visible, hidden - 5), dtype=np.float32)], axis=1)
    p = Parameters(w, small.visible_bias, np.concatenate([small.hidden_bias, rest]))
    return p, exact_log_partition(small) + float(np.logaddexp(0.0, rest.astype(float)).sum())


def images_for(p: Parameters, count: int = 50) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return (np.random.default_rng(0).random((count, p.visible_num)) < 0.5).astype(np.float32)


def test_small_models_have_an_exact_likelihood() -> None:
    p = random_model(8, 5)
    images = images_for(p)
    bracket = likelihood_bracket(p, images, np.random.default_rng(0))
    assert bracket.method == "exact"
    assert bracket.lower == bracket.upper
    assert bracket.lower.standard_error == 0.0
    assert bracket.lower.value == log_likelihood(p, images, exact_log_partition(p))
    assert (bracket.width, bracket.is_inverted, bracket.lower.effective_chains) == (0.0, False, np.inf)


@pytest.mark.parametrize("with_base", [False, True])
def test_the_likelihood_of_larger_models_lies_in_the_bracket(with_base: bool) -> None:
    p, log_partition = large_model()
    images = images_for(p)
    base = np.zeros(p.visible_num, dtype=np.float32) if with_base else None
    bracket = likelihood_bracket(p, images, np.random.default_rng(0), base_visible_bias=base, temperatures=1000)
    exact = log_likelihood(p, images, log_partition)
    assert bracket.method == "AIS"
    assert 0.0 < bracket.upper.standard_error < 0.1
    assert 0.0 < bracket.lower.standard_error < 0.1
    assert bracket.lower.value - 3.0 * bracket.lower.standard_error < exact
    assert exact < bracket.upper.value + 3.0 * bracket.upper.standard_error
    assert abs(bracket.upper.value - bracket.lower.value) < 0.5


def test_fewer_temperatures_widen_the_bracket_on_both_sides() -> None:
    p, log_partition = large_model()
    images = images_for(p)
    exact = log_likelihood(p, images, log_partition)
    bracket = likelihood_bracket(p, images, np.random.default_rng(0), chains=1000, temperatures=2)
    assert bracket.lower.value < exact - 0.5
    assert bracket.lower.value < bracket.upper.value - 0.5


def test_the_progress_covers_both_directions() -> None:
    p, _ = large_model()
    calls: list[tuple[int, int]] = []
    likelihood_bracket(
        p,
        images_for(p),
        np.random.default_rng(0),
        chains=10,
        temperatures=5,
        progress=lambda done, total: calls.append((done, total)),
    )
    assert calls == [(done, 210) for done in range(1, 211)]


@pytest.mark.parametrize("after", [1, 150])
def test_either_direction_can_be_cancelled(after: int) -> None:
    p, _ = large_model()
    calls: list[int] = []
    with pytest.raises(Cancelled):
        likelihood_bracket(
            p,
            images_for(p),
            np.random.default_rng(0),
            chains=10,
            temperatures=5,
            progress=lambda done, _: calls.append(done),
            cancelled=lambda: len(calls) == after,
        )
    assert calls == list(range(1, after + 1))


def test_grey_images_have_no_bracket() -> None:
    p, _ = large_model()
    with pytest.raises(RBMStudioError, match="Make them binary"):
        likelihood_bracket(p, 0.5 * images_for(p), np.random.default_rng(0))


def bracket_of(lower: float, upper: float, error: float = 0.1, temperatures: int = 10) -> Bracket:
    low, high = Estimate(lower, error, 50.0), Estimate(upper, error, 50.0)
    return Bracket("AIS", low, high, high, temperatures)


def test_the_width_counts_the_errors_and_chance_is_no_inversion() -> None:
    assert bracket_of(-5.0, -4.0).width == pytest.approx(1.2)
    assert bracket_of(-5.0, -4.0).is_within(1.3)
    assert not bracket_of(-5.0, -4.0).is_within(1.1)
    by_chance, inverted = bracket_of(-4.0, -4.1), bracket_of(-4.0, -4.2)
    assert not by_chance.is_inverted
    assert by_chance.width == pytest.approx(0.3)
    assert by_chance.is_within(0.31)
    assert inverted.is_inverted
    assert not inverted.is_within(10.0)
    assert not bracket_of(-5.0, -4.0, error=np.inf).is_within(1e9)


@pytest.mark.parametrize(
    ("within", "most", "taken"),
    [(0.5, 1000, [10, 20, 40]), (0.5, 35, [10, 20, 35]), (5.0, 1000, [10]), (np.inf, 1000, [10]), (0.5, 5, [10])],
)
def test_a_bracket_is_narrowed_by_doubling_up_to_the_most(within: float, most: int, taken: list[int]) -> None:
    tried: list[int] = []

    def at(temperatures: int) -> Bracket:
        tried.append(temperatures)
        return bracket_of(-10.0 / temperatures, 0.0, error=0.05, temperatures=temperatures)

    assert narrowed(at, within, temperatures=10, most=most).temperatures == taken[-1]
    assert tried == taken


def test_an_inverted_bracket_is_not_narrow_however_near_its_ends() -> None:
    brackets = {10: bracket_of(-4.0, -4.5), 20: bracket_of(-4.4, -4.3)}
    assert narrowed(lambda t: brackets[t], 2.0, temperatures=10, most=20) is brackets[20]
    assert narrowed(lambda t: brackets[t], np.inf, temperatures=10, most=20) is brackets[10]


def test_more_temperatures_do_not_help_a_single_chain() -> None:
    alone = bracket_of(-5.0, -4.0, error=np.inf)
    assert narrowed({10: alone}.__getitem__, 1.0, temperatures=10, most=20) is alone
