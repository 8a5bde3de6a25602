"""Names that a report must not tell: where the user's files lie, and what they are called."""

from __future__ import annotations

import re
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import rbm_studio

if TYPE_CHECKING:
    from collections.abc import Iterable

_FILE = "<file>"
_SUFFIXES = (
    "safetensors|rbmx|npz|npy|gz|bz2|xz|zip|7z|idx|ubyte|csv|tsv|txt|dat|json|pkl|pickle|png|jpe?g|bmp|gif|tiff?|webp|"
    "svg|pdf|html?|log|ini|toml|ya?ml|ipynb|docx?|xlsx?|odt|md|mat|h5|hdf5|pt|pth|onnx|part"
)
# A quote within a word, as in can't, opens nothing.
_QUOTED = re.compile(r"""(?<!\w)("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|“[^”]*”|«[^»]*»)""")
_NAME = re.compile(rf"[^\s'\"“”/\\]*\.(?:{_SUFFIXES})(?!\w)", re.IGNORECASE)
# What is written without quotes may hold spaces: no one knows where it ends but the line does.
_PLACES = re.compile(
    r"""(?:file:/+|~[/\\]|(?<![\w.>/:<-])/(?=[^\s/])|(?<!\w)[A-Za-z]:(?:[\\/]|%5c|%2f)+|(?<![\w\\])\\\\+(?=\w)"""
    r"""|(?<!\w)%2f(?=\w)|/(?:home|users)/|\\+users\\+).*""",
    re.IGNORECASE | re.DOTALL,
)
_PROGRAM = re.compile(r"""^["'](?:<python>|<program>)[\w./\\<> +@-]*["']$""")


def without_names(text: str, names: Iterable[str] = (), home: Path | None = None) -> str:
    """Return a text without paths and names of files; the program's own and Python's files stay, from their root on.

    Parameters
    ----------
    text : str
        Of any number of lines; a name lies within one.
    names : iterable of str
        Names that are known, such as that of the open file: taken away wherever they are.
    home : Path, optional
        The user's folder, if it is not that of the system's.
    """
    own = [str(folder) for folder in (home or Path.home(), Path.home().resolve())]
    known = sorted({*names} - {""}, key=len, reverse=True)
    return "\n".join(_line(line, known, own) for line in text.split("\n"))


def _line(line: str, known: list[str], homes: list[str]) -> str:
    for root, mark in _roots():
        line = line.replace(root, mark)
    for name in known:
        for form in {name, repr(name)[1:-1], quote(name, errors="surrogatepass")}:
            line = line.replace(form, _FILE)
    for home in homes:
        for form in {home, home.replace("\\", "\\\\"), home.replace("\\", "/"), quote(home)}:
            if len(form) > 1:
                line = re.sub(re.escape(form) + r"(?=$|[\s'\"/\\%:;,)])", "~", line, flags=re.IGNORECASE)
    parts = _QUOTED.split(line)
    line = "".join(_within(part) if place % 2 else part for place, part in enumerate(parts))
    line = _PLACES.sub(_FILE, line)
    return _NAME.sub(_FILE, line)


def _within(quoted: str) -> str:
    """Return something in quotes, without the name that it is."""
    if _PROGRAM.match(quoted):
        return quoted
    inside = quoted[1:-1]
    is_name = "/" in inside or "\\" in inside or "~" in inside or "%2f" in inside.lower() or _NAME.search(inside)
    return f"{quoted[0]}{_FILE}{quoted[-1]}" if is_name else quoted


def _roots() -> list[tuple[str, str]]:
    """Return where programs lie, the longest first, and what to write for each."""
    paths = sysconfig.get_paths()
    python = {sys.prefix, sys.base_prefix, paths["purelib"], paths["platlib"], paths["stdlib"]}
    roots = {str(Path(rbm_studio.__file__).parent): "<program>"}
    for folder in python:
        roots[folder] = "<python>"
        roots[str(Path(folder).resolve())] = "<python>"
    # A separator behind it: a folder of another name may begin alike.
    with_separator = [(root + end, mark + "/") for root, mark in roots.items() for end in ("/", "\\") if len(root) > 3]
    return sorted(with_separator, key=lambda pair: len(pair[0]), reverse=True)
