from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rbm_studio.core.gradient_cosine import cosine, gradient_cosine
from rbm_studio.core.metric_data import MetricData
from rbm_studio.core.parameters import Parameters
from rbm_studio.core.presets import settings_for
from tests.core.joint_enumeration import enumerate_joint, random_model


def some_images(pixels: int, count: int = 2500) -> MetricData:
    # Correlated, and nothing like what a random model makes.
    rng = np.random.default_rng(0)
    images = np.repeat(rng.random((count, 1)) < 0.5, pixels, axis=1) ^ (rng.random((count, pixels)) < 0.1)
    return MetricData(images.astype(np.float32), rng.integers(3, size=count), binarisation="threshold")


def test_the_cosine_by_hand() -> None:
    def parameters(*values: float) -> Parameters:
        w, a, b = (np.array(value, dtype=np.float32) for value in ([[values[0]]], [values[1]], [values[2]]))
        return Parameters(w, a, b)

    assert cosine(parameters(1, 2, 2), parameters(2, 4, 4)) == pytest.approx(1.0)
    assert cosine(parameters(1, 2, 2), parameters(-1, -2, -2)) == pytest.approx(-1.0)
    assert cosine(parameters(1, 2, 2), parameters(2, -1, 0)) == pytest.approx(0.0)
    assert cosine(parameters(3, 0, 4), parameters(0, 0, 1)) == pytest.approx(0.8)
    assert cosine(parameters(1, 2, 2), parameters(0, 0, 0)) == 0.0


@pytest.mark.parametrize(("classes", "with_labels"), [(0, False), (3, False), (3, True)])
def test_more_gibbs_steps_point_nearer_to_the_gradient(classes: int, with_labels: bool) -> None:
    # Two modes, all off and all on, of equal weight in the model but not in the data: single steps do not cross.
    strength = 1.2
    arrays = [np.full((6, 4), strength), np.full(6, -2 * strength), np.full(4, -3 * strength)]
    arrays += [np.zeros((classes, 4)), np.zeros(classes)] if classes else []
    p = Parameters(*(array.astype(np.float32) for array in arrays))
    rng = np.random.default_rng(0)
    joint = enumerate_joint(p)
    rows = rng.choice(len(joint.p), size=3000, p=joint.p)
    images = joint.v[rows[(joint.v[rows].mean(axis=1) > 0.5) | (rng.random(3000) < 0.2)]].astype(np.float32)
    data = MetricData(images, rng.integers(3, size=len(images)) if with_labels else None)
    found = []
    for k in (1, 200):
        settings = settings_for("cd-1", k=k, visible_units="sampled")
        found.append(gradient_cosine(p, replace(data, settings=settings), np.random.default_rng(0)))
    assert found[0] < 0.97
    assert found[1] > 0.98


@pytest.mark.parametrize("classes", [0, 3])
def test_particles_of_the_model_itself_give_its_gradient(classes: int) -> None:
    p, data = random_model(6, 4, classes), some_images(6)
    joint = enumerate_joint(p)
    rows = np.random.default_rng(0).choice(len(joint.p), size=20_000, p=joint.p)
    particles = joint.v[rows].astype(np.float32)
    assert gradient_cosine(p, replace(data, particles=particles), np.random.default_rng(0)) > 0.999
    # Particles that are the data leave nothing of the estimate.
    data = replace(data, labels=None)
    assert gradient_cosine(p, replace(data, particles=data.images), np.random.default_rng(0)) == pytest.approx(
        0.0, abs=0.2
    )


def test_cd_1_is_meant_without_settings() -> None:
    p, data = random_model(6, 4), some_images(6)
    default, named = (
        gradient_cosine(p, replace(data, settings=settings), np.random.default_rng(0))
        for settings in (None, settings_for("cd-1", gradient="cd", k=1))
    )
    assert default == named
