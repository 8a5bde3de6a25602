"""The experiments and models that were opened or saved last."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from rbm_studio.app.preferences import MOST_RECENT, RECENT, preferences

_PATIENCE_S = 0.2


class RecentFiles:
    """A list of paths in the user's settings, the newest first."""

    def __init__(self) -> None:
        # Each is asked about by one thread at most, which may wait for hours on a network drive that is gone.
        self._asked: dict[str, threading.Thread] = {}
        self._gone: set[str] = set()

    def paths(self) -> list[Path]:
        """Return those that still exist, and those of which that cannot be told at once."""
        names = preferences.value(RECENT)
        ends = time.monotonic() + _PATIENCE_S
        for name in names:
            if name not in self._asked:
                self._asked[name] = threading.Thread(target=self._ask, args=(name,), name="recent file", daemon=True)
                self._asked[name].start()
        for thread in [self._asked[name] for name in names]:
            thread.join(max(ends - time.monotonic(), 0))
        self._asked = {name: thread for name, thread in self._asked.items() if thread.is_alive()}
        return [Path(name) for name in names if name not in self._gone or name in self._asked]

    def _ask(self, name: str) -> None:
        # Unlike Path.is_file this is no error for a name that cannot be.
        if os.path.isfile(name):
            self._gone.discard(name)
        else:
            self._gone.add(name)

    def add(self, path: Path) -> None:
        """Put a path first."""
        newest = str(path.resolve())
        preferences.change(RECENT, lambda names: [newest, *(name for name in names if name != newest)][:MOST_RECENT])
