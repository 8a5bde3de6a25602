"""Numbers in few characters, in the user's language."""

from __future__ import annotations

from PySide6.QtCore import QLocale

MINUS = "\N{MINUS SIGN}"


def short(value: float, digits: int = 2) -> str:
    """Return a number with so many digits that count; very small and large ones as in 1.6e−8."""
    # Python's digits first: each language writes an exponent in its own way.
    mantissa, mark, exponent = f"{value:.{digits}g}".partition("e")
    power = f"e{int(exponent)}" if mark else ""
    return f"{QLocale().toString(float(mantissa), 'g', digits)}{power}".replace("-", MINUS)


def fixed(value: float, decimals: int) -> str:
    """Return a number with so many decimal places."""
    return QLocale().toString(float(value), "f", decimals).replace("-", MINUS)
