from __future__ import annotations

from rbm_studio.app.epoch_history import EpochHistory
from rbm_studio.core.metrics import EpochRecord

ONE, TWO, THREE, OTHER = (EpochRecord(float(epoch), 0.1 * epoch) for epoch in (1, 2, 3, 7))


def grown(history: EpochHistory, *records: EpochRecord) -> EpochHistory:
    return history + records


def test_it_reads_as_a_tuple_does() -> None:
    history = grown(EpochHistory([ONE, TWO]), THREE)
    assert history == (ONE, TWO, THREE)
    assert history != (ONE, TWO)
    assert history != [ONE, TWO, THREE]
    assert hash(history) == hash(EpochHistory([ONE, TWO, THREE]))
    assert (len(history), history[0], history[-1]) == (3, ONE, THREE)
    assert history[1:] == (TWO, THREE)
    assert list(reversed(history)) == [THREE, TWO, ONE]
    assert not EpochHistory()


def test_it_stays_as_it_was_when_another_grows_from_it() -> None:
    first = EpochHistory([ONE])
    second = grown(first, TWO)
    third = grown(second, THREE)
    branch = grown(first, OTHER)
    again = grown(second, OTHER)
    assert [*map(tuple, (first, second, third))] == [(ONE,), (ONE, TWO), (ONE, TWO, THREE)]
    assert [*map(tuple, (branch, again))] == [(ONE, OTHER), (ONE, TWO, OTHER)]


def test_what_it_is_made_of_may_change_afterwards() -> None:
    records = [ONE]
    history = EpochHistory(records)
    records.append(TWO)
    assert history == (ONE,)


def test_it_grows_without_being_copied() -> None:
    history = EpochHistory([ONE])
    longer = history
    for _ in range(1000):
        longer = grown(longer, TWO)
    # The first one's records are the last one's: they were added to one list.
    assert longer._shared is history._shared
    assert len(history) == 1


def test_it_knows_the_last_figures_at_a_time() -> None:
    history = EpochHistory([ONE, TWO, THREE])
    assert history.at(0.5) is None
    assert history.at(1.0) == ONE
    assert history.at(2.9) == TWO
    assert history.at(100.0) == THREE
