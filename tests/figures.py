"""Figures that tests find, such as how many files were tried: they are printed at the end of the run."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Figures:
    """What the tests of this run found, by the test and then by what it is.

    Attributes
    ----------
    found : dict of str to dict of str to str
    """

    found: dict[str, dict[str, str]] = field(default_factory=dict)

    def note(self, test: str, what: str, value: object) -> None:
        """Keep a figure; a later one of the same test and name takes its place."""
        self.found.setdefault(test, {})[what] = f"{value:,}" if isinstance(value, int) else str(value)

    def lines(self) -> list[str]:
        """Return a line for each test."""
        return [
            f"{test}: " + "; ".join(f"{what} {value}" for what, value in of_test.items())
            for test, of_test in self.found.items()
        ]
