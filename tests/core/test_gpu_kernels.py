"""The GPU's kernels: their source, compiled for the host, against NumPy, and NumPy against what others publish."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.core import gpu_kernels
from rbm_studio.core.binarisation import BINARISATIONS
from rbm_studio.core.operations import HostOperations
from rbm_studio.core.random_numbers import Draw
from rbm_studio.core.updates import UPDATES, Step
from tests.core.compiled import NEEDS_A_COMPILER, CompiledModule
from tests.core.kernel_equivalents import HostPhilox, uniforms
from tests.core.stand_in import DeviceArray, RawModule, stand_in_gpu, wrap

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.updates import UpdateRule

MODULES = [
    pytest.param(RawModule, id="numpy"),
    pytest.param(CompiledModule, id="compiled", marks=NEEDS_A_COMPILER),
]
WIDTHS = [1, 2, 3, 4, 5, 33, 130, 517]
DRAW = Draw(seed=0x123456789ABCDEF0, call=2**33 + 5, width=0)


def drawn(width: int) -> Draw:
    return Draw(DRAW.seed, DRAW.call, width)


def operations(module: type[RawModule]) -> Any:
    return stand_in_gpu(module).operations


def beside(values: FloatArray) -> tuple[FloatArray, DeviceArray]:
    """Return a block of memory, NaN all around, and the part of it that holds these values."""
    whole = np.full((len(values) + 2, values.shape[1] + 3), np.nan, dtype=np.float32)
    inner = whole[1:-1, 1:-2]
    inner[...] = values
    return whole, wrap(inner)


def assert_untouched_around(whole: FloatArray) -> None:
    around = np.ones(whole.shape, dtype=np.bool_)
    around[1:-1, 1:-2] = False
    assert np.isnan(whole[around]).all()
    assert not np.isnan(whole[~around]).any()


def inputs(rows: int, columns: int) -> FloatArray:
    return np.random.default_rng(columns).normal(0, 4, (rows, columns)).astype(np.float32)


@pytest.mark.parametrize("beta", [1.0, 0.25])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("module", MODULES)
def test_units_and_their_samples(module: type[RawModule], width: int, beta: float) -> None:
    z, bias = inputs(5, width), inputs(1, width)[0]
    expected = 1 / (1 + np.exp(-beta * (z.astype(np.float64) + bias)))
    own = operations(module)
    whole, shown = beside(z)
    own.units(shown, wrap(bias), beta)
    np.testing.assert_allclose(shown.host, expected, atol=2e-7)
    assert_untouched_around(whole)

    # Label units may follow: a draw can be wider.
    draw = drawn(width + 3)
    numbers = uniforms(5, draw.quarter, draw.seed, draw.call)[:, :width]
    (first, probabilities), (second, states) = beside(z), beside(np.zeros_like(z))
    own.units(probabilities, wrap(bias), beta, draw, states)
    np.testing.assert_allclose(probabilities.host, expected, atol=2e-7)
    np.testing.assert_array_equal(states.host, probabilities.host > numbers)
    third, in_place = beside(z)
    own.units(in_place, wrap(bias), beta, draw, in_place)
    np.testing.assert_array_equal(in_place.host, states.host)
    fourth, sampled = beside(np.zeros_like(z))
    own.sample(probabilities, draw, sampled)
    np.testing.assert_array_equal(sampled.host, states.host)
    for block in (first, second, third, fourth):
        assert_untouched_around(block)


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("module", MODULES)
def test_groups_of_which_one_is_on(module: type[RawModule], classes: int) -> None:
    rows = 300
    z, bias = inputs(rows, classes), inputs(1, classes)[0]
    z[0, 0], z[1, 0] = 1e4, -1e4
    whole, group = beside(z)
    own, draw = operations(module), drawn(classes + 7)
    own.softmax_units(group, wrap(bias), 0.5)
    scores = 0.5 * (z.astype(np.float64) + bias)
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(group.host, probabilities, atol=1e-6)
    own.sample_softmax(group, draw, 7)
    uniform = uniforms(rows, draw.quarter, draw.seed, draw.call)[:, 7]
    chosen = np.minimum((probabilities.cumsum(axis=1) <= uniform[:, None]).sum(axis=1), classes - 1)
    assert (group.host.argmax(axis=1) == chosen).mean() > 0.99
    assert set(group.host.reshape(-1)) == {0.0, 1.0}
    assert (group.host.sum(axis=1) == 1).all()
    assert_untouched_around(whole)
    # Where the sums round to less than the uniform number.
    group[...] = 0.0
    own.sample_softmax(group, draw, 7)
    assert (group.host.argmax(axis=1) == classes - 1).all()
    assert (group.host.sum(axis=1) == 1).all()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("module", MODULES)
def test_cross_entropy_is_that_of_the_definition(module: type[RawModule], width: int) -> None:
    z, bias = inputs(6, width), inputs(1, width)[0]
    v = np.random.default_rng(1).random(z.shape, dtype=np.float32)
    whole, shown = beside(z)
    own = operations(module)
    nats = own.cross_entropy(wrap(v), shown, wrap(bias), shown)
    p = 1 / (1 + np.exp(-(z.astype(np.float64) + bias)))
    expected = -(v * np.log(p) + (1 - v) * np.log1p(-p)).sum(axis=1)
    np.testing.assert_allclose(nats.host, expected, rtol=1e-5)
    np.testing.assert_allclose(shown.host, p, atol=2e-7)
    assert_untouched_around(whole)
    assert own.read([[nats], [nats, nats]]) == pytest.approx([expected.sum(), 2 * expected.sum()], rel=1e-5)


@pytest.mark.parametrize("module", MODULES)
def test_extreme_inputs_stay_finite_and_nan_is_not_hidden(module: type[RawModule]) -> None:
    z = np.array([-1e4, -200, -87, 0, 87, 200, 1e4], dtype=np.float32).reshape(-1, 1)
    bias, own = wrap(np.zeros(1, dtype=np.float32)), operations(module)
    with np.errstate(over="ignore"):
        for target in (0.0, 1.0):
            shown = wrap(z.copy())
            nats = own.cross_entropy(wrap(np.full_like(z, target)), shown, bias, shown)
            expected = np.logaddexp(0, z[:, 0].astype(np.float64)) - target * z[:, 0]
            np.testing.assert_allclose(nats.host, expected, rtol=1e-6, atol=1e-6)
            np.testing.assert_allclose(shown.host[:, 0], [0, 0, 0, 0.5, 1, 1, 1], atol=1e-37)
        z[3] = np.nan
        assert np.isnan(own.cross_entropy(wrap(np.zeros_like(z)), wrap(z), bias, wrap(z)).host[3])
        shown = wrap(z.copy())
        own.units(shown, bias)
        assert np.isnan(shown.host[3])
        assert not np.isnan(shown.host[[0, 6]]).any()


class Rows:
    """A part of a batch, as far as `Operations.collect` looks at it."""

    def __init__(self, data: Any, model: Any, hidden_data: Any, hidden_model: Any) -> None:
        self.data, self.model, self.hidden_data, self.hidden_model = data, model, hidden_data, hidden_model


@pytest.mark.parametrize("pushes", [False, True])
@pytest.mark.parametrize(
    ("n", "m", "width", "hidden"), [(1, 1, 1, 1), (5, 3, 40, 7), (300, 257, 31, 33), (40, 600, 65, 97)]
)
@pytest.mark.parametrize("module", MODULES)
def test_sums_of_both_phases(module: type[RawModule], n: int, m: int, width: int, hidden: int, pushes: bool) -> None:
    rng = np.random.default_rng(0)
    shapes = ((n, width), (m, width), (n, hidden), (m, hidden))
    arrays = [rng.random(shape, dtype=np.float32) for shape in shapes]
    push = rng.random(hidden, dtype=np.float32) if pushes else None
    ours, theirs = Rows(*(wrap(array.copy()) for array in arrays)), Rows(*(array.copy() for array in arrays))
    own = operations(module)
    sums = own.collect(ours, None if push is None else wrap(push), 0.5, 0.25)
    host: Any = HostOperations()
    expected = host.collect(theirs, push, 0.5, 0.25)
    for found, total in zip(sums, expected, strict=True):
        np.testing.assert_allclose(found.host, total, rtol=1e-5)
    np.testing.assert_array_equal(ours.data.host, arrays[0])
    np.testing.assert_array_equal(ours.model.host, arrays[1])
    np.testing.assert_allclose(ours.hidden_data.host, theirs.hidden_data, rtol=1e-6)
    np.testing.assert_allclose(ours.hidden_model.host, theirs.hidden_model, rtol=1e-6)
    mean, difference = own.means(sums, n, m)
    np.testing.assert_allclose(mean.host[:width], arrays[0].mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(difference.host[width:], arrays[2].mean(axis=0) - arrays[3].mean(axis=0), atol=1e-6)


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("name", BINARISATIONS)
@pytest.mark.parametrize("module", MODULES)
def test_images_are_fetched_and_made_binary_in_one_pass(module: type[RawModule], name: str, grey: bool) -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(8, 32)
    images = levels.astype(np.float32) / np.float32(255) if grey else levels
    rows = np.array([7, 0, 3, 3], dtype=np.int64)
    whole, out = beside(np.zeros((4, 32), dtype=np.float32))
    expected, scratch = np.empty((4, 32), dtype=np.float32), np.empty((4, 32), dtype=np.float32)
    binarise, seed = BINARISATIONS[name], np.random.SeedSequence(1)
    source, other = stand_in_gpu(module).generator(seed), HostPhilox(seed)
    own = operations(module)
    own.show(wrap(images), wrap(rows), binarise, 0.4, source, out, out)
    HostOperations().show(images, rows, binarise, 0.4, other, expected, scratch)
    np.testing.assert_array_equal(out.host, expected)
    assert source.get_state() == other.get_state()
    assert_untouched_around(whole)


def source_of_rule(rule: UpdateRule) -> str:
    """Return a kernel for one number of each array that calls the rule's formula as CuPy's `ElementwiseKernel` does."""
    numbers, kept = rule.numbers(Step(0.1, 0.9, 3)), ("target", *rule.kept)
    parameters = [*(f"const float {name}" for name in ("gradient", *numbers)), *(f"float &{name}" for name in kept)]
    given = ["gradient[i]", *numbers, *(f"{name}[i]" for name in kept)]
    pointers = ["const float* gradient", *(f"float {name}" for name in numbers), *(f"float* {name}" for name in kept)]
    return (
        f"__device__ void rule({', '.join(parameters)}) {{ {rule.formula}; }}\n"
        f'extern "C" __global__ void update({", ".join(pointers)})\n'
        f"{{\n    const int i = threadIdx.x;\n    rule({', '.join(given)});\n}}\n"
    )


@NEEDS_A_COMPILER
@pytest.mark.parametrize("name", UPDATES)
def test_the_formula_of_an_update_rule_does_what_the_rule_does(name: str) -> None:
    rule, rng = UPDATES[name], np.random.default_rng(0)
    gradient, target, *kept = rng.random((2 + len(rule.kept), 50), dtype=np.float32)
    step = Step(0.1, 0.9, 3)
    arrays = [wrap(array.copy()) for array in (target, *kept)]
    numbers = map(np.float32, rule.numbers(step).values())
    CompiledModule(source_of_rule(rule)).get_function("update")((1,), (50,), (wrap(gradient.copy()), *numbers, *arrays))
    rule.apply(target, gradient, kept, step)
    for found, expected in zip(arrays, (target, *kept), strict=True):
        np.testing.assert_allclose(found.host, expected, rtol=1e-6)


@pytest.mark.parametrize("module", MODULES)
def test_nothing_to_do_is_no_kernel(module: type[RawModule]) -> None:
    own, nothing = operations(module), wrap(np.empty((0, 4), dtype=np.float32))
    bias = wrap(np.zeros(4, dtype=np.float32))
    own.units(nothing, bias)
    own.units(nothing, bias, 1.0, drawn(4), nothing)
    own.sample(nothing, drawn(4), nothing)
    own.softmax_units(nothing, bias)
    own.sample_softmax(nothing, drawn(4), 0)
    assert own.read([[own.cross_entropy(nothing, nothing, bias, nothing)], [1.5]]) == [0.0, 1.5]


@pytest.mark.skipif(
    importlib.util.find_spec("cupy") is None, reason="CuPy, whose compiler this needs, is not installed"
)
@pytest.mark.parametrize("architecture", ["sm_75", "sm_80", "sm_90"])
def test_the_gpus_compiler_takes_the_source(architecture: str) -> None:
    cupy: Any = importlib.import_module("cupy")
    nvrtc = cupy.cuda.nvrtc
    sources = [gpu_kernels.SOURCE, *map(source_of_rule, UPDATES.values())] + [
        gpu_kernels.source_of_show(binarise.formula, levels=levels)
        for binarise in BINARISATIONS.values()
        for levels in (False, True)
    ]
    for source in sources:
        program = nvrtc.createProgram(source, "kernels.cu", [], [])
        nvrtc.compileProgram(program, [f"--gpu-architecture={architecture}", "-ftz=true"])
        assert nvrtc.getCUBIN(program)
