from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from inspect import Parameter, signature
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.core.annealing import (
    annealed_log_partition,
    independent_biases,
    reverse_annealed_log_likelihood,
    reverse_annealed_log_partition,
)
from rbm_studio.core.likelihood import Cancelled, Estimate, exact_log_partition, log_likelihood
from rbm_studio.core.parameters import Parameters
from rbm_studio.errors import RBMStudioError
from tests.core.joint_enumeration import enumerate_joint, random_model

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray

MODELS = pytest.mark.parametrize(
    ("visible", "hidden", "classes", "seed"), [(12, 5, 0, 0), (6, 10, 0, 1), (8, 4, 3, 2), (4, 9, 3, 3)]
)


def samples(p: Parameters, count: int, seed: int = 0) -> FloatArray:
    """Return visible states drawn from the model, by enumeration."""
    joint = enumerate_joint(p)
    rows = np.random.default_rng(seed).choice(len(joint.p), count, p=joint.p / joint.p.sum())
    return joint.v[rows].astype(np.float32)


def base_for(p: Parameters) -> FloatArray:
    return np.linspace(-2.0, 2.0, p.visible_num, dtype=np.float32)


@pytest.mark.parametrize("own_base", [False, True])
@MODELS
def test_annealed_log_partition_within_its_error(
    visible: int, hidden: int, classes: int, seed: int, own_base: bool
) -> None:
    p = random_model(visible, hidden, classes, seed=seed)
    base = p.visible_bias if own_base else base_for(p)
    estimate = annealed_log_partition(p, np.random.default_rng(0), base_visible_bias=base, chains=500, temperatures=300)
    assert 0.0 < estimate.standard_error < 0.1
    assert abs(estimate.value - exact_log_partition(p)) < 4.0 * estimate.standard_error


@MODELS
def test_z_is_right_in_the_mean_whatever_the_temperatures(visible: int, hidden: int, classes: int, seed: int) -> None:
    p = random_model(visible, hidden, classes, seed=seed, scale=0.7)
    for temperatures in (1, 3):
        estimate = annealed_log_partition(
            p, np.random.default_rng(1), base_visible_bias=p.visible_bias, chains=100_000, temperatures=temperatures
        )
        assert estimate.standard_error < 0.05
        assert abs(estimate.value - exact_log_partition(p)) < 4.0 * estimate.standard_error


def test_annealing_states_a_larger_error_with_fewer_chains_and_steps() -> None:
    p = random_model(12, 5)
    coarse = annealed_log_partition(
        p, np.random.default_rng(0), base_visible_bias=p.visible_bias, chains=10, temperatures=5
    )
    fine = annealed_log_partition(
        p, np.random.default_rng(0), base_visible_bias=p.visible_bias, chains=200, temperatures=200
    )
    assert coarse.standard_error > 3.0 * fine.standard_error
    assert (
        annealed_log_partition(
            p, np.random.default_rng(0), base_visible_bias=p.visible_bias, chains=1, temperatures=5
        ).standard_error
        == np.inf
    )


def test_the_stated_error_is_somewhat_more_than_estimates_scatter_where_many_chains_count() -> None:
    p = random_model(8, 5, seed=4)
    estimates = [
        annealed_log_partition(p, np.random.default_rng(seed), base_visible_bias=p.visible_bias, temperatures=50)
        for seed in range(60)
    ]
    scatter = np.std([estimate.value for estimate in estimates], ddof=1)
    assert np.mean([estimate.effective_chains for estimate in estimates]) > 80.0
    assert scatter < np.mean([estimate.standard_error for estimate in estimates]) < 2.0 * scatter


@pytest.mark.parametrize(("scale", "temperatures", "chains"), [(2.0, 2, 10), (2.0, 2, 30), (3.0, 5, 10)])
def test_the_truth_is_within_two_errors_also_where_few_chains_count(
    scale: float, temperatures: int, chains: int
) -> None:
    found: list[Estimate] = []
    off: list[float] = []
    for seed in range(100):
        p = random_model(10, 6, seed=seed % 10, scale=scale)
        base = np.zeros(10, dtype=np.float32)
        rng = np.random.default_rng(seed)
        found.append(annealed_log_partition(p, rng, base_visible_bias=base, chains=chains, temperatures=temperatures))
        off.append(abs(found[-1].value - exact_log_partition(p)))
    assert np.median([estimate.effective_chains for estimate in found]) < 0.4 * chains
    within = np.array(off) < 2.0 * np.array([estimate.standard_error for estimate in found])
    assert within.mean() >= 0.88


