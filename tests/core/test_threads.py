from __future__ import annotations

import threading
import time
import warnings

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

from rbm_studio.core.threads import Threads, blas_threads


@pytest.mark.parametrize("count", [1, 2, 3, 8])
@pytest.mark.parametrize("items", [0, 1, 2, 3, 7, 20])
def test_results_come_in_the_order_of_the_items(count: int, items: int) -> None:
    assert Threads(count).map(lambda item: item * item, range(items)) == [item * item for item in range(items)]


def test_items_are_shared_by_as_many_threads_and_the_callers_own_is_one() -> None:
    together = threading.Barrier(3, timeout=30)

    def meet(item: int) -> int:
        # Each of three waits here for the two others: they are there at the same time.
        together.wait()
        return threading.get_ident() if item >= 0 else 0

    idents = Threads(3).map(meet, range(3))
    assert len(set(idents)) == 3
    assert idents[0] == threading.get_ident()


@pytest.mark.parametrize("failing", [0, 1])
def test_an_exception_comes_when_all_threads_are_done(failing: int) -> None:
    together = threading.Barrier(3, timeout=30)
    done: list[int] = []

    def work(item: int) -> None:
        together.wait()
        if item == failing:
            raise KeyboardInterrupt
        # It takes far longer than to raise.
        done.append(sum(range(3_000_000)))

    with pytest.raises(KeyboardInterrupt):
        Threads(3).map(work, range(3))
    assert len(done) == 2


def test_one_item_or_one_thread_needs_no_other() -> None:
    own = threading.get_ident()
    assert Threads(4).map(lambda _: threading.get_ident(), [1]) == [own]
    assert Threads(1).map(lambda _: threading.get_ident(), [1, 2, 3]) == [own] * 3


@pytest.mark.parametrize("place", [0, 1])
def test_what_goes_wrong_in_any_thread_is_raised(place: int) -> None:
    def fail(item: int) -> int:
        if item == place:
            raise ZeroDivisionError(item)
        return item

    with pytest.raises(ZeroDivisionError, match=str(place)):
        Threads(2).map(fail, range(2))
    assert Threads(2).map(abs, [-1, -2]) == [1, 2]


def limit() -> int:
    """Return what BLAS is limited to at this moment."""
    counts: list[int] = [library["num_threads"] for library in ThreadpoolController().select(user_api="blas").info()]
    return max(counts)


def test_blas_has_one_thread_in_each_of_ours_and_all_of_them_after() -> None:
    with threadpool_limits(limits=2, user_api="blas"):
        assert Threads(2).map(lambda _: limit(), range(2)) == [1, 1]
        assert limit() == 2
        # Whoever asks meanwhile hears what holds at other times.
        assert Threads(2).map(lambda _: blas_threads(), range(2)) == [2, 2]


def test_blas_has_all_its_threads_after_an_error_too() -> None:
    with threadpool_limits(limits=2, user_api="blas"):
        with pytest.raises(ZeroDivisionError):
            Threads(2).map(lambda item: 1 // item, range(2))
        assert limit() == 2


def test_two_callers_neither_wait_for_each_other_nor_undo_each_others_limits() -> None:
    first_is_in, second_is_done = threading.Event(), threading.Event()
    results: list[list[int]] = []

    def stay(item: int) -> int:
        first_is_in.set()
        assert second_is_done.wait(30)
        return item

    # Not as a context: then no other thread may set limits.
    outer = threadpool_limits(limits=2, user_api="blas")
    first = threading.Thread(target=lambda: results.append(Threads(2).map(stay, range(4))))
    first.start()
    assert first_is_in.wait(30)
    assert len(set(Threads(2).map(lambda _: threading.get_ident(), range(2)))) == 2
    assert limit() == 1
    assert blas_threads() == 2
    second_is_done.set()
    first.join()
    assert results == [[0, 1, 2, 3]]
    assert limit() == 2
    outer.restore_original_limits()


@pytest.mark.parametrize("longer", [0, 1], ids=["the first leaves last", "the second leaves last"])
def test_the_limit_ends_with_whoever_leaves_last(longer: int) -> None:
    first_is_in, both_are_in, one_is_out, all_is_seen = (threading.Event() for _ in range(4))
    seen: list[int] = []

    def call(place: int) -> None:
        def work(item: int) -> int:
            if item == 0:
                (both_are_in if place else first_is_in).set()
                assert both_are_in.wait(30)
                if place == longer:
                    assert one_is_out.wait(30)
                seen.append(limit())
            return item

        assert Threads(2).map(work, range(4)) == [0, 1, 2, 3]
        one_is_out.set()
        # Both live on: threadpoolctl would heed the first of them only.
        assert all_is_seen.wait(30)

    with threadpool_limits(limits=2, user_api="blas"):
        callers = [threading.Thread(target=call, args=(place,)) for place in range(2)]
        callers[0].start()
        assert first_is_in.wait(30)
        callers[1].start()
        end = time.monotonic() + 30
        while (len(seen) < 2 or limit() != 2) and time.monotonic() < end:
            pass
        assert limit() == 2
        all_is_seen.set()
        for caller in callers:
            caller.join()
    assert seen == [1, 1]


def test_a_limit_that_somebody_set_is_heeded() -> None:
    with threadpool_limits(limits=1, user_api="blas"):
        assert blas_threads() == 1


def test_what_the_caller_silenced_is_silent_in_all_threads() -> None:
    large = np.full(3, 3e38, dtype=np.float32)
    with warnings.catch_warnings(), np.errstate(over="ignore"):
        warnings.simplefilter("error")
        results = Threads(2).map(lambda _: large * large, range(2))
    assert np.isinf(results).all()
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        # The first item is the caller's own: the second one raises.
        Threads(2).map(lambda item: large * large if item else large, range(2))


def test_threads_of_another_number_can_follow() -> None:
    for count in (2, 4, 2, 3):
        assert Threads(count).map(abs, range(9)) == list(range(9))
