"""Training on the GPU: against the CPU of the same machine, and against PyTorch doing the same step there."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from benchmarks import digits
from benchmarks.table import Row, verdict
from benchmarks.timing import Times, interleave
from benchmarks.training_speed import PRESET, ours
from rbm_studio.core.backend import CPU, backend_for, gpu_problem
from rbm_studio.core.presets import PRESETS, settings_for

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from rbm_studio.core.backend import Backend

HIDDEN, BATCH_SIZE = 1024, 1000
TIMES_THE_CPU = 30.0
TIMES_PYTORCH = 1.3
SMALL = ((64, 10), (64, 100), (512, 100))
"""Hidden units and batch sizes whose steps take the GPU less time than it takes to ask it for them."""
MEASURED_EVERY = 8

_IMAGES, _QUICK_IMAGES = 20_000, 5000
_SMALL_IMAGES, _QUICK_SMALL_IMAGES = 5000, 1000
_ROUNDS = 5


def run(quick: bool) -> list[Row]:
    """Time passes through some thousand images, in turns."""
    problem = gpu_problem()
    if problem:
        return [Row("training on the GPU", f"not measured: no GPU ({problem})")]
    gpu = backend_for("gpu")
    rows = _compare(gpu, HIDDEN, BATCH_SIZE, _QUICK_IMAGES if quick else _IMAGES)
    for hidden_num, batch_size in SMALL:
        rows += _compare(gpu, hidden_num, batch_size, _QUICK_SMALL_IMAGES if quick else _SMALL_IMAGES)
    return rows


def _compare(gpu: Backend, hidden_num: int, batch_size: int, count: int) -> list[Row]:
    levels = digits.training_levels()[:count]
    passes: dict[str, Callable[[], object]] = {
        "gpu": ours(levels, hidden_num, batch_size, gpu),
        "cpu": ours(levels, hidden_num, batch_size, CPU),
    }
    pytorch = _pytorch(levels, hidden_num, batch_size)
    if pytorch is not None:
        passes["pytorch"] = pytorch
    for each in passes.values():
        each()  # compiles kernels
    times = interleave(passes, _ROUNDS)
    batches = -(-len(levels) // batch_size)
    is_large = (hidden_num, batch_size) == (HIDDEN, BATCH_SIZE)
    name = f"a batch on the GPU, {hidden_num} hidden, batch {batch_size}"
    rows = [_row(times, name, batches, "cpu", "the CPU", TIMES_THE_CPU if is_large else None)]
    if pytorch is None:
        return [*rows, Row(name, "", "PyTorch on the GPU: not measured, it is not installed")]
    return [*rows, _row(times, name, batches, "pytorch", "PyTorch on the GPU", TIMES_PYTORCH if is_large else None)]


def _row(times: Times, name: str, batches: int, which: str, reference: str, target: float | None) -> Row:
    ratio = times.ratio(which, "gpu")
    figures = [f"{1e6 * times.median(each) / batches:.0f} µs" for each in ("gpu", which)]
    judged = ("", "") if target is None else (f"≥ {target:g} ×", verdict(ratio >= target))
    return Row(name, figures[0], f"{reference}: {figures[1]}", f"{ratio:.1f} × as fast", *judged)


def _pytorch(levels: npt.NDArray[Any], hidden_num: int, batch_size: int) -> Callable[[], object] | None:
    """Return a pass of the same CD-1 with momentum, as one writes it well in PyTorch; None where there is none.

    In float32 too: its default forbids TF32, as CuPy's does.
    """
    try:
        torch: Any = importlib.import_module("torch")
    except ImportError:
        return None
    if not torch.cuda.is_available():
        return None
    settings = settings_for(PRESET)
    start = PRESETS[PRESET].initial_parameters(levels.shape[1], hidden_num, 0)
    w, a, b = (torch.from_numpy(array.copy()).cuda() for array in (start.w, start.visible_bias, start.hidden_bias))
    velocities = [torch.zeros_like(array) for array in (w, a, b)]
    images = torch.from_numpy(levels.copy()).cuda()
    functional = torch.nn.functional

    def step(rows: Any) -> Any:
        v = images[rows].float().div_(255)
        h = torch.addmm(b, v, w).sigmoid_()
        z = torch.addmm(a, torch.bernoulli(h), w.t())
        some = -(-len(v) // MEASURED_EVERY)
        nats = functional.binary_cross_entropy_with_logits(z[:some], v[:some], reduction="sum")
        model_v = z.sigmoid_()
        model_h = torch.addmm(b, model_v, w).sigmoid_()
        gradients = (
            torch.addmm(v.t() @ h, model_v.t(), model_h, alpha=-1),
            v.sum(0) - model_v.sum(0),
            h.sum(0) - model_h.sum(0),
        )
        for array, velocity, gradient in zip((w, a, b), velocities, gradients, strict=True):
            velocity.mul_(settings.momentum).add_(gradient, alpha=settings.learning_rate / len(v))
            array.add_(velocity)
        return nats

    def epoch() -> float:
        with torch.no_grad():
            order = torch.randperm(len(images), device="cuda")
            nats = [step(rows) for rows in order.split(batch_size)]
            return float(torch.stack(nats).sum())

    return epoch
