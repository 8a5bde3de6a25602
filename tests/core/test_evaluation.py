from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.core.evaluation import Figure, bracket_of, evaluate
from rbm_studio.core.likelihood import Cancelled
from rbm_studio.core.metric_data import MetricData
from rbm_studio.core.metrics import METRICS
from rbm_studio.core.parameters import Parameters
from tests.core.joint_enumeration import enumerate_joint, log_probability, random_model

if TYPE_CHECKING:
    from rbm_studio.core.bracket import Bracket

PARTITION = "Partition function"
OF_CHAINS = {
    "log_likelihood_ceiling",
    "log_likelihood_independent",
    "fantasy_ink",
    "fantasy_blanks",
    "fantasy_strays",
    "fantasy_free_energy",
}


def grey_images(pixels: int, name: str, count: int = 40, seed: int = 0) -> MetricData:
    rng = np.random.default_rng(seed)
    grey = rng.integers(0, 256, (count, pixels)).astype(np.uint8)
    return MetricData(grey, rng.integers(0, 3, count), name=name)


def large_model(visible: int = 40, hidden: int = 30, *, weight: float = 0.0) -> Parameters:
    """Return a model of which, without weights, all is known."""
    rng = np.random.default_rng(0)
    w = weight * rng.normal(size=(visible, hidden))
    return Parameters(*(x.astype(np.float32) for x in (w, rng.normal(size=visible), rng.normal(size=hidden))))


def named(figures: list[Figure], name: str) -> list[Figure]:
    return [figure for figure in figures if figure.name == name]


def test_all_that_applies_is_measured_on_both_parts() -> None:
    p = random_model(4, 3, 3)
    test, training = grey_images(4, "test"), grey_images(4, "training", 60, 1)
    figures = evaluate(p, test, training)
    assert {figure.name for figure in figures} == METRICS.keys() | {"log_partition"} | OF_CHAINS
    assert figures[0].name == "log_partition"
    assert figures[0].value == pytest.approx(enumerate_joint(p).log_partition, abs=1e-5)
    on_one_part = {"log_partition": [""], "free_energy_gap": ["test"], "gradient_cosine": ["training"]}
    for name in METRICS.keys() | on_one_part.keys():
        assert [figure.data for figure in named(figures, name)] == on_one_part.get(name, ["training", "test"])
    assert all(figure.standard_error is None for figure in figures if figure.name not in OF_CHAINS)
    (ceiling,), likelihoods = named(figures, "log_likelihood_ceiling"), named(figures, "log_likelihood")
    assert ceiling.data == "test"
    assert ceiling.binarisation == likelihoods[-1].binarisation
    # Chains have been in most states of four pixels: the bound is nearly the truth.
    assert likelihoods[-1].value - 1e-5 <= ceiling.value < likelihoods[-1].value + 0.2


def test_each_figure_is_the_metrics_own_on_what_it_names() -> None:
    p = random_model(4, 3, 3)
    test, training = grey_images(4, "test"), grey_images(4, "training", 60, 1)
    test = replace(test, training=training)
    for figure in evaluate(p, test, training, seed=3)[1:]:
        if figure.name in OF_CHAINS:
            continue
        data = {"test": test, "training": training}[figure.data]
        needs_states = figure.name in ("pseudo_likelihood", "log_likelihood", "true_kl")
        assert figure.binarisation == ("thresholded at 0.5" if needs_states else "grey values")
        data = replace(data, binarisation="threshold" if needs_states else "grey")
        expected = METRICS[figure.name].measure(p, data, np.random.default_rng(3))
        assert figure.value == pytest.approx(expected, abs=1e-9), figure.name


def test_a_binarisation_that_is_chosen_is_used_throughout_but_for_the_articles_kl() -> None:
    data = replace(grey_images(4, "test"), binarisation="stochastic", seed=7)
    figures = evaluate(random_model(4, 3), data)
    (article,) = named(figures, "article_kl")
    assert article.binarisation == "grey values"
    grey = replace(data, binarisation="grey")
    assert article == named(evaluate(random_model(4, 3), grey), "article_kl")[0]
    assert {figure.binarisation for figure in figures if figure != article} == {"", "made binary at random"}
    (likelihood,) = named(figures, "log_likelihood")
    states = np.concatenate([block.visible for block in data.blocks()])
    assert likelihood.value == pytest.approx(log_probability(random_model(4, 3), states).mean(), abs=1e-5)


def test_the_articles_kl_names_its_batch_size() -> None:
    (figure,) = named(evaluate(random_model(4, 3), replace(grey_images(4, "test"), batch_size=250)), "article_kl")
    assert "B = 250." in figure.note


def test_what_cannot_be_summed_is_estimated_between_two_bounds() -> None:
    p = large_model(weight=0.3)
    test = grey_images(40, "60 test images", 60)
    figures = evaluate(p, test, chains=25, temperatures=300)
    names = [figure.name for figure in figures]
    assert "log_likelihood" not in names
    assert "true_kl" not in names
    (partition,) = named(figures, "log_partition_ais")
    assert partition.standard_error is not None
    assert 0 < partition.standard_error < 0.5
    for name in ("log_likelihood_ais", "true_kl_ais"):
        assert {figure.standard_error for figure in named(figures, name)} == {partition.standard_error}
    (likelihood,) = named(figures, "log_likelihood_ais")
    (reverse,) = named(figures, "log_likelihood_reverse_ais")
    assert figures[-1] == reverse
    assert (reverse.data, reverse.binarisation, reverse.unit) == (
        likelihood.data,
        likelihood.binarisation,
        likelihood.unit,
    )
    assert reverse.standard_error not in (None, partition.standard_error)
    assert (reverse.effective_chains, reverse.chains, reverse.temperatures) == (25.0, 25, 300)
    assert partition.effective_chains is not None
    assert 1.0 < partition.effective_chains < 25.0
    for figure in figures[:-1]:
        annealed = (figure.effective_chains, figure.chains, figure.temperatures)
        expected = (partition.effective_chains, 25, 300) if figure.name.endswith("_ais") else (None, None, None)
        assert annealed == expected, figure.name
    # Both are estimates of the same, and close for a model as tame as this one.
    assert reverse.value == pytest.approx(likelihood.value, abs=1.0)
    (kl,) = named(figures, "true_kl_ais")
    assert kl.value == pytest.approx(-likelihood.value - math.log(60), abs=1e-9)


