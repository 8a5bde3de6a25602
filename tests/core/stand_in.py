"""CuPy's stand-in where there is no GPU: arrays that NumPy must not touch, and no function that CuPy does not have.

Memory of such an array is the host's, but it reaches the host only as from a GPU: by ``get`` or as a single number,
and each such wait is counted. Kernels run as the NumPy of `tests.core.kernel_equivalents`, or as their own source,
compiled for the host by `tests.core.compiled`. What a kernel takes is checked against its source: CuPy does not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from rbm_studio.core.backend import Backend
from rbm_studio.core.gpu_operations import GPUOperations
from tests.core.kernel_equivalents import EQUIVALENTS, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

UFUNCS = (
    "add", "clip", "divide", "equal", "exp", "greater", "log", "maximum", "minimum", "multiply", "negative", "sign",
    "sqrt", "subtract",
)  # fmt: skip
FUNCTIONS = {
    "arange": (),
    "ascontiguousarray": (),
    "concatenate": (),
    "copyto": ("where",),
    "cumsum": ("axis",),
    "einsum": (),
    "empty_like": (),
    "full": ("dtype",),
    "nan_to_num": ("copy", "nan", "posinf", "neginf"),
    "ones": ("dtype",),
    "vdot": (),
    "zeros": ("dtype",),
}
"""And which keywords of each may be used."""
METHODS = ("any", "astype", "copy", "max", "min", "ravel", "reshape", "sum")
ARGUMENT_TYPES: dict[str, type[np.generic]] = {
    "const float*": np.float32,
    "float*": np.float32,
    "double*": np.float64,
    "const unsigned char*": np.uint8,
    "const long long*": np.int64,
    "int": np.int32,
    "float": np.float32,
    "count": np.uint64,
}


class DeviceArray:
    """An array on the device.

    Parameters
    ----------
    host : ndarray
        Its memory.

    Attributes
    ----------
    waits, sent : int
        How many times the host has waited for a device so far, and how many arrays it has sent to one.
    """

    waits: ClassVar[int] = 0
    sent: ClassVar[int] = 0
    __array_ufunc__ = None  # No function of NumPy's; in a sum with one of its numbers to the left, the array's turn.

    def __init__(self, host: NDArray[Any]) -> None:
        self.host = host

    def __array__(self, *_: Any, **__: Any) -> NDArray[Any]:
        raise TypeError("NumPy was to take an array of the device for its own.")

    def __array_function__(self, function: Any, *_: Any) -> Any:
        raise TypeError(f"NumPy's {function.__name__} was called on an array of the device.")

    def get(self) -> NDArray[Any]:
        """Return a copy in host memory."""
        DeviceArray.waits += 1
        return self.host.copy()

    def __float__(self) -> float:
        return float(self.get())

    def __bool__(self) -> bool:
        return bool(self.get())

    def __neg__(self) -> DeviceArray:
        return wrap(-self.host)

    def __len__(self) -> int:
        return len(self.host)

    def __getitem__(self, key: Any) -> DeviceArray:
        return wrap(self.host[unwrap(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        # So that `array[...] += x`, which sets an item to itself, is that.
        self.host[unwrap(key)] = unwrap(value)

    def __getattr__(self, name: str) -> Any:
        if name in ("shape", "dtype", "size", "ndim", "strides", "itemsize", "flags"):
            return getattr(self.host, name)
        if name == "T":
            return wrap(self.host.T)
        if name in METHODS:
            method = getattr(self.host, name)
            return lambda *args, **kwargs: wrap(method(*args, **kwargs))
        raise AttributeError(f"CuPy's arrays have no {name}, or it is new here: then see that they have it.")


def _operator(name: str) -> Callable[[DeviceArray, Any], Any]:
    def apply(self: DeviceArray, other: Any) -> Any:
        result = getattr(self.host, name)(unwrap(other))
        # In place it is the array itself, as for NumPy.
        return self if result is self.host else wrap(result)

    return apply


for _name in ("add", "sub", "mul", "truediv", "matmul"):
    for _kind in ("", "r", "i"):
        setattr(DeviceArray, f"__{_kind}{_name}__", _operator(f"__{_kind}{_name}__"))
for _name in ("lt", "le", "gt", "ge"):
    setattr(DeviceArray, f"__{_name}__", _operator(f"__{_name}__"))


def wrap(host: Any) -> DeviceArray:
    """Return an array of the device with this memory; CuPy has no numbers, but arrays without axes."""
    return DeviceArray(host if isinstance(host, np.ndarray) else np.array(host))


def unwrap(value: Any) -> Any:
    """Return the memory of what is on the device; numbers pass, and host arrays are refused as by CuPy."""
    if isinstance(value, DeviceArray):
        return value.host
    if isinstance(value, np.ndarray):
        raise TypeError("A host array was given to the device.")
    if isinstance(value, tuple | list):
        return type(value)(unwrap(each) for each in value)
    return value


class RawKernel:
    """A kernel by its source, which looks at what it is given."""

    def __init__(self, code: str, name: str, run: Callable[..., None]) -> None:
        found = re.search(rf"__global__ void {name}\((.*?)\)\s*\{{", code, re.DOTALL)
        assert found is not None, name
        self.parameters = [parameter.strip().rsplit(" ", 1) for parameter in found[1].split(",")]
        self.run = run

    def __call__(self, grid: tuple[int, ...], block: tuple[int, ...], args: tuple[Any, ...]) -> None:
        assert len(args) == len(self.parameters)
        previous: Any = None
        pitched = {place - 1 for place, (_, name) in enumerate(self.parameters) if name.endswith("pitch")}
        for place, ((kind, name), value) in enumerate(zip(self.parameters, args, strict=True)):
            if kind.endswith("*"):
                assert value is None or type(value) is DeviceArray, (name, type(value))
                assert value is None or value.dtype == ARGUMENT_TYPES[kind], (name, value.dtype)
                assert value is None or place in pitched or value.flags.c_contiguous, name
            else:
                assert type(value) is ARGUMENT_TYPES[kind], (name, type(value))
            if name.endswith("pitch"):
                assert previous.strides[0] == value * previous.itemsize, name
                assert previous.strides[1] == previous.itemsize, name
            previous = value
        assert 1 <= np.prod(block) <= 1024
        assert all(1 <= size <= most for size, most in zip(grid, (2**31 - 1, 65_535, 65_535), strict=False))
        self.run(grid, block, *map(unwrap, args))


class RawModule:
    """Kernels by their source."""

    def __init__(self, code: str) -> None:
        self.code = code

    def get_function(self, name: str) -> RawKernel:
        """Return a kernel that runs as NumPy."""
        equivalent = show(self.code) if name == "show" else EQUIVALENTS[name]
        return RawKernel(self.code, name, lambda _grid, _block, *args: equivalent(*args))


class ElementwiseKernel:
    """A formula of C that Python reads in the same way."""

    def __init__(self, in_params: str, out_params: str, operation: str, name: str) -> None:
        assert name.isidentifier()
        self.inputs, self.outputs = ([each.split() for each in text.split(", ")] for text in (in_params, out_params))
        self.operation = operation

    def __call__(self, *args: Any) -> Any:
        names = [name for kind, name in self.inputs + self.outputs if kind == "float32"]
        assert len(args) in (len(self.inputs), len(names))
        assert all(value.dtype == np.float32 for value in args)
        values = dict(zip(names, map(unwrap, args), strict=False))
        exec(self.operation, {"sqrt": np.sqrt}, values)
        if len(args) == len(self.inputs):
            return tuple(wrap(values[name]) for _, name in self.outputs)
        for (_, name), out in zip(self.outputs, args[len(self.inputs) :], strict=True):
            out[...] = wrap(values[name])
        return None


class StandIn:
    """The namespace."""

    ElementwiseKernel = ElementwiseKernel

    def __init__(self, module: type[RawModule] = RawModule) -> None:
        self.RawModule = module

    @staticmethod
    def array(values: Any, order: Literal["K", "C"] = "K") -> DeviceArray:
        """Return a copy on the device."""
        return wrap(np.array(StandIn.asarray(values).host, order=order))

    @staticmethod
    def asarray(values: Any, dtype: Any = None) -> DeviceArray:
        """Return an array on the device."""
        if isinstance(values, DeviceArray):
            return wrap(np.asarray(values.host, dtype=dtype))
        DeviceArray.sent += 1
        return wrap(np.asarray(values, dtype=dtype))

    @staticmethod
    def empty(shape: Any, dtype: Any) -> DeviceArray:
        """Return an array in which nothing is of use."""
        return wrap(np.full(shape, np.nan, dtype=dtype))

    @staticmethod
    def matmul(a: DeviceArray, b: DeviceArray, out: DeviceArray | None = None) -> DeviceArray:
        """Return the product; with ``out`` only where CuPy needs no copy of any of the three."""
        if out is None:
            return wrap(np.matmul(unwrap(a), unwrap(b)))
        assert out.flags.c_contiguous
        assert all(array.flags.c_contiguous or array.flags.f_contiguous for array in (a, b))
        assert not any(np.may_share_memory(out.host, array.host) for array in (a, b))
        np.matmul(unwrap(a), unwrap(b), out=out.host)
        return out

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in UFUNCS and name not in FUNCTIONS:
            raise AttributeError(f"CuPy has no {name}, or it is new here: then see that it has it.")
        function, allowed = getattr(np, name), FUNCTIONS.get(name, ("out", "casting"))

        def call(*args: Any, **kwargs: Any) -> Any:
            assert set(kwargs) <= set(allowed), (name, kwargs)
            result = function(*map(unwrap, args), **{key: unwrap(value) for key, value in kwargs.items()})
            return kwargs.get("out", result) if isinstance(kwargs.get("out"), DeviceArray) else wrap(result)

        return call


def stand_in_gpu(module: type[RawModule] = RawModule) -> Backend:
    """Return a backend whose GPU is the host."""
    xp = StandIn(module)
    return Backend("GPU", xp, GPUOperations(xp))
