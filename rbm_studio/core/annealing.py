"""How probable a model makes images where its states are too many to sum over: annealed importance sampling."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rbm_studio.core.chain_weights import log_mean, mean_of_logs
from rbm_studio.core.chains import Path
from rbm_studio.core.likelihood import Estimate, Watch, check_states, log_likelihood
from rbm_studio.core.parameters import log_odds
from rbm_studio.core.settings import check_count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.parameters import Parameters

    Doubles = npt.NDArray[np.float64]

MAX_CHAINS = 1_000_000
MAX_TEMPERATURES = 10_000_000
_ROWS = 128
"""So many chains move together, which bounds the memory; a core's cache holds what they take."""
_PILOT_CHAINS, _PILOT_STEPS = 50, 100
_SMOOTHED = 9
"""Over how many of the pilot's steps the speed of the distributions is averaged."""


def annealed_log_partition(
    parameters: Parameters,
    rng: np.random.Generator,
    *,
    base_visible_bias: FloatArray,
    chains: int = 100,
    temperatures: int = 1000,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Estimate:
    """Estimate ln Z by annealed importance sampling (Neal 2001; Salakhutdinov & Murray, ICML 2008).

    Chains go from independent pixels, whose Z₀ is known, to the model through ``temperatures`` intermediate
    distributions p_β(v) ∝ exp((1 − β) a₀ᵀv + β aᵀv) Π_j (1 + exp(β (b_j + (vᵀw)_j))); label units, where there are
    any, belong to v and start from equal probabilities. The mean of the chains' weights is Z / Z₀ in expectation,
    however few chains and temperatures there are.

    Parameters
    ----------
    parameters : Parameters
    rng : numpy.random.Generator
    base_visible_bias : ndarray of shape (D,)
        a₀ of the independent pixels to start from: that of the data (`independent_biases`). The model's own biases
        will not do: where they keep a pixel off that is on in much of what the model draws, all chains can stay where
        the model has little of its probability, and agree about it.
    chains, temperatures : int
        More of either narrows the error. The temperatures lie where a short run of other chains finds the
        distributions to change fastest (Gelman & Meng 1998).
    progress : callable, optional
        Called with the number of steps done and of all.
    cancelled : callable, optional
        Asked at each step whether to end.

    Returns
    -------
    Estimate
        Of ln Z. Of the logarithm of a mean the expectation is too low (Jensen), so ln Z tends to come out too low,
        and likelihoods too high. The standard error is `log_mean`'s, wider where few chains carry the weight; of modes
        that no chain came near it cannot know. `reverse_annealed_log_likelihood` errs on the other side.

    Raises
    ------
    Cancelled
        If ``cancelled`` returned True.
    """
    annealing = _Annealing(parameters, rng, base_visible_bias, chains, temperatures, progress, cancelled)
    return annealing.log_partition()


def reverse_annealed_log_likelihood(
    parameters: Parameters,
    images: FloatArray,
    rng: np.random.Generator,
    *,
    base_visible_bias: FloatArray,
    chains: int = 100,
    temperatures: int = 1000,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Estimate:
    """Estimate mean ln p(v) of images from below: RAISE (Burda, Grosse & Salakhutdinov, AISTATS 2015).

    Chains start at images and go from the model to independent pixels. Compared with `annealed_log_partition`, whose
    steps they take backwards, an image and its chain's weight give ln of a quantity whose expectation is p_ann(v): the
    probability that a chain of annealed importance sampling, after one more Gibbs step at the model itself, ends
    at v. The expectation of the logarithm is a lower bound of ln p_ann(v).

    Parameters
    ----------
    parameters : Parameters
    images : ndarray of shape (n, D)
        0 or 1.
    rng : numpy.random.Generator
    base_visible_bias, temperatures, progress, cancelled
        As of `annealed_log_partition`.
    chains : int
        Each starts at another image, drawn at random; only where there are fewer images, they are taken again. All
        images count for the part of the figure that takes no chain.

    Returns
    -------
    Estimate
        Of the mean over all images, in nats. Its expectation is at most the mean ln p_ann(v), whatever the numbers of
        chains and temperatures. p_ann is not the model, but comes closer with more temperatures. It bounds ln p too as
        long as p_ann gives these images no more probability than the model does: so with images that are the model's
        own samples, and as a rule with data; not always: few temperatures can put it above ln p, and above what
        `annealed_log_partition` gives. The standard error is that of the chains' mean; how the images were sampled
        from the world is not in it.

    Raises
    ------
    RBMStudioError
        If the images are not binary.
    Cancelled
        If ``cancelled`` returned True.
    """
    check_states(images, parameters.visible_num)
    annealing = _Annealing(parameters, rng, base_visible_bias, chains, temperatures, progress, cancelled)
    return annealing.log_likelihood(images)


def reverse_annealed_log_partition(
    parameters: Parameters,
    images: FloatArray,
    rng: np.random.Generator,
    *,
    base_visible_bias: FloatArray,
    chains: int = 100,
    temperatures: int = 1000,
    burn_in: int = 0,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Estimate:
    """Estimate ln Z by annealing backwards, from images to independent pixels.

    The mean of such chains' weights is Z₀ / Z in expectation if they start at samples of the model, so ln Z tends to
    come out too high (Grosse, Ghahramani & Adams 2015), and likelihoods too low. Images are such samples only as far
    as the model is a good one: where they are not, this bounds nothing. `reverse_annealed_log_likelihood` needs no
    such assumption.

    PyDeep calls the same chains reverse AIS, started at data or, by default, at pixels drawn with all hidden units
    off, but takes the mean of the weights' reciprocals, which the worst chains rule: its ln Z comes out higher still.

    Parameters
    ----------
    parameters : Parameters
    images : ndarray of shape (n, D)
        0 or 1: data, or samples of the model.
    rng : numpy.random.Generator
    base_visible_bias, chains, temperatures, progress, cancelled
        As of `reverse_annealed_log_likelihood`.
    burn_in : int
        Gibbs steps at the model itself before the chains leave it, besides the one that they always take: from data
        towards samples of the model.

    Returns
    -------
    Estimate
        Of ln Z. The standard error is as blind as that of `annealed_log_partition` is.

    Raises
    ------
    RBMStudioError
        If the images are not binary.
    Cancelled
        If ``cancelled`` returned True.
    """
    check_states(images, parameters.visible_num)
    check_count("number of burn-in steps", burn_in, 0, MAX_TEMPERATURES)
    annealing = _Annealing(
        parameters, rng, base_visible_bias, chains, temperatures, progress, cancelled, burn_in=burn_in
    )
    return annealing.reverse_log_partition(images)


def independent_biases(images: FloatArray) -> FloatArray:
    """Return the biases of independent pixels as bright as images (n, D): from there the annealing errs least."""
    return log_odds(images.mean(axis=0, dtype=np.float64), len(images))


class _Annealing:
    """Annealing in both directions, through the same temperatures.

    Parameters
    ----------
    parameters, rng, base_visible_bias, chains, temperatures, progress, cancelled
        As of `annealed_log_partition`.
    burn_in : int
        Further Gibbs steps at the model before chains leave it.
    """

    def __init__(
        self,
        parameters: Parameters,
        rng: np.random.Generator,
        base_visible_bias: FloatArray,
        chains: int,
        temperatures: int,
        progress: Callable[[int, int], None] | None,
        cancelled: Callable[[], bool] | None,
        *,
        burn_in: int = 0,
    ) -> None:
        check_count("number of chains", chains, 1, MAX_CHAINS)
        check_count("number of temperatures", temperatures, 1, MAX_TEMPERATURES)
        self._rng = rng
        self._chains, self._burn_in = chains, burn_in
        blocks = -(-chains // _ROWS)
        self._watch = Watch(_PILOT_STEPS + blocks * (temperatures + burn_in), progress, cancelled)
        self._path = Path(parameters, base_visible_bias)
        self._betas = self._schedule(temperatures)

    def log_partition(self) -> Estimate:
        """Return ln Z by chains that go to the model."""
        ratio = log_mean(self._log_weights(self._betas))
        return replace(ratio, value=self._path.base_log_partition + ratio.value)

    def reverse_log_partition(self, images: FloatArray) -> Estimate:
        """Return ln Z by chains that go from images to independent pixels."""
        ratio = log_mean(self._log_weights(self._reversed(), images))
        return replace(ratio, value=self._path.base_log_partition - ratio.value)

    def log_likelihood(self, images: FloatArray) -> Estimate:
        """Return RAISE's lower bound."""
        ratio = mean_of_logs(self._log_weights(self._reversed(), images))
        log_partition = self._path.base_log_partition - ratio.value
        return replace(ratio, value=log_likelihood(self._path.parameters, images, log_partition))

    def _reversed(self) -> Doubles:
        return np.concatenate([np.ones(self._burn_in), self._betas[::-1]])

    def _schedule(self, temperatures: int) -> Doubles:
        """Return β from 0 to 1, in steps that change the distribution by about as much each.

        The speed of change is the standard deviation of ∂ln f_β/∂β (Gelman & Meng 1998). Other chains than those that
        count find it: these must not choose their own temperatures.
        """
        betas = np.linspace(0.0, 1.0, _PILOT_STEPS + 1)
        speeds = np.array([ratio.std() for ratio in self._walk(self._path.anywhere(_PILOT_CHAINS), betas)])
        smooth = np.convolve(np.pad(speeds, _SMOOTHED // 2, mode="edge"), np.full(_SMOOTHED, 1.0 / _SMOOTHED), "valid")
        # Where the chains happen not to differ there must be steps too; where they never do, they are even.
        smooth += 0.1 * smooth.mean() or 1.0
        way = np.concatenate([[0.0], np.cumsum(smooth)])
        schedule: Doubles = np.interp(np.linspace(0.0, way[-1], temperatures + 1), way, betas)
        return schedule

    def _log_weights(self, betas: Doubles, images: FloatArray | None = None) -> Doubles:
        """Return the logarithm of each chain's weight: Σ ln f_after(v) − ln f_before(v) over its steps."""
        log_weights = np.zeros(self._chains)
        # Each image is taken as often as any other, or once more.
        chosen = None if images is None else np.resize(self._rng.permutation(len(images)), self._chains)
        for first in range(0, self._chains, _ROWS):
            block = log_weights[first : first + _ROWS]
            if images is None or chosen is None:
                states = self._path.anywhere(len(block))
            else:
                states = self._path.states(images[chosen[first : first + _ROWS]], self._rng)
            for ratio in self._walk(states, betas):
                block += ratio
        return log_weights

    def _walk(self, states: FloatArray, betas: Doubles) -> Iterator[Doubles]:
        for ratio in self._path.walk(states, betas, self._rng):
            self._watch.advance(1)
            yield ratio
