"""Ranges and ticks that people like to read, on linear and logarithmic axes."""

from __future__ import annotations

import html
import math
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import pyqtgraph as pg
from PySide6.QtGui import QFont, QFontMetricsF, QPen

from rbm_studio.app.numbers import MINUS

if TYPE_CHECKING:
    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QColor

_LINEAR_STEPS = (1.0, 2.0, 5.0, 10.0)
_LOG_DIGITS = ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0))
_INTERVALS = 5
# Floating-point error must not push a bound that lies on a step to the next one.
_SLACK = 1e-9
# Spans below this have no fifth part with a whole mantissa.
_SMALLEST = 1e-300
_TEXT_GAP = 8
_LINES_APART = 1.75
_ENDS_APART = 1.25


def nice_step(least: float) -> float:
    """Return the least of 1, 2, 5 times a power of ten that is not below `least` (which is positive)."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in _LINEAR_STEPS if step * power >= least * (1 - _SLACK))


def nice_range(low: float, high: float) -> tuple[float, float]:
    """Widen a range to round bounds, so that it moves seldom while data grow; it is never empty.

    Data that are not negative get no negative bound.
    """
    span = high - low
    if span <= max(abs(high) * _SLACK, _SMALLEST):
        span = abs(high) if abs(high) > _SMALLEST else 1.0
        low, high = (low - span / 2, high + span / 2) if low < 0 else (low / 2, high + span / 2)
    step = nice_step((high - low) / _INTERVALS)
    return math.floor(low / step + _SLACK) * step, math.ceil(high / step - _SLACK) * step


def nice_log_range(low: float, high: float) -> tuple[float, float]:
    """Widen a range of decimal logarithms to those of 1, 2 or 5 times a power of ten; it is never empty."""
    digits = [math.log10(digit) for digit in (*_LOG_DIGITS[2], 10.0)]
    floor, ceiling = math.floor(low + _SLACK), math.ceil(high - _SLACK) - 1
    bottom = max(floor + digit for digit in digits if floor + digit <= low + _SLACK)
    top = min(ceiling + digit for digit in digits if ceiling + digit >= high - _SLACK)
    return (bottom, top) if top > bottom else (bottom, bottom + digits[1])


def linear_ticks(low: float, high: float, most: int) -> list[float]:
    """Return round values from low to high, at most about `most` of them."""
    step = nice_step((high - low) / max(most, 1))
    first, last = math.ceil(low / step - _SLACK), math.floor(high / step + _SLACK)
    return [number * step for number in range(first, last + 1)]


def round_ends(low: float, high: float) -> tuple[float, list[float]]:
    """Return what tells both ends of a range apart, and these ends; none if they are not round.

    For an axis with room for no more, and a range that `nice_range` has made.
    """
    digit = 10.0 ** (math.floor(math.log10(high - low)) - 1)
    ends = [low, high]
    return digit, ends if all(abs(end / digit - round(end / digit)) <= 1e-6 for end in ends) else []


def log_ticks(low: float, high: float, gap: float) -> tuple[list[float], list[float]]:
    """Return the logarithms of the values to name, and of those to mark only.

    Parameters
    ----------
    low, high : float
        The decimal logarithms of the range's ends.
    gap : float
        The least difference of logarithms between two names.
    """
    minor = _digit_ticks(low, high, _LOG_DIGITS[-1])
    for digits in reversed(_LOG_DIGITS):
        major = _digit_ticks(low, high, digits)
        if len(major) > 1 and all(right - left >= gap for left, right in pairwise(major)):
            break
    else:
        major = _crowded_ticks(low, high, gap)
    return major, [tick for tick in minor if tick not in major]


def _digit_ticks(low: float, high: float, digits: tuple[float, ...]) -> list[float]:
    decades = range(math.floor(low), math.floor(high + _SLACK) + 1)
    ticks = [decade + math.log10(digit) for decade in decades for digit in digits]
    return [tick for tick in ticks if low - _SLACK <= tick <= high + _SLACK]


def _crowded_ticks(low: float, high: float, gap: float) -> list[float]:
    """Ticks where the single digits do not do: far below a decade, or far above."""
    if high - low < 1.0:
        values = linear_ticks(10.0**low, 10.0**high, int((high - low) / gap))
        return [math.log10(value) for value in values if value > 0]
    return [float(decade) for decade in linear_ticks(low, high, int((high - low) / gap)) if decade == int(decade)]


def number_text(value: float, step: float | None = None) -> str:
    """Return a value as an axis or a reading shows it.

    Parameters
    ----------
    value : float
        The value.
    step : float, optional
        The distance of neighbouring values: the text has the decimal places that tell them apart. By default, four
        of a value below ten, and two of others.
    """
    size = max(abs(value), step or 0.0)
    if size and not 1e-3 <= size < 1e5:
        text = f"{value:.4g}"
    elif step is None:
        text = f"{value:.4f}" if size < 10 else f"{value:.2f}"
    else:
        text = f"{value:.{next(n for n in range(10) if abs(step - round(step, n)) <= step * 1e-6)}f}"
    return text.replace("-", MINUS)


class ValueAxis(pg.AxisItem):
    """An axis with few, round, large tick labels, and grid lines; on a logarithmic one, values are logarithms.

    Parameters
    ----------
    orientation : {"left", "bottom"}
        Where it stands.

    Attributes
    ----------
    log : bool
        Whether values are logarithms.
    needed_width : int
        What an upright axis needs for its names, in px; it never shrinks, so that the plot does not twitch.
    least_width : int
        What it takes at least.
    """

    def __init__(self, orientation: Literal["left", "bottom"]) -> None:
        super().__init__(orientation)
        self.log = False
        self._upright = orientation == "left"
        self._metrics = QFontMetricsF(QFont())
        self._names_values = True
        self.needed_width = self.least_width = self._width = 0
        self.enableAutoSIPrefix(False)
        self.setGrid(255)
        self.setStyle(tickLength=0, tickTextOffset=_TEXT_GAP, tickAlpha=255, maxTextLevel=0)

    def dress(self, font: QFont, colour: QColor, label: str = "") -> None:
        """Name the ticks in this font and colour, and the axis where it has a label."""
        self._metrics = QFontMetricsF(font)
        self.needed_width = 0
        self.setTickFont(font)
        self.setTextPen(QPen(colour))
        style = {"color": colour.name(), "font-size": f"{font.pointSizeF()}pt", "font-family": f"'{font.family()}'"}
        self.setLabel(html.escape(label), **style)

    def name_values(self, on: bool) -> None:
        """Name the values, or only mark them."""
        self._names_values = on
        self.setStyle(showValues=on)

    def set_log(self, log: bool) -> None:
        """Read the range as decimal logarithms, or as it is."""
        self.log = log
        self.needed_width = 0
        self.picture = None
        self.update()

    def fit(self, low: float, high: float, length: float) -> None:
        """Take the room that this range's names need on an axis of this length, in px."""
        if not self._upright:
            lines = 2 if self.label.isVisible() else 1
            height = math.ceil(lines * self._metrics.height()) + _TEXT_GAP
            self.setHeight(height if self._names_values else _TEXT_GAP)
            return
        names = [
            name
            for step, values in self.tickValues(low, high, length)[:1]
            for name in self.tickStrings(values, 1.0, step)
        ]
        widest = max((self._metrics.horizontalAdvance(name) for name in names), default=0.0)
        self.needed_width = max(math.ceil(widest) + 2 * _TEXT_GAP, self.needed_width)
        width = max(self.needed_width, self.least_width)
        if width != self._width:
            self._width = width
            self.setWidth(width)

    def boundingRect(self) -> QRectF:
        """Return where it paints: names at the ends stand out beyond it."""
        margin = self._metrics.height()
        return super().boundingRect().adjusted(-margin, -margin, margin, margin)

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float | None, list[float]]]:
        """Return the values to name, with their step, and those to mark only."""
        low, high = sorted((minVal, maxVal))
        if high <= low or size <= 0:
            return []
        line = self._metrics.height()
        if self.log:
            major, minor = log_ticks(low, high, _LINES_APART * line * (high - low) / size)
            return [(None, major), (None, minor)]
        room = _LINES_APART * line if self._upright else self._metrics.horizontalAdvance("0000000")
        step, ticks = nice_step((high - low) / max(int(size / room), 1)), linear_ticks(low, high, int(size / room))
        if len(ticks) < 2 and self._upright and size >= _ENDS_APART * line:
            digit, ends = round_ends(low, high)
            step, ticks = (digit, ends) if ends else (step, ticks)
        return [(step, ticks)]

    def tickStrings(self, values: list[float], scale: float, spacing: float | None) -> list[str]:
        """Return the values' names, without prefixes and factors."""
        if self.log:
            return [f"{10.0 ** (value * scale):.4g}".replace("-", MINUS) for value in values]
        return [number_text(value * scale, spacing) for value in values]
