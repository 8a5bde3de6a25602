from __future__ import annotations

import numpy as np
import pytest

from rbm_studio.core.parameters import Parameters, gaussian_parameters, uniform_parameters
from rbm_studio.errors import RBMStudioError
from tests.core.enumeration import (
    all_states,
    energies,
    hidden_given_visible,
    joint,
    random_parameters,
    visible_given_hidden,
)
from tests.core.joint_enumeration import enumerate_joint, random_model

TINY = pytest.mark.parametrize("p", [random_parameters(4, 3), random_parameters(3, 5, 1), random_parameters(1, 1, 2)])


@TINY
def test_energy_of_each_row(p: Parameters) -> None:
    v = np.repeat(all_states(p.visible_num), 2**p.hidden_num, axis=0).astype(np.float32)
    h = np.tile(all_states(p.hidden_num), (2**p.visible_num, 1)).astype(np.float32)
    energy = p.energy(v, h)
    assert energy.shape == (len(v),)
    np.testing.assert_allclose(energy, energies(p).ravel(), rtol=1e-5, atol=1e-5)


@TINY
def test_free_energy_sums_the_hidden_states_out(p: Parameters) -> None:
    free_energy = p.free_energy(all_states(p.visible_num).astype(np.float32))
    assert free_energy.dtype == np.float64
    np.testing.assert_allclose(free_energy, -np.log(np.exp(-energies(p)).sum(axis=1)), rtol=1e-5, atol=1e-5)


def test_free_energy_does_not_overflow() -> None:
    p = Parameters(*(np.full(shape, 1e4, dtype=np.float32) for shape in ((4, 3), (4,), (3,))))
    assert p.free_energy(np.ones((1, 4), dtype=np.float32))[0] == pytest.approx(-(4e4 + 3 * 5e4))


@TINY
def test_hidden_units_given_the_visible_ones(p: Parameters) -> None:
    expected = hidden_given_visible(p) @ all_states(p.hidden_num)
    found = p.expect_hidden(all_states(p.visible_num).astype(np.float32))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@TINY
def test_visible_units_given_the_hidden_ones(p: Parameters) -> None:
    expected = visible_given_hidden(p).T @ all_states(p.visible_num)
    found = p.expect_visible(all_states(p.hidden_num).astype(np.float32))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@TINY
def test_conditionals_factorise(p: Parameters) -> None:
    on = p.expect_hidden(all_states(p.visible_num).astype(np.float32)).astype(np.float64)
    states = all_states(p.hidden_num)
    product = np.prod(np.where(states[None] == 1, on[:, None], 1.0 - on[:, None]), axis=2)
    np.testing.assert_allclose(product, hidden_given_visible(p), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_free_energy_with_label_units_by_enumeration(scale: float) -> None:
    p = random_model(4, 3, 3, scale=scale)
    joint = enumerate_joint(p)
    v, y = np.repeat(all_states(4), 3, axis=0), np.tile(np.eye(3), (16, 1))
    states = (array.astype(np.float32) for array in (joint.v, joint.h, joint.y))
    logarithms = -p.energy(*states).reshape(-1, 8).astype(np.float64)
    expected = -np.logaddexp.reduce(logarithms, axis=1)
    given = p.free_energy(v.astype(np.float32), y.astype(np.float32))
    np.testing.assert_allclose(given, expected, rtol=1e-5, atol=1e-5 * scale)
    summed_out = p.free_energy(all_states(4).astype(np.float32))
    np.testing.assert_allclose(
        summed_out, -np.logaddexp.reduce(-expected.reshape(-1, 3), axis=1), rtol=1e-5, atol=1e-5 * scale
    )


def test_free_energy_of_extreme_inputs() -> None:
    w = np.array([[1e4, -1e4, 88.0, 0.0]], dtype=np.float32)
    p = Parameters(w, np.zeros(1, dtype=np.float32), np.zeros(4, dtype=np.float32))
    expected = -(1e4 + 88.0 + np.log(2.0))
    assert p.free_energy(np.ones((1, 1), dtype=np.float32))[0] == pytest.approx(expected, abs=1e-6)


def test_free_energies_of_many_images_are_those_of_each() -> None:
    p = random_parameters(6, 3)
    images = np.tile(all_states(6), (20, 1)).astype(np.float32)
    np.testing.assert_allclose(p.free_energy(images), np.tile(p.free_energy(images[:64]), 20), rtol=1e-6)


def test_enumerated_probabilities_add_up_to_one() -> None:
    assert joint(random_parameters(4, 3)).sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    "shapes",
    [((4, 3), (3,), (4,)), ((4,), (4,), (4,)), ((4, 3), (4, 1), (3,)), ((0, 3), (0,), (3,)), ((4, 0), (4,), (0,))],
)
def test_shapes_that_do_not_fit_are_refused(shapes: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(RBMStudioError, match=r"do not fit together.*\(D, H\), \(D,\) and \(H,\)"):
        Parameters(*(np.zeros(shape, dtype=np.float32) for shape in shapes))


@pytest.mark.parametrize("name", ["w", "visible_bias", "hidden_bias"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_finite_means_every_parameter(name: str, value: float) -> None:
    p = random_parameters(4, 3)
    assert p.is_finite
    getattr(p, name)[-1] = value
    assert not p.is_finite


def test_a_copy_shares_no_memory() -> None:
    p = random_parameters(4, 3)
    copy = p.copy()
    p.w[:], p.visible_bias[:], p.hidden_bias[:] = 0, 0, 0
    assert all(array.all() for array in (copy.w, copy.visible_bias, copy.hidden_bias))


def test_gaussian_start_has_the_data_log_odds() -> None:
    mean = np.array([0.0, 0.25, 0.5, 1.0], dtype=np.float32)
    p = gaussian_parameters(4, 2000, np.random.default_rng(0), mean, 99)
    # A pixel that is never on in 99 images counts as on once in 100, and has no weights.
    np.testing.assert_allclose(p.visible_bias, np.log([0.01 / 0.99, 0.25 / 0.75, 1.0, 0.99 / 0.01]), rtol=1e-5)
    assert not p.hidden_bias.any()
    assert not p.w[0].any()
    assert abs(p.w[1:].mean()) < 0.0005
    assert p.w[1:].std() == pytest.approx(0.01, rel=0.05)
    assert {array.dtype for array in (p.w, p.visible_bias, p.hidden_bias)} == {np.dtype(np.float32)}


def test_gaussian_start_without_data_has_no_biases() -> None:
    p = gaussian_parameters(4, 3, np.random.default_rng(0))
    assert not p.visible_bias.any()


def test_uniform_start_fills_glorots_interval() -> None:
    p = uniform_parameters(100, 50, np.random.default_rng(0))
    limit = np.sqrt(6.0 / 150.0)
    assert np.abs(p.w).max() <= limit
    assert p.w.min() < -0.99 * limit
    assert p.w.max() > 0.99 * limit
    assert not p.visible_bias.any()
    assert not p.hidden_bias.any()
