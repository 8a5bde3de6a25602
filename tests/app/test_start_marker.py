from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rbm_studio.app.start_marker import StartMarker

ROOT = Path(__file__).parents[2]


def crash(folder: Path) -> int:
    """Start a program that is killed as it starts, and return how many crashes it knew of."""
    code = (
        "import os, signal; from pathlib import Path; from rbm_studio.app.start_marker import StartMarker;"
        f"marker = StartMarker(Path({str(folder)!r})); print(marker.crashes, flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, check=False)
    return int(run.stdout)


def test_after_two_starts_that_did_not_live_the_next_one_is_plain(tmp_path: Path) -> None:
    folder = tmp_path / "starts"
    assert crash(folder) == 0
    assert crash(folder) == 1
    third = StartMarker(folder)
    assert (third.crashes, third.is_plain) == (2, True)
    third.settle()
    assert not StartMarker(folder).is_plain


def test_a_start_that_lived_is_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "starts"
    crash(folder)
    StartMarker(folder).settle()
    crash(folder)
    marker = StartMarker(folder)
    assert (marker.crashes, marker.is_plain) == (1, False)
    marker.settle()
    assert list(folder.iterdir()) == []


def test_programs_that_start_at_the_same_time_are_no_crashes(tmp_path: Path) -> None:
    markers = [StartMarker(tmp_path) for _ in range(4)]
    assert [marker.crashes for marker in markers] == [0, 0, 0, 0]
    for marker in markers:
        marker.settle()


@pytest.mark.parametrize("content", [b"", b"many", b"-7", b"9" * 30])
def test_a_count_that_makes_no_sense_does_no_harm(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "crashes").write_bytes(content)
    assert 0 <= StartMarker(tmp_path).crashes <= 2


def test_a_folder_that_cannot_be_made_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    marker = StartMarker(tmp_path / "file" / "starts")
    assert not marker.is_plain
    marker.settle()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_things_that_are_no_marks_are_passed_over(tmp_path: Path) -> None:
    assert crash(tmp_path) == 0
    os.mkfifo(tmp_path / "a.starting")
    os.mkfifo(tmp_path / "crashes")
    (tmp_path / "b.starting").mkdir()
    (tmp_path / "c.starting").symlink_to("c.starting")
    (tmp_path / "d.starting").symlink_to("/dev/zero")
    (tmp_path / "e.starting").write_bytes(bytes(100_000))
    assert StartMarker(tmp_path).crashes == 1
