"""The GPU's way to do what `rbm_studio.core.operations` names: fused kernels, nothing that waits for the device.

A step is not recorded as a CUDA graph: CuPy refuses products of matrices while it records (its issue 6290).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.core import gpu_kernels
from rbm_studio.core.random_numbers import Draw, Philox

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.binarisation import Binarisation
    from rbm_studio.core.random_numbers import RandomSource
    from rbm_studio.core.statistics import Sums
    from rbm_studio.core.updates import Step, UpdateRule
    from rbm_studio.core.workspace import Part

_THREADS = 128
"""In a block; the kernel ``cross_entropy`` relies on it."""
_MOST_BLOCKS = 65_535
"""Along a grid's second axis."""
_TILE = 32
"""The kernel ``collect`` takes so many columns in a block, and rows at a time."""


class GPUOperations:
    """The GPU's way; see `rbm_studio.core.operations.Operations`.

    Parameters
    ----------
    xp : module
        `cupy`.
    """

    reads_every = 16
    alignment = 32

    def __init__(self, xp: Any) -> None:
        self._xp = xp
        module = xp.RawModule(code=gpu_kernels.SOURCE)
        self._kernels = {name: module.get_function(name) for name in gpu_kernels.NAMES}
        self._means = xp.ElementwiseKernel(
            "float32 data_sum, float32 model_sum, float32 data_rows, float32 model_rows",
            "float32 mean, float32 difference",
            "mean = data_sum / data_rows; difference = mean - model_sum / model_rows",
            "means",
        )
        self._shows: dict[tuple[str, bool], Callable[..., None]] = {}
        self._updates: dict[str, Callable[..., None]] = {}

    def generator(self, seed: np.random.SeedSequence) -> Philox:
        """Return a generator of random numbers on this device."""
        return Philox(seed, self._fill)

    def show(
        self,
        images: npt.NDArray[Any],
        rows: npt.NDArray[np.intp],
        binarisation: Binarisation,
        threshold: float,
        rng: RandomSource,
        out: FloatArray,
        scratch: FloatArray,
    ) -> None:
        """Write images; see `Operations`."""
        del scratch
        key = binarisation.formula, images.dtype == np.uint8
        if key not in self._shows:
            source = gpu_kernels.source_of_show(key[0], levels=key[1])
            self._shows[key] = self._xp.RawModule(code=source).get_function("show")
        draw = rng.draw(out) if binarisation.is_random else Draw(0, 0, out.shape[1])
        count, columns = map(np.int32, out.shape)
        arguments = (images, rows, count, columns, out, _pitch(out), np.float32(threshold), *_random(draw))
        _launch(self._shows[key], len(out), draw.quarter, arguments)

    def units(
        self, z: FloatArray, bias: FloatArray, beta: float = 1.0, draw: Any = None, states: FloatArray | None = None
    ) -> None:
        """Make probabilities; see `Operations`."""
        arguments = (*_matrix(z), bias, np.float32(beta))
        if states is None:
            _launch(self._kernels["units"], len(z), z.shape[1], arguments)
        else:
            arguments = (*arguments, states, _pitch(states), *_random(draw))
            _launch(self._kernels["units_and_states"], len(z), draw.quarter, arguments)

    def sample(self, probabilities: FloatArray, draw: Any, out: FloatArray) -> None:
        """Make samples; see `Operations`."""
        arguments = (*_matrix(probabilities), out, _pitch(out), *_random(draw))
        _launch(self._kernels["sample"], len(out), draw.quarter, arguments)

    def softmax_units(self, z: FloatArray, bias: FloatArray, beta: float = 1.0) -> None:
        """Make probabilities; see `Operations`."""
        _launch(self._kernels["softmax_units"], 1, len(z), (*_matrix(z), bias, np.float32(beta)))

    def sample_softmax(self, probabilities: FloatArray, draw: Any, column: int) -> None:
        """Make samples; see `Operations`."""
        arguments = (*_matrix(probabilities), np.int32(column), *_random(draw))
        _launch(self._kernels["sample_softmax"], 1, len(probabilities), arguments)

    def cross_entropy(self, v: FloatArray, z: FloatArray, bias: FloatArray, scratch: FloatArray) -> Any:
        """Return the cross-entropy of each row; see `Operations`."""
        del scratch
        nats = self._xp.empty(len(z), dtype=np.float64)
        if len(z):
            arguments = (v, _pitch(v), z, _pitch(z), np.int32(z.shape[1]), bias, nats)
            self._kernels["cross_entropy"]((len(z),), (_THREADS,), arguments)
        return nats

    def collect(self, part: Part, push: FloatArray | None, data: float, model: float) -> Sums:
        """Add up; see `Operations`."""
        width, hidden_num = part.data.shape[1], part.hidden_data.shape[1]
        sums: Sums = tuple(self._xp.empty(width + hidden_num, dtype=np.float32) for _ in range(2))
        arrays = (part.data, part.model, part.hidden_data, part.hidden_model)
        sizes = map(np.int32, (width, hidden_num, len(part.data), len(part.model)))
        grid = (-(-max(width, hidden_num) // _TILE), 2, 2)
        arguments = (*arrays, *sizes, push, np.float32(data), np.float32(-model), *sums)
        self._kernels["collect"](grid, (_TILE, _TILE), arguments)
        return sums

    def means(self, sums: Sums, data_rows: int, model_rows: int) -> tuple[FloatArray, FloatArray]:
        """Divide; see `Operations`."""
        means: tuple[FloatArray, FloatArray] = self._means(*sums, np.float32(data_rows), np.float32(model_rows))
        return means

    def update(
        self, rule: UpdateRule, target: FloatArray, gradient: FloatArray, kept: list[FloatArray], step: Step
    ) -> None:
        """Change parameters in one pass, by the rule's formula; see `Operations`."""
        numbers = rule.numbers(step)
        if rule.formula not in self._updates:
            self._updates[rule.formula] = self._xp.ElementwiseKernel(
                ", ".join(f"float32 {name}" for name in ("gradient", *numbers)),
                ", ".join(f"float32 {name}" for name in ("target", *rule.kept)),
                rule.formula,
                f"update_{type(rule).__name__}",
            )
        self._updates[rule.formula](gradient, *map(np.float32, numbers.values()), target, *kept)

    def read(self, groups: Sequence[Sequence[Any]]) -> list[float]:
        """Wait for the device, once; see `Operations`."""
        arrays = [[self._xp.asarray(each, dtype=np.float64).reshape(-1) for each in group] for group in groups]
        numbers = self._xp.concatenate([array for group in arrays for array in group]).get()
        ends = np.cumsum([sum(map(len, group)) for group in arrays])[:-1]
        return [float(share.sum()) for share in np.split(numbers, ends)]

    def _fill(self, out: FloatArray, draw: Draw) -> None:
        rows = out.reshape(-1, draw.width)
        _launch(self._kernels["fill_uniforms"], len(rows), draw.quarter, (*_matrix(rows), *_random(draw)))


def _pitch(array: npt.NDArray[Any]) -> np.int32:
    """Return how many numbers lie between the starts of two rows."""
    return np.int32(array.strides[0] // array.itemsize)


def _matrix(array: FloatArray) -> tuple[Any, ...]:
    """Return an array as the kernels take it: where it is, its pitch, its rows and columns."""
    return array, _pitch(array), np.int32(array.shape[0]), np.int32(array.shape[1])


def _random(draw: Draw) -> tuple[np.int32, np.uint64, np.uint64]:
    return np.int32(draw.quarter), np.uint64(draw.seed), np.uint64(draw.call)


def _launch(kernel: Callable[..., None], rows: int, places: int, arguments: tuple[Any, ...]) -> None:
    """Run a kernel with a thread for each place of each row."""
    if rows and places:
        kernel((-(-places // _THREADS), min(rows, _MOST_BLOCKS)), (_THREADS,), arguments)
