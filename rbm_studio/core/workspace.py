"""The arrays of one step, allocated once and used again for every batch, and their division into parts.

An image's values (its pixels, then its label units, one-hot) are one row, as are the weights of all of these: labels
are visible units that happen to be drawn as a group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.core.parameters import Parameters

if TYPE_CHECKING:
    import numpy.typing as npt

    from rbm_studio.core.backend import Backend, FloatArray
    from rbm_studio.core.operations import Operations
    from rbm_studio.core.random_numbers import RandomSource

LEAST_ROWS_PER_PART = 200
"""Products of fewer rows lose more, halved, than two threads gain; BLAS shares one among its own threads."""
LEAST_WORK_PER_THREAD = 6_000_000
"""Multiplications of one product; with fewer, to wake a thread costs more than it saves."""
_EXTRA_ROWS = 2
LEAST_IMAGES = 1000
"""With fewer, that a pixel is dark in all of them is still to be learned: less than once in n + 1 says little."""


class Joint:
    """A model's weights in one array, the label units' below the visible ones', on a device.

    Pixels that are dark in all of the data are left out if they have no weights and the model holds them for dark too:
    they tell nothing, and would cost as much as others.

    Parameters
    ----------
    parameters : Parameters
        Copied.
    lit : bool ndarray of shape (D,)
        Which pixels the data lights somewhere.
    images : int
        How many images the data has: of a pixel that is dark in n of them all that can be said is that it is lit less
        than once in n + 1.
    backend : Backend
        Where the arrays shall lie.

    Attributes
    ----------
    w : array of shape (P + C, H)
        P is the number of pixels taken part in.
    visible_bias : array of shape (P + C,)
    hidden_bias : array of shape (H,)
    pixels : int
        P.
    lit : ndarray of shape (P,)
        Which these are of the D.
    dark : ndarray of shape (D − P,)
        Which these are not.
    """

    def __init__(self, parameters: Parameters, lit: npt.NDArray[np.bool_], images: int, backend: Backend) -> None:
        p = parameters
        dark = ~lit & ~p.w.any(axis=1) & (p.visible_bias < 0.001 - np.log(images)) & (images >= LEAST_IMAGES)
        taken = np.ones_like(lit) if dark.all() else ~dark
        units = int(taken.sum()) + p.label_num
        taken[np.flatnonzero(~taken)[: -units % backend.operations.alignment]] = True
        self.lit, self.dark = np.flatnonzero(taken), np.flatnonzero(~taken)
        self.pixels = len(self.lit)
        self.all_pixels = p.visible_num
        self._backend = backend
        self._dark_bias = p.visible_bias[self.dark]
        w, a = p.w[self.lit], p.visible_bias[self.lit]
        if p.label_w is not None and p.label_bias is not None:
            w, a = np.concatenate([w, p.label_w]), np.concatenate([a, p.label_bias])
        self.w = backend.to_device(w)
        self.visible_bias = backend.to_device(a)
        self.hidden_bias = backend.to_device(p.hidden_bias)

    @property
    def arrays(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The three arrays."""
        return self.w, self.visible_bias, self.hidden_bias

    @property
    def classes(self) -> int:
        """C."""
        return len(self.visible_bias) - self.pixels

    def parameters(self) -> Parameters:
        """Return a copy of the parameters in host memory."""
        return self.spread(self.arrays)

    def taken(self) -> Parameters:
        """Return a copy of the model of the pixels that take part, the others dark, in host memory."""
        w, a, b = (self._backend.to_host(array) for array in self.arrays)
        labels = (w[self.pixels :], a[self.pixels :]) if len(a) > self.pixels else (None, None)
        return Parameters(w[: self.pixels], a[: self.pixels], b, *labels)

    def spread(
        self, arrays: tuple[FloatArray, FloatArray, FloatArray], dark_bias: FloatArray | float | None = None
    ) -> Parameters:
        """Return arrays of these shapes as parameters of the whole model, in host memory.

        The biases of the pixels left out are the model's, if no others are given.
        """
        w, a, b = (self._backend.to_host(array) for array in arrays)
        dark = self._dark_bias if dark_bias is None else dark_bias
        whole_w = np.zeros((self.all_pixels, w.shape[1]), dtype=np.float32)
        whole_a = np.zeros(self.all_pixels, dtype=np.float32)
        whole_w[self.lit], whole_a[self.lit], whole_a[self.dark] = w[: self.pixels], a[: self.pixels], dark
        labels = (w[self.pixels :], a[self.pixels :]) if len(a) > self.pixels else (None, None)
        return Parameters(whole_w, whole_a, b, *labels)

    def dark_cross_entropy(self, images: FloatArray | None = None) -> float:
        """Return the mean cross-entropy of the pixels left out, in nats an image: of dark ones, or float32 (n, D)."""
        bias = self._dark_bias.astype(np.float64)
        lit = 0.0 if images is None else float((images[:, self.dark] @ bias).mean())
        return float(np.logaddexp(0.0, bias).sum()) - lit


