from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from rbm_studio.core.metric_data import ROWS, MetricData
from rbm_studio.core.metrics import METRICS, article_kl
from rbm_studio.core.parameters import Parameters
from tests.core.enumeration import all_states
from tests.core.joint_enumeration import enumerate_joint, log_probability, random_model

CLASSES = pytest.mark.parametrize("classes", [0, 3])


def measure(name: str, parameters: Parameters, data: MetricData) -> float:
    metric = METRICS[name]
    assert metric.problem(parameters, data) == ""
    return metric.measure(parameters, data, np.random.default_rng(0))


def states(pixels: int, count: int = ROWS + 3) -> MetricData:
    images = np.random.default_rng(1).random((count, pixels)) < 0.4
    return MetricData(images.astype(np.float32), binarisation="threshold")


def without_weights(visible_bias: list[float]) -> Parameters:
    """Return a model whose reconstruction does not depend on the hidden sample."""
    shapes = ((len(visible_bias), 3), 3)
    return Parameters(
        np.zeros(shapes[0], dtype=np.float32),
        np.array(visible_bias, dtype=np.float32),
        np.zeros(shapes[1], dtype=np.float32),
    )


def test_article_kl_by_hand() -> None:
    # (1/D)·[cross-entropy - ln B]: 784 pixels that each cost 0.1 nats, in batches of 1000.
    assert article_kl(78.4, 784, 1000) == pytest.approx(0.1 - 6.907755 / 784, abs=1e-8)


def test_article_kl_of_single_images_is_the_cross_entropy_per_pixel() -> None:
    assert article_kl(4 * math.log(2), 4, 1) == pytest.approx(math.log(2))


def test_each_metric_says_what_it_is() -> None:
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.title
        assert metric.note.endswith(".")
        assert metric.better in ("lower", "higher", "")


def test_reconstruction_of_grey_values_by_hand() -> None:
    p = without_weights([0.5, -1.0])
    v = np.array([[0.2, 0.9], [1.0, 0.0], [0.5, 0.25]], dtype=np.float32)
    on = 1 / (1 + np.exp([-0.5, 1.0]))
    cross_entropy = -(v * np.log(on) + (1 - v) * np.log(1 - on)).sum() / 3
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.nan_to_num(v * np.log(v) + (1 - v) * np.log(1 - v)).sum() / 3
    data = MetricData(v, batch_size=50)
    assert measure("cross_entropy", p, data) == pytest.approx(cross_entropy, rel=1e-6)
    assert measure("article_kl", p, data) == pytest.approx((cross_entropy - math.log(50)) / 2, rel=1e-6)
    assert measure("kl_per_pixel", p, data) == pytest.approx((cross_entropy - entropy) / 2, rel=1e-6)
    assert measure("squared_error", p, data) == pytest.approx(np.square(v - on).mean(), rel=1e-6)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("batch_size", [1, 1000])
def test_a_perfect_reconstruction_has_no_divergence(binary: bool, batch_size: int) -> None:
    values = np.array([0.0, 1.0, 1.0] if binary else [0.1, 0.6, 0.97])
    with np.errstate(divide="ignore"):
        log_odds = np.clip(np.log(values / (1 - values)), -50, 50)
    data = MetricData(np.tile(values, (5, 1)).astype(np.float32), batch_size=batch_size)
    assert measure("kl_per_pixel", without_weights(list(log_odds)), data) == pytest.approx(0.0, abs=1e-7)


def test_the_reconstruction_follows_the_hidden_units() -> None:
    # Each hidden unit copies its pixel.
    p = Parameters(40 * np.eye(4, dtype=np.float32), *(np.full(4, -20.0, dtype=np.float32) for _ in range(2)))
    data = MetricData(all_states(4).astype(np.float32))
    assert measure("cross_entropy", p, data) == pytest.approx(0.0, abs=1e-6)
    assert measure("squared_error", p, data) == pytest.approx(0.0, abs=1e-6)
    inverse = Parameters(-p.w, -p.visible_bias, -p.hidden_bias)
    assert measure("squared_error", replace(inverse, visible_bias=p.visible_bias), data) > 0.4


def test_extreme_weights_cost_what_they_cost() -> None:
    p = without_weights([1e4, -1e4])
    data = MetricData(np.array([[0.0, 1.0], [1.0, 0.0]], dtype=np.float32))
    assert measure("cross_entropy", p, data) == pytest.approx(1e4)


