from __future__ import annotations

import numpy as np
import pytest

from rbm_studio.data import DataError
from rbm_studio.data.handwriting import DEFAULT_PEN_WIDTH, Stroke, render


def arc(x: float, y: float, x_radius: float, y_radius: float, start: float, end: float) -> list[tuple[float, float]]:
    angles = np.radians(np.linspace(start, end, 40))
    return list(zip(x + x_radius * np.cos(angles), y + y_radius * np.sin(angles), strict=True))


def drawing(*paths: list[tuple[float, float]]) -> list[Stroke]:
    return [Stroke(np.array(path, np.float32)) for path in paths]


DIGITS = {
    0: drawing(arc(100, 100, 60, 90, -90, 275)),
    1: drawing([(110, 10), (90, 190)]),
    2: drawing([*arc(100, 60, 50, 50, 180, 400), (60, 180), (150, 175)]),
    3: drawing([*arc(95, 55, 45, 45, 200, 430), *arc(95, 140, 55, 50, -80, 150)]),
    4: drawing([(70, 20), (50, 100), (140, 95)], [(135, 20), (120, 190)]),
    5: drawing([(150, 20), (80, 20), (72, 90), *arc(100, 135, 50, 50, -110, 140)]),
    6: drawing([(130, 15), *arc(100, 140, 45, 45, 180, 540)]),
    7: drawing([(50, 25), (150, 20), (90, 190)]),
    8: drawing([*arc(100, 55, 38, 42, -60, -270), *arc(100, 140, 45, 45, -90, 270), *arc(100, 55, 38, 42, 90, -60)]),
    9: drawing([*arc(100, 60, 42, 45, -20, -380), (142, 60), (125, 190)]),
}
EVERY_DIGIT = pytest.mark.parametrize("digit", range(10))


def transformed(strokes: list[Stroke], scale: float = 1.0, shift: tuple[float, float] = (0, 0)) -> list[Stroke]:
    return [Stroke((stroke.points * scale + shift).astype(np.float32)) for stroke in strokes]


def ink_box(image: np.ndarray) -> tuple[int, int]:
    rows, columns = np.flatnonzero(image.max(axis=1) > 0.02), np.flatnonzero(image.max(axis=0) > 0.02)
    return int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)


@EVERY_DIGIT
def test_longest_side_of_the_ink_is_twenty_pixels(digit: int) -> None:
    assert max(ink_box(render(DIGITS[digit]))) == 20


@EVERY_DIGIT
def test_centre_of_mass_lies_at_fourteen(digit: int) -> None:
    image = render(DIGITS[digit]).astype(np.float64)
    for axis in (0, 1):
        centre = image.sum(axis=1 - axis) @ np.arange(28) / image.sum()
        assert 13.498 <= centre <= 14.502


@EVERY_DIGIT
@pytest.mark.parametrize("shift", [(40, 0), (0, -40), (40, 40), (-13.7, 21.3)])
def test_moving_a_drawing_changes_nothing(digit: int, shift: tuple[float, float]) -> None:
    moved = render(transformed(DIGITS[digit], shift=shift))
    assert np.abs(moved - render(DIGITS[digit])).mean() < 0.01


@EVERY_DIGIT
@pytest.mark.parametrize("scale", [0.6, 0.83, 1.27, 1.6])
def test_scaling_a_drawing_changes_nothing(digit: int, scale: float) -> None:
    scaled = render(transformed(DIGITS[digit], scale), canvas_size=400.0)
    assert np.abs(scaled - render(DIGITS[digit], canvas_size=400.0)).mean() < 0.01


def test_a_symmetric_drawing_never_wavers_between_two_pixels() -> None:
    # Its centre of mass lies exactly between two pixels, so the least error of rounding could move it to either.
    cross = drawing([(0, 0), (100, 100)], [(100, 0), (0, 100)])
    still = render(cross)
    for offset in np.random.default_rng(0).uniform(0, 300, (40, 2)):
        moved = render(transformed(cross, 1.234, (offset[0], offset[1])))
        assert np.abs(moved - still).mean() < 0.01


def test_mean_ink_is_that_of_mnist() -> None:
    ink = [float(render(strokes).mean()) for strokes in DIGITS.values()]
    assert np.mean(ink) == pytest.approx(0.130, abs=0.005)
    assert 0.06 < min(ink) < max(ink) < 0.204


