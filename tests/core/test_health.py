from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.core.health import CASES, Health, fixed_part, measure_health
from rbm_studio.core.parameters import Parameters

from .enumeration import all_states, energies, random_parameters
from .runs import zeros

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray


def parameters(w: object, visible_bias: object, hidden_bias: object) -> Parameters:
    return Parameters(*(np.array(array, dtype=np.float32) for array in (w, visible_bias, hidden_bias)))


def states(units: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return all_states(units).astype(np.float32)


def test_the_fixed_part_is_evenly_spaced_and_always_the_same() -> None:
    images = np.repeat(np.arange(0, 250, 25, dtype=np.uint8), 3).reshape(10, 3)
    part = fixed_part(images, count=4)
    np.testing.assert_allclose(part[:, 0] * 255, [0, 75, 150, 225])
    assert part.dtype == np.float32
    np.testing.assert_array_equal(fixed_part(images, count=100), images / np.float32(255))
    np.testing.assert_array_equal(fixed_part(part), part)


def test_the_fixed_part_is_made_binary_as_in_training() -> None:
    images = np.full((500, 20), 0.25, dtype=np.float32)
    images[:, :10] = 0.75
    at_half = fixed_part(images, "threshold", 0.5)
    np.testing.assert_array_equal(at_half, images > 0.5)
    np.testing.assert_array_equal(fixed_part(images, "threshold", 0.8), np.zeros_like(images))
    drawn = fixed_part(images, "stochastic")
    assert set(np.unique(drawn).tolist()) == {0.0, 1.0}
    np.testing.assert_allclose(drawn.reshape(500, 2, 10).mean(axis=(0, 2)), [0.75, 0.25], atol=0.03)
    np.testing.assert_array_equal(fixed_part(images, "stochastic"), drawn)


def test_activities_are_those_of_the_definition() -> None:
    p = random_parameters(4, 3)
    v = states(4)
    health = measure_health(p, v)
    # p(h = 1 | v) from the energies of all states: the sum over those in which the unit is on.
    joint = np.exp(-energies(p))
    on = joint @ all_states(3) / joint.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(health.activations, on, rtol=1e-4)
    np.testing.assert_allclose(health.mean_activity, on.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(health.certain, ((on < 0.01) | (on > 0.99)).mean(axis=0))
    assert (health.images, health.hidden_num, health.finite) == (16, 3, True)
    np.testing.assert_array_equal(health.largest_weights, np.abs(p.w).max(axis=0))
    np.testing.assert_allclose(health.lengths, np.sqrt((p.w.astype(np.float64) ** 2).sum(axis=0)), rtol=1e-6)
    np.testing.assert_array_equal(health.hidden_bias, p.hidden_bias)


def test_the_image_shows_some_cases_and_the_means_are_of_all() -> None:
    p = parameters([[10.0]], [0.0], [-5.0])
    v = np.zeros((CASES * 2, 1), dtype=np.float32)
    v[CASES:] = 1
    health = measure_health(p, v)
    assert health.activations.shape == (CASES, 1)
    assert health.activations.max() < 0.01
    assert health.mean_activity[0] == pytest.approx(0.5)
    assert health.certain[0] == 1


def test_the_gap_is_the_difference_of_mean_free_energies() -> None:
    p = random_parameters(4, 3, seed=1)
    v = states(4)
    free = -np.log(np.exp(-energies(p)).sum(axis=1))
    found = measure_health(p, v[:6], held_out=v[6:]).free_energies
    assert found is not None
    assert found.training == pytest.approx(free[:6].mean(), rel=1e-5)
    assert found.held_out == pytest.approx(free[6:].mean(), rel=1e-5)
    assert found.gap == pytest.approx(free[6:].mean() - free[:6].mean(), rel=1e-4)
    assert found.error == pytest.approx(math.sqrt(free[:6].var() / 6 + free[6:].var() / 10), rel=1e-4)
    assert measure_health(p, v).free_energies is None
    assert measure_health(p, v, held_out=v[:0]).free_energies is None


def test_updates_are_compared_with_what_they_are_added_to() -> None:
    p = parameters([[1.0, -3.0]], [0.0], [2.0, 2.0])
    update = parameters([[0.001, 0.003]], [0.5], [-0.1, 0.3])
    health = measure_health(p, states(1), update=update)
    assert health.weights.ratio == pytest.approx(0.001)
    assert health.visible_biases.ratio is None  # of nothing
    assert health.hidden_biases.ratio == pytest.approx(0.1)
    assert health.weights.updates is not None
    assert (health.weights.values.limit, health.weights.updates.limit) == pytest.approx((5, 0.005))


def test_without_an_update_there_is_no_ratio() -> None:
    p = random_parameters(3, 2)
    without = measure_health(p, states(3))
    assert without.weights.updates is None
    assert without.weights.ratio is None
    assert measure_health(p, states(3), update=zeros(3, 2)).weights.ratio is None


def test_the_axes_of_an_earlier_measurement_are_kept() -> None:
    small = measure_health(parameters([[0.4]], [0.4], [0.4]), states(1))
    large = measure_health(parameters([[0.9]], [0.9], [0.9]), states(1), previous=small)
    again = measure_health(parameters([[0.4]], [0.4], [0.4]), states(1), previous=large)

    def limits(health: Health) -> list[float]:
        return [d.values.limit for d in (health.weights, health.visible_biases, health.hidden_biases)]

    assert [limits(health) for health in (small, large, again)] == [[0.5] * 3, [1.0] * 3, [1.0] * 3]


def test_twins_are_units_whose_weights_point_one_way() -> None:
    # Units 1 and 3 differ in size only, 2 points the other way, 4 elsewhere, and 5 nowhere.
    w = [[0.0, 1.0, -1.0, 3.0, 1.0, 0.0], [1.0, 2.0, -2.0, 6.0, 0.0, 0.0]]
    assert measure_health(parameters(w, [0.0] * 2, [0.0] * 6), states(2)).twins == (1, 3)


def test_the_biases_are_compared_with_the_mean_image() -> None:
    v = np.array([[0, 1], [0, 1], [1, 1], [0, 1]], dtype=np.float32)
    at_data = parameters([[0.0], [0.0]], [math.log(0.25 / 0.75), 20.0], [0.0])
    assert measure_health(at_data, v).bias_error == pytest.approx(0, abs=1e-6)
    at_zero = parameters([[0.0], [0.0]], [0.0, 0.0], [0.0])
    assert measure_health(at_zero, v).bias_error == pytest.approx(math.sqrt((0.25**2 + 0.5**2) / 2))


def test_particles_are_measured_in_the_data_s_deviations() -> None:
    rng = np.random.default_rng(0)
    data = (rng.random((400, 50)) < 0.3).astype(np.float32)
    p = zeros(50, 2)

    def measured(particles: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> tuple[float, float]:
        found = measure_health(p, data, particles=particles).particles
        assert found is not None
        np.testing.assert_array_equal(found.images, particles)
        return found.misfit, found.spread

    misfit, spread = measured(data[:100])
    assert misfit == pytest.approx(0.1, abs=0.04)  # one over the root of a hundred
    assert spread == pytest.approx(1, abs=0.05)
    misfit, spread = measured(np.repeat(data[:1], 100, axis=0))
    assert misfit > 0.9
    assert spread == 0
    # All ones: (1 − 0.3) / √(0.3 · 0.7)
    assert measured(np.ones_like(data))[0] == pytest.approx(0.7 / math.sqrt(0.21), rel=0.05)
    assert measure_health(p, data, particles=data[:0]).particles is None
    assert measure_health(p, data).particles is None


def test_images_that_are_all_the_same_do_no_harm() -> None:
    black = np.zeros((10, 3), dtype=np.float32)
    health = measure_health(random_parameters(3, 2), black, held_out=black, particles=black)
    assert health.particles is not None
    assert (health.particles.misfit, health.particles.spread) == (0, 0)
    assert health.free_energies is not None
    assert (health.free_energies.gap, health.free_energies.error) == (0, 0)


@pytest.mark.parametrize("value", [np.nan, np.inf, 3e38])
def test_a_model_that_has_blown_up_can_be_measured(value: float) -> None:
    p = random_parameters(3, 2)
    p.w[0, 0] = value
    health = measure_health(p, states(3), held_out=states(3), update=p, particles=states(3))
    assert health.finite == np.isfinite(value)


def test_label_units_are_summed_out() -> None:
    p = random_parameters(3, 2)
    labelled = Parameters(
        p.w, p.visible_bias, p.hidden_bias, np.zeros((4, 2), dtype=np.float32), np.zeros(4, dtype=np.float32)
    )
    plain, with_labels = (measure_health(each, states(3), held_out=states(3)[:3]) for each in (p, labelled))
    np.testing.assert_allclose(with_labels.activations, plain.activations, rtol=1e-5)
    assert plain.free_energies is not None
    assert with_labels.free_energies is not None
    assert with_labels.free_energies.gap == pytest.approx(plain.free_energies.gap, abs=1e-5)


def test_the_weights_of_label_units_have_a_distribution_of_their_own(images: FloatArray) -> None:
    plain = random_parameters(6, 3, seed=0)
    assert measure_health(plain, images).label_weights is None
    u = np.array([[1, -2, 3], [0, 1, -2]], dtype=np.float32)
    labelled = replace(plain, label_w=u, label_bias=np.zeros(2, dtype=np.float32))
    step = replace(labelled, label_w=u / np.float32(1000))
    measured = measure_health(labelled, images, update=step).label_weights
    assert measured is not None
    assert measured.values.counts.sum() == u.size
    assert measured.ratio == pytest.approx(1e-3)
