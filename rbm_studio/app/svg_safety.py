"""SVG pictures of unknown origin: a look at what drawing them would take."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from rbm_studio.errors import RBMStudioError
from rbm_studio.untrusted import Gunzip, open_ordinary

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES = 4_000_000
_MOST_USES = 16
"""Each <use> may hold others, so that their number doubles with every second or third one."""

_USE = re.compile(rb"[<:]use\b")
_IMAGE = re.compile(rb"[<:](image|feImage)\b")


def check_svg(path: Path) -> None:
    """Raise `RBMStudioError` if drawing an SVG picture might take for ever, or read other files.

    Parameters
    ----------
    path : Path
        Plain, or packed with gzip.
    """
    try:
        with open_ordinary(path) as file:
            start = file.read(_MOST_BYTES + 1)
            if start.startswith(b"\x1f\x8b"):
                file.seek(0)
                with Gunzip(file, _MOST_BYTES) as unpacked:
                    start = unpacked.read(_MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _refused(path) from error
    # Another encoding, or names that an entity makes, would hide what is counted.
    hides = b"\0" in start or b"<!ENTITY" in start
    if len(start) > _MOST_BYTES or hides or len(_USE.findall(start)) > _MOST_USES or _IMAGE.search(start):
        raise _refused(path)


def _refused(path: Path) -> RBMStudioError:
    return RBMStudioError(
        "{file} is an SVG picture that is too large or too intricate, or that holds other pictures.",
        "Save it as PNG in the program that made it.",
        file=path,
    )
