"""The drawing lab's chains: what they sample against sums over all states, what they hold, and when they move."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.app.cover import Part
from rbm_studio.app.lab_chain import SETTLING_STEPS, LabChain
from rbm_studio.core.gibbs import GibbsChains, Stage
from rbm_studio.core.parameters import Parameters

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pytestqt.qtbot import QtBot

SHAPE = (2, 3)
PIXELS = 6
# A grey value is held as it is.
DRAWING = np.array([[1.0, 0.0, 1.0], [0.3, 1.0, 0.0]], dtype=np.float32)


def parameters(seed: int = 0, labels: int = 0, hidden: int = 3) -> Parameters:
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> NDArray[np.float32]:
        return rng.normal(0.0, 1.2, shape).astype(np.float32)

    own = (draw(PIXELS, hidden), draw(PIXELS), draw(hidden))
    return Parameters(*own, draw(labels, hidden), draw(labels)) if labels else Parameters(*own)


class View:
    """Whether anybody sees the chains."""

    is_open = True

    def __call__(self) -> bool:
        return self.is_open


@pytest.fixture
def view() -> View:
    return View()


@pytest.fixture
def lab(qtbot: QtBot, view: View) -> LabChain:
    del qtbot
    return made(view)


def made(view: View | None = None, seed: int = 0) -> LabChain:
    return LabChain(np.random.default_rng(seed), view or View())


def chains_of(lab: LabChain) -> GibbsChains:
    assert lab.chains is not None
    return lab.chains


def step(lab: LabChain, count: int = 1) -> None:
    for _ in range(4 * count):
        lab.half_step()


def settled(qtbot: QtBot, lab: LabChain) -> GibbsChains:
    qtbot.waitUntil(lambda: not lab.is_settling)
    return chains_of(lab)


def conditional(p: Parameters, free: NDArray[np.bool_], label: int | None = None) -> NDArray[np.float64]:
    """Return p(free pixels | the others, y) by the sum over all h of exp(−E), for each state of the free pixels."""
    w, a, b = (array.astype(np.float64) for array in (p.w, p.visible_bias, p.hidden_bias))
    hidden_states = np.array(list(product((0.0, 1.0), repeat=p.hidden_num)))
    weights = []
    for state in product((0.0, 1.0), repeat=int(free.sum())):
        v = DRAWING.ravel().astype(np.float64)
        v[free] = state
        total = 0.0
        for y in range(max(p.label_num, 1)):
            if label is not None and y != label:
                continue
            energy = -(v @ w @ hidden_states.T) - v @ a - hidden_states @ b
            if p.label_w is not None and p.label_bias is not None:
                energy -= hidden_states @ p.label_w[y].astype(np.float64) + np.float64(p.label_bias[y])
            total += float(np.exp(-energy).sum())
        weights.append(total)
    probabilities: NDArray[np.float64] = np.array(weights) / sum(weights)
    return probabilities


def frequencies(lab: LabChain, free: NDArray[np.bool_], steps: int) -> NDArray[np.float64]:
    """Return how often each state of the free pixels comes up in all chains."""
    powers = 2 ** np.arange(int(free.sum()))[::-1]
    counts = np.zeros(2 ** int(free.sum()))
    for _ in range(steps):
        step(lab)
        states = (chains_of(lab).visible[:, free] @ powers).astype(int)
        counts += np.bincount(states, minlength=len(counts))
    shares: NDArray[np.float64] = counts / counts.sum()
    return shares


# --- what is sampled


@pytest.mark.parametrize("labels", [0, 3])
def test_a_completion_has_the_distribution_of_what_is_covered_given_the_rest(qtbot: QtBot, labels: int) -> None:
    lab, p = made(seed=1), parameters(labels=labels)
    lab.set_input(p, DRAWING)
    lab.set_count(16)
    lab.cover(Part.RIGHT)
    free = lab.held.covered.ravel()
    assert free.sum() == 4
    settled(qtbot, lab)
    found = frequencies(lab, free, 1500)
    np.testing.assert_allclose(found, conditional(p, free), atol=0.01)


def test_a_class_that_is_held_has_its_distribution() -> None:
    lab, p = made(seed=2), parameters(seed=9, labels=3)
    lab.set_input(p, DRAWING)
    lab.set_count(16)
    everything = np.ones(PIXELS, dtype=np.bool_)
    found = {}
    for label in (0, 2):
        lab.set_label(label)
        lab.stop()
        found[label] = frequencies(lab, everything, 1000)
        np.testing.assert_allclose(found[label], conditional(p, everything, label), atol=0.01)
        np.testing.assert_array_equal(chains_of(lab).labels.argmax(axis=1), label)
    assert np.abs(found[0] - found[2]).max() > 0.05


def test_a_class_and_pixels_are_held_together() -> None:
    lab, p = made(seed=4), parameters(seed=5, labels=3)
    lab.set_input(p, DRAWING)
    lab.set_count(16)
    lab.set_label(1)
    lab.cover(Part.LEFT)
    free = lab.held.covered.ravel()
    lab.stop()
    np.testing.assert_allclose(frequencies(lab, free, 1000), conditional(p, free, 1), atol=0.01)


def test_with_nothing_held_the_chain_samples_the_model_from_the_drawing_on() -> None:
    lab, p = made(seed=6), parameters(seed=7)
    lab.set_input(p, DRAWING)
    np.testing.assert_array_equal(chains_of(lab).visible, DRAWING.reshape(1, -1))
    everything = np.ones(PIXELS, dtype=np.bool_)
    np.testing.assert_allclose(frequencies(lab, everything, 12_000), conditional(p, everything), atol=0.01)


def test_held_pixels_keep_their_values_exactly(lab: LabChain) -> None:
    lab.set_input(parameters(), DRAWING)
    lab.cover_pixels(np.array([[False, True, False], [False, False, True]]))
    held = ~lab.held.covered.ravel()
    for _ in range(9):
        lab.half_step()
        chains = chains_of(lab)
        for values in (chains.visible, chains.visible_probabilities):
            np.testing.assert_array_equal(values[:, held], np.tile(DRAWING.ravel()[held], (len(chains), 1)))
    assert set(np.unique(chains_of(lab).visible[:, ~held])) <= {0.0, 1.0}


def test_nobody_sees_what_is_covered(qtbot: QtBot) -> None:
    other = DRAWING.copy()
    other[:, 1:] = 1 - other[:, 1:]
    found = []
    for drawing in (DRAWING, other):
        lab = made(seed=8)
        lab.set_input(parameters(), drawing)
        lab.cover(Part.RIGHT)
        found.append(settled(qtbot, lab).visible_probabilities[:, lab.held.covered.ravel()])
    np.testing.assert_array_equal(found[0], found[1])


def test_a_seed_brings_the_same_completions_again(qtbot: QtBot) -> None:
    def completions(seed: int) -> NDArray[np.float32]:
        lab = made(seed=seed)
        lab.set_input(parameters(), DRAWING)
        lab.cover(Part.RIGHT)
        return settled(qtbot, lab).visible_probabilities

    np.testing.assert_array_equal(completions(1), completions(1))
    assert not np.array_equal(completions(1), completions(2))


# --- where it starts


def test_chains_of_a_class_start_from_noise_or_from_the_drawing(lab: LabChain) -> None:
    biases = np.array([9, -9, 9, -9, 9, -9], dtype=np.float32)
    p = Parameters(*parameters(labels=2).arrays().values())
    p = Parameters(p.w, biases, p.hidden_bias, p.label_w, p.label_bias)
    lab.set_input(p, DRAWING)
    lab.set_label(1)
    # Noise is what the biases alone make of the pixels.
    np.testing.assert_array_equal(chains_of(lab).visible, np.tile([1, 0, 1, 0, 1, 0], (4, 1)))
    lab.set_from_noise(False)
    np.testing.assert_array_equal(chains_of(lab).visible, np.tile(DRAWING.ravel(), (4, 1)))
    lab.cover(Part.RIGHT)
    start = chains_of(lab).visible.reshape(4, *SHAPE)
    np.testing.assert_array_equal(start[:, :, 0], np.tile(DRAWING[:, 0], (4, 1)))
    np.testing.assert_array_equal(start[:, :, 1:], np.tile([[0, 1], [1, 0]], (4, 1, 1)))


def test_the_number_of_chains_counts_where_something_is_held(lab: LabChain) -> None:
    lab.set_input(parameters(), DRAWING)
    lab.set_count(16)
    assert len(chains_of(lab)) == 1
    lab.cover(Part.TOP)
    assert len(chains_of(lab)) == 16
    lab.set_count(1)
    assert len(chains_of(lab)) == 1
    lab.set_count(7)
    lab.cover(Part.NOTHING)
    assert len(chains_of(lab)) == 1


def test_another_drawing_begins_again_and_the_same_one_does_not(lab: LabChain) -> None:
    p = parameters()
    assert lab.set_input(p, DRAWING)
    step(lab, 2)
    assert not lab.set_input(p, DRAWING.copy())
    assert (lab.steps, lab.is_active) == (2, True)
    assert lab.set_input(p, 1 - DRAWING)
    assert (lab.steps, lab.is_active) == (0, False)
    np.testing.assert_array_equal(chains_of(lab).visible, 1 - DRAWING.reshape(1, -1))


def test_a_model_of_another_shape_takes_new_chains_and_drops_a_class_that_it_does_not_know(lab: LabChain) -> None:
    lab.set_input(parameters(labels=3), DRAWING)
    lab.set_label(2)
    lab.cover(Part.LEFT)
    assert lab.set_input(parameters(labels=2), DRAWING)
    assert lab.held.label is None
    assert lab.held.covers
    assert lab.set_input(parameters(hidden=5), DRAWING)
    assert chains_of(lab).hidden.shape == (4, 5)
    lab.set_input(None, DRAWING)
    assert lab.chains is None
    lab.half_step()
    lab.run()
    assert not lab.is_running


def test_a_part_stays_covered_at_another_size_and_what_a_brush_covered_does_not(lab: LabChain) -> None:
    lab.set_input(parameters(), DRAWING)
    lab.cover(Part.RIGHT)
    lab.set_input(parameters(), DRAWING.reshape(3, 2))
    assert lab.held.covered.tolist() == [[False, True]] * 3
    lab.cover_pixels(np.eye(3, 2, dtype=np.bool_))
    lab.set_input(parameters(), DRAWING)
    assert (lab.held.part, lab.held.covers) == (Part.NOTHING, False)


# --- when it moves


def test_half_steps_make_the_stages_in_order_and_four_make_a_step(lab: LabChain) -> None:
    lab.set_input(parameters(), DRAWING)
    assert not lab.is_active
    made_stages = []
    for _ in range(5):
        lab.half_step()
        made_stages.append(chains_of(lab).stage)
    order = [Stage.HIDDEN_PROBABILITIES, Stage.HIDDEN, Stage.VISIBLE_PROBABILITIES, Stage.VISIBLE]
    assert made_stages == [*order, Stage.HIDDEN_PROBABILITIES]
    assert lab.steps == 1
    assert lab.is_active


def test_what_is_held_settles_unasked_after_each_change(qtbot: QtBot, lab: LabChain) -> None:
    lab.set_input(parameters(), DRAWING)
    assert not lab.is_settling
    lab.cover(Part.RIGHT)
    settled(qtbot, lab)
    assert (lab.steps, lab.is_active) == (SETTLING_STEPS, False)
    lab.set_input(parameters(), 1 - DRAWING)
    assert lab.is_settling
    settled(qtbot, lab)
    assert lab.steps == SETTLING_STEPS
    lab.cover(Part.NOTHING)
    assert not lab.is_settling


def test_running_goes_on_until_it_is_paused(qtbot: QtBot, lab: LabChain) -> None:
    lab.set_input(parameters(), DRAWING)
    lab.set_speed(60)
    with qtbot.waitSignal(lab.run_changed):
        lab.run()
    qtbot.waitUntil(lambda: lab.steps >= 2)
    with qtbot.waitSignal(lab.run_changed):
        lab.pause()
    stage, steps = chains_of(lab).stage, lab.steps
    with qtbot.assertNotEmitted(lab.moved, wait=100):
        pass
    assert (chains_of(lab).stage, lab.steps, lab.is_active) == (stage, steps, True)


def test_a_stage_that_is_asked_for_pauses_what_runs(lab: LabChain) -> None:
    lab.set_input(parameters(), DRAWING)
    lab.run()
    lab.half_step()
    assert not lab.is_running
    assert chains_of(lab).stage is Stage.HIDDEN_PROBABILITIES


def test_a_change_of_the_speed_counts_at_once(qtbot: QtBot, lab: LabChain) -> None:
    lab.set_input(parameters(), DRAWING)
    lab.set_speed(0.01)
    lab.run()
    with qtbot.waitSignal(lab.moved):
        pass
    lab.set_speed(60)
    qtbot.waitUntil(lambda: lab.steps >= 1)


def test_the_next_stage_is_of_the_newest_parameters(lab: LabChain) -> None:
    lab.set_input(parameters(), DRAWING)
    lab.half_step()
    lab.half_step()
    new = parameters(seed=9)
    assert not lab.set_input(new, DRAWING)
    lab.half_step()
    chains = chains_of(lab)
    np.testing.assert_allclose(chains.visible_probabilities, new.expect_visible(chains.hidden), rtol=1e-5)


def test_completions_follow_new_parameters(qtbot: QtBot, lab: LabChain) -> None:
    lab.set_input(parameters(), DRAWING)
    lab.cover(Part.RIGHT)
    settled(qtbot, lab)
    bright = Parameters(np.zeros((PIXELS, 3), np.float32), np.full(PIXELS, 20, np.float32), np.zeros(3, np.float32))
    lab.set_input(bright, DRAWING)
    chains = settled(qtbot, lab)
    assert lab.steps > SETTLING_STEPS
    np.testing.assert_array_equal(chains.visible[:, lab.held.covered.ravel()], 1)


def test_while_it_moves_another_drawing_does_not_throw_away_what_was_completed(qtbot: QtBot, lab: LabChain) -> None:
    p = parameters()
    lab.set_input(p, DRAWING)
    lab.cover(Part.RIGHT)
    lab.set_speed(60)
    lab.run()
    qtbot.waitUntil(lambda: lab.steps >= 1)
    before = chains_of(lab).visible.copy()
    lab.set_input(p, 1 - DRAWING)
    assert lab.is_running
    assert lab.steps == 0
    free = lab.held.covered.ravel()
    np.testing.assert_array_equal(chains_of(lab).visible[:, free], before[:, free])
    np.testing.assert_array_equal(chains_of(lab).visible[:, ~free], np.tile((1 - DRAWING).ravel()[~free], (4, 1)))


def test_out_of_view_it_stands_still(qtbot: QtBot, view: View, lab: LabChain) -> None:
    lab.set_input(parameters(), DRAWING)
    view.is_open = False
    lab.cover(Part.RIGHT)
    with qtbot.assertNotEmitted(lab.moved, wait=50):
        pass
    assert lab.is_settling
    view.is_open = True
    lab.wake()
    settled(qtbot, lab)
    assert lab.steps == SETTLING_STEPS
