"""Names of the user's in what is logged: they stand in brackets, so that the report can leave them out unseen.

What a record or an error is filled with is taken for a name, unless it is known to be none: a number, a time, a
sentence of the system's, or what its author marked as the program's `Own`. Nobody needs to know which names there are.
"""

from __future__ import annotations

import errno
import os
import re
import sys
import sysconfig
import traceback
from datetime import date
from functools import cache
from numbers import Number
from pathlib import Path
from typing import TYPE_CHECKING

import rbm_studio
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    import logging

ESCAPED = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\t",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}
"""For `str.translate`: what would not stay in its line."""

_OPEN, _CLOSE = "⟨", "⟩"
_NAMED = re.compile(rf"{_OPEN}[^{_CLOSE}\n]*(?:{_CLOSE}|$)", re.MULTILINE)
# By the T: earlier versions, which put no brackets, wrote a space.
_RECORD = re.compile(r"\d{4}-\d\d-\d\dT")
_SYSTEMS_WORDS = frozenset(os.strerror(number) for number in errno.errorcode)
# Python writes their messages, and puts nothing in but types and numbers.
_TELL_NO_NAMES = (
    AttributeError,
    FloatingPointError,
    IndexError,
    MemoryError,
    NameError,
    NotImplementedError,
    OverflowError,
    RecursionError,
    TypeError,
    ZeroDivisionError,
)
_PROGRAM = Path(rbm_studio.__file__).parent
# Arrays in, arrays out: no names get there.
_CORE = f"{_PROGRAM / 'core'}{os.sep}"
_CALL = re.compile(r'(\s*File ")(.*)(", line \d+ in .*)', re.DOTALL)


class Own(str):
    """A text of the program's own, without a name of the user's in it."""

    __slots__ = ()


class _Name:
    """A text that may be, or hold, a name: what stands for it in a message is in brackets."""

    def __init__(self, value: object) -> None:
        self._value = os.fspath(value) if isinstance(value, os.PathLike) else value

    def __str__(self) -> str:
        return _in_brackets(str(self._value))

    def __repr__(self) -> str:
        return _in_brackets(repr(self._value))

    def __format__(self, _spec: str) -> str:
        return str(self)


def _in_brackets(text: str) -> str:
    inside = text.replace(_OPEN, "<").replace(_CLOSE, ">").translate(ESCAPED)
    return f"{_OPEN}{inside}{_CLOSE}"


def _shown(value: object) -> object:
    """Return what stands in a message for something that it is filled with."""
    if isinstance(value, BaseException):
        return message_of(value)
    if isinstance(value, tuple | list) and all(map(_is_no_name, value)):
        return value
    return value if _is_no_name(value) else _Name(value)


def _is_no_name(value: object) -> bool:
    is_systems = isinstance(value, str) and value in _SYSTEMS_WORDS
    return value is None or is_systems or isinstance(value, Own | Number | date)


def filled(record: logging.LogRecord) -> str:
    """Return a record's message, names in brackets."""
    if not isinstance(record.msg, str):
        return str(_shown(record.msg))
    if not record.args:
        return record.msg
    if isinstance(record.args, tuple):
        return record.msg % tuple(map(_shown, record.args))
    if "%(" in record.msg:
        return record.msg % {key: _shown(value) for key, value in record.args.items()}
    return record.msg % (_Name(record.args),)


def message_of(error: BaseException) -> Own:
    """Return what an exception says, names in brackets; after its kind, if it is none of the program's."""
    if isinstance(error, RBMStudioError):
        fields = {key: _shown(value) for key, value in error.fields.items()}
        return Own(" ".join(part.format(**fields) for part in (error.problem, error.remedy) if part))
    kind = type(error).__name__
    if isinstance(error, OSError) and error.errno is not None:
        named = [repr(_Name(name)) for name in (error.filename, error.filename2) if name is not None]
        return Own(": ".join([f"{kind} {error.errno}", f"{_shown(error.strerror)}", *named]))
    text = str(error)
    tells_none = isinstance(error, _TELL_NO_NAMES) or _is_of_the_core(error)
    return Own(f"{kind}: {text if tells_none else _in_brackets(text)}" if text else kind)


def _is_of_the_core(error: BaseException) -> bool:
    files = [frame.f_code.co_filename for frame, _line in traceback.walk_tb(error.__traceback__)]
    return bool(files) and files[-1].startswith(_CORE)


def shown_file(path: str) -> str:
    """Return a file of the program's or Python's from their root on; any other one in brackets."""
    for root, mark in _roots():
        if path.startswith(root):
            return mark + path[len(root) :]
    return path if path.startswith("<") else _in_brackets(path)


@cache
def _roots() -> list[tuple[str, str]]:
    """Return where programs lie, the longest first, and what to write for each."""
    paths = sysconfig.get_paths()
    python = {sys.prefix, sys.base_prefix, paths["purelib"], paths["platlib"], paths["stdlib"]}
    roots = {folder: "<python>" for each in python for folder in (each, os.path.realpath(each))}
    roots[str(_PROGRAM)] = "<program>"
    # A separator behind it: a folder of another name may begin alike.
    with_separator = [(root + end, mark + "/") for root, mark in roots.items() for end in ("/", "\\") if len(root) > 3]
    return sorted(with_separator, key=lambda pair: len(pair[0]), reverse=True)


def of_a_crash(line: str) -> str:
    """Return a line of what is left of a crash: the program's own, but for the files in it."""
    call = _CALL.fullmatch(line)
    if call:
        return Own(f"{call[1]}{shown_file(call[2])}{call[3]}")
    # A thread may be called after what it opens.
    return line if "[" in line else of_another(line)


def of_another(text: str) -> str:
    """Return a text of Qt's or the system's as its own, if there is no place of a file in it.

    Where they name a file, they put it in quotes, or give its whole path.
    """
    return text if any(sign in text for sign in "/\\\"'") else Own(text)


def without_names(text: str) -> str:
    """Return text of the log with every name taken out."""
    return _NAMED.sub("<name>", text)


def lines_with_brackets(lines: list[str]) -> list[str]:
    """Return those lines of a log in which names are in brackets: not those that earlier versions wrote."""
    kept, has_brackets = [], False
    for line in lines:
        if not line.startswith("    "):
            has_brackets = bool(_RECORD.match(line))
        if has_brackets:
            kept.append(line)
    return kept
