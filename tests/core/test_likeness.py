from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.core.class_drawing import LOOK_EVERY, LOOKS, PATIENCE, ClassDrawing
from rbm_studio.core.gibbs import Clamp, GibbsChains
from rbm_studio.core.likeness import know
from rbm_studio.core.parameters import Parameters

if TYPE_CHECKING:
    from numpy.typing import NDArray

RNG = np.random.default_rng(0)
# Ten pixels that like to be off, and ten that like to be on; a class that says which of two hidden units is on.
BIAS = np.repeat(np.array([-6.0, 6.0], np.float32), 10)


def biased(*, labels: bool = False) -> Parameters:
    own = (np.zeros((20, 2), np.float32), BIAS, np.zeros(2, np.float32))
    if not labels:
        return Parameters(*own)
    strong = np.array([[12, -12], [-12, 12]], np.float32)
    w = np.zeros((20, 2), np.float32)
    w[:10, 0], w[10:, 1] = 9, -9
    return Parameters(w, np.full(20, -3, np.float32), np.full(2, -4, np.float32), strong, np.zeros(2, np.float32))


def test_noise_is_unlike_data_and_what_the_model_likes_better_than_them_is_too() -> None:
    p = biased()
    # Images with three pixels off their bias: the model likes those with none better, but not by far.
    data = np.tile((BIAS > 0).astype(np.float32), (40, 1))
    for image in data:
        odd = RNG.choice(20, 3, replace=False)
        image[odd] = 1 - image[odd]
    known = know(p, data)
    assert known.tells_noise
    assert known.are_like(data).all()
    best = (BIAS > 0).astype(np.float32)
    assert list(known.are_like(np.stack([best, 1 - best]))) == [False, False]
    assert known.free_energy(best[None])[0] < known.band[0]


def test_a_model_that_knows_nothing_does_not_tell_noise() -> None:
    empty = Parameters(np.zeros((20, 2), np.float32), np.zeros(20, np.float32), np.zeros(2, np.float32))
    assert not know(empty, np.ones((5, 20), np.float32)).tells_noise


def test_a_model_that_has_diverged_does_not_tell_noise() -> None:
    p = Parameters(np.full((20, 2), np.nan, np.float32), BIAS, np.zeros(2, np.float32))
    assert not know(p, np.ones((5, 20), np.float32)).tells_noise


def test_chains_are_kept_when_they_show_the_class_and_begin_again_when_they_do_not() -> None:
    p = biased(labels=True)
    image = np.zeros((1, 20), np.float32)
    image[:, :10] = 1
    known = know(p, image)
    starts = [0]

    def start() -> NDArray[np.float32]:
        starts[0] += 1
        return image.repeat(2, 0)

    chains = GibbsChains(p, image.repeat(2, 0), np.random.default_rng(1))
    chains.clamp = Clamp(label=0)
    drawing = ClassDrawing(chains, 0, lambda: known, start)
    for step in range(LOOK_EVERY * LOOKS):
        assert not drawing.is_done, step
        chains.step()
        # The second is led astray each time.
        chains.visible[1] = 1 - image[0]
        drawing.follow_step()
    assert drawing.done.tolist() == [True, False]
    kept = chains.visible[0].copy()
    for _ in range(PATIENCE - LOOK_EVERY * LOOKS):
        assert starts == [0]
        chains.step()
        chains.visible[1] = 1 - image[0]
        drawing.follow_step()
    assert starts == [1]
    np.testing.assert_array_equal(chains.visible[0], kept)
    np.testing.assert_array_equal(chains.visible[1], image[0])
