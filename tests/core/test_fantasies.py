from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.core.fantasies import Dreaming, Fantasies, dream, log_partition_floor, shown_as
from rbm_studio.core.findings import find_in_fantasies
from rbm_studio.core.likelihood import Cancelled
from rbm_studio.core.parameters import Parameters, log_odds
from rbm_studio.core.settings import TrainingSettings

from .enumeration import all_states
from .joint_enumeration import enumerate_joint, log_probability, random_model

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray

CD, PCD = TrainingSettings(gradient="cd"), TrainingSettings(gradient="pcd")


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def states(count: int, visible: int, share: float = 0.5, seed: int = 1) -> FloatArray:
    return (rng(seed).random((count, visible)) < share).astype(np.float32)


def independent(mean: FloatArray, count: int = 10_000) -> Parameters:
    """Return a model of pixels that know nothing of each other."""
    pixels = len(mean)
    return Parameters(np.zeros((pixels, 1), np.float32), log_odds(mean, count), np.zeros(1, np.float32))


def always(value: int, pixels: int) -> Parameters:
    """Return a model that believes in images of one value."""
    return independent(np.full(pixels, float(value), dtype=np.float32), 10**6)


def compared(parameters: Parameters, images: FloatArray, steps: int = 5) -> Fantasies:
    return dream(parameters, rng(), steps=steps).compare(images, (images > 0.5).astype(np.float32), "as they are")


def found(parameters: Parameters, images: FloatArray) -> list[str]:
    return [finding.name for finding in find_in_fantasies(compared(parameters, images), CD)]


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("seed", range(4))
def test_the_ceiling_is_never_below_the_log_likelihood(classes: int, seed: int) -> None:
    model = random_model(6, 3, classes, seed=seed, scale=1.5)
    images = states(40, 6, seed=seed)
    truth = float(log_probability(model, images.astype(np.float64)).mean())
    f = dream(model, rng(seed), chains=5, steps=3).compare(images, images, "")
    assert truth < f.ceiling
    # With every state among the chains' it is the truth: Z is their sum.
    every = all_states(6).astype(np.float32)
    assert log_partition_floor(model, every) == pytest.approx(enumerate_joint(model).log_partition, rel=1e-6)
    assert log_partition_floor(model, np.concatenate([every, every])) == log_partition_floor(model, every)
    assert -float(model.free_energy(images).mean()) - log_partition_floor(model, every) == pytest.approx(
        truth, rel=1e-5
    )


def test_it_is_as_sharp_as_a_blank_image_makes_it_and_sharper_with_the_chains() -> None:
    model, images = random_model(6, 3), states(40, 6)
    blank = float(model.free_energy(np.zeros((1, 6), np.float32))[0])
    assert compared(model, images).ceiling < blank - float(model.free_energy(images).mean())


def test_independent_pixels_reach_what_their_model_does() -> None:
    images = states(300, 5, 0.3)
    mean = images.mean(axis=0)
    model = independent(mean, len(images))
    truth = float(log_probability(model, images.astype(np.float64)).mean())
    f = compared(model, images)
    assert f.independent == pytest.approx(truth, rel=1e-5)
    assert f.excess.mean == pytest.approx(f.ceiling - f.independent)


@pytest.mark.parametrize("classes", [0, 3])
def test_chains_that_are_cut_short_go_on_as_if_they_were_not(classes: int) -> None:
    model = random_model(9, 4, classes)
    whole, parts = Dreaming(model, rng(), 20), Dreaming(model, rng(), 20)
    whole.advance(7)
    for steps in (3, 0, 4):
        parts.advance(steps)
    assert parts.steps == whole.steps == 7
    np.testing.assert_array_equal(parts.states(), whole.states())


@pytest.mark.parametrize("classes", [0, 3])
def test_the_chains_sample_the_model(classes: int) -> None:
    model = random_model(4, 3, classes)
    joint = enumerate_joint(model)
    chains = 4000
    sampled = dream(model, rng(), chains=chains, steps=200).states().mean(axis=0)
    truth = joint.p @ joint.v
    assert (np.abs(sampled - truth) < 5 * np.sqrt(truth * (1 - truth) / chains)).all()


def test_they_end_when_asked_to() -> None:
    told: list[tuple[int, int]] = []
    with pytest.raises(Cancelled):
        dream(
            random_model(4, 3),
            rng(),
            steps=10,
            progress=lambda *each: told.append(each),
            cancelled=lambda: len(told) == 2,
        )
    assert told == [(1, 10), (2, 10)]


