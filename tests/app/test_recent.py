from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QSettings

from rbm_studio.app.recent import KEPT, RecentFiles

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
        QSettings().setValue("files/recent", saved)
        assert RecentFiles().paths() == [only]


def test_the_oldest_are_forgotten(tmp_path: Path) -> None:
    paths = files(tmp_path, KEPT + 2)
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
    QSettings().setValue("files/recent", 7)
    assert RecentFiles().paths() == []
