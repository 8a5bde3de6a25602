from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rbm_studio.app.drawing import Drawing
from rbm_studio.app.drawings import MOST_KEPT, Kept
from rbm_studio.app.drawings_file import read_drawings, write_drawings
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


def many(first: int, count: int) -> list[float]:
    return [x / 100 for x in range(first, first + count)]


def failures(session: Session) -> list[str]:
    told: list[str] = []
    session.failed.connect(lambda error: told.append(str(error)))
    return told


@pytest.mark.parametrize("end", ["closed", "killed"])
def test_what_finds_no_room_in_one_window_is_told_and_stays(
    qtbot: QtBot, start: Callable[[], Session], path: Path, end: str
) -> None:
    first, second = start(), start()
    told = [failures(first), failures(second)]
    keep(first, *many(10, 40))
    wait_until_written(qtbot, path, *many(10, 40))
    keep(second, *many(50, 40))
    wait_until_written(qtbot, path, *many(10, 80))
    qtbot.waitUntil(lambda: bool(told[1]))
    keep(first, 0.9)
    wait_until_written(qtbot, path, *many(10, 81))
    if end == "closed":
        first.shut_down()
        second.shut_down()
    third = start()
    assert len(third.drawings.kept) == MOST_KEPT
    qtbot.waitUntil(lambda: bool(told[0]))
    words = f"“Drawings” has room for {MOST_KEPT}, and all windows together keep {{}} more. None is lost"
    assert [len(each) for each in told] == [1, 1]
    assert told[1][0].startswith(words.format(20))
    assert told[0][0].startswith(words.format(21))
    # What waits takes the place of what is removed, and nothing else goes.
    third.drawings.remove(third.drawings.kept[:30])
    third.shut_down()
    told.append([])
    fourth = start()
    assert len(fourth.drawings.kept) == 51
    assert places(fourth.drawings.kept) == written(path)


def test_a_start_with_more_than_there_is_room_for_says_so(qtbot: QtBot, qapp: object, path: Path) -> None:
    assert qapp is not None
    write_drawings(path, tuple(Kept(drawing(x)) for x in many(10, MOST_KEPT + 3)))
    session = Session()
    with qtbot.waitSignal(session.failed) as told:
        DrawingsFile(session, path)
    assert "keep 3 more" in str(told.args[0])
    session.shut_down()
    session.deleteLater()
    process_deletions()


def test_what_one_removes_and_another_keeps_anew_is_kept(
    qtbot: QtBot, start: Callable[[], Session], path: Path
) -> None:
    before = start()
    keep(before, 0.1, 0.2)
    before.shut_down()
    first, second = start(), start()
    notices: list[str] = []
    second.noticed.connect(notices.append)
    first.drawings.remove(first.drawings.kept[:1])
    wait_until_written(qtbot, path, 0.2)
    keep(second, 0.3)
    wait_until_written(qtbot, path, 0.2, 0.3)
    qtbot.waitUntil(lambda: bool(notices))
    assert notices[0].startswith("Removed in another window, and still here until this one closes: 1 ")
    # At once, so that both are one writing.
    second.drawings.remove(second.drawings.kept[:1])
    second.drawings.bring_back()
    wait_until_written(qtbot, path, 0.1, 0.2, 0.3)
    # The other window had removed it before, and does not do so again.
    keep(first, 0.4)
    wait_until_written(qtbot, path, 0.1, 0.2, 0.3, 0.4)
    first.shut_down()
    second.shut_down()
    assert places(start().drawings.kept) == {place(x) for x in (0.1, 0.2, 0.3, 0.4)}


def test_the_same_drawing_in_two_windows_is_one(qtbot: QtBot, start: Callable[[], Session], path: Path) -> None:
    first, second = start(), start()
    keep(first, 0.1, 0.2)
    wait_until_written(qtbot, path, 0.1, 0.2)
    keep(second, 0.2, 0.3)
    wait_until_written(qtbot, path, 0.1, 0.2, 0.3)
    assert len(read_drawings(path)) == 3
    first.shut_down()
    second.shut_down()
    assert len(start().drawings.kept) == 3


def test_what_another_program_has_damaged_is_set_aside_and_told(
    qtbot: QtBot, start: Callable[[], Session], path: Path
) -> None:
    session = start()
    told = failures(session)
    keep(session, 0.1)
    wait_until_written(qtbot, path, 0.1)
    path.write_bytes(b"of another program")
    keep(session, 0.2)
    qtbot.waitUntil(lambda: bool(told))
    assert "It was set aside as" in told[0]
    assert path.with_name("drawings.json.broken").read_bytes() == b"of another program"
    assert written(path) == {place(0.1), place(0.2)}


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
