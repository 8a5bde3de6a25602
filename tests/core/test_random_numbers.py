"""The GPU's random numbers: published answers, the kernels' own source, and what a file keeps of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rbm_studio.core import gpu_kernels
from rbm_studio.core.random_numbers import check_random_state
from tests.core.compiled import NEEDS_A_COMPILER, CompiledModule
from tests.core.kernel_equivalents import HostPhilox, philox, uniforms
from tests.core.stand_in import RawModule, stand_in_gpu, wrap

# Of Random123 (Salmon, Moraes, Dror & Shaw 2011), kat_vectors: counter, key, result.
KNOWN_ANSWERS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((2**32 - 1,) * 4, (2**32 - 1,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]
MODULES = [
    pytest.param(RawModule, id="numpy"),
    pytest.param(CompiledModule, id="compiled", marks=NEEDS_A_COMPILER),
]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_the_reference_gives_the_published_random_numbers(
    counter: tuple[int, ...], key: tuple[int, int], answer: tuple[int, ...]
) -> None:
    words = philox(tuple(np.array([word], dtype=np.uint64) for word in counter), key)
    assert tuple(int(word[0]) for word in words) == answer


@NEEDS_A_COMPILER
@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_the_kernels_give_the_published_random_numbers(
    counter: tuple[int, ...], key: tuple[int, int], answer: tuple[int, ...]
) -> None:
    numbers = np.array([*counter, *key], dtype=np.int64)
    answers = np.full(4, np.nan, dtype=np.float32)
    code = gpu_kernels.SOURCE + (
        'extern "C" __global__ void known(const long long* given, float* high, float* low)\n{\n'
        "    word c[4] = {(word)given[0], (word)given[1], (word)given[2], (word)given[3]};\n"
        "    philox(c, (word)given[4], (word)given[5]);\n"
        "    for (int i = 0; i < 4; ++i) { high[i] = c[i] >> 16; low[i] = c[i] & 0xFFFF; }\n}\n"
    )
    low = answers.copy()
    CompiledModule(code).get_function("known")((1,), (1,), (wrap(numbers), wrap(answers), wrap(low)))
    assert tuple(int(high) * 2**16 + int(rest) for high, rest in zip(answers, low, strict=True)) == answer


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 33, 130, 517])
@pytest.mark.parametrize("rows", [1, 7])
def test_uniform_numbers_of_every_width(module: type[RawModule], width: int, rows: int) -> None:
    out = wrap(np.full((rows, width), np.nan, dtype=np.float32))
    source = stand_in_gpu(module).generator(np.random.SeedSequence(3))
    source.random(out=out, dtype=np.float32)
    state = source.get_state()
    assert state["counter"] == 1
    quarter = -(-width // 4)
    np.testing.assert_array_equal(out.host, uniforms(rows, quarter, state["seed"], 0)[:, :width])
    assert out.host.min() >= 0
    assert out.host.max() < 1


def test_uniform_numbers_are_uniform_and_independent() -> None:
    source = HostPhilox(np.random.SeedSequence(7))
    first, second = (source.draw(np.empty((1000, 1001), dtype=np.float32)) for _ in range(2))
    count = first.size
    histogram = np.bincount((first.reshape(-1) * 64).astype(np.intp), minlength=64)
    # Chi-square with 63 degrees of freedom: above 113 once in ten thousand.
    assert ((histogram - count / 64) ** 2 / (count / 64)).sum() < 113
    pairs = [
        (first[:, :-1], first[:, 1:]), (first[:-1], first[1:]), (first[:, :-251], first[:, 251:]), (first, second),
    ]  # fmt: skip
    for one, other in pairs:
        assert abs(np.corrcoef(one.reshape(-1), other.reshape(-1))[0, 1]) < 5 / np.sqrt(one.size)


@pytest.mark.parametrize(
    "broken",
    [
        {"kind": "philox", "seed": -1, "counter": 0},
        {"kind": "philox", "seed": 1, "counter": 2**64},
        {"kind": "philox", "seed": 1.0, "counter": 0},
        {"kind": "philox", "seed": True, "counter": 0},
        {"kind": "philox", "seed": "1", "counter": 0},
        {"kind": "philox", "seed": 1},
        {"kind": "philox"},
        {"kind": "another", "seed": 1, "counter": 0},
        {},
    ],
)
def test_a_broken_random_state_is_refused(broken: dict[str, Any]) -> None:
    source = HostPhilox(np.random.SeedSequence(0))
    before = source.get_state()
    with pytest.raises((ValueError, KeyError, TypeError)):
        source.set_state(broken)
    with pytest.raises((ValueError, KeyError, TypeError)):
        check_random_state(broken)
    assert source.get_state() == before


def test_a_random_state_goes_on_where_it_was() -> None:
    source, other = (HostPhilox(np.random.SeedSequence(seed)) for seed in (1, 2))
    source.draw(np.empty((2, 3), dtype=np.float32))
    check_random_state(source.get_state())
    other.set_state(source.get_state())
    first, second = (each.draw(np.empty((4, 9), dtype=np.float32)) for each in (source, other))
    np.testing.assert_array_equal(first, second)
