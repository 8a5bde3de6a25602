from __future__ import annotations

import numpy as np
import pytest

from rbm_studio.data.erasing import Layer, LeftOver, inked
from rbm_studio.data.pen import Path, averaged, covered


def path(*points: tuple[float, float], radius: float = 1.5) -> Path:
    ends = np.zeros(len(points), bool)
    ends[-1] = True
    return Path(np.array(points, float), np.full(len(points), radius), ends)


LINE, ACROSS = path((4, 14), (24, 14)), path((14, 4), (14, 24))
SPOT, CORNER = path((14, 14), radius=3.0), path((4, 14), radius=3.0)


def test_an_eraser_takes_from_its_own_layer_and_from_those_before() -> None:
    image = inked([Layer(LINE), Layer(ACROSS, SPOT), Layer(path((24, 24)), CORNER)])
    assert [image[14, 14], image[14, 4]] == [0, 0]
    assert [image[14, 20], image[5, 14], image[24, 24]] == [1, 1, 1]


def test_ink_without_an_eraser_is_left_as_it_is() -> None:
    left = LeftOver([Layer(LINE), Layer(ACROSS)])
    assert not left.is_cut
    rims = left.rims(1.0)
    np.testing.assert_allclose((rims.centres + rims.offsets).min(axis=0), [2.5, 2.5])
    np.testing.assert_allclose((2 * rims.centres + rims.offsets).max(axis=0), [49.5, 49.5])


@pytest.mark.parametrize("scale", [0.7, 1.0, 3.0])
def test_the_rims_bound_what_is_left_at_any_scale(scale: float) -> None:
    half = path((30, 14), (20, 14), (30, 4), (30, 24), radius=6.0)
    rims = LeftOver([Layer(LINE, half)]).rims(scale)
    edges = scale * rims.centres + rims.offsets
    assert edges[:, 0].min() == pytest.approx(4 * scale - 1.5, abs=0.1)
    assert edges[:, 0].max() == pytest.approx(14 * scale, abs=0.3)


def test_what_is_wholly_erased_is_dropped_but_its_eraser_is_not() -> None:
    everything = path((2, 14), (26, 14), radius=4.0)
    left = LeftOver([Layer(ACROSS), Layer(LINE, everything)])
    assert len(left.layers[1].ink.points) == 0
    np.testing.assert_allclose(inked(left.layers), averaged(covered(ACROSS) * (1 - covered(everything))), atol=1e-6)
    assert len(LeftOver([Layer(LINE, everything)]).rims(1.0).centres) == 0


def test_ink_beyond_the_paper_is_erased_like_any() -> None:
    far = path((60, 14), (90, 14))
    left = LeftOver([Layer(LINE), Layer(far, path((58, 14), (92, 14), radius=5.0))])
    rims = left.rims(1.0)
    assert (rims.centres + rims.offsets)[:, 0].max() == pytest.approx(25.5, abs=0.1)
