from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from rbm_studio.app.preferences import MOST_RECENT
from rbm_studio.app.recent import RecentFiles

from .preference_files import write_preferences

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("application")


def files(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"{number}.safetensors" for number in range(count)]
    for path in paths:
        path.touch()
    return paths


def test_nothing_is_there_at_first() -> None:
    assert RecentFiles().paths() == []


def test_the_newest_comes_first_and_once(tmp_path: Path) -> None:
    first, second, third = files(tmp_path, 3)
    recent = RecentFiles()
    for path in (first, second, third, first):
        recent.add(path)
    assert recent.paths() == [first, third, second]
    assert RecentFiles().paths() == [first, third, second]


def test_one_file_is_enough(tmp_path: Path) -> None:
    (only,) = files(tmp_path, 1)
    RecentFiles().add(only)
    # Some systems' settings give a list of one back as a string.
    for saved in ([str(only)], str(only)):
        write_preferences({"files/recent": saved})
        assert RecentFiles().paths() == [only]


def test_the_oldest_are_forgotten(tmp_path: Path) -> None:
    paths = files(tmp_path, MOST_RECENT + 2)
    recent = RecentFiles()
    for path in paths:
        recent.add(path)
    assert recent.paths() == paths[:1:-1]


def test_what_was_deleted_is_not_offered(tmp_path: Path) -> None:
    first, second = files(tmp_path, 2)
    recent = RecentFiles()
    recent.add(first)
    recent.add(second)
    second.unlink()
    assert recent.paths() == [first]


def test_settings_that_make_no_sense_are_no_files() -> None:
    write_preferences({"files/recent": 7})
    assert RecentFiles().paths() == []


def test_names_that_no_file_can_have_are_left_out(tmp_path: Path) -> None:
    (only,) = files(tmp_path, 1)
    names = ["a\0b", "n" * 9000, "", 7, None, [str(only)], str(only), str(only), "m" * 3000]
    write_preferences({"files/recent": names})
    assert RecentFiles().paths() == [only]


def test_a_drive_that_does_not_answer_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = files(tmp_path, 2)
    recent = RecentFiles()
    recent.add(first)
    recent.add(second)
    answers = threading.Event()
    ask = os.stat

    def stat(path: Any, *arguments: Any, **options: Any) -> os.stat_result:
        if path == str(first):
            answers.wait()
        return ask(path, *arguments, **options)

    # As of a file on a network drive that was pulled away.
    monkeypatch.setattr(os, "stat", stat)
    first.unlink()
    for _ in range(3):
        assert recent.paths() == [second, first]
    waiting = [thread for thread in threading.enumerate() if thread.name == "recent file"]
    assert len(waiting) == 1
    answers.set()
    waiting[0].join()
    assert recent.paths() == [second]