@dataclass(frozen=True, eq=False)
class Part:
    """The rows of a batch, and of the chains, that one thread works on.

    Attributes
    ----------
    xp : module
        `numpy` or `cupy`.
    operations : Operations
        How its device does what both cannot do in the same way.
    rng : RandomSource
        Of this part alone, so that the outcome does not depend on which thread is faster.
    joint : Joint
        The model.
    data, hidden_data : arrays of shapes (n, D + C) and (n, H)
        The images, and p(h = 1 | v) for them.
    model, hidden_model : arrays of shapes (m, D + C) and (m, H)
        The visible units of the negative phase, and p(h = 1 | v) for them.
    hidden_sample : array of shape (max(n, m), H)
        States of hidden units.
    scratch : arrays of shapes (max(n, m), D + C) and (max(n, m), H)
        Work space.
    """

    xp: Any
    operations: Operations
    rng: RandomSource
    joint: Joint
    data: FloatArray
    hidden_data: FloatArray
    model: FloatArray
    hidden_model: FloatArray
    hidden_sample: FloatArray
    scratch: tuple[FloatArray, FloatArray]

    def expect_hidden(
        self, visible: FloatArray, out: FloatArray, *, beta: float = 1.0, states: FloatArray | None = None
    ) -> None:
        """Write p(h = 1 | v) to ``out``, all energies times ``beta``, and, where wanted, samples to ``states``."""
        self.xp.matmul(visible, self.joint.w, out=out)
        draw = None if states is None else self._draw(1, len(out))
        self.operations.units(out, self.joint.hidden_bias, beta, draw, states)

    def sample_hidden(self, probabilities: FloatArray, out: FloatArray) -> None:
        """Write states of hidden units with these probabilities to ``out``."""
        self.operations.sample(probabilities, self._draw(1, len(probabilities)), out)

    def visible_input(self, hidden: FloatArray, out: FloatArray) -> None:
        """Write the visible units' inputs, without their biases, to ``out``."""
        self.xp.matmul(hidden, self.joint.w.T, out=out)

    def expect_visible(self, inputs: FloatArray, *, beta: float = 1.0, sampled: bool = False) -> None:
        """Turn inputs without their biases into p(v = 1 | h), or samples, in place, all energies times ``beta``."""
        pixels, bias = self.joint.pixels, self.joint.visible_bias
        draw = self._draw(0, len(inputs)) if sampled else None
        if pixels == inputs.shape[1]:
            self.operations.units(inputs, bias, beta, draw, inputs if sampled else None)
            return
        shown, labels = inputs[:, :pixels], inputs[:, pixels:]
        self.operations.units(shown, bias[:pixels], beta, draw, shown if sampled else None)
        self.operations.softmax_units(labels, bias[pixels:], beta)
        if sampled:
            self.operations.sample_softmax(labels, draw, pixels)

    def sample_visible(self, probabilities: FloatArray) -> None:
        """Turn probabilities of visible units into states, in place."""
        pixels, draw = self.joint.pixels, self._draw(0, len(probabilities))
        if pixels < probabilities.shape[1]:
            self.operations.sample_softmax(probabilities[:, pixels:], draw, pixels)
        shown = probabilities[:, :pixels]
        self.operations.sample(shown, draw, shown)

    def reconstruct(self, rows: int) -> Any:
        """Return the cross-entropy of the first images, whose hidden_data are known, under their reconstructions.

        These are made from sampled hidden units, in the model's rows where they are enough.
        """
        states = self.hidden_sample[:rows]
        is_room = rows <= len(self.model)
        inputs = self.model[:rows] if is_room else self.xp.empty_like(self.data[:rows])
        self.sample_hidden(self.hidden_data[:rows], states)
        self.visible_input(states, inputs)
        return self.cross_entropy(inputs, rows)

    def cross_entropy(self, inputs: FloatArray, rows: int) -> Any:
        """Return the first rows' cross-entropy under units with these inputs, pixels only, in nats.

        The inputs of these rows become probabilities. What is returned is for `Operations.read`.
        """
        pixels, bias = self.joint.pixels, self.joint.visible_bias
        shown, data, scratch = inputs[:rows], self.data[:rows], self.scratch[0][:rows]
        if pixels == shown.shape[1]:
            return self.operations.cross_entropy(data, shown, bias, scratch)
        nats = self.operations.cross_entropy(data[:, :pixels], shown[:, :pixels], bias[:pixels], scratch[:, :pixels])
        self.operations.softmax_units(shown[:, pixels:], bias[pixels:])
        return nats

    def _draw(self, layer: int, rows: int) -> Any:
        return self.rng.draw(self.scratch[layer][:rows])


