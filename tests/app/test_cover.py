from __future__ import annotations

import numpy as np
import pytest

from rbm_studio.app.cover import Part, brush, covered_by


@pytest.mark.parametrize(
    ("part", "rows"),
    [
        (Part.NOTHING, ["....", "....", "...."]),
        (Part.RIGHT, ["..##", "..##", "..##"]),
        (Part.LEFT, ["##..", "##..", "##.."]),
        (Part.TOP, ["####", "....", "...."]),
        (Part.BOTTOM, ["....", "####", "####"]),
        (Part.MIDDLE, [".##.", ".##.", ".##."]),
        (Part.BRUSH, ["....", "....", "...."]),
    ],
)
def test_a_part_covers_its_pixels(part: Part, rows: list[str]) -> None:
    assert ["".join(".#"[pixel] for pixel in row) for row in covered_by(part, (3, 4)).astype(int)] == rows


@pytest.mark.parametrize("side", [2, 4, 7, 28])
def test_halves_make_a_whole(side: int) -> None:
    shape = (side, side)
    for one, other in ((Part.LEFT, Part.RIGHT), (Part.TOP, Part.BOTTOM)):
        assert (covered_by(one, shape) ^ covered_by(other, shape)).all()
    assert covered_by(Part.MIDDLE, shape).any()


def test_a_brush_is_three_pixels_of_28_wide_and_leaves_no_gaps() -> None:
    bare = np.zeros((28, 28), dtype=np.bool_)
    dot = brush(bare, (10, 10), (10, 10), covers=True)
    assert np.argwhere(dot).tolist() == [[row, column] for row in (9, 10, 11) for column in (9, 10, 11)]
    way = brush(bare, (2, 3), (25, 20), covers=True)
    assert all(way[row].any() for row in range(1, 27))
    assert not bare.any()
    assert not brush(way, (2, 3), (25, 20), covers=False).any()


def test_a_brush_ends_at_the_edge() -> None:
    bare = np.zeros((28, 28), dtype=np.bool_)
    assert np.argwhere(brush(bare, (0, 0), (0, 0), covers=True)).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert brush(bare, (27, 27), (27, 27), covers=True).sum() == 4
