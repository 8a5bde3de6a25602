from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rbm_studio.app.drawing import Drawing
from rbm_studio.app.drawings import MOST_KEPT, Kept
from rbm_studio.app.drawings_file import read_drawings
from rbm_studio.app.session import Session
from rbm_studio.app.shared_drawings import DrawingsFile

from .driving import process_deletions
from .test_drawings import drawing, picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "drawings.json"


@pytest.fixture
def start(qapp: object, path: Path) -> Iterator[Callable[[], Session]]:
    """Start another window of the program, beside those that run."""
    assert qapp is not None
    sessions: list[Session] = []

    def start_session() -> Session:
        session = Session()
        DrawingsFile(session, path)
        sessions.append(session)
        return session

    yield start_session
    for session in sessions:
        session.shut_down()
        session.deleteLater()
    process_deletions()


def keep(session: Session, *places: float) -> None:
    session.drawings.add([Kept(drawing(place)) for place in places])


def places(drawings: list[Kept] | tuple[Kept, ...]) -> set[float]:
    return {round(float(kept.drawing.strokes[0].points[0, 0]), 2) for kept in drawings}


def place(x: float) -> float:
    (found,) = places([Kept(drawing(x))])
    return found


def written(path: Path) -> set[float]:
    return places(read_drawings(path)) if path.exists() else set()


def wait_until_written(qtbot: QtBot, path: Path, *each: float) -> None:
    qtbot.waitUntil(lambda: written(path) == {place(x) for x in each})


def test_two_windows_lose_none_of_each_others_drawings(qtbot: QtBot, start: Callable[[], Session], path: Path) -> None:
    first, second = start(), start()
    keep(first, 0.1)
    wait_until_written(qtbot, path, 0.1)
    keep(second, 0.2)
    wait_until_written(qtbot, path, 0.1, 0.2)
    keep(first, 0.3)
    wait_until_written(qtbot, path, 0.1, 0.2, 0.3)
    first.shut_down()
    second.shut_down()
    assert len(start().drawings.kept) == 3
    assert os.listdir(path.parent) == [path.name]


def test_what_one_window_removes_stays_removed_whoever_writes_last(
    qtbot: QtBot, start: Callable[[], Session], path: Path
) -> None:
    before = start()
    keep(before, 0.1, 0.2, 0.3)
    before.shut_down()
    first, second = start(), start()
    first.drawings.remove(first.drawings.kept[:1])
    wait_until_written(qtbot, path, 0.2, 0.3)
    keep(second, 0.4)
    wait_until_written(qtbot, path, 0.2, 0.3, 0.4)
    second.drawings.remove(second.drawings.kept[1:2])
    wait_until_written(qtbot, path, 0.3, 0.4)
    first.drawings.bring_back()
    wait_until_written(qtbot, path, 0.1, 0.3, 0.4)
    # What was taken away elsewhere is still at hand in a window that had it.
    assert len(second.drawings.kept) == 3


def test_a_file_that_went_away_is_written_anew(qtbot: QtBot, start: Callable[[], Session], path: Path) -> None:
    session = start()
    keep(session, 0.1)
    wait_until_written(qtbot, path, 0.1)
    path.unlink()
    keep(session, 0.2)
    wait_until_written(qtbot, path, 0.1, 0.2)


def test_no_more_are_written_than_can_be_read(qtbot: QtBot, start: Callable[[], Session], path: Path) -> None:
    first, second = start(), start()
    keep(first, *(x / 100 for x in range(10, 10 + MOST_KEPT)))
    qtbot.waitUntil(lambda: path.exists() and len(read_drawings(path)) == MOST_KEPT)
    keep(second, 0.9)
    qtbot.waitUntil(lambda: place(0.9) in written(path))
    assert len(read_drawings(path)) == MOST_KEPT


def test_pictures_are_told_apart_too(qtbot: QtBot, start: Callable[[], Session], path: Path) -> None:
    first, second = start(), start()
    first.drawings.add([Kept(Drawing(picture=picture()))])
    qtbot.waitUntil(path.exists)
    keep(second, 0.2)
    qtbot.waitUntil(lambda: len(read_drawings(path)) == 2)
    first.drawings.clear()
    qtbot.waitUntil(lambda: len(read_drawings(path)) == 1)
    first.drawings.bring_back()
    qtbot.waitUntil(lambda: len(read_drawings(path)) == 2)