@CLASSES
def test_likelihoods_by_enumeration(classes: int) -> None:
    p, data = random_model(4, 3, classes), states(4)
    log_p = log_probability(p, data.images).mean()
    log_partition = enumerate_joint(p).log_partition
    assert measure("log_likelihood", p, data) == pytest.approx(log_p, abs=1e-5)
    assert measure("free_energy", p, data) == pytest.approx(-log_p - log_partition, abs=1e-5)
    assert measure("log_likelihood", p, replace(data, log_partition=log_partition + 1)) == pytest.approx(
        log_p - 1, abs=1e-5
    )


@CLASSES
def test_the_true_divergence_by_its_definition(classes: int) -> None:
    p, data = random_model(4, 3, classes), states(4)
    found, counts = np.unique(data.images, axis=0, return_counts=True)
    q = counts / counts.sum()
    expected = (q * (np.log(q) - log_probability(p, found))).sum()
    assert measure("true_kl", p, data) == pytest.approx(expected, abs=1e-5)


def test_a_model_that_is_the_data_has_no_divergence() -> None:
    p = without_weights([0.0, 0.0, 0.0])
    data = MetricData(np.repeat(all_states(3), 5, axis=0).astype(np.float32), binarisation="threshold")
    assert measure("true_kl", p, data) == pytest.approx(0.0, abs=1e-6)


@CLASSES
def test_the_pseudo_likelihood_is_a_mean_over_images(classes: int) -> None:
    p, data = random_model(4, 3, classes), states(4)
    all_images = all_states(4)
    log_p = log_probability(p, all_images)
    place = {tuple(v): i for i, v in enumerate(all_images)}
    expected = 0.0
    for v in data.images.astype(float):
        own = log_p[place[tuple(v)]]
        expected += sum(own - np.logaddexp(own, log_p[place[tuple(np.abs(v - e))]]) for e in np.eye(4))
    assert measure("pseudo_likelihood", p, data) == pytest.approx(expected / len(data), abs=1e-5)


def test_the_gap_is_what_held_out_images_have_more() -> None:
    p, training = random_model(4, 3), states(4, 30)
    held_out = MetricData(np.ones((5, 4), dtype=np.float32), binarisation="threshold", training=training)
    gap = measure("free_energy", p, held_out) - measure("free_energy", p, training)
    assert measure("free_energy_gap", p, held_out) == pytest.approx(gap, abs=1e-9)
    assert "no training images" in METRICS["free_energy_gap"].problem(p, training)


def test_accuracy_by_enumeration() -> None:
    p, data = random_model(4, 3, 3), states(4)
    joint = enumerate_joint(p)
    best = [int((joint.of(v) @ joint.y).argmax()) for v in data.images]
    labels = np.array(best)
    labels[: len(labels) // 4] = (labels[: len(labels) // 4] + 1) % 3
    right = 100.0 * (len(labels) - len(labels) // 4) / len(labels)
    assert measure("accuracy", p, replace(data, labels=labels)) == pytest.approx(right)


def test_what_accuracy_needs() -> None:
    data = replace(states(4, 5), labels=np.array([0, 1, 2, 1, 3]))
    problem = METRICS["accuracy"].problem
    assert "no label units" in problem(random_model(4, 3), data)
    assert "not known" in problem(random_model(4, 3, 4), states(4))
    assert "class 3, but 3 label units" in problem(random_model(4, 3, 3), data)
    assert problem(random_model(4, 3, 4), data) == ""


@pytest.mark.parametrize("name", ["pseudo_likelihood", "log_likelihood", "true_kl"])
def test_grey_images_have_no_probability(name: str) -> None:
    grey = replace(states(4), binarisation="grey")
    assert "Only binary images" in METRICS[name].problem(random_model(4, 3), grey)
    assert METRICS[name].shown(grey).binarisation == "threshold"


def test_large_models_need_a_partition_function_from_elsewhere() -> None:
    p = Parameters(*(np.zeros(shape, dtype=np.float32) for shape in ((27, 26), (27,), (26,))))
    data = states(27, 5)
    for name in ("log_likelihood", "true_kl"):
        assert "up to 25 units" in METRICS[name].problem(p, data)
        assert METRICS[name].problem(p, replace(data, log_partition=1.0)) == ""
    assert "up to 20 units" in METRICS["gradient_cosine"].problem(p, data)
    assert METRICS["gradient_cosine"].problem(random_model(27, 20), data) == ""