class Workspace:
    """The arrays of a step.

    Data and model statistics lie in one array each, data above model, so that one matrix product gives the difference
    of both phases; two rows below take what centring adds to it.

    Parameters
    ----------
    joint : Joint
        The model.
    batch_size : int
        The largest number of images.
    chains : int
        The number of rows of the negative phase; 0: as many as a batch has images.
    backend : Backend
        Where the arrays lie.
    seed : numpy.random.SeedSequence
        Of the parts' random numbers.
    threads : int
        How many threads may work on it.
    """

    def __init__(
        self,
        joint: Joint,
        batch_size: int,
        chains: int,
        backend: Backend,
        seed: np.random.SeedSequence,
        threads: int = 1,
    ) -> None:
        self.xp: Any = backend.xp
        self._operations = backend.operations
        self.joint = joint
        self._chains = chains
        width, hidden_num = joint.w.shape
        rows = batch_size + (chains or batch_size)
        self.visible = self._zeros(rows + _EXTRA_ROWS, width)
        self.hidden = self._zeros(rows + _EXTRA_ROWS, hidden_num)
        self.bias_gradient = self._zeros(width + hidden_num)
        self.gradient = (self._zeros(width, hidden_num), self.bias_gradient[:width], self.bias_gradient[width:])
        most = max(batch_size, chains)
        count = threads_for(most, width * hidden_num, threads)
        # The parts of images and of chains do not always end at the same rows.
        most += count
        self._sample = self._zeros(most, hidden_num)
        self._scratch = (self._zeros(most, width), self._zeros(most, hidden_num))
        self.sources = [backend.generator(child) for child in seed.spawn(count)]
        self._parts: dict[int, list[Part]] = {}

    def _zeros(self, *shape: int) -> FloatArray:
        array: FloatArray = self.xp.zeros(shape, dtype=np.float32)
        return array

    def parts(self, batch_size: int) -> list[Part]:
        """Return the parts of a batch of at most the size given at first."""
        if batch_size not in self._parts:
            self._parts[batch_size] = self._divide(batch_size)
        return self._parts[batch_size]

    def chains(self, batch_size: int) -> int:
        """Return how many rows the negative phase of a batch has."""
        return self._chains or batch_size

    def _divide(self, n: int) -> list[Part]:
        m, count = self.chains(n), len(self.sources)
        parts: list[Part] = []
        first = 0
        for place, rng in enumerate(self.sources):
            data = slice(place * n // count, (place + 1) * n // count)
            chains = slice(place * m // count, (place + 1) * m // count)
            model = slice(n + chains.start, n + chains.stop)
            most = max(data.stop - data.start, chains.stop - chains.start)
            own = slice(first, first + most)
            first += most
            parts.append(
                Part(
                    self.xp,
                    self._operations,
                    rng,
                    self.joint,
                    self.visible[data],
                    self.hidden[data],
                    self.visible[model],
                    self.hidden[model],
                    self._sample[own],
                    (self._scratch[0][own], self._scratch[1][own]),
                )
            )
        return parts


def threads_for(rows: int, weights: int, most: int) -> int:
    """Return how many threads a batch of so many rows is worth."""
    return max(1, min(most, rows // LEAST_ROWS_PER_PART, rows * weights // LEAST_WORK_PER_THREAD))