def groups() -> Parameters:
    """Return a model in which each of three hidden units holds four pixels on, half of the time: Z is 8."""
    w = 30.0 * np.repeat(np.eye(3), 4, axis=0)
    return Parameters(*(x.astype(np.float32) for x in (w, np.full(12, -20.0), np.full(3, -40.0))))


def test_from_the_models_own_biases_all_chains_can_agree_on_a_wrong_figure() -> None:
    p = groups()
    exact = exact_log_partition(p)
    assert exact == pytest.approx(np.log(8.0), abs=0.01)
    own = annealed_log_partition(p, np.random.default_rng(0), base_visible_bias=p.visible_bias)
    assert own.value < exact - 2.0
    # Nothing of what the chains saw tells; so the base is no option, and the error at least not 0.
    assert own.effective_chains == pytest.approx(100.0, rel=1e-3)
    assert own.standard_error >= 0.01
    of_data = annealed_log_partition(p, np.random.default_rng(0), base_visible_bias=independent_biases(samples(p, 500)))
    assert abs(of_data.value - exact) < 2.0 * of_data.standard_error < 0.5


@pytest.mark.parametrize(
    "estimate", [annealed_log_partition, reverse_annealed_log_likelihood, reverse_annealed_log_partition]
)
def test_the_base_must_be_named(estimate: Callable[..., Estimate]) -> None:
    assert signature(estimate).parameters["base_visible_bias"].default is Parameter.empty


def test_annealing_from_the_model_itself_is_exact() -> None:
    a = np.array([0.5, -200.0, 200.0], dtype=np.float32)
    p = Parameters(np.zeros((3, 2), dtype=np.float32), a, np.zeros(2, dtype=np.float32))
    expected = np.logaddexp(0.0, a.astype(float)).sum() + 2 * np.log(2.0)
    image = np.array([[1.0, 0.0, 1.0]], dtype=np.float32)
    forwards = annealed_log_partition(
        p, np.random.default_rng(0), base_visible_bias=p.visible_bias, chains=5, temperatures=3
    )
    backwards = reverse_annealed_log_partition(
        p, image, np.random.default_rng(0), base_visible_bias=p.visible_bias, chains=5, temperatures=3
    )
    for estimate in (forwards, backwards):
        assert estimate.value == pytest.approx(expected)
        # Five chains that agree cannot say that a sixth would.
        assert estimate.standard_error == pytest.approx(1 / 5)
        assert estimate.effective_chains == pytest.approx(5.0)


def raise_by_enumeration(p: Parameters, v: FloatArray) -> tuple[float, float]:
    """Return E[RAISE] and ln p_ann of a state v for a single temperature: from the base's states, one Gibbs step."""
    joint, pixels = enumerate_joint(p), 1 << p.visible_num
    together = joint.p.reshape(pixels * max(1, p.label_num), 1 << p.hidden_num)
    of_visible = together.sum(axis=1)
    step = together / of_visible[:, None] @ (together / together.sum(axis=0)).T
    base = base_for(p).astype(float)
    independent = joint.v[:: 1 << p.hidden_num] @ base
    p_base = np.exp(independent - np.logaddexp(0.0, base).sum()) / max(1, p.label_num)
    is_v = (joint.v[:: 1 << p.hidden_num] == v).all(axis=1)
    # A chain backwards starts at v and a class from p(y | v).
    start = of_visible * is_v / of_visible[is_v].sum()
    expected = np.log(of_visible[is_v].sum()) + start @ step @ (np.log(p_base) - np.log(of_visible))
    return float(expected), float(np.log((p_base @ step)[is_v].sum()))


@MODELS
def test_raise_is_what_it_is_defined_as(visible: int, hidden: int, classes: int, seed: int) -> None:
    p = random_model(visible, hidden, classes, seed=seed)
    images = samples(p, 20)
    estimate = reverse_annealed_log_likelihood(
        p, images, np.random.default_rng(0), base_visible_bias=base_for(p), chains=20_000, temperatures=1
    )
    expected, bounded = np.mean([raise_by_enumeration(p, v) for v in images], axis=0)
    assert estimate.standard_error < 0.1
    assert abs(estimate.value - expected) < 4.0 * estimate.standard_error
    assert expected < bounded