def test_the_estimates_are_exact_where_the_truth_is_independent_pixels() -> None:
    p = large_model()
    test = grey_images(40, "test", 9)
    figures = evaluate(p, test, chains=4, temperatures=3)
    log_partition = sum(np.logaddexp(0.0, bias.astype(float)).sum() for bias in (p.visible_bias, p.hidden_bias))
    hidden = np.logaddexp(0.0, p.hidden_bias.astype(float)).sum()
    states = (test.images > 127.5).astype(float)
    expected = (states @ p.visible_bias).mean() + hidden - log_partition
    assert named(figures, "log_likelihood_ais")[0].value == pytest.approx(expected, abs=2.0)


def test_the_same_seed_gives_the_same_figures() -> None:
    p, test = large_model(weight=0.3), replace(grey_images(40, "test"), binarisation="stochastic")
    first, again, other = (
        [figure.value for figure in evaluate(p, test, chains=5, temperatures=10, seed=seed)] for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize("p", [random_model(40, 3), large_model()], ids=["exact", "estimated"])
def test_progress_tells_what_is_measured_and_ends_each_at_all_of_it(p: Parameters) -> None:
    seen: list[tuple[str, float]] = []
    test = grey_images(40, "test images")
    evaluate(p, test, chains=5, temperatures=10, progress=lambda what, part: seen.append((what, part)))
    assert seen[0] == ("Images", 0.0)
    assert all(0 <= part <= 1 for _, part in seen)
    for what in dict.fromkeys(what for what, _ in seen):
        parts = [part for name, part in seen if name == what]
        assert parts[0] == 0.0
        assert parts[-1] == 1.0
    names = {what for what, _ in seen}
    assert names > {"Pseudo-log-likelihood, test images", "AIS, 10 temperatures" if p.hidden_num > 25 else PARTITION}


def test_every_figure_tells_its_split_and_count() -> None:
    p = random_model(4, 3, 3)
    figures = evaluate(p, grey_images(4, "these", 40), grey_images(4, "those", 60, 1))
    parts = {(figure.data, figure.split, figure.count) for figure in figures if "chains" not in figure.data}
    assert parts == {("", None, None), ("these", "test", 40), ("those", "training", 60)}
    only = evaluate(p, grey_images(4, "these", 40))
    assert {(figure.split, figure.count) for figure in only} == {(None, None), ("test", 40)}


def test_the_temperatures_double_until_the_bracket_is_as_narrow_as_asked() -> None:
    p, test = large_model(weight=1.0), grey_images(40, "test", 60)
    stages: list[str] = []

    def bracket(within: float, most: int = 10_000) -> Bracket:
        stages.clear()
        figures = evaluate(
            p,
            test,
            chains=50,
            temperatures=20,
            within=within,
            most_temperatures=most,
            progress=lambda what, _: stages.append(what),
        )
        found = bracket_of(figures)
        assert found is not None
        return found

    first = bracket(math.inf)
    assert first.temperatures == 20
    loose = bracket(0.6 * first.width)
    assert 20 < loose.temperatures < 10_000
    assert loose.is_within(0.6 * first.width)
    assert loose.width < first.width
    # The same as asked for at once, and told on the way.
    (again,) = named(evaluate(p, test, chains=50, temperatures=loose.temperatures), "log_partition_ais")
    assert (again.value, again.standard_error) == (loose.log_partition.value, loose.log_partition.standard_error)
    annealings = [what for what in dict.fromkeys(stages) if what.startswith("AIS")]
    assert len(annealings) == 1 + round(math.log2(loose.temperatures / 20))
    assert annealings[0] == "AIS, 20 temperatures"
    assert annealings[1].startswith("AIS, 40 temperatures; so far ")
    # What cannot be had ends at the most allowed, also where that is no doubling.
    assert bracket(1e-6, most=50).temperatures == 50
    assert not bracket(1e-6, most=50).is_within(1e-6)


def test_an_exact_likelihood_has_no_bracket() -> None:
    assert bracket_of(evaluate(random_model(4, 3), grey_images(4, "test"), within=0.1)) is None


@pytest.mark.parametrize("p", [random_model(40, 3), large_model()], ids=["exact", "estimated"])
@pytest.mark.parametrize("after", [0, 5])
def test_an_evaluation_can_be_cancelled(p: Parameters, after: int) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > after

    with pytest.raises(Cancelled):
        evaluate(p, grey_images(40, "test"), chains=5, temperatures=10, cancelled=cancelled)
    assert asked == after + 1


def test_figures_can_be_written_as_json() -> None:
    figures = evaluate(random_model(4, 3), grey_images(4, "test"))
    again = json.loads(json.dumps([figure.as_dict() for figure in figures], allow_nan=False))
    assert [Figure(**figure) for figure in again] == figures
