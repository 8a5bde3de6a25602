"""The joint states of tiny RBMs with or without label units, a row each, and their probabilities in float64."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from rbm_studio.core.parameters import Parameters
from tests.core.enumeration import Array, all_states


def random_model(visible: int, hidden: int, classes: int = 0, *, seed: int = 0, scale: float = 1.0) -> Parameters:
    rng = np.random.default_rng(seed)
    shapes: list[tuple[int, ...]] = [(visible, hidden), (visible,), (hidden,)]
    if classes:
        shapes += [(classes, hidden), (classes,)]
    return Parameters(*(rng.normal(0.0, scale, shape).astype(np.float32) for shape in shapes))


@dataclass(frozen=True, eq=False)
class Joint:
    """All states (v, y, h), and their probabilities; y has no columns without label units."""

    v: Array
    y: Array
    h: Array
    p: Array
    log_partition: float

    def of(self, v: Array) -> Array:
        """Return the probabilities of all joint states with these visible ones, 0 elsewhere."""
        return np.where((self.v == v).all(axis=1), self.p, 0.0)


def enumerate_joint(parameters: Parameters) -> Joint:
    arrays = {name: array.astype(np.float64) for name, array in parameters.arrays().items()}
    classes = np.eye(parameters.label_num) if parameters.label_num else np.empty((1, 0))
    rows = list(product(all_states(parameters.visible_num), classes, all_states(parameters.hidden_num)))
    v, y, h = (np.array([row[place] for row in rows]) for place in range(3))
    logs = ((v @ arrays["w"]) * h).sum(axis=1) + v @ arrays["visible_bias"] + h @ arrays["hidden_bias"]
    if parameters.label_num:
        logs += ((y @ arrays["label_w"]) * h).sum(axis=1) + y @ arrays["label_bias"]
    highest = logs.max()
    log_partition = float(highest + np.log(np.exp(logs - highest).sum()))
    return Joint(v, y, h, np.exp(logs - log_partition), log_partition)


def log_probability(parameters: Parameters, v: Array) -> Array:
    """Return ln p(v) of each row, with classes and hidden units summed out."""
    joint = enumerate_joint(parameters)
    return np.array([np.log(joint.of(row).sum()) for row in v])