@MODELS
def test_raise_bounds_the_likelihood_and_comes_near(visible: int, hidden: int, classes: int, seed: int) -> None:
    p = random_model(visible, hidden, classes, seed=seed)
    images = samples(p, 500)
    exact = log_likelihood(p, images, exact_log_partition(p))

    def estimate(temperatures: int) -> Estimate:
        return reverse_annealed_log_likelihood(
            p,
            images,
            np.random.default_rng(0),
            base_visible_bias=p.visible_bias,
            chains=1000,
            temperatures=temperatures,
        )

    coarse, fine = estimate(2), estimate(300)
    assert coarse.value < exact - 4.0 * coarse.standard_error
    assert fine.value < exact + 3.0 * fine.standard_error
    assert abs(fine.value - exact) < 0.1


@MODELS
def test_reverse_log_partition_from_samples_of_the_model(visible: int, hidden: int, classes: int, seed: int) -> None:
    p = random_model(visible, hidden, classes, seed=seed, scale=0.7)
    images = samples(p, 100_000)
    for temperatures in (1, 3):
        estimate = reverse_annealed_log_partition(
            p,
            images,
            np.random.default_rng(0),
            base_visible_bias=p.visible_bias,
            chains=100_000,
            temperatures=temperatures,
        )
        assert estimate.standard_error < 0.05
        assert abs(estimate.value - exact_log_partition(p)) < 4.0 * estimate.standard_error


def test_few_chains_bracket_the_partition_function() -> None:
    p = random_model(8, 5, seed=5, scale=1.5)
    images, exact = samples(p, 1000), exact_log_partition(p)

    def mean(estimate: Callable[[np.random.Generator], Estimate]) -> tuple[float, float]:
        values = [estimate(np.random.default_rng(seed)).value for seed in range(200)]
        return float(np.mean(values)), float(np.std(values) / np.sqrt(len(values)))

    low, error = mean(
        lambda rng: annealed_log_partition(p, rng, base_visible_bias=p.visible_bias, chains=2, temperatures=2)
    )
    assert low < exact - 4.0 * error
    high, error = mean(
        lambda rng: reverse_annealed_log_partition(
            p, images, rng, base_visible_bias=p.visible_bias, chains=2, temperatures=2
        )
    )
    assert high > exact + 4.0 * error


def test_burn_in_leads_from_foreign_images_to_the_model() -> None:
    p = random_model(8, 5, seed=6)
    joint = enumerate_joint(p)
    unlikely = joint.v[joint.p.reshape(-1, 1 << 5).sum(axis=1).argmin() * (1 << 5)][None].astype(np.float32)

    def distance(burn_in: int) -> float:
        estimate = reverse_annealed_log_partition(
            p,
            unlikely,
            np.random.default_rng(0),
            base_visible_bias=p.visible_bias,
            chains=2000,
            temperatures=200,
            burn_in=burn_in,
        )
        return abs(estimate.value - exact_log_partition(p))

    assert distance(100) < 0.1
    assert distance(0) > 2.0 * distance(100)


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("scale", [100.0, 3000.0])
def test_extreme_weights_give_finite_figures(classes: int, scale: float) -> None:
    p = random_model(8, 5, classes, scale=scale)
    images = np.eye(8, dtype=np.float32)
    rng = np.random.default_rng(0)
    forwards = annealed_log_partition(p, rng, base_visible_bias=p.visible_bias, chains=50, temperatures=100)
    backwards = reverse_annealed_log_partition(
        p, images, rng, base_visible_bias=p.visible_bias, chains=50, temperatures=100
    )
    bound = reverse_annealed_log_likelihood(
        p, images, rng, base_visible_bias=p.visible_bias, chains=50, temperatures=100
    )
    assert np.isfinite([forwards.value, backwards.value, bound.value]).all()
    # The most probable state rules, and chains that are cooled slowly find it, or one that is nearly as probable.
    assert forwards.value == pytest.approx(exact_log_partition(p), rel=0.1)


def test_many_chains_take_no_more_memory_than_some() -> None:
    p = random_model(300, 20, scale=0.1)

    def peak(chains: int) -> int:
        tracemalloc.start()
        annealed_log_partition(
            p, np.random.default_rng(0), base_visible_bias=p.visible_bias, chains=chains, temperatures=3
        )
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(20_000) < peak(200) + 1e6


