from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.app.drawing import Drawing
from rbm_studio.app.drawings import LARGEST_SIDE, MOST_KEPT, Drawings, Kept
from rbm_studio.app.images import grey_image, grey_values
from rbm_studio.data.handwriting import Stroke, render

if TYPE_CHECKING:
    from PySide6.QtGui import QImage
    from pytestqt.qtbot import QtBot


def stroke(*points: tuple[float, float]) -> Stroke:
    return Stroke(np.array(points, dtype=np.float32))


def drawing(x: float = 0.5) -> Drawing:
    return Drawing((stroke((x, 0.2), (x, 0.8)), stroke((0.2, 0.5), (0.8, 0.5))))


def picture(side: int = 28, seed: int = 0) -> QImage:
    return grey_image(np.random.default_rng(seed).random((side, side)).astype(np.float32))


@pytest.fixture
def drawings(qapp: object) -> Drawings:
    assert qapp is not None
    return Drawings()


def keep(drawings: Drawings, *each: Drawing) -> tuple[Kept, ...]:
    for one in each:
        drawings.offer(one)
        drawings.keep()
    return drawings.kept


def test_what_lies_on_the_canvas_is_kept_as_it_is_seen(drawings: Drawings, qtbot: QtBot) -> None:
    visible = np.random.default_rng(0).random((8, 8)).astype(np.float32)
    drawings.show(visible)
    one = drawing()
    drawings.offer(one, pen_width=3.5, normalize=False)
    with qtbot.waitSignal(drawings.kept_changed):
        drawings.keep()
    (kept,) = drawings.kept
    assert (kept.drawing, kept.pen_width, kept.normalize) == (one, 3.5, False)
    np.testing.assert_array_equal(kept.seen((8, 8)), visible)
    whole = render(one.strokes, pen_width=3.5, normalize=False, canvas_size=1.0)
    np.testing.assert_array_equal(kept.seen((28, 28)), whole)
    np.testing.assert_allclose(kept.seen((14, 14)), whole.reshape(14, 2, 14, 2).mean(axis=(1, 3)), atol=1e-6)


def test_bare_paper_is_not_kept(drawings: Drawings, qtbot: QtBot) -> None:
    assert not drawings.can_keep
    with qtbot.waitSignal(drawings.noticed):
        drawings.keep()
    assert drawings.kept == ()
    with qtbot.waitSignal(drawings.offered):
        drawings.offer(drawing())
    assert drawings.can_keep


def test_a_drawing_is_not_kept_twice_but_with_another_pen(drawings: Drawings) -> None:
    one = drawing()
    drawings.offer(one)
    drawings.keep()
    drawings.keep()
    assert len(drawings.kept) == 1
    drawings.offer(one, pen_width=4.0)
    drawings.keep()
    assert len(drawings.kept) == 2
    for _ in range(2):
        drawings.offer(Drawing(picture=picture()))
        drawings.keep()
    assert len(drawings.kept) == 3


def test_a_picture_is_seen_at_any_size_and_kept_small(drawings: Drawings) -> None:
    keep(drawings, Drawing(picture=picture()), Drawing(picture=picture(500)))
    small, large = drawings.kept
    np.testing.assert_allclose(small.seen((28, 28)), grey_values(picture()))
    kept = large.drawing.picture
    assert kept is not None
    assert (kept.width(), kept.height()) == (LARGEST_SIDE, LARGEST_SIDE)


def test_removals_are_taken_back_one_after_the_other_in_their_places(drawings: Drawings) -> None:
    a, b, c = keep(drawings, drawing(0.3), drawing(0.5), drawing(0.7))
    assert not drawings.can_bring_back
    drawings.remove([b])
    drawings.remove([a])
    d = keep(drawings, drawing(0.9))[-1]
    assert list(drawings.kept) == [c, d]
    assert drawings.bring_back() == (a,)
    assert list(drawings.kept) == [a, c, d]
    assert drawings.bring_back() == (b,)
    assert list(drawings.kept) == [a, b, c, d]
    assert not drawings.can_bring_back
    assert drawings.bring_back() == ()
    drawings.clear()
    assert not drawings.kept
    assert drawings.bring_back() == (a, b, c, d)


def test_there_is_room_for_so_many(drawings: Drawings, qtbot: QtBot) -> None:
    many = [Kept(drawing(n / MOST_KEPT)) for n in range(MOST_KEPT)]
    assert drawings.add(many)
    with qtbot.waitSignal(drawings.failed) as told:
        drawings.offer(drawing(0.51))
        drawings.keep()
    assert "room" in str(told.args[0])
    assert len(drawings.kept) == MOST_KEPT
    drawings.remove(many[:1])
    keep(drawings, drawing(0.51))
    assert not drawings.can_bring_back
