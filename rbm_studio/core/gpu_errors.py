"""What goes wrong on a GPU while it computes, in words. Knows CuPy's errors by their names: CuPy may not be there."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGES = ("cupy", "cupy_backends")
_NO_ROOM = ("out of memory", "alloc_failed", "memoryallocation")


class GPUError(RBMStudioError):
    """The GPU cannot go on; the CPU can."""


class GPUMemoryError(GPUError):
    """The GPU has no memory left."""


@contextmanager
def gpu_errors() -> Iterator[None]:
    """Put errors of CuPy's into words, and let all others pass.

    Raises
    ------
    GPUMemoryError
        If the GPU's memory is full.
    GPUError
        If the GPU or its driver fails in another way.
    """
    try:
        yield
    except Exception as error:
        problem = gpu_problem_of(error)
        if problem is None:
            raise
        raise problem from error


def gpu_problem_of(error: BaseException) -> GPUError | None:
    """Return an error of CuPy's in words; None if it is another's."""
    kinds = [kind for kind in type(error).__mro__ if kind.__module__.partition(".")[0] in _PACKAGES]
    if not kinds:
        return None
    said = str(error)
    if isinstance(error, MemoryError) or any(words in said.lower() for words in _NO_ROOM):
        return GPUMemoryError(
            "The GPU's memory is full.",
            "Train on the CPU, or with fewer hidden units or smaller batches, or close other programs that use the "
            "GPU.",
        )
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return GPUError(
        "The GPU stopped working ({reason}).",
        "Train on the CPU; start the program again to use the GPU.",
        reason=lines[0] if lines else type(error).__name__,
    )
