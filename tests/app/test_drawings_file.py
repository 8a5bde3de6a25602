from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.app.drawing import Drawing
from rbm_studio.app.drawings import Kept
from rbm_studio.app.drawings_file import MOST_BYTES, MOST_WRITTEN, read_drawings, write_drawings
from rbm_studio.app.images import grey_values
from rbm_studio.app.shared_drawings import DrawingsFile, drawings_path
from rbm_studio.data.handwriting import Stroke
from rbm_studio.errors import RBMStudioError

from .test_drawings import drawing, picture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from rbm_studio.app.session import Session


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "drawings.json"


@pytest.fixture
def start(new_session: Callable[[], Session], path: Path) -> Callable[[], Session]:
    """Start the program anew."""

    def start_session() -> Session:
        session = new_session()
        DrawingsFile(session, path)
        return session

    return start_session


def keep(session: Session, *each: Drawing) -> None:
    for one in each:
        session.drawings.offer(one, pen_width=3.0)
        session.drawings.keep()


def test_drawings_come_back_at_the_next_start(qtbot: QtBot, start: Callable[[], Session], path: Path) -> None:
    first = start()
    keep(first, drawing(), Drawing(picture=picture()))
    qtbot.waitUntil(path.exists)
    first.shut_down()
    second = start()
    strokes, pictured = second.drawings.kept
    for old, new in zip(first.drawings.kept, second.drawings.kept, strict=True):
        assert (new.pen_width, new.normalize) == (old.pen_width, old.normalize)
    np.testing.assert_allclose(strokes.seen((28, 28)), first.drawings.kept[0].seen((28, 28)), atol=1e-4)
    np.testing.assert_allclose(pictured.seen((28, 28)), grey_values(picture()), atol=1e-6)
    second.drawings.clear()
    second.shut_down()
    third = start()
    assert third.drawings.kept == ()
    third.shut_down()


def test_pressure_the_eraser_and_where_a_picture_came_from_come_back(path: Path) -> None:
    rng = np.random.default_rng(0)
    pressed = Stroke(rng.random((50, 2)).astype(np.float32), rng.random(50).astype(np.float32))
    erased = Stroke(rng.random((9, 2)).astype(np.float32), erases=True)
    before = (Kept(Drawing((pressed, erased))), Kept(Drawing(picture=picture(), is_imported=True)))
    write_drawings(path, before)
    after = read_drawings(path)
    strokes = after[0].drawing.strokes
    assert strokes[0].pressure is not None
    assert pressed.pressure is not None
    np.testing.assert_allclose(strokes[0].pressure, pressed.pressure, atol=1e-3)
    assert [stroke.erases for stroke in strokes] == [False, True]
    assert after[1].drawing.is_imported
    for old, new in zip(before, after, strict=True):
        np.testing.assert_allclose(new.seen((28, 28)), old.seen((28, 28)), atol=5e-3)


def test_what_is_kept_just_before_the_end_is_written(start: Callable[[], Session], path: Path) -> None:
    first = start()
    for x in (0.2, 0.4, 0.6):
        keep(first, drawing(x))
    first.shut_down()
    assert len(read_drawings(path)) == 3
    assert os.listdir(path.parent) == [path.name]


def test_the_path_is_in_the_users_own_folder(tmp_path: Path) -> None:
    assert drawings_path().name == "drawings.json"
    if os.name == "posix" and "XDG_DATA_HOME" in os.environ and os.uname().sysname == "Linux":
        assert drawings_path().is_relative_to(tmp_path)


def test_a_very_long_scribble_is_written_so_that_it_can_be_read(path: Path) -> None:
    rng = np.random.default_rng(0)
    long = Drawing(tuple(Stroke(rng.random((9000, 2)).astype(np.float32)) for _ in range(3)))
    dots = Drawing(tuple(Stroke(rng.random((1, 2)).astype(np.float32)) for _ in range(3000)))
    write_drawings(path, (Kept(long), Kept(dots)))
    first, second = read_drawings(path)
    assert [len(stroke.points) for stroke in first.drawing.strokes] == pytest.approx([2000] * 3, abs=300)
    np.testing.assert_allclose(first.drawing.strokes[2].points[-1], long.strokes[2].points[-1], atol=1e-6)
    assert len(second.drawing.strokes) == 2000


