"""What a step does to arrays, and each kind of device in its own way; here the CPU's.

The rest of a step is the same few lines for both. `rbm_studio.core.gpu_operations` holds the GPU's way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rbm_studio.core import kernels
from rbm_studio.core.random_numbers import Uniforms

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.binarisation import Binarisation
    from rbm_studio.core.random_numbers import RandomSource
    from rbm_studio.core.statistics import Sums
    from rbm_studio.core.updates import Step, UpdateRule
    from rbm_studio.core.workspace import Part


class Operations(Protocol):
    """A device's way. A draw of uniform numbers is what `RandomSource.draw` returned.

    Attributes
    ----------
    reads_every : int
        After how many batches what was measured is read: to read waits for the device.
    alignment : int
        The products are fastest where the visible units are a multiple of this.
    """

    reads_every: int
    alignment: int

    def generator(self, seed: np.random.SeedSequence) -> RandomSource:
        """Return a generator of random numbers."""

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
        """Write some rows of images, values in 0..1 or grey levels, to ``out`` (n, D), as a binarisation has them."""

    def units(
        self, z: FloatArray, bias: FloatArray, beta: float = 1.0, draw: Any = None, states: FloatArray | None = None
    ) -> None:
        """Turn inputs (n, D) without their bias (D,) into probabilities, all energies times ``beta``, in place.

        With a draw also write samples of them to ``states``, which may be ``z`` itself.
        """

    def sample(self, probabilities: FloatArray, draw: Any, out: FloatArray) -> None:
        """Write samples of units with these probabilities, of the draw's first columns, to ``out``."""

    def softmax_units(self, z: FloatArray, bias: FloatArray, beta: float = 1.0) -> None:
        """Do as `units` with a group (n, C) of which one unit is on."""

    def sample_softmax(self, probabilities: FloatArray, draw: Any, column: int) -> None:
        """Sample a group of which one is on, in place, by a column of a draw."""

    def cross_entropy(self, v: FloatArray, z: FloatArray, bias: FloatArray, scratch: FloatArray) -> Any:
        """Return the cross-entropy of ``v`` under units with these inputs, which become probabilities.

        Returns
        -------
        float, or array
            −Σ [v ln p + (1 − v) ln(1 − p)] in nats, or its terms on the device: it is for `read`.
        """

    def collect(self, part: Part, push: FloatArray | None, data: float, model: float) -> Sums:
        """Return the sums of a part's rows, and then weigh its hidden rows.

        The factors ``data`` and −``model`` make sums over both phases a difference of means; ``push`` (H,) is added to
        the data's rows before.
        """

    def means(self, sums: Sums, data_rows: int, model_rows: int) -> tuple[FloatArray, FloatArray]:
        """Return the means of the data's rows, and their difference from those of the model's."""

    def update(
        self, rule: UpdateRule, target: FloatArray, gradient: FloatArray, kept: list[FloatArray], step: Step
    ) -> None:
        """Change parameters by a rule; the gradient may be written over."""

    def read(self, groups: Sequence[Sequence[Any]]) -> list[float]:
        """Wait for the device, and return the sum of all numbers in each group of arrays."""


class HostOperations:
    """The CPU's way; see `Operations`."""

    reads_every = 1
    alignment = 1

    def generator(self, seed: np.random.SeedSequence) -> RandomSource:
        """Return a generator of random numbers."""
        return Uniforms(seed)

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
        kernels.gather(images, rows, out)
        binarisation.apply(out, rng, threshold, scratch)

    def units(
        self, z: FloatArray, bias: FloatArray, beta: float = 1.0, draw: Any = None, states: FloatArray | None = None
    ) -> None:
        """Make probabilities; see `Operations`."""
        kernels.units(z, _tempered(z, bias, beta))
        if states is not None:
            self.sample(z, draw, states)

    def sample(self, probabilities: FloatArray, draw: Any, out: FloatArray) -> None:
        """Make samples; see `Operations`."""
        kernels.sample(probabilities, draw[:, : probabilities.shape[1]], out)

    def softmax_units(self, z: FloatArray, bias: FloatArray, beta: float = 1.0) -> None:
        """Make probabilities; see `Operations`."""
        kernels.softmax_units(z, _tempered(z, bias, beta))

    def sample_softmax(self, probabilities: FloatArray, draw: Any, column: int) -> None:
        """Make samples; see `Operations`."""
        kernels.sample_softmax(probabilities, draw[:, column])

    def cross_entropy(self, v: FloatArray, z: FloatArray, bias: FloatArray, scratch: FloatArray) -> Any:
        """Measure; see `Operations`."""
        if z.flags.c_contiguous:
            return kernels.cross_entropy(v, z, bias, scratch)
        # The pixels beside label units.
        inner = np.ascontiguousarray(z)
        nats = kernels.cross_entropy(np.ascontiguousarray(v), inner, bias, np.empty_like(inner))
        z[...] = inner
        return nats

    def collect(self, part: Part, push: FloatArray | None, data: float, model: float) -> Sums:
        """Add up; see `Operations`."""
        sums = _sums(part.data, part.hidden_data), _sums(part.model, part.hidden_model)
        if push is not None:
            part.hidden_data[...] += push
        part.hidden_data[...] *= np.float32(data)
        part.hidden_model[...] *= np.float32(-model)
        return sums

    def means(self, sums: Sums, data_rows: int, model_rows: int) -> tuple[FloatArray, FloatArray]:
        """Divide; see `Operations`."""
        data = sums[0] / np.float32(data_rows)
        return data, data - sums[1] / np.float32(model_rows)

    def update(
        self, rule: UpdateRule, target: FloatArray, gradient: FloatArray, kept: list[FloatArray], step: Step
    ) -> None:
        """Change parameters; see `Operations`."""
        for rows in kernels.blocks(len(target), target.size // max(len(target), 1)):
            rule.apply(target[rows], gradient[rows], [array[rows] for array in kept], step)

    def read(self, groups: Sequence[Sequence[Any]]) -> list[float]:
        """Return the sums of groups of numbers; see `Operations`."""
        return [float(sum(group)) for group in groups]


def _tempered(z: FloatArray, bias: FloatArray, beta: float) -> FloatArray:
    """Multiply inputs, in place, and return the bias times the same."""
    if beta == 1:
        return bias
    z *= np.float32(beta)
    return bias * np.float32(beta)


def _sums(visible: FloatArray, hidden: FloatArray) -> FloatArray:
    """Return the column sums of both, one after the other."""
    # As products: the sum over the first axis is slower.
    ones = np.ones(len(visible), dtype=np.float32)
    width = visible.shape[1]
    sums = np.empty(width + hidden.shape[1], dtype=np.float32)
    np.matmul(ones, visible, out=sums[:width])
    np.matmul(ones, hidden, out=sums[width:])
    return sums
