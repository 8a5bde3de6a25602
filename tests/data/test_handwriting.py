from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.data import DataError
from rbm_studio.data.handwriting import DEFAULT_PEN_WIDTH, ERASER_WIDTH, Stroke, normalize_image, render
from rbm_studio.data.mnist import read_mnist_folder
from rbm_studio.data.resampling import resample

if TYPE_CHECKING:
    from pathlib import Path


def arc(x: float, y: float, x_radius: float, y_radius: float, start: float, end: float) -> list[tuple[float, float]]:
    angles = np.radians(np.linspace(start, end, 40))
    return list(zip(x + x_radius * np.cos(angles), y + y_radius * np.sin(angles), strict=True))


def drawing(*paths: list[tuple[float, float]]) -> list[Stroke]:
    return [Stroke(np.array(path, np.float32)) for path in paths]


DIGITS = {
    0: drawing(arc(100, 100, 60, 90, -90, 275)),
    1: drawing([(85, 45), (110, 10), (90, 190)]),
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


@EVERY_DIGIT
def test_ink_is_between_the_5th_and_95th_percentile_of_mnist(digit: int) -> None:
    assert 0.068 < render(DIGITS[digit]).mean() < 0.204


def pressed(points: list[tuple[float, float]], pressure: list[float]) -> list[Stroke]:
    return [Stroke(np.array(points, np.float32), np.array(pressure, np.float32))]


def erasing(*points: tuple[float, float]) -> Stroke:
    return Stroke(np.array(points, np.float32), erases=True)


@pytest.mark.parametrize(("pressure", "width"), [(0.0, 0.5), (0.5, 1.0), (0.8, 1.3), (1.0, 1.5)])
def test_pressure_widens_the_line_from_half_to_one_and_a_half(pressure: float, width: float) -> None:
    image = render(pressed([(6.0, 14.0), (22.0, 14.0)], [pressure] * 2), pen_width=3.0, normalize=False)
    assert image[:, 14].sum() == pytest.approx(3 * width, rel=0.02)
    assert image.sum() == pytest.approx(16 * 3 * width + np.pi * (1.5 * width) ** 2, rel=0.02)


def test_a_line_widens_evenly_between_two_pressures() -> None:
    image = render(pressed([(4.0, 14.0), (24.0, 14.0)], [0.0, 1.0]), pen_width=4.0, normalize=False)
    np.testing.assert_allclose(image[:, 6:22].sum(axis=0), 4 * (0.5 + (np.arange(6, 22) + 0.5 - 4) / 20), atol=0.1)


def test_medium_pressure_is_a_pen_that_does_not_tell() -> None:
    for strokes in DIGITS.values():
        medium = [Stroke(stroke.points, np.full(len(stroke.points), 0.5, np.float32)) for stroke in strokes]
        np.testing.assert_allclose(render(medium), render(strokes), atol=1e-5)


@EVERY_DIGIT
def test_with_pressure_too_the_ink_is_twenty_pixels_and_centred_wherever_drawn(digit: int) -> None:
    rng = np.random.default_rng(digit)
    strokes = [Stroke(s.points, rng.random(len(s.points), np.float32)) for s in DIGITS[digit]]
    image = render(strokes, canvas_size=280.0)
    assert max(ink_box(image)) == 20
    for axis in (0, 1):
        assert 13.498 <= image.sum(axis=1 - axis) @ np.arange(28) / image.sum() <= 14.502
    for scale, shift in ((1.0, 40.0), (0.6, 0.0), (1.6, 0.0)):
        moved = [Stroke((s.points * scale + shift).astype(np.float32), s.pressure) for s in strokes]
        assert np.abs(render(moved, canvas_size=280.0) - image).mean() < 0.01


def test_the_eraser_takes_away_what_is_under_it() -> None:
    line = drawing([(4.0, 14.0), (24.0, 14.0)])
    image = render([*line, erasing((14.0, 4.0), (14.0, 24.0))], pen_width=3.0, normalize=False)
    half = 3.0 * ERASER_WIDTH / 2
    whole = render(line, pen_width=3.0, normalize=False)
    assert image[:, 11:17].sum() == pytest.approx(0, abs=0.05)
    np.testing.assert_allclose(
        image[:, [*range(11), *range(17, 28)]], whole[:, [*range(11), *range(17, 28)]], atol=0.02
    )
    assert whole.sum() - image.sum() == pytest.approx(2 * half * 3, rel=0.01)


def test_half_of_a_disc_can_be_erased() -> None:
    dot = drawing([(14.0, 14.0)])
    image = render([*dot, erasing((4.0, 20.0), (24.0, 20.0))], pen_width=6.0, normalize=False)
    assert image.sum() == pytest.approx(np.pi * 9 / 2, rel=0.02)
    assert image[14:].sum() == pytest.approx(0, abs=0.05)


def test_the_eraser_spares_what_is_drawn_later_and_presses_alike() -> None:
    line, across = drawing([(4.0, 14.0), (24.0, 14.0)]), drawing([(14.0, 4.0), (14.0, 24.0)])
    image = render([*line, erasing((14.0, 14.0)), *across], normalize=False)
    assert image[14, 14] == 1
    np.testing.assert_allclose(image[14, 12:16], render(across, normalize=False)[14, 12:16], atol=0.02)
    soft = Stroke(np.array([(14.0, 14.0)], np.float32), np.zeros(1, np.float32), erases=True)
    assert np.array_equal(render([*line, soft, *across], normalize=False), image)


def test_erasing_comes_back_ink_by_ink() -> None:
    line = drawing([(4.0, 14.0), (24.0, 14.0)])
    image = render([*line, erasing((14.0, 14.0)), *line, erasing((6.0, 14.0))], normalize=False)
    np.testing.assert_array_equal(image, render([*line, erasing((6.0, 14.0))], normalize=False))


@EVERY_DIGIT
@pytest.mark.parametrize("place", [(250, 250), (10, 240), (270, 20)])
def test_an_erased_outlier_is_as_if_never_drawn(digit: int, place: tuple[int, int]) -> None:
    x, y = place
    blot = drawing([(x, y), (x + 6, y + 5), (x, y + 8)])
    eraser = erasing((x - 12, y - 8), (x + 16, y - 2), (x - 14, y + 6), (x + 14, y + 14))
    clean = render(DIGITS[digit], canvas_size=280.0)
    assert np.abs(render([*DIGITS[digit], *blot], canvas_size=280.0) - clean).mean() > 0.02
    assert np.abs(render([*DIGITS[digit], *blot, eraser], canvas_size=280.0) - clean).max() < 0.02


def test_a_blot_wiped_in_two_goes_is_gone() -> None:
    blot = drawing([(240, 200), (240, 220)])
    wipes = [erasing((226, 180), (226, 240)), erasing((254, 180), (254, 240))]
    clean = render(DIGITS[3], canvas_size=280.0)
    for strokes in ([*DIGITS[3], *blot, *wipes], [*DIGITS[3], *blot, wipes[0], *DIGITS[3], wipes[1]]):
        assert np.abs(render(strokes, canvas_size=280.0) - clean).max() < 0.02


@pytest.mark.parametrize("length", [60, 120, 200, 240])
@pytest.mark.parametrize("part", [0.4, 0.7, 0.9])
def test_of_a_line_that_is_cut_the_rest_is_twenty_pixels(length: float, part: float) -> None:
    radius = ERASER_WIDTH * DEFAULT_PEN_WIDTH / 28 * 280 / 2
    below = 20 + length * part + radius
    wipes = erasing(*((x, y) for y in np.arange(below, below + length, 8) for x in (60.0, 140.0)))
    image = render([*drawing([(100, 20), (100, 20 + length)]), wipes], canvas_size=280.0)
    assert image.sum(axis=0).max() == pytest.approx(20, abs=0.5)
    assert max(ink_box(image)) in (20, 21)


def test_the_eraser_is_as_wide_as_on_the_paper_however_small_the_drawing() -> None:
    for top, bottom in ((40.0, 240.0), (90.0, 190.0)):
        image = render([*drawing([(100, top), (100, bottom)]), erasing((100, 140))], canvas_size=280.0)
        scale = (20 - DEFAULT_PEN_WIDTH) / (bottom - top)
        assert 20 - image.sum(axis=0).max() == pytest.approx(54 * scale, abs=0.3)


def test_nothing_is_left_of_a_drawing_that_was_erased() -> None:
    strokes = [*drawing([(100, 100), (120, 100)]), erasing((90, 100), (130, 100))]
    for normalize in (True, False):
        assert not render(strokes, normalize=normalize, canvas_size=280.0).any()
    assert not render([erasing((14, 14))]).any()
    assert render([*strokes, *drawing([(50, 50), (80, 90)])], canvas_size=280.0).any()


def test_a_dot_beside_a_scribble_of_the_eraser() -> None:
    # So small a drawing is blown up, and the eraser with it.
    wipes = erasing(*np.random.default_rng(0).uniform(0, 60, (200, 2)).tolist())
    dot = drawing([(200, 200), (202, 201)])
    image = render([*dot, wipes], canvas_size=280.0)
    np.testing.assert_allclose(image, render(dot, canvas_size=280.0), atol=0.02)


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


@pytest.mark.parametrize("pressure", [np.zeros(2), np.zeros((3, 1)), np.array([0, 1.1, 0]), np.array([0, np.nan, 0])])
def test_an_impossible_pressure_is_refused(pressure: np.ndarray) -> None:
    with pytest.raises(DataError, match="pressures"):
        Stroke(np.zeros((3, 2), np.float32), pressure.astype(np.float32))


# --- pictures


@EVERY_DIGIT
@pytest.mark.parametrize("times", [1, 3, 18])
def test_a_normalised_picture_comes_back_at_any_size(digit: int, times: int) -> None:
    drawn = render(DIGITS[digit])
    np.testing.assert_allclose(normalize_image(np.kron(drawn, np.ones((times, times), np.float32))), drawn, atol=1e-5)


@EVERY_DIGIT
def test_a_picture_moved_or_scaled_gives_the_same(digit: int) -> None:
    page = np.zeros((500, 700), np.float32)
    large = np.kron(render(DIGITS[digit], normalize=False, canvas_size=200.0), np.ones((10, 10), np.float32))
    page[100:380, 50:330] = large
    moved = np.roll(page, (90, 300), axis=(0, 1))
    np.testing.assert_allclose(normalize_image(moved), normalize_image(page), atol=1e-5)
    smaller = resample(page, (300, 420))
    assert np.abs(normalize_image(smaller) - normalize_image(page)).mean() < 0.01
    assert max(ink_box(normalize_image(page))) == pytest.approx(20, abs=1)


def test_a_tall_narrow_picture_keeps_its_shape() -> None:
    page = np.zeros((400, 30), np.float32)
    page[100:300, 10:20] = 0.8
    image = normalize_image(page)
    assert ink_box(image) == (20, 1)
    assert image.max() == pytest.approx(0.8)
    assert image.sum() == pytest.approx(20 * 0.8, rel=1e-3)


def test_faint_specks_do_not_count_and_dots_are_not_blown_up() -> None:
    page = np.kron(render(DIGITS[3]), np.ones((5, 5), np.float32))
    speckled = np.pad(page, 60)
    speckled[5, 5] = 0.05
    np.testing.assert_allclose(normalize_image(speckled), render(DIGITS[3]), atol=1e-5)
    dot = np.zeros((280, 280), np.float32)
    dot[100:105, 50:55] = 1
    assert max(ink_box(normalize_image(dot))) <= 8


def test_a_picture_without_ink_is_zeros() -> None:
    for shape in ((28, 28), (3, 50), (0, 0)):
        image = normalize_image(np.zeros(shape, np.float32))
        assert image.shape == (28, 28)
        assert not image.any()


@pytest.mark.parametrize(
    "image", [np.zeros(28), np.zeros((2, 3, 4)), np.full((3, 3), 1.5), np.full((3, 3), -0.1), np.full((3, 3), np.nan)]
)
def test_an_impossible_picture_is_refused(image: np.ndarray) -> None:
    with pytest.raises(DataError, match="picture"):
        normalize_image(image.astype(np.float32))


@pytest.mark.full_mnist
def test_mnist_s_digits_come_back_as_they_are(mnist_folder: Path) -> None:
    digits = read_mnist_folder(mnist_folder).test_images[:1000].astype(np.float32) / 255
    again = np.stack([normalize_image(digit) for digit in digits])
    assert np.abs(again - digits).mean(axis=(1, 2)).max() < 1e-6


@pytest.mark.full_mnist
def test_what_is_drawn_has_mnist_s_ink_and_centre(mnist_folder: Path) -> None:
    digits = read_mnist_folder(mnist_folder).test_images.astype(np.float64) / 255
    drawn = np.stack([render(strokes) for strokes in DIGITS.values()])
    least, most = np.percentile(digits.mean(axis=(1, 2)), [5, 95])
    assert ((drawn.mean(axis=(1, 2)) > least) & (drawn.mean(axis=(1, 2)) < most)).all()
    for axis in (1, 2):
        centres, ours = (
            images.sum(axis=3 - axis) @ np.arange(28) / images.sum(axis=(1, 2)) for images in (digits, drawn)
        )
        assert centres.min() - 2e-3 < ours.min() <= ours.max() < centres.max() + 2e-3
