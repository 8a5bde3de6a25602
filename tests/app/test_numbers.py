from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QLocale

from rbm_studio.app.numbers import fixed, short, signed

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _locale() -> Iterator[None]:
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.English))
    yield
    QLocale.setDefault(before)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0123, "0.012"),
        (0.0001, "1e−4"),
        (0.001, "0.001"),
        (-6.5e-4, "−6.5e−4"),
        (1.6e-8, "1.6e−8"),
        (-0.5, "−0.5"),
        (-2e-5, "−2e−5"),
        (20.0, "20"),
        (3e20, "3e20"),
        (0.0, "0"),
    ],
)
def test_a_number_in_few_characters(value: float, text: str) -> None:
    assert short(value) == text


def test_a_number_with_decimal_places() -> None:
    assert fixed(-1.24, 1) == "−1.2"
    assert fixed(3, 2) == "3.00"


def test_numbers_are_in_the_user_s_language() -> None:
    QLocale.setDefault(QLocale(QLocale.Language.German))
    assert short(0.012) == "0,012"
    assert short(1.6e-8) == "1,6e−8"
    assert fixed(1.5, 1) == "1,5"
    QLocale.setDefault(QLocale(QLocale.Language.Finnish))
    assert short(-1.6e-8) == "−1,6e−8"


@pytest.mark.parametrize(("value", "text"), [(0.5, "+0.5"), (-0.25, "−0.25"), (0, "0"), (1e-5, "+1e−5")])
def test_what_is_above_zero_has_a_sign_too(value: float, text: str) -> None:
    assert signed(value) == text
