"""How much the tests try that could go on for ever: a little each time, and far more in `make soak`."""

from __future__ import annotations

import os

IS_SOAK = bool(os.environ.get("RBM_STUDIO_SOAK"))


def sized(ordinary: int, soak: int) -> int:
    """Return a number of files, kills, steps or epochs for this run of the tests."""
    return soak if IS_SOAK else ordinary
