from __future__ import annotations

import numpy as np
import pytest

from rbm_studio.data import pen
from rbm_studio.data.pen import Path, averaged, covered


def path(*points: tuple[float, float], radius: float | list[float] = 1.5, up: int | None = None) -> Path:
    """Return a path; after the point `up` the pen leaves the paper."""
    ends = np.zeros(len(points), bool)
    ends[-1] = True
    if up is not None:
        ends[up] = True
    return Path(np.array(points, float), np.broadcast_to(np.asarray(radius, float), len(points)).copy(), ends)


def test_a_disc_covers_its_area() -> None:
    for radius in (0.5, 1.35, 4.0, 13.0):
        assert averaged(covered(path((14, 14), radius=radius))).sum() == pytest.approx(np.pi * radius**2, rel=0.03)


def test_a_line_that_widens_covers_a_trapezium_with_two_half_discs() -> None:
    area = averaged(covered(path((6, 14), (22, 14), radius=[1.0, 3.0]))).sum()
    assert area == pytest.approx(16 * 4 + np.pi / 2 * (1 + 9), rel=0.03)


def test_between_strokes_the_pen_is_up() -> None:
    image = averaged(covered(path((4, 4), (4, 24), (24, 4), (24, 24), up=1)))
    assert image[:, 7:21].sum() == 0
    assert image[14, 4] == image[14, 24] == 1


def test_a_part_of_a_path_does_not_close_the_gap() -> None:
    dense = path((4, 14), (24, 14)).dense()
    x = dense.points[:, 0]
    image = averaged(covered(dense.part((x < 9) | (x > 19))))
    assert image[:, 11:17].sum() == 0
    assert image[14, 5] == image[14, 22] == 1


def test_large_discs_are_covered_as_small_ones_are(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = path((-3, 5), (30, 20), radius=[6.0, 9.0])
    near = covered(wide)
    monkeypatch.setattr(pen, "_LARGE_REACH", 0)
    np.testing.assert_allclose(covered(wide), near, atol=1e-4)


def test_of_crowded_discs_the_widest_count() -> None:
    to_and_fro = [(13.9, 14.0), (14.1, 14.0)] * 5000
    radii = [0.6] * len(to_and_fro)
    radii[5000] = 4.0
    crowded = path(*to_and_fro, radius=radii)
    assert len(crowded.dense().points) > 3000
    assert averaged(covered(crowded))[14, 11:17].min() == 1


def test_what_lies_beside_the_image_covers_nothing_of_it() -> None:
    assert not covered(path((-200, 5), (-100, 90))).any()
    assert covered(path((-200, 14), (200, 14)))[56].all()


def test_a_path_without_points_covers_nothing() -> None:
    nothing = Path(np.zeros((0, 2)), np.zeros(0), np.zeros(0, bool))
    assert covered(nothing).shape == (112, 112)
    assert not covered(nothing).any()
