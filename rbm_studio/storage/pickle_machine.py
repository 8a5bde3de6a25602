"""A machine that carries out a pickle's instructions on inert values, in the place of Python's own unpickler.

A pickle is a program, and Python's unpickler calls whatever function it names. This machine knows the instructions
that arrays and dicts of them are written with, in protocols 0 to 5, and what they work on are `pickle_values`.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from rbm_studio.storage.pickle_values import (
    CALLS,
    USE_NPZ,
    Empty,
    Instance,
    Kind,
    PickleRefused,
    Text,
    Word,
    byte_order,
    damaged,
    filled,
    foreign,
    word,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_STEPS = 100_000
"""Instructions in the file; of a model of simple_rbm's there are some hundred."""
_LONGEST_WORD = 1000
"""Bytes of a text that is no array."""

_MARK = object()


class Machine:
    """Carries out a pickle's instructions.

    Parameters
    ----------
    data : bytes
        The pickle.
    """

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._bytes = data
        self._at = 0
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        """Return the value that is left at the end."""
        try:
            for _ in range(MOST_STEPS):
                code = self._take(1)[0]
                if code == _STOP:
                    return self._end()
                if code in _OTHERS:
                    raise foreign(_OTHERS[code])
                _STEPS[code](self)
        except PickleRefused:
            raise
        except (ValueError, IndexError, KeyError, TypeError, struct.error, OverflowError) as error:
            raise damaged() from error
        raise PickleRefused(
            "{name} holds more than {most:,} instructions, and a model takes some hundred.",
            USE_NPZ,
            most=MOST_STEPS,
        )

    def _end(self) -> Any:
        if self._at != len(self._data) or len(self._stack) != 1:
            raise damaged()
        return _whole(self._stack[0])

    # --- what follows an instruction

    def _take(self, count: int) -> memoryview:
        taken = self._data[self._at : self._at + count]
        if len(taken) != count:
            raise damaged()
        self._at += count
        return taken

    def _number(self, layout: str) -> Any:
        return struct.unpack(layout, self._take(struct.calcsize(layout)))[0]

    def _counted(self, layout: str) -> memoryview:
        return self._take(self._number(layout))

    def _line(self) -> memoryview:
        end = self._bytes.find(b"\n", self._at)
        if end < 0:
            raise damaged()
        line = self._take(end - self._at)
        self._at += 1
        return line

    def _short_line(self) -> str:
        return _short(self._line())

    # --- the stack

    def push(self, value: Any) -> None:
        """Put a value on top."""
        self._stack.append(value)

    def _pop(self) -> Any:
        value = self._stack.pop()
        if value is _MARK:
            raise damaged()
        return _whole(value)

    def _pop_to_mark(self) -> list[Any]:
        place = len(self._stack) - 1
        while self._stack[place] is not _MARK:
            place -= 1
            if place < 0:
                raise damaged()
        values = [_whole(value) for value in self._stack[place + 1 :]]
        del self._stack[place:]
        return values

    # --- the instructions

    def protocol(self) -> None:
        """Carry out PROTO."""
        if self._number("<B") > 5:
            raise damaged()

    def frame(self) -> None:
        """Carry out FRAME: how far to read ahead, which nobody needs."""
        self._number("<Q")

    def whole_number(self) -> None:
        """Carry out INT, which also writes booleans."""
        text = self._short_line()
        self.push({"00": False, "01": True}.get(text) if text in ("00", "01") else int(text))

    def long_number(self) -> None:
        """Carry out LONG."""
        self.push(int(self._short_line().removesuffix("L")))

    def counted_number(self) -> None:
        """Carry out LONG1."""
        self.push(int.from_bytes(self._counted("<B"), "little", signed=True))

    def real_number(self) -> None:
        """Carry out FLOAT."""
        self.push(float(self._short_line()))

    def text(self, layout: str) -> None:
        """Carry out BINUNICODE and its like."""
        raw = self._counted(layout)
        self.push(Text(raw, is_escaped=False) if len(raw) > _LONGEST_WORD else str(raw, "utf-8"))

    def text_line(self) -> None:
        """Carry out UNICODE."""
        raw = self._line()
        is_long = len(raw) > _LONGEST_WORD
        self.push(Text(raw, is_escaped=True) if is_long else str(raw, "raw-unicode-escape"))

    def content(self, layout: str) -> None:
        """Carry out BINBYTES and its like."""
        self.push(self._counted(layout))

    def collect(self, count: int) -> None:
        """Carry out TUPLE1 to TUPLE3."""
        values = [self._pop() for _ in range(count)]
        self.push(tuple(reversed(values)))

    def append(self) -> None:
        """Carry out APPEND."""
        value = self._pop()
        _list(self._stack[-1]).append(value)

    def extend(self) -> None:
        """Carry out APPENDS."""
        values = self._pop_to_mark()
        _list(self._stack[-1]).extend(values)

    def set_item(self) -> None:
        """Carry out SETITEM."""
        value, key = self._pop(), self._pop()
        _set(self._stack[-1], key, value)

    def set_items(self) -> None:
        """Carry out SETITEMS."""
        values = self._pop_to_mark()
        for key, value in zip(values[::2], values[1::2], strict=True):
            _set(self._stack[-1], key, value)

    def to_dict(self) -> None:
        """Carry out DICT."""
        values = self._pop_to_mark()
        made: dict[str, Any] = {}
        for key, value in zip(values[::2], values[1::2], strict=True):
            _set(made, key, value)
        self.push(made)

    def name_lines(self) -> None:
        """Carry out GLOBAL."""
        self.push(word(self._short_line(), self._short_line()))

    def name(self) -> None:
        """Carry out STACK_GLOBAL."""
        name, module = self._pop(), self._pop()
        if not (isinstance(name, str) and isinstance(module, str)):
            raise damaged()
        self.push(word(module, name))

    def put(self, place: int) -> None:
        """Carry out PUT and its like."""
        value = self._stack[-1]
        if value is _MARK:
            raise damaged()
        self._memo[place] = value

    def get(self, place: int) -> None:
        """Carry out GET and its like."""
        self.push(self._memo[place])

    def call(self) -> None:
        """Carry out REDUCE: of the calls that NumPy writes, what they would have made."""
        arguments, word = self._pop(), self._pop()
        if not (isinstance(word, Word) and isinstance(arguments, tuple)):
            raise damaged()
        make = CALLS.get(word.meaning)
        if make is None:
            raise foreign("a call of what is no function")
        self.push(make(*arguments))

    def new(self) -> None:
        """Carry out NEWOBJ."""
        arguments, word = self._pop(), self._pop()
        if word != Word("class") or arguments != ():
            raise foreign("a new object")
        self.push(Instance())

    def build(self) -> None:
        """Carry out BUILD."""
        state = self._pop()
        under = self._stack[-1]
        if isinstance(under, Instance):
            if not isinstance(state, dict):
                raise foreign("an RBM of another kind")
            under.state = state
        elif isinstance(under, Empty) and under.array is None:
            under.array = filled(state)
        elif isinstance(under, Kind):
            under.order = byte_order(state)
        else:
            raise foreign("a state of what has none")


