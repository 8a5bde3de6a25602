"""Numbers in few characters, in the user's language."""

from __future__ import annotations

import math

from PySide6.QtCore import QLocale

MINUS = "\N{MINUS SIGN}"
_SMALL = 0.001
"""Below this the zeros take more room than an exponent, and are harder to count."""


def short(value: float, digits: int = 2) -> str:
    """Return a number with so many digits that count; very small and large ones as in 1.6e−8."""
    if not math.isfinite(value):
        return _endless(value)
    # Python's digits first: each language writes an exponent in its own way.
    kind = f".{digits - 1}e" if 0 < abs(value) < _SMALL else f".{digits}g"
    mantissa, mark, exponent = format(value, kind).partition("e")
    power = f"e{int(exponent)}" if mark else ""
    return f"{QLocale().toString(float(mantissa), 'g', digits)}{power}".replace("-", MINUS)


def fixed(value: float, decimals: int) -> str:
    """Return a number with so many decimal places."""
    if not math.isfinite(value):
        return _endless(value)
    return QLocale().toString(float(value), "f", decimals).replace("-", MINUS)


def _endless(value: float) -> str:
    return "–" if math.isnan(value) else "∞" if value > 0 else f"{MINUS}∞"


def signed(value: float, digits: int = 3) -> str:
    """Return a number as `short` does, with a plus before it where it is above 0."""
    return f"+{short(value, digits)}" if value > 0 else short(value, digits)
