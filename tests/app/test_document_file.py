from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rbm_studio.app.session import Session
from tests.storage.conftest import make_read_only

from .conftest import bars_dataset, load
from .driving import process_deletions, wait_until_idle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

ROOT = Path(__file__).parents[2]
LOCK = ".lesson.rbmx.lock"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "lessons"
    folder.mkdir()
    return folder / "lesson.rbmx"


@pytest.fixture
def saved(qtbot: QtBot, session: Session, path: Path) -> Session:
    """A session whose trained model is saved in the file."""
    session.train()
    wait_until_idle(qtbot, session)
    assert session.save_experiment(path)
    return session


@pytest.fixture
def another(qtbot: QtBot, application: object) -> Iterator[Callable[[], Session]]:
    """Open another window of the program, by its session."""
    assert application is not None
    sessions: list[Session] = []

    def make() -> Session:
        session = Session()
        sessions.append(session)
        load(qtbot, session, bars_dataset())
        return session

    yield make
    for session in sessions:
        session.shut_down()
        session.deleteLater()
    process_deletions()


def told(session: Session) -> list[str]:
    errors: list[str] = []
    session.failed.connect(lambda error: errors.append(str(error)))
    return errors


def test_the_second_window_is_told_and_has_a_copy(saved: Session, another: Callable[[], Session], path: Path) -> None:
    before = path.read_bytes()
    second = another()
    errors = told(second)
    assert second.open_experiment(path)
    assert len(errors) == 1
    assert errors[0].startswith("lesson.rbmx is open in another window of RBM Studio already (process ")
    assert f"process {os.getpid()} on " in errors[0]
    assert "since" in errors[0]
    assert second.experiment.path is None
    assert second.experiment.name == "lesson (copy)"
    assert second.experiment.is_modified
    assert second.epochs_trained == saved.epochs_trained
    assert path.read_bytes() == before


def test_a_file_that_another_window_holds_is_not_written_over(
    saved: Session, another: Callable[[], Session], path: Path
) -> None:
    before = path.read_bytes()
    second = another()
    assert second.save_experiment(path.with_name("mine.rbmx"))
    second.experiment.touch()
    errors = told(second)
    assert not second.save_experiment(path)
    assert "lesson.rbmx was not saved: it is open in another window" in errors[0]
    assert path.read_bytes() == before
    assert second.experiment.is_modified
    assert second.experiment.path == path.with_name("mine.rbmx")
    assert saved.save_experiment(path)
    saved.shut_down()
    assert second.save_experiment(path)


def test_a_closed_window_and_another_file_give_the_first_one_free(
    saved: Session, another: Callable[[], Session], path: Path
) -> None:
    other = path.with_name("other.rbmx")
    assert saved.save_experiment(other)
    second, third = another(), another()
    assert second.open_experiment(path)
    assert second.experiment.path == path
    saved.shut_down()
    assert third.open_experiment(other)
    assert third.experiment.path == other
    third.experiment.begin()
    assert sorted(os.listdir(path.parent)) == [LOCK, "lesson.rbmx", "other.rbmx"]


def test_a_link_leads_to_the_same_file(saved: Session, another: Callable[[], Session], path: Path) -> None:
    assert not saved.experiment.is_modified
    link = path.with_name("link.rbmx")
    link.symlink_to(path)
    second = another()
    errors = told(second)
    second.open_experiment(link)
    assert len(errors) == 1
    assert second.experiment.path is None


def test_the_lock_of_a_program_that_was_killed_does_not_count(saved: Session, path: Path) -> None:
    saved.shut_down()
    assert not path.with_name(LOCK).exists()
    code = (
        "import os, signal; from pathlib import Path; from rbm_studio.app.locks import take_lock;"
        f"lock = take_lock(Path({str(path.with_name(LOCK))!r})); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert path.with_name(LOCK).exists()
    errors = told(saved)
    assert saved.open_experiment(path)
    assert saved.experiment.path == path
    assert errors == []


def test_a_lock_that_was_never_written_to_its_end_does_not_count(saved: Session, path: Path) -> None:
    saved.shut_down()
    path.with_name(LOCK).touch()
    os.utime(path.with_name(LOCK), (time.time() - 3600, time.time() - 3600))
    errors = told(saved)
    assert saved.open_experiment(path)
    assert (saved.experiment.path, errors) == (path, [])


@pytest.mark.parametrize("change", ["another size", "another time"])
def test_a_file_that_was_changed_elsewhere_is_written_over_only_the_second_time(
    saved: Session, path: Path, change: str
) -> None:
    if change == "another size":
        path.write_bytes(b"of another computer")
    else:
        os.utime(path, (1, 1))
    theirs = path.read_bytes()
    saved.experiment.touch()
    errors = told(saved)
    assert not saved.save_experiment(path)
    assert "another program has changed the file" in errors[0]
    assert path.read_bytes() == theirs
    assert saved.experiment.is_modified
    assert saved.save_experiment(path)
    assert path.read_bytes() != b"of another computer"
    assert saved.save_experiment(path)
    assert len(errors) == 1


def test_a_file_that_was_deleted_is_written_again(saved: Session, path: Path) -> None:
    path.unlink()
    assert saved.save_experiment(path)
    assert path.exists()


def test_a_save_that_fails_keeps_the_former_file(saved: Session, another: Callable[[], Session], path: Path) -> None:
    assert not saved.save_experiment(path.parent / "missing" / "lesson.rbmx")
    assert saved.experiment.path == path
    second = another()
    second.open_experiment(path)
    assert second.experiment.path is None


def test_two_windows_in_a_folder_where_nothing_can_be_written(
    saved: Session, another: Callable[[], Session], path: Path, tiny_disk: Path
) -> None:
    saved.moments.restore(saved.moments.kept[:1])
    assert saved.save_experiment(tiny_disk / path.name)
    saved.shut_down()
    make_read_only(tiny_disk)
    first, second = another(), another()
    assert first.open_experiment(tiny_disk / path.name)
    assert first.experiment.path == tiny_disk / path.name
    errors = told(second)
    assert second.open_experiment(tiny_disk / path.name)
    assert second.experiment.path is None
    assert len(errors) == 1


def test_half_files_of_a_program_that_was_killed_go_when_the_file_is_opened(saved: Session, path: Path) -> None:
    saved.shut_down()
    old, new, foreign = (
        path.with_name(f".{name}.part") for name in ("lesson.rbmx.0123456789ab", "lesson.rbmx.0123456789ac", "download")
    )
    for part in (old, new, foreign):
        part.write_bytes(b"half")
    for part in (old, foreign):
        os.utime(part, (1, 1))
    assert saved.open_experiment(path)
    assert [part.exists() for part in (old, new, foreign)] == [False, True, True]