def _short(raw: memoryview) -> str:
    if len(raw) > _LONGEST_WORD:
        raise damaged()
    return str(raw, "utf-8")


def _whole(value: Any) -> Any:
    """Return what a value has become by now."""
    return value.array if isinstance(value, Empty) and value.array is not None else value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise damaged()
    return value


def _set(under: Any, key: Any, value: Any) -> None:
    # Of other keys the hash could be made to take for ever, or to nest too deeply.
    if not (isinstance(under, dict) and isinstance(key, str)):
        raise foreign("a dict whose keys are no names")
    under[key] = value


_STOP = ord(".")
_STEPS: dict[int, Callable[[Machine], None]] = {
    0x80: Machine.protocol,
    0x95: Machine.frame,
    ord("("): lambda machine: machine.push(_MARK),
    ord("N"): lambda machine: machine.push(None),
    0x88: lambda machine: machine.push(True),
    0x89: lambda machine: machine.push(False),
    ord("I"): Machine.whole_number,
    ord("L"): Machine.long_number,
    0x8A: Machine.counted_number,
    ord("J"): lambda machine: machine.push(machine._number("<i")),
    ord("K"): lambda machine: machine.push(machine._number("<B")),
    ord("M"): lambda machine: machine.push(machine._number("<H")),
    ord("F"): Machine.real_number,
    ord("G"): lambda machine: machine.push(machine._number(">d")),
    ord("X"): lambda machine: machine.text("<I"),
    0x8C: lambda machine: machine.text("<B"),
    0x8D: lambda machine: machine.text("<Q"),
    ord("V"): Machine.text_line,
    ord("B"): lambda machine: machine.content("<I"),
    ord("C"): lambda machine: machine.content("<B"),
    0x8E: lambda machine: machine.content("<Q"),
    0x96: lambda machine: machine.content("<Q"),
    ord("}"): lambda machine: machine.push({}),
    ord("]"): lambda machine: machine.push([]),
    ord(")"): lambda machine: machine.push(()),
    ord("d"): Machine.to_dict,
    ord("l"): lambda machine: machine.push(machine._pop_to_mark()),
    ord("t"): lambda machine: machine.push(tuple(machine._pop_to_mark())),
    0x85: lambda machine: machine.collect(1),
    0x86: lambda machine: machine.collect(2),
    0x87: lambda machine: machine.collect(3),
    ord("a"): Machine.append,
    ord("e"): Machine.extend,
    ord("s"): Machine.set_item,
    ord("u"): Machine.set_items,
    ord("c"): Machine.name_lines,
    0x93: Machine.name,
    ord("R"): Machine.call,
    0x81: Machine.new,
    ord("b"): Machine.build,
    ord("p"): lambda machine: machine.put(int(machine._short_line())),
    ord("q"): lambda machine: machine.put(machine._number("<B")),
    ord("r"): lambda machine: machine.put(machine._number("<I")),
    0x94: lambda machine: machine.put(len(machine._memo)),
    ord("g"): lambda machine: machine.get(int(machine._short_line())),
    ord("h"): lambda machine: machine.get(machine._number("<B")),
    ord("j"): lambda machine: machine.get(machine._number("<I")),
}
"""Each instruction of protocols 0 to 5 that NumPy's arrays and dicts of them are written with, by its code."""
_OTHERS = {
    **dict.fromkeys(b"PQ", "a persistent object"),
    **dict.fromkeys(b"io", "a new object"),
    0x92: "a new object",
    **dict.fromkeys(b"\x82\x83\x84", "an extension of Python's"),
    **dict.fromkeys(b"\x97\x98", "a buffer outside of the file"),
    **dict.fromkeys(b"STU", "a text of Python 2"),
    **dict.fromkeys(b"\x8f\x90\x91", "a set"),
    **dict.fromkeys(b"012", "a stack that is rearranged"),
    0x8B: "a number of more than 255 bytes",
}
"""What other instructions of pickles would do."""
