"""Who judges what a model makes up: a classifier that learned the digits from MNIST itself, not from the model."""

from __future__ import annotations

import importlib
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import digits

if TYPE_CHECKING:
    import numpy.typing as npt

    from rbm_studio.core.backend import FloatArray

CLASSES = 10
BLANK_INK = 20.0
"""Pixels. Of MNIST's 60,000 training digits one in five thousand has fewer that are on."""

_HIDDEN, _PASSES = 200, 12


@dataclass(frozen=True)
class Verdict:
    """What the classifier makes of some images.

    Attributes
    ----------
    confidence : float
        Its mean probability of the likeliest class.
    blank : float
        The share of images with less ink than a digit has, 0..1.
    counts : int ndarray of shape (CLASSES,)
        How many it takes for each digit.
    """

    confidence: float
    blank: float
    counts: npt.NDArray[np.intp]


def judge(images: FloatArray) -> Verdict:
    """Return what the classifier makes of images, probabilities of shape (n, 784), thresholded at 0.5.

    Raises
    ------
    RuntimeError
        If scikit-learn is not installed.
    """
    states = (images > 0.5).astype(np.float32)
    probabilities = _classifier().predict_proba(states)
    return Verdict(
        confidence=float(probabilities.max(axis=1).mean()),
        blank=float((states.sum(axis=1) < BLANK_INK).mean()),
        counts=np.bincount(probabilities.argmax(axis=1), minlength=CLASSES),
    )


def accuracy() -> float:
    """Return the share of MNIST's test images that the classifier gets right."""
    states = (digits.test_images() > 0.5).astype(np.float32)
    return float(_classifier().score(states, digits.test_labels()))


@lru_cache(maxsize=1)
def _classifier() -> Any:
    try:
        networks = importlib.import_module("sklearn.neural_network")
    except ImportError as error:
        raise RuntimeError("scikit-learn is not installed (pip install rbm-studio[bench])") from error
    classifier = networks.MLPClassifier((_HIDDEN,), max_iter=_PASSES, batch_size=200, random_state=0)
    with warnings.catch_warnings():
        # It has not converged after so few passes, and is right about 98 of 100 all the same.
        warnings.simplefilter("ignore")
        return classifier.fit((digits.training_images() > 0.5).astype(np.float32), digits.training_labels())