def test_what_was_written_is_written_the_same_again(path: Path) -> None:
    # Else each window would take the other's for another drawing.
    rng = np.random.default_rng(0)
    written = [
        tuple(
            Stroke(rng.random((length, 2)).astype(np.float32), rng.random(length).astype(np.float32)) for _ in range(n)
        )
        for length, n in ((12_000, 1), (6_500, 1), (9_000, 3), (3, 2500))
    ]
    write_drawings(path, tuple(Kept(Drawing(strokes)) for strokes in written))
    once = path.read_bytes()
    write_drawings(path, tuple(read_drawings(path)))
    assert path.read_bytes() == once


@pytest.mark.parametrize("many", ["more than are read", "longer than is read"])
def test_what_could_not_be_read_again_is_not_written(path: Path, many: str) -> None:
    write_drawings(path, (Kept(drawing()),))
    before = path.read_bytes()
    long = Drawing((Stroke(np.random.default_rng(0).random((8000, 2)).astype(np.float32)),))
    count, each = (MOST_WRITTEN + 1, drawing()) if many == "more than are read" else (150, long)
    with pytest.raises(RBMStudioError, match="Remove some"):
        write_drawings(path, (Kept(each),) * count)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_what_cannot_be_read_twice_is_set_aside_twice(
    qtbot: QtBot, new_session: Callable[[], Session], path: Path
) -> None:
    path.parent.mkdir()
    for damaged in (b"first", b"second"):
        path.write_bytes(damaged)
        session = new_session()
        with qtbot.waitSignal(session.failed):
            DrawingsFile(session, path)
    assert [each.read_bytes() for each in sorted(path.parent.iterdir())] == [b"first", b"second"]


def whole(**changes: Any) -> dict[str, Any]:
    one = {"pen_width": 2.7, "normalize": True, "strokes": [{"points": [[0.1, 0.2], [0.3, 0.4]]}], **changes}
    return {"format": "RBM Studio drawings", "version": 1, "drawings": [one]}


def test_a_file_made_by_hand_is_read(path: Path) -> None:
    path.parent.mkdir()
    path.write_text(json.dumps(whole()))
    (kept,) = read_drawings(path)
    np.testing.assert_allclose(kept.drawing.strokes[0].points, [[0.1, 0.2], [0.3, 0.4]], rtol=1e-6)


def points(*each: Any) -> dict[str, Any]:
    return whole(strokes=[{"points": list(each)}])


def pixels(value: Any) -> dict[str, Any]:
    return whole(picture=value)


