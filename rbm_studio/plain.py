"""Text that comes from a file, a name or an error, as it may stand among our own words."""

from __future__ import annotations

import re
import textwrap
import unicodedata

LONGEST = 120
"""Letters of a name where it is shown; of a longer one the middle is left out."""
SHORT = 40
"""The same, where it is one of several, or stands on a button."""

_TIP_WIDTH = 80
_LONG_WORD = re.compile(r"[^\s/\\-]{40}")
# Within words of Arabic, Persian and Indian writing, and within one picture of several people.
_JOINERS = "\u200c\u200d"


def plain(text: str, most: int | None = None) -> str:
    """Return a text as one line that can be shown and written anywhere, and leaves what stands around it as it is.

    Parameters
    ----------
    text : str
        Whatever somebody called something.
    most : int, optional
        How many letters are left of it.

    Returns
    -------
    str
        With a space for each end of a line, and U+FFFD for what is no letter: control characters, marks that turn the
        direction of writing, single surrogates. A plain text is returned as it is.
    """
    if most is not None and len(text) > most:
        end = (most - 1) // 2
        text = f"{text[: most - 1 - end]}…{text[len(text) - end :]}"
    return text if text.isprintable() else "".join(map(_plain, text))


def _plain(letter: str) -> str:
    if letter.isprintable() or letter in _JOINERS or unicodedata.category(letter) == "Zs":
        return letter
    return " " if letter.isspace() else "\ufffd"


def folded(text: str) -> str:
    """Return a text of plain lines that are short enough for a tooltip: Qt breaks none of a plain text."""
    return "\n".join(part for line in text.split("\n") for part in textwrap.wrap(plain(line), _TIP_WIDTH) or [""])


def breakable(text: str) -> str:
    """Return a text in which a line may end within a word that is very long: Qt cuts off what it cannot break."""
    return _LONG_WORD.sub("\\g<0>\N{ZERO WIDTH SPACE}", text)
