"""What training speed is measured against: the article's algorithm in plain NumPy, as a person writes it at first.

Written anew from the article's description. It has the costs of the article's library on purpose: random numbers in
float64, which make samples (a step function of their difference from the probabilities), products and updates float64
too; fresh arrays for every intermediate result; logarithms of each probability; a shuffled copy of all images for each
epoch.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.floating[Any]]

_EPSILON = 1e-10  # keeps the logarithms finite


class ArticleReference:
    """A Bernoulli-Bernoulli RBM trained by CD-1.

    Parameters
    ----------
    visible_num, hidden_num : int
        D, H.
    learning_rate, momentum : float
        The article's.
    seed : int
        Of NumPy's older generator, which the article's library uses.
    """

    def __init__(
        self, visible_num: int, hidden_num: int, learning_rate: float = 0.0001, momentum: float = 0.95, seed: int = 0
    ) -> None:
        self._learning_rate = learning_rate
        self._momentum = momentum
        self._random = np.random.RandomState(seed)
        # Glorot & Bengio, Understanding the difficulty of training deep feedforward neural networks (2010).
        limit = np.sqrt(6 / (visible_num + hidden_num))
        self._w: Array = self._random.uniform(-limit, limit, (visible_num, hidden_num)).astype(np.float32)
        self._visible_bias: Array = np.zeros(visible_num, dtype=np.float32)
        self._hidden_bias: Array = np.zeros(hidden_num, dtype=np.float32)
        self._w_delta: Array = np.zeros_like(self._w)
        self._visible_delta: Array = np.zeros_like(self._visible_bias)
        self._hidden_delta: Array = np.zeros_like(self._hidden_bias)

    def train_epoch(self, images: Array, batch_size: int) -> float:
        """Train on all images once.

        Parameters
        ----------
        images : ndarray of shape (n, D)
            Values in 0..1; not changed.
        batch_size : int
            The least number of images in a batch.

        Returns
        -------
        float
            What the article calls the KL divergence, mean over the batches.
        """
        shuffled = images.copy()
        self._random.shuffle(shuffled)
        batches = np.array_split(shuffled, max(1, len(shuffled) // batch_size))
        return float(np.mean([self._train_on(batch) for batch in batches]))

    def kl(self, images: Array) -> float:
        """Return what the article calls the KL divergence, of images as one batch, under the model as it is."""
        return self._kl(images)

    def _train_on(self, batch: Array) -> float:
        hidden = self._sample(self._expect_hidden(batch))
        visible = self._sample(self._expect_visible(hidden))
        hidden_again = self._sample(self._expect_hidden(visible))
        # The sum over the batch for the weights, the mean for the biases: so it is in the article's library.
        w_gradient = batch.T @ hidden - visible.T @ hidden_again
        self._w_delta = self._with_momentum(self._w_delta, w_gradient)
        self._visible_delta = self._with_momentum(self._visible_delta, (batch - visible).mean(axis=0))
        self._hidden_delta = self._with_momentum(self._hidden_delta, (hidden - hidden_again).mean(axis=0))
        self._w += self._w_delta
        self._visible_bias += self._visible_delta
        self._hidden_bias += self._hidden_delta
        return self._kl(batch)

    def _kl(self, batch: Array) -> float:
        p = self._expect_visible(self._sample(self._expect_hidden(batch)))
        log_likelihood = batch * np.log(p + _EPSILON) + (1 - batch) * np.log(1 - p + _EPSILON)
        cross_entropy = -log_likelihood.sum(axis=1).mean()
        return float((cross_entropy - np.log(len(batch))) / batch.shape[1])

    def _with_momentum(self, delta: Array, gradient: Array) -> Array:
        updated: Array = self._momentum * delta + (1 - self._momentum) * self._learning_rate * gradient
        return updated

    def _expect_hidden(self, visible: Array) -> Array:
        p: Array = 1 / (1 + np.exp(-(visible @ self._w + self._hidden_bias)))
        return p

    def _expect_visible(self, hidden: Array) -> Array:
        p: Array = 1 / (1 + np.exp(-(hidden @ self._w.T + self._visible_bias)))
        return p

    def _sample(self, probabilities: Array) -> Array:
        samples: Array = np.heaviside(probabilities - self._random.random_sample(probabilities.shape), 0.0)
        return samples