HOSTILE: dict[str, Any] = {
    "empty": b"",
    "not text": b"\xff\xfe\x00\x01" * 100,
    "cut short": json.dumps(whole()).encode()[:-20],
    "deep": b"[" * 100_000,
    "too large": b" " * (MOST_BYTES + 1),
    "a list": [],
    "a number": 7,
    "another format": {**whole(), "format": "other"},
    "another version": {**whole(), "version": 2},
    "no drawings": {**whole(), "drawings": None},
    "drawings of text": {**whole(), "drawings": ["a"]},
    "too many": {**whole(), "drawings": whole()["drawings"] * (MOST_WRITTEN + 1)},
    "no pen": whole(pen_width=None),
    "a pen of text": whole(pen_width="2"),
    "a pen of truth": whole(pen_width=True),
    "a pen of no width": whole(pen_width=0),
    "a pen too wide": whole(pen_width=1e9),
    "a pen that is no number": whole(pen_width=float("nan")),
    "a number for yes": whole(normalize=1),
    "bare paper": whole(strokes=[]),
    "strokes of text": whole(strokes="abc"),
    "strokes of lists": whole(strokes=[[[0.1, 0.2]]]),
    "too many strokes": whole(strokes=[{"points": [[0.1, 0.2]]}] * 2001),
    "too many points": points(*[[0.1, 0.2]] * 8001),
    "too many points in all": whole(strokes=[{"points": [[0.1, 0.2]] * 5000}] * 2),
    "no points": points(),
    "points of three": points([0.1, 0.2, 0.3]),
    "ragged points": points([0.1, 0.2], [0.1]),
    "points of text": points(["0.1", "0.2"]),
    "points of nothing": points([None, 0.2]),
    "points of truth": points([True, False]),
    "points of lists": points([[0.1], [0.2]]),
    "points that are no numbers": points([float("nan"), 0.2]),
    "points beyond all bounds": points([float("inf"), 0.2]),
    "points far off": points([1e30, 0.2]),
    "points off the paper": points([-0.1, 0.2]),
    "a number of many digits": json.dumps(whole()).replace("0.1", "9" * 5000).encode(),
    "a huge whole number": json.dumps(whole()).replace("0.1", "9" * 400).encode(),
    "pressures too few": whole(strokes=[{"points": [[0.1, 0.2]] * 2, "pressure": [0.5]}]),
    "pressures of text": whole(strokes=[{"points": [[0.1, 0.2]], "pressure": ["0.5"]}]),
    "a pressure that is no number": whole(strokes=[{"points": [[0.1, 0.2]], "pressure": [float("nan")]}]),
    "a pressure too hard": whole(strokes=[{"points": [[0.1, 0.2]], "pressure": [1.5]}]),
    "no pressures": whole(strokes=[{"points": [[0.1, 0.2]], "pressure": None}]),
    "an eraser of text": whole(strokes=[{"points": [[0.1, 0.2]], "erases": "yes"}]),
    "an origin of text": whole(picture=[[0]], imported="yes"),
    "no picture": pixels(None),
    "an empty picture": pixels([]),
    "a picture of no width": pixels([[]]),
    "a picture of numbers": pixels([1, 2]),
    "a ragged picture": pixels([[0, 1], [2]]),
    "a picture too bright": pixels([[256]]),
    "a picture too dark": pixels([[-1]]),
    "a picture of text": pixels([["a"]]),
    "a picture too high": pixels([[0]] * 129),
    "a picture too wide": pixels([[0] * 129]),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_set_aside_and_the_program_starts(
    qtbot: QtBot, new_session: Callable[[], Session], path: Path, kind: str
) -> None:
    content = HOSTILE[kind]
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    path.parent.mkdir()
    path.write_bytes(data)
    session = new_session()
    with qtbot.waitSignal(session.failed) as told:
        DrawingsFile(session, path)
    assert "cannot be read" in str(told.args[0])
    assert session.drawings.kept == ()
    assert (path.parent / "drawings.json.broken").read_bytes() == data
    assert not path.exists()
    keep(session, drawing())
    session.shut_down()
    assert len(read_drawings(path)) == 1


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs permissions that hold")
def test_a_file_that_cannot_be_set_aside_is_left_alone(
    qtbot: QtBot, new_session: Callable[[], Session], path: Path
) -> None:
    path.parent.mkdir()
    path.write_bytes(b"nothing")
    path.parent.chmod(0o500)
    try:
        session = new_session()
        with qtbot.waitSignal(session.failed) as told:
            DrawingsFile(session, path)
        assert "not written" in str(told.args[0])
        keep(session, drawing())
        session.shut_down()
        assert path.read_bytes() == b"nothing"
    finally:
        path.parent.chmod(0o700)


def test_a_folder_in_the_files_place_is_set_aside(qtbot: QtBot, new_session: Callable[[], Session], path: Path) -> None:
    path.mkdir(parents=True)
    session = new_session()
    with qtbot.waitSignal(session.failed):
        DrawingsFile(session, path)
    keep(session, drawing())
    session.shut_down()
    assert len(read_drawings(path)) == 1


def test_a_folder_that_cannot_be_made_is_told_in_words(
    qtbot: QtBot, new_session: Callable[[], Session], tmp_path: Path
) -> None:
    (tmp_path / "data").write_bytes(b"a file")
    session = new_session()
    DrawingsFile(session, tmp_path / "data" / "deeper" / "drawings.json")
    with qtbot.waitSignal(session.failed) as told:
        keep(session, drawing())
    assert isinstance(told.args[0], RBMStudioError)
    assert "no folder" in str(told.args[0])
    assert len(session.drawings.kept) == 1
