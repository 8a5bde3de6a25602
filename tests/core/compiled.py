"""The source of the GPU's kernels, compiled for the host by a C++ compiler: their numbers can be tested without a GPU.

The threads of a block take turns where they wait for each other.
"""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.core.stand_in import RawKernel, RawModule

if TYPE_CHECKING:
    from collections.abc import Callable

COMPILER = shutil.which("g++") or shutil.which("clang++")
NEEDS_A_COMPILER = pytest.mark.skipif(
    COMPILER is None or sys.platform != "linux", reason="needs Linux and a C++ compiler (g++ or clang++)"
)

_CUDA = r"""
#include <ucontext.h>

#include <cmath>
#include <cstddef>
#include <functional>
#include <vector>

struct Place { unsigned x, y, z; };
struct Thread { ucontext_t context; std::vector<char> stack; Place place; bool is_done = false; };
static Place threadIdx, blockIdx, blockDim, gridDim;
static Thread* running;
static ucontext_t scheduler;
static std::function<void()> body;
#define __global__
#define __device__ static
#define __shared__ static
#define __syncthreads() swapcontext(&running->context, &scheduler)
static unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)(((unsigned long long)a * b) >> 32); }

static void run_thread()
{
    body();
    running->is_done = true;
    swapcontext(&running->context, &scheduler);
}

// Run each thread of a block up to where it waits for the others, and all of them on from there, until none is left.
static void run_block(std::vector<Thread>& threads)
{
    for (unsigned i = 0; i < threads.size(); ++i) {
        Thread& thread = threads[i];
        thread.place = {i % blockDim.x, i / blockDim.x % blockDim.y, i / blockDim.x / blockDim.y};
        thread.stack.resize(1 << 14);
        thread.is_done = false;
        getcontext(&thread.context);
        thread.context.uc_stack.ss_sp = thread.stack.data();
        thread.context.uc_stack.ss_size = thread.stack.size();
        makecontext(&thread.context, run_thread, 0);
    }
    for (bool some = true; some;) {
        some = false;
        for (Thread& thread : threads) {
            if (thread.is_done) continue;
            some = true;
            running = &thread;
            threadIdx = thread.place;
            swapcontext(&scheduler, &thread.context);
        }
    }
}

static void launch(const unsigned* size, std::function<void()> kernel)
{
    gridDim = {size[0], size[1], size[2]};
    blockDim = {size[3], size[4], size[5]};
    body = kernel;
    std::vector<Thread> threads(blockDim.x * blockDim.y * blockDim.z);
    for (unsigned i = 0; i < gridDim.x * gridDim.y * gridDim.z; ++i) {
        blockIdx = {i % gridDim.x, i / gridDim.x % gridDim.y, i / gridDim.x / gridDim.y};
        run_block(threads);
    }
}
"""
_RUN = """
extern "C" void run_{name}(const unsigned* size, void** arguments)
{{
    launch(size, [=] {{ {name}({arguments}); }});
}}
"""
_PARAMETER_TYPES: dict[str, Any] = {
    "int": ctypes.c_int32,
    "float": ctypes.c_float,
    "count": ctypes.c_uint64,
}


@cache
def _library(code: str) -> ctypes.CDLL:
    assert COMPILER is not None
    source = _CUDA + code
    for name, parameters in re.findall(r"__global__ void (\w+)\((.*?)\)\s*{", code, re.DOTALL):
        kinds = [parameter.strip().rsplit(" ", 1)[0] for parameter in parameters.split(",")]
        arguments = ", ".join(f"*({kind}*)arguments[{place}]" for place, kind in enumerate(kinds))
        source += _RUN.format(name=name, arguments=arguments)
    folder = Path(tempfile.mkdtemp(prefix="rbm-kernels-"))
    try:
        (folder / "kernels.cpp").write_text(source)
        flags = ["-std=c++17", "-O1", "-ffp-contract=off", "-shared", "-fPIC", "-Wno-unknown-pragmas"]
        subprocess.run([COMPILER, *flags, "kernels.cpp", "-o", "kernels.so"], cwd=folder, check=True, timeout=60)
        return ctypes.CDLL(str(folder / "kernels.so"))
    finally:
        # What is loaded stays.
        shutil.rmtree(folder, ignore_errors=True)


def kernel(code: str, name: str) -> Callable[..., None]:
    """Return a kernel of this source: it is called with a grid, a block, and NumPy's arrays and numbers."""
    function = getattr(_library(code), f"run_{name}")
    kinds = [kind for kind, _ in RawKernel(code, name, lambda *_: None).parameters]

    def run(grid: tuple[int, ...], block: tuple[int, ...], *args: Any) -> None:
        size = (ctypes.c_uint32 * 6)(*(*grid, 1, 1)[:3], *(*block, 1, 1)[:3])
        values = [
            ctypes.c_void_p(None if value is None else value.ctypes.data)
            if kind.endswith("*")
            else _PARAMETER_TYPES[kind](value.item())
            for kind, value in zip(kinds, args, strict=True)
        ]
        function(size, (ctypes.c_void_p * len(values))(*map(ctypes.addressof, values)))

    return run


class CompiledModule(RawModule):
    """Kernels that run as their own source."""

    def get_function(self, name: str) -> RawKernel:
        """Return a kernel."""
        return RawKernel(self.code, name, kernel(self.code, name))
