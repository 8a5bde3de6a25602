from __future__ import annotations

import numpy as np
import pytest

from rbm_studio.core.parameters import Parameters
from rbm_studio.core.surprise import Surprise, surprise

from .enumeration import all_states, energies, random_parameters


def test_free_energies_are_those_of_the_sum_over_hidden_states() -> None:
    p = random_parameters(4, 3)
    visible = all_states(4).astype(np.float32)
    found = surprise(p, visible, visible[:0])
    np.testing.assert_allclose(found.free_energies, -np.log(np.exp(-energies(p)).sum(axis=1)), atol=1e-6)


def test_the_error_is_the_cross_entropy_under_the_mean_field_reconstruction() -> None:
    p = random_parameters(5, 3, seed=1)
    visible = np.random.default_rng(0).random((6, 5)).astype(np.float32)
    found = surprise(p, visible, visible[:0])
    hidden = 1 / (1 + np.exp(-(visible @ p.w + p.hidden_bias).astype(np.float64)))
    pixels = 1 / (1 + np.exp(-(hidden @ p.w.T + p.visible_bias)))
    by_definition = -(visible * np.log(pixels) + (1 - visible) * np.log(1 - pixels)).sum(axis=1)
    np.testing.assert_allclose(found.cross_entropies, by_definition, rtol=1e-5)
    np.testing.assert_allclose(found.reconstructions, pixels, rtol=1e-5)


def test_certain_units_do_not_overflow() -> None:
    p = Parameters(np.full((2, 1), 400, np.float32), np.full(2, -900, np.float32), np.zeros(1, np.float32))
    found = surprise(p, np.array([[0, 1]], np.float32), np.empty((0, 2), np.float32))
    # The hidden unit is on, and both pixels are then off by exp(-500): the second one costs 500 nats.
    assert found.cross_entropies[0] == pytest.approx(500, rel=1e-6)


def test_the_rank_is_the_part_of_the_others_that_is_less_surprising() -> None:
    p = random_parameters(4, 3, seed=2)
    states = all_states(4).astype(np.float32)
    found = surprise(p, states, states)
    free = found.free_energies
    for own, rank in zip(free, found.ranks, strict=True):
        assert rank == pytest.approx(((free < own).sum() + 0.5 * (free == own).sum()) / len(free))
    assert found.ranks[free.argmin()] < 0.1
    assert found.ranks[free.argmax()] > 0.9


def test_without_others_there_is_no_rank() -> None:
    p = random_parameters(4, 3)
    assert np.isnan(surprise(p, all_states(4).astype(np.float32), np.empty((0, 4), np.float32)).ranks).all()


def test_what_is_no_number_has_no_rank() -> None:
    nothing = np.empty((2, 0), np.float32)
    found = Surprise(np.array([np.nan, 1.0]), np.zeros(2), nothing, np.array([0.0, 2.0]))
    assert np.isnan(found.ranks[0])
    assert found.ranks[1] == 0.5
    assert np.isnan(Surprise(np.array([1.0]), np.zeros(1), nothing, np.array([0.0, np.nan])).ranks).all()
