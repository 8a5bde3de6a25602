"""Random numbers for the units of a step: the CPU's one after the other, the GPU's by counting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from rbm_studio.core.backend import FloatArray

_WORDS_END = 2**64


class RandomSource(Protocol):
    """A sequence of uniform numbers in [0, 1)."""

    def random(self, *, out: Any, dtype: Any) -> Any:
        """Write the next numbers to ``out`` (as `numpy.random.Generator.random`)."""

    def draw(self, out: Any) -> Any:
        """Return the next numbers, of the shape of ``out`` (n, D), in the form that the device's operations take.

        They may have been written to ``out``.
        """

    def get_state(self) -> dict[str, Any]:
        """Return where the sequence stands, as numbers that JSON can hold."""

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from where a sequence stood.

        Raises
        ------
        ValueError, KeyError, TypeError, OverflowError
            If that is not what `get_state` returned.
        """


class Uniforms:
    """Uniform numbers with 16 random bits, many times as fast as `numpy.random.Generator.random` gives 24.

    They are (n + 1/2) / 2¹⁶: a unit's probability is off by at most 2⁻¹⁷ when it is compared with one.
    """

    kind = "SFC64"

    def __init__(self, seed: np.random.SeedSequence) -> None:
        self._bits = np.random.SFC64(seed)

    def random(self, *, out: FloatArray, dtype: type[np.float32]) -> None:
        """Write the next numbers; see `RandomSource`."""
        words = self._bits.random_raw((out.size + 3) // 4).view(np.uint16)[: out.size].reshape(out.shape)
        np.multiply(words, dtype(2.0**-16), out=out)
        np.add(out, dtype(2.0**-17), out=out)

    def draw(self, out: FloatArray) -> FloatArray:
        """Return the next numbers, in ``out``; see `RandomSource`."""
        self.random(out=out, dtype=np.float32)
        return out

    def get_state(self) -> dict[str, Any]:
        """Return where the sequence stands; see `RandomSource`."""
        state = self._bits.state["state"]["state"]
        return {"kind": self.kind, "state": [int(word) for word in state]}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from where a sequence stood; see `RandomSource`."""
        if state["kind"] != self.kind:
            raise ValueError(state["kind"])
        words = np.array(state["state"], dtype=np.uint64)
        if words.shape != (4,):
            raise ValueError(words.shape)
        self._bits.state = {
            "bit_generator": self.kind, "state": {"state": words}, "has_uint32": 0, "uinteger": 0,
        }  # fmt: skip


@dataclass(frozen=True)
class Draw:
    """Uniform numbers that a kernel makes when it needs them, of Philox4x32-10 (Salmon et al., SC 2011).

    Attributes
    ----------
    seed : int
        The key.
    call : int
        The upper half of the counter; the lower half counts fours of numbers, row by row.
    width : int
        How many numbers a row has.
    """

    seed: int
    call: int
    width: int

    @property
    def quarter(self) -> int:
        """How far apart in a row the four numbers lie that one value of the counter gives."""
        return -(-self.width // 4)


class Philox:
    """Random numbers that depend on a key and on how many draws there were before: two whole numbers are their state.

    Parameters
    ----------
    seed : numpy.random.SeedSequence
    fill : callable
        Writes a draw to an array of the device.
    """

    kind = "philox"

    def __init__(self, seed: np.random.SeedSequence, fill: Callable[[FloatArray, Draw], None]) -> None:
        self._seed = int(seed.generate_state(1, np.uint64)[0])
        self._calls = 0
        self._fill = fill

    def random(self, *, out: FloatArray, dtype: type[np.float32]) -> None:
        """Write the next numbers; see `RandomSource`."""
        del dtype
        self._fill(out, self.draw(out))

    def draw(self, out: FloatArray) -> Draw:
        """Return how to make the next numbers; see `RandomSource`."""
        self._calls += 1
        return Draw(self._seed, self._calls - 1, out.shape[-1])

    def get_state(self) -> dict[str, Any]:
        """Return where the sequence stands; see `RandomSource`."""
        return {"kind": self.kind, "seed": self._seed, "counter": self._calls}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from where a sequence stood; see `RandomSource`."""
        check_philox(state)
        self._seed, self._calls = state["seed"], state["counter"]


def check_philox(state: dict[str, Any]) -> None:
    """Raise ValueError, KeyError or TypeError if that is not what `Philox.get_state` returned."""
    numbers = state["seed"], state["counter"]
    are_words = all(type(number) is int and 0 <= number < _WORDS_END for number in numbers)
    if state["kind"] != Philox.kind or not are_words:
        raise ValueError(state)


def check_random_state(state: dict[str, Any]) -> None:
    """Raise ValueError, KeyError, TypeError or OverflowError if no `RandomSource.get_state` returned that."""
    if state["kind"] == Philox.kind:
        check_philox(state)
        return
    source = Uniforms(np.random.SeedSequence(0))
    source.set_state(state)
    # NumPy makes whole numbers of others.
    if source.get_state() != state:
        raise ValueError(state)
