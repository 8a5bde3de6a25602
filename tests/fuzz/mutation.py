"""Changes to the bytes of a file that know nothing of its format, from a seeded generator."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

LONGEST = 200_000
"""Bytes of a mutant."""

NUMBERS = (0, 1, -1, 2, 7, 8, 127, 128, 255, 256, 784, 32767, 32768, 65535, 65536, 10**6, 2**24, 2**31 - 1, 2**31,
           2**32 - 1, 2**32, 10**10, 2**53, 2**62, 2**63 - 1, 2**63, 2**64 - 1, -(2**31), -(2**63))  # fmt: skip

_WIDTHS = {1: "B", 2: "H", 4: "I", 8: "Q"}


def mutated(rng: Random, data: bytes, other: bytes) -> bytes:
    """Return bytes changed in one to four places; some of another file may be among them."""
    for _ in range(rng.choice((1, 1, 1, 2, 3, 4))):
        data = rng.choice(_CHANGES)(rng, data, other)
    return data[:LONGEST]


def number(rng: Random, near: int = 0) -> int:
    """Return a number that readers stumble over, or one near another."""
    return near + rng.randint(-2, 2) if rng.random() < 0.3 else rng.choice(NUMBERS)


def field(rng: Random, data: bytes, place: int, width: int, order: str) -> bytes:
    """Return bytes with an integer field set to a number that readers stumble over."""
    if place < 0 or place + width > len(data):
        return data
    old = int.from_bytes(data[place : place + width], "big" if order == ">" else "little")
    new = number(rng, rng.choice((old, len(data)))) % (1 << 8 * width)
    return data[:place] + struct.pack(order + _WIDTHS[width], new) + data[place + width :]


def _flip(rng: Random, data: bytes, _other: bytes) -> bytes:
    if not data:
        return data
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        changed[_place(rng, data)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _set(rng: Random, data: bytes, _other: bytes) -> bytes:
    if not data:
        return data
    changed = bytearray(data)
    changed[_place(rng, data)] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    return bytes(changed)


def _set_field(rng: Random, data: bytes, _other: bytes) -> bytes:
    return field(rng, data, _place(rng, data) if data else 0, rng.choice((1, 2, 4, 8)), rng.choice("<>"))


def _cut(rng: Random, data: bytes, _other: bytes) -> bytes:
    return data[: rng.randint(0, len(data))]


def _cut_front(rng: Random, data: bytes, _other: bytes) -> bytes:
    return data[rng.randint(0, min(len(data), 64)) :]


def _extend(rng: Random, data: bytes, other: bytes) -> bytes:
    more = rng.choice((bytes(rng.randint(1, 4000)), rng.randbytes(rng.randint(1, 300)), other, data))
    return data + more


def _delete(rng: Random, data: bytes, _other: bytes) -> bytes:
    start, end = _block(rng, data)
    return data[:start] + data[end:]


def _duplicate(rng: Random, data: bytes, _other: bytes) -> bytes:
    start, end = _block(rng, data)
    return data[:end] + data[start:end] * rng.choice((1, 1, 2, 50)) + data[end:]


def _swap(rng: Random, data: bytes, _other: bytes) -> bytes:
    start, end = _block(rng, data)
    later, last = _block(rng, data[end:])
    first, second = data[start:end], data[end + later : end + last]
    return data[:start] + second + data[end : end + later] + first + data[end + last :]


def _splice(rng: Random, data: bytes, other: bytes) -> bytes:
    return data[: rng.randint(0, len(data))] + other[rng.randint(0, len(other)) :]


def _insert(rng: Random, data: bytes, _other: bytes) -> bytes:
    place = rng.randint(0, len(data))
    return data[:place] + rng.choice(_TEXTS) + data[place:]


_TEXTS = (b"\0", b"\xff\xfe", b"\n", b'"', b"{", b"[" * 3000, b"]", b"-", b"NaN", b"1e999", b"9" * 500, b"../", b"%s",
          b"{0}", b"\xe2\x80\xae", "é".encode("utf-16"))  # fmt: skip
_CHANGES: tuple[Callable[[Random, bytes, bytes], bytes], ...] = (
    _flip, _flip, _set, _set_field, _set_field, _cut, _cut_front, _extend, _delete, _duplicate, _swap, _splice, _insert,
)  # fmt: skip


def _place(rng: Random, data: bytes) -> int:
    # Headers stand at the beginning, and a zip's directory at the end.
    return rng.choice(
        (
            rng.randrange(min(len(data), 16)),
            rng.randrange(min(len(data), 128)),
            rng.randrange(len(data)),
            len(data) - 1 - rng.randrange(min(len(data), 128)),
        )
    )


def _block(rng: Random, data: bytes) -> tuple[int, int]:
    start = rng.randint(0, len(data))
    return start, min(len(data), start + rng.choice((1, 2, 4, 16, 64, 1024)))


_RAW = ("NaN", "Infinity", "-Infinity", "1e999", "-0.0", "1" + "0" * 400, "9" * 5000, "1e-400", "[" * 3000 + "]" * 3000,
        '{"a":' * 1500 + "0" + "}" * 1500, '"\\ud800"', "01", "'x'", "", "0.5", '"' + "x" * 5000 + '"',
        "[" + "0," * 500 + "0]")  # fmt: skip
_VALUES: tuple[Any, ...] = (None, True, False, 0, 1, -1, 0.5, 1.5, -0.5, 2**31, 2**63, 10**30, 1e308, "", "x", "\0",
                            "a\nb", "0", "{0}", [], {}, [0], [[]], {"a": 0}, [None, None], [1, 2, 3])  # fmt: skip


def mutated_json(rng: Random, value: Any) -> bytes:
    """Return JSON in which one to three values are others: of another kind, missing, doubled, absurd."""
    raw: list[str] = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        value = _changed(rng, value, raw)
    text = json.dumps(value)
    for place, each in enumerate(raw):
        text = text.replace(f'"@raw{place}@"', each)
    return text.encode()


def _changed(rng: Random, value: Any, raw: list[str]) -> Any:
    if isinstance(value, dict) and value and rng.random() < 0.9:
        return _changed_dict(rng, dict(value), raw)
    if isinstance(value, list) and value and rng.random() < 0.9:
        return _changed_list(rng, list(value), raw)
    if isinstance(value, int | float) and rng.random() < 0.3:
        return number(rng, int(value))
    if rng.random() < 0.4:
        raw.append(rng.choice(_RAW))
        return f"@raw{len(raw) - 1}@"
    return rng.choice(_VALUES)


def _changed_dict(rng: Random, value: dict[str, Any], raw: list[str]) -> Any:
    key = rng.choice(list(value))
    what = rng.random()
    if what < 0.1:
        del value[key]
    elif what < 0.15:
        value["another"] = value[key]
    elif what < 0.2:
        value[rng.choice(list(value))] = value[key]
    else:
        value[key] = _changed(rng, value[key], raw)
    return value


def _changed_list(rng: Random, value: list[Any], raw: list[str]) -> Any:
    place = rng.randrange(len(value))
    what = rng.random()
    if what < 0.1:
        del value[place]
    elif what < 0.2:
        value[place:place] = [value[place]] * rng.choice((1, 2, 100))
    elif what < 0.25:
        value.reverse()
    else:
        value[place] = _changed(rng, value[place], raw)
    return value
