"""Values out of a stranger's file, each returned only if it is what it has to be."""

from __future__ import annotations

import math
from typing import Any


def whole(value: object, lowest: int, highest: int) -> int:
    """Return a whole number from `lowest` to `highest`.

    Raises
    ------
    ValueError
        If it is anything else; so do the others here.
    """
    # bool is an int to Python, but no number to anyone else.
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise ValueError(value)
    return value


def number(value: object, lowest: float = -math.inf) -> float:
    """Return a finite number, at least `lowest`."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(value)
    real = float(value)
    if not math.isfinite(real) or real < lowest:
        raise ValueError(value)
    return real


def flag(value: object) -> bool:
    """Return a truth value."""
    if not isinstance(value, bool):
        raise ValueError(value)
    return value


def text(value: object, most: int) -> str:
    """Return a text of at most so many characters, each of which can be shown."""
    if not isinstance(value, str) or len(value) > most:
        raise ValueError(value)
    value.encode()  # half of a surrogate pair is no character, and no widget takes it
    return value


def one_of(value: object, known: tuple[str, ...]) -> str:
    """Return one of some words."""
    if not isinstance(value, str) or value not in known:
        raise ValueError(value)
    return value


def items(value: object, most: int) -> list[Any]:
    """Return a list of at most so many items."""
    if not isinstance(value, list) or len(value) > most:
        raise ValueError(value)
    return value


def mapping(value: object) -> dict[str, Any]:
    """Return what JSON calls an object."""
    if not isinstance(value, dict):
        raise ValueError(value)
    return value


def belongs(condition: bool) -> None:
    """Raise ValueError where parts do not belong together."""
    if not condition:
        raise ValueError("parts that do not belong together")
