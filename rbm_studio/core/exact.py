"""What can be summed over all states of the smaller layer: the model's statistics, the exact gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rbm_studio.core.layer_sum import LayerSum, Moments, log_sum_exp
from rbm_studio.core.parameters import Parameters
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rbm_studio.core.backend import FloatArray

MAX_UNITS = 20
"""The larger a layer, the more states to sum over: 2²⁰ is about a million."""
_ROWS = 1024
"""Images a block: their products are summed in float32, the blocks in float64, so that an exact gradient keeps its
digits on every processor."""


def check_exact(parameters: Parameters) -> None:
    """Raise `RBMStudioError` unless one layer has at most `MAX_UNITS` units."""
    smaller = min(parameters.visible_num, parameters.hidden_num)
    if smaller > MAX_UNITS:
        raise RBMStudioError(
            "A sum over all states needs a layer of at most {most} units; the smaller one has {units}.",
            "Take fewer hidden units, or an estimate.",
            most=MAX_UNITS,
            units=smaller,
        )


def moments(parameters: Parameters) -> Moments:
    """Return the model's ⟨v hᵀ⟩, ⟨v⟩ and ⟨h⟩ by summing over all states of the smaller layer.

    Parameters
    ----------
    parameters : Parameters

    Returns
    -------
    Moments
        Where ``own`` are the hidden units, and ``other`` the visible ones with the label units below them.

    Raises
    ------
    RBMStudioError
        If both layers have more than `MAX_UNITS` units.
    """
    check_exact(parameters)
    parts = [(layer.moments(), weight) for layer, weight in layers(parameters)]
    if parameters.hidden_num <= parameters.visible_num:
        return parts[0][0]
    # The visible layer was enumerated, once for each class.
    logs = np.array([part.log_partition + weight for part, weight in parts])
    total = log_sum_exp(logs)
    shares = np.exp(logs - total)
    both = np.tensordot(shares, [part.both.T for part, _ in parts], axes=1)
    visible, of_class = shares @ [part.own for part, _ in parts], shares[:, None] * [part.other for part, _ in parts]
    if parameters.label_num:
        both, visible = np.concatenate([both, of_class]), np.concatenate([visible, shares])
    return Moments(total, both, visible, of_class.sum(axis=0))


def model_moments(parameters: Parameters) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return ⟨v hᵀ⟩, ⟨v⟩ and ⟨h⟩ of `moments` as float32."""
    found = moments(parameters)
    both, visible, hidden = (array.astype(np.float32) for array in (found.both, found.other, found.own))
    return both, visible, hidden


def model_statistics(parameters: Parameters) -> Parameters:
    """Return the model's mean of −∂E/∂θ: in the place of each parameter, what goes with it."""
    both, visible, hidden = model_moments(parameters)
    pixels = parameters.visible_num
    labels = (both[pixels:], visible[pixels:]) if parameters.label_num else (None, None)
    return Parameters(both[:pixels], visible[:pixels], hidden, *labels)


def data_statistics(parameters: Parameters, images: FloatArray, labels: FloatArray | None = None) -> Parameters:
    """Return the mean over images of −∂F/∂θ: ⟨v p(h|v)ᵀ⟩, ⟨v⟩ and ⟨p(h|v)⟩, and those of the label units.

    Parameters
    ----------
    parameters : Parameters
    images : ndarray of shape (n, D)
        Values in 0..1.
    labels : ndarray of shape (n, C), optional
        One-hot; without them a model with label units sums them out.

    Returns
    -------
    statistics : Parameters
        In the place of each parameter, what goes with it.
    """
    p = parameters
    sums = {name: np.zeros(array.shape) for name, array in p.arrays().items()}
    for start in range(0, len(images), _ROWS):
        v = images[start : start + _ROWS].astype(np.float32, copy=False)
        y = None if labels is None else labels[start : start + _ROWS].astype(np.float32, copy=False)
        hidden = p.expect_hidden(v, y)
        sums["w"] += v.T @ hidden
        sums["visible_bias"] += v.sum(axis=0, dtype=np.float64)
        sums["hidden_bias"] += hidden.sum(axis=0, dtype=np.float64)
        if p.label_w is not None:
            u, c = _label_sums(p, v, hidden, y)
            sums["label_w"] += u
            sums["label_bias"] += c
    return Parameters(**{name: (total / len(images)).astype(np.float32) for name, total in sums.items()})


def _label_sums(
    p: Parameters, v: FloatArray, hidden: FloatArray, labels: FloatArray | None
) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
    if labels is not None:
        return labels.T @ hidden, labels.sum(axis=0, dtype=np.float64)
    probabilities = p.label_probabilities(v)
    one_hot = np.eye(p.label_num, dtype=np.float32)
    rows = [
        q.astype(np.float32) @ p.expect_hidden(v, np.broadcast_to(y, (len(v), p.label_num)))
        for q, y in zip(probabilities.T, one_hot, strict=True)
    ]
    return np.stack(rows), probabilities.sum(axis=0)


def exact_gradient(parameters: Parameters, images: FloatArray, labels: FloatArray | None = None) -> Parameters:
    """Return the gradient of the mean log-likelihood of images.

    That is, of ln p(v, y) where labels are given, and of ln p(v) without: the data's statistics less the model's
    (Ackley, Hinton & Sejnowski 1985).

    Parameters
    ----------
    parameters : Parameters
    images : ndarray of shape (n, D)
        Values in 0..1.
    labels : ndarray of shape (n, C), optional
        One-hot.

    Returns
    -------
    gradient : Parameters
        In the place of each parameter, the derivative by it.

    Raises
    ------
    RBMStudioError
        If both layers have more than `MAX_UNITS` units.
    """
    return difference(data_statistics(parameters, images, labels), model_statistics(parameters))


def difference(first: Parameters, second: Parameters) -> Parameters:
    """Return the difference of two models' arrays."""
    others = second.arrays()
    return Parameters(**{name: array - others[name] for name, array in first.arrays().items()})


def layers(p: Parameters) -> Iterator[tuple[LayerSum, float]]:
    """Yield the smaller layer, once for each class if it is the visible one, with what to add to its ln Z."""
    w, a, b = (array.astype(np.float64) for array in (p.w, p.visible_bias, p.hidden_bias))
    if p.hidden_num <= p.visible_num:
        if p.label_w is None or p.label_bias is None:
            yield LayerSum(b, w, a), 0.0
        else:
            yield LayerSum(b, np.concatenate([w, p.label_w]), np.concatenate([a, p.label_bias]), p.label_num), 0.0
    elif p.label_w is None or p.label_bias is None:
        yield LayerSum(a, w.T, b), 0.0
    else:
        for u_y, c_y in zip(p.label_w, p.label_bias, strict=True):
            yield LayerSum(a, w.T, b + u_y), float(c_y)
