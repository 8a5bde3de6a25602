from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QByteArray, QSettings

from rbm_studio.app.settings_safety import set_unsafe_settings_aside

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    pytest.mark.usefixtures("application"),
    pytest.mark.skipif(os.name != "posix", reason="other systems keep settings elsewhere"),
]


class Trap:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.path,)


@pytest.fixture
def file() -> Path:
    """Return the file of the settings, which holds two of the program's."""
    settings = QSettings()
    settings.setValue("appearance", "dark")
    settings.setValue("window/geometry", QByteArray(b"\x01\x02@Va\x00\xff"))
    settings.setValue("files/recent", ["/tmp/@x", "/tmp/ぁ"])
    settings.sync()
    return Path(settings.fileName())


def replaced(file: Path, text: bytes) -> None:
    """Write settings as another program would."""
    file.write_bytes(text)
    QSettings().sync()


def trapped(file: Path, trap: Path) -> bytes:
    """Return settings that leave a file behind as soon as they are read."""
    settings = QSettings()
    settings.setValue("trap", Trap(trap))
    settings.sync()
    del settings
    text = file.read_bytes()
    assert b"pickle" not in text
    assert b"@Variant(" in text
    return text


def test_the_program_s_own_settings_stay(file: Path) -> None:
    assert set_unsafe_settings_aside() == []
    assert QSettings().value("appearance") == "dark"
    assert file.exists()


@pytest.mark.parametrize("hidden", [(b"@", b"@"), (b"@V", b"\\x40V"), (b"r", b"\\x72"), (b"@V", b"\\100V")])
def test_settings_that_hold_a_pickle_are_set_aside_unread(
    file: Path, tmp_path: Path, hidden: tuple[bytes, bytes]
) -> None:
    trap = tmp_path / "sprung"
    text = trapped(file, trap).replace(b"@Variant(", b"@Variant(".replace(*hidden))
    QSettings().clear()
    QSettings().sync()
    replaced(file, text)
    [aside] = set_unsafe_settings_aside()
    assert QSettings().value("trap") is None
    assert QSettings().value("appearance") is None
    assert aside.read_bytes() == text
    assert not trap.exists()


def test_the_trap_is_a_real_one(file: Path, tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    text = trapped(file, trap)
    QSettings().clear()
    QSettings().sync()
    replaced(file, text)
    QSettings().value("appearance")
    assert trap.exists()


@pytest.mark.parametrize("kind", ["large", "folder"])
def test_what_is_no_file_of_settings(file: Path, kind: str) -> None:
    file.unlink()
    if kind == "large":
        with file.open("wb") as made:
            made.truncate(10**9)
    else:
        file.mkdir()
    set_unsafe_settings_aside()
    if kind == "folder":
        file.rmdir()
    assert not file.exists()
