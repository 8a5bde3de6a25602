"""What a pickle may speak of, in inert values: numbers, arrays of them, and the words that make them.

Whatever a pickle names is looked up in a table, and nothing is imported; each call that NumPy writes is checked to its
last argument, and carried out here, so that no function of NumPy sees what the file says before it was checked.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from collections.abc import Callable

USE_NPZ = "Save w, visible_bias and hidden_bias with numpy.savez, and import that."
_LONGEST_SIDE = 2**40
_MOST_AXES = 8
_LONGEST_SHOWN = 60

_NUMBERS = {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"}
_NUMPY = ("numpy._core", "numpy.core")
_KNOWN = {
    **{f"{core}.multiarray _reconstruct": "reconstruct" for core in _NUMPY},
    **{f"{core}.multiarray scalar": "scalar" for core in _NUMPY},
    **{f"{core}.numeric _frombuffer": "frombuffer" for core in _NUMPY},
    "numpy ndarray": "ndarray",
    "numpy dtype": "dtype",
    # How protocols 0 to 2 write bytes and instances.
    "_codecs encode": "encode",
    "builtins bytes": "bytes",
    "__builtin__ bytes": "bytes",
    "copyreg _reconstructor": "instance",
    "copy_reg _reconstructor": "instance",
    "builtins object": "object",
    "__builtin__ object": "object",
    # An array on a GPU, which holds one of NumPy's, and what simple_rbm's class keeps beside its arrays.
    "cupy._core.core array": "cupy",
    "cupy.core.core array": "cupy",
    "logging getLogger": "logger",
}
_CLASS = "RBM"
"""The class whose instances are taken as a bag of values, whatever module says that it has it."""
_MORE_THAN_A_BYTE = {False: re.compile(rb"[\xc4-\xff]"), True: re.compile(rb"\\U|\\u(?!00)")}


class PickleRefused(RBMStudioError):
    """A pickle is not taken; who knows the file's name puts it in the place of `name`."""

    def __init__(self, problem: str, remedy: str = "", /, **fields: object) -> None:
        super().__init__(problem, remedy, **({"name": "The pickle"} | fields))


def damaged() -> PickleRefused:
    """Return the refusal of what is no pickle, or broken."""
    return PickleRefused("{name} is no pickle, or is damaged or cut short.", "Choose another copy of the file.")


def foreign(what: str) -> PickleRefused:
    """Return the refusal of what is in a pickle beside arrays of numbers."""
    shown = re.sub(r"[^\w. <>-]", "?", what[:_LONGEST_SHOWN], flags=re.ASCII)
    return PickleRefused(
        "{name} holds more than arrays of numbers ({what}), which could run code, and was not opened.",
        USE_NPZ,
        what=shown,
    )


@dataclass(frozen=True)
class Word:
    """Something that the pickle names, as the table has it; ``"class"`` is simple_rbm's."""

    meaning: str


@dataclass
class Empty:
    """What NumPy makes first, and fills afterwards."""

    array: npt.NDArray[Any] | None = None


@dataclass
class Kind:
    """A NumPy type of numbers, such as f4; its byte order follows."""

    code: str
    order: str = "="

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type."""
        return np.dtype((self.order if self.order in ("<", ">") else "=") + self.code)


@dataclass
class Instance:
    """An instance of simple_rbm's class."""

    state: dict[str, Any] = field(default_factory=dict)


class Text:
    """A long text, which can only be an array's bytes.

    Parameters
    ----------
    raw : memoryview
        The text undecoded, since to decode it can take four times the room.
    is_escaped : bool
        Whether its encoding is that of protocol 0.
    """

    def __init__(self, raw: memoryview, *, is_escaped: bool) -> None:
        self._raw = raw
        self._is_escaped = is_escaped

    @cached_property
    def encoded(self) -> bytes:
        """The bytes that the text stands for, a character each; once, however often the pickle asks for them."""
        if _MORE_THAN_A_BYTE[self._is_escaped].search(self._raw):
            raise damaged()
        return str(self._raw, "raw-unicode-escape" if self._is_escaped else "utf-8").encode("latin-1")


IGNORED = Word("ignored")


