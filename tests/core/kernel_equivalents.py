"""The GPU's kernels in NumPy: what each is to do, with the arguments of its source."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.core.backend import CPU, Backend
from rbm_studio.core.operations import HostOperations
from rbm_studio.core.random_numbers import Philox

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.random_numbers import Draw

Words = tuple["NDArray[np.uint64]", ...]


def philox(counter: Words, key: tuple[int, int]) -> Words:
    """Return four words of 32 bits for a counter of four and a key of two: Philox4x32-10."""
    low = np.uint64(0xFFFFFFFF)
    c0, c1, c2, c3 = counter
    for number in range(10):
        k0, k1 = ((word + number * step) % 2**32 for word, step in zip(key, (0x9E3779B9, 0xBB67AE85), strict=True))
        first, second = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        high0, high1 = first >> np.uint64(32), second >> np.uint64(32)
        c0, c1, c2, c3 = high1 ^ c1 ^ np.uint64(k0), second & low, high0 ^ c3 ^ np.uint64(k1), first & low
    return c0, c1, c2, c3


def uniforms(rows: int, quarter: int, seed: int, call: int) -> FloatArray:
    """Return a draw's numbers, of shape (rows, 4 · quarter)."""
    seed, call = int(seed), int(call)
    index = np.arange(rows * quarter, dtype=np.uint64)
    halves = [np.full_like(index, half) for half in (call % 2**32, call >> 32)]
    counter = index & np.uint64(0xFFFFFFFF), index >> np.uint64(32), *halves
    words = np.stack(philox(counter, (seed % 2**32, seed >> 32)))
    numbers = (words >> np.uint64(8)).astype(np.float32) * np.float32(2.0**-24)
    # A place's four numbers lie a quarter of a row apart.
    return numbers.reshape(4, rows, quarter).transpose(1, 0, 2).reshape(rows, 4 * quarter)


def _logistic(z: FloatArray, out: FloatArray) -> None:
    with np.errstate(over="ignore"):
        out[...] = np.float32(1) / (np.exp(-z) + np.float32(1))


def fill_uniforms(out: FloatArray, _pitch: int, rows: int, columns: int, quarter: int, seed: int, call: int) -> None:
    out[...] = uniforms(rows, quarter, seed, call)[:, :columns]


def units(z: FloatArray, _pitch: int, _rows: int, _columns: int, bias: FloatArray, beta: np.float32) -> None:
    _logistic(beta * z + beta * bias, z)


def units_and_states(*args: Any) -> None:
    z, pitch, rows, columns, bias, beta, states, states_pitch, quarter, seed, call = args
    units(z, pitch, rows, columns, bias, beta)
    sample(z, pitch, rows, columns, states, states_pitch, quarter, seed, call)


def sample(*args: Any) -> None:
    probabilities, _, rows, columns, states, _, quarter, seed, call = args
    states[...] = probabilities > uniforms(rows, quarter, seed, call)[:, :columns]


def softmax_units(z: FloatArray, _pitch: int, _rows: int, _classes: int, bias: FloatArray, beta: np.float32) -> None:
    z[...] = beta * z + beta * bias
    z[...] = np.exp(z - z.max(axis=1, keepdims=True))
    z /= z.sum(axis=1, keepdims=True)


def sample_softmax(
    p: FloatArray, _pitch: int, rows: int, classes: int, column: int, quarter: int, seed: int, call: int
) -> None:
    uniform = uniforms(rows, quarter, seed, call)[:, column]
    chosen = (np.cumsum(p, axis=1)[:, :-1] <= uniform[:, None]).sum(axis=1)
    p[...] = np.arange(classes) == chosen[:, None]


def cross_entropy(*args: Any) -> None:
    v, _, z, _, _, bias, nats = args
    z += bias
    terms = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - v * z
    nats[...] = terms.sum(axis=1, dtype=np.float64)
    _logistic(z, z)


def collect(*args: Any) -> None:
    data, model, hidden_data, hidden_model, width, _, _, _, push, data_weight, model_weight, data_sums, model_sums = (
        args
    )
    for sums, visible, hidden in ((data_sums, data, hidden_data), (model_sums, model, hidden_model)):
        ones = np.ones(len(visible), dtype=np.float32)
        sums[:width], sums[width:] = ones @ visible, ones @ hidden
    if push is not None:
        hidden_data += push
    hidden_data *= data_weight
    hidden_model *= model_weight


def show(code: str) -> Callable[..., None]:
    """Return the kernel ``show`` that this source has, by its formula, which Python reads as C does."""
    found = re.search(r"pitch \+ column\] = (.*);[\s}]*$", code)
    assert found is not None
    formula, divisor = found[1], np.float32(255 if "255.0f" in code else 1)

    def run(*args: Any) -> None:
        images, places, rows, columns, out, _, threshold, quarter, seed, call = args
        assert (images.dtype == np.uint8) == (divisor == 255)
        values = {
            "value": images[places] / divisor,
            "uniform": uniforms(rows, quarter, seed, call)[:, :columns],
            "threshold": threshold,
        }
        out[...] = eval(formula, {}, values)

    return run


EQUIVALENTS: dict[str, Callable[..., None]] = {
    kernel.__name__: kernel
    for kernel in (
        fill_uniforms,
        units,
        units_and_states,
        sample,
        softmax_units,
        sample_softmax,
        cross_entropy,
        collect,
    )
}


class HostPhilox(Philox):
    """The GPU's random numbers on the CPU."""

    def __init__(self, seed: np.random.SeedSequence) -> None:
        super().__init__(seed, _fill)

    def draw(self, out: FloatArray) -> Any:
        """Return the numbers themselves, as the CPU wants them."""
        _fill(out, super().draw(out))
        return out

    def random(self, *, out: FloatArray, dtype: type[np.float32]) -> None:
        del dtype
        self.draw(out)


def _fill(out: FloatArray, draw: Draw) -> None:
    rows = out.size // max(draw.width, 1)
    out[...] = uniforms(rows, draw.quarter, draw.seed, draw.call)[:, : draw.width].reshape(out.shape)


class _SameNumbers(HostOperations):
    alignment = 32

    def generator(self, seed: np.random.SeedSequence) -> HostPhilox:
        return HostPhilox(seed)


CPU_WITH_THE_GPUS_NUMBERS = Backend(CPU.name, np, _SameNumbers())
"""The CPU's way with the GPU's random numbers, and as many units: so both can be compared bit by bit."""