@pytest.mark.parametrize(("pixels", "share"), [(4, 0.3), (4, 0.6), (64, 0.15), (64, 0.85)])
def test_a_model_that_fits_is_not_found_fault_with_whatever_is_blank(pixels: int, share: float) -> None:
    images = states(500, pixels, share)
    f = compared(independent(images.mean(axis=0), 500), images)
    assert f.ground == (share > 0.5)
    assert find_in_fantasies(f, CD) == []
    # Of images of four pixels many are blank, and nothing is wrong with that.
    assert (f.data_ink.blanks > 0.02) == (pixels == 4)
    assert f.ink.amount.mean == pytest.approx(f.data_ink.amount.mean, abs=0.05)


@pytest.mark.parametrize("share", [0.2, 0.8])
def test_chains_that_fade_to_the_ground_are_told_of(share: float) -> None:
    images = states(500, 64, share)
    ground = int(share > 0.5)
    assert found(always(ground, 64), images)[:2] == ["worse_than_pixels", "chains_fade"]
    # To the other end it is no fading, but too much ink.
    assert "chains_off" in found(always(1 - ground, 64), images)
    assert "chains_fade" not in found(always(1 - ground, 64), images)


def test_blanks_are_told_of_where_there_are_more_than_in_the_data() -> None:
    images = states(500, 64, 0.2)
    images[::2] = 0
    f = compared(always(0, 64), images)
    assert (f.data_ink.blanks, f.ink.blanks) == (0.5, 1.0)
    assert "chains_fade" in [finding.name for finding in find_in_fantasies(f, CD)]
    every = states(500, 64, 0.2)
    every[:] = 0
    assert found(always(0, 64), every) == []


def test_white_noise_is_told_of() -> None:
    noise = Parameters(*(np.zeros(shape, np.float32) for shape in ((64, 2), (64,), (2,))))
    (finding,) = find_in_fantasies(compared(noise, states(500, 64, 0.1)), PCD)
    assert finding.name == "chains_off"
    assert str(finding).startswith("Chains from noise do not look like the data: ")
    assert finding.setting == "learning_rate"
    assert find_in_fantasies(compared(noise, states(500, 64, 0.1)), CD)[0].setting == "gradient"


def test_grey_images_are_compared_as_they_are() -> None:
    grey = np.full((100, 16), 0.4, dtype=np.float32) + rng().normal(0, 0.02, (100, 16)).astype(np.float32)
    seen = (rng(3).random(grey.shape) < grey).astype(np.float32)
    f = dream(independent(grey.mean(axis=0), 100), rng(), steps=3).compare(grey, seen, "", neighbours=seen)
    assert f.data_ink.amount.mean == pytest.approx(0.4, abs=0.01)
    assert [each.name for each in find_in_fantasies(f, CD)] == []


def test_images_become_states_as_their_training_makes_them() -> None:
    digits = states(10, 16)
    grey = np.full((10, 16), 0.4, dtype=np.float32)
    assert shown_as(digits, "grey", 0.3) == ("threshold", 0.5)
    # A threshold would make another picture of them.
    assert shown_as(grey, "grey", 0.3) == ("stochastic", 0.5)
    assert shown_as(grey, "threshold", 0.3) == ("threshold", 0.3)
    assert shown_as((255 * digits).astype(np.uint8), "stochastic", 0.3) == ("stochastic", 0.3)


def test_chains_that_show_what_is_not_in_the_data_are_told_of_and_those_of_one_mode_are_not() -> None:
    images = np.repeat(np.eye(4, dtype=np.float32), 16, axis=1)
    images = np.repeat(images, 25, axis=0)
    flips = states(100, 64, 0.05, seed=5)
    images = np.abs(images - flips)
    held_out = np.abs(images - states(100, 64, 0.05, seed=6))
    elsewhere = np.tile(np.array([1, 0, 0, 0], dtype=np.float32), 16)

    def strays(mean: FloatArray) -> Fantasies:
        model = independent(0.02 + 0.96 * mean)
        return dream(model, rng(), steps=3).compare(images, held_out, "")

    one_mode, wrong = strays(np.eye(4, dtype=np.float32).repeat(16, axis=1)[0]), strays(elsewhere)
    assert one_mode.strays < 0.05
    assert one_mode.misfit > 0.5
    assert "chains_off" not in [each.name for each in find_in_fantasies(one_mode, CD)]
    assert wrong.strays == 1
    assert [each.name for each in find_in_fantasies(wrong, CD)][-1:] == ["chains_off"]


def test_equal_images_and_a_single_one_are_no_fault() -> None:
    same = np.tile(states(1, 16), (50, 1))
    assert found(independent(same.mean(axis=0), 10**6), same) == []
    assert found(independent(same.mean(axis=0), 10**6), same[:1]) == []