def word(module: str, name: str) -> Word:
    """Return what a name in a pickle means here; any other is refused."""
    if name == _CLASS:
        return Word("class")
    meaning = _KNOWN.get(f"{module} {name}")
    if meaning is None:
        raise foreign(f"{module}.{name}")
    return Word(meaning)


def _reconstruct(kind: Any, shape: Any, code: Any) -> Empty:
    if kind != Word("ndarray") or shape != (0,) or _raw(code) != b"b":
        raise foreign("an array of another kind")
    return Empty()


def _dtype(code: Any, align: Any = False, copy: Any = True) -> Kind:
    del align, copy
    if not isinstance(code, str) or code not in _NUMBERS:
        raise foreign(f"an array of {code}" if isinstance(code, str) else "an array of objects")
    return Kind(code)


def byte_order(state: Any) -> str:
    """Return the byte order in the state of a type."""
    if not (isinstance(state, tuple) and len(state) == 8 and state[2:5] == (None, None, None)):
        raise foreign("an array of structures")
    if state[0] not in (3, 4) or state[5:] != (-1, -1, 0) or state[1] not in ("<", ">", "=", "|"):
        raise foreign("an array of another kind")
    order: str = state[1]
    return order


def filled(state: Any) -> npt.NDArray[Any]:
    """Return the array of which this is the state."""
    if not (isinstance(state, tuple) and len(state) == 5 and state[0] == 1):
        raise damaged()
    _version, shape, kind, column_major, content = state
    return _array(content, kind, shape, "F" if column_major is True else "C")


def _from_buffer(content: Any, kind: Any, shape: Any, order: Any, *more: Any) -> npt.NDArray[Any]:
    if order not in ("C", "F") or any(each is not None for each in more):
        raise foreign("an array in another order")
    return _array(content, kind, shape, order)


def _scalar(kind: Any, content: Any) -> npt.NDArray[Any]:
    return _array(content, kind, (), "C")


def _array(content: Any, kind: Any, shape: Any, order: str) -> npt.NDArray[Any]:
    if not isinstance(kind, Kind):
        raise foreign("an array of objects")
    if not isinstance(shape, tuple) or len(shape) > _MOST_AXES or not all(map(_is_side, shape)):
        raise damaged()
    raw, dtype = _raw(content), kind.dtype
    if len(raw) != math.prod(shape) * dtype.itemsize:
        raise PickleRefused(
            "{name} is damaged: it holds {held:,} bytes for an array of shape {shape}.",
            "Choose another copy of the file.",
            held=len(raw),
            shape=shape,
        )
    return np.frombuffer(raw, dtype).reshape(shape, order="F" if order == "F" else "C")


def _is_side(side: Any) -> bool:
    return type(side) is int and 0 <= side < _LONGEST_SIDE


def _raw(content: Any) -> memoryview | bytes:
    if not isinstance(content, memoryview | bytes):
        raise damaged()
    return content


def _encode(text: Any, encoding: Any) -> bytes:
    if encoding not in ("latin1", "latin-1"):
        raise foreign("a text in another encoding")
    if isinstance(text, Text):
        return text.encoded
    if not isinstance(text, str):
        raise damaged()
    return text.encode("latin-1")


def _no_bytes() -> bytes:
    return b""


def _instance(kind: Any, base: Any, state: Any) -> Instance:
    if (kind, base, state) != (Word("class"), Word("object"), None):
        raise foreign("a new object")
    return Instance()


def _on_gpu(array: Any, *more: Any) -> npt.NDArray[Any]:
    if not isinstance(array, np.ndarray) or more:
        raise foreign("an array of another kind")
    return array


def _logger(name: Any) -> Word:
    if not isinstance(name, str):
        raise damaged()
    return IGNORED


CALLS: dict[str, Callable[..., Any]] = {
    "reconstruct": _reconstruct,
    "scalar": _scalar,
    "frombuffer": _from_buffer,
    "dtype": _dtype,
    "encode": _encode,
    "bytes": _no_bytes,
    "instance": _instance,
    "cupy": _on_gpu,
    "logger": _logger,
}
"""The calls that NumPy writes: what each would have made of its arguments."""
