"""What the weights of annealed chains amount to: a mean, how many chains carry it, and how far it may be off."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rbm_studio.core.layer_sum import log_sum_exp
from rbm_studio.core.likelihood import Estimate

if TYPE_CHECKING:
    Doubles = npt.NDArray[np.float64]


def log_mean(log_weights: Doubles) -> Estimate:
    """Return ln of the mean of weights.

    The error is the sum of three parts, chosen for how often ln Z is within two errors of the estimate where it is
    known exactly (``python -m benchmarks annealing_errors``). With K effective ones of n chains they are

    - (1/K − 1/n)^½, the error to first order (the delta method), which is never above 1, however far the mean is off;
    - 1/K, as if one more effective chain could have been drawn, or one less: it also stands for what n equal weights
      cannot tell;
    - K^−½ times what the mean falls short of that of a log-normal distribution as wide as the upper half of the
      weights, and its variance's standard error wider. Logarithms of weights are near normal, as sums of many steps
      (Neal 2001, section 4), so that where few chains carry the mean, those that should are most probably missing.

    Parameters
    ----------
    log_weights : float64 ndarray of shape (n,)
        One for each chain.

    Returns
    -------
    Estimate
        Its error is infinite with a single chain, and never 0.
    """
    count = len(log_weights)
    effective = effective_number(log_weights)
    value = log_sum_exp(log_weights) - math.log(count)
    if count == 1:
        return Estimate(value, math.inf, effective)
    # The sample's variance, with count − 1, over the squared mean.
    first_order = math.sqrt(max(0.0, (count / effective - 1.0) / (count - 1)))
    missing = max(0.0, _log_normal_mean(log_weights) - value)
    return Estimate(value, first_order + 1.0 / effective + missing / math.sqrt(effective), effective)


def mean_of_logs(log_weights: Doubles) -> Estimate:
    """Return the mean of logarithms of weights, to which each chain contributes as much as any other.

    Parameters
    ----------
    log_weights : float64 ndarray of shape (n,)

    Returns
    -------
    Estimate
        With the mean's error plus 1/n, for what n equal ones cannot tell; infinite with a single chain.
    """
    count = len(log_weights)
    error = float(log_weights.std(ddof=1)) / math.sqrt(count) + 1.0 / count if count > 1 else math.inf
    return Estimate(float(log_weights.mean()), error, float(count))


def effective_number(log_weights: Doubles) -> float:
    """Return how many equal weights would have a mean as certain: (Σw)² / Σw², 1 to n (Kong 1992; Neal 2001)."""
    number = math.exp(2.0 * log_sum_exp(log_weights) - log_sum_exp(2.0 * log_weights))
    return min(max(number, 1.0), float(len(log_weights)))


def _log_normal_mean(log_weights: Doubles) -> float:
    """Return ln of the mean of a log-normal distribution with the median, and the spread above it, of some weights."""
    median = float(np.median(log_weights))
    above = np.sort(log_weights)[(len(log_weights) + 1) // 2 :] - median
    variance = float(np.square(above).mean()) * (1.0 + math.sqrt(2.0 / len(above)))
    return median + variance / 2.0
