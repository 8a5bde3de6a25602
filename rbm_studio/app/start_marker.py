"""Whether the last starts lived: a program that crashes as it starts must not do so for ever."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING

from platformdirs import user_state_path

from rbm_studio.app.locks import CannotLock, Holder, take_lock
from rbm_studio.atomic import write_whole
from rbm_studio.untrusted import open_ordinary

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtCore import QLockFile

SETTLED_S = 15
"""A program that has lived for so many seconds has started."""
MOST_CRASHES = 2
"""After so many starts in a row that did not live, the next one is plain."""

_COUNT, _STARTING = "crashes", ".starting"


def starts_path() -> Path:
    """Return the folder of the marks."""
    return user_state_path("rbm-studio", appauthor=False) / "starts"


class StartMarker:
    """Marks this start until it has lived for a while, and counts those before it that did not.

    Each start holds a lock, which a crash leaves without a holder; so programs that start at the same time do not take
    each other for crashed.

    Parameters
    ----------
    folder : Path
        See `starts_path`.

    Attributes
    ----------
    crashes : int
        Starts in a row that did not live, up to this one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: QLockFile | None = None
        self.crashes = 0
        # Where nothing can be written down, nothing is known of other starts either.
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            dead = sum(map(_take_away, folder.glob(f"*{_STARTING}")))
            self.crashes = self._count() + dead
            if dead:
                with contextlib.suppress(OSError):
                    write_whole(folder / _COUNT, lambda file: file.write(str(self.crashes).encode()))
            lock = take_lock(folder / f"{secrets.token_hex(6)}{_STARTING}")
            self._lock = None if isinstance(lock, Holder) else lock

    @property
    def is_plain(self) -> bool:
        """Whether this start should do without all that it could do without."""
        return self.crashes >= MOST_CRASHES

    def settle(self) -> None:
        """Note that this start has lived, or ended as it should."""
        if self._lock is not None:
            self._lock.unlock()
            self._lock = None
            with contextlib.suppress(OSError):
                os.unlink(self._folder / _COUNT)

    def _count(self) -> int:
        try:
            with open_ordinary(self._folder / _COUNT) as file:
                return min(max(int(file.read(8)), 0), MOST_CRASHES)
        except (OSError, ValueError):
            return 0


def _take_away(mark: Path) -> bool:
    """Remove the mark of a start whose program is dead, and tell whether it was."""
    try:
        lock = take_lock(mark)
    except CannotLock:
        return False
    if isinstance(lock, Holder):
        return False
    lock.unlock()
    return True
