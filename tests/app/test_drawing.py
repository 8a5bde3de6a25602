from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QImage

from rbm_studio.app.drawing import Drawing, DrawingHistory
from rbm_studio.data.handwriting import Stroke

Place = tuple[float, float]
PICTURE = Drawing(picture=QImage(28, 28, QImage.Format.Format_Grayscale8))


@pytest.fixture
def history() -> DrawingHistory:
    return DrawingHistory()


def draw(history: DrawingHistory, *places: Place) -> None:
    history.begin_stroke(*places[0])
    for place in places[1:]:
        history.extend_stroke(*place)
    history.end_stroke()


def points(history: DrawingHistory) -> list[list[list[float]]]:
    return [stroke.points.tolist() for stroke in history.strokes()]


def test_a_stroke_in_progress_is_seen_but_not_yet_part_of_the_drawing(history: DrawingHistory) -> None:
    assert history.is_empty()
    history.begin_stroke(0.25, 0.5)
    assert history.extend_stroke(0.5, 0.75)
    assert points(history) == [[[0.25, 0.5], [0.5, 0.75]]]
    assert history.current.is_empty()
    assert not history.is_empty()
    history.end_stroke()
    assert points(history) == [[[0.25, 0.5], [0.5, 0.75]]]
    assert history.points == []
    assert len(history.current.strokes) == 1


def test_the_points_are_of_32_bits(history: DrawingHistory) -> None:
    history.begin_stroke(0.25, 0.5)
    assert history.strokes()[0].points.dtype == np.float32


def test_steps_that_cannot_be_seen_add_no_points(history: DrawingHistory) -> None:
    history.begin_stroke(0.5, 0.5)
    assert not history.extend_stroke(0.5, 0.5)
    assert not history.extend_stroke(0.5005, 0.5005)
    assert history.extend_stroke(0.5, 0.502)
    assert len(history.points) == 2


def test_undo_and_redo_go_stroke_by_stroke(history: DrawingHistory) -> None:
    draw(history, (0.0, 0.0), (0.5, 0.0))
    draw(history, (0.0, 1.0), (0.5, 1.0))
    both = points(history)
    assert history.undo()
    assert points(history) == both[:1]
    assert history.undo()
    assert (history.can_undo, history.can_redo) == (False, True)
    assert not history.undo()
    assert history.redo()
    assert history.redo()
    assert points(history) == both
    assert (history.can_undo, history.can_redo) == (True, False)
    assert not history.redo()


def test_a_new_stroke_ends_what_could_be_redone(history: DrawingHistory) -> None:
    draw(history, (0.0, 0.0), (0.5, 0.0))
    history.undo()
    history.begin_stroke(0.0, 1.0)
    assert not history.can_redo
    history.end_stroke()
    assert not history.redo()
    assert points(history) == [[[0.0, 1.0]]]


def test_undo_and_redo_end_the_stroke_in_progress(history: DrawingHistory) -> None:
    history.begin_stroke(0.25, 0.25)
    assert history.can_undo
    assert history.undo()
    assert history.is_empty()
    assert history.redo()
    assert points(history) == [[[0.25, 0.25]]]


def test_beginning_a_stroke_ends_the_one_before(history: DrawingHistory) -> None:
    history.begin_stroke(0.25, 0.25)
    history.begin_stroke(0.75, 0.75)
    assert points(history) == [[[0.25, 0.25]], [[0.75, 0.75]]]
    history.undo()
    assert points(history) == [[[0.25, 0.25]]]


def test_replacing_can_be_undone(history: DrawingHistory) -> None:
    draw(history, (0.0, 0.0), (0.5, 0.0))
    before = points(history)
    assert history.replace(Drawing(strokes=(Stroke(np.ones((1, 2), dtype=np.float32)),)))
    assert points(history) == [[[1.0, 1.0]]]
    assert history.replace(Drawing())
    assert history.is_empty()
    history.undo()
    history.undo()
    assert points(history) == before
    assert history.can_redo
    history.replace(PICTURE)
    assert not history.can_redo


def test_replacing_nothing_by_nothing_is_no_step(history: DrawingHistory) -> None:
    assert not history.replace(Drawing())
    assert not history.can_undo


def test_a_stroke_takes_the_place_of_a_picture(history: DrawingHistory) -> None:
    history.replace(PICTURE)
    history.begin_stroke(0.25, 0.25)
    assert history.current.picture is None
    history.end_stroke()
    history.undo()
    assert history.current is PICTURE


def test_a_dropped_stroke_leaves_no_trace(history: DrawingHistory) -> None:
    history.replace(PICTURE)
    draw(history, (0.0, 0.0))
    history.undo()
    history.begin_stroke(0.25, 0.25)
    history.drop_stroke()
    assert history.current is PICTURE
    assert history.strokes() == []
    assert history.can_redo


def test_without_a_stroke_in_progress_there_is_none_to_end_drop_or_extend(history: DrawingHistory) -> None:
    draw(history, (0.0, 0.0))
    before = history.current
    history.end_stroke()
    history.drop_stroke()
    assert history.current is before
    with pytest.raises(IndexError):
        history.extend_stroke(0.5, 0.5)


def test_pressure_is_kept_for_each_point_and_told_or_not(history: DrawingHistory) -> None:
    history.begin_stroke(0.0, 0.0, 0.25)
    history.extend_stroke(0.5, 0.0, 0.75)
    history.extend_stroke(1.0, 0.0)
    in_progress = history.in_progress
    assert in_progress is not None
    assert in_progress.pressure is not None
    assert in_progress.pressure.tolist() == [0.25, 0.75, 0.75]
    history.begin_stroke(0.0, 0.5)
    history.extend_stroke(0.5, 0.5, 0.75)
    assert history.strokes()[-1].pressure is None


def test_on_the_spot_only_more_pressure_counts(history: DrawingHistory) -> None:
    history.begin_stroke(0.5, 0.5, 0.25)
    assert history.extend_stroke(0.5, 0.5, 0.5)
    assert not history.extend_stroke(0.5, 0.5, 0.25)
    assert not history.extend_stroke(0.5, 0.5)
    [stroke] = history.strokes()
    assert stroke.pressure is not None
    assert stroke.pressure.tolist() == [0.5]


def test_the_eraser_leaves_the_picture_under_its_strokes(history: DrawingHistory) -> None:
    history.replace(PICTURE)
    history.begin_stroke(0.25, 0.25, erases=True)
    assert history.current.picture is PICTURE.picture
    history.end_stroke()
    assert history.current.picture is PICTURE.picture
    assert [stroke.erases for stroke in history.strokes()] == [True]
    history.undo()
    assert history.current is PICTURE


def test_the_oldest_steps_are_forgotten_in_the_end(history: DrawingHistory) -> None:
    for _ in range(150):
        draw(history, (0.0, 0.0), (0.5, 0.0))
    steps = 0
    while history.undo():
        steps += 1
    assert steps == 100
    assert len(history.strokes()) == 50
