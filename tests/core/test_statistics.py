from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.core.backend import CPU
from rbm_studio.core.statistics import Offsets, add_up, product, write_centring
from rbm_studio.core.workspace import Joint, Workspace
from tests.core.joint_enumeration import random_model
from tests.core.runs import force_threads

if TYPE_CHECKING:
    from tests.core.enumeration import Array

D, H, C = 4, 3, 2


def filled(batch: int, images: int, chains: int, threads: int) -> tuple[Workspace, list[Array]]:
    """Return a work space whose rows of a batch are random, and copies of v, h, and the model's v and h."""
    joint = Joint(random_model(D, H, C), np.ones(D, dtype=np.bool_), 1, CPU)
    space = Workspace(joint, batch, chains, CPU, np.random.SeedSequence(0), threads)
    rng = np.random.default_rng(0)
    space.visible[...] = rng.random(space.visible.shape)
    space.hidden[...] = rng.random(space.hidden.shape)
    m = space.chains(images)
    v, h = space.visible.astype(np.float64), space.hidden.astype(np.float64)
    return space, [v[:images], h[:images], v[images : images + m], h[images : images + m]]


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("chains", [0, 1, 5])
@pytest.mark.parametrize("images", [6, 4, 1])
@pytest.mark.parametrize("pushed", [False, True])
def test_phases_are_subtracted_by_one_product(
    images: int, chains: int, threads: int, pushed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    force_threads(monkeypatch, threads)
    space, (v, h, model_v, model_h) = filled(6, images, chains, threads)
    push = np.array([0.5, -1.0, 2.0], dtype=np.float32) if pushed else None
    n, m = len(v), len(model_v)
    scale = 0.25
    sums = add_up([CPU.operations.collect(part, push, scale / n, scale / m) for part in space.parts(images)])
    means, difference = CPU.operations.means(sums, n, m)
    np.testing.assert_allclose(means, np.concatenate([v.mean(axis=0), h.mean(axis=0)]), rtol=1e-5)
    expected = np.concatenate([v.mean(axis=0) - model_v.mean(axis=0), h.mean(axis=0) - model_h.mean(axis=0)])
    np.testing.assert_allclose(difference, expected, atol=1e-6)
    h = h if push is None else h + push
    expected_w = scale * (v.T @ h / n - model_v.T @ model_h / m)
    for block in (slice(0, 2), slice(2, D + C)):
        gradient = product(space, n + m, block, None, scale, np)
        np.testing.assert_allclose(gradient, expected_w[block], atol=1e-6)
    np.testing.assert_allclose(space.gradient[0], expected_w, atol=1e-6)


def test_what_is_known_of_the_model_is_subtracted_from_the_product() -> None:
    space, (v, h, _, _) = filled(6, 6, 1, 1)
    for part in space.parts(6):
        part.model[...] = 0
        CPU.operations.collect(part, None, 0.25 / 6, 0.25)
    both = np.random.default_rng(1).random((D + C, H)).astype(np.float32)
    moments = both, np.zeros(D + C, dtype=np.float32), np.zeros(H, dtype=np.float32)
    gradient = product(space, 7, slice(0, D + C), moments, 0.25, np)
    np.testing.assert_allclose(gradient, 0.25 * (v.T @ h / 6 - both), atol=1e-6)


@pytest.mark.parametrize("chains", [0, 2])
def test_two_more_rows_centre_the_product(chains: int) -> None:
    # ⟨(v − μ)(h − λ)ᵀ⟩ of data less model, as Melchior, Fischer & Wiskott (2016) write it.
    space, (v, h, model_v, model_h) = filled(6, 5, chains, 1)
    n, m, scale = 5, len(model_v), 0.5
    sums = add_up([CPU.operations.collect(part, None, scale / n, scale / m) for part in space.parts(5)])
    difference = CPU.operations.means(sums, n, m)[1]
    rng = np.random.default_rng(2)
    offsets = Offsets(rng.random(D + C).astype(np.float32), rng.random(H).astype(np.float32))
    rows = write_centring(space, n + m, offsets, difference[: D + C], difference[D + C :], scale)
    mu, lam = offsets.visible.astype(np.float64), offsets.hidden.astype(np.float64)
    expected = (v - mu).T @ (h - lam) / n - (model_v - mu).T @ (model_h - lam) / m
    np.testing.assert_allclose(product(space, rows, slice(0, D + C), None, scale, np), scale * expected, atol=1e-6)


def test_without_offsets_no_row_is_added() -> None:
    space, _ = filled(6, 6, 0, 1)
    before = space.visible.copy()
    zeros = np.zeros(D + C, dtype=np.float32)
    assert write_centring(space, 12, None, zeros, zeros[:H], 1.0) == 12
    np.testing.assert_array_equal(space.visible, before)


def test_offsets_follow_the_means() -> None:
    offsets = Offsets(np.array([0.0, 1.0], dtype=np.float32), np.array([0.5], dtype=np.float32))
    for expected in (0.2, 0.36):
        offsets.follow(np.ones(2, dtype=np.float32), np.ones(1, dtype=np.float32), 0.2)
        np.testing.assert_allclose(offsets.visible, [expected, 1.0], rtol=1e-6)
    np.testing.assert_allclose(offsets.hidden, [0.68], rtol=1e-6)
    offsets.follow(np.zeros(2, dtype=np.float32), np.zeros(1, dtype=np.float32), 1.0)
    assert offsets.visible.tolist() == [0.0, 0.0]
