from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rbm_studio.app.preferences import (
    APPEARANCE,
    BESIDE,
    CURVE,
    FOLDER,
    GEOMETRY,
    MOST_BYTES,
    MOST_RECENT,
    RECENT,
    STATE,
    Preference,
    Preferences,
    preferences,
    preferences_path,
)
from rbm_studio.app.theme import Appearance

from .preference_files import read_preferences, write_preferences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rbm_studio.errors import RBMStudioError

ROOT = Path(__file__).parents[2]
ALL: tuple[Preference[Any], ...] = (APPEARANCE, GEOMETRY, STATE, FOLDER, RECENT, CURVE, BESIDE)
DEFAULTS = {each.name: each.default for each in ALL}
KEPT: dict[str, Any] = {
    "appearance": Appearance.DARK,
    "window/geometry": bytes(range(256)),
    "window/state": b"\xff\x00",
    "files/folder": "/tmp/ü \udcff",
    "files/recent": ["/a", "/b\udcff"],
    "curve/shown": "kl",
    "curve/beside": "",
}
POSIX = pytest.mark.skipif(os.name != "posix", reason="pipes and devices are no files elsewhere")


def values() -> dict[str, Any]:
    return {each.name: preferences.value(each) for each in ALL}


@pytest.fixture
def path() -> Path:
    path = preferences_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture
def told() -> Iterator[list[RBMStudioError]]:
    """What the person is told meanwhile."""
    errors: list[RBMStudioError] = []
    preferences.check()
    preferences.failed.connect(errors.append)
    yield errors
    preferences.failed.disconnect(errors.append)


def test_everything_has_a_value_before_anything_is_kept() -> None:
    assert values() == DEFAULTS
    assert not preferences_path().parent.exists()


def test_what_is_kept_is_there_at_the_next_start() -> None:
    for each in ALL:
        preferences.keep(each, KEPT[each.name])
    assert values() == KEPT
    fresh = Preferences()
    assert {each.name: fresh.value(each) for each in ALL} == KEPT
    assert [path.name for path in preferences_path().parent.iterdir()] == ["settings.json"]


@pytest.mark.parametrize("value", [None, 7, -1.5, True, "pink", "\0", "x" * 90_000, "\ud800x" * 99, [], [7], {"a": 1}])
def test_a_value_that_cannot_be_is_the_default_and_the_others_stay(value: Any) -> None:
    for each in ALL:
        preferences.keep(each, KEPT[each.name])
    good = read_preferences()
    for each in ALL:
        write_preferences({**good, each.name: value})
        found = values()
        assert type(found[each.name]) is type(each.default)
        assert found == {**KEPT, each.name: found[each.name]}


def test_what_a_later_version_wrote_stays(path: Path) -> None:
    write_preferences({"appearance": "dark", "of a later version": [1, {"a": None}]})
    preferences.keep(CURVE, "kl")
    assert read_preferences() == {"appearance": "dark", "of a later version": [1, {"a": None}], "curve/shown": "kl"}
    assert path.exists()


WRITER = """
import sys
from rbm_studio.app import preferences as known
from rbm_studio.app.preferences import RECENT, preferences
name, field = sys.argv[1], getattr(known, sys.argv[2])
for number in range(40):
    preferences.keep(field, f"{name} {number}")
    preferences.change(RECENT, lambda paths: [f"/{name}", *(path for path in paths if path != f"/{name}")])
"""


def test_two_programs_that_write_at_once_lose_nothing_of_each_other() -> None:
    preferences.keep(APPEARANCE, Appearance.DARK)
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, name, field], cwd=ROOT)
        for name, field in (("one", "CURVE"), ("two", "BESIDE"))
    ]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert preferences.value(CURVE) == "one 39"
    assert preferences.value(BESIDE) == "two 39"
    assert preferences.value(APPEARANCE) is Appearance.DARK
    paths = preferences.value(RECENT)
    assert sorted(paths) == ["/one", "/two"]


def test_of_files_the_newest_are_kept() -> None:
    preferences.keep(RECENT, [f"/{number}" for number in range(20)])
    assert preferences.value(RECENT) == [f"/{number}" for number in range(MOST_RECENT)]


BROKEN = (b"", b"{", b"[]", b"7", b'{"appearance": NaN}', b'{"later": 1e400}', b"\xff\xfe", b"[" * 100_000,
          b'{"a":' * 100_000, b"0" * MOST_BYTES * 2, b"[" + b"[]," * 300_000 + b"0]")  # fmt: skip


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_file_is_set_aside_once_there_is_something_to_keep(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert values() == DEFAULTS
    assert path.read_bytes() == content
    preferences.keep(CURVE, "kl")
    assert values() == {**DEFAULTS, "curve/shown": "kl"}
    assert path.with_name("settings.json.broken").read_bytes() == content


def make(path: Path, kind: str) -> None:
    """Put something that is no file of settings in its place."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "circle":
        path.symlink_to(path)
    elif kind == "socket":
        os.chdir(path.parent)  # its name may be no longer than 108 bytes
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    elif kind == "nobody's":
        path.touch(mode=0)
    else:
        with path.open("wb") as file:
            file.truncate(10**10)


def reads_anything() -> bool:
    return os.name == "posix" and os.geteuid() == 0


@POSIX
@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "circle", "socket", "nobody's"])
def test_what_is_no_file_of_settings_stays_and_that_nothing_is_kept_is_told_once(
    path: Path, kind: str, told: list[RBMStudioError]
) -> None:
    if kind == "nobody's" and reads_anything():
        pytest.skip("the administrator reads every file")
    make(path, kind)
    before = path.lstat()
    assert values() == DEFAULTS
    assert told == []
    preferences.check()
    preferences.keep(CURVE, "kl")
    preferences.keep(BESIDE, "kl")
    assert values() == DEFAULTS
    [error] = told
    assert str(path) in str(error)
    assert path.lstat()[:4] == before[:4]


@POSIX
def test_a_file_without_end_is_set_aside(path: Path, told: list[RBMStudioError]) -> None:
    make(path, "large")
    assert values() == DEFAULTS
    preferences.keep(CURVE, "kl")
    assert preferences.value(CURVE) == "kl"
    assert told == []


def test_a_folder_that_cannot_be_made_is_told_at_the_start(told: list[RBMStudioError]) -> None:
    preferences_path().parent.rmdir()
    preferences_path().parent.touch()
    preferences.check()
    assert values() == DEFAULTS
    assert len(told) == 1
    preferences_path().parent.unlink()
    preferences.keep(CURVE, "kl")
    assert preferences.value(CURVE) == "kl"


@POSIX
@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "circle", "socket", "large"])
def test_a_lock_that_is_none_holds_nothing_up(path: Path, kind: str, told: list[RBMStudioError]) -> None:
    make(path.with_name("settings.json.lock"), kind)
    preferences.keep(CURVE, "kl")
    assert preferences.value(CURVE) == "kl"
    assert told == []


@POSIX
def test_a_link_to_the_file_stays_one(path: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "settings.json"
    path.symlink_to(real)
    preferences.keep(CURVE, "kl")
    preferences.keep(BESIDE, "kl")
    assert path.is_symlink()
    assert "curve/shown" in real.read_text()
    assert preferences.value(CURVE) == "kl"
