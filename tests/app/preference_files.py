"""The user's settings as a file, which other programs, other versions and damage can change."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSettings

from rbm_studio.app.preferences import preferences_path

if TYPE_CHECKING:
    from collections.abc import Callable

OLD = Path("RBM Studio/RBM Studio.conf")
"""Where QSettings had it on Linux, in the folder of settings."""


def write_preferences(values: dict[str, Any]) -> None:
    """Write a file of settings, unchecked."""
    path = preferences_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values))


def read_preferences() -> dict[str, Any]:
    """Return what the file of settings holds."""
    found = json.loads(preferences_path().read_text())
    assert isinstance(found, dict)
    return found


def write_old(content: bytes) -> Path:
    """Write a file of settings as earlier versions did, where they did, and return its path."""
    path = Path(os.environ["XDG_CONFIG_HOME"]) / OLD
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


class Trap:
    """An object that leaves a file behind where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.mark,)


def trapped(folder: Path, mark: Path, key: str = "trap") -> bytes:
    """Return a file of QSettings that leaves another one behind as soon as anything of its group is read."""
    path = folder / "trap.ini"
    settings = QSettings(str(path), QSettings.Format.IniFormat)
    settings.setValue(key, Trap(mark))
    settings.sync()
    content = path.read_bytes()
    path.unlink()
    assert b"@Variant(" in content
    return content


def respelt(content: bytes) -> dict[str, bytes]:
    """Return other spellings of the same file, by what is done to it."""
    at, pickled = b"@Variant(", content.partition(b"=")[2].strip()
    return {
        "plain": content,
        "quotes within": content.replace(at, b'@Var""iant('),
        "quotes around": content.replace(pickled, b'"' + pickled.replace(b'"', b'\\"') + b'"'),
        "quotes around a part": content.replace(at, b'"@Var"iant('),
        "a line that goes on": content.replace(at, b"@Var\\\niant("),
        "a line that goes on as Windows has it": content.replace(at, b"@Var\\\r\niant("),
        "hexadecimal": content.replace(at, b"@\\x56ariant("),
        "hexadecimal first": content.replace(at, b"\\x40Variant("),
        "octal": content.replace(at, b"@\\126ariant("),
        "octal first": content.replace(at, b"\\100Variant("),
        "all of it": content.replace(at, b"".join(b'\\x%x""' % letter for letter in at)),
        "an escape of nothing": content.replace(at, b"@Variant\\("),
        "in a list": content.replace(at, b"a, @Variant("),
        "blanks before": content.replace(b"=" + at, b"   =   \t" + at),
        "a mark of the encoding": b"\xef\xbb\xbf" + content,
        "Windows' lines": content.replace(b"\n", b"\r\n"),
        "Macs' lines": content.replace(b"\n", b"\r"),
        "in a group": content.replace(b"[General]", b"[window]"),
        "in a group spelt otherwise": content.replace(b"[General]", b"[%77indow]"),
        "under a name of ours": content.replace(b"trap=", b"appearance="),
        "under a name of ours spelt otherwise": content.replace(b"trap=", b"%61ppearance="),
        "after what is ours": content.replace(b"trap=", b"appearance=dark\ntrap="),
        "before any group": content.replace(b"[General]\n", b""),
    }
