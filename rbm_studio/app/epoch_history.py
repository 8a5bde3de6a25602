"""The figures of a model's epochs: a history that grows costs what is added, however long it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rbm_studio.core.metrics import EpochRecord


class EpochHistory(Sequence["EpochRecord"]):
    """Records of epochs, in their order; never changed, as a tuple.

    A longer history shares the records of the one that it came from: ten thousand epochs are told of one by one, and
    a tuple would be copied each time.

    Parameters
    ----------
    records : sequence of EpochRecord
    """

    def __init__(self, records: Sequence[EpochRecord] = ()) -> None:
        self._shared = list(records)
        self._count = len(self._shared)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> EpochRecord: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[EpochRecord, ...]: ...

    def __getitem__(self, place: int | slice) -> EpochRecord | tuple[EpochRecord, ...]:
        if isinstance(place, slice):
            return tuple(self._shared[: self._count][place])
        return self._shared[range(self._count)[place]]

    def __iter__(self) -> Iterator[EpochRecord]:
        return (self._shared[place] for place in range(self._count))

    def __add__(self, records: Sequence[EpochRecord]) -> EpochHistory:
        """Return this history and what came after it."""
        longer = EpochHistory()
        # Behind this one's end lie another's records, if it was added to before.
        longer._shared = self._shared if len(self._shared) == self._count else self._shared[: self._count]
        longer._shared.extend(records)
        longer._count = len(longer._shared)
        return longer

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EpochHistory | tuple):
            return NotImplemented
        return tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def at(self, epochs: float) -> EpochRecord | None:
        """Return the last whole epoch's figures at a time, given in passes through the data; None before the first."""
        return next((record for record in reversed(self) if record.epoch <= epochs), None)
