from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rbm_studio.app.dream import FILM_LENGTH, Dream, Wishes, levels
from rbm_studio.core.gibbs import Clamp, noise
from rbm_studio.core.parameters import Parameters
from tests.core.joint_enumeration import random_model

START = noise(5, 4, np.random.default_rng(0))


def dream(wishes: Wishes) -> Dream:
    return Dream(START, wishes, np.random.default_rng(1))


def advance(dreaming: Dream, steps: int) -> None:
    for _ in range(steps):
        dreaming.advance()


def test_it_begins_with_its_start() -> None:
    frame = dream(Wishes(random_model(4, 3))).frame()
    assert frame.moment.step == 0
    np.testing.assert_array_equal(frame.moment.states, levels(START))
    np.testing.assert_array_equal(frame.moment.probabilities, levels(START))
    assert [moment.step for moment in frame.film] == [0]
    assert frame.moment.classes is None
    assert frame.visits is None
    assert frame.mixing is None


def test_the_film_has_equal_distances_and_forgets_the_oldest() -> None:
    dreaming = dream(Wishes(random_model(4, 3), film_every=3))
    advance(dreaming, 8)
    assert [moment.step for moment in dreaming.frame().film] == [0, 3, 6]
    assert dreaming.frame().moment.step == 8
    advance(dreaming, 3 * FILM_LENGTH)
    steps = [moment.step for moment in dreaming.frame().film]
    assert len(steps) == FILM_LENGTH
    assert set(np.diff(steps)) == {3}
    assert steps[-1] == 126


def test_other_distances_begin_another_film() -> None:
    wishes = Wishes(random_model(4, 3))
    dreaming = dream(wishes)
    advance(dreaming, 7)
    dreaming.follow(replace(wishes, film_every=5))
    advance(dreaming, 9)
    frame = dreaming.frame()
    assert [moment.step for moment in frame.film] == [10, 15]
    assert frame.film_every == 5


def test_a_frame_is_not_changed_by_what_comes_after() -> None:
    dreaming = dream(Wishes(random_model(4, 3, 3)))
    advance(dreaming, 3)
    frame = dreaming.frame()
    assert frame.visits is not None
    before = frame.moment.states.copy(), frame.visits.counts.copy(), len(frame.film)
    advance(dreaming, 20)
    np.testing.assert_array_equal(frame.moment.states, before[0])
    np.testing.assert_array_equal(frame.visits.counts, before[1])
    assert len(frame.film) == before[2]


def test_other_parameters_are_followed_and_what_was_measured_stays() -> None:
    p = random_model(4, 3, 3)
    dreaming = dream(Wishes(p))
    advance(dreaming, 40)
    always_on = replace(p, visible_bias=np.full(4, 50, dtype=np.float32), label_bias=np.array([0, 0, 50], np.float32))
    dreaming.follow(Wishes(always_on))
    advance(dreaming, 1)
    frame = dreaming.frame()
    assert (frame.moment.states == 255).all()
    assert frame.moment.classes is not None
    assert frame.moment.classes.tolist() == [2] * 5
    assert frame.visits is not None
    assert frame.visits.counts.sum() == 41 * 5
    dreaming.measure()
    assert dreaming.frame().mixing is not None


@pytest.mark.parametrize("change", [{"temperature": 2.0}, {"clamp": Clamp(label=1)}])
def test_chains_that_are_changed_are_measured_anew(change: dict[str, object]) -> None:
    wishes = Wishes(random_model(4, 3, 3))
    dreaming = dream(wishes)
    advance(dreaming, 40)
    dreaming.measure()
    assert dreaming.frame().mixing is not None
    dreaming.follow(replace(wishes, **change))  # type: ignore[arg-type]
    advance(dreaming, 2)
    frame = dreaming.frame()
    assert frame.mixing is None
    assert frame.visits is not None
    assert frame.visits.counts.sum() == 2 * 5
    assert frame.moment.step == 42


def test_a_model_that_blew_up_is_shown_all_the_same() -> None:
    broken = [np.full(shape, np.nan, dtype=np.float32) for shape in ((4, 3), (4,), (3,), (2, 3), (2,))]
    dreaming = dream(Wishes(Parameters(*broken)))
    advance(dreaming, 3)
    assert dreaming.frame().moment.states.shape == (5, 4)
