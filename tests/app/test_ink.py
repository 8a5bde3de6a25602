from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from rbm_studio.app.drawing import Drawing, DrawingHistory
from rbm_studio.app.images import grey_image, grey_values
from rbm_studio.app.ink import InkedPaper, draw_hint, place_on_paper
from rbm_studio.data.handwriting import Stroke

Place = tuple[float, float]
# Beside the paper lies what must not be painted on.
AROUND = QColor(200, 0, 0)
CORNER = QPointF(10, 20)
pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def paper() -> InkedPaper:
    return InkedPaper()


@pytest.fixture
def history() -> DrawingHistory:
    return DrawingHistory()


def put(history: DrawingHistory, *places: Place) -> None:
    history.replace(Drawing(strokes=(Stroke(np.array(places, dtype=np.float32)),)))


def shown(paper: InkedPaper, history: DrawingHistory, side: int = 280, ratio: float = 1.0) -> QImage:
    """Return what is painted, without the 10 pixels to the left and 20 above, but with 10 to the right and below."""
    image = QImage(round((side + 20) * ratio), round((side + 30) * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(AROUND)
    painter = QPainter(image)
    paper.paint(painter, QRectF(CORNER.x(), CORNER.y(), side, side), history, ratio)
    painter.end()
    left, top = round(CORNER.x() * ratio), round(CORNER.y() * ratio)
    return image.copy(left, top, image.width() - left, image.height() - top)


def lightness(image: QImage, *places: Place, side: int = 280) -> list[int]:
    return [image.pixelColor(int(x * side), int(y * side)).lightness() for x, y in places]


def test_strokes_are_white_on_black_and_have_no_gaps(paper: InkedPaper, history: DrawingHistory) -> None:
    put(history, (0.1, 0.1), (0.9, 0.9))
    image = shown(paper, history)
    assert set(lightness(image, *((x / 20, x / 20) for x in range(2, 19)))) == {255}
    assert lightness(image, (0.1, 0.9), (0.9, 0.1)) == [0, 0]


def test_a_single_point_is_a_dot(paper: InkedPaper, history: DrawingHistory) -> None:
    for places in ([(0.5, 0.5)], [(0.5, 0.5), (0.5, 0.5)]):
        put(history, *places)
        paper.forget()
        assert lightness(shown(paper, history), (0.5, 0.5), (0.6, 0.5)) == [255, 0]


def test_the_pen_is_as_wide_as_in_a_picture_of_28_pixels(paper: InkedPaper, history: DrawingHistory) -> None:
    put(history, (0.1, 0.5), (0.9, 0.5))
    shown(paper, history)
    paper.set_pen_width(7.0)
    assert paper.pen_width == 7.0
    image = shown(paper, history)
    assert sum(image.pixelColor(140, y).lightness() > 128 for y in range(280)) == pytest.approx(70, abs=1)


@pytest.mark.parametrize("width", [0.0, -1.0, float("nan")])
def test_a_pen_without_width_is_refused(paper: InkedPaper, width: float) -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        paper.set_pen_width(width)


def test_a_picture_keeps_its_aspect(paper: InkedPaper, history: DrawingHistory) -> None:
    history.replace(Drawing(picture=grey_image(np.full((14, 28), 255, dtype=np.uint8))))
    image = shown(paper, history)
    assert lightness(image, (0.02, 0.3), (0.98, 0.7)) == [255, 255]
    assert lightness(image, (0.5, 0.2), (0.5, 0.8)) == [0, 0]


def test_ink_ends_at_the_paper_s_edge(paper: InkedPaper, history: DrawingHistory) -> None:
    put(history, (1.0, 0.2), (1.0, 0.4))
    history.begin_stroke(1.0, 0.6)
    history.extend_stroke(1.0, 0.8)
    image = shown(paper, history)
    assert lightness(image, (0.999, 0.3), (0.999, 0.7)) == [255, 255]
    assert {image.pixelColor(280, y).rgb() for y in range(280)} == {AROUND.rgb()}


def test_what_comes_to_the_kept_paper_looks_as_if_painted_anew(paper: InkedPaper, history: DrawingHistory) -> None:
    put(history, (0.1, 0.2), (0.9, 0.3))
    shown(paper, history)
    history.begin_stroke(0.1, 0.8)
    history.extend_stroke(0.9, 0.6)
    growing = shown(paper, history)
    [*_, drawn] = history.strokes()
    paper.add_stroke(drawn, 280)
    history.end_stroke()
    grown = shown(paper, history)
    assert lightness(grown, (0.5, 0.25), (0.5, 0.7)) == [255, 255]
    assert growing == grown == shown(InkedPaper(), history)


def test_another_drawing_shows_once_the_kept_one_is_forgotten(paper: InkedPaper, history: DrawingHistory) -> None:
    put(history, (0.1, 0.2), (0.9, 0.2))
    shown(paper, history)
    put(history, (0.1, 0.8), (0.9, 0.8))
    paper.forget()
    assert lightness(shown(paper, history), (0.5, 0.2), (0.5, 0.8)) == [0, 255]


@pytest.mark.parametrize(("side", "ratio"), [(140, 1.0), (280, 2.0), (140, 2.0)])
def test_another_size_or_screen_is_painted_anew(
    paper: InkedPaper, history: DrawingHistory, side: int, ratio: float
) -> None:
    put(history, (0.1, 0.2), (0.9, 0.2))
    shown(paper, history)
    assert shown(paper, history, side, ratio) == shown(InkedPaper(), history, side, ratio)


def test_the_inked_rect_holds_all_ink_of_a_segment(paper: InkedPaper, history: DrawingHistory) -> None:
    first, last = (0.7, 0.6), (0.3, 0.35)
    put(history, first, last)
    image = shown(paper, history)
    levels = grey_values(image.copy(0, 0, 280, 280))
    rows, columns = np.nonzero(levels)
    rect = paper.inked_rect(first, last, 280)
    assert rect.contains(QRectF(QPointF(columns.min(), rows.min()), QPointF(columns.max() + 1, rows.max() + 1)))
    assert rect.width() < 0.4 * 280 + 60


@pytest.mark.parametrize(
    ("pos", "place"),
    [((60, 45), (0.5, 0.25)), ((10, 20), (0, 0)), ((110, 120), (1, 1)), ((-99, 70), (0, 0.5)), ((60, 999), (0.5, 1))],
)
def test_places_beyond_the_paper_are_at_its_edge(pos: Place, place: Place) -> None:
    assert place_on_paper(QPointF(*pos), QRectF(CORNER.x(), CORNER.y(), 100, 100)) == place


def test_the_hint_is_amid_the_paper() -> None:
    image = QImage(280, 280, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    painter = QPainter(image)
    draw_hint(painter, QRectF(0, 0, 280, 280), "Draw a digit here")
    painter.end()
    rows = [y for y in range(280) if any(image.pixelColor(x, y).lightness() > 60 for x in range(280))]
    assert 130 < (rows[0] + rows[-1]) / 2 < 150


def test_of_a_stroke_with_pressure_what_is_exposed_is_painted(paper: InkedPaper, history: DrawingHistory) -> None:
    history.begin_stroke(0.1, 0.1, 0.2)
    for place, pressure in (((0.9, 0.2), 1.0), ((0.5, 0.5), 0.5), ((0.1, 0.9), 0.9)):
        history.extend_stroke(*place, pressure)
    whole = shown(paper, history)
    image = QImage(280, 280, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    paper.paint(painter, QRectF(0, 0, 280, 280), history, 1.0, QRectF(100, 100, 60, 60))
    painter.end()
    assert image.copy(100, 100, 60, 60) == whole.copy(100, 100, 60, 60)
    assert lightness(whole, (0.5, 0.5)) == [255]


def test_an_erased_picture_is_kept_until_it_is_another(paper: InkedPaper, history: DrawingHistory) -> None:
    assert paper.picture(history) is None
    white = grey_image(np.full((28, 28), 255, dtype=np.uint8))
    history.replace(Drawing(picture=white))
    assert paper.picture(history) == white
    history.begin_stroke(0.25, 0.25, erases=True)
    in_progress = paper.picture(history)
    assert in_progress is not None
    assert grey_values(in_progress)[[7, 21], [7, 21]].tolist() == [0, 1]
    [erasing] = history.strokes()
    paper.add_stroke(erasing, 280)
    history.end_stroke()
    assert paper.picture(history) == in_progress
    history.begin_stroke(0.75, 0.75, erases=True)
    again = paper.picture(history)
    assert again is not None
    assert grey_values(again)[[7, 21], [7, 21]].tolist() == [0, 0]
    history.undo()
    history.undo()
    paper.forget()
    assert paper.picture(history) == white
