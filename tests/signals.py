"""Programs that a test sends signals to."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMES = ("SIGINT", "SIGHUP", "SIGQUIT")


@contextmanager
def heeded() -> Iterator[None]:
    """Let a program that is started meanwhile heed what those that run the tests may ignore: nohup, a shell's ``&``."""
    ignored = [
        number
        for name in _NAMES
        if (number := getattr(signal, name, None)) is not None and signal.getsignal(number) is signal.SIG_IGN
    ]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)
