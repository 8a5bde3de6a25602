"""The parameters of a Bernoulli-Bernoulli RBM, and what follows from them alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rbm_studio.core.kernels import sigmoid
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from rbm_studio.core.backend import FloatArray


@dataclass(frozen=True, eq=False)
class Parameters:
    """Weights and biases of an RBM with D visible and H hidden units.

    The probability of a state is exp(−E(v, h)) / Z with
    E(v, h) = −vᵀ w h − aᵀ v − bᵀ h (Smolensky 1986; Hinton 2002).

    Attributes
    ----------
    w : float32 ndarray of shape (D, H)
        The weights.
    visible_bias : float32 ndarray of shape (D,)
        a.
    hidden_bias : float32 ndarray of shape (H,)
        b.
    """

    w: FloatArray
    visible_bias: FloatArray
    hidden_bias: FloatArray

    def __post_init__(self) -> None:
        """Check that the shapes belong together.

        Raises
        ------
        RBMStudioError
            If they do not, or if a layer is empty.
        """
        shapes = (self.w.shape, self.visible_bias.shape, self.hidden_bias.shape)
        if self.w.ndim != 2 or 0 in self.w.shape or shapes[1:] != (self.w.shape[:1], self.w.shape[1:]):
            raise RBMStudioError(
                "The parameters do not fit together: w is {w}, visible_bias {a}, hidden_bias {b}.",
                "For D visible and H hidden units they are (D, H), (D,) and (H,).",
                w=shapes[0],
                a=shapes[1],
                b=shapes[2],
            )

    @property
    def visible_num(self) -> int:
        """The number of visible units, D."""
        return int(self.w.shape[0])

    @property
    def hidden_num(self) -> int:
        """The number of hidden units, H."""
        return int(self.w.shape[1])

    @property
    def is_finite(self) -> bool:
        """Whether no parameter is NaN or infinite."""
        return all(bool(np.isfinite(array).all()) for array in (self.w, self.visible_bias, self.hidden_bias))

    def copy(self) -> Parameters:
        """Return a copy that shares no memory with this one."""
        return Parameters(self.w.copy(), self.visible_bias.copy(), self.hidden_bias.copy())

    def expect_hidden(self, visible: FloatArray) -> FloatArray:
        """Return p(h = 1 | v).

        Parameters
        ----------
        visible : ndarray of shape (n, D)
            Values in 0..1.

        Returns
        -------
        float32 ndarray of shape (n, H)
        """
        z: FloatArray = visible.astype(np.float32, copy=False) @ self.w
        z += self.hidden_bias
        sigmoid(z, z, np)
        return z

    def expect_visible(self, hidden: FloatArray) -> FloatArray:
        """Return p(v = 1 | h), of shape (n, D), for hidden values of shape (n, H) in 0..1."""
        z: FloatArray = hidden.astype(np.float32, copy=False) @ self.w.T
        z += self.visible_bias
        sigmoid(z, z, np)
        return z

    def energy(self, visible: FloatArray, hidden: FloatArray) -> FloatArray:
        """Return E(v, h) of each row, of shape (n,), for visible (n, D) and hidden (n, H)."""
        interaction = np.einsum("nh,nh->n", visible @ self.w, hidden)
        energies: FloatArray = -(interaction + visible @ self.visible_bias + hidden @ self.hidden_bias)
        return energies

    def free_energy(self, visible: FloatArray) -> npt.NDArray[np.float64]:
        """Return F(v) = −ln Σ_h exp(−E(v, h)) = −aᵀv − Σ_j softplus(b_j + (vᵀw)_j) (Freund & Haussler 1991).

        Parameters
        ----------
        visible : ndarray of shape (n, D)
            Values in 0..1.

        Returns
        -------
        float64 ndarray of shape (n,)
            In nats.
        """
        z = (visible @ self.w + self.hidden_bias).astype(np.float64)
        nats: npt.NDArray[np.float64] = -(
            np.logaddexp(0.0, z).sum(axis=1) + visible @ self.visible_bias.astype(np.float64)
        )
        return nats


def gaussian_parameters(
    visible_num: int, hidden_num: int, rng: np.random.Generator, mean_image: FloatArray | None = None, count: int = 0
) -> Parameters:
    """Return initial parameters as Hinton's Practical Guide (2010, section 8) advises.

    Weights are drawn from N(0, 0.01), hidden biases are 0, visible biases ln(p / (1 − p)).

    Parameters
    ----------
    visible_num, hidden_num : int
        The numbers of units.
    rng : numpy.random.Generator
        Where the weights come from.
    mean_image : ndarray of shape (visible_num,), optional
        p, the mean of the training images, in 0..1; visible biases are 0 without it.
    count : int
        How many images the mean is of: p is kept within 1/(count + 1) of 0 and 1, so that the biases stay finite.
    """
    w = rng.normal(0.0, 0.01, (visible_num, hidden_num)).astype(np.float32)
    visible_bias = np.zeros(visible_num, dtype=np.float32)
    if mean_image is not None:
        margin = 1.0 / (count + 1)
        p = np.clip(mean_image.astype(np.float64), margin, 1.0 - margin)
        visible_bias = np.log(p / (1.0 - p)).astype(np.float32)
    return Parameters(w, visible_bias, np.zeros(hidden_num, dtype=np.float32))


def uniform_parameters(visible_num: int, hidden_num: int, rng: np.random.Generator) -> Parameters:
    """Return initial parameters as the article's library draws them: uniform weights, no biases.

    The limit of the weights is √(6 / (D + H)) (Glorot & Bengio 2010).
    """
    limit = np.sqrt(6.0 / (visible_num + hidden_num))
    w = rng.uniform(-limit, limit, (visible_num, hidden_num)).astype(np.float32)
    return Parameters(w, np.zeros(visible_num, dtype=np.float32), np.zeros(hidden_num, dtype=np.float32))
