from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.core import kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rbm_studio.core.backend import FloatArray

EXTREMES = np.array([[-np.inf, -1e30, -1e4, -100.0, 0.0, 100.0, 1e4, 1e30]], dtype=np.float32)


def sigmoid(z: FloatArray) -> FloatArray:
    out = np.empty_like(z)
    kernels.sigmoid(z.copy(), out)
    return out


def cross_entropy(v: FloatArray, z: FloatArray, bias: FloatArray | None = None) -> tuple[float, FloatArray]:
    p = z.copy()
    own = np.zeros(z.shape[1], dtype=np.float32) if bias is None else bias
    return float(kernels.cross_entropy(v, p, own, np.empty_like(z))), p


def naive_sigmoid(z: FloatArray) -> NDArray[np.float64]:
    return 1.0 / (1.0 + np.exp(-z.astype(np.float64)))


@pytest.fixture
def inputs() -> FloatArray:
    return np.random.default_rng(0).uniform(-12.0, 12.0, (40, 30)).astype(np.float32)


def test_sigmoid_is_the_logistic_function(inputs: FloatArray) -> None:
    np.testing.assert_allclose(sigmoid(inputs), naive_sigmoid(inputs), rtol=1e-6)


def test_sigmoid_may_write_over_its_input(inputs: FloatArray) -> None:
    expected = sigmoid(inputs)
    kernels.sigmoid(inputs, inputs)
    np.testing.assert_array_equal(inputs, expected)


def test_sigmoid_of_extreme_inputs_lies_within_0_and_1_without_a_warning() -> None:
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        p = sigmoid(EXTREMES)
    np.testing.assert_allclose(p, [[0, 0, 0, 0, 0.5, 1, 1, 1]], atol=1e-37)


def test_nan_is_not_hidden() -> None:
    assert np.isnan(sigmoid(np.array([np.nan], dtype=np.float32))).all()


def test_cross_entropy_is_that_of_the_definition(inputs: FloatArray) -> None:
    rng = np.random.default_rng(1)
    v = rng.random(inputs.shape).astype(np.float32)
    bias = rng.normal(size=(30,)).astype(np.float32)
    total, p = cross_entropy(v, inputs, bias)
    q = naive_sigmoid(np.add(inputs, bias))
    expected = -(v * np.log(q) + (1.0 - v) * np.log(1.0 - q)).sum()
    assert total == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(p, q, rtol=1e-6)


@pytest.mark.parametrize(
    ("v", "z", "nats"),
    [
        (1.0, 100.0, 0.0),
        (0.0, 100.0, 100.0),
        (0.0, -100.0, 0.0),
        (0.0, 1e4, 1e4),
        (1.0, 1e4, 0.0),
        (0.25, 1e4, 7500.0),
        # Below -87 an input counts as -87, for float32 holds no larger power of e.
        (1.0, -100.0, 87.0),
        (1.0, -1e4, 87.0),
    ],
)
def test_cross_entropy_of_certain_units_is_finite_without_a_warning(v: float, z: float, nats: float) -> None:
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        total, _ = cross_entropy(np.array([[v]], dtype=np.float32), np.array([[z]], dtype=np.float32))
    assert total == pytest.approx(nats, abs=1e-4)


@pytest.mark.parametrize("size", [1, 7, 8, 9, 63, 64, 1000])
@pytest.mark.parametrize("z", [-1e4, -87.0, 0.0, 87.0])
def test_cross_entropy_of_many_units_is_that_of_one_times_their_number(size: int, z: float) -> None:
    v, inputs = np.ones((1, size), dtype=np.float32), np.full((1, size), z, dtype=np.float32)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        total, _ = cross_entropy(v, inputs)
    assert total == pytest.approx(size * np.log1p(np.exp(-max(z, -87.0))), rel=1e-6, abs=1e-2)


@pytest.mark.parametrize("size", [1, 8, 20])
def test_cross_entropy_does_not_hide_nan(size: int) -> None:
    z = np.zeros((1, size), dtype=np.float32)
    z[0, -1] = np.nan
    assert np.isnan(cross_entropy(np.ones_like(z), z)[0])


def test_cross_entropy_where_naive_float32_saturates() -> None:
    # At |z| = 20 a float32 probability rounds to 1, and ln(1 - p) of it would be infinite.
    total, _ = cross_entropy(np.zeros((1, 1), dtype=np.float32), np.full((1, 1), 20.0, dtype=np.float32))
    assert total == pytest.approx(20.0 + np.log1p(np.exp(-20.0)), rel=1e-7)