@pytest.mark.parametrize(("chains", "blocks"), [(1, 1), (128, 1), (129, 2), (300, 3)])
def test_progress_counts_every_step(chains: int, blocks: int) -> None:
    calls: list[tuple[int, int]] = []
    p = random_model(8, 5)
    total = 100 + 7 * blocks
    expected = [(done, total) for done in range(1, total + 1)]
    annealed_log_partition(
        p,
        np.random.default_rng(0),
        base_visible_bias=p.visible_bias,
        chains=chains,
        temperatures=7,
        progress=lambda done, total: calls.append((done, total)),
    )
    assert calls == expected
    calls.clear()
    reverse_annealed_log_partition(
        p,
        samples(p, 10),
        np.random.default_rng(0),
        base_visible_bias=p.visible_bias,
        chains=chains,
        temperatures=4,
        burn_in=3,
        progress=lambda done, total: calls.append((done, total)),
    )
    assert calls == expected


Run = Callable[[Parameters, "FloatArray", Callable[[int, int], None], Callable[[], bool]], object]

RUNS: dict[str, Run] = {
    "forwards": lambda p, _, progress, cancelled: annealed_log_partition(
        p, np.random.default_rng(0), base_visible_bias=p.visible_bias, progress=progress, cancelled=cancelled
    ),
    "RAISE": lambda p, images, progress, cancelled: reverse_annealed_log_likelihood(
        p, images, np.random.default_rng(0), base_visible_bias=p.visible_bias, progress=progress, cancelled=cancelled
    ),
    "backwards": lambda p, images, progress, cancelled: reverse_annealed_log_partition(
        p, images, np.random.default_rng(0), base_visible_bias=p.visible_bias, progress=progress, cancelled=cancelled
    ),
}


@pytest.mark.parametrize("at_step", [1, 103])
@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_cancelling_takes_effect_at_the_next_step(run: Run, at_step: int) -> None:
    p = random_model(8, 5)
    calls: list[int] = []
    with pytest.raises(Cancelled):
        run(p, samples(p, 10), lambda done, _: calls.append(done), lambda: len(calls) == at_step)
    assert calls == list(range(1, at_step + 1))


def test_the_same_seed_gives_the_same_figures() -> None:
    p = random_model(8, 5)
    images = samples(p, 10)
    first, second, other = (
        (
            annealed_log_partition(
                p, np.random.default_rng(seed), base_visible_bias=p.visible_bias, temperatures=20
            ).value,
            reverse_annealed_log_likelihood(
                p, images, np.random.default_rng(seed), base_visible_bias=p.visible_bias, temperatures=20
            ).value,
        )
        for seed in (0, 0, 1)
    )
    assert first == second
    assert first[0] != other[0]
    assert first[1] != other[1]


def test_every_image_starts_as_many_chains_as_any_other() -> None:
    # Two images of very unlike weights: any other shares would show.
    p = random_model(8, 5, seed=7)
    images = np.array([[0.0] * 8, [1.0] * 8], dtype=np.float32)

    def estimate(images: FloatArray, chains: int) -> Estimate:
        return reverse_annealed_log_likelihood(
            p, images, np.random.default_rng(0), base_visible_bias=p.visible_bias, chains=chains, temperatures=1
        )

    both, each = estimate(images, 20_000), [estimate(image[None], 10_000) for image in images]
    assert abs(each[0].value - each[1].value) > 1.0
    assert both.value == pytest.approx(np.mean([one.value for one in each]), abs=4.0 * both.standard_error)


def test_log_odds_of_images() -> None:
    images = np.array([[0, 0, 1], [0, 1, 1], [0, 0, 1], [0, 0, 1]], dtype=np.float32)
    np.testing.assert_allclose(independent_biases(images), np.log([0.2 / 0.8, 0.25 / 0.75, 0.8 / 0.2]), rtol=1e-6)


@pytest.mark.parametrize(
    ("chains", "temperatures", "told"), [(0, 10, "chains is 0"), (10, 0, "temperatures is 0"), (-1, 10, "chains is -1")]
)
def test_impossible_numbers_are_told(chains: int, temperatures: int, told: str) -> None:
    with pytest.raises(RBMStudioError, match=f"The number of {told}"):
        annealed_log_partition(
            random_model(4, 3),
            np.random.default_rng(0),
            base_visible_bias=np.zeros(4, dtype=np.float32),
            chains=chains,
            temperatures=temperatures,
        )


def test_grey_images_cannot_start_chains() -> None:
    p, grey = random_model(4, 3), np.full((2, 4), 0.5, dtype=np.float32)
    with pytest.raises(RBMStudioError, match="Make them binary"):
        reverse_annealed_log_likelihood(p, grey, np.random.default_rng(0), base_visible_bias=p.visible_bias)
    with pytest.raises(RBMStudioError, match="Make them binary"):
        reverse_annealed_log_partition(p, grey, np.random.default_rng(0), base_visible_bias=p.visible_bias)
