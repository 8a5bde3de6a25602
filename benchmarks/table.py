"""What a benchmark found, and how it is shown."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEADINGS = ("measured", "figure", "reference", "ratio", "target", "")


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes
    ----------
    name : str
        What was measured.
    figure : str
        With its unit.
    reference : str
        What it is compared with, and that one's figure.
    ratio : str
    target : str
    verdict : str
        Whether the target was met; see `verdict`.
    """

    name: str
    figure: str
    reference: str = ""
    ratio: str = ""
    target: str = ""
    verdict: str = ""


@dataclass(frozen=True)
class Section:
    """The figures of one benchmark.

    Attributes
    ----------
    name : str
    calibration : str
        The machine's speed just before.
    rows : sequence of Row
    """

    name: str
    calibration: str
    rows: Sequence[Row]


def verdict(met: bool) -> str:
    """Return how a table says whether a target was met."""
    return "met" if met else "MISSED"


def milliseconds(seconds: float) -> str:
    """Return a time to three digits."""
    return f"{1e3 * seconds:#.3g}".rstrip(".") + " ms"


def render(sections: Sequence[Section]) -> str:
    """Return all figures as one table in plain text."""
    lines = [_HEADINGS, *(astuple(row) for section in sections for row in section.rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]

    def in_columns(cells: Sequence[str]) -> str:
        return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()

    text = [in_columns(_HEADINGS), "-" * len(in_columns(["-" * width for width in widths]))]
    for section in sections:
        text += ["", f"{section.name}  [{section.calibration}]", *(in_columns(astuple(row)) for row in section.rows)]
    return "\n".join(text)