@pytest.mark.parametrize("rows", [1, 7, 50])
def test_arrays_larger_than_a_block_are_what_their_rows_are(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    v, z = rng.random((rows, 30)).astype(np.float32), rng.normal(size=(rows, 30)).astype(np.float32)
    bias = rng.normal(size=30).astype(np.float32)
    whole, p = cross_entropy(v, z, bias)
    units = z.copy()
    kernels.units(units, bias)
    monkeypatch.setattr(kernels, "_CACHED", 100)
    assert [part.stop - part.start for part in kernels.blocks(7, 30)] == [3, 3, 1]
    in_blocks, p_in_blocks = cross_entropy(v, z, bias)
    units_in_blocks = z.copy()
    kernels.units(units_in_blocks, bias)
    assert in_blocks == pytest.approx(whole, rel=1e-6)
    np.testing.assert_array_equal(p_in_blocks, p)
    np.testing.assert_array_equal(units_in_blocks, units)


def test_blocks_cover_all_rows_however_wide_they_are() -> None:
    for rows, width in ((0, 5), (1, 1 << 20), (10, 1 << 20), (1000, 784), (5, 0)):
        parts = kernels.blocks(rows, width)
        assert [row for part in parts for row in range(part.start, part.stop)] == list(range(rows))


def test_units_are_logistic_of_input_and_bias(inputs: FloatArray) -> None:
    bias = np.random.default_rng(1).normal(size=(30,)).astype(np.float32)
    expected = naive_sigmoid(np.add(inputs, bias))
    kernels.units(inputs, bias)
    np.testing.assert_allclose(inputs, expected, rtol=2e-6)


def test_units_with_extreme_inputs_are_certain() -> None:
    z = EXTREMES.copy()
    with np.errstate(over="ignore", invalid="raise", divide="raise"):
        kernels.units(z, np.zeros(z.shape[1], dtype=np.float32))
    np.testing.assert_allclose(z, [[0, 0, 0, 0, 0.5, 1, 1, 1]], atol=1e-37)


def test_units_do_not_hide_nan() -> None:
    z = np.full((1, 3), np.nan, dtype=np.float32)
    kernels.units(z, np.zeros(3, dtype=np.float32))
    assert np.isnan(z).all()


@pytest.mark.parametrize("scale", [1.0, 1e4, 1e30])
def test_softmax_units_are_those_of_the_definition(scale: float) -> None:
    rng = np.random.default_rng(0)
    z, bias = (scale * rng.normal(size=(20, 5))).astype(np.float32), rng.normal(size=5).astype(np.float32)
    scores = z.astype(np.float64) + bias
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        kernels.softmax_units(z, bias)
    np.testing.assert_allclose(z, powers / powers.sum(axis=1, keepdims=True), atol=1e-5 if scale == 1 else 1e-3)
    np.testing.assert_allclose(z.sum(axis=1), 1.0, rtol=1e-6)


def test_one_unit_of_a_group_is_on_as_often_as_its_probability_says() -> None:
    p = np.array([0.1, 0.0, 0.6, 0.3, 0.0], dtype=np.float32)
    n = 20_000
    samples = np.tile(p, (n, 1))
    kernels.sample_softmax(samples, np.random.default_rng(0).random(n, dtype=np.float32))
    assert set(np.unique(samples)) == {0.0, 1.0}
    np.testing.assert_array_equal(samples.sum(axis=1), 1.0)
    assert np.all(np.abs(samples.mean(axis=0) - p) <= 4.0 * np.sqrt(p * (1 - p) / n))


def test_the_last_unit_of_a_group_takes_what_rounding_leaves() -> None:
    p = np.array([[0.5, 0.25, 0.2499], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], dtype=np.float32)
    kernels.sample_softmax(p, np.array([0.99999, 0.0, 0.0], dtype=np.float32))
    np.testing.assert_array_equal(p, [[0, 0, 1], [1, 0, 0], [0, 0, 1]])


def test_samples_are_0_or_1_and_have_their_probabilities_as_means() -> None:
    rng = np.random.default_rng(0)
    p = np.array([0.0, 0.01, 0.3, 0.5, 0.99, 1.0], dtype=np.float32)
    n = 20_000
    probabilities = np.tile(p, (n, 1))
    samples = np.empty_like(probabilities)
    kernels.sample(probabilities, rng.random((n, len(p)), dtype=np.float32), samples)
    assert samples.dtype == np.float32
    assert set(np.unique(samples)) == {0.0, 1.0}
    assert np.all(np.abs(samples.mean(axis=0) - p) <= 4.0 * np.sqrt(p * (1 - p) / n))


def test_impossible_units_stay_off_at_a_random_number_of_0() -> None:
    out = np.empty(2, dtype=np.float32)
    kernels.sample(np.array([0.0, 1.0], dtype=np.float32), np.zeros(2, dtype=np.float32), out)
    np.testing.assert_array_equal(out, [0.0, 1.0])
