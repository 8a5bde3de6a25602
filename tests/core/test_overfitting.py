from __future__ import annotations

import numpy as np
import pytest

from rbm_studio.core.overfitting import Likelihood, find_fall, measure_likelihood
from rbm_studio.core.parameters import log_odds

from .joint_enumeration import log_probability, random_model


def at(epochs: float, training: float, held_out: float, error: float = 0.1) -> Likelihood:
    return Likelihood(epochs, training, held_out, error)


def test_the_likelihood_is_the_truth_of_a_small_model_and_near_it_of_a_larger_one() -> None:
    images = (np.random.default_rng(0).random((2, 20, 14)) < 0.5).astype(np.float32)
    base = log_odds(images[0].mean(axis=0), 20)
    small = random_model(14, 3, scale=0.5)
    measured = measure_likelihood(small, images[0], images[1], base, epochs=2.5)
    assert (measured.epochs, measured.error) == (2.5, 0)
    assert measured.training == pytest.approx(log_probability(small, images[0].astype(np.float64)).mean(), rel=1e-5)
    assert measured.held_out == pytest.approx(log_probability(small, images[1].astype(np.float64)).mean(), rel=1e-5)
    larger = random_model(14, 13, scale=0.3)
    told: list[int] = []
    estimated = measure_likelihood(larger, images[0], images[1], base, progress=lambda done, _: told.append(done))
    assert estimated.error > 0
    assert told


def test_a_fall_is_told_where_it_is_more_than_chance() -> None:
    assert find_fall([]) is None
    assert find_fall([at(1, -90, -95)]) is None
    assert find_fall([at(1, -90, -95), at(2, -85, -96)]) is None
    assert find_fall([at(1, -90, -95, 2.0), at(2, -85, -100, 2.0)]) is None
    fall = find_fall([at(1, -99, -99), at(2, -90, -95), at(3, -85, -100)])
    assert fall is not None
    assert (fall.best.epochs, fall.now.epochs, fall.nats) == (2, 3, 5)
    assert fall.is_overfitting


def test_it_is_no_overfitting_where_training_images_are_less_likely_too() -> None:
    fall = find_fall([at(2, -90, -95), at(3, -110, -116)])
    assert fall is not None
    assert not fall.is_overfitting
