"""How fast the machine is at this moment, so that a slow machine can be told from a slow program."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.timing import interleave

SIDE = 1024
"""Rows and columns of the matrices."""
TURNS = 1_000_000
"""Turns of the Python loop."""
_ROUNDS = 5


@dataclass(frozen=True)
class Calibration:
    """What two fixed pieces of work take.

    Attributes
    ----------
    product : float
        Seconds for a product of two float32 matrices of `SIDE` × `SIDE`, on all threads that BLAS uses.
    loop : float
        Seconds for a Python loop of `TURNS` additions.
    """

    product: float
    loop: float

    def __str__(self) -> str:
        speed = 2 * SIDE**3 / self.product / 1e9
        return (
            f"float32 product {SIDE}³ {1e3 * self.product:.1f} ms ({speed:.0f} GFLOP/s), "
            f"Python loop of {TURNS:,} {1e3 * self.loop:.0f} ms"
        )


def calibrate() -> Calibration:
    """Measure the machine; takes about half a second."""
    rng = np.random.default_rng(0)
    left, right = (rng.random((SIDE, SIDE), dtype=np.float32) for _ in range(2))
    out = np.empty_like(left)
    times = interleave({"product": lambda: np.matmul(left, right, out=out), "loop": _loop}, _ROUNDS)
    return Calibration(times.median("product"), times.median("loop"))


def _loop() -> int:
    total = 0
    for number in range(TURNS):
        total += number
    return total
