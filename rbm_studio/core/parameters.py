"""The parameters of a Bernoulli-Bernoulli RBM, and what follows from them alone."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rbm_studio.core.kernels import sigmoid
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rbm_studio.core.backend import FloatArray


@dataclass(frozen=True, eq=False)
class Parameters:
    """Weights and biases of an RBM with D visible, H hidden and, where it knows classes, C label units.

    The probability of a state is exp(−E) / Z with E(v, y, h) = −vᵀ w h − aᵀ v − bᵀ h − yᵀ u h − cᵀ y
    (Smolensky 1986; Hinton 2002); exactly one of the label units y is on, or there are none
    (Larochelle & Bengio, Classification using discriminative restricted Boltzmann machines, ICML 2008).

    Attributes
    ----------
    w : float32 ndarray of shape (D, H)
        The weights.
    visible_bias : float32 ndarray of shape (D,)
        a.
    hidden_bias : float32 ndarray of shape (H,)
        b.
    label_w : float32 ndarray of shape (C, H), or None
        u, the weights of the label units.
    label_bias : float32 ndarray of shape (C,), or None
        c.

    Raises
    ------
    RBMStudioError
        If the shapes do not belong together, or a layer is empty.
    """

    w: FloatArray
    visible_bias: FloatArray
    hidden_bias: FloatArray
    label_w: FloatArray | None = None
    label_bias: FloatArray | None = None

    def __post_init__(self) -> None:
        """Check that the shapes belong together."""
        shapes = (self.w.shape, self.visible_bias.shape, self.hidden_bias.shape)
        if self.w.ndim != 2 or 0 in self.w.shape or shapes[1:] != (self.w.shape[:1], self.w.shape[1:]):
            raise RBMStudioError(
                "The parameters do not fit together: w is {w}, visible_bias {a}, hidden_bias {b}.",
                "For D visible and H hidden units they are (D, H), (D,) and (H,).",
                w=shapes[0],
                a=shapes[1],
                b=shapes[2],
            )
        u = () if self.label_w is None else self.label_w.shape
        c = () if self.label_bias is None else self.label_bias.shape
        fits = len(u) == 2 and u[0] > 1 and (*c, *self.hidden_bias.shape) == u
        if (self.label_w is not None or self.label_bias is not None) and not fits:
            raise RBMStudioError(
                "The parameters of the label units do not fit: label_w is {u}, label_bias {c}.",
                "For C classes, at least 2, and H hidden units they are (C, H) and (C,).",
                u=u,
                c=c,
            )

    @property
    def visible_num(self) -> int:
        """The number of visible units, D; label units are not among them."""
        return int(self.w.shape[0])

    @property
    def hidden_num(self) -> int:
        """The number of hidden units, H."""
        return int(self.w.shape[1])

    @property
    def label_num(self) -> int:
        """The number of label units, C; 0 if the model knows no classes."""
        return 0 if self.label_bias is None else int(self.label_bias.shape[0])

    def arrays(self) -> dict[str, FloatArray]:
        """Return the arrays that there are, by name."""
        named = {name: getattr(self, name) for name in PARAMETER_NAMES}
        return {name: array for name, array in named.items() if array is not None}

    @property
    def is_finite(self) -> bool:
        """Whether no parameter is NaN or infinite."""
        return all(bool(np.isfinite(array).all()) for array in self.arrays().values())

    def copy(self) -> Parameters:
        """Return a copy that shares no memory with this one."""
        return Parameters(**{name: array.copy() for name, array in self.arrays().items()})

    def hidden_input(self, visible: FloatArray, labels: FloatArray | None = None) -> FloatArray:
        """Return the hidden units' total input b + vᵀw (+ yᵀu), of shape (n, H), for v (n, D) and y (n, C)."""
        z: FloatArray = visible.astype(np.float32, copy=False) @ self.w
        z += self.hidden_bias
        if labels is not None and self.label_w is not None:
            z += labels.astype(np.float32, copy=False) @ self.label_w
        return z

    def expect_hidden(self, visible: FloatArray, labels: FloatArray | None = None) -> FloatArray:
        """Return p(h = 1 | v), or p(h = 1 | v, y).

        Parameters
        ----------
        visible : ndarray of shape (n, D)
            Values in 0..1.
        labels : ndarray of shape (n, C), optional
            One-hot. Without them a model with label units sums them out: Σ_y p(y | v) p(h = 1 | v, y).

        Returns
        -------
        float32 ndarray of shape (n, H)
        """
        z = self.hidden_input(visible, labels)
        if self.label_w is None or labels is not None:
            sigmoid(z, z)
            return z
        expected = np.zeros_like(z)
        for probability, u in zip(self._label_probabilities(z).T, self.label_w, strict=True):
            given = z + u
            sigmoid(given, given)
            expected += probability[:, None].astype(np.float32) * given
        return expected

    def expect_visible(self, hidden: FloatArray) -> FloatArray:
        """Return p(v = 1 | h), of shape (n, D), for hidden values of shape (n, H) in 0..1."""
        z: FloatArray = hidden.astype(np.float32, copy=False) @ self.w.T
        z += self.visible_bias
        sigmoid(z, z)
        return z

    def expect_labels(self, hidden: FloatArray, temperature: float = 1.0) -> FloatArray:
        """Return p(y | h), of shape (n, C), for hidden values of shape (n, H) in 0..1, energies over the temperature.

        Raises
        ------
        RBMStudioError
            If the model has no label units.
        """
        u, c = self._labels()
        scores = (hidden.astype(np.float64) @ u.T.astype(np.float64) + c) / temperature
        return np.exp(scores - _log_sum_exp(scores)).astype(np.float32)

    def label_probabilities(self, visible: FloatArray) -> npt.NDArray[np.float64]:
        """Return p(y | v) of each class, with the hidden units summed out (Larochelle & Bengio 2008, equation 2).

        p(y | v) ∝ exp(c_y) Π_j (1 + exp(b_j + (vᵀw)_j + u_yj)).

        Parameters
        ----------
        visible : ndarray of shape (n, D)
            Values in 0..1.

        Returns
        -------
        float64 ndarray of shape (n, C)

        Raises
        ------
        RBMStudioError
            If the model has no label units.
        """
        self._labels()
        return self._label_probabilities(self.hidden_input(visible))

    def energy(self, visible: FloatArray, hidden: FloatArray, labels: FloatArray | None = None) -> FloatArray:
        """Return E(v, h), or E(v, y, h), of each row, of shape (n,), for v (n, D), h (n, H) and y (n, C)."""
        interaction = np.einsum("nh,nh->n", visible @ self.w, hidden)
        energies: FloatArray = -(interaction + visible @ self.visible_bias + hidden @ self.hidden_bias)
        if labels is not None:
            u, c = self._labels()
            energies -= np.einsum("nh,nh->n", labels @ u, hidden) + labels @ c
        return energies

    def free_energy(self, visible: FloatArray, labels: FloatArray | None = None) -> npt.NDArray[np.float64]:
        """Return F(v) = −ln Σ_h exp(−E) = −aᵀv − Σ_j softplus(b_j + (vᵀw)_j) (Freund & Haussler 1991).

        Parameters
        ----------
        visible : ndarray of shape (n, D)
            Values in 0..1.
        labels : ndarray of shape (n, C), optional
            One-hot, for F(v, y). Without them a model with label units sums them out too.

        Returns
        -------
        float64 ndarray of shape (n,)
            In nats.
        """
        free = np.empty(len(visible))
        for start in range(0, len(visible), _ROWS):
            rows = slice(start, start + _ROWS)
            free[rows] = self._free_energy(visible[rows], None if labels is None else labels[rows])
        return free

    def _free_energy(self, visible: FloatArray, labels: FloatArray | None) -> npt.NDArray[np.float64]:
        free: npt.NDArray[np.float64] = np.matmul(visible, -self.visible_bias.astype(np.float64))
        z = self.hidden_input(visible, labels)
        if self.label_bias is None:
            return free - _softplus_sums(z)
        if labels is None:
            return free - _log_sum_exp(self._label_scores(z))[:, 0]
        free -= labels @ self.label_bias.astype(np.float64)
        return free - _softplus_sums(z)

    def _labels(self) -> tuple[FloatArray, FloatArray]:
        if self.label_w is None or self.label_bias is None:
            raise RBMStudioError(
                "This model has no label units, so it knows no classes.", "Train one with labels switched on."
            )
        return self.label_w, self.label_bias

    def _label_scores(self, z: FloatArray) -> npt.NDArray[np.float64]:
        """Return ln p(y, v) of each class, of shape (n, C), up to what all classes share."""
        u, c = self._labels()
        columns = [_softplus_sums(z + u_y) + np.float64(c_y) for u_y, c_y in zip(u, c, strict=True)]
        return np.stack(columns, axis=1)

    def _label_probabilities(self, z: FloatArray) -> npt.NDArray[np.float64]:
        scores = self._label_scores(z)
        probabilities: npt.NDArray[np.float64] = np.exp(scores - _log_sum_exp(scores))
        return probabilities


