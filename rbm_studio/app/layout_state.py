"""Qt's own bytes of where docks and windows are, looked through before Qt believes them.

`QMainWindow.restoreState` and `QWidget.restoreGeometry` follow numbers, counts and names of a damaged or made-up file
into memory that is not theirs. The forms are those that Qt 5 and 6 write: see ``QDockAreaLayoutInfo::saveState`` and
``QToolBarAreaLayout::saveState``.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_DOCKS, _SEQUENCE, _WIDGET, _TABS, _BARS = 0xFD, 0xFC, 0xFB, 0xFA, 0xFC
_FLOATS, _FLAGS = 2, range(16)
_AREAS, _SIDES = 4, (1, 2, 4, 8)
_DEEPEST = 12
_FARTHEST = 1 << 15
_LARGEST = 1 << 14
# A window of a dock's own: Qt fills its picture before it can be made smaller.
_LARGEST_FLOATING = 1 << 13
# Pixels of all these windows together: four screens of 3840×2160.
_MOST_FLOATING = 1 << 25
# Qt's largest size of a widget, 2²⁴ - 1, and the frame of its tabs.
_UNLIMITED = (1 << 24) + _LARGEST
_LONGEST_NAME = 64
_GEOMETRY = struct.Struct(">IHH4i4iiBBi4i")
_GEOMETRY_MAGIC = 0x1D9D0CB


def is_geometry(data: bytes) -> bool:
    """Return whether these are bytes of `QWidget.saveGeometry`, of a place where a window might be."""
    if len(data) != _GEOMETRY.size:
        return False
    magic, major, minor, *numbers = _GEOMETRY.unpack(data)
    frame, normal, (screen, maximized, full, width), inner = numbers[:4], numbers[4:8], numbers[8:12], numbers[12:]
    return (
        (magic, major, minor) == (_GEOMETRY_MAGIC, 3, 0)
        and all(-_FARTHEST <= number <= _FARTHEST for number in (*frame, *normal, screen, width, *inner))
        and all(left <= right and top <= bottom for left, top, right, bottom in (normal, inner))
        and {maximized, full} <= {0, 1}
    )


def is_state(data: bytes, version: int, docks: Iterable[str], bars: Iterable[str]) -> bool:
    """Return whether these are bytes of `QMainWindow.saveState`, with each of these docks and tool bars once."""
    try:
        _State(data, version).check(sorted(docks), sorted(bars))
    except (ValueError, struct.error):
        return False
    return True


class _State:
    def __init__(self, data: bytes, version: int) -> None:
        self._data, self._version = data, version
        self._at = 0
        self._floating = 0
        self._names: list[str] = []

    def check(self, docks: list[str], bars: list[str]) -> None:
        """Raise ValueError or struct.error at whatever is not as Qt writes it."""
        self._number(0xFF, 0xFF)
        self._number(self._version, self._version)
        self._byte({_DOCKS})
        areas = [self._area() for _ in range(self._number(0, _AREAS))]
        _check(areas == sorted(set(areas)) and sorted(self._names) == docks)
        self._size()
        for _ in range(_AREAS):
            _check(self._number(0, max(_SIDES)) in _SIDES)
        self._names.clear()
        self._byte({_BARS})
        for _ in range(self._number(0, len(bars))):
            self._number(0, _AREAS - 1)
            for _ in range(self._number(1, len(bars))):
                self._bar()
        _check(sorted(self._names) == bars and self._at == len(self._data))

    def _area(self) -> int:
        area = self._number(0, _AREAS - 1)
        self._size()
        self._group(0)
        return area

    def _group(self, depth: int) -> None:
        """Check docks side by side, one below the other, or behind one another."""
        _check(depth <= _DEEPEST)
        is_tabbed = self._byte({_SEQUENCE, _TABS}) == _TABS
        current = self._number(-1, len(self._data)) if is_tabbed else 0
        self._byte({1, 2})
        count = self._number(1, len(self._data))
        _check(current < count)
        for _ in range(count):
            if self._byte({_WIDGET, _SEQUENCE}) == _WIDGET:
                self._dock()
            else:
                self._stretch()
                self._group(depth + 1)

    def _dock(self) -> None:
        self._name()
        if self._byte(_FLAGS) & _FLOATS:
            for _ in range(2):
                self._number(-_FARTHEST, _FARTHEST)
            self._floating += self._number(0, _LARGEST_FLOATING) * self._number(0, _LARGEST_FLOATING)
            _check(self._floating <= _MOST_FLOATING)
        else:
            self._stretch()

    def _stretch(self) -> None:
        self._number(-_FARTHEST, _FARTHEST)
        # Negative where there is no room for it.
        self._number(-_LARGEST, _LARGEST)
        self._number(0, _LARGEST)
        self._number(0, _UNLIMITED)

    def _size(self) -> None:
        for _ in range(2):
            self._number(-_LARGEST, _LARGEST)

    def _bar(self) -> None:
        self._name()
        self._byte({0, 1, 2, 3})
        self._number(0, _FARTHEST)
        self._number(-1, _LARGEST)
        self._take(">Q")

    def _name(self) -> None:
        length = self._number(0, 2 * _LONGEST_NAME)
        self._names.append(bytes(self._take(f"{length}s")).decode("utf-16-be"))

    def _number(self, lowest: int, highest: int) -> int:
        number: int = self._take(">i")
        _check(lowest <= number <= highest)
        return number

    def _byte(self, known: Collection[int]) -> int:
        byte: int = self._take(">B")
        _check(byte in known)
        return byte

    def _take(self, form: str) -> Any:
        (value,) = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return value


def _check(condition: bool) -> None:
    if not condition:
        raise ValueError("not as Qt writes it")
