"""Where arrays live and who computes on them: NumPy on the CPU, CuPy on the GPU.

The only module that imports CuPy, and only when a GPU is asked for.
"""

from __future__ import annotations

import contextlib
import importlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from rbm_studio.core.gpu_errors import GPUMemoryError, gpu_problem_of
from rbm_studio.core.gpu_operations import GPUOperations
from rbm_studio.core.operations import HostOperations
from rbm_studio.core.threads import blas_name, blas_threads
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from rbm_studio.core.operations import Operations
    from rbm_studio.core.random_numbers import RandomSource

FloatArray: TypeAlias = npt.NDArray[np.float32]
"""A float32 array: NumPy's, or CuPy's where the backend is the GPU."""


def to_host(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a copy, in host memory, of an array on any device."""
    return np.array(array.get() if hasattr(array, "get") else array)


class Backend:
    """An array module with its operations and transfers.

    Parameters
    ----------
    name : str
        ``"CPU"`` or ``"GPU"``.
    xp : module
        `numpy`, or `cupy`.
    operations : Operations
        What the two do in different ways.
    """

    def __init__(self, name: str, xp: Any, operations: Operations) -> None:
        self.name = name
        self.xp = xp
        self.operations = operations

    def to_device(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return a copy of a host array, row by row, on this backend's device."""
        copy: npt.NDArray[Any] = self.xp.array(array, order="C")
        return copy

    def to_host(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return a copy of a device array in host memory."""
        return to_host(array)

    @property
    def kernels(self) -> str:
        """The libraries that compute, and for which processor."""
        if self.xp is np:
            return ", ".join(filter(None, (f"NumPy {np.__version__}", blas_name())))
        name = f"CuPy {getattr(self.xp, '__version__', '')}".rstrip()
        with contextlib.suppress(Exception):  # of a GPU that answers no longer
            name += f", {self.xp.cuda.runtime.getDeviceProperties(0)['name'].decode()}"
        return name

    @property
    def threads(self) -> int:
        """How many threads share the work; 0 on a GPU, where nothing depends on it."""
        return blas_threads() if self.xp is np else 0

    def release_memory(self) -> None:
        """Give back memory of the device that is kept for arrays to come, as far as the device still answers."""
        pool = getattr(self.xp, "get_default_memory_pool", None)
        if pool is not None:
            with contextlib.suppress(Exception):
                pool().free_all_blocks()

    def generator(self, seed: np.random.SeedSequence) -> RandomSource:
        """Return a generator of random numbers on this device."""
        return self.operations.generator(seed)


CPU = Backend("CPU", np, HostOperations())


@lru_cache(maxsize=1)
def _find_gpu() -> tuple[Backend | None, str]:
    try:
        cupy = importlib.import_module("cupy")
    except Exception as error:  # a broken CUDA installation fails in ways of its own
        if isinstance(error, ModuleNotFoundError) and error.name == "cupy":
            return None, "CuPy is not installed (pip install rbm-studio[gpu])"
        return None, f"CuPy cannot be loaded ({_in_a_line(error)}); install it again (pip install rbm-studio[gpu])"
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except Exception as error:
        return None, f"CuPy finds no working NVIDIA GPU; install its driver, or a newer one ({_in_a_line(error)})"
    if count == 0:
        return None, "CuPy finds no NVIDIA GPU in this machine"
    try:
        return _backend_on(cupy), ""
    except Exception as error:
        problem = gpu_problem_of(error)
        if isinstance(problem, GPUMemoryError):
            # Not remembered, as the others are: it may have room the next time.
            raise problem from error
        missing = "install CUDA's parts (pip install rbm-studio[gpu])"
        return None, f"CuPy cannot compute on the GPU; {missing} ({_in_a_line(error)})"


def _in_a_line(error: Exception) -> str:
    """Return what an error says; CuPy's own frame other errors in pages of advice."""
    lines = [line.strip() for line in str(error.__cause__ or error).splitlines()]
    return next((line for line in lines if any(map(str.isalnum, line))), type(error).__name__)


def _backend_on(cupy: Any) -> Backend:
    """Return the GPU's backend after a first computation: that parts of CUDA are missing shows only then."""
    gpu = Backend("GPU", cupy, GPUOperations(cupy))
    numbers = cupy.empty((2, 4), dtype=np.float32)
    gpu.generator(np.random.SeedSequence(0)).random(out=numbers, dtype=np.float32)
    to_host(cupy.matmul(numbers, numbers.T))
    return gpu


def gpu_problem() -> str:
    """Return why the GPU cannot be used, and what would help, or an empty string if it can. Never raises."""
    try:
        return _find_gpu()[1]
    except GPUMemoryError:
        return ""


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
    GPUMemoryError
        If there is one, but its memory is full.
    """
    if device == "cpu":
        return CPU
    if device not in ("auto", "gpu"):
        raise RBMStudioError("There is no device {device!r}.", "Known devices: auto, cpu, gpu.", device=device)
    gpu, problem = _find_gpu()
    if gpu is None and device == "gpu":
        raise RBMStudioError("The GPU cannot be used: {problem}.", "Choose the CPU instead.", problem=problem)
    return gpu or CPU
