from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QFont, QFontMetricsF

from rbm_studio.app.curve_axes import (
    ValueAxis,
    linear_ticks,
    log_ticks,
    nice_log_range,
    nice_range,
    nice_step,
    number_text,
    round_ends,
)

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.mark.parametrize(
    ("least", "step"), [(1.0, 1.0), (1.1, 2.0), (2.0, 2.0), (3.0, 5.0), (5.1, 10.0), (0.03, 0.05), (0.1 + 0.2, 0.5)]
)
def test_steps_are_1_2_or_5(least: float, step: float) -> None:
    assert nice_step(least) == pytest.approx(step)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 10.0, (0.0, 10.0)),
        (0.1612, 0.3689, (0.15, 0.4)),
        (0.13, 0.69, (0.0, 0.8)),
        (-15.9, -2.0, (-20.0, 0.0)),
        (0.2, 0.2, (0.1, 0.3)),
        (0.0, 0.0, (0.0, 0.5)),
        (-1.0, -1.0, (-1.6, -0.4)),
    ],
)
def test_ranges_have_round_bounds_around_the_data(low: float, high: float, expected: tuple[float, float]) -> None:
    assert nice_range(low, high) == pytest.approx(expected)


def test_a_range_moves_seldom_while_data_fall() -> None:
    lows = [0.7 * 0.99**step for step in range(200)]
    ranges = [nice_range(low, 0.7) for low in lows]
    assert all(bottom <= low and top >= 0.7 for (bottom, top), low in zip(ranges, lows, strict=True))
    assert len(set(ranges)) < 20


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.12, 0.69, (0.1, 1.0)),
        (0.2, 0.5, (0.2, 0.5)),
        (0.13, 0.13, (0.1, 0.2)),
        (0.2, 0.2, (0.2, 0.4)),
        (3e-7, 40, (2e-7, 50)),
    ],
)
def test_log_ranges_end_at_1_2_or_5(low: float, high: float, expected: tuple[float, float]) -> None:
    bottom, top = nice_log_range(math.log10(low), math.log10(high))
    assert (10**bottom, 10**top) == pytest.approx(expected)


@pytest.mark.parametrize("most", [1, 2, 3, 5, 8, 13])
@pytest.mark.parametrize(("low", "high"), [(0.0, 10.0), (0.15, 0.4), (-0.03, 0.07), (1e6, 3e6), (1e-9, 1.1e-9)])
def test_linear_ticks_are_even_and_not_too_many(low: float, high: float, most: int) -> None:
    ticks = linear_ticks(low, high, most)
    assert len(ticks) <= most + 1
    gaps = [right - left for left, right in pairwise(ticks)]
    assert all(gap == pytest.approx(gaps[0]) for gap in gaps)
    assert all(low - 1e-9 * abs(low) <= tick <= high + 1e-9 * abs(high) for tick in ticks)


def test_log_ticks_name_what_there_is_room_for() -> None:
    def names(low: float, high: float, gap: float) -> list[float]:
        return [round(10**tick, 12) for tick in log_ticks(math.log10(low), math.log10(high), gap)[0]]

    assert names(0.1, 1.0, 0.04) == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert names(0.1, 1.0, 0.2) == [0.1, 0.2, 0.5, 1.0]
    assert names(0.1, 1.0, 0.4) == [0.1, 0.3, 1.0]
    assert names(0.1, 1.0, 0.6) == [0.1, 1.0]
    assert names(1e-6, 1e6, 3.0) == pytest.approx([1e-5, 1.0, 1e5])
    assert names(0.21, 0.28, 0.02) == pytest.approx([0.22, 0.24, 0.26, 0.28])


def test_a_low_axis_names_both_ends_of_a_round_range() -> None:
    digit, ends = round_ends(0.15, 0.3)
    assert (digit, *ends) == pytest.approx((0.01, 0.15, 0.3))
    assert round_ends(170.0, 210.0) == (1.0, [170.0, 210.0])
    assert round_ends(0.1534, 0.3)[1] == []


def test_an_axis_with_little_room_still_names_two_values(qtbot: QtBot) -> None:
    assert qtbot is not None
    axis = ValueAxis("left")
    line = QFontMetricsF(QFont()).height()
    [(step, values)] = axis.tickValues(170.0, 210.0, 1.5 * line)
    assert axis.tickStrings(values, 1.0, step) == ["170", "210"]
    [(step, values)] = axis.tickValues(0.18, 0.28, 1.5 * line)
    assert axis.tickStrings(values, 1.0, step) == ["0.18", "0.28"]
    # Where two would touch, one has to do; it has no idle decimals.
    [(step, values)] = axis.tickValues(170.0, 210.0, 1.1 * line)
    assert axis.tickStrings(values, 1.0, step) == ["200"]


def test_log_ticks_mark_the_digits_between_the_names() -> None:
    major, minor = log_ticks(-1.0, 0.0, 0.6)
    assert [round(10**tick, 1) for tick in minor] == [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    assert not set(major) & set(minor)


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [
        (0.15234, None, "0.1523"),
        (-9.5, None, "−9.5000"),
        (-185.71342, None, "−185.71"),
        (1.5e-5, None, "1.5e−05"),
        (2e7, None, "2e+07"),
        (0.0, None, "0.0000"),
        (0.3, 0.1, "0.3"),
        (-150.0, 50.0, "−150"),
        (0.25, 0.05, "0.25"),
        (0.0, 0.05, "0.00"),
        (4.0, 2.0, "4"),
        (0.0002, 0.0001, "0.0002"),
        (300000.0, 100000.0, "3e+05"),
    ],
)
def test_numbers_are_short_and_tell_steps_apart(value: float, step: float | None, text: str) -> None:
    assert number_text(value, step) == text