PARAMETER_NAMES = tuple(field.name for field in fields(Parameters))
_ROWS = 512
"""Images are taken in blocks of so many rows, which bounds the memory; several passes over a block stay in a cache."""


def _softplus_sums(z: FloatArray) -> npt.NDArray[np.float64]:
    """Return Σ_j ln(1 + exp(z_j)) of each row, as Σ_j max(z_j, 0) + ln(1 + exp(−|z_j|)), which cannot overflow."""
    # Of the second term float32 loses 1e-7 at most; the first is exact. NumPy's logaddexp takes 15 times as long.
    logarithms = np.abs(z)
    np.negative(logarithms, out=logarithms)
    np.exp(logarithms, out=logarithms)
    np.add(logarithms, np.float32(1), out=logarithms)
    np.log(logarithms, out=logarithms)
    sums: npt.NDArray[np.float64] = np.maximum(z, 0).sum(axis=1, dtype=np.float64)
    sums += logarithms.sum(axis=1, dtype=np.float64)
    return sums


def _log_sum_exp(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    highest = scores.max(axis=1, keepdims=True)
    total: npt.NDArray[np.float64] = highest + np.log(np.exp(scores - highest).sum(axis=1, keepdims=True))
    return total


def log_odds(mean: npt.NDArray[Any], count: int) -> FloatArray:
    """Return ln(p / (1 − p)) of the mean p of so many images; p is kept 1/(count + 1) from 0 and 1: all is finite."""
    margin = 1.0 / (count + 1)
    p = np.clip(mean.astype(np.float64), margin, 1.0 - margin)
    odds: FloatArray = np.log(p / (1.0 - p)).astype(np.float32)
    return odds


def gaussian_parameters(
    visible_num: int,
    hidden_num: int,
    rng: np.random.Generator,
    mean_image: FloatArray | None = None,
    count: int = 0,
    label_num: int = 0,
) -> Parameters:
    """Return initial parameters as Hinton's Practical Guide (2010, section 8) advises.

    Weights are drawn from N(0, 0.01), hidden biases are 0, visible biases ln(p / (1 − p)). A pixel that is never on in
    the data has nothing to tell, and no weights.

    Parameters
    ----------
    visible_num, hidden_num : int
        The numbers of units.
    rng : numpy.random.Generator
        Where the weights come from.
    mean_image : ndarray of shape (visible_num,), optional
        p, the mean of the training images, in 0..1; visible biases are 0 without it.
    count : int
        How many images the mean is of; see `log_odds`.
    label_num : int
        The number of label units; 0 for none. Their biases are 0.
    """

    def draw(shape: tuple[int, int]) -> npt.NDArray[np.float64]:
        return rng.normal(0.0, 0.01, shape)

    w = draw((visible_num, hidden_num)).astype(np.float32)
    visible_bias = np.zeros(visible_num, dtype=np.float32)
    if mean_image is not None:
        visible_bias = log_odds(mean_image, count)
        w[mean_image == 0] = 0
    return Parameters(
        w, visible_bias, np.zeros(hidden_num, dtype=np.float32), *_label_parameters(label_num, hidden_num, draw)
    )


def _label_parameters(
    label_num: int, hidden_num: int, draw: Callable[[tuple[int, int]], npt.NDArray[np.float64]]
) -> tuple[FloatArray | None, FloatArray | None]:
    """Return weights drawn as those of the visible units are, and biases of 0; None where there are no label units."""
    if label_num == 0:
        return None, None
    return draw((label_num, hidden_num)).astype(np.float32), np.zeros(label_num, dtype=np.float32)


def uniform_parameters(visible_num: int, hidden_num: int, rng: np.random.Generator, label_num: int = 0) -> Parameters:
    """Return initial parameters as the article's library draws them: uniform weights, no biases.

    The limit of the weights is √(6 / (D + H)) (Glorot & Bengio 2010).
    """
    limit = np.sqrt(6.0 / (visible_num + hidden_num))

    def draw(shape: tuple[int, int]) -> npt.NDArray[np.float64]:
        return rng.uniform(-limit, limit, shape)

    w = draw((visible_num, hidden_num)).astype(np.float32)
    biases = np.zeros(visible_num, dtype=np.float32), np.zeros(hidden_num, dtype=np.float32)
    return Parameters(w, *biases, *_label_parameters(label_num, hidden_num, draw))
