"""The user's settings, which Qt would run as code where they are made for that."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QSettings

from rbm_studio.untrusted import NotAnOrdinaryFileError, open_ordinary

MOST_BYTES = 4_000_000
"""No settings of ours are larger."""

# What Qt does not write as text it writes as a variant, and an object of Python's as a pickle in one, which is executed
# as soon as any key beside it is asked for. Nothing of ours is either.
_VARIANT = b"@Variant("
_ESCAPED = re.compile(rb"\\(?:x([0-9a-fA-F]+)|([0-7]{1,3}))")
_log = logging.getLogger(__name__)


def set_unsafe_settings_aside() -> list[Path]:
    """Rename the files of settings that might run as code, and return their new names; before any key is asked for.

    Where settings are no files, as in Windows' registry, there is nothing to look at.
    """
    moved = []
    for path in _files():
        if not _is_unsafe(path):
            continue
        aside = path.with_name(path.name + ".broken")
        try:
            path.replace(aside)
        except OSError as error:
            _log.warning("Settings that might be harmful cannot be set aside: %s", error)
            continue
        _log.warning("Settings that might be harmful were set aside as %s", aside)
        moved.append(aside)
    return moved


def _files() -> list[Path]:
    own, shared = QSettings(), QSettings(QSettings.Scope.UserScope, QCoreApplication.organizationName())
    return [Path(settings.fileName()) for settings in (own, shared) if settings.fileName()]


def _is_unsafe(path: Path) -> bool:
    if not os.path.lexists(path):
        return False
    try:
        with open_ordinary(path) as file:
            text = file.read(MOST_BYTES + 1)
    except NotAnOrdinaryFileError:
        return True
    except OSError:
        return False
    return len(text) > MOST_BYTES or _VARIANT in _ESCAPED.sub(_letter, text)


def _letter(escaped: re.Match[bytes]) -> bytes:
    number = int(escaped[1], 16) if escaped[1] else int(escaped[2], 8)
    return bytes([number]) if number < 256 else b"?"
