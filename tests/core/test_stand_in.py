"""The stand-in for CuPy refuses what CuPy refuses, and offers nothing that CuPy has not."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rbm_studio.core.gpu_kernels import SOURCE
from tests.core.stand_in import FUNCTIONS, METHODS, UFUNCS, DeviceArray, RawModule, StandIn, wrap

if TYPE_CHECKING:
    from collections.abc import Callable

xp = StandIn()


def array() -> Any:
    return wrap(np.ones((2, 3), dtype=np.float32))


@pytest.mark.parametrize(
    "mistake",
    [
        lambda a: np.exp(a),
        lambda a: np.add(a, a),
        lambda a: np.add.reduce(a),
        lambda a: np.sum(a),
        lambda a: np.concatenate([a, a]),
        lambda a: np.asarray(a),
        lambda a: np.float32(a),
        lambda a: np.linalg.norm(a),
        lambda a: np.copyto(np.empty((2, 3), dtype=np.float32), a),
        lambda a: np.multiply(np.ones((2, 3), dtype=np.float32), 2, out=a),
        lambda a: a + np.ones((2, 3)),
        lambda a: np.ones((2, 3)) * a,
        lambda a: xp.maximum(a, np.ones((2, 3))),
        lambda a: a @ np.ones((3, 2)),
        lambda a: np.ones((2, 3)).__setitem__(0, a),
        lambda a: a.__setitem__(0, np.ones(3)),
    ],
)
def test_numpy_may_not_touch_it(mistake: Callable[[Any], Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        mistake(array())


def test_what_cupy_does_not_have_it_does_not_have_either() -> None:
    with pytest.raises(AttributeError):
        xp.logaddexp(array(), array())
    with pytest.raises(AttributeError):
        _ = array().ctypes
    with pytest.raises(AssertionError):
        xp.exp(array(), where=array() > 0)


def test_numbers_and_its_own_arrays_pass() -> None:
    a = array()
    b = a
    b += np.float32(1) * a - 0.5
    assert b is a
    np.testing.assert_array_equal(a.get(), np.full((2, 3), 1.5))
    out = xp.empty((2, 3), dtype=np.float32)
    assert np.isnan(out.get()).all()
    assert xp.greater(a, np.float32(1), out=out, casting="unsafe") is out
    a[:, 1:] = 0.0
    np.testing.assert_array_equal((a @ a.T).get(), [[2.25, 2.25], [2.25, 2.25]])


def test_each_wait_is_counted() -> None:
    before = DeviceArray.waits
    a = array()
    a *= 2
    assert DeviceArray.waits == before
    a.get()
    float(a.sum())
    assert DeviceArray.waits == before + 2


def kernel_arguments() -> list[Any]:
    z = array()
    return [z, np.int32(3), np.int32(2), np.int32(3), wrap(np.zeros(3, dtype=np.float32)), np.float32(1)]


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (0, wrap(np.ones((2, 3)))),
        (0, np.ones((2, 3), dtype=np.float32)),
        (1, 3),
        (1, np.int64(3)),
        (1, np.int32(4)),
        (5, 1.0),
        (5, np.float64(1)),
    ],
)
def test_a_kernel_is_given_what_its_source_asks_for(place: int, wrong: Any) -> None:
    kernel = RawModule(SOURCE).get_function("units")
    kernel((1, 2), (128,), tuple(kernel_arguments()))
    given = kernel_arguments()
    given[place] = wrong
    with pytest.raises(AssertionError):
        kernel((1, 2), (128,), tuple(given))
    with pytest.raises(AssertionError):
        kernel((1, 2), (128,), tuple(kernel_arguments()[:-1]))


@pytest.mark.skipif(importlib.util.find_spec("cupy") is None, reason="CuPy is not installed")
def test_cupy_has_all_of_it() -> None:
    cupy: Any = importlib.import_module("cupy")
    for name in (*UFUNCS, *FUNCTIONS, "array", "asarray", "empty", "matmul", "RawModule", "ElementwiseKernel"):
        assert hasattr(cupy, name), name
    for name in (*METHODS, "get", "T", "strides", "itemsize"):
        assert hasattr(cupy.ndarray, name), name
    for name, keywords in FUNCTIONS.items():
        if keywords:
            assert set(keywords) <= set(inspect.signature(getattr(cupy, name)).parameters), name
