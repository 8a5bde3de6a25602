from __future__ import annotations

import base64
import plistlib
import sys
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QByteArray, QSettings

from rbm_studio.app.old_preferences import in_ini, in_plist
from rbm_studio.app.preferences import APPEARANCE, CURVE, FOLDER, GEOMETRY, RECENT, preferences, preferences_path
from rbm_studio.app.theme import Appearance

from .preference_files import read_preferences, respelt, trapped, write_old
from .test_preferences import make

if TYPE_CHECKING:
    from pathlib import Path

ODD = [
    "",
    " ",
    "a b",
    " blank ",
    "@home",
    "@@",
    "@Variant(",
    "a,b;c=d",
    'q"u"',
    "back\\slash",
    "ü",
    "a\x01b",
    "\n",
    "😀",
    "%1",
]
LINUX = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="other systems keep settings elsewhere")


def written(folder: Path, values: dict[str, Any]) -> bytes:
    """Return what QSettings makes of values."""
    path = folder / "written.ini"
    settings = QSettings(str(path), QSettings.Format.IniFormat)
    for name, value in values.items():
        settings.setValue(name, value)
    settings.sync()
    return path.read_bytes()


@pytest.mark.parametrize("odd", ODD)
def test_texts_are_read_as_they_were_written(tmp_path: Path, odd: str) -> None:
    names = {"appearance": odd, "files/folder": odd + "x", "files/recent": [odd, "/a, b", odd + "e"]}
    assert dict(in_ini(written(tmp_path, names))) == names


@pytest.mark.parametrize("count", [0, 1, 700])
def test_bytes_are_read_as_they_were_written(tmp_path: Path, count: int) -> None:
    data = bytes(range(256)) * count
    found = dict(in_ini(written(tmp_path, {"window/state": QByteArray(data)})))
    assert base64.b64decode(found["window/state"]) == data


@pytest.mark.parametrize("value", [None, [], 2.5, {"a": 1}, [QByteArray(b"a"), "b"], 3 + 4j])
def test_what_the_program_never_wrote_is_left_out(tmp_path: Path, value: Any) -> None:
    found = dict(in_ini(written(tmp_path, {"appearance": "dark", "files/folder": value})))
    assert found.pop("files/folder", "2.5") == "2.5"
    assert found == {"appearance": "dark"}


@LINUX
def test_the_settings_of_an_earlier_version_go_on(tmp_path: Path) -> None:
    values = {
        "appearance": "dark",
        "window/geometry": QByteArray(b"\x01@Va\xff"),
        "files/recent": ["/tmp/@x", "/tmp/ぁ"],
    }
    old = write_old(written(tmp_path, values))
    before = old.read_bytes()
    assert preferences.value(APPEARANCE) is Appearance.DARK
    assert preferences.value(GEOMETRY) == b"\x01@Va\xff"
    assert preferences.value(RECENT) == ["/tmp/@x", "/tmp/ぁ"]
    preferences.keep(CURVE, "kl")
    # From now on the file of before is not looked at any more, and another version still has it.
    old.write_bytes(before.replace(b"dark", b"light"))
    assert preferences.value(APPEARANCE) is Appearance.DARK
    assert set(read_preferences()) == {"appearance", "window/geometry", "files/recent", "curve/shown"}


@LINUX
def test_objects_are_not_looked_at_however_they_are_spelt(tmp_path: Path) -> None:
    mark = tmp_path / "sprung"
    for key in ("trap", "window/geometry", "files/recent"):
        for how, content in respelt(trapped(tmp_path, mark, key)).items():
            write_old(b"[files]\nfolder=/before\n" + content + b"\n[curve]\nshown=kl\n")
            assert preferences.value(FOLDER) == "/before", how
            assert preferences.value(CURVE) in ("kl", ""), how
            assert preferences.value(GEOMETRY) == b"", how
            assert not any("Variant" in path for path in preferences.value(RECENT)), how
            preferences.keep(CURVE, "kl")
            assert not mark.exists(), how
            preferences_path().unlink()


@LINUX
@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "circle", "socket", "large"])
def test_what_is_no_file_of_settings_is_none_of_before(kind: str) -> None:
    old = write_old(b"")
    old.unlink()
    make(old, kind)
    assert preferences.value(APPEARANCE) is Appearance.SYSTEM
    preferences.keep(CURVE, "kl")
    assert preferences.value(CURVE) == "kl"


@pytest.mark.parametrize("form", [plistlib.FMT_XML, plistlib.FMT_BINARY])
def test_the_settings_of_a_mac_go_on(form: plistlib.PlistFormat) -> None:
    content = plistlib.dumps(
        {"appearance": "dark", "window.geometry": b"\x01\xff", "files.recent": ["/a", "/b"], "files.folder": 7, "x": 1},
        fmt=form,
    )
    assert dict(in_plist(content)) == {
        "appearance": "dark",
        "window/geometry": base64.b64encode(b"\x01\xff").decode(),
        "files/recent": ["/a", "/b"],
    }
    assert dict(in_plist(plistlib.dumps(["appearance"], fmt=form))) == {}
