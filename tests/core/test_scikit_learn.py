"""Quantities that do not depend on training or chance, against scikit-learn's, where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.core.joint_enumeration import random_model

neural_network: Any = pytest.importorskip("sklearn.neural_network")


@pytest.fixture(params=[0.1, 1.0, 5.0], ids="scale {}".format)
def pair(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """Return our model, and theirs with the same weights."""
    p = random_model(20, 12, scale=request.param)
    theirs = neural_network.BernoulliRBM(n_components=12)
    theirs.components_ = p.w.T.copy()
    theirs.intercept_visible_, theirs.intercept_hidden_ = p.visible_bias.copy(), p.hidden_bias.copy()
    theirs.n_features_in_ = 20
    return p, theirs


@pytest.fixture(params=["grey", "binary"])
def images(request: pytest.FixtureRequest) -> Any:
    values = np.random.default_rng(0).random((50, 20), dtype=np.float32)
    return values if request.param == "grey" else np.round(values)


def test_hidden_probabilities(pair: tuple[Any, Any], images: Any) -> None:
    ours, theirs = pair
    np.testing.assert_allclose(ours.expect_hidden(images), theirs.transform(images), rtol=1e-4, atol=1e-6)


def test_free_energies(pair: tuple[Any, Any], images: Any) -> None:
    ours, theirs = pair
    np.testing.assert_allclose(ours.free_energy(images), theirs._free_energy(images), rtol=1e-5, atol=1e-4)
