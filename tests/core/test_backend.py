"""The choice of a device, each in a Python of its own whose CuPy is absent, broken or without a GPU."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from rbm_studio.core import kernels
from rbm_studio.core.backend import CPU, backend_for
from rbm_studio.errors import RBMStudioError

ROOT = Path(__file__).parents[2]
BLOCKED = "raise ModuleNotFoundError(\"No module named 'cupy'\", name='cupy')"
FRAMED = """
    try:
        raise ImportError("libcudart.so.12: cannot open")
    except ImportError as error:
        raise ImportError("\\n=====\\nFailed to import CuPy.\\n\\nOriginal error:\\n") from error
"""
WITHOUT_DRIVER = """
    class cuda:
        class runtime:
            def getDeviceCount():
                raise RuntimeError("cudaErrorInsufficientDriver: CUDA driver version is insufficient")
"""
WITHOUT_GPU = """
    class cuda:
        class runtime:
            def getDeviceCount():
                return 0
"""
# CuPy's stand-in under CuPy's name: what our own code does around it can be tested without a GPU.
STAND_IN = """
    class cuda:
        class runtime:
            def getDeviceCount():
                return 1
    def __getattr__(name):
        from tests.core.stand_in import StandIn
        return getattr(StandIn(), name)
"""
WITHOUT_COMPILER = """
    class cuda:
        class runtime:
            def getDeviceCount():
                return 1
    def RawModule(code):
        raise RuntimeError("libnvrtc.so.12: cannot open")
"""
WITHOUT_PRODUCTS = (
    STAND_IN
    + """
    def matmul(a, b):
        raise ImportError("libcublas.so.12: cannot open")
"""
)
AGAIN = "install it again (pip install rbm-studio[gpu])"
PARTS = "CuPy cannot compute on the GPU; install CUDA's parts (pip install rbm-studio[gpu])"
CHOOSE = """
    from rbm_studio.core.backend import backend_for, gpu_problem
    from rbm_studio.errors import RBMStudioError
    print(gpu_problem())
    print(backend_for("auto").name)
    try:
        print(backend_for("gpu").name)
    except RBMStudioError as error:
        print(error)
"""


def run_python(folder: Path, cupy: str, program: str) -> list[str]:
    """Run a program with a module ``cupy`` of the given source; return the lines that it prints."""
    (folder / "cupy.py").write_text(textwrap.dedent(cupy))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


@pytest.mark.parametrize(
    ("cupy", "reason"),
    [
        (BLOCKED, "CuPy is not installed (pip install rbm-studio[gpu])"),
        ("raise OSError('libc: cannot open')", "CuPy cannot be loaded (libc: cannot open); " + AGAIN),
        (FRAMED, "CuPy cannot be loaded (libcudart.so.12: cannot open); " + AGAIN),
        ("import no_such_cuda_part", "CuPy cannot be loaded (No module named 'no_such_cuda_part'); " + AGAIN),
        (
            WITHOUT_DRIVER,
            "CuPy finds no working NVIDIA GPU; install its driver, or a newer one "
            "(cudaErrorInsufficientDriver: CUDA driver version is insufficient)",
        ),
        (WITHOUT_GPU, "CuPy finds no NVIDIA GPU in this machine"),
        (WITHOUT_COMPILER, PARTS + " (libnvrtc.so.12: cannot open)"),
        (WITHOUT_PRODUCTS, PARTS + " (libcublas.so.12: cannot open)"),
    ],
    ids=["absent", "broken", "framed", "incomplete", "no driver", "no GPU", "no compiler", "no products"],
)
def test_a_gpu_that_cannot_be_used_is_explained(tmp_path: Path, cupy: str, reason: str) -> None:
    assert run_python(tmp_path, cupy, CHOOSE) == [
        reason,
        "CPU",
        f"The GPU cannot be used: {reason}. Choose the CPU instead.",
    ]


def test_auto_takes_a_gpu_that_works(tmp_path: Path) -> None:
    assert run_python(tmp_path, STAND_IN, CHOOSE) == ["", "GPU", "GPU"]


def test_training_on_the_gpu_prints_the_articles_line_and_brings_the_parameters_back(tmp_path: Path) -> None:
    program = """
        import numpy as np
        from rbm_studio import RBM
        images = np.eye(6, dtype=np.float32)[np.arange(60) % 6]
        rbm = RBM(6, 8, use_GPU=True, seed=1).fit(images, epochs=20, batch_size=10, held_out=images[:5])
        assert sum(rbm.loss_history[-5:]) < sum(rbm.loss_history[:5]) and type(rbm.w) is np.ndarray and rbm.w.any()
        rbm.fit(images, epochs=1, batch_size=10, verbose=False)
        rbm.partial_fit(images)
    """
    lines = run_python(tmp_path, STAND_IN, program)
    assert lines[0] == "# GPU usage has been enabled. Computation will proceed on the GPU."
    assert lines[-1].startswith("Epoch [20/20], KL Divergence: ")


def test_an_unknown_device_names_those_that_are_known() -> None:
    with pytest.raises(RBMStudioError, match=r"no device 'tpu'.*Known devices: auto, cpu, gpu"):
        backend_for("tpu")


def test_the_cpu_is_always_there() -> None:
    assert backend_for("cpu") is CPU


def test_grey_levels_become_the_same_floats_as_those_of_a_division_by_255() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    out = np.empty((3, 16), dtype=np.float32)
    kernels.gather(levels, np.array([4, 0, 15]), out)
    np.testing.assert_array_equal(out, (levels.astype(np.float32) / 255)[[4, 0, 15]])


def test_transfers_copy() -> None:
    array = np.zeros(3, dtype=np.float32)
    assert not np.shares_memory(CPU.to_device(array), array)
    assert not np.shares_memory(CPU.to_host(array), array)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (1000, 64)])
def test_uniform_numbers_fill_any_shape_and_follow_the_seed(shape: tuple[int, int]) -> None:
    first, again = (np.full(shape, -1, dtype=np.float32) for _ in range(2))
    for out in (first, again):
        CPU.generator(np.random.SeedSequence(7)).random(out=out, dtype=np.float32)
    assert (first == again).all()
    assert first.min() >= 0
    assert first.max() < 1


def test_uniform_numbers_are_uniform_and_independent() -> None:
    numbers = np.empty((1000, 1001), dtype=np.float32)
    source = CPU.generator(np.random.SeedSequence(7))
    source.random(out=numbers, dtype=np.float32)
    before = numbers.copy()
    source.random(out=numbers, dtype=np.float32)
    count = numbers.size
    histogram = np.bincount((numbers.reshape(-1) * 64).astype(np.intp), minlength=64)
    # Chi-square with 63 degrees of freedom: above 113 once in ten thousand.
    assert ((histogram - count / 64) ** 2 / (count / 64)).sum() < 113
    neighbours = np.corrcoef(numbers.reshape(-1)[:-1], numbers.reshape(-1)[1:])[0, 1]
    calls = np.corrcoef(before.reshape(-1), numbers.reshape(-1))[0, 1]
    assert max(abs(neighbours), abs(calls)) < 5 / np.sqrt(count)
