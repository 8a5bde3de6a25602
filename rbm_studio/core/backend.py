"""Where arrays live and random numbers come from: NumPy on the CPU, CuPy on the GPU.

The only module that imports CuPy, and only when a GPU is asked for.
"""

from __future__ import annotations

import importlib
from functools import lru_cache
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from rbm_studio.errors import RBMStudioError

FloatArray: TypeAlias = npt.NDArray[np.float32]
"""A float32 array: NumPy's, or CuPy's where the backend is the GPU."""


class RandomSource(Protocol):
    """What a backend's generator of random numbers offers (as `numpy.random.Generator`)."""

    def random(self, *, out: Any, dtype: Any) -> Any:
        """Fill ``out`` with uniform numbers in [0, 1)."""


class _Uniforms:
    """Uniform numbers with 23 random bits, several times as fast as `numpy.random.Generator.random` gives 24."""

    def __init__(self, seed: np.random.SeedSequence) -> None:
        self._bits = np.random.SFC64(seed)

    def random(self, *, out: FloatArray, dtype: type[np.float32]) -> None:
        words = self._bits.random_raw((out.size + 1) // 2).view(np.uint32)[: out.size]
        # Behind the sign and exponent of 1.0, random bits make a number in 1..2.
        np.right_shift(words, np.uint32(9), out=words)
        np.bitwise_or(words, np.uint32(0x3F800000), out=words)
        np.subtract(words.view(dtype).reshape(out.shape), dtype(1), out=out)


class Backend:
    """An array module with its transfers and random numbers.

    Parameters
    ----------
    name : str
        ``"CPU"`` or ``"GPU"``.
    xp : module
        `numpy`, or `cupy`.
    """

    def __init__(self, name: str, xp: Any) -> None:
        self.name = name
        self.xp = xp

    def to_device(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return a copy of a host array on this backend's device."""
        copy: npt.NDArray[Any] = self.xp.array(array)
        return copy

    def to_host(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return a copy of a device array in host memory."""
        return np.array(array.get() if hasattr(array, "get") else array)

    def gather(self, images: npt.NDArray[Any], rows: npt.NDArray[np.intp], out: FloatArray) -> None:
        """Write some rows of ``images`` to ``out`` as values in 0..1; uint8 images are grey levels 0..255."""
        rows = self.xp.asarray(rows)
        if images.dtype == np.uint8:
            self.xp.divide(self.xp.take(images, rows, axis=0), np.float32(255), out=out)
        elif self.xp is np:
            # The rows are there; with the default mode NumPy would make a copy, lest one were not.
            np.take(images, rows, axis=0, out=out, mode="clip")
        else:
            self.xp.take(images, rows, axis=0, out=out)

    def generator(self, seed: np.random.SeedSequence) -> RandomSource:
        """Return a generator of random numbers on this device."""
        if self.xp is np:
            return _Uniforms(seed)
        bits = self.xp.random.XORWOW(int(seed.generate_state(1)[0]))
        source: RandomSource = self.xp.random.Generator(bits)
        return source


CPU = Backend("CPU", np)


@lru_cache(maxsize=1)
def _find_gpu() -> tuple[Backend | None, str]:
    try:
        cupy = importlib.import_module("cupy")
    except Exception as error:  # a broken CUDA installation fails in ways of its own
        if isinstance(error, ModuleNotFoundError) and error.name == "cupy":
            return None, "CuPy is not installed (pip install rbm-studio[gpu])"
        return None, f"CuPy cannot be loaded ({error})"
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except Exception as error:
        return None, f"CuPy finds no working GPU ({error})"
    if count == 0:
        return None, "CuPy finds no GPU in this machine"
    return Backend("GPU", cupy), ""


def gpu_problem() -> str:
    """Return why the GPU cannot be used, or an empty string if it can. Never raises."""
    return _find_gpu()[1]


def backend_for(device: str) -> Backend:
    """Return the backend for a device.

    Parameters
    ----------
    device : {"auto", "cpu", "gpu"}
        ``"auto"`` takes the GPU where there is one.

    Raises
    ------
    RBMStudioError
        If the device is unknown, or is the GPU and there is none that works.
    """
    if device == "cpu":
        return CPU
    if device not in ("auto", "gpu"):
        raise RBMStudioError("There is no device {device!r}.", "Known devices: auto, cpu, gpu.", device=device)
    gpu, problem = _find_gpu()
    if gpu is None and device == "gpu":
        raise RBMStudioError("The GPU cannot be used: {problem}.", "Choose the CPU instead.", problem=problem)
    return gpu or CPU
