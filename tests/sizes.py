"""How much the tests try that could go on for ever: a little each time, and far more in `make soak`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

IS_SOAK = bool(os.environ.get("RBM_STUDIO_SOAK"))


def sized(ordinary: int, soak: int) -> int:
    """Return a number of files, kills, steps or epochs for this run of the tests."""
    return soak if IS_SOAK else ordinary


def orders(runs: int, steps: int) -> settings:
    """Return how a state machine is run: the same orders each time, and in a soak others."""
    return settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=not IS_SOAK,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
