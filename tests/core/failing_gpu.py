"""CuPy's stand-in on a GPU that fails: its memory is full, or it is gone altogether."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rbm_studio.core.backend import Backend
from rbm_studio.core.gpu_operations import GPUOperations
from tests.core.stand_in import DeviceArray, StandIn

if TYPE_CHECKING:
    import pytest


class OutOfMemoryError(MemoryError):
    """As CuPy's is called."""


class CUDARuntimeError(RuntimeError):
    """As CuPy's is called."""


OutOfMemoryError.__module__ = "cupy.cuda.memory"
CUDARuntimeError.__module__ = "cupy_backends.cuda.api.runtime"
FULL = OutOfMemoryError("Out of memory allocating 4,194,304 bytes (allocated so far: 84,934,656 bytes).")
GONE = CUDARuntimeError("cudaErrorDeviceUnavailable: CUDA-capable device(s) is/are busy or unavailable")


class Pool:
    """The memory that CuPy keeps."""

    def __init__(self) -> None:
        self.freed = 0

    def free_all_blocks(self) -> None:
        """Give it back."""
        self.freed += 1


class FailingGPU(StandIn):
    """A GPU that works until `fail_after` says otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.left: float = float("inf")
        self.error: Exception = FULL
        self.pool = Pool()

    def fail_after(self, products: int, error: Exception) -> None:
        """Fail in a product of matrices, after so many."""
        self.left, self.error = products, error

    @property
    def is_gone(self) -> bool:
        """Whether nothing of it can be read any more."""
        return self.left <= 0 and self.error is GONE

    def get_default_memory_pool(self) -> Pool:
        """Return the memory that CuPy keeps."""
        return self.pool

    def matmul(self, a: DeviceArray, b: DeviceArray, out: DeviceArray | None = None) -> DeviceArray:  # type: ignore[override]
        """Return the product, or fail."""
        self.left -= 1
        if self.left <= 0:
            # As the pages of CuPy's own.
            raise type(self.error)(*self.error.args)
        return StandIn.matmul(a, b, out)


def failing_gpu(patch: pytest.MonkeyPatch) -> tuple[FailingGPU, Backend]:
    """Return a GPU that can fail, and its backend; also what lies on it cannot be read then."""
    xp = FailingGPU()
    get = DeviceArray.get

    def read(self: DeviceArray, *args: Any) -> Any:
        if xp.is_gone:
            raise CUDARuntimeError(*GONE.args)
        return get(self, *args)

    patch.setattr(DeviceArray, "get", read)
    return xp, Backend("GPU", xp, GPUOperations(xp))
