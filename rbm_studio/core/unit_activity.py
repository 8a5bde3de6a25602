"""What each hidden unit does over the data: how often it is on, and for which images, of all units in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from rbm_studio.core.backend import FloatArray
    from rbm_studio.core.metric_data import MetricData
    from rbm_studio.core.parameters import Parameters

BINS = 20
"""Bars of a unit's histogram over 0..1, each 0.05 wide."""

EXTREMES = 8
"""How many images are kept at either end."""

_INDEX_BITS = np.uint64(32)
_INDEX_MASK = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, eq=False)
class Extremes:
    """The images at one end of a unit's probabilities, the outermost first.

    Attributes
    ----------
    images : int64 ndarray of shape (H, k)
        Indices of images; of those with the same probability the earlier ones.
    probabilities : float32 ndarray of shape (H, k)
        p(h = 1 | v) of each.
    """

    images: npt.NDArray[np.int64]
    probabilities: FloatArray


@dataclass(frozen=True, eq=False)
class UnitActivity:
    """What all units do over the data.

    Attributes
    ----------
    images, test_images : int
        How many training and test images it was measured on.
    counts : int64 ndarray of shape (H, BINS)
        Training images by their p(h = 1 | v), in even bins over 0..1; 1 counts to the last.
    mean_activity : float64 ndarray of shape (H,)
        Mean p(h = 1 | v) over the training images.
    mean_visible : float64 ndarray of shape (D,)
        Mean of the training images, as they were shown to the model.
    mean_reconstruction : float64 ndarray of shape (D,)
        Mean of their reconstructions: p(v = 1 | h), with p(h = 1 | v) in the place of h.
    most, least : Extremes
        The test images that switch each unit on most, and least.
    """

    images: int
    test_images: int
    counts: npt.NDArray[np.int64]
    mean_activity: npt.NDArray[np.float64]
    mean_visible: npt.NDArray[np.float64]
    mean_reconstruction: npt.NDArray[np.float64]
    most: Extremes
    least: Extremes


def measure_activity(
    parameters: Parameters, training: MetricData, test: MetricData, extremes: int = EXTREMES
) -> UnitActivity:
    """Measure what all units do over some images, a block of them at a time.

    Parameters
    ----------
    parameters : Parameters
        With label units, these are summed out: p(h = 1 | v) = Σ_y p(y | v) p(h = 1 | v, y).
    training, test : MetricData
        At least one image each; their `watch` may raise to end the measurement.
    extremes : int
        How many test images are kept at either end; all, where there are fewer.
    """
    units = parameters.hidden_num
    counts = np.zeros((units, BINS), dtype=np.int64)
    activity = np.zeros(units)
    visible, restored = np.zeros(parameters.visible_num), np.zeros(parameters.visible_num)
    # Parameters that training has blown up may overflow: their probabilities are 0 and 1, or no numbers.
    with np.errstate(over="ignore", invalid="ignore"):
        for block in training.blocks():
            hidden = parameters.expect_hidden(block.visible)
            counts += _counts(hidden)
            activity += hidden.sum(axis=0, dtype=np.float64)
            visible += block.visible.sum(axis=0, dtype=np.float64)
            restored += parameters.expect_visible(hidden).sum(axis=0, dtype=np.float64)
        most, least = _extremes(parameters, test, min(extremes, len(test)))
    n = len(training)
    return UnitActivity(n, len(test), counts, activity / n, visible / n, restored / n, most, least)


def _counts(hidden: FloatArray) -> npt.NDArray[np.int64]:
    """Return how many rows of probabilities lie in each bin, for each column."""
    units = hidden.shape[1]
    bins = np.nan_to_num(hidden * np.float32(BINS)).astype(np.intp)
    np.minimum(bins, BINS - 1, out=bins)
    bins += np.arange(units) * BINS
    return np.bincount(bins.ravel(), minlength=units * BINS).reshape(units, BINS)


def _extremes(parameters: Parameters, test: MetricData, count: int) -> tuple[Extremes, Extremes]:
    """Return the images that switch each unit on most, and least."""
    highest = lowest = np.empty((parameters.hidden_num, 0), dtype=np.uint64)
    start = 0
    for block in test.blocks():
        hidden = np.ascontiguousarray(parameters.expect_hidden(block.visible).T)
        # One whole number holds the probability, whose bits grow as it does, and the index, which breaks ties.
        bits = hidden.view(np.uint32).astype(np.uint64)
        index = np.arange(start, start + len(block.visible), dtype=np.uint64)
        # Turned over, so that here, too, the least key is the one that is wanted.
        highest = _least_keys(highest, (_INDEX_MASK - bits) << _INDEX_BITS | index, count)
        lowest = _least_keys(lowest, bits << _INDEX_BITS | index, count)
        start += len(block.visible)
    return _decoded(highest, turned=True), _decoded(lowest, turned=False)


def _least_keys(kept: npt.NDArray[np.uint64], more: npt.NDArray[np.uint64], count: int) -> npt.NDArray[np.uint64]:
    keys = np.concatenate([kept, more], axis=1)
    if keys.shape[1] > count:
        keys = np.partition(keys, count - 1, axis=1)[:, :count]
    return keys


def _decoded(keys: npt.NDArray[np.uint64], *, turned: bool) -> Extremes:
    keys = np.sort(keys, axis=1)
    bits = keys >> _INDEX_BITS
    if turned:
        bits = _INDEX_MASK - bits
    probabilities: FloatArray = bits.astype(np.uint32).view(np.float32)
    return Extremes((keys & _INDEX_MASK).astype(np.int64), probabilities)
