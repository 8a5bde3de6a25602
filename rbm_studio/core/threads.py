"""Threads that share the work of one step: NumPy's elementwise loops use one core, and let go of the interpreter."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from threadpoolctl import OpenBLASController, ThreadpoolController

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from threadpoolctl import threadpool_limits

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Alone:
    """Keeps BLAS to one thread while somebody wants that: several may at once, and the limit is the whole process's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted = 0
        self._before = 1
        self._limit: threadpool_limits | None = None

    def threads(self) -> int:
        """Return how many threads BLAS may use when nobody keeps it to one."""
        with self._lock:
            return self._before if self._wanted else _count()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if not self._wanted:
                self._before = _count()
                _take_control()
                self._limit = _blas().limit(limits=1)
            self._wanted += 1
        try:
            yield
        finally:
            with self._lock:
                self._wanted -= 1
                if not self._wanted and self._limit is not None:
                    _take_control()
                    self._limit.restore_original_limits()


@lru_cache(maxsize=1)
def _blas() -> ThreadpoolController:
    # To look for the libraries takes milliseconds; NumPy's is loaded before this module is.
    return ThreadpoolController().select(user_api="blas")


def _take_control() -> None:
    """Let the calling thread set the limit: threadpoolctl 3.7 and later heed only the first of the living that did."""
    clear = getattr(OpenBLASController, "clear_controlling_thread", None)
    if clear is not None:
        clear(force=True)


def _count() -> int:
    counts: list[int] = [library["num_threads"] for library in _blas().info()]
    return min(counts) if counts else (os.cpu_count() or 1)


_NAMED = ("internal_api", "version", "architecture")
_alone = _Alone()
_own = threading.local()


def blas_threads() -> int:
    """Return how many threads BLAS may use: the cores, or what somebody limited it to."""
    return _alone.threads()


def blas_name() -> str:
    """Return which BLAS computes, and for which processor, such as ``"OpenBLAS 0.3.31 Haswell"``; "" if not known."""
    found = [" ".join(filter(None, map(each.get, _NAMED))) for each in _blas().info()]
    return ", ".join(dict.fromkeys(name.replace("openblas", "OpenBLAS") for name in found))


def _helpers(count: int) -> ThreadPoolExecutor:
    """Return helpers of the calling thread's own: a long sum in the background must not keep a training waiting."""
    pool: tuple[int, ThreadPoolExecutor] | None = getattr(_own, "pool", None)
    if pool is None or pool[0] != count:
        pool = _own.pool = (count, ThreadPoolExecutor(count, thread_name_prefix="rbm-step"))
    return pool[1]


class Threads:
    """Some threads, the caller's own among them.

    Parameters
    ----------
    count : int
        At least 1.
    """

    def __init__(self, count: int) -> None:
        self.count = count

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """Call a function on each item, the items dealt out evenly, and return the results in order.

        With more than one thread BLAS uses a single thread for each of them meanwhile. An exception comes when all
        threads are done.
        """
        count = min(self.count, len(items))
        if count <= 1:
            return [function(item) for item in items]

        def share(first: int) -> list[Result]:
            return [function(item) for item in items[first::count]]

        with _alone():
            # In the caller's context, which has what NumPy shall warn of.
            others = [_helpers(self.count - 1).submit(copy_context().run, share, first) for first in range(1, count)]
            try:
                shares = [share(0), *(other.result() for other in others)]
            except BaseException:
                # Also after Ctrl+C: what the caller does next must not meet threads that still write.
                wait(others)
                raise
        results: list[Result] = [shares[place % count][place // count] for place in range(len(items))]
        return results
