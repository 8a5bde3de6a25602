"""The runs that were deleted, until they are brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rbm_studio.app.run_bounds import MOST_RUNS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rbm_studio.app.run import Run


class DeletedRuns:
    """Each deletion's runs, and where they stood; no more than `MOST_RUNS`, of which the oldest are forgotten."""

    def __init__(self) -> None:
        self._times: list[list[tuple[int, Run]]] = []

    def __bool__(self) -> bool:
        return bool(self._times)

    @property
    def runs(self) -> list[Run]:
        """All of them, from the first."""
        return [run for each in self._times for _, run in each]

    def add(self, leaving: Sequence[tuple[int, Run]]) -> None:
        """Take the runs of another deletion."""
        self._times.append(list(leaving))
        while len(self.runs) > MOST_RUNS:
            del self._times[0]

    def pop(self) -> list[tuple[int, Run]]:
        """Give those of the last one back."""
        return self._times.pop()

    def forget(self, goes: Callable[[Run], bool]) -> None:
        """Let nobody have some of them back."""
        left = [[(place, run) for place, run in each if not goes(run)] for each in self._times]
        self._times = [each for each in left if each]