def test_coverage_is_the_area_under_the_pen() -> None:
    line = drawing([(8.0, 14.0), (20.0, 14.0)])
    image = render(line, pen_width=3.0, normalize=False)
    # A straight line's area: its length times the width, and a half disc at each end.
    assert image.sum() == pytest.approx(12 * 3 + np.pi * 1.5**2, rel=0.01)
    np.testing.assert_allclose(image[11:17, 14], [0, 0.5, 1, 1, 0.5, 0], atol=0.02)
    assert image.dtype == np.float32
    assert image.max() <= 1


def test_points_close_together_draw_the_same_as_their_line() -> None:
    sparse = drawing([(5, 5), (23, 9), (9, 23)])
    x, y = (np.interp(np.linspace(0, 2, 3001), [0, 1, 2], side) for side in ((5, 23, 9), (5, 9, 23)))
    dense = [Stroke(np.stack([x, y], axis=1).astype(np.float32))]
    for normalize in (True, False):
        difference = render(dense, normalize=normalize) - render(sparse, normalize=normalize)
        assert np.abs(difference).max() < 0.05


def test_a_dense_scribble_is_inked_like_its_parts() -> None:
    points = np.random.default_rng(0).uniform(0, 200, (300, 2)).astype(np.float32)
    whole = render([Stroke(points)], normalize=False, canvas_size=200.0)
    parts = [render([Stroke(pair)], normalize=False, canvas_size=200.0) for pair in (points[:20], points[100:120])]
    assert (whole >= np.maximum(*parts) - 0.2).all()


def test_strokes_are_not_joined() -> None:
    image = render(drawing([(5, 5), (5, 23)], [(23, 5), (23, 23)]), normalize=False)
    assert image[:, 10:18].sum() == 0
    assert image[14, 5] > 0.9
    assert image[14, 23] > 0.9


def test_raw_is_the_canvas_as_drawn() -> None:
    strokes = drawing([(20, 30), (60, 30)])
    image = render(strokes, normalize=False, canvas_size=280.0)
    assert (image[3, 2:6] > 0.5).all()
    assert image[8:].sum() == 0
    wide = render(strokes, normalize=False, canvas_size=(280.0, 140.0))
    np.testing.assert_allclose(wide[7:], image[:21], atol=1e-6)


def test_ink_outside_a_raw_canvas_is_cut_off() -> None:
    image = render(drawing([(-500, 100), (900, 100)], [(-90, -90)]), normalize=False, canvas_size=280.0)
    assert (image[10] > 0.9).all()
    assert image[:8].sum() == 0


def test_nothing_drawn_is_nothing_seen() -> None:
    empty = Stroke(np.zeros((0, 2), np.float32))
    for strokes in ([], [empty]):
        assert render(strokes).shape == (28, 28)
        assert not render(strokes).any()


@pytest.mark.parametrize("points", [[(77.0, 31.0)], [(77.0, 31.0), (79.0, 32.0)]])
def test_a_dot_stays_a_dot(points: list[tuple[float, float]]) -> None:
    image = render(drawing(points), canvas_size=400.0)
    assert max(ink_box(image)) <= 5
    disc = np.pi * DEFAULT_PEN_WIDTH**2 / 4
    assert disc * 0.98 < image.sum() < disc * 2


def test_all_ink_stays_in_the_image_when_its_mass_lies_at_one_end() -> None:
    blob = [(x, y) for x in np.linspace(0, 30, 20) for y in (0.0, 30.0)]
    strokes = drawing(blob, [(0, 15), (100, 15)])
    image = render(strokes, pen_width=1.0)
    assert ink_box(image)[1] == 20


def test_a_thicker_pen_leaves_more_ink_at_the_same_size() -> None:
    thin, thick = render(DIGITS[3], pen_width=1.5), render(DIGITS[3], pen_width=4.0)
    assert thick.sum() > 1.8 * thin.sum()
    assert max(ink_box(thin)) == max(ink_box(thick)) == 20


@pytest.mark.parametrize("pen_width", [0, -1, 11, np.nan])
def test_an_impossible_pen_is_refused(pen_width: float) -> None:
    with pytest.raises(DataError, match="pixels wide"):
        render(DIGITS[1], pen_width=pen_width)


@pytest.mark.parametrize("canvas_size", [-1.0, 0.0, (100.0, 0.0), np.nan])
def test_an_impossible_canvas_is_refused(canvas_size: float | tuple[float, float]) -> None:
    with pytest.raises(DataError, match="canvas"):
        render(DIGITS[1], canvas_size=canvas_size)


@pytest.mark.parametrize("points", [np.zeros((3, 3)), np.zeros(4), np.array([[0, np.nan]])])
def test_an_impossible_stroke_is_refused(points: np.ndarray) -> None:
    with pytest.raises(DataError, match="finite"):
        Stroke(points.astype(np.float32))
