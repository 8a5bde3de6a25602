"""The settings that earlier versions left, in the forms in which they wrote them, and in no others.

They wrote them with QSettings, which must not read them: see `rbm_studio.app.preferences`.
"""

from __future__ import annotations

import base64
import logging
import plistlib
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.parsers.expat import ExpatError

from platformdirs import user_config_path

from rbm_studio.untrusted import open_ordinary

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMES = (
    "appearance",
    "window/geometry",
    "window/state",
    "files/recent",
    "files/folder",
    "curve/shown",
    "curve/beside",
)
_MOST_BYTES = 1_000_000
_OF_BYTES = "@ByteArray("
_GENERAL = "General"
# A value as Qt writes it: what is plain, and what it escapes; in quotes where it would be taken for several values.
_PLAIN = r'(?:[^\\";,\x00-\x1f]|\\x[0-9a-f]{1,4}|\\[0abfnrtv"\\])*'
_QUOTED = r'"(?:[^\\"\x00-\x1f]|\\x[0-9a-f]{1,4}|\\[0abfnrtv"\\])*"'
_ITEM = re.compile(f"{_QUOTED}|{_PLAIN}")
_ESCAPED = re.compile(r"\\(?:x([0-9a-f]{1,4})|(.))")
_LETTERS = dict(zip('0abfnrtv"\\', '\0\a\b\f\n\r\t\v"\\', strict=True))
_log = logging.getLogger(__name__)


def old_preferences() -> dict[str, Any]:
    """Return what is left of earlier versions, by name, as JSON has it: texts, lists of them, and bytes as base64."""
    try:
        found = dict(_found())
    except (OSError, ValueError, ExpatError, plistlib.InvalidFileException, OverflowError, RecursionError) as error:
        _log.info("The settings of an earlier version cannot be read: %s", error)
        return {}
    if found:
        _log.info("Settings of an earlier version: %s", ", ".join(found))
    return found


def _found() -> Iterator[tuple[str, Any]]:
    if sys.platform == "win32":
        return _in_registry()
    if sys.platform == "darwin":
        preferences = Path.home() / "Library/Preferences/com.rbm-studio.RBM Studio.plist"
        return in_plist(_content(preferences))
    return in_ini(_content(user_config_path() / "RBM Studio/RBM Studio.conf"))


def _content(path: Path) -> bytes:
    try:
        with open_ordinary(path) as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return b""
    if len(content) > _MOST_BYTES:
        raise ValueError("the file is too large")
    return content


def in_ini(content: bytes) -> Iterator[tuple[str, Any]]:
    """Yield what stands in a file of Linux."""
    group = ""
    for line in content.decode(errors="replace").split("\n"):
        if line.startswith("["):
            group = line[1:].rstrip("]")
            continue
        key, _, written = line.partition("=")
        name = key if group == _GENERAL else f"{group}/{key}"
        if name in _NAMES and (value := _value(_texts(written))) is not None:
            yield name, value


def in_plist(content: bytes) -> Iterator[tuple[str, Any]]:
    """Yield what stands in a file of macOS."""
    values = plistlib.loads(content) if content else {}
    for name in _NAMES:
        value = values.get(name.replace("/", ".")) if isinstance(values, dict) else None
        if isinstance(value, bytes):
            yield name, base64.b64encode(value).decode()
        elif isinstance(value, str) or (isinstance(value, list) and all(isinstance(each, str) for each in value)):
            yield name, value


if sys.platform == "win32":
    import winreg

    def _in_registry() -> Iterator[tuple[str, Any]]:
        for name in _NAMES:
            group, _, key = name.rpartition("/")
            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, rf"Software\RBM Studio\RBM Studio\{group}") as folder:
                    value, _kind = winreg.QueryValueEx(folder, key)
            except FileNotFoundError:
                continue
            if isinstance(value, bytes):  # a text with a NUL in it, as UTF-16
                value = value.decode("utf-16-le", errors="replace")
            if (found := _value([value] if isinstance(value, str) else value)) is not None:
                yield name, found


def _texts(written: str) -> list[str]:
    """Return the values that stand in a line; none if any of it is spelt as Qt does not spell it."""
    texts, at = [], 0
    while (item := _ITEM.match(written, at)) is not None:
        text = item[0][1:-1] if item[0].startswith('"') else item[0]
        texts.append(_ESCAPED.sub(_letter, text))
        if item.end() == len(written):
            return texts
        if not written.startswith(", ", item.end()):
            return []
        at = item.end() + 2
    return []


def _letter(escaped: re.Match[str]) -> str:
    return chr(int(escaped[1], 16)) if escaped[1] else _LETTERS[escaped[2]]


def _value(texts: object) -> str | list[str] | None:
    """Return a text, several, or bytes as base64; None for what is anything else."""
    if not isinstance(texts, list) or not texts:
        return None
    if len(texts) == 1 and texts[0].startswith(_OF_BYTES) and texts[0].endswith(")"):
        with suppress(UnicodeEncodeError):
            return base64.b64encode(texts[0][len(_OF_BYTES) : -1].encode("latin-1")).decode()
    plain = [text.removeprefix("@") for text in texts if not text.startswith("@") or text.startswith("@@")]
    if len(plain) < len(texts):
        return None
    return plain if len(plain) > 1 else plain[0]
